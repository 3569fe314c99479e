// SPDX-License-Identifier: MIT

package trie

import "slices"

// grown returns s with room for one more.
func grown[E any](s []E) []E {
	if len(s) < cap(s) {
		return s
	}
	return moved(s)
}

// shrunk returns s, which has lost one or more, without much room to spare.
func shrunk[E any](s []E) []E {
	switch k := len(s); {
	case k == 0:
		return nil
	case k <= cap(s)/2 && roomFor(k) < cap(s):
		return moved(s)
	}
	return s
}

// moved gives s new memory; slices.Grow adds what the allocator would waste.
func moved[E any](s []E) []E {
	return append(slices.Grow([]E(nil), roomFor(len(s))), s...)
}

// roomFor returns for how many there is to be room when there are k, and one more is to come or has gone. Little is to spare: the
// memory of a trie is here.
func roomFor(k int) int {
	if k < 2 {
		return k + 1
	}
	return (k + k/8 + 2) &^ 1
}
