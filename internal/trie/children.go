// SPDX-License-Identifier: MIT

package trie

import (
	"math/bits"
	"slices"
)

// index returns the place of the child under c in kids, and whether there is one.
func (n *Node[S]) index(c byte) (i int, found bool) {
	if n.isWide {
		return n.more.wide.index(c)
	}
	return near(n.keys, n.lowest, c)
}

// near is index for keys that are in the node.
func near(keys uint64, lowest, c byte) (i int, found bool) {
	bit := uint64(1) << (c - lowest) // 0 if c is not within 64 from lowest
	if keys&bit == 0 {
		return 0, false
	}
	return bits.OnesCount64(keys & (bit - 1)), true
}

// child returns the child under c, or nil. The pointer is good until children are added or removed.
func (n *Node[S]) child(c byte) *Node[S] {
	i, found := n.index(c)
	if !found {
		return nil
	}
	return &n.kids[i]
}

// addChild puts an empty node under c, where there is none, and returns it.
func (n *Node[S]) addChild(c byte) *Node[S] {
	n.addKey(c)
	i, _ := n.index(c)
	n.kids = slices.Insert(grown(n.kids), i, Node[S]{})
	return &n.kids[i]
}

// removeChild drops the child under c.
func (n *Node[S]) removeChild(c byte) {
	i, _ := n.index(c)
	n.kids = shrunk(slices.Delete(n.kids, i, i+1))
	n.removeKey(c)
}

// addKey takes c, which is not among the keys, in.
func (n *Node[S]) addKey(c byte) {
	if n.isWide {
		n.more.wide.flip(c)
		return
	}
	if n.keys == 0 {
		n.lowest, n.keys = c, 1
		return
	}
	low, high := min(c, n.lowest), max(c, n.lowest+byte(bits.Len64(n.keys)-1))
	if high-low < 64 {
		n.keys = n.keys<<(n.lowest-low) | 1<<(c-low)
		n.lowest = low
		return
	}
	w := new(wide)
	w.flip(c)
	for ; n.keys != 0; n.keys &= n.keys - 1 {
		w.flip(n.lowest + byte(bits.TrailingZeros64(n.keys)))
	}
	n.needMore().wide = w
	n.isWide = true
}

// removeKey takes c out of the keys.
func (n *Node[S]) removeKey(c byte) {
	if !n.isWide {
		n.keys &^= 1 << (c - n.lowest)
	} else {
		w := n.more.wide
		w.flip(c)
		if w.last()-w.next(0) >= 64 {
			return
		}
		n.lowest = byte(w.next(0))
		n.keys = w.from(n.lowest)
		n.more.wide, n.isWide = nil, false
		n.trimMore()
	}
	if n.keys != 0 {
		gap := bits.TrailingZeros64(n.keys)
		n.lowest, n.keys = n.lowest+byte(gap), n.keys>>gap
	}
}

// nextKey returns the lowest key that is at least c, or 256.
func (n *Node[S]) nextKey(c int) int {
	if n.isWide {
		return n.more.wide.next(c)
	}
	skip := max(c-int(n.lowest), 0)
	if ahead := n.keys >> skip; ahead != 0 {
		return int(n.lowest) + skip + bits.TrailingZeros64(ahead)
	}
	return 256
}

// wide is a set of keys of any byte values.
type wide struct {
	keys [4]uint64 // bit c&63 of word c>>6 is set if c is in the set
	rank [4]uint8  // number of keys in the words before
}

// index returns the number of keys below c, and whether c is in the set.
func (w *wide) index(c byte) (i int, found bool) {
	word, bit := w.keys[c>>6], uint64(1)<<(c&63)
	if word&bit == 0 {
		return 0, false
	}
	return int(w.rank[c>>6]) + bits.OnesCount64(word&(bit-1)), true
}

// flip puts c in if it is not in the set, and takes it out if it is.
func (w *wide) flip(c byte) {
	w.keys[c>>6] ^= 1 << (c & 63)
	for i := 1; i < len(w.keys); i++ {
		w.rank[i] = w.rank[i-1] + uint8(bits.OnesCount64(w.keys[i-1]))
	}
}

// next returns the lowest key that is at least c, or 256.
func (w *wide) next(c int) int {
	for ; c < 256; c = (c | 63) + 1 {
		if ahead := w.keys[c>>6] >> (c & 63); ahead != 0 {
			return c + bits.TrailingZeros64(ahead)
		}
	}
	return 256
}

// last returns the highest key of a set that is not empty.
func (w *wide) last() int {
	i := len(w.keys) - 1
	for w.keys[i] == 0 {
		i--
	}
	return i*64 + bits.Len64(w.keys[i]) - 1
}

// from returns the keys low, low+1, ... low+63 as a bitmap.
func (w *wide) from(low byte) uint64 {
	i, shift := low>>6, low&63
	keys := w.keys[i] >> shift
	if i < 3 {
		keys |= w.keys[i+1] << (64 - shift)
	}
	return keys
}
