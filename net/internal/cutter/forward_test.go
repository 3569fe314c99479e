// SPDX-License-Identifier: MIT

package cutter_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/cutter"
)

func TestForwardsBothWaysInOrder(t *testing.T) {
	for _, nets := range [][2]string{{"tcp", "tcp"}, {"unix", "unix"}, {"tcp", "unix"}, {"unix", "tcp"}} {
		t.Run(nets[0]+"-"+nets[1], func(t *testing.T) {
			w := newWorld(t, nets[0], nets[1])
			near, far := w.connect(cutter.Plan{})
			up, down := noise(3<<20+1), noise(1<<20+7)
			var wg sync.WaitGroup
			send := func(c net.Conn, b []byte) {
				_, err := c.Write(b)
				assert.NoError(t, err)
				assert.NoError(t, c.(interface{ CloseWrite() error }).CloseWrite())
			}
			receive := func(c net.Conn, want []byte) {
				got, err := io.ReadAll(c)
				assert.NoError(t, err)
				assert.True(t, bytes.Equal(want, got), "%d of %d bytes", len(got), len(want))
			}
			wg.Go(func() { send(near, up) })
			wg.Go(func() { send(far, down) })
			wg.Go(func() { receive(near, down) })
			wg.Go(func() { receive(far, up) })
			wg.Wait()
			require.Eventually(t, func() bool { return w.proxy.Active() == 0 }, patience, time.Millisecond)
			u, d := w.proxy.Bytes(0)
			require.Equal(t, []int64{int64(len(up)), int64(len(down))}, []int64{u, d})
		})
	}
}

func TestEndOfStreamGoesOneWay(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		w := newWorld(t, network, network)
		near, far := w.connect(cutter.Plan{})
		require.NoError(t, near.(interface{ CloseWrite() error }).CloseWrite())
		rest, err := io.ReadAll(far)
		require.NoError(t, err)
		require.Empty(t, rest)
		exchange(t, far, near, "still here")
		require.NoError(t, far.Close())
		rest, err = io.ReadAll(near)
		require.NoError(t, err)
		require.Empty(t, rest)
	}
}

func TestResetGoesOn(t *testing.T) {
	for _, fromNear := range []bool{true, false} {
		w := newWorld(t, "tcp", "tcp")
		from, to := w.connect(cutter.Plan{})
		if !fromNear {
			from, to = to, from
		}
		exchange(t, from, to, "hello")
		require.NoError(t, from.(*net.TCPConn).SetLinger(0))
		require.NoError(t, from.Close())
		_, err := to.Read(make([]byte, 1))
		require.True(t, isReset(err), "%v", err)
	}
}

func TestNoTargetIsAReset(t *testing.T) {
	p, err := cutter.New("tcp", "127.0.0.1:0", "unix", place(t, "unix"))
	require.NoError(t, err)
	defer p.Close()
	w := &world{t: t, near: "tcp", proxy: p}
	w.isClosed()
	require.Eventually(t, func() bool { return p.Connections() == 1 && p.Active() == 0 }, patience, time.Millisecond)
}

func TestNewFailsWhereItCannotListen(t *testing.T) {
	w := newWorld(t, "tcp", "tcp")
	_, err := cutter.New("tcp", w.proxy.Addr(), "tcp", w.proxy.Addr())
	require.Error(t, err)
}

// chunks is what comes out of a connection under a plan: the sizes, and when.
func chunks(t *testing.T, plan cutter.Plan, text string) (sizes []int, times []time.Duration) {
	near, in := net.Pipe()
	out, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	start := time.Now()
	go cutter.Run(in, out, plan)
	go func() {
		_, err := io.WriteString(near, text)
		assert.NoError(t, err)
	}()
	var got []byte
	for len(got) < len(text) {
		b := make([]byte, 100)
		n, err := far.Read(b) // a write to a pipe is read as one
		require.NoError(t, err)
		got, sizes, times = append(got, b[:n]...), append(sizes, n), append(times, time.Since(start))
	}
	require.Equal(t, text, string(got))
	return sizes, times
}

func TestChunkAndDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sizes, times := chunks(t, cutter.Plan{}, "0123456789")
		require.Equal(t, []int{10}, sizes)
		require.Equal(t, []time.Duration{0}, times)

		sizes, times = chunks(t, cutter.Plan{Chunk: 4}, "0123456789")
		require.Equal(t, []int{4, 4, 2}, sizes)
		require.Equal(t, []time.Duration{0, 0, 0}, times)

		sizes, times = chunks(t, cutter.Plan{Chunk: 1, Delay: time.Second}, "0123")
		require.Equal(t, []int{1, 1, 1, 1}, sizes)
		require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}, times)
	})
}
