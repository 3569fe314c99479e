// SPDX-License-Identifier: MIT

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		" ,;\n":                    "",
		"one":                      "one",
		"One, TWO; three.":         "one two three",
		"x1 2y 3":                  "x1 2y 3",
		"don't under_score":        "don t under score",
		"FÜSSE Füße ΣΊΣΥΦΟΣ":       "füsse füße σίσυφοσ",
		"日本語 日本":                   "日本語 日本",
		"٣٤ Ⅷ":                     "٣٤", // a digit is a digit in any script; a Roman numeral is neither
		"\u212a \u0130":            "k i",
		"a\xffb\xe6\x97c":          "a b c", // what is no character ends a word
		"end":                      "end",
		strings.Repeat("Aé", 1000): strings.Repeat("aé", 1000),
	} {
		require.Equal(t, want, strings.Join(wordsOf(text), " "), text)
	}
}

func TestWordsCanBeStopped(t *testing.T) {
	for text, want := range map[string]string{"one two": "one", "one": "one"} {
		for w := range words([]byte(text)) {
			require.Equal(t, want, string(w))
			break
		}
	}
}

func TestTopIsInOneOrder(t *testing.T) {
	words := make(tally)
	for _, w := range strings.Fields("b a c b d a é") {
		words.add([]byte(w), 1)
	}
	want := []count{{"a", 2}, {"b", 2}, {"c", 1}, {"d", 1}, {"é", 1}}
	require.Equal(t, want, words.top(100))
	require.Equal(t, want[:3], words.top(3))
	require.Empty(t, words.top(0))
}
