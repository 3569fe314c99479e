// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/reuse"
)

// BenchmarkFloor is what 100 kB from one end of a bare connection to the other take, by where
// they are read to: into one buffer again and again, which the caches hold; into so many in
// turn; or each time into a block that nobody has, as messages are that belong to whoever
// gets them.
func BenchmarkFloor(b *testing.B) {
	const size = 100_000
	ring := func(n int) func() []byte {
		buffers, i := make([][]byte, n), 0
		for i := range buffers {
			buffers[i] = make([]byte, size)
		}
		return func() []byte { i++; return buffers[i%n] }
	}
	for _, network := range []string{"tcp", "unix"} {
		for _, into := range []struct {
			name string
			next func() []byte
		}{
			{"1 buffer", ring(1)},
			{"40 buffers", ring(40)},
			{"320 buffers", ring(320)},
			{"used again", func() []byte { return reuse.Get(size) }},
			{"new", func() []byte { return make([]byte, size) }},
		} {
			b.Run(fmt.Sprintf("%s/%s", network, into.name), func(b *testing.B) {
				from, to := pair(b, network)
				sent := make(chan error, 1)
				b.SetBytes(size)
				b.ResetTimer()
				go func() {
					header, body := make([]byte, 9), bytes.Repeat([]byte{1}, size) // not the one page of zeros
					for range b.N {
						pieces := net.Buffers{header, body}
						if _, err := pieces.WriteTo(from); err != nil {
							sent <- err
							return
						}
					}
					sent <- nil
				}()
				header := make([]byte, 9)
				for range b.N {
					_, err := io.ReadFull(to, header)
					require.NoError(b, err)
					_, err = io.ReadFull(to, into.next())
					require.NoError(b, err)
				}
				require.NoError(b, <-sent)
			})
		}
	}
}

// pair is the two ends of a connection.
func pair(tb testing.TB, network string) (from, to net.Conn) {
	tb.Helper()
	at := "127.0.0.1:0"
	if network == "unix" {
		at = filepath.Join(tb.TempDir(), "s")
	}
	listener, err := net.Listen(network, at)
	require.NoError(tb, err)
	defer listener.Close()
	from, err = net.Dial(network, listener.Addr().String())
	require.NoError(tb, err)
	to, err = listener.Accept()
	require.NoError(tb, err)
	tb.Cleanup(func() { from.Close(); to.Close() })
	return from, to
}
