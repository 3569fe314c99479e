// SPDX-License-Identifier: MIT

package ring_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
)

// lotModel drives a Lot from one goroutine, which never waits but where it must
// not sleep, and keeps beside it the lists that say what the lot must answer.
type lotModel struct {
	t      *testing.T
	lot    ring.Lot
	parked []*ring.Waiter       // longest first
	woken  map[*ring.Waiter]any // taken off, with what their Wake was given
	onWay  *ring.Waiter
}

func (m *lotModel) enter(locked bool) {
	var w *ring.Waiter
	if locked {
		m.lot.Lock()
		w = m.lot.EnterLocked()
		m.lot.Unlock()
	} else {
		w = m.lot.Enter()
	}
	require.NotContains(m.t, m.parked, w)
	require.NotContains(m.t, m.woken, w)
	m.parked = append(m.parked, w)
}

func (m *lotModel) wake(why any, locked bool) {
	var woke bool
	if locked {
		m.lot.Lock()
		woke = m.lot.WakeLocked(why)
		m.lot.Unlock()
	} else {
		woke = m.lot.Wake(why)
	}
	require.Equal(m.t, m.take(why) != nil, woke)
}

func (m *lotModel) take(why any) *ring.Waiter {
	if len(m.parked) == 0 {
		return nil
	}
	w := m.parked[0]
	m.parked = m.parked[1:]
	m.woken[w] = why
	return w
}

func (m *lotModel) wakeOne() {
	if m.lot.WakeOne(); m.onWay == nil {
		m.onWay = m.take(nil)
	}
}

// leave picks any waiter, and any way for it to end without sleeping.
func (m *lotModel) leave(random *rand.Rand) {
	all := slices.Clone(m.parked)
	for w := range m.woken {
		all = append(all, w)
	}
	if len(all) == 0 {
		return
	}
	w := all[random.IntN(len(all))]
	wantWhy, wantWoken := m.woken[w]

	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	var why any
	var woken bool
	switch random.IntN(3) {
	case 0:
		why, woken = m.lot.Leave(w)
	case 1: // a parked waiter would sleep
		var err error
		if !wantWoken {
			cancel()
		}
		why, woken, err = m.lot.Wait(ctx, w)
		require.Equal(m.t, !wantWoken, err != nil)
	case 2:
		cancel()
		why, woken, _ = m.lot.Wait(ctx, w) // of two reasons to end it takes any
	}
	require.Equal(m.t, wantWoken, woken)
	require.Equal(m.t, wantWhy, why)

	m.parked = slices.DeleteFunc(m.parked, func(p *ring.Waiter) bool { return p == w })
	delete(m.woken, w)
	if m.onWay == w {
		m.onWay = nil
	}
}

func TestLotIsAFirstInFirstOutList(t *testing.T) {
	for seed := range uint64(scaled(100)) {
		random := rand.New(rand.NewPCG(seed, 0))
		m := &lotModel{t: t, woken: map[*ring.Waiter]any{}}
		for i := range 200 {
			switch random.IntN(8) {
			case 0, 1, 2:
				m.enter(i%2 == 0)
			case 3, 4:
				m.leave(random)
			case 5:
				m.wake(i, i%2 == 0)
			case 6:
				m.wakeOne()
			case 7:
				if random.IntN(8) > 0 {
					continue
				}
				for m.lot.WakeAll(); m.take(nil) != nil; {
				}
			}
			require.Equal(t, len(m.parked), m.lot.Parked())
		}
	}
}

// park starts n goroutines that wait, one after the other, and write down their
// numbers when they are woken.
func park(t *testing.T, lot *ring.Lot, n int) (woken *[]int) {
	woken = new([]int)
	for i := range n {
		w := lot.Enter()
		go func() {
			if _, ok, _ := lot.Wait(t.Context(), w); ok {
				*woken = append(*woken, i) // one at a time: a bubble is stepped by its test
			}
		}()
	}
	synctest.Wait()
	return woken
}

func TestLotWakesInTheOrderOfEntering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lot ring.Lot
		woken := park(t, &lot, 4)
		for i := range 4 {
			require.Equal(t, 4-i, lot.Parked())
			require.Len(t, *woken, i)
			require.True(t, lot.Wake(nil))
			synctest.Wait()
		}
		require.Equal(t, []int{0, 1, 2, 3}, *woken)
		require.False(t, lot.Wake(nil))
	})
}

func TestLotWaitTellsWhy(t *testing.T) {
	var lot ring.Lot
	w := lot.Enter()
	require.True(t, lot.Wake("reason"))
	why, woken, err := lot.Wait(context.Background(), w)
	require.NoError(t, err)
	require.True(t, woken)
	require.Equal(t, "reason", why)

	w = lot.Enter()
	lot.WakeOne()
	why, woken = lot.Leave(w)
	require.True(t, woken)
	require.Nil(t, why, "of the Wake before")
}

func TestLotWakeOneWaitsForTheArrivalOfTheOneBefore(t *testing.T) {
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	arrivals := map[string]func(*testing.T, *ring.Lot, *ring.Waiter){
		"Wait": func(t *testing.T, lot *ring.Lot, w *ring.Waiter) {
			_, woken, err := lot.Wait(context.Background(), w)
			require.True(t, woken)
			require.NoError(t, err)
		},
		"Leave": func(t *testing.T, lot *ring.Lot, w *ring.Waiter) {
			_, woken := lot.Leave(w)
			require.True(t, woken)
		},
		"canceled Wait": func(t *testing.T, lot *ring.Lot, w *ring.Waiter) {
			_, woken, _ := lot.Wait(canceled, w)
			require.True(t, woken)
		},
	}
	for name, arrive := range arrivals {
		t.Run(name, func(t *testing.T) {
			var lot ring.Lot
			waiters := []*ring.Waiter{lot.Enter(), lot.Enter(), lot.Enter(), lot.Enter()}
			lot.WakeOne()
			lot.WakeOne()
			require.Equal(t, 3, lot.Parked(), "the first has not arrived")
			require.True(t, lot.Wake(nil), "Wake does not ask who is on the way")
			require.Equal(t, 2, lot.Parked())

			arrive(t, &lot, waiters[1])
			lot.WakeOne()
			require.Equal(t, 2, lot.Parked(), "it was not WakeOne that took the second")
			arrive(t, &lot, waiters[0])
			lot.WakeOne()
			require.Equal(t, 1, lot.Parked())

			lot.WakeAll()
			require.Zero(t, lot.Parked())
			arrive(t, &lot, waiters[2])
			arrive(t, &lot, waiters[3])
		})
	}
}

func TestLotWakeAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lot ring.Lot
		lot.WakeAll()
		var count [3]bool
		for i := range count {
			w := lot.Enter()
			go func() { _, count[i], _ = lot.Wait(context.Background(), w) }()
		}
		lot.WakeOne()
		lot.WakeAll()
		synctest.Wait()
		require.Equal(t, [3]bool{true, true, true}, count)
	})
}

// A cancelled Wait that had been woken says so about every second time, because
// it may also choose the wake-up; and never says an error without telling.
func TestLotWaitReportsAWakeUpBesideAnError(t *testing.T) {
	var lot ring.Lot
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	for deadline := time.Now().Add(10 * time.Second); ; {
		w := lot.Enter()
		require.True(t, lot.Wake("reason"))
		why, woken, err := lot.Wait(canceled, w)
		require.True(t, woken)
		require.Equal(t, "reason", why)
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			return
		}
		require.True(t, time.Now().Before(deadline), "never chose the context")
	}
}

func TestLotWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lot ring.Lot
		const limit = time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		start := time.Now()
		first, second := lot.Enter(), lot.Enter()

		_, woken, err := lot.Wait(ctx, first)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.False(t, woken)
		require.Equal(t, limit, time.Since(start), "on fake time: it was durably blocked")

		_, woken, err = lot.Wait(ctx, second)
		require.ErrorIs(t, err, context.DeadlineExceeded, "done before it parked")
		require.False(t, woken)
		require.False(t, lot.Wake(nil))
	})
}

func TestLotBlocksDurably(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lot ring.Lot
		for _, ctx := range []context.Context{context.Background(), t.Context()} {
			w := lot.Enter()
			go lot.Wait(ctx, w)
		}
		synctest.Wait() // would not return
		require.Equal(t, 2, lot.Parked())
		lot.WakeAll()
	})
}

func TestLotUsesItsChannelsAgain(t *testing.T) {
	var lot ring.Lot
	background := context.Background()
	live, cancel := context.WithCancel(background)
	defer cancel()
	canceled, cancelNow := context.WithCancel(background)
	cancelNow()
	const n = 5
	var waiters [n]*ring.Waiter
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for i := range waiters {
			waiters[i] = lot.Enter()
		}
		lot.WakeOne()
		lot.Wake(nil)
		lot.Wake(nil)
		lot.Wait(live, waiters[0])
		lot.Wait(background, waiters[1])
		lot.Leave(waiters[2])
		lot.Leave(waiters[3])
		lot.Wait(canceled, waiters[4])
	}), "AllocsPerRun has run it once before it counts")
}
