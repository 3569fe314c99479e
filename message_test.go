// SPDX-License-Identifier: MIT

package mq_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

func TestNewMessageKeepsTheSlices(t *testing.T) {
	parts := [][]byte{[]byte("one"), nil, []byte("three"), {}}
	for n := range len(parts) + 1 {
		m := mq.NewMessage(parts[:n]...)
		require.Equal(t, max(n, 1), m.Len())
		for i, p := range parts[:n] {
			require.Equal(t, p, m.Part(i))
		}
	}
	m := mq.NewMessage(parts...)
	m.Data[0], m.More[1][0] = 'O', 'T'
	require.Equal(t, "One", string(parts[0]))
	require.Equal(t, "Three", string(parts[2]))
	require.Nil(t, mq.NewMessage(parts[0]).More, "one part has no more")
}

func TestMessageOfNothing(t *testing.T) {
	for _, m := range []mq.Message{{}, mq.NewMessage(), mq.Text(), mq.NewMessage(nil), {More: [][]byte{}}} {
		require.Equal(t, 1, m.Len())
		require.Zero(t, m.Size())
		require.Empty(t, m.Part(0))
		require.Empty(t, m.String())
		for i, p := range m.Parts() {
			require.Zero(t, i)
			require.Empty(t, p)
		}
	}
	require.Equal(t, mq.Message{}, mq.NewMessage())
	require.Equal(t, mq.Message{}, mq.Text())
}

func TestText(t *testing.T) {
	require.Equal(t, mq.Message{Data: []byte("a")}, mq.Text("a"))
	require.Equal(t, mq.Message{Data: []byte("a"), More: [][]byte{{}, []byte("é")}}, mq.Text("a", "", "é"))
	require.Equal(t, 3, mq.Text("a", "", "é").Size())
}

func TestMessagePart(t *testing.T) {
	m := mq.Text("a", "b")
	require.Equal(t, "b", string(m.Part(1)))
	for _, i := range []int{-1, 2, 100} {
		require.Panics(t, func() { m.Part(i) }, "part %d", i)
	}
	require.Panics(t, func() { new(mq.Message).Part(1) })
}

func TestMessageParts(t *testing.T) {
	m := mq.Text("a", "b", "c")
	for stop := 1; stop <= 4; stop++ {
		var got []string
		for i, p := range m.Parts() {
			require.Len(t, got, i)
			if got = append(got, string(p)); len(got) == stop {
				break
			}
		}
		require.Equal(t, []string{"a", "b", "c"}[:min(stop, 3)], got)
	}
	all := m.Parts()
	for range 2 { // it can be ranged over again
		n := 0
		for range all {
			n++
		}
		require.Equal(t, 3, n)
	}
}

func TestMessageCloneHasItsOwnBytes(t *testing.T) {
	for _, m := range []mq.Message{{}, mq.Text("a"), mq.Text("a", "b", ""), {Data: []byte{}, More: [][]byte{nil}}} {
		before := m.String()
		c := m.Clone()
		require.Equal(t, m, c)
		for _, p := range c.Parts() {
			for i := range p {
				p[i] = 'X'
			}
		}
		if c.More != nil {
			c.More[0] = []byte("other")
		}
		_ = append(c.Data, "more"...)
		require.Equal(t, before, m.String())
	}
}

func TestMessageString(t *testing.T) {
	long := strings.Repeat("0123456789", 100)
	for _, c := range []struct {
		m    mq.Message
		want string
	}{
		{mq.Message{}, ""},
		{mq.Text("topic", "body"), "topic|body"},
		{mq.Text("", ""), "|"},
		{mq.Text("héllo\nwörld\t𝄞"), "héllo\nwörld\t𝄞"},
		{mq.NewMessage([]byte{0, 1, 0xff}), "0001ff"},
		{mq.NewMessage([]byte("\xc3"), []byte("a")), "c3|a"},
		{mq.Text(long), long},
	} {
		require.Equal(t, c.want, c.m.String())
	}
}

// TestMessageThroughSockets sends all shapes of messages: parts arrive as they are,
// and inproc as the very same bytes.
func TestMessageThroughSockets(t *testing.T) {
	for _, kind := range fits {
		t.Run(kind, func(t *testing.T) {
			rt := mq.NewRuntime()
			defer rt.Close()
			from, to := couple(t, mq.WithRuntime(rt), kind)
			for _, m := range []mq.Message{
				{}, mq.Text("a"), mq.Text("", "b"), mq.Text("a", "", ""), {Data: nil, More: [][]byte{nil}},
				{Data: []byte("a"), More: [][]byte{}}, mq.NewMessage(make([]byte, 1<<20), make([]byte, 3)),
			} {
				require.NoError(t, from.Send(t.Context(), m))
				got, err := to.Recv(t.Context())
				require.NoError(t, err)
				require.Equal(t, m.Len(), got.Len())
				for i, p := range m.Parts() {
					require.True(t, slices.Equal(p, got.Part(i)))
					if len(p) > 0 {
						require.Same(t, &p[0], &got.Part(i)[0])
					}
				}
				if kind == "REQ/REP" {
					require.NoError(t, to.Send(t.Context(), got))
					_, err := from.Recv(t.Context())
					require.NoError(t, err)
				}
			}
		})
	}
}
