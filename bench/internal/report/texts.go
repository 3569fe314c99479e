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
	measure.WireOneWay: `From one socket to another over a network: tcp to 127.0.0.1, or ipc, a Unix domain socket. Both ends
are in this process and share its processors. The connection is there before the time begins, and the time ends when the
receiver has counted all messages; so what is measured is what arrives, and not what is put into a queue. All messages are the
same bytes, so reading them costs no sender anything. Queues hold 500 at each end, and less of messages above 64 kB: 64 MB at
both ends together, which is 3 of 10 MB at each. There is an exception: what a PULL of mq may be sent ahead is not a queue of
500 but a window, which grows with the speed to at most 16,384 messages or 2 MiB. So with mq more small messages are under way
than with the others, at 2 kB as many, and fewer large ones. A measurement has at least as many messages as the
queues hold, and 20, and is done once before it is measured, because what begins is slower: windows, buffers and memory grow.

libzmq-c is what to compare mq with where C is an option; libzmq is what a program in Go gets. mq-dealer is mq without
acknowledgements. mq->libzmq has a PUSH of mq and a PULL of libzmq, as libzmq above, in Go; libzmq->mq is the other way round.
nats passes everything through its server, so each message goes through two connections. mq-release is mq with a
receiver that gives the memory of each message back. net.Conn is no peer but a floor: read below what it leaves out. It receives into
one buffer, where the others have memory for each message.`,
	measure.WireTrip: `A question of 10 bytes and its answer over a network, one at a time, through REQ and REP. Measured like
the round trips inside the process, but at least 1000 of them, so that 10 are beyond p99; p99.9 is then nearly the slowest.
mq->libzmq has a REQ of mq and a REP of libzmq. net.Conn writes the bytes back as they come.`,
	measure.WireBusy: `The same while a stream of messages of 1 kB goes over another connection, through sockets of the same
contender in the same process (PUSH to PULL; with libzmq they have contexts of their own, and so four I/O threads in place of
two), as fast as it can: everybody has two processors for all that. Whoever has a slow stream leaves more for the round trips,
so the last line says how fast it was: both have to be read together.`,
	measure.WireLone: `A message of 10 bytes, one way, when nothing was on its way for 200 microseconds or more and everybody
sleeps: from the call that sends to the return of the call that receives. To wake a thread is most of it, and a machine that
puts its processors to sleep takes longer. The round trips above never let anybody fall asleep for long.`,
	measure.WireRequests: `Questions of 10 bytes and their answers over tcp, so many of them under way at once over one
connection. With mq and nats each is asked by a goroutine of its own, which its answer finds; with libzmq one thread asks them
all, and does not look which answer belongs to which. nats goes through its server: two connections, and twice the way.`,
	measure.WireFanOut: `A message to all subscribers, each with a connection and a goroutine of its own, or with libzmq a
thread; the cost of one delivery. Measured like the fan-out inside the process. nats publishes to its server, and all its
subscribers share one connection, but the server sends to it once for each. libzmq has no bound for its queues here, mq 1000 for
the publisher and 500 for each subscriber.`,
	measure.WireFanIn: `Many peers, each with a connection, and one receiver: messages of 10 bytes from one goroutine over all
peers in turn. Queues are those a socket has by default, 1000 at each end, so many peers can hold many messages: a measurement
has at least 300,000, and is done once before it is measured. It is made in a process of its own. Where a process may
not have 20,000 files open and some more, there are fewer peers than 10,000. The fewer messages a peer has, the fewer leave with
one system call, which costs more than all the rest: net.Conn shows what a write and a read for each message take. So the most
peers also send 100 in a row each; and one of them sends all, while the others are connected and idle.`,
	measure.WireRoutes: `A ROUTER sends messages of 10 bytes to its peers, DEALER sockets, in turn by their routing ids, each
over a connection; one goroutine sends, and another receives from the peers in the same order. At most 10 messages for each peer
are under way, and 1000 in all if that is more: unlike inside the process, who sends does not wait for the others after every
100, because that would be to measure how long a wake-up takes. Bursts and idle peers as in fan-in.`,
	measure.WireMemory: `In a process of its own: one PULL, bound, and so many PUSH connected to it, that send nothing. Heap and
stacks after two garbage collections, and goroutines, divided by twice the connections; the sockets that connect are in it. What
the kernel holds is not. Three rounds.`,
	measure.WireCalls: `System calls of the one-way rows, by what strace counts: 1 sender, 1 receiver, both ends together. The
calls of a process that passes 100,000 messages are taken from those of one that passes 200,000. "That write" are write, writev,
sendto, sendmsg and the like, "that read" read, readv, recvfrom, recvmsg: also to wake other threads of the process, and when
nothing is there. strace stops the process at each call, so calls are slow, and who is slower finds more to write or to read at
once: without it there are more calls. Where strace is missing or may not look, there are no numbers. Three rounds.`,
}

const method = `
How it was measured: every measurement has a fresh set-up, which is not part of the time, a garbage collection before it, and a
full tear-down after it, so that no goroutine of one contender runs beside another. Whatever goes over a network is measured in a
process of its own each time, and so is who leaves goroutines behind, or much memory: a heap that the rows before have made large
and empty made messages of 100 kB half as fast. How many messages one measurement passes is chosen once for each contender, so that it takes the time
said above. Rows of one table take turns too: a round goes through all of them.
`
