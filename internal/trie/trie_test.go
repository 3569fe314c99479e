// SPDX-License-Identifier: MIT

package trie_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/trie"
)

// match calls visit for each prefix of topic that has subscribers.
func match[S comparable](tr *trie.Trie[S], topic []byte, visit func(size int, n *trie.Node[S], at uint64)) {
	for n, at, rest := tr.Start(topic); n != nil; n, at, rest = n.Next(at, rest) {
		if len(n.Subs(at)) > 0 {
			visit(len(topic)-len(rest)+n.SizeAt(at), n, at)
		}
	}
}

// matched returns the counts that a match of topic visits, summed by subscriber.
func matched(tr *trie.Trie[int], topic string) map[int]int {
	got := map[int]int{}
	match(tr, []byte(topic), func(_ int, n *trie.Node[int], at uint64) {
		for s, count := range n.Counts(at) {
			got[s] += count
		}
	})
	return got
}

func prefixes(tr *trie.Trie[int]) []string {
	var all []string
	for prefix := range tr.All() {
		all = append(all, prefix)
	}
	return all
}

func TestZeroValueIsEmpty(t *testing.T) {
	var tr trie.Trie[int]
	require.Zero(t, tr.Len())
	require.False(t, tr.Matches(nil))
	require.False(t, tr.Matches([]byte("A")))
	require.Empty(t, matched(&tr, "A"))
	require.Empty(t, prefixes(&tr))
	last, ok := tr.Remove("", 1)
	require.False(t, last)
	require.False(t, ok)
	require.NoError(t, tr.Check())
}

// A-PUB-11, A-PUB-16: a topic matches each prefix of its bytes, and "" is a prefix of every topic.
func TestMatchIsByteWisePrefix(t *testing.T) {
	var tr trie.Trie[int]
	for i, prefix := range []string{"", "A", "AB", "ABC", "B", "A\x00", "A\xff\x00", "\x00", "Ärger"} {
		require.True(t, tr.Add(prefix, i))
	}
	for topic, want := range map[string][]int{
		"": {0}, "A": {0, 1}, "AB": {0, 1, 2}, "AC": {0, 1}, "ABCD": {0, 1, 2, 3}, "a": {0}, "B-": {0, 4}, "A\x00B": {0, 1, 5},
		"A\xff": {0, 1}, "A\xff\x00": {0, 1, 6}, "\x00\x00": {0, 7}, "\xc3\x84rger!": {0, 8}, "\xc3": {0},
	} {
		var got []int
		match(&tr, []byte(topic), func(_ int, n *trie.Node[int], at uint64) {
			require.Len(t, n.Subs(at), 1)
			require.Equal(t, map[int]int{n.Subs(at)[0]: 1}, n.Counts(at))
			got = append(got, n.Subs(at)[0])
		})
		require.Equal(t, want, got, "topic %q, shortest prefix first", topic)
		require.True(t, tr.Matches([]byte(topic)))
	}
	require.NoError(t, tr.Check())
}

// A-SUB-13, D-XPB-14: subscriptions count, for each subscriber and prefix apart.
func TestSubscriptionsCount(t *testing.T) {
	var tr trie.Trie[int]
	for n := range 3 {
		require.Equal(t, n == 0, tr.Add("A", 1))
	}
	require.True(t, tr.Add("A", 2))
	require.Equal(t, 2, tr.Len())
	require.Equal(t, map[int]int{1: 3, 2: 1}, matched(&tr, "A"))
	for n := range 3 {
		last, ok := tr.Remove("A", 1)
		require.True(t, ok)
		require.Equal(t, n == 2, last)
	}
	require.Equal(t, map[int]int{2: 1}, matched(&tr, "A"))
	require.Equal(t, 1, tr.Len())
}

func TestRemoveOfUnknownChangesNothing(t *testing.T) {
	var tr trie.Trie[int]
	tr.Add("topic.one", 1)
	tr.Add("topic.two", 1)
	tr.Add("topic.two", 2)
	for _, prefix := range []string{"", "t", "topic.", "topic.o", "topic.one.", "topic.x", "tropic", "topic.tw\x00"} {
		last, ok := tr.Remove(prefix, 1)
		require.False(t, last || ok, "prefix %q", prefix)
	}
	for prefix, sub := range map[string]int{"topic.one": 2, "topic.two": 3} {
		last, ok := tr.Remove(prefix, sub)
		require.False(t, last || ok, "prefix %q", prefix)
	}
	require.Equal(t, 3, tr.Len())
	require.Equal(t, []string{"topic.one", "topic.two", "topic.two"}, prefixes(&tr))
	require.NoError(t, tr.Check())
}

// A-SUB-14: beside "", "A" makes no difference; without "", it is there.
func TestEmptyPrefixHidesNoOther(t *testing.T) {
	var tr trie.Trie[int]
	tr.Add("A", 1)
	tr.Add("", 1)
	require.True(t, tr.Matches([]byte("B")))
	require.True(t, tr.Matches(nil))
	last, ok := tr.Remove("", 1)
	require.True(t, last && ok)
	require.False(t, tr.Matches([]byte("B")))
	require.False(t, tr.Matches(nil))
	require.True(t, tr.Matches([]byte("AB")))
}

// D-XPB-17: the length of a prefix is not bounded.
func TestLongPrefixes(t *testing.T) {
	var tr trie.Trie[int]
	sizes := []int{254, 255, 256, 257, 1000, 10_000}
	whole := strings.Repeat("0123456789", 1001)
	for i, size := range sizes {
		require.True(t, tr.Add(whole[:size], i))
		require.True(t, tr.Add(whole[:size-1]+"x", -i))
		require.NoError(t, tr.Check())
	}
	require.Len(t, matched(&tr, whole), len(sizes))
	for i, size := range sizes {
		require.Len(t, matched(&tr, whole[:size]), i+1)
		require.Len(t, matched(&tr, whole[:size-1]), i)
	}
	require.Len(t, prefixes(&tr), 2*len(sizes))
	for i, size := range sizes {
		last, ok := tr.Remove(whole[:size], i)
		require.True(t, last && ok)
		require.NoError(t, tr.Check())
	}
	require.Empty(t, matched(&tr, whole))
	require.True(t, tr.Matches([]byte(whole[:9999]+"xyz")))
}

// A chain as deep as it is long: every prefix of one string.
func TestDeepChain(t *testing.T) {
	const depth = 3000
	var tr trie.Trie[int]
	whole := strings.Repeat("a", depth)
	for i := range depth {
		tr.Add(whole[:depth-i], i)
	}
	require.NoError(t, tr.Check())
	require.Len(t, matched(&tr, whole), depth)
	require.Len(t, prefixes(&tr), depth)
	for i := range depth {
		last, ok := tr.Remove(whole[:i+1], depth-i-1)
		require.True(t, last && ok)
	}
	require.NoError(t, tr.Check())
	require.Zero(t, tr.Room())
}

// A-PUB-11: a node takes every byte as a key, and gives up any of them.
func TestEveryByteIsAKey(t *testing.T) {
	var tr trie.Trie[int]
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, c := range rnd.Perm(256) {
		require.True(t, tr.Add(string([]byte{'k', byte(c), 'z'}), c))
		require.NoError(t, tr.Check())
	}
	for left, c := range rnd.Perm(256) {
		topic := string([]byte{'k', byte(c), 'z', 'z'})
		require.Equal(t, map[int]int{c: 1}, matched(&tr, topic))
		last, ok := tr.Remove(topic[:3], c)
		require.True(t, last && ok)
		require.Empty(t, matched(&tr, topic))
		require.Equal(t, 255-left, tr.Len())
		require.NoError(t, tr.Check())
	}
	require.Zero(t, tr.Room())
}

// Prefixes that part late, or are prefixes of each other, make nodes rather than a bucket that a match would have to search.
func TestBucketsAreBounded(t *testing.T) {
	for name, suffix := range map[string]func(i int) string{
		"same beginning": func(i int) string { return fmt.Sprintf("12345678%04d", i) },
		"short beside":   func(i int) string { return "abc"[:1+i%3] + fmt.Sprint(i) },
		"chain":          func(i int) string { return strings.Repeat("c", i) },
		"every byte":     func(i int) string { return string([]byte{byte(i), byte(i >> 8)}) },
		"long tails":     func(i int) string { return fmt.Sprint(i%10, strings.Repeat("-", 20+i%7), i) },
	} {
		t.Run(name, func(t *testing.T) {
			const n = 1000
			var tr trie.Trie[int]
			for _, i := range rand.Perm(n) {
				require.True(t, tr.Add(suffix(i), i))
				require.True(t, i%3 > 0 || tr.Add(suffix(i), -i-1))
				if i%10 == 0 {
					require.NoError(t, tr.Check())
				}
			}
			for i := range n {
				require.Contains(t, matched(&tr, suffix(i)), i)
			}
			for _, i := range rand.Perm(n) {
				_, ok := tr.Remove(suffix(i), i)
				require.True(t, ok)
				_, ok = tr.Remove(suffix(i), -i-1)
				require.Equal(t, i%3 == 0, ok)
				if i%10 == 0 {
					require.NoError(t, tr.Check())
				}
			}
			require.Zero(t, tr.Room())
		})
	}
}

func TestAllIsInByteOrder(t *testing.T) {
	var tr trie.Trie[int]
	want := []string{"", "\x00", "A", "A", "A\x00\xff", "AAAAAAAAAAAAAAAA", "AB", "Z", "a", "\x80", "\xff", "\xff\xff"}
	for i, at := range rand.Perm(len(want)) {
		tr.Add(want[at], i)
		tr.Add(want[at], i) // its count does not show
	}
	require.Equal(t, want, prefixes(&tr))
	n := 0
	for range tr.All() {
		if n++; n == 3 { // between the two subscribers of "A"
			break
		}
	}
	require.Equal(t, 3, n)
}

// Were Add or Remove to look at each subscriber of the prefix, this test would take minutes.
func TestManySubscribersOfOnePrefix(t *testing.T) {
	const subs = 50_000
	var tr trie.Trie[int]
	for s := range subs {
		require.True(t, tr.Add("A", s) && !tr.Add("A", s))
	}
	require.NoError(t, tr.Check())
	require.Equal(t, subs, tr.Len())
	require.Len(t, matched(&tr, "AB"), subs)
	for i, s := range rand.Perm(subs) {
		last, ok := tr.Remove("A", s)
		require.True(t, !last && ok)
		last, ok = tr.Remove("A", s)
		require.True(t, last && ok)
		if left := subs - i - 1; left%10_000 == 0 || left < 40 {
			require.NoError(t, tr.Check())
			require.LessOrEqual(t, tr.Room(), 4*left+2)
		}
	}
	require.Zero(t, tr.Room())
}

func TestMemoryReturns(t *testing.T) {
	const n = 20_000
	key := func(i int) string { return fmt.Sprintf("memory.%d.with-a-long-label.%d", i%1000, i) }
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	var tr trie.Trie[int]
	before := heap()
	for i := range n {
		tr.Add(key(i), i)
	}
	full, room := heap(), tr.Room()
	require.Greater(t, full-before, 20*n, "the measure must see the trie")
	for i, k := range rand.Perm(n) {
		last, ok := tr.Remove(key(k), k)
		require.True(t, last && ok)
		if i == n*9/10 {
			require.NoError(t, tr.Check())
			require.Less(t, tr.Room(), room/4)
		}
	}
	require.Zero(t, tr.Room())
	require.Less(t, heap()-before, (full-before)/10)
	runtime.KeepAlive(&tr)
}

func TestMatchAllocatesNothing(t *testing.T) {
	var tr trie.Trie[int]
	for _, prefix := range []string{"", "a", "ab", "ab\xff", "abcdefghijklmnopqrstuvwxyz"} {
		for s := range 20 {
			tr.Add(prefix, s)
		}
	}
	tr.Add("abc", 1)
	tr.Add("abcdefghijklmnopqrstuvwxyz"+strings.Repeat("0", 100), 2)
	topic, n := []byte("abcdefghijklmnopqrstuvwxyz"+strings.Repeat("0", 200)), 0
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for node, at, rest := tr.Start(topic); node != nil; node, at, rest = node.Next(at, rest) {
			n += len(node.Subs(at))
		}
	}))
	require.Equal(t, 101*(4*20+2), n)
	require.Zero(t, testing.AllocsPerRun(100, func() { tr.Matches(topic) }))
}

// The race detector sees a Match that writes.
func TestMatchesRunSideBySide(t *testing.T) {
	var tr trie.Trie[int]
	for i := range 1000 {
		tr.Add(fmt.Sprint(i), i%7)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 1000 {
				topic := []byte(fmt.Sprint(i))
				visits := 0
				match(&tr, topic, func(int, *trie.Node[int], uint64) { visits++ })
				if visits != len(topic) || !tr.Matches(topic) {
					t.Errorf("topic %q: %d visits", topic, visits)
				}
			}
			for range tr.All() {
			}
		})
	}
	wg.Wait()
}

func TestRemoveLetsTheSubscriberGo(t *testing.T) {
	type subscriber struct{ name *string }
	var tr trie.Trie[*subscriber]
	for range 5 {
		tr.Add("ac", &subscriber{new(string)})
	}
	s := &subscriber{new(string)}
	gone := weak.Make(s)
	for _, prefix := range []string{"ab", "ac", "ac-and-a-long-label", "a"} {
		tr.Add(prefix, s)
	}
	for _, prefix := range []string{"a", "ab", "ac", "ac-and-a-long-label"} {
		last, ok := tr.Remove(prefix, s)
		require.True(t, last && ok)
	}
	runtime.GC()
	require.Nil(t, gone.Value())
	require.Equal(t, 5, tr.Len())
}
