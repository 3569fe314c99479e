// SPDX-License-Identifier: MIT

package transport

import (
	"context"
	"sync"

	"github.com/seedmq/mq/internal/ring"
)

// Queue holds the messages that one sender has accepted and no receiver has
// taken. It has one owner, one exact bound, and any number of takers, which are
// the [Source]s that the inboxes of its receivers have on it. It takes memory as
// messages come, up to the bound.
type Queue struct {
	ring ring.Ring[Msg] // its Idle is the length of idle, written under mu; in its Room are senders

	mu     sync.Mutex // protects the fields below
	idle   sourceList // takers that found the queue empty, longest first: the next message is for them
	takers int        // sources attached, idle or not
	closed bool       // nothing more comes in

	_ [24]byte // the size is 320 then, and the allocator gives it whole cache lines
}

// NewQueue makes a queue that holds at most limit messages, and puts the given
// ones in, all of them. If they are more, it is full until fewer are left.
func NewQueue(limit int, given ...Msg) *Queue {
	q := &Queue{}
	q.ring.Init(limit, given...)
	return q
}

// TryPush puts m at the end, and wakes one who waits for it. It answers OK, Full
// or Closed, and never blocks.
func (q *Queue) TryPush(m Msg) ring.Status {
	st := q.ring.TryPush(m)
	if st == ring.OK {
		q.pushed()
	}
	return st
}

// Send puts m at the end, and waits for room if need be. It returns ErrClosed
// once the queue is closed, or the error of ctx; then m is not in the queue.
func (q *Queue) Send(ctx context.Context, m Msg) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if q.ring.TryPush(m) == ring.OK { // most go this way, in few calls
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
		w := q.ring.Room.Enter()
		if st = q.TryPush(m); st != ring.Full {
			if _, woken := q.ring.Room.Leave(w); woken {
				q.wakeSender()
			}
			break
		}
		_, woken, err := q.ring.Room.Wait(ctx, w)
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
	if q.ring.Room.Parked() > 0 && q.Len() < q.ring.Cap() {
		q.ring.Room.WakeOne()
	}
}

// tryPop takes the first message and lets a blocked sender know. It answers OK,
// Empty, or Closed if the queue is empty and closed.
func (q *Queue) tryPop() (Msg, ring.Status) {
	m, st := q.ring.TryPop()
	if st == ring.OK {
		q.popped()
	}
	return m, st
}

// pushed has to follow each message that went in, popped each that came out.
func (q *Queue) pushed() {
	if q.ring.Idle.Load() > 0 {
		q.notify()
	}
}

func (q *Queue) popped() {
	if q.ring.Room.Parked() > 0 {
		q.ring.Room.WakeOne()
	}
}

// notify hands the news of a message to the taker that has waited longest and
// has a goroutine waiting in Recv; takers without one before it learn of it too.
func (q *Queue) notify() {
	for q.ring.Idle.Load() > 0 {
		q.mu.Lock()
		s := q.idle.first
		if s != nil {
			q.disarmLocked(s)
		}
		q.mu.Unlock()
		if s == nil || s.in.offer(s) {
			return
		}
	}
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
	q.ring.Idle.Add(1)
	closed := q.closed // then s is to be found ready, and removed
	q.mu.Unlock()
	if closed || q.Len() > 0 {
		q.notify()
	}
}

func (q *Queue) disarmLocked(s *Source) {
	s.idle = false
	q.idle.remove(s)
	q.ring.Idle.Add(-1)
}

func (q *Queue) addTaker() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.takers++
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
}

// drop ends the taker s, and passes on what it may have been told. It returns
// the messages that nobody can take any more: the queue is closed, and s was
// its last taker.
func (q *Queue) drop(s *Source) []Msg {
	q.mu.Lock()
	q.leaveLocked(s)
	var rest []Msg
	if q.closed && q.takers == 0 {
		rest = q.ring.Drain()
	}
	over := q.closed && q.Len() == 0
	q.mu.Unlock()
	if q.Len() > 0 {
		q.notify()
	}
	for over && q.ring.Idle.Load() > 0 {
		q.notify() // the other takers learn that nothing will come
	}
	return rest
}

// Close lets no message in any more: blocked and later Sends fail. The takers
// can still take what is inside; if there are none, Close returns it.
func (q *Queue) Close() []Msg {
	rest := q.close(false)
	q.ring.Room.WakeAll()
	return rest
}

// Drain is Close, but takes what is inside from the takers and returns it.
func (q *Queue) Drain() []Msg {
	rest := q.close(true)
	q.ring.Room.WakeAll()
	return rest
}

func (q *Queue) close(drain bool) []Msg {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.ring.Close()
	if drain || q.takers == 0 {
		return q.ring.Drain()
	}
	return nil
}

// Closed reports whether Close or Drain was called.
func (q *Queue) Closed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// Len is the number of messages in the queue.
func (q *Queue) Len() int { return q.ring.Len() }

// Pushed is the number of messages that ever went in.
func (q *Queue) Pushed() uint64 { return q.ring.Pushed() }
