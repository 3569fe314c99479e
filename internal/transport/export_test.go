// SPDX-License-Identifier: MIT

package transport

import "github.com/seedmq/mq/internal/ring"

// Attach gives in a source on q, as a link does.
func Attach(in *Inbox, q *Queue) (*Source, error) {
	s := &Source{queue: q}
	return s, in.attach(s)
}

// Release is what a link does to the source when it ends.
func (in *Inbox) Release(s *Source) { in.release(s) }

// Remove ends a source, as the taking back of what a remote peer was left does.
func (in *Inbox) Remove(s *Source) []Msg { return in.remove(s) }

// Sources is the number of sources that in holds on to.
func (in *Inbox) Sources() int {
	in.lot.Lock()
	defer in.lot.Unlock()
	return len(in.sources)
}

// Parked is the number of goroutines that wait in Recv and were not woken.
func (in *Inbox) Parked() int { return in.lot.Parked() }

// Park takes a place among the parked, without a goroutine that sleeps there.
func (in *Inbox) Park() *ring.Waiter { return in.lot.Enter() }

// Leave gives a place of Park up.
func (in *Inbox) Leave(w *ring.Waiter) { in.lot.Leave(w) }

// TryPop takes the first message.
func (q *Queue) TryPop() (Msg, ring.Status) { return q.tryPop() }

// Takers is the number of sources on q, and how many of them are idle.
func (q *Queue) Takers() (all, idle int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for s := q.idle.first; s != nil; s = s.next {
		idle++
	}
	return q.takers, idle
}

// Blocked is the number of goroutines that wait in Send and were not woken.
func (q *Queue) Blocked() int { return q.senders.Parked() }

// Room is the number of messages that the ring of the moment has memory for.
func (q *Queue) Room() int {
	if r := q.ring.Load(); r != nil {
		return r.Cap()
	}
	return 0
}
