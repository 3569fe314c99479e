// SPDX-License-Identifier: MIT

package mq

import (
	"fmt"
	"runtime"
)

// What follows concerns the request-reply and the publish-subscribe families.

// WithRoutingID sets what a ROUTER knows this socket by: 1 to 255 bytes, of which the
// first is not zero, because those are what a ROUTER makes up itself. REQ, DEALER and
// ROUTER heed it. A ROUTER refuses a second peer of the same id; see [WithHandover].
func WithRoutingID(id string) Option {
	if !validID(id) {
		panic(fmt.Sprintf("mq: WithRoutingID(%q): want 1 to %d bytes, the first not 0", id, maxID))
	}
	return func(c *config) { c.routingID = id }
}

// maxID is the limit of RFC 37, in bytes.
const maxID = 255

func validID(id string) bool { return 0 < len(id) && len(id) <= maxID && id[0] != 0 }

// WithMandatory has a ROUTER tell when it cannot route: Send to an id that no peer has is
// ErrPeerGone, and Send to a peer whose queue is full blocks. By default both drop the
// message and count it, and Send returns nil.
func WithMandatory() Option { return func(c *config) { c.mandatory = true } }

// WithHandover has a ROUTER give a routing id to the peer that came last: the one that
// had it is cut off, and what it sent and nobody has received is dropped. It is for
// clients that come back before the loss of their connection is noticed. By default the
// second is refused, and may come when the first has gone. Two live peers of one id
// that both Connect take it from each other again and again.
func WithHandover() Option { return func(c *config) { c.handover = true } }

// WithRetry has Do of a REQ send a request again, up to n times, if the server that took
// it has gone: to one that takes it next. The lost server may have done the work, so it is
// for requests that can be done twice. By default n is 0, and Do returns ErrPeerGone.
func WithRetry(n int) Option {
	if n < 0 {
		panic(fmt.Sprintf("mq: WithRetry(%d): want 0 or more", n))
	}
	return func(c *config) { c.retries = n }
}

// WithHandlers sets how many requests Serve of a REP handles at once, at least 1, by
// default 16 for each of GOMAXPROCS.
func WithHandlers(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("mq: WithHandlers(%d): want 1 or more", n))
	}
	return func(c *config) { c.handlers = n }
}

// handlersPerP is enough for handlers that wait for something else most of their time.
const handlersPerP = 16

func (c *config) handlerCount() int {
	if c.handlers > 0 {
		return c.handlers
	}
	return handlersPerP * runtime.GOMAXPROCS(0)
}

// WithErrorReply has Serve of a REP answer a request whose handler has failed with what f
// makes of the error. A handler that has panicked has failed with a [PanicError]. By
// default such a request gets no answer: who asks only knows by its context.
func WithErrorReply(f func(error) Message) Option {
	if f == nil {
		panic("mq: WithErrorReply(nil)")
	}
	return func(c *config) { c.errorReply = f }
}

// WithNoDrop has PUB and XPUB not drop what a subscriber has no room for: Send blocks
// until all have room, and then all get the message. So the slowest subscriber sets the
// pace.
func WithNoDrop() Option { return func(c *config) { c.noDrop = true } }

// verbosity is what an XPUB lets its application receive.
type verbosity uint8

const (
	tellChanges       verbosity = iota // the first subscription of a prefix, and the end of the last
	tellSubscriptions                  // all subscriptions, and the end of the last
	tellAll                            // all subscriptions, and all ends
	tellAndLeave                       // likewise, and they have no effect by themselves
)

// WithVerbose has an XPUB receive every subscription, and not only the first of each
// prefix: for a cache that greets each new subscriber with its last value. The end of
// a subscription is received once it was the last. While WithRecvHWM subscriptions wait to
// be received, those that repeat a prefix are left out.
func WithVerbose() Option { return func(c *config) { c.verbose = max(c.verbose, tellSubscriptions) } }

// WithVerboser is WithVerbose, and has an XPUB receive the end of every subscription too,
// so that both can be counted.
func WithVerboser() Option { return func(c *config) { c.verbose = max(c.verbose, tellAll) } }

// WithManual leaves it to the application of an XPUB what its peers get: it receives all
// that they ask for, and none of it has an effect. Subscribe and Unsubscribe of the XPUB
// act for the peer whose request was received last.
func WithManual() Option { return func(c *config) { c.verbose = tellAndLeave } }

// WithWelcome has an XPUB send m to each peer once: when it first subscribes to what m
// begins with, and if its queue has room then.
func WithWelcome(m Message) Option { return func(c *config) { c.welcome = &m } }
