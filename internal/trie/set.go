// SPDX-License-Identifier: MIT

package trie

import "slices"

// scanMax is the number of entries up to which a set is searched from end to end, and has no index.
const scanMax = 16

// set is the subscribers of one prefix, in no order. Adding and removing cost the same for two and for a million (amortized).
type set[S comparable] struct {
	entries []Entry[S]
	index   map[S]int // place in entries; nil while they are few
}

func (x *set[S]) find(s S) (i int, found bool) {
	if x.index != nil {
		i, found = x.index[s]
		return i, found
	}
	i = slices.IndexFunc(x.entries, func(e Entry[S]) bool { return e.Sub == s })
	return i, i >= 0
}

func (x *set[S]) add(s S) (first bool) {
	if i, found := x.find(s); found {
		x.entries[i].Count++
		return false
	}
	x.put(Entry[S]{Sub: s, Count: 1})
	return true
}

// put takes in e, whose subscriber the set does not hold.
func (x *set[S]) put(e Entry[S]) {
	x.entries = append(x.entries, e)
	if x.index != nil {
		x.index[e.Sub] = len(x.entries) - 1
	} else if len(x.entries) > scanMax {
		x.reindex()
	}
}

func (x *set[S]) remove(s S) (last, ok bool) {
	i, found := x.find(s)
	if !found {
		return false, false
	}
	if x.entries[i].Count--; x.entries[i].Count > 0 {
		return false, true
	}
	end := len(x.entries) - 1
	if x.index != nil {
		x.index[x.entries[end].Sub] = i
		delete(x.index, s)
	}
	x.entries[i] = x.entries[end]
	x.entries[end] = Entry[S]{}
	x.entries = x.entries[:end]
	if end <= cap(x.entries)/4 {
		x.shrink()
	}
	return true, true
}

// shrink moves the set to memory of twice its size: a map does not give any back by itself.
func (x *set[S]) shrink() {
	x.entries = append(make([]Entry[S], 0, 2*len(x.entries)), x.entries...)
	if x.index == nil {
		return
	}
	x.index = nil
	if len(x.entries) > scanMax/2 {
		x.reindex()
	}
}

func (x *set[S]) reindex() {
	x.index = make(map[S]int, cap(x.entries))
	for i := range x.entries {
		x.index[x.entries[i].Sub] = i
	}
}
