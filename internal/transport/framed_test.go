// SPDX-License-Identifier: MIT

package transport

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is put into a roll stays as it was written, and what was put in one behind the other
// can be read in one piece, as far as one block goes.
func TestRoll(t *testing.T) {
	const size = 100
	var r Roll
	var blocks [][]byte
	block := func() []byte {
		blocks = append(blocks, make([]byte, size))
		return blocks[len(blocks)-1]
	}
	var want, runs []byte
	var run []byte
	for i := range 1000 {
		text := bytes.Repeat([]byte{byte(i)}, 1+rand.IntN(size-1))
		room := r.Room(len(text), block)
		require.Empty(t, room)
		require.Equal(t, len(text), cap(room))
		m := Framed(append(room, text...))
		frames, ok := m.Frames()
		require.True(t, ok)
		require.Equal(t, text, frames)
		want = append(want, text...)
		longer, ok := Extend(run, frames)
		if !ok {
			runs = append(runs, run...)
			longer = frames
		}
		run = longer
	}
	require.Equal(t, want, append(runs, run...))
	for _, b := range blocks {
		require.Zero(t, b[size-1], "so no block touches the next")
	}
	require.Less(t, len(blocks), 700, "several share one")
}

// Messages with gaps between them, and from several blocks, are not one piece.
func TestExtendRefuses(t *testing.T) {
	b := []byte("abcdefgh")
	_, ok := Extend(nil, b)
	require.False(t, ok)
	_, ok = Extend(b[:2], b[3:])
	require.False(t, ok)
	_, ok = Extend(b[2:4], b[:2])
	require.False(t, ok)
	longer, ok := Extend(b[1:3:3], b[3:5])
	require.True(t, ok)
	require.Equal(t, "bcde", string(longer))
}

func TestFramesOfOthers(t *testing.T) {
	for _, m := range []Msg{{}, NewMsg([]byte("abc"), nil), NewMsg(nil, [][]byte{nil}), NewMsg([]byte("a"), nil).Again()} {
		_, ok := m.Frames()
		require.False(t, ok)
	}
}
