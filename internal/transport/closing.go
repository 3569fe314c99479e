// SPDX-License-Identifier: MIT

package transport

import (
	"slices"

	"github.com/seedmq/mq/internal/ring"
)

// Close lets no message in any more: blocked and later Sends fail. The takers
// can still take what is inside; if there are none, Close returns it.
func (q *Queue) Close() []Msg {
	rest := q.close(false)
	q.senders.WakeAll()
	return rest
}

// Shut is Close, but leaves what is inside to takers that may still come.
func (q *Queue) Shut() {
	q.mu.Lock()
	q.closeLocked()
	q.mu.Unlock()
	q.senders.WakeAll()
}

// ShutWithout is Shut, but leaves only what the function returns of what is inside.
func (q *Queue) ShutWithout(without func([]Msg) []Msg) {
	q.mu.Lock()
	if old := q.ring.Load(); old != nil {
		all := old.Seal()
		rest := without(all)
		q.base += old.Pushed() - uint64(len(rest))
		q.undone += uint64(len(all) - len(rest))
		q.ring.Store(filled(max(1, len(rest)), rest))
	}
	q.closeLocked()
	q.mu.Unlock()
	q.senders.WakeAll()
}

// Drain is Close, but takes what is inside from the takers and returns it.
func (q *Queue) Drain() []Msg {
	rest := q.close(true)
	q.senders.WakeAll()
	return rest
}

func (q *Queue) close(drain bool) []Msg {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closeLocked()
	if drain || q.takers == 0 {
		return q.drainLocked()
	}
	return nil
}

func (q *Queue) closeLocked() {
	r := q.ring.Load()
	if r == nil {
		r = ring.New[Msg](1)
		q.ring.Store(r)
	}
	q.closed = true
	r.Close()
}

// PutBack puts messages at the front that were taken and could not be passed on. They
// come back even if the queue is full or closed by now.
func (q *Queue) PutBack(msgs []Msg) {
	if len(msgs) == 0 {
		return
	}
	q.mu.Lock()
	all, capacity := slices.Clip(msgs), firstRing
	if old := q.ring.Load(); old != nil {
		all = append(all, old.Seal()...)
		q.base += old.Popped()
		capacity = old.Cap()
	}
	q.base -= uint64(len(msgs)) // they have been counted
	r := filled(max(min(capacity, q.limit), len(all)), all)
	if q.closed || len(all) > q.limit {
		r.Close() // see reopen
	}
	q.ring.Store(r)
	q.mu.Unlock()
	for range msgs {
		q.pushed()
	}
}

// orphans returns what is inside if the queue is closed, and has no takers.
func (q *Queue) orphans() []Msg {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed || q.takers > 0 {
		return nil
	}
	return q.drainLocked()
}

// drainLocked takes out all there is and leaves a closed, empty ring.
func (q *Queue) drainLocked() []Msg {
	old := q.ring.Load()
	rest := old.Seal()
	q.base += old.Pushed()
	q.undone += uint64(len(rest))
	r := ring.New[Msg](1)
	r.Close()
	q.ring.Store(r)
	return rest
}
