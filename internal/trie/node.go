// SPDX-License-Identifier: MIT

package trie

import "strings"

// The trie is a burst trie: a radix tree whose last levels are buckets. A node stands for a prefix. Its prefix is the way to it from
// the root: for each node on the way, the byte (key) under which the node above holds it, and then the bytes (label) that all
// prefixes below have in common. What a node has below it is under a child, or in its bucket where children are not worth while.
//
// What a step costs, once the trie has outgrown the caches, is waiting for memory, and each wait is for an address that the step
// before has found. Hence the shapes:
//   - The prefixes are in buckets of up to 200, so that the nodes of a million, some 10,000, stay in the caches near the processor
//     however topics spread. A match waits for its group of the bucket only.
//   - Where S is a pointer, a node is two cache lines, of which a match's last node needs one. The children of a node lie side by
//     side, by value, in the order of their keys: a step does not wait for a list of children.
//   - Keys that lie within 64 byte values (digits; hex digits; letters of one case) are a bitmap in the node. The number of bits
//     below a key's own is the child's place: no search, and no branch that the processor could guess wrong.
//   - Keys further apart than that are a bitmap of 256 bits in memory of its own, read the same way: one more wait, in nodes that
//     are few and, with random bytes, near the root, where all matches meet.
//   - Rare things (long label, several subscribers, wide keys) are behind one pointer, more; those of records are in extras.

// inline is the number of label bytes that a node holds in itself.
const inline = 11

// Node is a prefix in a trie with the prefixes below it: those in its bucket, and those under its children. The root apart, a node
// has a subscriber of its own, a record, or two children; the node above it would have its label otherwise.
type Node[S comparable] struct {
	// The first cache line is what a match reads of its last node.
	keys   uint64        // bit i is set if there is a child under lowest+i, and bit 0 is; 0 if there is none, or more.wide is in use
	recs   []record[S]   // the bucket
	ends   [groups]uint8 // where each group of records ends
	skip   uint8         // low bits of high that the groups do not depend on: all that are after the end of any record
	lowest byte          // the lowest key, unless keys is 0
	isWide bool          // more.wide is in use
	own    bool          // the node's prefix has subscribers
	size   uint8         // length of the label; inline+1 if it goes on in more.tail
	head   [inline]byte  // the label's first bytes

	// The second one is for nodes with children or subscribers of their own, which are few.
	kids   []Node[S]  // children, ascending by key
	sub    [1]S       // the subscriber, if there is one with one subscription; the others are in more.subs
	more   *more[S]   // nil if none of its fields is in use
	extras []extra[S] // of the records, in no order
}

// more is what rare nodes have.
type more[S comparable] struct {
	tail string  // the label after its first inline bytes
	subs *set[S] // the subscribers, unless there is one with one subscription
	wide *wide   // the keys of the children if they do not all lie within 64 byte values; nil otherwise
}

// Next goes on from a place in n, with what follows n's prefix in the topic, and returns the same for the place that comes next on the
// topic's way. The place is 0 for n itself. Next returns a nil node where no prefix in the trie goes on like the topic.
func (n *Node[S]) Next(at uint64, topic []byte) (*Node[S], uint64, []byte) {
	if at > 255 {
		return n.nextHit(at, topic)
	}
	if at > 0 || len(topic) == 0 {
		return nil, 0, nil
	}
	i, found := near(n.keys, n.lowest, topic[0])
	if !found {
		if n.isWide {
			i, found = n.more.wide.index(topic[0])
		}
		if !found {
			if len(n.recs) == 0 {
				return nil, 0, nil
			}
			return n.scan(topic)
		}
	}
	n, topic = &n.kids[i], topic[1:]
	k := int(n.size)
	switch {
	case k == 0:
		return n, 0, topic
	case k > inline:
		return n.nextLong(topic)
	case len(topic) < k || string(topic[:k]) != string(n.head[:k]):
		return nil, 0, nil
	}
	return n, 0, topic[k:]
}

// nextLong is the end of Next for a node whose label is not all in head.
func (n *Node[S]) nextLong(topic []byte) (*Node[S], uint64, []byte) {
	k := n.labelLen()
	if len(topic) < k || string(topic[:inline]) != string(n.head[:]) || string(topic[inline:k]) != n.more.tail {
		return nil, 0, nil
	}
	return n, 0, topic[k:]
}

// Subs returns the subscribers of the prefix at a place that Next has returned, none if it is not one. The slice belongs to the
// trie: the caller must neither keep it nor change it.
func (n *Node[S]) Subs(at uint64) []S {
	if i := int(at&255) - 1; i >= 0 {
		r := &n.recs[i]
		if subs := n.several(i); subs != nil {
			return subs.subs
		}
		return r.sub[:]
	}
	if !n.own {
		return nil
	}
	if subs := n.subs(); subs != nil {
		return subs.subs
	}
	return n.sub[:]
}

// subs returns the set of subscribers of the node's own prefix, or nil if it has only sub, or none.
func (n *Node[S]) subs() *set[S] {
	if n.more == nil {
		return nil
	}
	return n.more.subs
}

// setSubs replaces what subs returns.
func (n *Node[S]) setSubs(subs *set[S]) {
	if subs != nil {
		n.needMore().subs = subs
	} else if n.more != nil {
		n.more.subs = nil
		n.trimMore()
	}
}

// add makes one more subscription of s to the node's prefix, and reports whether it is the first one of s.
func (n *Node[S]) add(s S) (first bool) {
	if !n.own {
		n.own, n.sub[0] = true, s
		return true
	}
	subs := n.subs()
	first = plus(&n.sub[0], &subs, s)
	n.setSubs(subs)
	return first
}

// drop takes one subscription of s to the node's prefix away; the results are those of Trie.Remove.
func (n *Node[S]) drop(s S) (last, ok bool) {
	if !n.own {
		return false, false
	}
	subs := n.subs()
	last, ok = minus(&n.sub[0], &subs, s)
	if last && n.subs() == nil {
		n.own = false
		n.sub[0] = *new(S)
	}
	n.setSubs(subs)
	return last, ok
}

func (n *Node[S]) needMore() *more[S] {
	if n.more == nil {
		n.more = new(more[S])
	}
	return n.more
}

func (n *Node[S]) trimMore() {
	if *n.more == (more[S]{}) {
		n.more = nil
	}
}

func (n *Node[S]) labelLen() int {
	if n.size <= inline {
		return int(n.size)
	}
	return inline + len(n.more.tail)
}

func (n *Node[S]) label() string {
	if n.size <= inline {
		return string(n.head[:n.size])
	}
	return string(n.head[:]) + n.more.tail
}

// setLabel gives the node a copy of label. It keeps nothing of the string, of which label may be a small part.
func (n *Node[S]) setLabel(label string) {
	n.head = [inline]byte{}
	k := copy(n.head[:], label)
	n.size = uint8(k)
	if k < len(label) {
		n.size = inline + 1
		n.needMore().tail = strings.Clone(label[k:])
	} else if n.more != nil {
		n.more.tail = ""
		n.trimMore()
	}
}

// common returns the number of bytes that the label and s begin with alike.
func (n *Node[S]) common(s string) int {
	k := 0
	for k < len(s) && k < min(int(n.size), inline) && s[k] == n.head[k] {
		k++
	}
	if n.size <= inline || k < inline {
		return k
	}
	s, tail := s[k:], n.more.tail
	if strings.HasPrefix(s, tail) {
		return k + len(tail)
	}
	i := 0
	for i < len(s) && s[i] == tail[i] { // tail is not a prefix of s, so it does not end first
		i++
	}
	return k + i
}

// split cuts the label before its byte k: what the node was becomes the only child of a node that has the k bytes before it.
func (n *Node[S]) split(k int) {
	label := n.label()
	lower := *n
	lower.setLabel(label[k+1:])
	*n = Node[S]{}
	n.setLabel(label[:k])
	*n.addChild(label[k]) = lower
}

// merge undoes a split: the node, which has no subscriber and one child, becomes that child.
func (n *Node[S]) merge() {
	key := string([]byte{byte(n.nextKey(0))})
	label := n.label() + key + n.kids[0].label()
	*n = n.kids[0]
	n.setLabel(label)
}
