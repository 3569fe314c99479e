// SPDX-License-Identifier: MIT

package main

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

func TestNumbersComeBack(t *testing.T) {
	want := totals{counted: work{1, 2, 3}, undone: work{4, 5, math.MaxInt64}, words: 7, distinct: 0}
	var got totals
	require.NoError(t, got.decode(want.encode()))
	require.Equal(t, want, got)

	var w work
	for _, part := range []string{"", "1 2", "1 2 3 4", "1 2 x", "1 2 99999999999999999999"} {
		require.ErrorIs(t, w.decode([]byte(part)), errMalformed, part)
	}
}

func TestLinesComeBack(t *testing.T) {
	p, err := readLines(lineMessage(7, 3, []byte("a\nb\n"), 2))
	require.NoError(t, err)
	require.Equal(t, piece{7, 3, []byte("a\nb\n"), work{messages: 1, lines: 2, bytes: 4}}, p)

	sum, err := workIn([]mq.Message{lineMessage(7, 3, []byte("a\nb\n"), 2), lineMessage(8, 4, []byte("c"), 1)})
	require.NoError(t, err)
	require.Equal(t, work{messages: 2, lines: 3, bytes: 5}, sum)

	for _, m := range []mq.Message{mq.Text("1 1 1"), mq.Text("1 1 1", "a", "b"), mq.Text("1 1", "a"), mq.Text("1", "a")} {
		_, err := workIn([]mq.Message{m})
		require.ErrorIs(t, err, errMalformed, m)
	}
}

func TestCountsComeBack(t *testing.T) {
	want := []count{{"one", 1}, {"", 2}, {"日本", math.MaxInt64}}
	var part []byte
	for _, c := range want {
		part = appendCount(part, c)
	}
	var got []count
	collect := func(word []byte, n int64) { got = append(got, count{string(word), n}) }
	require.NoError(t, eachCount(part, collect))
	require.Equal(t, want, got)

	ends := map[int]bool{0: true, 5: true, 7: true, len(part): true} // of a count
	for i := range part {
		if !ends[i] {
			require.ErrorIs(t, eachCount(part[:i], collect), errMalformed, i)
		}
	}
	require.ErrorIs(t, eachCount([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, collect), errMalformed)
}
