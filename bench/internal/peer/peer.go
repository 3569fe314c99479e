// SPDX-License-Identifier: MIT

// Package peer has the contenders: mq, and what a Go program would use in its
// place. Each lays the same table for a piece of work, a [Rig] of functions that
// send and receive, and knows nothing of how it is measured.
package peer

import (
	"context"
	"errors"
	"fmt"
)

// Contender is one way to pass messages between goroutines.
type Contender interface {
	Info() Info
	// Open makes ready for w. It gives up when ctx is done. The error is a Cannot
	// if the contender is not able to do w at all.
	Open(ctx context.Context, w Work) (*Rig, error)
}

// Info is what a table says about a contender.
type Info struct {
	Name    string
	About   string // what it really does, in sentences
	Module  string // the Go module that has it; "" if the language does
	Library string // name and version of what the module stands on
	Missing string // why it is not built in, and what to do; "" if it is
	Leaves  bool   // goroutines stay behind when all is closed
	Apart   bool   // memory does, and would make the heap of the others larger
	Foreign bool   // its memory is not Go's
	ByName  bool   // not what others are compared with everywhere: only asked where a row names it
}

// Cannot is the reason why a contender cannot do a piece of work.
type Cannot string

func (c Cannot) Error() string { return string(c) }

// Pattern is a kind of work.
type Pattern int

// The patterns say what of a Rig is filled in.
const (
	Pipeline  Pattern = iota // Send for each producer, Recv for each consumer
	Pair                     // Send and Recv for each direction
	Request                  // Ask, Serve
	Requests                 // Asks, which have that many requests under way together, and Serve
	FanOut                   // one Send, Recv for each subscriber
	Match                    // one Send of topics, one Recv; Subscribe, Unsubscribe
	FanIn                    // Send for each peer, one Recv
	Routes                   // Send to each peer, all by one goroutine, and Recv at each
	Idle                     // Recv for each goroutine that is to wait, and no sender
	Endpoints                // nothing: that many idle endpoints
	Links                    // Send for each of that many links, one receiver behind each
	Connected                // nothing: one endpoint with that many peers, over a network
)

// Work is what a rig is for.
type Work struct {
	Pattern   Pattern
	Producers int  // Pipeline: goroutines that send
	Consumers int  // Pipeline: goroutines that receive
	Apart     bool // Pipeline: each consumer has a receiving socket of its own
	N         int  // directions, requests, subscribers, peers, goroutines, endpoints or links
	// Over is the network between the sockets, "tcp" or "ipc", for one producer and one
	// consumer, Request, Requests, FanOut, FanIn, Routes and Connected. Open returns when all
	// are connected. It is empty for work inside the process.
	Over string
	Size int // of a payload over a network, in bytes
	// Topics are what Match subscribes to before it begins. Without them the rig
	// is for Subscribe and Unsubscribe alone.
	Topics [][]byte
}

// noCalls reports whether a work has no part in which a context is given.
func (w Work) noCalls() bool {
	return w.Pattern == Endpoints || w.Pattern == Links || w.Pattern == Match && w.Topics == nil
}

// Capacity is how many messages a queue holds, with every contender that can be told.
const Capacity = 1000

// mostQueued bounds the payloads that are under way over a network, in bytes.
const mostQueued = 64_000_000

// Queue is how many messages may be in the queues between two sockets, at both ends
// together: Capacity, and fewer of large ones.
func (w Work) Queue() int {
	if w.Size == 0 {
		return Capacity
	}
	return min(Capacity, max(2, mostQueued/w.Size))
}

// RouteTurn is how many messages are sent with Routes before they are received.
const RouteTurn = 100

// Rig is a contender made ready. All functions of one index are called by one
// goroutine at a time.
type Rig struct {
	Send []func([]byte) error
	Recv []func() ([]byte, error)
	// SendMany and RecvMany do the same as Send and Recv n times, where that is less than
	// n calls; RecvMany looks at the size. Empty if they are not.
	SendMany    []func(n int, p []byte) error
	RecvMany    []func(n, size int) error
	Ask         func([]byte) error            // a request, and the wait for its reply
	Asks        []func(n int, p []byte) error // n requests, and the wait for all replies
	Serve       func()                        // answers requests until Stop
	Subscribe   func(topic string) error
	Unsubscribe func(topic string) error
	// Flush has what was sent, or subscribed, come as far as it can before somebody
	// receives. Who sends calls it after its last message, and before it waits for
	// receivers. Nil if that comes by itself.
	Flush func()

	// Threads asks for a thread of its own for each goroutine on these sides of the rig.
	Threads Sides
	// Uneven says that receivers cannot take any message: how many each gets is
	// decided elsewhere, so they count down together, and Stop ends those that wait.
	Uneven bool

	// Stop makes the calls that block return, soon and with an error. It comes once,
	// and before Close, which frees the rest when no call is under way. Both may be
	// nil.
	Stop  func()
	Close func()
}

// Sides are ends of a rig.
type Sides uint8

// Who asks is with the senders, and who serves with the receivers.
const (
	Senders Sides = 1 << iota
	Receivers
	bothSides = Senders | Receivers
)

// errStopped is what calls return after Stop.
var errStopped = errors.New("stopped")

// All returns the contenders in the order in which they take turns.
func All() []Contender {
	return []Contender{
		mqPeer(MQ),
		mqPeer(MQBackground),
		mqPeer(MQDealer),
		mqPeer(MQRelease),
		chanPeer{},
		chanPeer{ctx: true},
		libzmqPeer{},
		libzmqC{},
		mixed{toLibzmq: true},
		mixed{},
		goZeroMQ{},
		natsPeer{},
		watermillPeer{},
		netConn{},
	}
}

// The contenders that others are compared with.
const (
	MQ           = "mq"
	MQBackground = "mq-bg"
	MQDealer     = "mq-dealer"
	MQRelease    = "mq-release"
	Chan         = "chan"
	ChanCtx      = "chan-ctx"
	Libzmq       = "libzmq"
	LibzmqC      = "libzmq-c"
	MQToLibzmq   = "mq->libzmq"
	LibzmqToMQ   = "libzmq->mq"
	NATS         = "nats"
	GoZeroMQ     = "go-zeromq"
	NetConn      = "net.Conn"
)

// oneByOne makes n requests, each when the one before has its reply.
func oneByOne(ask func([]byte) error) func(n int, p []byte) error {
	return func(n int, p []byte) error {
		for range n {
			if err := ask(p); err != nil {
				return err
			}
		}
		return nil
	}
}

// peerName is what a ROUTER knows the i-th peer by.
func peerName(i int) string { return fmt.Sprint("peer", i) }

// sooner returns the error of ctx every so often, for loops that can take long.
func sooner(ctx context.Context, i int) error {
	if i%256 != 0 {
		return nil
	}
	return ctx.Err()
}
