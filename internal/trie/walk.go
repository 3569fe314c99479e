// SPDX-License-Identifier: MIT

package trie

import "slices"

// walk goes through the nodes of a trie and the records of their buckets in byte order of their prefixes. Its stack is on the
// heap: prefixes may be long.
type walk[S comparable] struct {
	path  []byte // the prefix come to last
	steps []step[S]
}

// step is a node that is being visited.
type step[S comparable] struct {
	n    *Node[S]
	key  int   // children under lower keys have been visited
	recs []int // the records still to come, in byte order
	path int   // length of the node's prefix
}

// enter makes n, whose key is already in the path, the node that next goes on from.
func (w *walk[S]) enter(n *Node[S]) {
	w.path = append(w.path, n.label()...)
	recs := make([]int, len(n.recs))
	for i := range recs {
		recs[i] = i
	}
	slices.SortFunc(recs, func(i, j int) int { return n.compare(&n.recs[i], &n.recs[j]) })
	w.steps = append(w.steps, step[S]{n: n, recs: recs, path: len(w.path)})
}

// next comes to what follows, and returns it as Next does; the node is nil at the end.
func (w *walk[S]) next() (n *Node[S], at uint64) {
	for len(w.steps) > 0 {
		s := &w.steps[len(w.steps)-1]
		w.path = w.path[:s.path]
		key := s.n.nextKey(s.key)
		if len(s.recs) > 0 && int(s.n.recs[s.recs[0]].first()) < key {
			i := s.recs[0]
			s.recs = s.recs[1:]
			w.path = append(w.path, s.n.suffix(i)...)
			return s.n, uint64(i + 1)
		}
		if key > 255 {
			w.steps = w.steps[:len(w.steps)-1]
			continue
		}
		s.key = key + 1
		n := s.n.child(byte(key))
		w.path = append(w.path, byte(key))
		w.enter(n)
		return n, 0
	}
	return nil, 0
}
