// SPDX-License-Identifier: MIT

package report

import "github.com/seedmq/mq/bench/internal/measure"

// about says what the rows of a table do.
var about = map[string]string{
	measure.OneWay: `Messages from so many goroutines to so many others ("4x1" is 4 that send and 1 that receives), over queues of 1000. Every
message is received and counted. With mq the goroutines share one PUSH and one PULL; "1 PUSH 4 PULL" gives each of 4
receivers a socket of its own. PAIR is one sender and one receiver, or one of each on both sides.`,
	measure.OneWay1:    "The same with one processor, for mq and the channels.",
	measure.RoundTrip:  "A question of 16 bytes and its answer, one at a time, between two goroutines. The mean is measured without looking at the\nclock in between; the percentiles look after each round trip. Who makes only some thousand of them in the time given has next to\nnothing beyond p99.9, which is then nearly the slowest.",
	measure.RoundTrip1: "The same with one processor, for mq and the channels.",
	measure.Requests: `Questions of 16 bytes and their answers, so many of them under way at once: with mq each by a goroutine of its own in Do, and
handled by as many as Serve may want; with channels each brings a channel for its answer to as many goroutines. libzmq has
one thread that asks and one that answers, see below.`,
	measure.FanOut: `A message of 16 bytes to all subscribers, each received by a goroutine of its own; the cost of one delivery. The publisher
is at most 1000 messages ahead of the slowest subscriber, so that no queue overflows and all deliver everything.`,
	measure.FanOut1: "The same with one processor, for mq and the channels.",
	measure.Matching: `One subscriber with so many subscriptions; a goroutine publishes 100 messages and takes them out, and so on. The topics go
round all subscriptions, which no cache can hold when there are many, or round 256 of them. Where other goroutines pass the
message on (go-zeromq, nats), their part is in the number.`,
	measure.Subscribing: `What a subscription costs, until the publisher knows of it, and what memory it holds besides the text of the prefix. Each
measurement is made in a process of its own.`,
	measure.FanIn: `Many peers and one receiver: messages of 16 bytes from one goroutine over all peers in turn, or over one while the others are
idle. For channels and watermill the peers share one. Fan-in and fan-out are done once before each measurement, because with
many queues a short run would mostly be their growing.`,
	measure.Routes: `A ROUTER sends messages of 16 bytes to its peers in turn, by their routing ids; one goroutine sends 100 messages and takes them
out, and so on. With channels each peer has one, which is looked up in a map.`,
	measure.Memory: `In a process of its own: heap and stacks after two garbage collections, over many copies; for libzmq the memory of the whole
process that is in RAM. Queues are the default ones of 1000. The link is one PUSH and one PULL of its own; a queued message
of 16 bytes is the memory of links with full queues, divided by the messages in them. libzmq keeps the 16 bytes in it, and
nats a copy of them. Three rounds.`,
	measure.Idle: `100 goroutines that wait for messages for some seconds in a process of their own, in mq sockets of every type that can
receive. One round, and no ratios: these numbers are next to nothing.`,
	measure.WireOneWay: `From one socket to another over a network: tcp to 127.0.0.1, or ipc, a Unix domain socket. Both ends are in this process and share
its processors. The connection is there before the time begins, and the time ends when the receiver has counted all
messages; queues hold 500 at each end, so what is measured is what arrives, and not what is put into a queue. All messages
are the same bytes, so reading them costs no sender anything. net.Conn is no peer but a floor: read below what it leaves out.`,
	measure.WireTrip: "A question of 10 bytes and its answer over a network, one at a time, through REQ and REP. Measured like the round trips inside the\nprocess.",
	measure.WireRequests: `Questions of 10 bytes and their answers over tcp, so many of them under way at once over one connection. With mq and nats each is
asked by a goroutine of its own, which its answer finds; with libzmq one thread asks them all, and does not look which
answer belongs to which. nats goes through its server: two connections, and twice the way.`,
	measure.WireFanOut: `A message to 8 subscribers, each with a connection and a goroutine of its own; the cost of one delivery. Measured like the
fan-out inside the process.`,
}

const method = `
How it was measured: every measurement has a fresh set-up, which is not part of the time, a garbage collection before it, and a
full tear-down after it, so that no goroutine of one contender runs beside another. Who leaves goroutines behind is measured in
a process of its own. How many messages one measurement passes is chosen once for each contender, so that it takes the time
said above. Rows of one table take turns too: a round goes through all of them.
`
