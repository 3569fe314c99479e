// SPDX-License-Identifier: MIT

package transport

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/seedmq/mq/internal/ring"
)

// Queue holds the messages that one sender has accepted and no receiver has
// taken. It has one owner, one exact bound, and any number of takers, which are
// the [Source]s that the inboxes of its receivers have on it.
//
// Its memory follows use: no ring before the first message, then small ones,
// each replaced by a larger one when it is full, up to the bound.
type Queue struct {
	ring  atomic.Pointer[ring.Ring[Msg]] // replaced under mu; nil before the first message
	armed atomic.Int32                   // length of idle; written under mu, read by senders
	// called is how many takers were woken for a message and have not come for it. It is
	// kept while some takers keep to their turn; written under mu.
	called atomic.Int32
	limit  int // messages, >= 1; read-only

	// Fetcher, if not nil, is who puts messages in, and can be asked for them. It is set before
	// first use.
	Fetcher Fetcher

	carriers atomic.Int32 // takers whose inboxes have Carry; written under mu

	senders ring.Lot     // goroutines in Send that found the queue full, or one in AwaitPop
	low     atomic.Int64 // which pops concern it; see AwaitPop

	mu     sync.Mutex // protects the fields below
	idle   sourceList // takers that found the queue empty, longest first: the next message is for them
	takers int        // sources attached, idle or not
	free   int        // of them, those whose inboxes are not limited
	turns  int        // of them, those whose inboxes keep to their turn
	closed bool       // nothing more comes in
	base   uint64     // messages that went into the rings before this one and not on into it
	undone uint64     // of them, those that no taker has had
}

const (
	firstRing = 16 // messages; a quarter of a kilobyte
	ringGrows = 4  // times
)

// NewQueue makes a queue that holds at most limit messages, and puts the given
// ones in, all of them. If they are more, it is full until fewer are left.
func NewQueue(limit int, given ...Msg) *Queue {
	q := &Queue{limit: limit}
	if len(given) > 0 {
		q.ring.Store(filled(max(min(firstRing, limit), len(given)), given))
	}
	if len(given) > limit {
		q.ring.Load().Close() // see reopen
	}
	return q
}

// filled makes a ring with messages in it.
func filled(capacity int, given []Msg) *ring.Ring[Msg] {
	r := ring.New[Msg](capacity)
	for _, m := range given {
		r.TryPush(m)
	}
	return r
}

// TryPush puts m at the end, and wakes one who waits for it. It answers OK, Full
// or Closed, and never blocks.
func (q *Queue) TryPush(m Msg) ring.Status {
	for {
		r := q.ring.Load()
		if r == nil {
			q.grow(nil)
			continue
		}
		switch st := r.TryPush(m); {
		case st == ring.OK:
			q.pushed()
			return ring.OK
		case st == ring.Full && r.Cap() < q.limit:
			q.grow(r)
		case st == ring.Moved && q.replaced(r):
		case st == ring.Moved:
			return ring.Closed
		case st == ring.Closed:
			if st = q.reopen(r); st != ring.OK {
				return st
			}
		default:
			return st
		}
	}
}

// Send puts m at the end, and waits for room if need be. It returns ErrClosed
// once the queue is closed, or the error of ctx; then m is not in the queue.
func (q *Queue) Send(ctx context.Context, m Msg) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r := q.ring.Load(); r != nil && r.TryPush(m) == ring.OK { // most go this way
		q.pushed()
		return nil
	}
	return q.send(ctx, m)
}

func (q *Queue) send(ctx context.Context, m Msg) error {
	st := q.TryPush(m)
	if st == ring.Full && q.awaitRoom() {
		st = q.TryPush(m)
	}
	for st == ring.Full {
		w := q.senders.Enter()
		if st = q.TryPush(m); st != ring.Full {
			if _, woken := q.senders.Leave(w); woken {
				q.wakeSender()
			}
			break
		}
		_, woken, err := q.senders.Wait(ctx, w)
		if err == nil {
			st = q.TryPush(m)
		}
		if woken {
			q.wakeSender()
		}
		if err != nil {
			return err
		}
	}
	if st == ring.Closed {
		return ErrClosed
	}
	return nil
}

// wakeSender is called by a sender that was woken and has done, or given up,
// what it was woken for: if there is room for more, it is the next one's turn.
func (q *Queue) wakeSender() {
	if q.senders.Parked() > 0 && q.Len() < q.limit {
		q.senders.WakeOne()
	}
}

// tryPop takes the first message and lets a blocked sender know. It answers OK,
// Empty, or Closed if the queue is empty and closed.
func (q *Queue) tryPop() (m Msg, st ring.Status) {
	for {
		r := q.ring.Load()
		if r == nil {
			return m, ring.Empty
		}
		m, st = r.TryPop()
		switch {
		case st == ring.OK:
			q.popped()
			return m, st
		case st == ring.Moved && q.replaced(r):
		case st == ring.Moved:
			return m, ring.Closed
		case st == ring.Closed && q.reopen(r) == ring.OK:
		default:
			return m, st
		}
	}
}

// pushed has to follow each message that went in, popped each that came out.
func (q *Queue) pushed() {
	if q.armed.Load() > 0 {
		q.notify()
	}
}

func (q *Queue) popped() {
	if q.senders.Parked() > 0 {
		q.wakeOne()
	}
}

func (q *Queue) wakeOne() {
	if low := q.low.Load(); low == 0 || low > 0 && int64(q.Len()) < low {
		q.senders.WakeOne()
	}
}

// notify hands the news of a message to the taker that has waited longest and
// has a goroutine waiting in Recv; takers without one before it learn of it too.
func (q *Queue) notify() {
	for q.armed.Load() > 0 {
		q.mu.Lock()
		s := q.idle.first
		if s != nil {
			q.disarmLocked(s)
			if q.turns > 0 {
				s.called = true
				q.called.Add(1)
			}
		}
		q.mu.Unlock()
		if s == nil || s.in.offer(s) {
			return
		}
		q.came(s) // nobody is there
	}
}

// came is called when s comes for a message, perhaps for one that it was called for, or
// gives that up. When all that were called have, the next is called.
func (q *Queue) came(s *Source) {
	q.mu.Lock()
	next := s.called || s.in.Turns
	q.cameLocked(s)
	q.mu.Unlock()
	if next && q.called.Load() == 0 && q.Len() > 0 {
		q.pushed()
	}
}

func (q *Queue) cameLocked(s *Source) {
	if s.called {
		s.called = false
		q.called.Add(-1)
	}
}

// share is how many messages s may take, if it keeps to its turn: of few one, and of
// many a quarter of what falls to each taker, so that all come out even in some turns;
// none while others were called, and s was not.
func (q *Queue) share(s *Source) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.called.Load() > 0 && !s.called {
		return 0
	}
	if q.takers <= 1 {
		return max(1, q.Len())
	}
	return max(1, q.Len()/(4*q.takers)) // 1 of nothing too: to see that the queue is closed
}

// arm puts s, whose inbox found the queue empty, among the idle, and looks once
// more, because a message may have come before senders could know of s.
func (q *Queue) arm(s *Source) {
	q.mu.Lock()
	if s.dropped {
		q.mu.Unlock()
		return
	}
	s.idle = true
	q.idle.push(s)
	q.armed.Add(1)
	q.cameLocked(s)
	closed := q.closed // then s is to be found ready, and removed
	q.mu.Unlock()
	// One that keeps to its turn leaves the messages to those who were called; came
	// sees to the rest.
	if closed || q.Len() > 0 && !(s.in.Turns && q.called.Load() > 0) {
		q.notify()
	}
}

func (q *Queue) disarmLocked(s *Source) {
	s.idle = false
	q.idle.remove(s)
	q.armed.Add(-1)
}

// grow replaces old, which is the present ring, by one that holds more.
func (q *Queue) grow(old *ring.Ring[Msg]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ring.Load() != old || q.closed {
		return
	}
	if old == nil {
		q.ring.Store(ring.New[Msg](min(firstRing, q.limit)))
		return
	}
	q.replaceLocked(old, min(old.Cap()*ringGrows, q.limit))
}

// replaceLocked moves what is in old into a new ring.
func (q *Queue) replaceLocked(old *ring.Ring[Msg], capacity int) {
	rest := old.Seal()
	q.base += old.Popped()
	q.ring.Store(filled(capacity, rest))
}

// reopen is for a ring that is closed although the queue may not be: it was given
// more messages than the queue holds. Once there are fewer, it is replaced by one
// that takes messages again. reopen answers OK to try again, Full, or Closed.
func (q *Queue) reopen(r *ring.Ring[Msg]) ring.Status {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.ring.Load() != r:
		return ring.OK
	case q.closed:
		return ring.Closed
	case r.Len() >= q.limit:
		return ring.Full
	}
	q.replaceLocked(r, q.limit)
	return ring.OK
}

// replaced reports whether r, which was sealed, has a successor. It waits for a
// grow under way.
func (q *Queue) replaced(r *ring.Ring[Msg]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ring.Load() != r
}

func (q *Queue) addTaker(s *Source) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.takers++
	if !s.in.Limited {
		q.free++
	}
	if s.in.Turns {
		q.turns++
	}
	if s.in.Carry != nil {
		q.carriers.Add(1)
	}
}

// hasFree reports whether somebody who needs no leave could take what is put in.
func (q *Queue) hasFree() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.free > 0
}

// leave is the first half of drop for a taker whose link has ended. It reports
// false, and does nothing, if s can still take what a closed queue holds. To look
// and to leave is one step: what is in a queue that is closed after it goes to
// who closes it.
func (q *Queue) leave(s *Source) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed && q.Len() > 0 {
		return false
	}
	q.leaveLocked(s)
	return true
}

func (q *Queue) leaveLocked(s *Source) {
	if s.dropped {
		return
	}
	s.dropped = true
	if s.idle {
		q.disarmLocked(s)
	}
	q.takers--
	if !s.in.Limited {
		q.free--
	}
	if s.in.Turns {
		q.turns--
	}
	if s.in.Carry != nil {
		q.carriers.Add(-1)
	}
	q.cameLocked(s)
}

// drop ends the taker s, and passes on what it may have been told. It returns
// the messages that nobody can take any more: the queue is closed, and s was
// its last taker.
func (q *Queue) drop(s *Source) []Msg {
	q.mu.Lock()
	q.leaveLocked(s)
	var rest []Msg
	if q.closed && q.takers == 0 {
		rest = q.drainLocked()
	}
	over := q.closed && q.Len() == 0
	q.mu.Unlock()
	if q.Len() > 0 {
		q.notify()
	}
	for over && q.armed.Load() > 0 {
		q.notify() // the other takers learn that nothing will come
	}
	return rest
}

// Closed reports whether Close or Drain was called.
func (q *Queue) Closed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// Len is the number of messages in the queue.
func (q *Queue) Len() int {
	if r := q.ring.Load(); r != nil {
		return r.Len()
	}
	return 0
}

// Popped is the number of messages that takers have had. What was put back is not among
// them any more.
func (q *Queue) Popped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r := q.ring.Load(); r != nil {
		return q.base + r.Popped() - q.undone
	}
	return 0
}

// Pushed is the number of messages that ever went in.
func (q *Queue) Pushed() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r := q.ring.Load(); r != nil {
		return q.base + r.Pushed()
	}
	return 0
}
