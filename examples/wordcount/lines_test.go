// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// cut returns all batches of a text, and the number of lines in them.
func cut(t *testing.T, r io.Reader) (all []string, lines int) {
	t.Helper()
	for b := newBatches(r); ; {
		text, n, err := b.next()
		if err == io.EOF {
			require.Empty(t, text)
			return all, lines
		}
		require.NoError(t, err)
		require.LessOrEqual(t, n, batchLines)
		all = append(all, string(text))
		lines += n
	}
}

func wordsOf(text string) (all []string) {
	for w := range words([]byte(text)) {
		all = append(all, string(w))
	}
	return all
}

func TestBatchesKeepEverything(t *testing.T) {
	long := strings.Repeat("some words, ", batchBytes/4)
	word := strings.Repeat("日本語", batchBytes)
	for name, c := range map[string]struct {
		text           string
		lines, batches int // batches 0: any number
	}{
		"nothing":                   {"", 0, 0},
		"a newline":                 {"\n", 1, 1},
		"one line":                  {"one\n", 1, 1},
		"no newline at the end":     {"one\ntwo", 2, 1},
		"a full batch":              {strings.Repeat("x\n", batchLines), batchLines, 1},
		"one line more":             {strings.Repeat("x\n", batchLines+1), batchLines + 1, 2},
		"a long line":               {long + "\n", 1, 0},
		"a long line without end":   {long, 1, 0},
		"a long line after others":  {"a\nb\n" + long + "\nc\n", 4, 0},
		"a line of just the buffer": {strings.Repeat(" ", batchBytes), 1, 0},
		"a long word":               {word + "\n", 1, 1},
		"a long word without end":   {word, 1, 1},
		"a long word in a line":     {"a " + word + " b\nc", 2, 0},
		"two long words":            {word + " " + word, 1, 2},
		"a break across reads":      {strings.Repeat("日", batchBytes/3) + "。" + strings.Repeat("本", 30_000) + "\n", 1, 2},
		"no characters":             {strings.Repeat("\xff", 3*batchBytes) + "\n", 1, 1},
		"lines in DOS manner":       {"a\r\nb\r\n", 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			all, lines := cut(t, strings.NewReader(c.text))
			require.Equal(t, c.lines, lines)
			require.True(t, strings.Join(all, "") == c.text, "the text has changed")
			if c.batches > 0 {
				require.Len(t, all, c.batches)
			}
		})
	}
}

func TestBatchesCutNoWord(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("abcdefg ,é日Ω\n")
	for range 8 {
		var b strings.Builder
		for b.Len() < 3*batchBytes {
			for range random.IntN(2 * batchBytes) {
				b.WriteRune(alphabet[random.IntN(len(alphabet)-1)]) // newlines are rare
			}
			b.WriteByte('\n')
		}
		text := b.String()
		all, _ := cut(t, iotest.HalfReader(strings.NewReader(text)))
		var got []string
		for _, batch := range all {
			got = append(got, wordsOf(batch)...)
		}
		require.True(t, slices.Equal(wordsOf(text), got), "other words than without batches")
	}
}

func TestBatchesAreShortUnlessAWordIsLong(t *testing.T) {
	all, _ := cut(t, strings.NewReader(strings.Repeat("word ", batchBytes)))
	for _, batch := range all {
		require.LessOrEqual(t, len(batch), 2*batchBytes)
	}
}

func TestBatchesReportAnError(t *testing.T) {
	broken := errors.New("disk on fire")
	b := newBatches(io.MultiReader(strings.NewReader("one\ntw"), iotest.ErrReader(broken)))
	_, _, err := b.next()
	require.ErrorIs(t, err, broken)
}
