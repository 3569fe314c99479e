// SPDX-License-Identifier: MIT

package transport

import (
	"context"
	"runtime"
	"sync/atomic"

	"github.com/seedmq/mq/internal/ring"
)

// Inbox is where one receiver takes its messages from: the queues of all its
// peers, fairly, at a cost that does not follow their number.
//
// # How waiting works
//
// An inbox has a [Source] on each peer's queue. A source is ready when its queue
// may hold messages, and idle when a receiver found it empty; ready sources
// stand in a list of the inbox, idle ones in a list of their queue. Receivers
// take from the ready sources in turn, one message each (D-FQ-01 to 05), and
// park when there is none. A sender that finds idle sources at its queue makes
// the first ready and wakes a goroutine that is parked at that inbox, or tries
// the next. So a message goes to a worker that waits, in the order in which
// they began to wait, and neither senders nor receivers ever look through the
// peers that have nothing to do.
//
// Two rules keep a message from lying in a queue while a receiver sleeps that
// could take it:
//
//  1. A receiver parks only when the ready list is empty, and it is on the list of
//     the parked before it makes the last source idle. arm looks at the queue once
//     more after a sender could know of the source; then whichever of the two
//     sees the message wakes a receiver.
//  2. Who was woken for a source tries that source first. Who leaves while
//     others are parked here and sources are ready wakes the next (spread); who
//     leaves without using its wake-up also tells the queue (pass).
//
// Whether a source is moved from one list to the other is decided by the
// goroutine that took it off a list; in between it is on none. The locks of
// inbox and queue are never held together.
type Inbox struct {
	// Yield lets receivers stay awake for a while before they park; see
	// awaitMessage. It is set before first use.
	Yield bool
	// Turns is for a single goroutine that receives from a single queue, always ready to:
	// a session. It takes no more than its share of what it shares with others, so that
	// each gets as much. It is set before first use.
	Turns bool
	// Gather has a receiver with Turns that was woken let other goroutines run first, so
	// that it finds what they have too. It is set before first use.
	Gather bool
	// Limited is for a receiver with Turns that takes no more than it was allowed by Allow.
	// It is set before first use.
	Limited bool
	// Held, if not nil, counts messages from before they are taken, with Turns only. Who has
	// taken them counts them down, once they are in the books. It is set before first use.
	Held *atomic.Int64
	// InStep tells that one message is received at a time, and answered before the next.
	InStep atomic.Bool
	// Carry, if not nil, brings a message away in place of the goroutine that receives here.
	// It reports false if it cannot at once: then that one has to. See Queue.Carry. It is set
	// before first use.
	Carry   func(Msg) bool
	portion int          // how much may be taken, from the time a source is tried; with Turns only
	allowed atomic.Int64 // messages; with Limited only

	// sole is the only ready source, which Recv tries first. While none is ready, it
	// stays the one that was, so that a single busy source does not come and go. Nil
	// while several are ready. Written under the lock of lot.
	sole atomic.Pointer[Source]
	// lone is the only source, ready or not. Nil if there are none or several. Written
	// under the lock of lot.
	lone atomic.Pointer[Source]

	taken atomic.Uint64

	lot ring.Lot // goroutines in Recv that found nothing; its lock protects the fields below

	ready   sourceList
	sources map[*Source]struct{}
	closed  bool
	poked   bool // Poke was called, and no Recv has returned ErrPoked since
}

// Recv takes the next message and tells which source it came from. It blocks
// until there is one, ctx is done, the inbox is closed (ErrClosed), or Poke is
// called and there is nothing to take (ErrPoked).
func (in *Inbox) Recv(ctx context.Context) (Msg, *Source, error) {
	if err := ctx.Err(); err != nil {
		return Msg{}, nil, err
	}
	if s := in.sole.Load(); s != nil { // most come this way
		if r := s.queue.ring.Load(); r != nil {
			if m, st := r.TryPop(); st == ring.OK {
				s.queue.popped()
				in.took(s)
				return m, s, nil
			}
		}
	}
	return in.recv(ctx)
}

// RecvShare is Recv for an inbox with Turns: it hands to f the messages that are there
// and fall to this receiver, at least one, until f returns false.
func (in *Inbox) RecvShare(ctx context.Context, f func(Msg) bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m, s, err := in.recv(ctx)
	if err != nil {
		return err
	}
	n := 1
	for ; f(m) && n < in.portion; n++ {
		var st ring.Status
		if m, st = s.queue.tryPop(); st != ring.OK {
			break
		}
		in.taken.Add(1)
	}
	in.hold(n - in.portion)
	if in.Limited {
		in.allowed.Add(int64(-n))
	}
	return nil
}

func (in *Inbox) hold(n int) {
	if in.Held != nil {
		in.Held.Add(int64(n))
	}
}

func (in *Inbox) recv(ctx context.Context) (Msg, *Source, error) {
	var claim *Source // what this goroutine was woken for
	for {
		m, s, w, err := in.take(claim)
		if s != nil {
			in.took(s)
			return m, s, nil
		}
		var woken bool
		if err == nil {
			var why any
			why, woken, err = in.await(ctx, w)
			if in.Gather {
				runtime.Gosched()
			}
			claim, _ = why.(*Source)
		}
		if err != nil {
			in.pass(claim, woken)
			return Msg{}, nil, err
		}
	}
}

// take tries claim, if any, and then each ready source in turn, and puts to rest
// those that have nothing. When all have been, it returns the place of the caller
// among the parked; or why the caller should not wait.
func (in *Inbox) take(claim *Source) (Msg, *Source, *ring.Waiter, error) {
	s := claim
	for yielded := !in.Yield || in.fetches(); ; {
		if s == nil {
			in.lot.Lock()
			s = in.ready.first
			if s == nil {
				w, err := in.parkLocked()
				in.lot.Unlock()
				return Msg{}, nil, w, err
			}
			in.rotateLocked()
			in.lot.Unlock()
		}
		m, st := Msg{}, ring.Empty
		if in.Turns {
			in.portion = in.share(s)
			in.hold(in.portion)
		}
		if !in.Turns || in.portion > 0 {
			m, st = s.queue.tryPop()
		}
		switch {
		case st == ring.OK:
			return m, s, nil, nil
		case in.Turns:
			in.hold(-in.portion)
		}
		switch {
		case in.Limited && (st == ring.Closed || in.allowed.Load() <= 0):
			if w := in.withhold(s, st == ring.Closed); w != nil {
				return Msg{}, nil, w, nil
			}
		case st == ring.Closed:
			in.remove(s)
		default:
			if !yielded && s == in.sole.Load() {
				yielded = true
				if in.awaitMessage(s) {
					continue
				}
			}
			if w := in.rest(s, true); w != nil {
				return Msg{}, nil, w, nil
			}
		}
		s = nil
	}
}

// parkLocked puts the caller among the parked, if nothing speaks against it.
func (in *Inbox) parkLocked() (*ring.Waiter, error) {
	switch {
	case in.closed:
		return nil, ErrClosed
	case in.poked:
		in.poked = false
		return nil, ErrPoked
	}
	return in.lot.EnterLocked(), nil
}

// rotateLocked puts the first ready source at the end.
func (in *Inbox) rotateLocked() {
	if s := in.ready.first; s.next != nil && !s.ended {
		in.ready.remove(s)
		in.ready.push(s)
	}
}

// rest makes a source idle, if it is ready. If it was the last, and the caller
// wants to park and may, it is parked first.
func (in *Inbox) rest(s *Source, park bool) (w *ring.Waiter) {
	in.lot.Lock()
	moved := s.ready
	if moved {
		in.unreadyLocked(s)
		in.setSoleLocked()
		if park && in.ready.first == nil && !in.closed && !in.poked {
			w = in.lot.EnterLocked()
		}
	}
	in.lot.Unlock()
	if moved {
		s.queue.arm(s)
	}
	return w
}

// offer makes an idle source ready and wakes one receiver for it. It reports
// whether one was there.
func (in *Inbox) offer(s *Source) bool {
	in.lot.Lock()
	defer in.lot.Unlock()
	if s.removed {
		return false
	}
	s.ready = true
	if s.ended {
		in.ready.pushEnded(s)
	} else {
		in.ready.push(s)
	}
	in.setSoleLocked()
	return in.lot.WakeLocked(s)
}

// took counts a message from s.
func (in *Inbox) took(s *Source) {
	in.taken.Add(1)
	if in.Turns || s.queue.called.Load() > 0 {
		s.queue.came(s)
	}
	if in.lot.Parked() > 0 && !in.lot.Waking() { // who is on its way will look
		in.spread(s)
	}
}

// spread leaves no ready source to itself while receivers are parked here.
func (in *Inbox) spread(s *Source) {
	if s != nil && s.queue.Len() == 0 {
		in.rest(s, false)
	}
	in.lot.Lock()
	more := in.ready.first != nil || in.poked
	in.lot.Unlock()
	if more {
		in.lot.WakeOne()
	}
}

// pass gives on a wake-up that the caller will not use.
func (in *Inbox) pass(claim *Source, woken bool) {
	if woken {
		in.spread(nil)
	}
	if claim == nil {
		return
	}
	claim.queue.came(claim)
	if claim.queue.Len() > 0 {
		claim.queue.notify()
	}
}

// attach adds a source. It returns ErrClosed if the inbox is closed.
func (in *Inbox) attach(s *Source) error {
	s.in = in
	s.queue.addTaker(s)
	in.lot.Lock()
	if in.closed {
		s.removed = true
		in.lot.Unlock()
		s.queue.drop(s)
		return ErrClosed
	}
	if in.sources == nil {
		in.sources = make(map[*Source]struct{})
	}
	in.sources[s] = struct{}{}
	in.setLoneLocked()
	in.lot.Unlock()
	in.offer(s)
	return nil
}

// release is called when the link of s has ended: what its closed queue still
// holds can be taken, and a queue that lives on is another taker's. It is taken before
// what others have: if the peer comes back, it goes on behind that.
func (in *Inbox) release(s *Source) {
	if s.queue.leave(s) {
		in.remove(s)
		return
	}
	in.lot.Lock()
	defer in.lot.Unlock()
	if s.ready {
		in.ready.remove(s)
		in.ready.pushEnded(s)
		in.setSoleLocked()
	}
	s.ended = true
}

// remove ends a source. It returns what only this source could have taken.
func (in *Inbox) remove(s *Source) []Msg {
	in.lot.Lock()
	if s.removed {
		in.lot.Unlock()
		return nil
	}
	in.removeLocked(s)
	in.setSoleLocked()
	in.lot.Unlock()
	return s.queue.drop(s)
}

func (in *Inbox) removeLocked(s *Source) {
	s.removed = true
	delete(in.sources, s)
	in.setLoneLocked()
	if s.ready {
		in.unreadyLocked(s)
	}
}

// setLoneLocked has to follow every change of the sources.
func (in *Inbox) setLoneLocked() {
	if len(in.sources) != 1 {
		in.lone.Store(nil)
		return
	}
	for s := range in.sources {
		in.lone.Store(s)
	}
}

func (in *Inbox) unreadyLocked(s *Source) {
	s.ready = false
	in.ready.remove(s)
}

// setSoleLocked has to follow every change of what is ready.
func (in *Inbox) setSoleLocked() {
	was := in.sole.Load()
	sole, first := was, in.ready.first
	switch {
	case first != nil && first == in.ready.last:
		sole = first
	case first != nil, was != nil && was.removed:
		sole = nil
	}
	if sole != was {
		in.sole.Store(sole)
	}
}

// Poke makes one Recv, the present or the next, return ErrPoked if it finds no
// message.
func (in *Inbox) Poke() {
	in.lot.Lock()
	defer in.lot.Unlock()
	in.poked = true
	in.lot.WakeLocked(nil)
}

// Close ends all blocked and later Recvs with ErrClosed, and all sources. lost is
// called with what only this inbox could have taken, queue by queue.
func (in *Inbox) Close(lost func(*Source, []Msg)) {
	in.lot.Lock()
	in.closed = true
	sources := in.sources
	in.sources = nil
	for s := range sources {
		in.removeLocked(s)
	}
	in.setSoleLocked()
	in.lot.Unlock()
	in.lot.WakeAll()
	for s := range sources {
		if rest := s.queue.drop(s); len(rest) > 0 {
			lost(s, rest)
		}
	}
}

// Taken is the number of messages that Recv has returned.
func (in *Inbox) Taken() uint64 { return in.taken.Load() }

// Pending is the number of messages that Recv could take now. What is in a
// queue that receivers share counts for each of them.
func (in *Inbox) Pending() int {
	in.lot.Lock()
	defer in.lot.Unlock()
	n := 0
	for s := range in.sources {
		n += s.queue.Len()
	}
	return n
}
