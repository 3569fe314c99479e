// SPDX-License-Identifier: MIT

package trie_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/seedmq/mq/internal/trie"
)

const (
	million = 1_000_000
	spare   = million / 10 // prefixes that are not in the trie
	hot     = 1000         // topics that a busy publisher has in use
	tail    = "price=101.25"
)

type subscriber struct{ _ int } // not of size zero, so that two are not at one address

// prefix returns the i-th prefix, of million+spare. They come in no order: prime to the divisor, the factor leaves none out.
func prefix(i int) string { return fmt.Sprintf("feed.%07d.", i*7919%(million+spare)) }

// built is a trie with what building it has cost.
type built struct {
	trie.Trie[*subscriber]
	bytes float64 // of memory, for each prefix
	nanos float64 // for each prefix
}

// build returns a trie that holds the first n prefixes.
func build(n int) *built {
	prefixes := make([]string, n)
	for i := range prefixes {
		prefixes[i] = prefix(i)
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	tr, s := new(built), new(subscriber)
	before, start := heap(), time.Now()
	for _, p := range prefixes {
		tr.Add(p, s)
	}
	tr.nanos = float64(time.Since(start)) / float64(n)
	tr.bytes = float64(heap()-before) / float64(n)
	runtime.KeepAlive(prefixes)
	return tr
}

// theMillion is built once; each benchmark leaves it as it was.
var theMillion = sync.OnceValue(func() *built { return build(million) })

func trieOf(n int) *built {
	if n == million {
		return theMillion()
	}
	return build(n)
}

// BenchmarkMatch has a publisher that uses the same 1000 topics again and again, each with one subscription among many.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 10_000, million} {
		b.Run(fmt.Sprintf("subs=%d", n), func(b *testing.B) { benchmarkMatch(b, n, hot) })
	}
}

// BenchmarkMatchSpread has a topic for each subscription, all as frequent: each match meets nodes that have left the caches.
func BenchmarkMatchSpread(b *testing.B) {
	for _, n := range []int{10, 10_000, million} {
		b.Run(fmt.Sprintf("subs=%d", n), func(b *testing.B) { benchmarkMatch(b, n, million) })
	}
}

func benchmarkMatch(b *testing.B, n, count int) {
	tr := trieOf(n)
	size := len(prefix(0)) + len(tail)
	topics := make([]byte, 0, count*size) // side by side: reading them costs next to nothing
	for range count {
		topics = append(append(topics, prefix(rand.IntN(n))...), tail...)
	}
	b.ReportAllocs()
	i, visits := 0, 0
	for b.Loop() {
		for n, at, rest := tr.Start(topics[i*size : (i+1)*size]); n != nil; n, at, rest = n.Next(at, rest) {
			visits += len(n.Subs(at))
		}
		if i++; i == count {
			i = 0
		}
	}
	if visits != b.N {
		b.Fatalf("%d matches met %d subscribers", b.N, visits)
	}
}

// BenchmarkAdd adds prefixes to a trie of a million others, where mostly there is room for them. build-ns/prefix is what each of
// the million has cost on average, with the growth of the trie and its share of garbage collection.
func BenchmarkAdd(b *testing.B) {
	b.Run(fmt.Sprintf("subs=%d", million), func(b *testing.B) {
		tr := theMillion()
		s := new(subscriber)
		benchmarkSpare(b, func(p string) { tr.Add(p, s) }, func(p string) { tr.Remove(p, s) })
		b.ReportMetric(tr.bytes, "B/prefix")
		b.ReportMetric(tr.nanos, "build-ns/prefix")
	})
}

// BenchmarkRemove removes prefixes that a trie has beside a million others.
func BenchmarkRemove(b *testing.B) {
	b.Run(fmt.Sprintf("subs=%d", million), func(b *testing.B) {
		tr := theMillion()
		s := new(subscriber)
		for i := range spare {
			tr.Add(prefix(million+i), s)
		}
		benchmarkSpare(b, func(p string) { tr.Remove(p, s) }, func(p string) { tr.Add(p, s) })
		for i := range spare {
			tr.Remove(prefix(million+i), s)
		}
	})
}

// benchmarkSpare times do on one spare prefix after the other, and has undo put things back where it has been through them all.
func benchmarkSpare(b *testing.B, do, undo func(prefix string)) {
	var prefixes [spare]string
	for i := range prefixes {
		prefixes[i] = prefix(million + i)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == spare {
			b.StopTimer()
			for ; i > 0; i-- {
				undo(prefixes[i-1])
			}
			b.StartTimer()
		}
		do(prefixes[i])
		i++
	}
	for ; i > 0; i-- {
		undo(prefixes[i-1])
	}
}
