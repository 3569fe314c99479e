// SPDX-License-Identifier: MIT

package trie

import (
	"errors"
	"fmt"
	"math/bits"
)

// Check returns what is wrong with the shape of the trie, or nil.
func (t *Trie[S]) Check() error {
	if t.root.size != 0 {
		return errors.New("the root has a label")
	}
	couples := 0
	var w walk[S]
	w.enter(&t.root)
	for n, at := &t.root, uint64(0); n != nil; n, at = w.next() {
		couples += len(n.Subs(at))
		if err := checkSubs(n, at); err != nil {
			return fmt.Errorf("%q: %w", w.path, err)
		}
		if at > 0 {
			continue
		}
		if n != &t.root && !n.own && len(n.recs) == 0 && len(n.kids) < 2 {
			return fmt.Errorf("%q: nothing but %d children", w.path, len(n.kids))
		}
		if err := errors.Join(n.checkKeys(), n.checkMore(), n.checkBucket(), n.checkExtras()); err != nil {
			return fmt.Errorf("%q: %w", w.path, err)
		}
	}
	if couples != t.len {
		return fmt.Errorf("len is %d with %d couples", t.len, couples)
	}
	return nil
}

func (n *Node[S]) checkKeys() error {
	var keys []int
	for c := n.nextKey(0); c < 256; c = n.nextKey(c + 1) {
		if i, found := n.index(byte(c)); !found || i != len(keys) {
			return fmt.Errorf("key %d, number %d, is found: %t, at %d", c, len(keys), found, i)
		}
		keys = append(keys, c)
	}
	k := len(keys)
	isWide := n.more != nil && n.more.wide != nil
	if isWide != n.isWide {
		return errors.New("isWide is wrong")
	}
	switch {
	case k != len(n.kids):
		return fmt.Errorf("%d keys, %d children", k, len(n.kids))
	case k == 0 && (n.keys != 0 || n.kids != nil || isWide):
		return errors.New("no key, but memory for some")
	case k > 0 && isWide != (keys[k-1]-keys[0] >= 64):
		return fmt.Errorf("wide: %t, with keys from %d to %d", isWide, keys[0], keys[k-1])
	case k > 0 && !isWide && (n.keys&1 == 0 || int(n.lowest) != keys[0] || bits.OnesCount64(n.keys) != k):
		return fmt.Errorf("keys %x from %d, want %d from %d", n.keys, n.lowest, k, keys[0])
	case isWide && n.keys != 0:
		return errors.New("keys in the node and outside")
	case cap(n.kids) > 2*k+2:
		return fmt.Errorf("room for %d children, used by %d", cap(n.kids), k)
	}
	return nil
}

// checkBucket looks at the records: their order, their groups, and the bounds.
func (n *Node[S]) checkBucket() error {
	if n.crowded() || cap(n.recs) > 2*len(n.recs)+2 {
		return fmt.Errorf("%d records with room for %d, groups end at %d", len(n.recs), cap(n.recs), n.ends)
	}
	if int(n.ends[groups-1]) != len(n.recs) {
		return fmt.Errorf("%d records, groups end at %d", len(n.recs), n.ends)
	}
	for i := range n.recs {
		r, suffix := &n.recs[i], n.suffix(i)
		start, end := n.group(r.high)
		switch at, found := n.find(suffix); {
		case i < start || i >= end:
			return fmt.Errorf("record %d, %q, is outside its group from %d to %d", i, suffix, start, end)
		case !found || at != i:
			return fmt.Errorf("record %d, %q, is found: %t, at %d", i, suffix, found, at)
		case i > start && n.suffix(i-1) >= suffix:
			return fmt.Errorf("record %d, %q, is not greater than the one before", i, suffix)
		case uint8(r.low) > n.skip:
			return fmt.Errorf("record %d, %q, is shorter than what groups depend on", i, suffix)
		case n.child(suffix[0]) != nil:
			return fmt.Errorf("record %d, %q, has a child beside it", i, suffix)
		}
	}
	return nil
}

func (n *Node[S]) checkExtras() error {
	used := make(map[int]bool)
	for i := range n.recs {
		r := &n.recs[i]
		e := r.extra()
		if e < 0 {
			if r.size() > stem {
				return fmt.Errorf("record %d has lost its tail", i)
			}
			continue
		}
		if used[e] || n.extras[e] == (extra[S]{}) || (n.extras[e].tail != "") != (r.size() > stem) {
			return fmt.Errorf("extra %d of record %d is not its own, or is wrong", e, i)
		}
		used[e] = true
	}
	if len(used) != len(n.extras) || cap(n.extras) > 2*len(n.extras)+2 {
		return fmt.Errorf("%d extras with room for %d, used by %d", len(n.extras), cap(n.extras), len(used))
	}
	return nil
}

// checkSubs looks at the subscribers of one place.
func checkSubs[S comparable](n *Node[S], at uint64) error {
	x := n.subs()
	if at > 0 {
		x = n.several(int(at) - 1)
	} else if !n.own && (x != nil || n.sub[0] != *new(S)) {
		return errors.New("subscribers left behind")
	}
	if x == nil {
		return nil
	}
	if len(x.subs) != len(x.counts) || len(x.subs) == 0 || len(x.subs) == 1 && x.counts[0] < 2 {
		return fmt.Errorf("a set with %d subscribers and counts %d", len(x.subs), x.counts)
	}
	if (x.index == nil) && len(x.subs) > scanMax || x.index != nil && len(x.index) != len(x.subs) {
		return fmt.Errorf("%d subscribers, %d in the index", len(x.subs), len(x.index))
	}
	for i, s := range x.subs {
		if at, found := x.find(s); !found || at != i || x.counts[i] < 1 {
			return fmt.Errorf("subscriber %v at %d, with count %d, is found: %t, at %d", s, i, x.counts[i], found, at)
		}
	}
	return nil
}

func (n *Node[S]) checkMore() error {
	if n.more != nil && *n.more == (more[S]{}) {
		return errors.New("more is empty")
	}
	if (n.size > inline) != (n.more != nil && n.more.tail != "") || n.size > inline+1 {
		return fmt.Errorf("label size %d does not fit its tail", n.size)
	}
	for _, c := range n.head[min(int(n.size), inline):] {
		if c != 0 {
			return errors.New("bytes after the label")
		}
	}
	return nil
}

// Room returns the number of nodes, records, extras and subscribers that the trie has memory for.
func (t *Trie[S]) Room() int {
	room := 0
	var w walk[S]
	w.enter(&t.root)
	for n, at := &t.root, uint64(0); n != nil; n, at = w.next() {
		x := n.subs()
		if at > 0 {
			x = n.several(int(at) - 1)
		} else {
			room += cap(n.kids) + cap(n.recs) + cap(n.extras)
		}
		if x != nil {
			room += cap(x.subs)
		}
	}
	return room
}

// Counts returns the subscribers of a place with their counts.
func (n *Node[S]) Counts(at uint64) map[S]int {
	x := n.subs()
	if at > 0 {
		x = n.several(int(at&255) - 1)
	}
	counts := make(map[S]int)
	for i, s := range n.Subs(at) {
		counts[s] = 1
		if x != nil {
			counts[s] = x.counts[i]
		}
	}
	return counts
}

// SizeAt returns the length of what a place's prefix has after that of the node.
func (n *Node[S]) SizeAt(at uint64) int {
	if at == 0 {
		return 0
	}
	return len(n.suffix(int(at&255) - 1))
}
