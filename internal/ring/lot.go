// SPDX-License-Identifier: MIT

package ring

import (
	"context"
	"sync"
	"sync/atomic"
)

// Lot is where goroutines park until something they wait for has changed. The
// zero value is an empty lot.
//
// # Why no wake-up is lost
//
// One who waits: Enter; test the condition once more; then Wait, or Leave if the
// condition holds after all. One who changes the condition: change it; then, if
// Parked is not zero, Wake. Both sides write first and read second, with
// sequentially consistent atomics, so at least one of them sees the other: the
// waiter its condition, or the changer the waiter. A Wake takes its waiter off
// the list, so two Wakes never spend themselves on one waiter. A waiter that was
// taken off and does not use its wake-up (it left, or its context ended) is told so
// by Leave or Wait, and must pass the wake-up on.
//
// WakeOne holds wake-ups back while one is on its way. So whoever Leave or Wait told
// that it was woken, whether it used that or not, has to look again afterwards, and
// WakeOne if there is more. Again one of two sees the other: the changer writes its
// condition and then reads onWay, the waiter clears onWay and then looks.
//
// The channels that waiters sleep on are kept and used again by this lot alone,
// because a channel made inside a testing/synctest bubble may not leave it.
type Lot struct {
	parked atomic.Int32           // length of the list; written under mu, read by anyone
	onWay  atomic.Pointer[Waiter] // woken by WakeOne and not yet back; written under mu, read by anyone

	mu          sync.Mutex // protects the fields below
	first, last *Waiter    // parked, longest first
	spare       *Waiter    // left, kept for its channel; linked by next
}

// Waiter is one goroutine's place in a Lot.
type Waiter struct {
	wake chan struct{} // holds the wake-up, at most one

	// Protected by the lot's mu:
	parked     bool   // on the list
	why        any    // what the Wake that took it off the list was given
	hook       func() // called by that Wake, if not nil
	next, prev *Waiter
}

// Parked is the number of waiters that no Wake has taken off yet.
func (l *Lot) Parked() int { return int(l.parked.Load()) }

// Waking reports whether the waiter that WakeOne took off is still on its way.
func (l *Lot) Waking() bool { return l.onWay.Load() != nil }

// Lock locks the lot, for a caller whose condition is protected by the same lock:
// it can test and enter, or change and wake, in one go.
func (l *Lot) Lock() { l.mu.Lock() }

// Unlock unlocks the lot.
func (l *Lot) Unlock() { l.mu.Unlock() }

// Enter puts the caller at the end of the list. Wait or Leave must follow.
func (l *Lot) Enter() *Waiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.EnterLocked()
}

// EnterLocked is Enter for one who has locked the lot.
func (l *Lot) EnterLocked() *Waiter {
	w := l.spare
	if w == nil {
		w = &Waiter{wake: make(chan struct{}, 1)}
	} else {
		l.spare, w.next = w.next, nil
	}
	w.parked = true
	w.prev = l.last
	if l.last == nil {
		l.first = w
	} else {
		l.last.next = w
	}
	l.last = w
	l.parked.Add(1)
	return w
}

// Wait sleeps until the waiter is woken or ctx is done, and then leaves. woken
// says that a Wake took the waiter off the list, which can be true beside an
// error. w is not to be used any more, and why is what Wake was given.
func (l *Lot) Wait(ctx context.Context, w *Waiter) (why any, woken bool, err error) {
	if done := ctx.Done(); done == nil {
		<-w.wake
	} else {
		select {
		case <-w.wake:
		case <-done:
			why, woken = l.Leave(w)
			return why, woken, ctx.Err()
		}
	}
	l.mu.Lock()
	why = l.putBackLocked(w)
	l.mu.Unlock()
	return why, true, nil
}

// Leave ends the waiter without sleeping. woken says that a Wake had taken it
// off the list before: then that wake-up is the caller's to use or pass on.
func (l *Lot) Leave(w *Waiter) (why any, woken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	woken = !w.parked
	if woken {
		<-w.wake // sent under the lock that took it off the list, so this never blocks
	} else {
		l.unlinkLocked(w)
	}
	return l.putBackLocked(w), woken
}

// Hook has the Wake that takes w off the list call f, with the lot locked: for a waiter that
// is blocked elsewhere than in Wait. Nothing happens, and it reports false, if that Wake has
// been. Unhook must follow, before Wait or Leave.
func (l *Lot) Hook(w *Waiter, f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.parked {
		w.hook = f
	}
	return w.parked
}

// Unhook ends that, and reports whether w is still on the list.
func (l *Lot) Unhook(w *Waiter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	w.hook = nil
	return w.parked
}

// Wake takes the longest parked waiter off the list and wakes it. It reports
// whether there was one.
func (l *Lot) Wake(why any) bool {
	if l.parked.Load() == 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.WakeLocked(why)
}

// WakeLocked is Wake for one who has locked the lot.
func (l *Lot) WakeLocked(why any) bool { return l.wakeLocked(why) != nil }

// WakeOne is Wake, but does nothing while the waiter that the last WakeOne took is
// still on its way. A stream of changes then wakes waiters one by one, each as the
// one before is up, instead of all at once: the one that is up looks how much there
// is to do and wakes the next.
func (l *Lot) WakeOne() {
	if l.parked.Load() == 0 || l.Waking() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.Waking() {
		l.onWay.Store(l.wakeLocked(nil))
	}
}

// WakeAll wakes every parked waiter.
func (l *Lot) WakeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.wakeLocked(nil) != nil {
	}
}

func (l *Lot) wakeLocked(why any) *Waiter {
	w := l.first
	if w == nil {
		return nil
	}
	w.why = why
	l.unlinkLocked(w)
	w.wake <- struct{}{}
	if w.hook != nil {
		w.hook()
	}
	return w
}

func (l *Lot) unlinkLocked(w *Waiter) {
	if w.prev == nil {
		l.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.next, w.prev, w.parked = nil, nil, false
	l.parked.Add(-1)
}

// putBackLocked keeps w for a later Enter; it is not on its way any more.
func (l *Lot) putBackLocked(w *Waiter) (why any) {
	if l.onWay.Load() == w {
		l.onWay.Store(nil)
	}
	why, w.why = w.why, nil
	w.next, l.spare = l.spare, w
	return why
}
