// SPDX-License-Identifier: MIT

package peer

import (
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestWindowBoundsAndGoesOn lets many producers and consumers through one window.
func TestWindowBoundsAndGoesOn(t *testing.T) {
	const producers, consumers, each = 16, 4, 5000
	w := newWindow()
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
	if bound := int64(Capacity + producers*grain); most.Load() > bound {
		t.Errorf("%d messages were under way, more than %d", most.Load(), bound)
	}
}

func TestWindowStops(t *testing.T) {
	w := newWindow()
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
