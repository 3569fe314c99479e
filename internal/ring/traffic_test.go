// SPDX-License-Identifier: MIT

package ring_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
)

// value says who pushed it, and how many that producer had pushed before.
type value struct{ producer, seq int }

// traffic is what went through one ring.
type traffic struct {
	pushed []int     // by producer: values that went in
	popped [][]value // by consumer: what came out, in order
	rest   []value   // what Seal returned
}

// requireConserved: every value came out once, and in order as far as one
// producer and one consumer can tell; what Seal returned came last.
func (tr *traffic) requireConserved(t *testing.T) {
	t.Helper()
	seen := make([][]bool, len(tr.pushed))
	for p, n := range tr.pushed {
		seen[p] = make([]bool, n)
	}
	newest := slices.Repeat([]int{-1}, len(tr.pushed)) // popped by anybody, by producer
	for c, log := range slices.Concat(tr.popped, [][]value{tr.rest}) {
		last := slices.Repeat([]int{-1}, len(tr.pushed))
		if c == len(tr.popped) {
			copy(last, newest)
		}
		for _, v := range log {
			switch {
			case v.producer >= len(seen) || v.seq >= len(seen[v.producer]):
				t.Fatalf("consumer %d: %+v was never pushed", c, v)
			case seen[v.producer][v.seq]:
				t.Fatalf("consumer %d: %+v came twice", c, v)
			case v.seq <= last[v.producer]:
				t.Fatalf("consumer %d: %+v came after number %d", c, v, last[v.producer])
			}
			seen[v.producer][v.seq] = true
			last[v.producer] = v.seq
			newest[v.producer] = max(newest[v.producer], v.seq)
		}
	}
	for p := range seen {
		if i := slices.Index(seen[p], false); i >= 0 {
			t.Fatalf("number %d of producer %d, which pushed %d, is lost", i, p, len(seen[p]))
		}
	}
}

// ending is how a ring ends in the middle of traffic.
type ending struct {
	name   string
	end    func(r *ring.Ring[value]) (rest []value)
	pushes []ring.Status // may answer these when no longer OK
	pops   []ring.Status
}

var endings = []ending{
	{"close", func(r *ring.Ring[value]) []value { r.Close(); return nil },
		[]ring.Status{ring.Closed}, []ring.Status{ring.Closed}},
	{"seal", (*ring.Ring[value]).Seal,
		[]ring.Status{ring.Moved}, []ring.Status{ring.Moved}},
	{"both", func(r *ring.Ring[value]) []value { r.Close(); return r.Seal() },
		[]ring.Status{ring.Closed, ring.Moved}, []ring.Status{ring.Closed, ring.Moved}},
}

func TestRingConservesWhatManyPushAndPop(t *testing.T) {
	for _, capacity := range []int{1, 2, 3, 7, 64} {
		for _, crowd := range []struct{ producers, consumers int }{{1, 1}, {4, 1}, {1, 4}, {3, 4}} {
			for _, e := range endings {
				name := fmt.Sprintf("capacity=%d/producers=%d/consumers=%d/end=%s",
					capacity, crowd.producers, crowd.consumers, e.name)
				t.Run(name, func(t *testing.T) {
					mustEnd(t)
					for laps := range uint64(scaled(20)) {
						r := ring.NewBeforeWrap[value](capacity, laps)
						conserve(t, r, crowd.producers, crowd.consumers, e)
					}
				})
			}
		}
	}
}

// conserve lets everybody push and pop until refused, and ends the ring at a
// random moment.
func conserve(t *testing.T, r *ring.Ring[value], producers, consumers int, e ending) {
	tr := traffic{pushed: make([]int, producers), popped: make([][]value, consumers)}
	pushEnds := make([]ring.Status, producers)
	popEnds := make([]ring.Status, consumers)
	bell := make(chan struct{}) // closed when it is time to end
	ringAt := rand.IntN(200)

	var all sync.WaitGroup
	for p := range producers {
		all.Go(func() {
			for status := ring.OK; status == ring.OK || status == ring.Full; {
				if p == 0 && tr.pushed[p] == ringAt && status == ring.OK {
					close(bell)
				}
				switch status = r.TryPush(value{p, tr.pushed[p]}); status {
				case ring.OK:
					tr.pushed[p]++
				case ring.Full:
					runtime.Gosched()
				}
				pushEnds[p] = status
			}
		})
	}
	for c := range consumers {
		all.Go(func() {
			for status := ring.OK; status == ring.OK || status == ring.Empty; {
				var v value
				switch v, status = r.TryPop(); status {
				case ring.OK:
					tr.popped[c] = append(tr.popped[c], v)
				case ring.Empty:
					runtime.Gosched()
				}
				popEnds[c] = status
			}
		})
	}
	<-bell
	tr.rest = e.end(r)
	all.Wait()

	require.Subset(t, e.pushes, pushEnds)
	require.Subset(t, e.pops, popEnds)
	tr.requireConserved(t)
	_, status := r.TryPop()
	require.Equal(t, e.pops[len(e.pops)-1], status)
	require.Equal(t, e.pushes[len(e.pushes)-1], r.TryPush(value{}))
	require.Empty(t, r.Seal())
}

// Nobody may hear Closed from a ring that was only sealed: that would end a
// socket whose values have moved to a larger ring. And who hears Moved hears
// nothing else any more.
func TestSealTakesEffectAtOnce(t *testing.T) {
	trySeal := func(r *ring.Ring[int]) ring.Status { r.Seal(); return ring.Moved }
	for _, other := range []struct {
		name  string
		try   func(*ring.Ring[int]) ring.Status
		after func(*ring.Ring[int]) ring.Status
	}{
		{"push", tryPush, tryPop},
		{"pop", tryPop, tryPush},
		{"seal", trySeal, tryPush},
	} {
		t.Run(other.name, func(t *testing.T) {
			mustEnd(t)
			for round := range scaled(500) {
				r := ring.New[int](1 + round%3)
				start := newMeeting(2)
				answers := make(chan ring.Status, 2)
				go func() {
					start.arrive()
					status := ring.OK
					for status != ring.Moved && status != ring.Closed {
						status = other.try(r)
						runtime.Gosched() // where there is one thread, the other needs it
					}
					answers <- status
					answers <- other.after(r)
				}()
				start.arrive()
				r.Seal()
				require.Equal(t, ring.Moved, <-answers)
				require.Equal(t, ring.Moved, <-answers)
			}
		})
	}
}

func TestLenStaysWithinTheCapacity(t *testing.T) {
	for _, capacity := range []int{1, 2} {
		r := ring.New[int](capacity)
		over := make(chan struct{})
		go func() {
			defer close(over)
			for range scaled(100000) {
				r.TryPush(0)
				r.TryPush(0)
				r.TryPop()
			}
		}()
		for running := true; running; {
			select {
			case <-over:
				running = false
			default:
				if n := r.Len(); n < 0 || n > capacity {
					require.Fail(t, "impossible", "Len is %d of %d", n, capacity)
				}
				runtime.Gosched() // where there is one thread, the other needs it
			}
		}
	}
}
