// SPDX-License-Identifier: MIT

// Package trie finds, for a topic, the subscriptions that are a prefix of it: the matching behind PUB and SUB.
package trie

import "iter"

// A Trie is a set of subscriptions, each a prefix held by a subscriber of type S, with a count. Prefixes are byte strings of any
// content and length; the empty prefix matches every topic, the empty topic too. The zero value is an empty trie, ready for use.
//
// Add and Remove must not run together with any other call: the caller holds a lock. Between them, all others may run in any number
// of goroutines at once, for they write nothing.
//
// Following a topic takes a step for each place on the topic's way where many prefixes part, however many lie beside it, and the
// last step looks through a few of the prefixes left. With up to 1000 topics in use, each with a prefix of its own, that takes 37 ns
// (24-38) among 10 prefixes, 83 (66-93) among 10,000 and 103 (76-141) among a million (BenchmarkMatch). If all of a million are in
// use alike, it takes 318 (302-381): the last step waits for main memory then (BenchmarkMatchSpread; medians of five runs, the least
// and the most). Among a million, a prefix of 13 bytes takes 30 (BenchmarkAdd).
//
// S must be equal to itself: a NaN could be added, and never removed.
type Trie[S comparable] struct {
	root Node[S] // the empty prefix; its label is empty, and it alone may stand with no subscriber and one child, or none
	len  int     // distinct couples of prefix and subscriber
}

// Add makes one more subscription of s to prefix, and reports whether it is the first one: s had none to this very prefix.
//
// The trie keeps a copy of the bytes it needs, not prefix itself. The cost follows the length of prefix and, where prefix leaves an
// edge in its middle, the length of that edge; the number of subscribers of the prefix does not matter (amortized). A single call
// may have a bucket burst, and then costs as much as 200 others.
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
			break
		}
		n, rest = child, rest[1:]
	}
	if rest == "" {
		first = n.add(s)
	} else {
		first = n.addBelow(rest, s)
	}
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
		child := n.child(rest[0])
		if child == nil {
			break
		}
		up, key = n, rest[0]
		n, rest = child, rest[1:]
	}
	if rest == "" {
		last, ok = n.drop(s)
	} else {
		last, ok = n.removeBelow(rest, s)
	}
	if last {
		t.len--
		t.prune(up, key, n)
	}
	return last, ok
}

// prune restores the shape of the trie around n, which has just lost a subscriber: a node without children and with few prefixes
// becomes a run of the node above, and one with nothing but a child becomes that child. up holds n under key; it is nil if n is
// the root.
func (t *Trie[S]) prune(up *Node[S], key byte, n *Node[S]) {
	if up == nil {
		return
	}
	size := len(n.recs)
	if n.own {
		size++
	}
	switch len(n.kids) {
	case 0:
		if size > 0 && (size > foldMax || len(up.recs)+size > bucketMax*3/4) { // the next Adds must not burst it again
			return
		}
		up.fold(key)
		if up != &t.root && len(up.kids) == 1 && !up.own && len(up.recs) == 0 {
			up.merge()
		}
	case 1:
		if size == 0 {
			n.merge()
		}
	}
}

// Len returns the number of distinct couples of prefix and subscriber.
func (t *Trie[S]) Len() int { return t.len }

// Start returns the place of the empty prefix, where the way of every topic begins. The places that Next leads to from there are all
// prefixes of the topic that have subscribers, from the shortest to the longest, and some that have none:
//
//	for n, at, rest := t.Start(topic); n != nil; n, at, rest = n.Next(at, rest) {
//		// n.Subs(at) have subscribed to one prefix of topic
//	}
//
// A subscriber under several prefixes comes with each of them: the caller sees to it that it gets one message. Nodes and places are
// good until the trie changes. All this allocates nothing.
func (t *Trie[S]) Start(topic []byte) (n *Node[S], at uint64, rest []byte) { return &t.root, 0, topic }

// Matches reports whether any subscriber has a prefix of topic. It allocates nothing, and stops at the shortest such prefix.
func (t *Trie[S]) Matches(topic []byte) bool {
	for n, at, rest := t.Start(topic); n != nil; n, at, rest = n.Next(at, rest) {
		if len(n.Subs(at)) > 0 {
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
		for n, at := &t.root, uint64(0); n != nil; n, at = w.next() {
			subs := n.Subs(at)
			if len(subs) == 0 {
				continue
			}
			prefix := string(w.path)
			for _, s := range subs {
				if !yield(prefix, s) {
					return
				}
			}
		}
	}
}
