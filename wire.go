// SPDX-License-Identifier: MIT

package mq

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/seedmq/mq/internal/transport"
)

// What follows is for transports that leave the process, such as tcp and ipc of
// mq/net. Inproc has no connections: none of it has an effect there.

// WithReconnect sets how long a Connect waits before it tries again: min after the
// first failure, then twice as long each time up to max, by default 100 ms and 2 s.
// Each wait is shortened at random, by up to a half, so that the clients of a server
// do not come back in step. It starts over once a peer has stayed for longer than the
// last wait. It wants 0 < min <= max.
func WithReconnect(min, max time.Duration) Option {
	if min <= 0 || max < min {
		panic(fmt.Sprintf("mq: WithReconnect(%v, %v): want 0 < min <= max", min, max))
	}
	return setWire(func(o *transport.Options) { o.ReconnectMin, o.ReconnectMax = min, max })
}

// WithMaxMessageSize sets how many bytes a message from a remote peer may have, all
// parts together, at least 1, by default 64 MiB. Who sends more is cut off, with an
// event that wraps ErrTooLarge. Memory is taken as bytes arrive, not as they are
// announced.
func WithMaxMessageSize(bytes int64) Option {
	if bytes < 1 {
		panic(fmt.Sprintf("mq: WithMaxMessageSize(%d): want 1 or more bytes", bytes))
	}
	return setWire(func(o *transport.Options) { o.MaxMessage = bytes })
}

// WithMaxSubscriptions sets how many prefixes one remote subscriber may have at a PUB,
// at least 1, by default 1,048,576. All of them together may have as many bytes as
// WithMaxMessageSize allows a message. Who asks for more is cut off.
func WithMaxSubscriptions(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("mq: WithMaxSubscriptions(%d): want 1 or more", n))
	}
	return setWire(func(o *transport.Options) { o.MaxSubscriptions = n })
}

// WithHandshakeTimeout sets how long a connection may take to become a peer, from its
// first byte to its last, by default 30 s. It wants more than 0.
func WithHandshakeTimeout(d time.Duration) Option {
	if d <= 0 {
		panic(fmt.Sprintf("mq: WithHandshakeTimeout(%v): want more than 0", d))
	}
	return setWire(func(o *transport.Options) { o.Handshake = d })
}

// WithHeartbeat has a PING sent to each remote peer every interval (37/ZMTP). A peer
// from which nothing comes within timeout after that is given up, and one that
// understands is told to do the same; Connect then seeks it again. Both are at least
// a millisecond. Without this option a peer that vanishes without closing, as by a loss of power, is
// noticed by the keep-alive of TCP alone, after minutes. PINGs of others are always
// answered.
func WithHeartbeat(interval, timeout time.Duration) Option {
	if interval < time.Millisecond || timeout < time.Millisecond {
		panic(fmt.Sprintf("mq: WithHeartbeat(%v, %v): want at least a millisecond each", interval, timeout))
	}
	return setWire(func(o *transport.Options) { o.Heartbeat, o.HeartbeatTimeout = interval, timeout })
}

// WithZMTP2 takes peers that speak ZMTP 2.0, as libzmq before version 4 does. By
// default they are refused, as those of ZMTP 1.0 always are.
func WithZMTP2() Option {
	return setWire(func(o *transport.Options) { o.ZMTP2 = true })
}

// WithEvents has f called with what happens to the connections of a socket. It is
// called by the goroutine to which it happens: it must not block, nor call the socket.
// Calls may come from several goroutines at once.
func WithEvents(f func(Event)) Option {
	if f == nil {
		panic("mq: WithEvents(nil)")
	}
	return func(c *config) { c.events = f }
}

// WithLogger writes what WithEvents tells to a log: failures as warnings, what is
// ordinary as information, attempts as debugging.
func WithLogger(l *slog.Logger) Option {
	if l == nil {
		panic("mq: WithLogger(nil)")
	}
	return func(c *config) { c.logger = l }
}

// Event is something that happened to an address of a socket, or to a connection.
type Event struct {
	Kind  EventKind     // what
	Addr  string        // as it was bound or connected
	Peer  string        // the other side, as the network calls it; "" if there is none
	Err   error         // why; nil if there is nothing to explain
	Delay time.Duration // until the next attempt; of EventRetrying only
}

// String is a line for a log.
func (e Event) String() string {
	s := e.Kind.String()
	if e.Addr != "" {
		s += " " + e.Addr
	}
	if e.Peer != "" {
		s += " (" + e.Peer + ")"
	}
	if e.Delay > 0 {
		s += fmt.Sprintf(" in %v", e.Delay)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// EventKind says what happened.
type EventKind uint8

const (
	// EventListening: Bind has succeeded.
	EventListening = EventKind(transport.Listening)
	// EventBindFailed: Bind has not.
	EventBindFailed = EventKind(transport.BindFailed)
	// EventAcceptFailed: the system did not hand over a connection, perhaps for want of
	// file descriptors. Accepting goes on.
	EventAcceptFailed = EventKind(transport.AcceptFailed)
	// EventAccepted: a connection has come in. It is no peer yet.
	EventAccepted = EventKind(transport.Accepted)
	// EventConnected: a connection has been made. It is no peer yet.
	EventConnected = EventKind(transport.Connected)
	// EventHandshakeFailed: the connection did not become a peer, and is closed.
	EventHandshakeFailed = EventKind(transport.HandshakeFailed)
	// EventAttached: the other side is a peer of this socket.
	EventAttached = EventKind(transport.Attached)
	// EventDisconnected: it is no more.
	EventDisconnected = EventKind(transport.Disconnected)
	// EventRetrying: the next attempt to connect comes after Delay.
	EventRetrying = EventKind(transport.Retrying)
	// EventUnbound: the address is not bound any more.
	EventUnbound = EventKind(transport.Unbound)
	// EventHandlerFailed: a handler of Serve has returned an error, or panicked: then Err
	// holds a PanicError.
	EventHandlerFailed = EventUnbound + 1
)

var eventNames = map[EventKind]string{
	EventListening:       "listening",
	EventBindFailed:      "bind failed",
	EventAcceptFailed:    "accept failed",
	EventAccepted:        "accepted",
	EventConnected:       "connected",
	EventHandshakeFailed: "handshake failed",
	EventAttached:        "attached",
	EventDisconnected:    "disconnected",
	EventRetrying:        "retrying",
	EventUnbound:         "unbound",
	EventHandlerFailed:   "handler failed",
}

// String is the kind in words, such as "handshake failed".
func (k EventKind) String() string { return eventNames[k] }

// level is how much somebody who reads the log wants to know of it.
func (k EventKind) level() slog.Level {
	switch k {
	case EventBindFailed, EventAcceptFailed, EventHandshakeFailed, EventHandlerFailed:
		return slog.LevelWarn
	case EventAccepted, EventConnected, EventRetrying:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// observe passes on what a transport tells.
func (s *socket) observe(e transport.Event) {
	if e.Again {
		s.again.Add(1)
	}
	s.tell(Event{Kind: EventKind(e.Kind), Addr: e.Addr, Peer: e.Peer, Err: e.Err, Delay: e.Delay})
}

// tell lets the listener and the log know of an event.
func (s *socket) tell(event Event) {
	if s.config.events != nil {
		s.config.events(event)
	}
	if s.config.logger == nil {
		return
	}
	e, attrs := event, []slog.Attr{slog.String("socket", s.kind.String())}
	if e.Addr != "" {
		attrs = append(attrs, slog.String("addr", e.Addr))
	}
	if e.Peer != "" {
		attrs = append(attrs, slog.String("peer", e.Peer))
	}
	if e.Delay > 0 {
		attrs = append(attrs, slog.Duration("delay", e.Delay))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.Any("err", e.Err))
	}
	s.config.logger.LogAttrs(context.Background(), event.Kind.level(), "mq: "+event.Kind.String(), attrs...)
}
