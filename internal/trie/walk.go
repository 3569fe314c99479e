// SPDX-License-Identifier: MIT

package trie

// walk goes through the nodes of a trie in byte order of their prefixes. Its stack is on the heap: prefixes may be long.
type walk[S comparable] struct {
	path  []byte // the prefix of the node entered last
	steps []step[S]
}

// step is a node whose children are being visited.
type step[S comparable] struct {
	n    *Node[S]
	key  int // the children under lower keys have been visited
	path int // length of the node's prefix
}

// enter makes n, whose key is already in the path, the node that next goes on from.
func (w *walk[S]) enter(n *Node[S]) {
	w.path = append(w.path, n.label()...)
	if len(n.kids) > 0 {
		w.steps = append(w.steps, step[S]{n: n, path: len(w.path)})
	}
}

// next enters the node that follows and returns it; nil at the end.
func (w *walk[S]) next() *Node[S] {
	for len(w.steps) > 0 {
		at := &w.steps[len(w.steps)-1]
		key := at.n.nextKey(at.key)
		if key > 255 {
			w.steps = w.steps[:len(w.steps)-1]
			continue
		}
		at.key = key + 1
		w.path = append(w.path[:at.path], byte(key))
		n := at.n.child(byte(key))
		w.enter(n)
		return n
	}
	return nil
}
