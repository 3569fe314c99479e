// SPDX-License-Identifier: MIT

// Package mq passes messages between goroutines.
package mq

import (
	"context"
	"errors"
	"iter"
)

// Sender is what can send.
type Sender interface {
	// Send gives m away and takes ownership of its bytes. Nil means that one queue
	// has the message; an error means that none has. A ctx that is done fails the
	// call even if there is room. What else Send does, and when it blocks, is the
	// pattern's: see the constructors.
	Send(ctx context.Context, m Message) error
}

// Receiver is what can receive.
type Receiver interface {
	// Recv takes the next message, and blocks until there is one. The bytes may be
	// shared with other receivers and are read-only. A ctx that is done fails the
	// call even if a message is there; a call that fails has taken none.
	Recv(ctx context.Context) (Message, error)
}

// Socket is one party of a pattern. All its methods can be called by many
// goroutines at once, also while Close runs. Every error is an *[Error].
type Socket interface {
	Sender
	Receiver

	// Bind makes addr, such as "inproc://name", a place where peers find this
	// socket. A socket can have any number of addresses. Names of inproc are known
	// within one [Runtime] and have at most 256 bytes. Bind does not block. Errors:
	// ErrAddrInUse, ErrBadAddr, ErrNoTransport, and ErrIncompatible if a socket that
	// does not fit has been connected to addr already.
	Bind(addr string) error

	// Unbind lets an address go that was bound. Inproc, peers that came through it
	// stay; connectors find the name again once it is bound again.
	Unbind(addr string) error

	// Connect seeks the socket bound to addr, and returns at once: the peer may come
	// later, go, and come back. Connecting to an address a second time changes
	// nothing. Errors: ErrBadAddr, ErrNoTransport; and when the socket at addr is
	// there already, ErrIncompatible if it does not fit, and ErrPeerBusy if it, or
	// this socket, is a PAIR that has a peer. After an error the socket is not
	// connected to addr.
	Connect(addr string) error

	// Disconnect ends what Connect began, and the link to the peer found there.
	Disconnect(addr string) error

	// Addr is the address bound last, with what the transport resolved in it, such
	// as a port; "" if none is bound.
	Addr() string

	// WaitPeers blocks until at least n peers are attached and ready.
	WaitPeers(ctx context.Context, n int) error

	// Stats returns the counters of this moment.
	Stats() Stats

	// Close ends the socket: it frees the addresses, and wakes every blocked call
	// with ErrClosed. Inproc it does not wait: what peers can still take stays
	// theirs, as in a closed channel. Remote peers are given the time of WithLinger.
	// What nobody can take any more comes back in an [UndeliveredError]. After the
	// first time, Close does nothing and returns nil.
	Close() error

	sealed() // so that the interface can grow
}

// Req is the socket of [NewReq].
type Req interface{ Socket }

// Rep is the socket of [NewRep].
type Rep interface{ Socket }

// Pub is the socket of [NewPub].
type Pub interface {
	Socket
	// WaitSubscribers blocks until at least n subscribers are subscribed to topic, so
	// that a message which begins with it would go to n of them.
	WaitSubscribers(ctx context.Context, topic string, n int) error
}

// Sub is the socket of [NewSub].
type Sub interface {
	Socket
	// Subscribe asks for the messages whose first part begins with prefix; "" asks
	// for all. Subscriptions add up, and count: what was subscribed twice has to be
	// unsubscribed twice. Inproc, when Subscribe returns, the next Send is seen.
	Subscribe(prefix string) error
	// Unsubscribe takes one Subscribe back. Messages that only it had asked for are
	// not received any more, not even those in the queue. Unsubscribing what is not
	// subscribed does nothing.
	Unsubscribe(prefix string) error
}

// Stats are the counters of one socket.
type Stats struct {
	Sent     uint64 // messages that Send accepted
	Received uint64 // messages that Recv returned
	Dropped  uint64 // messages lost to a full queue of one subscriber, or discarded with it: PUB counts for all its subscribers, SUB for itself; REP counts replies nobody waits for
	Queued   int    // messages that Send accepted and no peer has taken; on PUB, the sum over subscribers
	Pending  int    // messages that Recv could take now; PULLs that share a PUSH count the same messages
	Peers    int    // peers attached and ready
}

// Messages ranges over what r receives. It ends when the socket is closed, as a
// range over a channel does. Any other error ends it too, and is yielded first:
//
//	for m, err := range mq.Messages(ctx, sub) {
//		if err != nil {
//			return err
//		}
//		...
//	}
func Messages(ctx context.Context, r Receiver) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for {
			m, err := r.Recv(ctx)
			if errors.Is(err, ErrClosed) {
				return
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}
