// SPDX-License-Identifier: MIT

package trie

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
)

// The bucket of a node holds, one record each, the prefixes below the node that are too few to be worth nodes of their own. The
// records with one first byte are a run. When the bucket outgrows a bound, its longest run bursts: it becomes a child, with a
// bucket of its own. Remove folds a child that has become small into a run again. (Burst trie: Heinz, Zobel, Williams, 2002.)
//
// A match does not search the bucket, which is up to 5 kB, mostly far away. The records are in groups, by a hash of their first
// bytes: of eight, or as many as the shortest record has, so that all prefixes of one topic are in one group. The node's first
// cache line says where the group lies, so that a match waits for memory once. The records of a group are in byte order, which is
// from the shortest to the longest for prefixes of one topic.
//
// A hash tells apart what the first byte alone would not: topics are often numbered, and so the records of one run come in clumps.
// Where it does not, because prefixes were chosen so or are prefixes of each other, there will be more nodes, not longer groups.
const (
	groups    = 16
	groupMax  = 40  // records; at most 56, the bits that a place has for them
	bucketMax = 200 // records; at most 254, for ends and places of extras are bytes
	sharedMax = 6   // records in a group, beyond which a run bursts if it has more than the first byte in common: one label serves it all
	foldMax   = 4   // prefixes with which a child becomes a run again; less than sharedMax, or it would soon burst again
)

// group returns where the group lies of a topic or suffix that begins with high.
func (n *Node[S]) group(high uint64) (start, end int) {
	g := n.hash(high)
	if g > 0 {
		start = int(n.ends[g-1])
	}
	return start, int(n.ends[g])
}

// hash returns the number of that group.
func (n *Node[S]) hash(high uint64) int {
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio: Fibonacci hashing
	return int(high >> (n.skip & 63) * golden >> 60)
}

// scan returns the first place in the bucket with a prefix of topic, in the terms of Next. It looks at the whole group without a
// branch that depends on what is there: so its cache lines, if they have to come from memory, come all at the same time.
func (n *Node[S]) scan(topic []byte) (*Node[S], uint64, []byte) {
	high := word(topic)
	start, end := n.group(high)
	hits := uint64(0) // bit i is set if the first eight bytes of record start+i, or all it has, are those of the topic
	group := n.recs[start:end]
	for i := len(group) - 1; i >= 0; i-- {
		r, hit := &group[i], uint64(0)
		if (r.high^high)>>(r.low&63) == 0 {
			hit = 1
		}
		hits = hits<<1 | hit
	}
	return n.nextHit(hits<<8|uint64(start), topic)
}

// nextHit returns the next place in the bucket. A place in a bucket is 1 + that of the record, in the low 8 bits, and above them the
// hits after it.
func (n *Node[S]) nextHit(at uint64, topic []byte) (*Node[S], uint64, []byte) {
	for at > 255 {
		skip := bits.TrailingZeros64(at>>8) + 1
		i := at&255 + uint64(skip)
		at = at>>8>>skip<<8 | i
		r := &n.recs[i-1]
		if k := r.size(); k <= len(topic) && (k <= 8 || n.hasLong(r, k, topic)) {
			return n, at, topic
		}
	}
	return nil, 0, nil
}

// hasLong reports whether a suffix of k > 8 bytes is a prefix of topic, which has as many; the first eight are.
func (n *Node[S]) hasLong(r *record[S], k int, topic []byte) bool {
	if (r.low^word(topic[8:]))>>(128-8*min(k, stem)) != 0 {
		return false
	}
	if k <= stem {
		return true
	}
	topic, tail := topic[stem:], n.extras[r.extra()].tail
	return len(topic) >= len(tail) && string(topic[:len(tail)]) == tail
}

// find returns the place of the record for suffix, and whether there is one; otherwise, where it would have to be put.
func (n *Node[S]) find(suffix string) (i int, found bool) {
	high, low := pack(suffix)
	i, end := n.group(high)
	for ; i < end; i++ {
		r := &n.recs[i]
		if at := r.low &^ 0xff00; r.high < high || r.high == high && at < low {
			continue
		} else if r.high > high || at > low {
			return i, false
		}
		if r.size() <= stem {
			return i, true
		}
		if order := strings.Compare(n.extras[r.extra()].tail, suffix[stem:]); order >= 0 {
			return i, order == 0
		}
	}
	return i, false
}

// addBelow makes one more subscription of s to the prefix that is suffix after that of the node, and reports whether it is the first
// one of s. There is no child under the first byte of suffix.
func (n *Node[S]) addBelow(suffix string, s S) (first bool) {
	i, found := n.find(suffix)
	if found {
		subs := n.several(i)
		first = plus(&n.recs[i].sub[0], &subs, s)
		n.setSeveral(i, subs)
		return first
	}
	n.insert(i, item[S]{suffix: suffix, sub: s})
	high, _ := pack(suffix)
	start, end := n.group(high)
	if end-start > sharedMax && (n.recs[start].high^n.recs[end-1].high)>>48 == 0 && n.share(suffix[0]) > 1 {
		n.burst(suffix[0])
	}
	n.settle()
	return true
}

// settle restores the bounds of the bucket.
func (n *Node[S]) settle() {
	for n.crowded() {
		if !n.tighten() {
			n.burst(n.longestRun())
		}
	}
}

func (n *Node[S]) crowded() bool {
	start := 0
	for _, end := range n.ends {
		if int(end)-start > groupMax {
			return true
		}
		start = int(end)
	}
	return len(n.recs) > bucketMax
}

// tighten has groups depend on as many bytes as the records allow: more than before, once the shortest ones have gone. It reports
// whether that has changed anything.
func (n *Node[S]) tighten() bool {
	skip := uint8(0)
	for i := range n.recs {
		skip = max(skip, uint8(n.recs[i].low))
	}
	if skip == n.skip {
		return false
	}
	n.regroup(skip)
	return true
}

// removeBelow undoes addBelow; the results are those of Trie.Remove.
func (n *Node[S]) removeBelow(suffix string, s S) (last, ok bool) {
	i, found := n.find(suffix)
	if !found {
		return false, false
	}
	subs := n.several(i)
	last, ok = minus(&n.recs[i].sub[0], &subs, s)
	if last && n.several(i) == nil {
		n.remove(i)
	} else {
		n.setSeveral(i, subs)
	}
	return last, ok
}

// insert takes in an item that the bucket does not have; i is where find would put it.
func (n *Node[S]) insert(i int, it item[S]) {
	r := record[S]{sub: [1]S{it.sub}}
	r.high, r.low = pack(it.suffix)
	if skip := uint8(r.low); len(n.recs) == 0 || skip > n.skip {
		n.regroup(skip)
		i, _ = n.find(it.suffix)
	}
	n.recs = slices.Insert(grown(n.recs), i, r)
	for g := n.hash(r.high); g < groups; g++ {
		n.ends[g]++
	}
	if len(it.suffix) > stem {
		n.extras[n.addExtra(i)].tail = strings.Clone(it.suffix[stem:])
	}
	n.setSeveral(i, it.subs)
}

// regroup changes skip, and with it the groups.
func (n *Node[S]) regroup(skip uint8) {
	n.skip = skip
	slices.SortFunc(n.recs, func(a, b record[S]) int {
		return cmp.Or(cmp.Compare(n.hash(a.high), n.hash(b.high)), n.compare(&a, &b))
	})
	n.ends = [groups]uint8{}
	for i := range n.recs {
		n.ends[n.hash(n.recs[i].high)]++
	}
	for g := 1; g < groups; g++ {
		n.ends[g] += n.ends[g-1]
	}
}

// remove drops record i.
func (n *Node[S]) remove(i int) {
	if n.recs[i].extra() >= 0 {
		n.removeExtra(i)
	}
	for g := n.hash(n.recs[i].high); g < groups; g++ {
		n.ends[g]--
	}
	n.recs = shrunk(slices.Delete(n.recs, i, i+1))
}

// longestRun returns the first byte that the most records have.
func (n *Node[S]) longestRun() byte {
	var sizes [256]uint8
	longest := n.recs[0].first()
	for i := range n.recs {
		c := n.recs[i].first()
		if sizes[c]++; sizes[c] > sizes[longest] {
			longest = c
		}
	}
	return longest
}

// share returns how many bytes the run of c has in common, at most eight.
func (n *Node[S]) share(c byte) int {
	all, none := uint64(0), uint64(0) // the bits that are set in any record, and those that are not in any
	size := 8
	for i := range n.recs {
		if r := &n.recs[i]; r.first() == c {
			all, none = all|r.high, none|^r.high
			size = min(size, r.size())
		}
	}
	return min(size, bits.LeadingZeros64(all&none)/8)
}

// burst makes a child of the run of c.
func (n *Node[S]) burst(c byte) {
	var items []item[S]
	for i := len(n.recs) - 1; i >= 0; i-- {
		if n.recs[i].first() == c {
			items = append(items, n.item(i))
			n.remove(i)
		}
	}
	common := items[0].suffix
	for _, it := range items {
		k := 0
		for k < min(len(common), len(it.suffix)) && common[k] == it.suffix[k] {
			k++
		}
		common = common[:k]
	}
	n.tighten() // for what stays
	child := n.addChild(c)
	child.setLabel(common[1:])
	for _, it := range items {
		it.suffix = it.suffix[len(common):]
		child.put(it)
	}
	child.settle()
}

// fold undoes burst: it makes records of what the child under c has, which has no children.
func (n *Node[S]) fold(c byte) {
	child := *n.child(c)
	n.removeChild(c)
	prefix := string([]byte{c}) + child.label()
	if child.own {
		n.put(item[S]{suffix: prefix, sub: child.sub[0], subs: child.subs()})
	}
	for i := range child.recs {
		it := child.item(i)
		it.suffix = prefix + it.suffix
		n.put(it)
	}
	n.settle()
}

// put takes in an item that the node does not have.
func (n *Node[S]) put(it item[S]) {
	if it.suffix != "" {
		i, _ := n.find(it.suffix)
		n.insert(i, it)
		return
	}
	n.own, n.sub[0] = true, it.sub
	n.setSubs(it.subs)
}
