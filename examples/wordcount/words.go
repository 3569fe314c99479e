// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isWord reports whether r belongs to words.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// lastBreak returns the last place in text that no word goes across, which is
// right after something that belongs to none; 0 if there is no such place. The
// text may end in the middle of a character.
func lastBreak(text []byte) int {
	for end := len(text); end > 0; {
		r, size := utf8.DecodeLastRune(text[:end])
		if !isWord(r) && !(r == utf8.RuneError && size == 1) {
			return end
		}
		end -= size
	}
	return 0
}

// words ranges over the words of text. A word is only valid until the next one.
func words(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var word []byte
		for len(text) > 0 {
			r, size := rune(text[0]), 1
			if r >= utf8.RuneSelf {
				r, size = utf8.DecodeRune(text)
			}
			text = text[size:]
			if isWord(r) {
				word = utf8.AppendRune(word, unicode.ToLower(r))
				continue
			}
			if len(word) > 0 && !yield(word) {
				return
			}
			word = word[:0]
		}
		if len(word) > 0 {
			yield(word)
		}
	}
}

// count is how often a word was met.
type count struct {
	word string
	n    int64
}

// tally counts words. Its values are pointers, because a map can be asked for a
// []byte without making a string of it, but not be written to.
type tally map[string]*count

// add counts a word n more times, and returns its count.
func (t tally) add(word []byte, n int64) *count {
	c, ok := t[string(word)]
	if !ok {
		c = &count{word: string(word)}
		t[c.word] = c
	}
	c.n += n
	return c
}

// top returns the k words met most often; of those met equally often, the first
// in the order of their bytes.
func (t tally) top(k int) []count {
	all := make([]count, 0, len(t))
	for _, c := range t {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b count) int {
		return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.word, b.word))
	})
	return all[:min(k, len(all))]
}
