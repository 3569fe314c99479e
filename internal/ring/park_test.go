// SPDX-License-Identifier: MIT

package ring_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
)

// forCrowds runs test for as many producers as consumers, on one core and on two.
func forCrowds(t *testing.T, test func(t *testing.T, n int)) {
	for _, procs := range []int{1, 2} {
		for _, n := range []int{1, 2, 4} {
			t.Run(fmt.Sprintf("procs=%d/goroutines=%dx%d", procs, n, n), func(t *testing.T) {
				mustEnd(t)
				setProcs(t, procs)
				test(t, n)
			})
		}
	}
}

// Every step parks on one side or the other: a lost wake-up ends in a hang.
func TestParkedTrafficOverOnePlace(t *testing.T) {
	forCrowds(t, func(t *testing.T, n int) {
		requireTraffic(t, n, scaled(20000)/n, func(int) context.Context { return context.Background() })
	})
}

// requireTraffic sends each of n producers' values to n consumers over a ring of
// capacity 1. Whoever is told that its context is done asks for another.
func requireTraffic(t *testing.T, n, each int, newContext func(i int) context.Context) {
	t.Helper()
	r := ring.NewBeforeWrap[value](1, uint64(n*each/2))
	q := &queue[value]{tryQueue: r}
	tr := traffic{pushed: make([]int, n), popped: make([][]value, n)}
	var producers, consumers sync.WaitGroup
	for p := range n {
		producers.Go(func() {
			ctx := newContext(p)
			for tr.pushed[p] < each {
				if _, err := q.push(ctx, value{p, tr.pushed[p]}); err != nil {
					ctx = newContext(p)
					continue
				}
				tr.pushed[p]++
			}
		})
	}
	for c := range n {
		consumers.Go(func() {
			ctx := newContext(n + c)
			for {
				v, status, err := q.pop(ctx)
				switch {
				case err != nil:
					ctx = newContext(n + c)
				case status == ring.OK:
					tr.popped[c] = append(tr.popped[c], v)
				default:
					return
				}
			}
		})
	}
	producers.Wait()
	r.Close()
	q.wakeAll()
	consumers.Wait()
	tr.requireConserved(t)
	require.Zero(t, q.notFull.Parked()+q.notEmpty.Parked())
}

func TestParkedPingPong(t *testing.T) {
	forCrowds(t, func(t *testing.T, n int) {
		ctx := t.Context()
		there := &queue[int]{tryQueue: ring.New[int](1)}
		back := &queue[int]{tryQueue: ring.New[int](1)}
		each := scaled(20000) / n
		var sum atomic.Int64
		var all sync.WaitGroup
		for range n {
			all.Go(func() {
				for i := range each {
					there.push(ctx, i)
					v, _, _ := back.pop(ctx)
					sum.Add(int64(v))
				}
			})
			all.Go(func() {
				for range each {
					v, _, _ := there.pop(ctx)
					back.push(ctx, v)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, n*each*(each-1)/2, sum.Load())
	})
}

// Contexts of half of the goroutines end at any moment; the other half may not
// be left asleep for that.
func TestParkedTrafficSurvivesCanceling(t *testing.T) {
	forCrowds(t, func(t *testing.T, n int) {
		cancels := make([]atomic.Pointer[context.CancelFunc], 2*n)
		var over atomic.Bool
		var canceler sync.WaitGroup
		canceler.Go(func() {
			for !over.Load() {
				if cancel := cancels[rand.IntN(len(cancels))].Swap(nil); cancel != nil {
					(*cancel)()
				}
				runtime.Gosched()
			}
			for i := range cancels {
				if cancel := cancels[i].Load(); cancel != nil {
					(*cancel)()
				}
			}
		})
		requireTraffic(t, n, scaled(10000)/n, func(i int) context.Context {
			if n > 1 && i%2 == 0 {
				return context.Background()
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancels[i].Store(&cancel)
			return ctx
		})
		over.Store(true)
		canceler.Wait()
	})
}

// The first of two waiters is woken after its context ended and, nearly always,
// before it has left. The second must have the wake-up then: if nobody would wake
// it any more, the bubble ends the test.
func TestCanceledWaiterPassesItsWakeUpOn(t *testing.T) {
	background := context.Background()
	sides := []struct {
		name   string
		wait   func(*queue[int], context.Context) error
		change func(*queue[int])
		full   bool // when the waiters come
	}{
		{"pop", func(q *queue[int], ctx context.Context) error { _, _, err := q.pop(ctx); return err },
			func(q *queue[int]) { q.push(background, 0) }, false},
		{"push", func(q *queue[int], ctx context.Context) error { _, err := q.push(ctx, 0); return err },
			func(q *queue[int]) { q.pop(background) }, true},
	}
	for _, side := range sides {
		t.Run(side.name, func(t *testing.T) {
			for range 200 {
				synctest.Test(t, func(t *testing.T) {
					q := &queue[int]{tryQueue: ring.New[int](1)}
					if side.full {
						q.TryPush(0)
					}
					ctx, cancel := context.WithCancel(background)
					canceled, patient := make(chan error), make(chan error)
					go func() { canceled <- side.wait(q, ctx) }()
					synctest.Wait()
					go func() { patient <- side.wait(q, background) }()
					synctest.Wait()

					cancel()
					side.change(q)
					require.Error(t, <-canceled)
					require.NoError(t, <-patient)
				})
			}
		})
	}
}

// Four values come before any of four parked consumers runs, and so WakeOne wakes
// one: each that arrives must wake the next.
func TestWokenWaitersWakeEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 4
		q := &queue[int]{tryQueue: ring.New[int](n)}
		var popped atomic.Int32
		for range n {
			go func() {
				if _, status, _ := q.pop(t.Context()); status == ring.OK {
					popped.Add(1)
				}
			}()
		}
		synctest.Wait()
		require.Equal(t, n, q.notEmpty.Parked())
		for i := range n {
			q.TryPush(i)
			q.notEmpty.WakeOne()
		}
		synctest.Wait()
		require.EqualValues(t, n, popped.Load())
	})
}

// A waiter was woken while it tested once more, and has what it wanted. That
// wake-up held another back meanwhile, so it must still wake the next.
func TestWokenWaiterThatLeavesWakesTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue[int]{tryQueue: ring.New[int](2)}
		next := ring.Empty
		try := func() bool {
			go func() { _, next, _ = q.pop(t.Context()) }()
			synctest.Wait() // now the next is parked
			q.push(t.Context(), 1)
			q.push(t.Context(), 2)
			_, status := q.TryPop()
			return status == ring.OK
		}
		more := func() bool { return q.Len() > 0 }
		require.NoError(t, await(t.Context(), &q.notEmpty, try, more))
		synctest.Wait()
		require.Equal(t, ring.OK, next)
	})
}

func TestClosingWakesWhoeverWaits(t *testing.T) {
	for _, end := range []struct {
		name string
		end  func(*ring.Ring[int])
		want ring.Status
	}{
		{"close", (*ring.Ring[int]).Close, ring.Closed},
		{"seal", func(r *ring.Ring[int]) { r.Seal() }, ring.Moved},
	} {
		t.Run(end.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				full, empty := ring.New[int](1), ring.New[int](1)
				into, from := &queue[int]{tryQueue: full}, &queue[int]{tryQueue: empty}
				full.TryPush(0)
				var got [6]ring.Status
				for i := range 3 {
					go func() { got[i], _ = into.push(context.Background(), 1) }()
					go func() { _, got[3+i], _ = from.pop(context.Background()) }()
				}
				synctest.Wait()
				end.end(full)
				end.end(empty)
				into.wakeAll()
				from.wakeAll()
				synctest.Wait()
				require.Equal(t, [6]ring.Status{end.want, end.want, end.want, end.want, end.want, end.want}, got)
			})
		})
	}
}

func TestParkedPopEndsWithItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue[int]{tryQueue: ring.New[int](1)}
		const limit = 3 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		start := time.Now()
		_, status, err := q.pop(ctx)
		require.Equal(t, ring.Empty, status)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, limit, time.Since(start))

		status, err = q.push(ctx, 1)
		require.NoError(t, err, "a queue asks its context only when it must wait")
		require.Equal(t, ring.OK, status)
	})
}

// TestHook: who waits elsewhere is told by the Wake that takes it off the list, and only by
// that.
func TestHook(t *testing.T) {
	var l ring.Lot
	calls := 0
	hook := func() { calls++ }

	w := l.Enter()
	require.True(t, l.Hook(w, hook))
	require.True(t, l.Unhook(w))
	require.True(t, l.Wake("unheard"))
	require.Zero(t, calls)
	require.False(t, l.Hook(w, hook), "it has been woken")
	why, woken, err := l.Wait(t.Context(), w)
	require.Equal(t, []any{"unheard", true, nil}, []any{why, woken, err})

	w = l.Enter()
	require.True(t, l.Hook(w, hook))
	require.True(t, l.Wake("heard"))
	require.Equal(t, 1, calls)
	require.False(t, l.Unhook(w))
	why, woken, err = l.Wait(t.Context(), w)
	require.Equal(t, []any{"heard", true, nil}, []any{why, woken, err})

	w = l.Enter() // which is the same again
	require.True(t, l.Wake(nil))
	require.Equal(t, 1, calls)
	l.Leave(w)
}
