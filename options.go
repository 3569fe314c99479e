// SPDX-License-Identifier: MIT

package mq

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/seedmq/mq/internal/transport"
)

// Option sets how a socket is made. All options can be given to all sockets; one
// that does not concern a socket has no effect on it. An impossible value is a
// programming error: the constructor panics and names the option.
type Option func(*config)

type config struct {
	runtime *Runtime
	sendHWM int                // messages
	recvHWM int                // messages
	linger  time.Duration      // >= 0
	wire    *transport.Options // of all sockets that were given none of these
	events  func(Event)        // nil if nobody listens
	logger  *slog.Logger       // nil if nobody reads

	routingID  string              // "" leaves it to the ROUTER
	mandatory  bool                // of ROUTER
	handover   bool                // of ROUTER
	retries    int                 // of REQ
	handlers   int                 // of REP; 0 for the default
	errorReply func(error) Message // of REP; nil sends none
	redelivery time.Duration       // of PUSH
	noDrop     bool                // of PUB and XPUB
	verbose    verbosity           // of XPUB
	welcome    *Message            // of XPUB; nil for none
}

// onWire are the defaults for what leaves the process.
var onWire = transport.Options{
	MaxMessage:       64 << 20,
	MaxSubscriptions: 1 << 20,
	Handshake:        30 * time.Second, // libzmq's
	ReconnectMin:     100 * time.Millisecond,
	Window:           1 << 14,
	ReconnectMax:     2 * time.Second, // a server that is back is found soon, and not stormed
}

// setWire changes what a socket has of its own from then on.
func setWire(set func(*transport.Options)) Option {
	return func(c *config) {
		if c.wire == &onWire {
			own := onWire
			c.wire = &own
		}
		set(c.wire)
	}
}

// maxHWM keeps the sum of two marks in an int of 32 bits.
const maxHWM = 1<<30 - 1

func newConfig(opts []Option) config {
	c := config{
		runtime:    defaultRuntime,
		sendHWM:    1000, // what ZeroMQ users expect
		recvHWM:    1000,
		linger:     time.Second, // long enough for a healthy peer, short enough for a shutdown
		redelivery: time.Second, // Connect tries again ten times in that
		wire:       &onWire,
	}
	for _, set := range opts {
		if set == nil {
			panic("mq: nil Option")
		}
		set(&c)
	}
	return c
}

// WithRuntime makes the socket belong to r: inproc names are looked up there, and
// r.Close closes it. The default is a runtime that all sockets of the process
// share.
func WithRuntime(r *Runtime) Option {
	if r == nil {
		panic("mq: WithRuntime(nil)")
	}
	return func(c *config) { c.runtime = r }
}

// WithSendHWM sets the high-water mark for messages on their way out: how many a
// queue of this socket holds, from 1 to 2^30-1, by default 1000. It counts whole
// messages. PUSH, DEALER and REQ have one queue that all their peers share; the others
// have one for each peer, which inproc also has the peer's WithRecvHWM.
func WithSendHWM(n int) Option {
	checkHWM("WithSendHWM", n)
	return func(c *config) { c.sendHWM = n }
}

// WithRecvHWM sets the high-water mark for messages on their way in, from 1 to
// 2^30-1, by default 1000: how many a queue from one peer to this socket holds in
// addition to the WithSendHWM of that peer. Inproc, those heed it whose peers have a
// queue for each: PAIR, SUB, XSUB, REQ, and DEALER for what ROUTER and REP send; from
// remote peers all that receive do, but a PULL has [WithWindow] for a PUSH of mq.
func WithRecvHWM(n int) Option {
	checkHWM("WithRecvHWM", n)
	return func(c *config) { c.recvHWM = n }
}

func checkHWM(option string, n int) {
	if n < 1 || n > maxHWM {
		panic(fmt.Sprintf("mq: %s(%d): want 1 to %d messages; no queue is unlimited", option, n, maxHWM))
	}
}

// WithLinger sets how long Close waits for remote peers to take what is queued
// for them, by default a second; 0 does not wait. Inproc peers need no waiting:
// what is queued for them stays theirs.
func WithLinger(d time.Duration) Option {
	if d < 0 {
		panic(fmt.Sprintf("mq: WithLinger(%v): want 0 or more", d))
	}
	return func(c *config) { c.linger = d }
}
