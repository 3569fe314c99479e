// SPDX-License-Identifier: MIT

package trie

import "slices"

// scanMax is the number of subscribers up to which a set is searched from end to end, and has no index.
const scanMax = 16

// set is the subscribers of one prefix, in no order, if they are several or one has several subscriptions. Adding and removing cost
// the same for two and for a million (amortized).
type set[S comparable] struct {
	subs   []S
	counts []int     // of subscriptions that stand, for each of subs
	index  map[S]int // place in subs; nil while they are few
}

// plus makes one more subscription of s to a prefix whose subscribers are alone, once, or what several points to if it is not nil.
// It reports whether it is the first one of s.
func plus[S comparable](alone *S, several **set[S], s S) (first bool) {
	if *several == nil {
		*several = &set[S]{subs: []S{*alone}, counts: []int{1}}
		*alone = *new(S)
	}
	return (*several).add(s)
}

// minus takes one subscription of s away, in the terms of plus; the results are those of Trie.Remove. If there is no set, and s
// is last, it is for the caller to forget alone.
func minus[S comparable](alone *S, several **set[S], s S) (last, ok bool) {
	x := *several
	if x == nil {
		return *alone == s, *alone == s
	}
	last, ok = x.remove(s)
	if len(x.subs) == 1 && x.counts[0] == 1 {
		*alone, *several = x.subs[0], nil
	}
	return last, ok
}

func (x *set[S]) find(s S) (i int, found bool) {
	if x.index != nil {
		i, found = x.index[s]
		return i, found
	}
	i = slices.Index(x.subs, s)
	return i, i >= 0
}

func (x *set[S]) add(s S) (first bool) {
	if i, found := x.find(s); found {
		x.counts[i]++
		return false
	}
	x.subs = append(x.subs, s)
	x.counts = append(x.counts, 1)
	if x.index != nil {
		x.index[s] = len(x.subs) - 1
	} else if len(x.subs) > scanMax {
		x.reindex()
	}
	return true
}

func (x *set[S]) remove(s S) (last, ok bool) {
	i, found := x.find(s)
	if !found {
		return false, false
	}
	if x.counts[i]--; x.counts[i] > 0 {
		return false, true
	}
	end := len(x.subs) - 1
	if x.index != nil {
		x.index[x.subs[end]] = i
		delete(x.index, s)
	}
	x.subs[i], x.counts[i] = x.subs[end], x.counts[end]
	x.subs[end] = *new(S)
	x.subs, x.counts = x.subs[:end], x.counts[:end]
	if end <= cap(x.subs)/4 {
		x.shrink()
	}
	return true, true
}

// shrink moves the set to memory of twice its size: a map does not give any back by itself.
func (x *set[S]) shrink() {
	x.subs = append(make([]S, 0, 2*len(x.subs)), x.subs...)
	x.counts = append(make([]int, 0, 2*len(x.counts)), x.counts...)
	if x.index == nil {
		return
	}
	x.index = nil
	if len(x.subs) > scanMax/2 {
		x.reindex()
	}
}

func (x *set[S]) reindex() {
	x.index = make(map[S]int, cap(x.subs))
	for i, s := range x.subs {
		x.index[s] = i
	}
}
