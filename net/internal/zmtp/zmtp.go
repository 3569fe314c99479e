// SPDX-License-Identifier: MIT

// Package zmtp is ZMTP 3.1, the protocol that ZeroMQ programs speak over a connection: greeting, security mechanisms,
// frames and commands. Bytes go in and values come out: there are no sockets here, no goroutines and no timers. Peers
// that speak 3.0 are met on 3.0, and those of 2.0 if that is wanted.
//
//	d := zmtp.NewDecoder(conn, limits)
//	peer, err := zmtp.Handshake(d, conn, config) // greeting and READY, both ways
//	...
//	item, err := d.Next() // a whole message, or a command
//	buf = zmtp.AppendMessage(buf, first, more)
//
// What a peer sends is never trusted: memory follows the bytes that have arrived, not the lengths that were announced,
// and an illegal byte ends the connection. "37" in comments is RFC 37/ZMTP, in https://rfc.zeromq.org.
package zmtp

import (
	"errors"
	"fmt"
)

// The errors of a connection that cannot go on. What is returned wraps one of them and says what was seen.
var (
	ErrProtocol    = errors.New("zmtp: protocol violated")
	ErrTooLarge    = errors.New("zmtp: limit exceeded")
	ErrNotZMTP     = errors.New("zmtp: not a ZMTP peer of a supported version")
	ErrMechanism   = errors.New("zmtp: security mechanisms differ")
	ErrPeerRefused = errors.New("zmtp: refused by the peer")
	ErrSocketType  = errors.New("zmtp: incompatible socket types")
)

// Version is a version of the protocol. Later ones are greater.
type Version uint16

// The versions that are spoken here.
const (
	V20 Version = 0x0200 // no READY, no commands
	V30 Version = 0x0300 // subscriptions are messages
	V31 Version = 0x0301
)

// String returns the version as in "3.1".
func (v Version) String() string { return fmt.Sprintf("%d.%d", v>>8, v&0xff) }
