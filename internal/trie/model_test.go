// SPDX-License-Identifier: MIT

package trie_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/trie"
)

// model is what a trie must behave as: the counts of each subscriber of each prefix.
type model map[string]map[int]int

func (m model) add(prefix string, s int) (first bool) {
	if m[prefix] == nil {
		m[prefix] = map[int]int{}
	}
	m[prefix][s]++
	return m[prefix][s] == 1
}

func (m model) remove(prefix string, s int) (last, ok bool) {
	if m[prefix][s] == 0 {
		return false, false
	}
	if m[prefix][s]--; m[prefix][s] > 0 {
		return false, true
	}
	if delete(m[prefix], s); len(m[prefix]) == 0 {
		delete(m, prefix)
	}
	return true, true
}

func (m model) match(topic string) []string {
	var visits []string
	for prefix, subs := range m {
		if strings.HasPrefix(topic, prefix) {
			visits = append(visits, fmt.Sprintf("%4d %v", len(prefix), subs))
		}
	}
	slices.Sort(visits)
	return visits
}

func (m model) couples() []string {
	var all []string
	for _, prefix := range slices.Sorted(maps.Keys(m)) {
		for _, s := range slices.Sorted(maps.Keys(m[prefix])) {
			all = append(all, fmt.Sprintf("%q %d", prefix, s))
		}
	}
	return all
}

// compareMatch holds the match of one topic against the model.
func compareMatch(t require.TestingT, tr *trie.Trie[int], m model, topic string) {
	var got []string
	want := m.match(topic)
	match(tr, []byte(topic), func(size int, n *trie.Node[int], at uint64) {
		got = append(got, fmt.Sprintf("%4d %v", size, n.Counts(at)))
	})
	require.Equal(t, want, got, "topic %q", topic)
	require.Equal(t, len(want) > 0, tr.Matches([]byte(topic)), "topic %q", topic)
}

// compareAll holds everything else against the model.
func compareAll(t require.TestingT, tr *trie.Trie[int], m model) {
	var got []string
	var last string
	var subs []int
	flush := func() {
		slices.Sort(subs)
		for _, s := range subs {
			got = append(got, fmt.Sprintf("%q %d", last, s))
		}
		subs = nil
	}
	for prefix, s := range tr.All() {
		if prefix != last {
			flush()
		}
		last, subs = prefix, append(subs, s)
	}
	flush()
	require.Equal(t, m.couples(), got)
	require.Equal(t, len(got), tr.Len())
	require.NoError(t, tr.Check())
}

// An alphabet is what prefixes are made of: few letters, so that they share beginnings, part and join again; some of several bytes,
// so that labels outgrow a node; some far apart, so that keys do.
var alphabets = map[string][]string{
	"two letters": {"a", "b"},
	"far apart":   {"\x00", "\x3f", "\x40", "\x7f", "\x80", "\xff"},
	"long labels": {"a", "abcdef", "abcdefg", "abcdefgh", "abcdefgh12345678", "b", "\xee"},
	"any byte":    strings.Split("\x00\x01\x20\x2e\x30\x31\x39\x41\x5a\x61\x62\x63\x7a\x9f\xa0\xc3\xfe", ""),
}

func word(rnd *rand.Rand, letters []string) string {
	var b strings.Builder
	for range rnd.IntN(7) {
		b.WriteString(letters[rnd.IntN(len(letters))])
	}
	return b.String()
}

// A-PUB-11, A-PUB-16, A-SUB-13, A-SUB-14, D-XPB-14: random histories give what a map of counts gives.
func TestTrieIsAMapOfCounts(t *testing.T) {
	for name, letters := range alphabets {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(200) {
				rnd := rand.New(rand.NewPCG(seed, 0))
				var tr trie.Trie[int]
				m := model{}
				subs := 1 + rnd.IntN(3)
				if seed%10 == 0 {
					subs = 40 // so that sets get an index
				}
				known := []string{""}
				for op := range 60 {
					prefix, s := word(rnd, letters), rnd.IntN(subs)
					if rnd.IntN(3) > 0 { // else removals would seldom hit
						prefix = known[rnd.IntN(len(known))]
					}
					if rnd.IntN(5) < 2+op/30 {
						wantLast, wantOK := m.remove(prefix, s)
						last, ok := tr.Remove(prefix, s)
						require.Equal(t, []bool{wantLast, wantOK}, []bool{last, ok}, "seed %d: remove %q", seed, prefix)
					} else {
						known = append(known, prefix)
						require.Equal(t, m.add(prefix, s), tr.Add(prefix, s), "seed %d: add %q", seed, prefix)
					}
					require.NoError(t, tr.Check(), "seed %d", seed)
					compareMatch(t, &tr, m, prefix+word(rnd, letters))
				}
				compareAll(t, &tr, m)
			}
		})
	}
}

// A-PUB-11, A-PUB-16: the same for histories so long that buckets burst, and children become small again.
func TestBucketsBurstAndFold(t *testing.T) {
	for name, letters := range alphabets {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(10) {
				rnd := rand.New(rand.NewPCG(seed, 1))
				var tr trie.Trie[int]
				m := model{}
				var known []string
				grow := true
				for op := range 6000 {
					if op%1500 == 0 {
						grow = op%3000 == 0
					}
					if s := rnd.IntN(2); grow == (rnd.IntN(5) > 0) || len(known) == 0 {
						prefix := word(rnd, letters) + word(rnd, letters)
						known = append(known, prefix)
						require.Equal(t, m.add(prefix, s), tr.Add(prefix, s), "seed %d: add %q", seed, prefix)
					} else {
						prefix := known[rnd.IntN(len(known))]
						wantLast, wantOK := m.remove(prefix, s)
						last, ok := tr.Remove(prefix, s)
						require.Equal(t, []bool{wantLast, wantOK}, []bool{last, ok}, "seed %d: remove %q", seed, prefix)
					}
					if op%100 == 0 {
						require.NoError(t, tr.Check(), "seed %d, op %d", seed, op)
						compareMatch(t, &tr, m, word(rnd, letters)+word(rnd, letters))
					}
				}
				compareAll(t, &tr, m)
				for _, prefix := range known {
					compareMatch(t, &tr, m, prefix)
				}
				for prefix, subs := range m {
					for s, count := range subs {
						for range count {
							tr.Remove(prefix, s)
						}
					}
				}
				require.NoError(t, tr.Check())
				require.Zero(t, tr.Room())
			}
		})
	}
}

// FuzzTrie runs its input as a program: an instruction is a byte (1 bit add or remove, 2 bits subscriber, 5 bits length) and a
// prefix of so many bytes. With length 31 it is for a family: a prefix of one byte before each of the numbers that the next byte
// counts, so that a short input makes buckets burst. Run it with -fuzzminimizetime=20x: maps of the model make coverage differ from run to run, and the
// fuzzer would spend its time on that.
func FuzzTrie(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("\x01a\x02ab\x03abc\x83abc\x02ax\x82ab\x81a"))
	f.Add([]byte("\x0aabcdefghij\x0aabcdefghiX\x08abcdefgh\x8aabcdefghij\x8aabcdefghiX"))
	f.Add([]byte("\x00\x20\x40\x01\x00\x01\x3f\x01\x40\x01\xff\x81\xff\x81\x00\x80\xa0"))
	f.Add([]byte("\x1fa\xff\x3fa\x80\x1f1\xff\x9fa\xf0\x02a1\x9f1\xff\xbfa\x80"))
	f.Fuzz(func(t *testing.T, program []byte) {
		program = program[:min(len(program), 1000)] // each instruction checks everything
		var tr trie.Trie[int]
		m := model{}
		for len(program) > 0 {
			op := program[0]
			size := min(int(op&31), len(program)-1)
			prefix, s := string(program[1:1+size]), int(op>>5&3)
			do := func(prefix string) {
				if op < 128 {
					require.Equal(t, m.add(prefix, s), tr.Add(prefix, s))
					return
				}
				wantLast, wantOK := m.remove(prefix, s)
				last, ok := tr.Remove(prefix, s)
				require.Equal(t, []bool{wantLast, wantOK}, []bool{last, ok})
			}
			if op&31 == 31 && size >= 2 {
				prefix, size = prefix[:1], 2
				for i := range int(program[2]) {
					do(fmt.Sprint(prefix, i))
				}
			} else {
				do(prefix)
			}
			program = program[1+size:]
			require.NoError(t, tr.Check())
			compareMatch(t, &tr, m, prefix+string(program))
		}
		compareAll(t, &tr, m)
	})
}
