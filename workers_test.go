// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// TestBusyWorkerGetsAll: an idle PULL holds no message back, whatever it did before.
func TestBusyWorkerGetsAll(t *testing.T) {
	for _, hwm := range []int{1, 7, 1000} {
		for _, before := range []string{"nothing", "gave up", "received"} {
			t.Run(fmt.Sprintf("hwm=%d/%s", hwm, before), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					rt := mq.NewRuntime()
					o := mq.WithRuntime(rt)
					push, idle, busy := mq.NewPush(o, mq.WithSendHWM(hwm)), mq.NewPull(o), mq.NewPull(o)
					require.NoError(t, push.Bind("inproc://work"))
					require.NoError(t, idle.Connect("inproc://work"))
					ctx, cancel := context.WithCancel(t.Context())
					switch before {
					case "gave up":
						go idle.Recv(ctx)
						synctest.Wait()
					case "received":
						require.NoError(t, push.Send(ctx, mq.Text("first")))
						_, err := idle.Recv(ctx)
						require.NoError(t, err)
					}
					cancel()
					require.NoError(t, busy.Connect("inproc://work"))
					go func() {
						for i := range 1000 {
							assert.NoError(t, push.Send(t.Context(), mq.Text(fmt.Sprint(i))))
						}
					}()
					for i := range 1000 {
						m, err := busy.Recv(t.Context())
						require.NoError(t, err)
						require.Equal(t, fmt.Sprint(i), m.String(), "in order")
					}
					require.NoError(t, rt.Close())
				})
			})
		}
	}
}

// TestWorkersComeAndGo runs PULLs that close after a few messages, and others that
// take their place, under load.
func TestWorkersComeAndGo(t *testing.T) {
	rt := mq.NewRuntime()
	o := mq.WithRuntime(rt)
	var l ledger
	var producers, workers sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for p := range 2 {
		push := mq.NewPush(o, mq.WithSendHWM(1+30*p))
		require.NoError(t, push.Bind(fmt.Sprint("inproc://work", p)))
		for range 2 {
			producers.Go(func() {
				for range rounds(3000) {
					assert.NoError(t, l.send(t.Context(), push))
				}
			})
		}
		producers.Go(func() {})
	}
	for w := range 4 {
		workers.Go(func() {
			for ctx.Err() == nil {
				pull := mq.NewPull(o)
				for p := range 2 {
					assert.NoError(t, pull.Connect(fmt.Sprint("inproc://work", p)))
				}
				var hands sync.WaitGroup
				for range 1 + w%2 {
					hands.Go(func() {
						for range 10 * w {
							if l.recv(ctx, pull) != nil {
								return
							}
						}
					})
				}
				if w > 0 {
					hands.Wait()
				}
				assert.NoError(t, l.close(pull))
				hands.Wait()
				runtime.Gosched()
			}
		})
	}
	finish(t, &producers)
	cancel()
	finish(t, &workers)
	require.NoError(t, l.close(rt))
	l.check(t)
	requireEmpty(t, rt)
}

// TestPairIsFullDuplex runs a PAIR both ways with queues so short that both sides
// park all the time.
func TestPairIsFullDuplex(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := mq.NewRuntime()
		one := []mq.Option{mq.WithRuntime(rt), mq.WithSendHWM(1), mq.WithRecvHWM(1)}
		a, b := mq.NewPair(one...), mq.NewPair(one...)
		require.NoError(t, a.Bind("inproc://x"))
		require.NoError(t, b.Connect("inproc://x"))
		total := rounds(5000)
		var all sync.WaitGroup
		for _, s := range []mq.Socket{a, b} {
			all.Go(func() {
				for i := range total {
					assert.NoError(t, s.Send(t.Context(), mq.Text(fmt.Sprint(i))))
				}
			})
			all.Go(func() {
				for i := range total {
					m, err := s.Recv(t.Context())
					if !assert.NoError(t, err) || !assert.Equal(t, fmt.Sprint(i), m.String()) {
						return
					}
				}
			})
		}
		all.Wait()
		require.NoError(t, rt.Close())
	})
}

// TestPairKeepsOrderAcrossPeers changes the peer under load: what one did not take
// goes to the next, and no message is before another.
func TestPairKeepsOrderAcrossPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := mq.NewRuntime()
		o := mq.WithRuntime(rt)
		a := mq.NewPair(o, mq.WithSendHWM(3), mq.WithRecvHWM(1))
		require.NoError(t, a.Bind("inproc://x"))
		total := rounds(5000)
		go func() {
			for i := range total {
				assert.NoError(t, a.Send(t.Context(), mq.Text(fmt.Sprint(i))))
			}
		}()
		for i := 0; i < total; {
			b := mq.NewPair(o, mq.WithRecvHWM(1+i%5))
			require.NoError(t, b.Connect("inproc://x"))
			for range min(1+i%7, total-i) {
				m, err := b.Recv(t.Context())
				require.NoError(t, err)
				require.Equal(t, fmt.Sprint(i), m.String())
				i++
			}
			require.NoError(t, b.Close())
		}
		require.EqualValues(t, total, a.Stats().Sent)
		require.Zero(t, a.Stats().Queued)
		require.NoError(t, rt.Close())
	})
}
