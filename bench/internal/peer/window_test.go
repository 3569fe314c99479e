// SPDX-License-Identifier: MIT

package peer

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestWindowBoundsAndGoesOn lets many producers and consumers through one window.
func TestWindowBoundsAndGoesOn(t *testing.T) {
	for _, capacity := range []int{Capacity, 67, 6} {
		t.Run(fmt.Sprint(capacity), func(t *testing.T) { boundsAndGoesOn(t, capacity) })
	}
}

func boundsAndGoesOn(t *testing.T, capacity int) {
	const producers, consumers, each = 16, 4, 5000
	w := newWindow(capacity)
	messages := make(chan struct{}, 10*Capacity) // more than the window lets through
	var most atomic.Int64
	var all sync.WaitGroup
	for range producers {
		all.Go(func() {
			for range each {
				if err := w.take(); err != nil {
					t.Error(err)
				}
				messages <- struct{}{}
				for n := int64(len(messages)); n > most.Load(); {
					most.Store(n)
				}
			}
		})
	}
	for range consumers {
		all.Go(func() {
			for range producers * each / consumers {
				<-messages
				w.give()
			}
		})
	}
	all.Wait()
	if bound := int64(capacity + producers*max(1, capacity/grains)); most.Load() > bound {
		t.Errorf("%d messages were under way, more than %d", most.Load(), bound)
	}
}

func TestQueuesOfLargeMessagesAreShorter(t *testing.T) {
	for size, want := range map[int]int{0: 1000, 1: 1000, 1000: 1000, 64_000: 1000, 100_000: 640, 1_000_000: 64, 10_000_000: 6, 1e9: 2} {
		if got := (Work{Size: size}).Queue(); got != want {
			t.Errorf("of %d bytes, %d may be in queues; want %d", size, got, want)
		}
	}
}

func TestWindowStops(t *testing.T) {
	w := newWindow(Capacity)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		for w.take() == nil {
		}
	})
	close(w.stop)
	waiting.Wait()
}

func TestNamesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range All() {
		info := c.Info()
		if info.Name == "" || seen[info.Name] {
			t.Errorf("the name %q is empty or taken", info.Name)
		}
		seen[info.Name] = true
		if info.About == "" && info.Missing == "" {
			t.Errorf("nothing is said about %s", info.Name)
		}
	}
}
