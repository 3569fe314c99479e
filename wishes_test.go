// SPDX-License-Identifier: MIT

package mq_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// wishing does random things to the wishes of an XPUB, and knows what is true.
type wishing struct {
	t      *testing.T
	random *rand.Rand
	queue  *mq.Wishes

	limit   int
	verbose bool           // all subscriptions are added, and not the first alone
	wanted  map[string]int // how many peers want each prefix

	added, taken []string
	kept         int             // how many of added were at their place when the rest of taken came
	told         map[string]bool // what the reader believes
	crowded      bool            // something came when limit waited: perhaps not all of added is there
}

// wish has a peer want something, or not want it any more.
func (w *wishing) wish() {
	prefix := string(rune('a' + w.random.IntN(wishTopics)))
	before := w.wanted[prefix]
	on := before == 0 || before < 3 && w.random.IntN(2) == 0
	turn := on && before == 0 || !on && before == 1
	if on {
		w.wanted[prefix]++
	} else if w.wanted[prefix]--; before == 1 {
		delete(w.wanted, prefix)
	}
	if !turn && !(on && w.verbose) {
		return
	}
	waiting, _ := w.queue.Len()
	w.crowded = w.crowded || waiting >= w.limit
	w.queue.Add(prefix, on, turn)
	w.added = append(w.added, wishText(prefix, on))
	waiting, topics := w.queue.Len()
	require.LessOrEqual(w.t, waiting, w.limit+wishTopics)
	require.LessOrEqual(w.t, topics, min(waiting, wishTopics))
}

const wishTopics = 4

func wishText(prefix string, on bool) string {
	if on {
		return "\x01" + prefix
	}
	return "\x00" + prefix
}

// take has the reader receive one, which must have been added after the one before, and
// must make sense.
func (w *wishing) take() bool {
	before, _ := w.queue.Len()
	m, ok := w.queue.Take()
	after, topics := w.queue.Len()
	if !ok {
		require.Equal(w.t, []int{0, 0, 0}, []int{before, after, topics})
		return false
	}
	require.Equal(w.t, before-1, after)
	text, prefix := string(m.Data), string(m.Data[1:])
	w.taken = append(w.taken, text)
	for w.kept < len(w.added) && w.added[w.kept] != text {
		w.kept++
	}
	require.Less(w.t, w.kept, len(w.added), "%q was never added, or before the one before", text)
	w.kept++
	on := m.Data[0] == 1
	if !w.verbose || !on {
		require.Equal(w.t, !on, w.told[prefix], "%q does not take turns", w.taken)
	}
	w.told[prefix] = on
	return true
}

// check takes what is left, and wants the reader to believe what is true.
func (w *wishing) check() {
	w.t.Helper()
	for w.take() {
	}
	for prefix, on := range w.told {
		require.Equal(w.t, on, w.wanted[prefix] > 0, "told that %q is wanted: %v", prefix, on)
	}
	for prefix := range w.wanted {
		require.True(w.t, w.told[prefix], "told nothing of %q", prefix)
	}
	if !w.crowded {
		require.Equal(w.t, w.added, w.taken)
	}
}

// TestWishes adds and takes at random: as long as there is room, all that was added comes,
// in its order. Beyond that some of it does, and the reader is told right in the end.
func TestWishes(t *testing.T) {
	for _, limit := range []int{1, 2, 5, 20, 1 << 20} {
		for _, verbose := range []bool{false, true} {
			t.Run(fmt.Sprintf("limit=%d/verbose=%v", limit, verbose), func(t *testing.T) {
				crowded := false
				for n := 0; n < rounds(50) || limit <= 20 && !crowded && n < 10_000; n++ {
					crowded = tryWishes(t, limit, verbose, rand.Uint64()) || crowded
				}
				require.Equal(t, limit <= 20, crowded)
			})
		}
	}
}

// tryWishes reports whether there was too little room.
func tryWishes(t *testing.T, limit int, verbose bool, seed uint64) bool {
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	w := &wishing{
		t: t, random: rand.New(rand.NewPCG(seed, 0)), queue: mq.NewWishes(limit),
		limit: limit, verbose: verbose, wanted: map[string]int{}, told: map[string]bool{},
	}
	for range 4 {
		slow := 1 + w.random.IntN(20) // the reader takes one for so many that come
		for range w.random.IntN(100) {
			if w.random.IntN(slow+1) == 0 {
				w.take()
			} else {
				w.wish()
			}
		}
		w.check()
	}
	return w.crowded
}
