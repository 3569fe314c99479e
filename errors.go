// SPDX-License-Identifier: MIT

package mq

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/seedmq/mq/internal/transport"
)

// What went wrong, for errors.Is. Beside these, an error may hold:
// context.Canceled or context.DeadlineExceeded, when the context of the call
// ended; errors.ErrUnsupported, when the socket cannot do this at all (Recv on
// PUSH and PUB, Send on PULL and SUB); fs.ErrInvalid, for a nil context, and a message or
// a routing id that cannot be.
var (
	// ErrClosed: the socket, or its Runtime, is closed.
	ErrClosed = transport.ErrClosed
	// ErrState: Send or Recv out of turn on REQ or REP (28/REQREP), or while Serve is at work.
	ErrState = errors.New("mq: out of turn")
	// ErrAddrInUse: another socket is bound there.
	ErrAddrInUse = transport.ErrAddrInUse
	// ErrBadAddr: not an address, or not one this socket is bound or connected to.
	ErrBadAddr = transport.ErrBadAddr
	// ErrNoTransport: nobody registered the scheme. Import mq/net for tcp and ipc.
	ErrNoTransport = transport.ErrNoTransport
	// ErrIncompatible: the sockets at both ends do not fit, as PUB and PULL.
	ErrIncompatible = transport.ErrIncompatible
	// ErrPeerBusy: a PAIR has its one peer already (31/EXPAIR), or a ROUTER a peer of that
	// routing id.
	ErrPeerBusy = transport.ErrPeerBusy
	// ErrPeerGone: the peer that took the request went away without answering; or a ROUTER
	// made WithMandatory has no peer of that routing id.
	ErrPeerGone = errors.New("mq: peer gone")
	// ErrProtocol: a remote peer does not speak ZMTP as it should; in an [Event].
	ErrProtocol = transport.ErrProtocol
	// ErrTooLarge: a remote peer sends a message beyond WithMaxMessageSize; in an
	// [Event].
	ErrTooLarge = transport.ErrTooLarge
)

// Error is every error that a socket returns.
type Error struct {
	Op   string // "send", "recv", "do", "serve", "proxy", "bind", "connect", "close", ...
	Addr string // the address of the call; "" if it has none
	Err  error  // why
}

// Error says what failed, where, and why: "mq: bind inproc://a: address in use".
func (e *Error) Error() string {
	why := strings.TrimPrefix(e.Err.Error(), "mq: ")
	if e.Addr == "" {
		return "mq: " + e.Op + ": " + why
	}
	return "mq: " + e.Op + " " + e.Addr + ": " + why
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// UndeliveredError is what Close returns when it could not hand over all
// messages, for errors.As.
type UndeliveredError struct {
	Messages []Message // in the order they were sent, per queue
}

// Error tells how many messages there are.
func (e *UndeliveredError) Error() string {
	if len(e.Messages) == 1 {
		return "1 message undelivered"
	}
	return fmt.Sprintf("%d messages undelivered", len(e.Messages))
}

func undelivered(rest []transport.Msg) error {
	if len(rest) == 0 {
		return nil
	}
	e := &UndeliveredError{Messages: make([]Message, len(rest))}
	for i, m := range rest {
		e.Messages[i].unpack(m)
	}
	return e
}

// opError makes an *Error of err, or nil of nil.
func opError(op, addr string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Addr: addr, Err: err}
}

// nilContext is the answer to a nil ctx, which would panic further in.
func nilContext(op string) error {
	return &Error{Op: op, Err: fmt.Errorf("nil context, pass context.Background(): %w", fs.ErrInvalid)}
}

func unsupported(op string, kind transport.Kind, cannot string) error {
	return &Error{Op: op, Err: fmt.Errorf("%v cannot %s: %w", kind, cannot, errors.ErrUnsupported)}
}
