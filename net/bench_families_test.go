// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// BenchmarkDoTCP is one request of 10 bytes and its reply over tcp, with so many under way
// over one connection, each by a goroutine of its own. Bare connections are one for each
// goroutine, which have an echo at the other end: they need no ids.
func BenchmarkDoTCP(b *testing.B) {
	for _, n := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("inflight=%d/via=mq-ctx", n), func(b *testing.B) {
			rt := mq.NewRuntime()
			req, rep := mq.NewReq(mq.WithRuntime(rt)), mq.NewRep(mq.WithRuntime(rt), mq.WithHandlers(n))
			require.NoError(b, rep.Bind("tcp://127.0.0.1:0"))
			require.NoError(b, req.Connect(rep.Addr()))
			require.NoError(b, req.WaitPeers(b.Context(), 1))
			var server sync.WaitGroup
			server.Go(func() {
				rep.Serve(b.Context(), func(_ context.Context, m mq.Message) (mq.Message, error) { return m, nil })
			})
			requests(b, n, func(_ int, p []byte) error {
				_, err := req.Do(b.Context(), mq.Message{Data: p})
				return err
			})
			rt.Close()
			server.Wait()
		})
		b.Run(fmt.Sprintf("inflight=%d/via=conns", n), func(b *testing.B) {
			conns, end := echoing(b, n)
			requests(b, n, func(i int, p []byte) error {
				if _, err := conns[i].Write(p); err != nil {
					return err
				}
				var reply [10]byte
				_, err := io.ReadFull(conns[i], reply[:])
				return err
			})
			end()
		})
	}
}

// requests has n goroutines ask b.N times together.
func requests(b *testing.B, n int, ask func(i int, p []byte) error) {
	b.ReportAllocs()
	payload := make([]byte, 10)
	var all sync.WaitGroup
	b.ResetTimer()
	for i := range n {
		all.Go(func() {
			for range b.N*(i+1)/n - b.N*i/n {
				if err := ask(i, payload); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
}

// echoing makes n connections to who writes back what it reads.
func echoing(b *testing.B, n int) (conns []net.Conn, end func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	defer listener.Close()
	var echoes sync.WaitGroup
	for range n {
		near, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(b, err)
		conns = append(conns, near)
		far, err := listener.Accept()
		require.NoError(b, err)
		echoes.Go(func() {
			defer far.Close()
			p := make([]byte, 64)
			for {
				n, err := far.Read(p)
				if err != nil {
					return
				}
				if _, err := far.Write(p[:n]); err != nil {
					return
				}
			}
		})
	}
	return conns, func() {
		for _, c := range conns {
			c.Close()
		}
		echoes.Wait()
	}
}
