// SPDX-License-Identifier: MIT

package transport

import "context"

// HasRoom reports whether a TryPush would succeed, if nobody else pushes.
func (q *Queue) HasRoom() bool { return q.Len() < q.limit }

// AwaitRoom waits until the queue has room, or Nudge is called: the caller looks itself
// whether it can go on. It returns ErrClosed if the queue is closed, or the error of ctx.
// entered is called first, when no later Nudge can be missed any more.
func (q *Queue) AwaitRoom(ctx context.Context, entered func()) (err error) {
	w, woken := q.senders.Enter(), false
	entered()
	closed := q.Closed()
	if closed || q.HasRoom() {
		_, woken = q.senders.Leave(w)
	} else {
		_, woken, err = q.senders.Wait(ctx, w)
	}
	if woken {
		q.wakeSender()
	}
	if closed {
		return ErrClosed
	}
	return err
}

// AwaitPop waits until ready, or until a message is taken that leaves fewer than low in the
// queue: any if low is 0, none if it is less. Who changes something else that ready looks at
// calls Nudge. Nobody else may wait for room in q. It returns ErrClosed if the queue is
// closed, or the error of ctx.
func (q *Queue) AwaitPop(ctx context.Context, low int, ready func() bool) (err error) {
	q.low.Store(int64(low))
	w := q.senders.Enter()
	closed := q.Closed()
	if closed || ready() {
		q.senders.Leave(w)
	} else {
		_, _, err = q.senders.Wait(ctx, w)
	}
	if closed {
		return ErrClosed
	}
	return err
}

// Nudge wakes all who wait for room.
func (q *Queue) Nudge() { q.senders.WakeAll() }
