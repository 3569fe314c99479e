// SPDX-License-Identifier: MIT

package transport

import "time"

// Options is what a socket was made with, as far as transports that leave the
// process heed it. Package mq documents each where it is set.
type Options struct {
	MaxMessage       int64         // bytes
	MaxSubscriptions int           // of one peer
	Handshake        time.Duration // for all of it
	ReconnectMin     time.Duration
	ReconnectMax     time.Duration
	Heartbeat        time.Duration // between PINGs; 0 sends none
	HeartbeatTimeout time.Duration // without a byte after a PING
	ZMTP2            bool          // take peers of ZMTP 2.0
	Window           int           // messages that a PULL is sent before it has taken them, at most
	Confirms         bool          // the application of a PULL confirms what it has received

	// Observe hears of what happens to connections. It must not block.
	Observe func(Event)
	// Freed is called, without locks, when a link that a transport has made has ended:
	// a PAIR may take another peer now.
	Freed func()
}

// Event is something that happened to an address or a connection.
type Event struct {
	Kind  EventKind
	Addr  string        // as it was bound or connected
	Peer  string        // the other side, as the network calls it; "" if there is none
	Err   error         // why; nil if there is nothing to explain
	Delay time.Duration // until the next attempt; of Retrying only
	Again bool          // there was a link here before; of Attached only
}

// EventKind says what happened.
type EventKind uint8

const (
	Listening       EventKind = iota + 1 // Bind has succeeded
	BindFailed                           // Bind has not
	AcceptFailed                         // the system did not hand over a connection
	Accepted                             // a connection has come in
	Connected                            // a connection has been made
	HandshakeFailed                      // the other side is no peer for this socket
	Attached                             // the other side is a peer of this socket
	Disconnected                         // the peer is gone
	Retrying                             // the next attempt comes after Delay
	Unbound                              // the address is not bound any more
)
