// SPDX-License-Identifier: MIT

package transport

import "github.com/seedmq/mq/internal/ring"

// A limited inbox is that of a session whose peer says how much it takes. Beside ready and
// idle, its source may be held: in no list, because nothing may be taken, or because the
// queue is closed and empty. Then senders wake others. What is put back into a closed queue
// can still be taken, so a held source stays a taker of it. Resume ends that.

// Allow lets a limited inbox take n messages more.
func (in *Inbox) Allow(n int) {
	in.allowed.Add(int64(n))
	in.Resume()
}

// Forbid lets a limited inbox take nothing more, whatever is allowed later.
func (in *Inbox) Forbid() { in.allowed.Store(-1 << 62) }

// Resume has a limited inbox look again at a queue where there was nothing for it.
func (in *Inbox) Resume() {
	in.lot.Lock()
	defer in.lot.Unlock()
	for s := range in.sources {
		if s.held {
			s.held, s.ready = false, true
			in.ready.push(s)
			in.setSoleLocked()
			in.lot.WakeLocked(s)
		}
	}
}

// share is how many messages may be taken from s now.
func (in *Inbox) share(s *Source) int {
	if !in.Limited {
		return s.queue.share(s)
	}
	n := in.allowed.Load()
	if n <= 0 {
		return 0
	}
	return min(int(min(n, 1<<30)), s.queue.share(s))
}

// withhold takes a source out of the ready ones, unless it was allowed more meanwhile. over
// tells that the queue is closed and empty. As with rest, the caller is parked if that was
// the last and it may; that it is over is told as by Poke.
func (in *Inbox) withhold(s *Source, over bool) (w *ring.Waiter) {
	in.lot.Lock()
	if s.ready && (over || in.allowed.Load() <= 0) {
		in.unreadyLocked(s)
		in.setSoleLocked()
		s.held = true
		in.poked = in.poked || over
		if in.ready.first == nil && !in.closed && !in.poked {
			w = in.lot.EnterLocked()
		}
	}
	in.lot.Unlock()
	s.queue.came(s) // the messages are for others
	return w
}
