// SPDX-License-Identifier: MIT

package mqnet

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/transport"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// Whatever a batch is made of - frames of a publisher in one piece, in pieces and with gaps,
// small and large messages, commands - it writes the bytes that each alone would be, in
// order, and knows where each message ends.
func TestBatch(t *testing.T) {
	var roll transport.Roll
	s := &session{}
	for range 300 {
		var b batch
		var want []byte
		var ends []int
		for range 1 + rand.IntN(40) {
			first, more := someBytes(), [][]byte(nil)
			for range rand.IntN(3) {
				more = append(more, someBytes())
			}
			m := transport.NewMsg(first, more)
			switch rand.IntN(8) {
			case 0:
				b.raw([]byte("command"))
				want = append(want, "command"...)
				continue
			case 1:
				b.frame(zmtp.FlagMore, first)
				b.frame(0, nil)
				want = zmtp.AppendMessage(want, first, [][]byte{nil})
			case 2:
				s.Frame(&roll, m) // for others
				continue
			default:
				m = s.Frame(&roll, m)
				if frames, ok := m.Frames(); ok {
					b.framed(frames)
				} else {
					require.Greater(t, zmtp.MessageSize(first, more), largeMin)
					part := first
					for _, next := range more {
						b.frame(zmtp.FlagMore, part)
						part = next
					}
					b.frame(0, part)
				}
				want = zmtp.AppendMessage(want, first, more)
			}
			b.whole(m)
			ends = append(ends, len(want))
		}
		require.Equal(t, len(want), b.size)
		require.Equal(t, ends, append([]int(nil), b.ends...))
		require.True(t, bytes.Equal(want, written(t, &b)))
		b.reset()
		require.Zero(t, b.size)
		require.Nil(t, b.run)
		require.Empty(t, written(t, &b))
	}
}

// someBytes is mostly little.
func someBytes() []byte {
	n := rand.IntN([]int{10, 300, 3000, 3000, 40_000}[rand.IntN(5)])
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

func written(t *testing.T, b *batch) []byte {
	near, far := net.Pipe()
	got := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(far)
		got <- bytes.Clone(all)
	}()
	n, err := b.writeTo(near)
	require.NoError(t, err)
	near.Close()
	all := <-got
	require.Len(t, all, n)
	return all
}
