// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// device is a Proxy of mq between two sockets that are bound.
type device struct {
	front, back mq.Socket
	control     mq.ProxyControl
	stop        func() (inHand []mq.Message)
}

func newDevice(t *testing.T, front, back mq.Socket, addr func(testing.TB) string, opts ...mq.ProxyOption) *device {
	t.Helper()
	d := &device{front: front, back: back}
	require.NoError(t, front.Bind(addr(t)))
	require.NoError(t, back.Bind(addr(t)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- mq.Proxy(ctx, front, back, append(opts, mq.WithControl(&d.control))...) }()
	d.stop = sync.OnceValue(func() (inHand []mq.Message) {
		cancel()
		err := <-done
		assert.ErrorIs(t, err, context.Canceled)
		if left, ok := errors.AsType[*mq.UndeliveredError](err); ok {
			inHand = left.Messages
		}
		return inHand
	})
	t.Cleanup(func() { d.stop() })
	return d
}

// REQ and REP of libzmq talk through a broker of mq, each client to all servers, and some
// of these may be killed (D-PRX-01, D-REQ-10).
func TestLibzmqProxyRequests(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			router, _ := made(t, mq.NewRouter)
			dealer, heard := made(t, mq.NewDealer)
			d := newDevice(t, router, dealer, scheme.addr)
			p, killed := pyzmq.Start(t), pyzmq.Start(t)
			const clients, times = 8, 200
			for _, kind := range []string{"REP", "DEALER", "ROUTER"} {
				theirEcho(t, p, kind, d.back.Addr())
			}
			require.NoError(t, dealer.WaitPeers(t.Context(), 3))
			var wg sync.WaitGroup
			for i := range clients {
				s := newTheirs(t, p, "REQ", theirReqs[i%len(theirReqs)])
				require.NoError(t, s.Connect(d.front.Addr()))
				wg.Go(func() {
					for n := range times {
						want := parts(fmt.Sprint(i, " ", n), "", "\x00")
						assert.NoError(t, s.Send(want...))
						got, err := s.Recv(longest)
						assert.NoError(t, err)
						assert.Equal(t, want, got)
					}
				})
			}
			wg.Wait()
			until(t, func() bool { // what has arrived counts a moment later
				stats := d.control.Stats()
				return stats.Front.Received == clients*times && stats.Front.Sent == clients*times && stats.Back.Sent == clients*times
			}, "all are counted")
			stats := d.control.Stats()
			require.Zero(t, stats.Front.Dropped+stats.Back.Dropped)

			theirEcho(t, killed, "REP", d.back.Addr())
			require.NoError(t, dealer.WaitPeers(t.Context(), 4))
			killed.Kill()
			heard.wait(t, mq.EventDisconnected, 1)
			s := newTheirs(t, p, "REQ")
			require.NoError(t, s.Connect(d.front.Addr()))
			for n := range 10 {
				require.NoError(t, s.Send(pyzmq.Number(n, 1)))
				tells(t, s, fmt.Sprint(n))
			}
		})
	}
}

// PUB and SUB of libzmq talk through a forwarder of mq: what nobody wants does not come to
// it, because subscriptions flow upstream, also those of who is killed (D-XPB-15).
func TestLibzmqProxySubscriptions(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			p, killed := pyzmq.Start(t), pyzmq.Start(t)
			xsub, _ := made(t, mq.NewXSub)
			xpub, _ := made(t, mq.NewXPub)
			d := newDevice(t, xsub, xpub, scheme.addr)
			source, pub := p.Socket("XPUB", endless), p.Socket("PUB", endless)
			require.NoError(t, source.Connect(d.front.Addr()))
			require.NoError(t, pub.Connect(d.front.Addr()))
			subs := quietSubscribers(t, p, xpub, "SUB", "XSUB")
			gone := quietSubscribers(t, killed, xpub, "SUB")[0]
			ask(t, subs[0], "SUB", 1, "a")
			tells(t, source, "\x01a")
			ask(t, subs[1], "XSUB", 1, "a")
			ask(t, subs[1], "XSUB", 1, "b")
			tells(t, source, "\x01b")
			ask(t, gone, "SUB", 1, "c")
			tells(t, source, "\x01c")

			for i, text := range []string{"a1", "b1", "c1", "d1", "a2"} {
				require.NoError(t, source.Send([]byte(text), []byte("more"), nil))
				for _, s := range [][]*pyzmq.Socket{subs, subs[1:], {gone}, nil, subs}[i] {
					got, err := s.Recv(longest)
					require.NoError(t, err)
					require.Equal(t, parts(text, "more", ""), got)
				}
			}
			until(t, func() bool { return d.control.Stats().Front.Received >= 4 }, "count") // a moment after it arrives
			require.EqualValues(t, 4, d.control.Stats().Front.Received, "and not what nobody wants")

			killed.Kill()
			tells(t, source, "\x00c")
			ask(t, subs[0], "SUB", 0, "a")
			ask(t, subs[1], "XSUB", 0, "a")
			tells(t, source, "\x00a")
			require.NoError(t, subs[1].Send([]byte("upstream")))
			tells(t, source, "upstream")

			require.Eventually(t, func() bool { // PUB says nothing of what it hears
				require.NoError(t, pub.Send([]byte("b2")))
				got, err := subs[1].Recv(moment)
				return err == nil && string(got[0]) == "b2"
			}, longest, pollEvery)
		})
	}
}

// PUSH and PULL of libzmq talk through a streamer of mq; with a copy for a PULL beside it.
// Nothing is lost when the proxy ends and another begins (D-PRX-03).
func TestLibzmqProxyStream(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			const n = 10_000
			p := pyzmq.Start(t)
			capture, _ := made(t, mq.NewPush)
			require.NoError(t, capture.Bind(scheme.addr(t)))
			pull, _ := made(t, mq.NewPull)
			push, _ := made(t, mq.NewPush)
			d := newDevice(t, pull, push, scheme.addr, mq.WithCapture(capture))
			source, sink, copies := newTheirs(t, p, "PUSH"), newTheirs(t, p, "PULL"), newTheirs(t, p, "PULL")
			require.NoError(t, source.Connect(d.front.Addr()))
			require.NoError(t, sink.Connect(d.back.Addr()))
			require.NoError(t, copies.Connect(capture.Addr()))
			var inHand uint64 // when the first proxy ends
			var wg sync.WaitGroup
			wg.Go(func() { assert.NoError(t, source.SendNumbers(n, numberSize, longest)) })
			wg.Go(func() {
				got, err := copies.RecvNumbers(n, longest)
				assert.NoError(t, err)
				assert.True(t, got.Ordered && got.Count == n, "%+v", got)
			})
			wg.Go(func() {
				until(t, func() bool { return d.control.Stats().Front.Received > n/10 }, "messages")
				d.control.Pause()
				d.control.Resume()
				for _, m := range d.stop() { // there was no room for it
					assert.NoError(t, push.Send(t.Context(), m))
					inHand++
				}
				ctx, cancel := context.WithCancel(t.Context())
				again := make(chan error)
				go func() { again <- mq.Proxy(ctx, pull, push, mq.WithCapture(capture), mq.WithControl(&d.control)) }()
				until(t, func() bool { return d.control.Stats().Back.Sent == n-inHand }, "the rest")
				cancel()
				assert.ErrorIs(t, <-again, context.Canceled)
			})
			got, err := sink.RecvNumbers(n, longest)
			require.NoError(t, err)
			require.True(t, got.Ordered && got.Complete, "%+v", got)
			wg.Wait()
			stats := d.control.Stats()
			require.Equal(t, n-inHand, stats.Front.Received)
			require.Equal(t, (n-inHand)*numberSize, stats.Back.SentBytes)
		})
	}
}

// A worker that does not work stops, through the streamer, who pushes: nothing is stored
// without bound on the way.
func TestLibzmqProxySlowWorker(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		few := []mq.Option{mq.WithSendHWM(floodHWM), mq.WithRecvHWM(floodHWM)}
		pull, _ := made(t, mq.NewPull, few...)
		push, _ := made(t, mq.NewPush, few...)
		d := newDevice(t, pull, push, scheme.addr)
		source, sink := newTheirs(t, p, "PUSH", narrow), newTheirs(t, p, "PULL", narrow)
		require.NoError(t, source.Connect(d.front.Addr()))
		require.NoError(t, sink.Connect(d.back.Addr()))
		require.ErrorIs(t, source.SendNumbers(flood, floodSize, moment*4), pyzmq.ErrTimeout)
		passed := int(d.control.Stats().Back.Sent)
		require.Less(t, passed, flood)
		require.LessOrEqual(t, pull.Stats().Pending+push.Stats().Queued, 2*floodHWM)
		got, err := sink.RecvNumbers(passed, longest)
		require.NoError(t, err)
		require.True(t, got.Ordered && got.Complete, "%+v", got)
		require.NoError(t, source.Close())
	}
}

// The other way round: two programs of mq talk through the devices of libzmq.
func TestLibzmqDevicesBetweenOwn(t *testing.T) {
	t.Parallel()
	broker := pyzmq.Start(t)
	for _, scheme := range schemes {
		proxy := func(front, back string) (string, string) {
			return broker.Proxy(pyzmq.End{Kind: front, Addr: scheme.addr(t)}, pyzmq.End{Kind: back, Addr: scheme.addr(t)})
		}
		ctx, cancel := context.WithTimeout(t.Context(), longest)
		defer cancel()

		at, behind := proxy("PULL", "PUSH")
		push, _ := made(t, mq.NewPush)
		pull, _ := made(t, mq.NewPull)
		require.NoError(t, errors.Join(push.Connect(at), pull.Connect(behind)))
		passShapes(t, push, pull)

		at, behind = proxy("XSUB", "XPUB")
		xpub, _ := made(t, mq.NewXPub)
		sub, _ := made(t, mq.NewSub)
		require.NoError(t, errors.Join(xpub.Connect(at), sub.Connect(behind), sub.Subscribe("a")))
		hears(t, xpub, "\x01a")
		require.NoError(t, errors.Join(sub.Subscribe(""), sub.Unsubscribe("a")))
		hears(t, xpub, "\x01", "\x00a")
		passShapes(t, xpub, sub)
		require.NoError(t, sub.Close())
		hears(t, xpub, "\x00")

		at, behind = proxy("ROUTER", "DEALER")
		client, _ := made(t, mq.NewDealer)
		rep, _ := made(t, mq.NewRep)
		router, _ := made(t, mq.NewRouter)
		require.NoError(t, errors.Join(client.Connect(at), rep.Connect(behind), router.Connect(behind)))
		defer serving(t, rep, func(_ context.Context, m mq.Message) (mq.Message, error) { return m, nil })()
		var wg sync.WaitGroup
		working, done := context.WithCancel(ctx)
		wg.Go(func() {
			for m, err := range mq.Messages(working, router) {
				if err != nil {
					return
				}
				assert.NoError(t, router.Send(ctx, m))
			}
		})
		// Once both workers are there, each has half of them.
		for end := time.Now().Add(longest); router.Stats().Sent == 0 || rep.Stats().Sent == 0; {
			require.True(t, time.Now().Before(end), "a worker has nothing to do")
			for i, shape := range shapes {
				sendOwn(t, client, append([][]byte{{byte(i)}, nil}, shape.parts...)...)
				m := recvOwn(t, client)
				sameParts(t, append([][]byte{{byte(i)}, nil}, shape.parts...), append([][]byte{m.Data}, m.More...))
			}
		}
		done()
		wg.Wait()
	}
}

// passShapes sends messages of all shapes from one socket of mq to another.
func passShapes(t *testing.T, from mq.Sender, to mq.Receiver) {
	t.Helper()
	for _, shape := range shapes {
		sendOwn(t, from, shape.parts...)
		m := recvOwn(t, to)
		sameParts(t, shape.parts, append([][]byte{m.Data}, m.More...))
	}
}
