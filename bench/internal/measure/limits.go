// SPDX-License-Identifier: MIT

package measure

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Limits are what no way of passing messages can be better than, looked at again
// and again while a run lasts: a shared machine is not the same all the time.
type Limits struct {
	// Together is how many times as much two goroutines that only compute get done as
	// one alone: 2 if each has a processor of its own, 1 if they share one.
	Together []float64
	// Line is how many nanoseconds it takes until a cache line that one goroutine
	// wrote was read and written by another and has come back.
	Line []float64
}

// look adds one look. With a single processor there is nothing to see.
func (l *Limits) look() {
	if runtime.GOMAXPROCS(0) < 2 {
		return
	}
	const steps, trips = 5_000_000, 50_000
	one := timed(func() { compute(steps) })
	two := timed(func() { both(func() { compute(steps) }, func() { compute(steps) }) })
	line := timed(func() { pingPong(trips) })
	l.Together = append(l.Together, 2*one/two)
	l.Line = append(l.Line, line/trips)
}

func timed(f func()) float64 {
	start := time.Now()
	f()
	return float64(time.Since(start))
}

func both(f, g func()) {
	var all sync.WaitGroup
	all.Go(f)
	all.Go(g)
	all.Wait()
}

// computed keeps the compiler from leaving the work out.
var computed atomic.Uint64

// compute keeps several units of a processor busy, and no memory.
func compute(steps int) {
	a, b, c, d, e, f := uint64(1), uint64(2), uint64(3), uint64(4), uint64(5), uint64(6)
	for range steps {
		a += b ^ 3
		b += c ^ 5
		c += d ^ 7
		d += e ^ 9
		e += f ^ 1
		f += a ^ 2
	}
	computed.Add(a + b + c + d + e + f)
}

// pingPong sends a number to and fro between two goroutines, through one word.
func pingPong(trips uint64) {
	var word atomic.Uint64
	await := func(n uint64) {
		for tries := 0; word.Load() != n; tries++ {
			if tries > 10_000 {
				runtime.Gosched() // the other one does not run
			}
		}
	}
	both(func() {
		for i := range trips {
			word.Store(2*i + 1)
			await(2*i + 2)
		}
	}, func() {
		for i := range trips {
			await(2*i + 1)
			word.Store(2*i + 2)
		}
	})
}
