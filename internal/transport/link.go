// SPDX-License-Identifier: MIT

// Package transport is what stands between a socket's pattern and whoever it
// talks to: queues, inboxes, the link that joins two peers, and what a transport
// must do to bring peers together.
package transport

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// The errors that a link or a transport answers with. Package mq exports them.
var (
	ErrClosed       = errors.New("mq: socket closed")
	ErrAddrInUse    = errors.New("mq: address in use")
	ErrBadAddr      = errors.New("mq: bad address")
	ErrNoTransport  = errors.New("mq: unknown scheme (forgotten import?)")
	ErrIncompatible = errors.New("mq: incompatible socket types")
	ErrPeerBusy     = errors.New("mq: peer busy")
	ErrProtocol     = errors.New("mq: protocol violated")
	ErrTooLarge     = errors.New("mq: message too large")
)

// ErrPoked is for the one who called Poke, and leaves no socket.
var ErrPoked = errors.New("mq: poked")

// Peer is one party of a link: a socket of this process, or the session that
// stands for a remote one. The two parties of a link know each other only
// through this interface, so a pattern cannot tell which it talks to.
//
// Its methods never block, and may be called from any goroutine. Attach and
// Detach are called with the link locked; they may lock the peer, never another
// link.
type Peer interface {
	Kind() Kind
	// HWM is how many messages a queue to, and a queue from, one peer may hold.
	HWM() (send, recv int)
	// Inbox is where messages from e's far side go; nil if this kind receives none.
	Inbox() *Inbox
	// Attach offers a new link, and sets e.Out if this kind sends. An error
	// refuses the link.
	Attach(e *End) error
	// Ready tells that the link of an attached end works both ways.
	Ready(e *End)
	// Detach ends what Attach began. A queue made for this link alone is closed,
	// and what is in it stays for the far side to take.
	Detach(e *End)
	// RoutingID is what a ROUTER shall know this side by; "" lets it choose.
	RoutingID() string
	// Subscription tells that the far side wants messages that begin with prefix,
	// or no more. It may tell a wish again, and takes it back once. In its Detach, the far
	// side takes back what it has told: PUB would have to look for that among all
	// subscriptions.
	Subscription(e *End, prefix string, on bool)
	// Missed tells that n messages for this side were dropped.
	Missed(n int)
	// Taken tells that the far side took m from e.Out. Only those who have to answer
	// messages tell. False says that the answer is not awaited any more: then m is dropped.
	Taken(e *End, m Msg) bool
	// Answer offers a message from the far side, before it is queued, to who has asked with
	// that envelope. Unless it is his, it has to be queued; if it is, wanted tells whether
	// it was still awaited.
	Answer(e *End, envelope [][]byte, m Msg) (his, wanted bool)
	// Returned takes back, in their order, messages that the far side took from e.Out
	// and could not pass on. They are the next to be taken, or counted as dropped. A
	// socket that closes has to have them before Flush returns.
	Returned(e *End, msgs []Msg)
}

// Single is a Peer that takes one link at a time.
type Single interface {
	Peer
	// Busy reports whether it has one.
	Busy() bool
}

// Cutter is a Peer that has to know when the far side has no use for it any more.
type Cutter interface {
	Peer
	// Cut tells that what it sends through e is not heard, and that nothing will come from
	// there. It ends the link soon, if it can, and does not block.
	Cut(e *End)
}

// Flusher is a Peer that stands for a remote one: closing a socket leaves it time
// to bring away what it has not taken yet.
type Flusher interface {
	Peer
	// Flush returns when all that was queued for the remote peer is on its way, or
	// when ctx is done. From then on nothing is taken any more. Whenever the remote
	// peer goes, it closes its inbox and gives back what it had alone, before it
	// unlinks.
	Flush(ctx context.Context)
}

// End is one peer's half of a link.
type End struct {
	Peer Peer    // who holds it; read-only
	Far  *End    // the other half; read-only
	Out  *Queue  // for messages to the far side, nil if none go there; set by Attach
	In   *Source // on the far side's Out, nil if none come from there; set before Ready
	link *Link

	Own  any    // what Peer keeps with it; set by Attach
	Name string // the routing id that Peer, a ROUTER, knows the far side by, if that is for it to say; read-only
}

// Down reports whether the link has ended. It is true before Detach is called.
func (e *End) Down() bool { return e.link.down.Load() }

// Unlink ends the link, from whichever side, once.
func (e *End) Unlink() { e.link.Unlink() }

// Stop lets the far side send nothing more.
func (e *End) Stop() {
	e.link.mu.Lock() // the link may just be coming up
	in := e.Far.Out
	e.link.mu.Unlock()
	if in != nil {
		in.Shut()
	}
}

// Reclaim takes the far side's right to e.Out away, and returns what nobody can
// take any more because of that.
func (e *End) Reclaim() []Msg {
	e.link.mu.Lock() // the link may just be coming up
	in := e.Far.In
	e.link.mu.Unlock()
	if in == nil {
		return nil
	}
	return e.Far.Peer.Inbox().remove(in)
}

// Link joins two peers directly: no goroutine, no codec, no copy.
type Link struct {
	a, b   End
	onDown func() // called once the link has ended, without locks; nil if nobody cares

	mu   sync.Mutex // protects up, and orders attaching before detaching
	up   bool
	down atomic.Bool // set once up has been and is no more
}

// Join links two peers of kinds that fit each other. name is what a, a ROUTER, calls b;
// "" leaves that to b.
func Join(a, b Peer, name string, onDown func()) (*Link, error) {
	if a == b || !a.Kind().Fits(b.Kind()) {
		return nil, ErrIncompatible
	}
	l := &Link{onDown: onDown}
	l.a = End{Peer: a, Name: name, Far: &l.b, link: l}
	l.b = End{Peer: b, Far: &l.a, link: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := a.Attach(&l.a); err != nil {
		return nil, err
	}
	if err := b.Attach(&l.b); err != nil {
		a.Detach(&l.a)
		return nil, err
	}
	l.a.open()
	l.b.open()
	l.up = true
	first, last := l.ends()
	first.Peer.Ready(first)
	last.Peer.Ready(last)
	return l, nil
}

// ends returns the ends in the order in which links come and go. SUB tells what it
// wants before PUB is ready, because who waits for that may send at once; and takes it
// back before PUB forgets the peer.
func (l *Link) ends() (first, last *End) {
	if l.a.Peer.Kind().Publishes() {
		return &l.b, &l.a
	}
	return &l.a, &l.b
}

// open puts a source on the far side's queue into this side's inbox. A peer that only
// waits for its messages to be taken has closed that.
func (e *End) open() {
	if e.Far.Out == nil {
		return
	}
	e.In = &Source{End: e, queue: e.Far.Out}
	_ = e.Peer.Inbox().attach(e.In)
}

// Unlink ends the link. A link that is down stays down.
func (l *Link) Unlink() {
	if l.end() && l.onDown != nil {
		l.onDown()
	}
}

// end reports whether it was this call that ended the link.
func (l *Link) end() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	up := l.up
	if up {
		l.downLocked()
	}
	return up
}

func (l *Link) downLocked() {
	l.up = false
	l.down.Store(true)
	first, last := l.ends()
	first.Peer.Detach(first)
	last.Peer.Detach(last)
	for _, e := range []*End{first, last} {
		if e.In != nil {
			e.Peer.Inbox().release(e.In)
		}
	}
}
