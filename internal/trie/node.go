// SPDX-License-Identifier: MIT

package trie

import "strings"

// The trie is a radix tree: a node stands for a prefix, and only where prefixes end or part. Its prefix is the way to it from the
// root: for each node on the way, the byte (key) under which the node above holds it, and then the bytes (label) that all prefixes
// below have in common. So a trie has at most two nodes for each prefix, and a match takes one step for each place on the
// topic's way where prefixes end or part, of which there are at most as many as the topic has bytes.
//
// What a step costs is waiting for memory, once the trie has outgrown the caches, and each wait is for an address that the step
// before has found. Hence the shapes:
//   - A node is 64 bytes where S is a pointer: one cache line, with everything that the usual step reads. The children of a node
//     lie side by side, by value, in the order of their keys, so that a step waits once, for the line of the child, and not again
//     for a list of children or for a subscriber.
//   - Keys that lie within 64 byte values (digits; hex digits; letters of one case) are a bitmap in the node. The number of bits
//     below a key's own is the child's place: no search, and no branch that the processor could guess wrong.
//   - Keys further apart than that are a bitmap of 256 bits in memory of its own, read the same way: one more wait, in nodes that
//     are few and, with random bytes, near the root, where all matches meet.
//   - Rare things (long label, several subscribers, wide keys) are behind one pointer, more.

// inline is the number of label bytes that a node holds in itself.
const inline = 6

// Node is a prefix in a trie: one with subscribers, or one where longer ones part. A node without subscribers has at least two children, unless it is the root; the node above it would have its label otherwise.
type Node[S comparable] struct {
	kids  []Node[S]    // children, ascending by key
	keys  uint64       // bit i is set if there is a child under low+i, and bit 0 is; 0 if there is none, or more.wide is in use
	more  *more[S]     // nil if none of its fields is in use
	alone [1]Entry[S]  // the subscriber, if there is one; Count is 0 if there is none, or several, in more.subs
	low   byte         // the lowest key, unless keys is 0
	size  uint8        // length of the label; inline+1 if it goes on in more.tail
	head  [inline]byte // the label's first bytes
}

// more is what rare nodes have.
type more[S comparable] struct {
	tail string  // the label after its first inline bytes
	subs *set[S] // the subscribers if there are two or more; nil otherwise
	wide *wide   // the keys if they do not all lie within 64 byte values; nil otherwise
}

// Next returns the node that comes after n on the way of a topic, of which topic is what follows n; and what follows that node. It
// returns nil where no prefix in the trie goes on like the topic.
func (n *Node[S]) Next(topic []byte) (*Node[S], []byte) {
	if len(topic) == 0 {
		return nil, nil
	}
	i, found := near(n.keys, n.low, topic[0])
	if !found {
		if i, found = n.more.index(topic[0]); !found {
			return nil, nil
		}
	}
	n, topic = &n.kids[i], topic[1:]
	k := int(n.size)
	switch {
	case k == 0:
		return n, topic
	case k > inline:
		return n.nextLong(topic)
	case len(topic) < k || string(topic[:k]) != string(n.head[:k]):
		return nil, nil
	}
	return n, topic[k:]
}

// nextLong is the end of Next for a node whose label is not all in head.
func (n *Node[S]) nextLong(topic []byte) (*Node[S], []byte) {
	k := n.labelLen()
	if len(topic) < k || string(topic[:inline]) != string(n.head[:]) || string(topic[inline:k]) != n.more.tail {
		return nil, nil
	}
	return n, topic[k:]
}

// Entries returns the subscribers of the node's prefix. The slice belongs to the trie: the caller must neither keep it nor change it.
func (n *Node[S]) Entries() []Entry[S] {
	if n.alone[0].Count > 0 {
		return n.alone[:]
	}
	if n.more == nil || n.more.subs == nil {
		return nil
	}
	return n.more.subs.entries
}

// add makes one more subscription of s to the node's prefix, and reports whether it is the first one of s.
func (n *Node[S]) add(s S) (first bool) {
	e := &n.alone[0]
	switch {
	case len(n.Entries()) == 0:
		*e = Entry[S]{Sub: s, Count: 1}
		return true
	case e.Count > 0 && e.Sub == s:
		e.Count++
		return false
	case e.Count > 0:
		n.needMore().subs = &set[S]{entries: []Entry[S]{*e}}
		*e = Entry[S]{}
	}
	return n.more.subs.add(s)
}

// remove takes one subscription of s to the node's prefix away; the results are those of Trie.Remove.
func (n *Node[S]) remove(s S) (last, ok bool) {
	if e := &n.alone[0]; e.Count > 0 {
		if e.Sub != s {
			return false, false
		}
		if e.Count--; e.Count > 0 {
			return false, true
		}
		*e = Entry[S]{}
		return true, true
	}
	if n.more == nil || n.more.subs == nil {
		return false, false
	}
	subs := n.more.subs
	last, ok = subs.remove(s)
	if len(subs.entries) == 1 {
		n.alone[0] = subs.entries[0]
		n.more.subs = nil
		n.trimMore()
	}
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
