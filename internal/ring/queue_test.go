// SPDX-License-Identifier: MIT

package ring_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/seedmq/mq/internal/ring"
)

// tryQueue is what a queue parks on: a ring, or a benchmark's rival of it.
type tryQueue[T any] interface {
	TryPush(T) ring.Status
	TryPop() (T, ring.Status)
	Len() int
	Cap() int
}

// queue is a tryQueue whose push and pop wait, by the protocol that Lot documents.
type queue[T any] struct {
	tryQueue[T]
	spin     int // more attempts before the first parking, >= 0
	notFull  ring.Lot
	notEmpty ring.Lot
}

// push answers OK, Closed or Moved; or an error, and then v did not go in.
func (q *queue[T]) push(ctx context.Context, v T) (ring.Status, error) {
	status := q.TryPush(v)
	for spins := 0; status == ring.Full && spins < q.spin; spins++ {
		status = q.TryPush(v)
	}
	var err error
	if status == ring.Full {
		try := func() bool { status = q.TryPush(v); return status != ring.Full }
		more := func() bool { return q.Len() < q.Cap() }
		err = await(ctx, &q.notFull, try, more)
	}
	if status == ring.OK {
		q.notEmpty.WakeOne()
	}
	return status, err
}

// pop answers OK, Closed or Moved; or an error, and then nothing came out.
func (q *queue[T]) pop(ctx context.Context) (T, ring.Status, error) {
	v, status := q.TryPop()
	for spins := 0; status == ring.Empty && spins < q.spin; spins++ {
		v, status = q.TryPop()
	}
	var err error
	if status == ring.Empty {
		try := func() bool { v, status = q.TryPop(); return status != ring.Empty }
		more := func() bool { return q.Len() > 0 }
		err = await(ctx, &q.notEmpty, try, more)
	}
	if status == ring.OK {
		q.notFull.WakeOne()
	}
	return v, status, err
}

// wakeAll lets everybody see that the ring was closed or sealed.
func (q *queue[T]) wakeAll() {
	q.notFull.WakeAll()
	q.notEmpty.WakeAll()
}

// await parks until try succeeds or ctx is done. Whoever was woken, however its
// wait ended, wakes the next if there is more to do: WakeOne woke nobody else
// for as long as this one was on its way.
func await(ctx context.Context, lot *ring.Lot, try, more func() bool) error {
	for {
		w := lot.Enter()
		if try() {
			if _, woken := lot.Leave(w); woken && more() {
				lot.WakeOne()
			}
			return nil
		}
		_, woken, err := lot.Wait(ctx, w)
		done := err != nil || try()
		if woken && done && more() {
			lot.WakeOne()
		}
		if done {
			return err
		}
	}
}

// meeting lets goroutines begin something as near to the same instant as it can.
type meeting struct{ missing atomic.Int32 }

func newMeeting(n int) *meeting {
	m := new(meeting)
	m.missing.Store(int32(n))
	return m
}

// arrive waits for the others, but not for long: with one core they do not run.
func (m *meeting) arrive() {
	m.missing.Add(-1)
	for spins := 0; m.missing.Load() > 0 && spins < 1000; spins++ {
		runtime.Gosched()
	}
}

// mustEnd ends the process with all stacks if the test is not over in time:
// what a lost wake-up leaves behind is a test that hangs.
func mustEnd(t *testing.T) {
	const limit = 2 * time.Minute
	timer := time.AfterFunc(limit, func() {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		panic(fmt.Sprintf("%s has not ended after %v\n%s", t.Name(), limit, stacks))
	})
	t.Cleanup(func() { timer.Stop() })
}

// setProcs sets GOMAXPROCS for one test.
func setProcs(t *testing.T, n int) {
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// scaled is n, or less in a short run.
func scaled(n int) int {
	if testing.Short() {
		return max(1, n/10)
	}
	return n
}

// payload is what mq's rings hold: 16 bytes.
type payload struct {
	_ unsafe.Pointer
	_ int
}
