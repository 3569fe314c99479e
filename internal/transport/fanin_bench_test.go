// SPDX-License-Identifier: MIT

package transport_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
)

// cell is one cache line that goes to and fro between two goroutines.
type cell struct {
	full  atomic.Bool
	value uint64
	_     [48]byte
}

// wait returns once the cell is full, or once it is empty.
func (c *cell) wait(full bool) {
	for looks := 0; c.full.Load() != full; looks++ {
		if looks > 1000 {
			runtime.Gosched()
		}
	}
}

// BenchmarkFanInFloor is less than what any fan-in over a queue for each peer has to
// do: one cache line of each peer, without a queue, a turn, or a way to sleep, goes from
// the goroutine that fills it to the one that empties it. BenchmarkFanIn compares to it.
func BenchmarkFanInFloor(b *testing.B) {
	for _, peers := range []int{100, 1000} {
		b.Run(fmt.Sprintf("peers=%d", peers), func(b *testing.B) {
			cells := make([]cell, peers)
			go func() {
				for i := range b.N {
					c := &cells[i%peers]
					c.wait(false)
					c.value = uint64(i)
					c.full.Store(true)
				}
			}()
			for i := range b.N {
				c := &cells[i%peers]
				c.wait(true)
				if c.value != uint64(i) {
					b.Fatal("out of order")
				}
				c.full.Store(false)
			}
		})
	}
}
