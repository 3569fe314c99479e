// SPDX-License-Identifier: MIT

// Package trie finds, for a topic, the subscriptions that are a prefix of it: the matching behind PUB and SUB.
package trie

import "iter"

// A Trie is a set of subscriptions, each a prefix held by a subscriber of type S, with a count. Prefixes are byte strings of any
// content and length; the empty prefix matches every topic, the empty topic too. The zero value is an empty trie, ready for use.
//
// Add and Remove must not run together with any other call: the caller holds a lock. Between them, Match, Matches, Len and All may
// run in any number of goroutines at once, for they write nothing.
//
// Following a topic takes a step for each place on the topic's way where prefixes end or part, however many lie beside it: about 6 ns while
// the nodes are in the processor's caches (BenchmarkMatch). If a million prefixes are all in use alike, the last two or three steps
// wait for main memory instead (BenchmarkMatchSpread). Among a million, a prefix takes 80 to 150 bytes (BenchmarkAdd): the more it
// shares with others, the less.
//
// S must be equal to itself: a NaN could be added, and never removed.
type Trie[S comparable] struct {
	root Node[S] // the empty prefix; its label is empty, and it alone may stand with no subscriber and one child, or none
	len  int     // distinct couples of prefix and subscriber
}

// Entry is a subscriber of one prefix, and how many of its subscriptions to that prefix stand: at least one.
type Entry[S comparable] struct {
	Sub   S
	Count int
}

// Add makes one more subscription of s to prefix, and reports whether it is the first one: s had none to this very prefix.
//
// The trie keeps a copy of the bytes it needs, not prefix itself. The cost follows the length of prefix and, where prefix leaves an
// edge in its middle, the length of that edge; the number of subscribers of the prefix does not matter (amortized).
func (t *Trie[S]) Add(prefix string, s S) (first bool) {
	n, rest := &t.root, prefix
	for {
		k := n.common(rest)
		if k < n.labelLen() {
			n.split(k)
		}
		rest = rest[k:]
		if rest == "" {
			break
		}
		child := n.child(rest[0])
		if child == nil {
			n = n.addChild(rest[0])
			n.setLabel(rest[1:])
			break
		}
		n, rest = child, rest[1:]
	}
	first = n.add(s)
	if first {
		t.len++
	}
	return first
}

// Remove takes one subscription of s to prefix away. It reports whether that was the last one of s to this prefix, and, as ok,
// whether there was any; where there was none, nothing has changed.
//
// Memory that served only this subscription is let go. The cost is that of Add; where the edges above and below become one, it
// follows the length of that edge.
func (t *Trie[S]) Remove(prefix string, s S) (last, ok bool) {
	var up *Node[S] // the node above n, which holds n under key
	var key byte
	n, rest := &t.root, prefix
	for {
		k := n.common(rest)
		if k < n.labelLen() {
			return false, false
		}
		rest = rest[k:]
		if rest == "" {
			break
		}
		up, key = n, rest[0]
		if n = n.child(key); n == nil {
			return false, false
		}
		rest = rest[1:]
	}
	last, ok = n.remove(s)
	if last {
		t.len--
		t.prune(up, key, n)
	}
	return last, ok
}

// prune restores the shape of the trie around n, which has just lost a subscriber: no leaf without a subscriber, and no node
// without one that has a single child. up holds n under key; it is nil if n is the root.
func (t *Trie[S]) prune(up *Node[S], key byte, n *Node[S]) {
	if up == nil || len(n.Entries()) > 0 {
		return
	}
	switch len(n.kids) {
	case 0:
		up.removeChild(key) // n is gone
		if up != &t.root && len(up.kids) == 1 && len(up.Entries()) == 0 {
			up.merge()
		}
	case 1:
		n.merge()
	}
}

// Len returns the number of distinct couples of prefix and subscriber.
func (t *Trie[S]) Len() int { return t.len }

// Root returns the node of the empty prefix, which is where the way of every topic begins. The nodes with subscribers that Next
// leads to, and the root, are all prefixes of the topic that have any, from the shortest to the longest:
//
//	for n, rest := t.Root(), topic; n != nil; n, rest = n.Next(rest) {
//		// n.Entries() have subscribed to topic[:len(topic)-len(rest)]
//	}
//
// A subscriber under several prefixes comes with each of them: the caller sees to it that it gets one message. Nodes are good
// until the trie changes. All this allocates nothing.
func (t *Trie[S]) Root() *Node[S] { return &t.root }

// Matches reports whether any subscriber has a prefix of topic. It allocates nothing, and stops at the shortest such prefix.
func (t *Trie[S]) Matches(topic []byte) bool {
	for n := &t.root; n != nil; n, topic = n.Next(topic) {
		if len(n.Entries()) > 0 {
			return true
		}
	}
	return false
}

// All returns an iterator over every couple of prefix and subscriber, each once whatever its count, in byte order of the prefixes;
// the subscribers of one prefix come in no order. The trie must not change while the iteration runs.
func (t *Trie[S]) All() iter.Seq2[string, S] {
	return func(yield func(string, S) bool) {
		var w walk[S]
		w.enter(&t.root)
		for n := &t.root; n != nil; n = w.next() {
			entries := n.Entries()
			if len(entries) == 0 {
				continue
			}
			prefix := string(w.path)
			for _, e := range entries {
				if !yield(prefix, e.Sub) {
					return
				}
			}
		}
	}
}
