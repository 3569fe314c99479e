// SPDX-License-Identifier: MIT

package trie

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// stem is the number of a suffix's bytes that a record holds in itself.
const stem = 13

// record is one prefix: its suffix is what follows the node's prefix, and is not empty.
type record[S comparable] struct {
	sub  [1]S   // the subscriber, if there is one with one subscription; the others are in the extra
	high uint64 // bytes 0 to 7 of the suffix, the first one most significant, with zeros after its end
	// low is, from the top:
	//   - 40 bits: bytes 8 to 12 of the suffix likewise
	//   - 8 bits: its length, or stem+1 if it goes on in the extra; so records compare like their suffixes
	//   - 8 bits: 1 + the place of the extra, or 0
	//   - 8 bits: how many low bits of high are after the suffix's end
	low uint64
}

// extra is what rare records have.
type extra[S comparable] struct {
	tail string  // the suffix after its first stem bytes
	subs *set[S] // the subscribers, unless there is one with one subscription
}

// item is a prefix on its way between nodes: the suffix is empty if it is the node's own prefix.
type item[S comparable] struct {
	suffix string
	sub    S
	subs   *set[S]
}

// first returns the suffix's first byte.
func (r *record[S]) first() byte { return byte(r.high >> 56) }

// size returns the suffix's length, or stem+1 if it is longer than stem.
func (r *record[S]) size() int { return int(r.low >> 16 & 255) }

// extra returns the place of the record's extra, or -1.
func (r *record[S]) extra() int { return int(r.low>>8&255) - 1 }

// setExtra notes the place of the record's extra, or, with -1, that it has none.
func (r *record[S]) setExtra(i int) { r.low = r.low&^0xff00 | uint64(i+1)<<8 }

// pack returns high and low for a suffix; the place of the extra is left 0.
func pack(suffix string) (high, low uint64) {
	var b [16]byte
	k := copy(b[:stem], suffix)
	if k < len(suffix) {
		k++
	}
	b[stem], b[15] = byte(k), byte(64-8*min(k, 8))
	return binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])
}

// word returns the first eight bytes of b in the form of high. It goes byte by byte where b is shorter: to read back a buffer that
// they were just copied to would wait for the copy.
func word(b []byte) uint64 {
	if len(b) >= 8 {
		return binary.BigEndian.Uint64(b)
	}
	w := uint64(0)
	for _, c := range b {
		w = w<<8 | uint64(c)
	}
	return w << (64 - 8*len(b))
}

// suffix returns the suffix of record i.
func (n *Node[S]) suffix(i int) string {
	r := &n.recs[i]
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], r.high)
	binary.BigEndian.PutUint64(b[8:], r.low)
	k := r.size()
	if k <= stem {
		return string(b[:k])
	}
	return string(b[:stem]) + n.extras[r.extra()].tail
}

// several returns the set of subscribers of record i, or nil if it has only sub.
func (n *Node[S]) several(i int) *set[S] {
	if e := n.recs[i].extra(); e >= 0 {
		return n.extras[e].subs
	}
	return nil
}

// setSeveral replaces what several returns.
func (n *Node[S]) setSeveral(i int, subs *set[S]) {
	e := n.recs[i].extra()
	if e < 0 {
		if subs == nil {
			return
		}
		e = n.addExtra(i)
	}
	n.extras[e].subs = subs
	if n.extras[e] == (extra[S]{}) {
		n.removeExtra(i)
	}
}

// compare is strings.Compare for the suffixes of two records.
func (n *Node[S]) compare(a, b *record[S]) int {
	order := cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low>>16, b.low>>16))
	if order != 0 || a.size() <= stem {
		return order
	}
	return strings.Compare(n.extras[a.extra()].tail, n.extras[b.extra()].tail)
}

// addExtra gives record i an extra, and returns its place.
func (n *Node[S]) addExtra(i int) int {
	n.extras = append(grown(n.extras), extra[S]{})
	n.recs[i].setExtra(len(n.extras) - 1)
	return len(n.extras) - 1
}

// removeExtra takes the extra of record i away; the last one moves to its place.
func (n *Node[S]) removeExtra(i int) {
	e, end := n.recs[i].extra(), len(n.extras)-1
	if e < end {
		owner := slices.IndexFunc(n.recs, func(r record[S]) bool { return r.extra() == end })
		n.recs[owner].setExtra(e)
		n.extras[e] = n.extras[end]
	}
	n.recs[i].setExtra(-1)
	n.extras[end] = extra[S]{}
	n.extras = shrunk(n.extras[:end])
}

// item returns record i.
func (n *Node[S]) item(i int) item[S] {
	return item[S]{suffix: n.suffix(i), sub: n.recs[i].sub[0], subs: n.several(i)}
}
