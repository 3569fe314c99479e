// SPDX-License-Identifier: MIT

package transport

import (
	"context"

	"github.com/seedmq/mq/internal/ring"
)

// Who passes a message to the goroutine of a connection, or waits for one from there, wakes
// another goroutine or is woken by it. That costs more than to write, or to read, a few bytes.
// So where one message goes and one comes at a time, whoever has nothing else to do anyway
// does the work of the connection itself.

// Fetcher puts messages into a queue when they come from somewhere, and lets others do it.
type Fetcher interface {
	// Fetch is called in place of sleeping by a goroutine that waits as w, in lot, for a
	// message from a queue of the Fetcher. It returns when w was woken, or ctx is done, or, at
	// any time, when somebody else sees to the messages.
	Fetch(ctx context.Context, lot *ring.Lot, w *ring.Waiter)
	// Rouse tells that somebody sleeps until a message comes.
	Rouse()
}

// Carry has m brought away by the taker whose turn it is, at once and by the caller itself, if
// that taker is idle and can do so. It reports false, and nothing has happened, if not: then
// m has to be put in.
//
// Whose turn it is has waited longest with the queue empty, so nothing is overtaken that was
// put in before; it is taken off the list of the idle, and so its inbox is offered nothing
// meanwhile.
func (q *Queue) Carry(m Msg) bool {
	if q.carriers.Load() == 0 {
		return false
	}
	s := q.claim()
	if s == nil {
		return false
	}
	done := s.in.Carry(m)
	if done {
		q.mu.Lock()
		q.base++
		q.mu.Unlock()
		s.in.taken.Add(1)
	}
	q.arm(s)
	return done
}

// claim takes the first idle taker off the list, if it can carry a message and there is
// nothing before that.
func (q *Queue) claim() *Source {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.idle.first
	if s == nil || s.in.Carry == nil || q.closed || q.ring.Load() == nil || q.Len() > 0 || q.called.Load() > 0 {
		return nil
	}
	q.disarmLocked(s)
	return s
}

// Idle reports whether a goroutine waits here and was not woken.
func (in *Inbox) Idle() bool { return in.lot.Parked() > 0 }

// Quiet reports whether messages are received one at a time, and there is none to take, as far
// as can be told without looking at many sources.
func (in *Inbox) Quiet() bool {
	s := in.lone.Load()
	return s != nil && in.InStep.Load() && s.queue.Len() == 0
}

// InStep reports whether whoever calls Recv next is the one to fetch what comes from s: it is
// the only source of its inbox, nobody waits there, and one message is received at a time.
func (s *Source) InStep() bool {
	return s.in.InStep.Load() && s.in.lone.Load() == s && s.in.lot.Parked() == 0
}

// fetches reports whether whoever waits here fetches the next message itself.
func (in *Inbox) fetches() bool {
	s := in.lone.Load()
	return s != nil && s.queue.Fetcher != nil && in.InStep.Load()
}

// await is called in place of lot.Wait alone.
func (in *Inbox) await(ctx context.Context, w *ring.Waiter) (why any, woken bool, err error) {
	switch s := in.lone.Load(); {
	case s == nil || s.queue.Fetcher == nil:
	case in.InStep.Load():
		s.queue.Fetcher.Fetch(ctx, &in.lot, w)
	default:
		s.queue.Fetcher.Rouse()
	}
	return in.lot.Wait(ctx, w)
}
