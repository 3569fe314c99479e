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
	for n := &t.root; n != nil; n = w.next() {
		if n != &t.root && len(n.Entries()) == 0 && len(n.kids) < 2 {
			return fmt.Errorf("%q: no subscriber, %d children", w.path, len(n.kids))
		}
		if err := errors.Join(n.checkKeys(), n.checkEntries(), n.checkMore()); err != nil {
			return fmt.Errorf("%q: %w", w.path, err)
		}
		couples += len(n.Entries())
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
	switch {
	case k != len(n.kids):
		return fmt.Errorf("%d keys, %d children", k, len(n.kids))
	case k == 0 && (n.keys != 0 || n.kids != nil || isWide):
		return errors.New("no key, but memory for some")
	case k > 0 && isWide != (keys[k-1]-keys[0] >= 64):
		return fmt.Errorf("wide: %t, with keys from %d to %d", isWide, keys[0], keys[k-1])
	case k > 0 && !isWide && (n.keys&1 == 0 || int(n.low) != keys[0] || bits.OnesCount64(n.keys) != k):
		return fmt.Errorf("keys %x from %d, want %d from %d", n.keys, n.low, k, keys[0])
	case isWide && n.keys != 0:
		return errors.New("keys in the node and outside")
	case cap(n.kids) > 2*k+2:
		return fmt.Errorf("room for %d children, used by %d", cap(n.kids), k)
	}
	return nil
}

func (n *Node[S]) checkEntries() error {
	seen := make(map[S]bool)
	for _, e := range n.Entries() {
		if seen[e.Sub] || e.Count < 1 {
			return fmt.Errorf("entry %v is a second one, or its count is bad", e)
		}
		seen[e.Sub] = true
	}
	if n.more == nil || n.more.subs == nil {
		return nil
	}
	subs := n.more.subs
	if n.alone[0] != (Entry[S]{}) || len(subs.entries) < 2 {
		return fmt.Errorf("a set with %d entries, alone is %v", len(subs.entries), n.alone[0])
	}
	if subs.index == nil && len(subs.entries) <= scanMax {
		return nil
	}
	for i, e := range subs.entries {
		if at, found := subs.index[e.Sub]; !found || at != i || len(subs.index) != len(subs.entries) {
			return fmt.Errorf("entry %v at %d is indexed: %t, at %d", e, i, found, at)
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

// Room returns the number of nodes and entries that the trie has memory for.
func (t *Trie[S]) Room() int {
	room := 0
	var w walk[S]
	w.enter(&t.root)
	for n := &t.root; n != nil; n = w.next() {
		room += cap(n.kids)
		if n.more != nil && n.more.subs != nil {
			room += cap(n.more.subs.entries)
		}
	}
	return room
}
