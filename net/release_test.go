// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// passing is two sockets and how a message goes from one to the other.
type passing struct {
	name     string
	from, to func(...mq.Option) mq.Socket
	pass     func(t *testing.T, from, to mq.Socket, parts ...[]byte) mq.Message
}

// oneWay sends and receives. skip is how many parts the receiving socket puts before them.
func oneWay(skip int) func(*testing.T, mq.Socket, mq.Socket, ...[]byte) mq.Message {
	return func(t *testing.T, from, to mq.Socket, parts ...[]byte) mq.Message {
		t.Helper()
		sendOwn(t, from, parts...)
		m := recvOwn(t, to)
		require.Equal(t, skip+len(parts), m.Len())
		return m
	}
}

// passings are all that receive.
var passings = []passing{
	{"PULL", mq.NewPush, mq.NewPull, oneWay(0)},
	{"PULL WithAck", mq.NewPush, func(o ...mq.Option) mq.Socket { return mq.NewPull(append(o, mq.WithAck())...) }, oneWay(0)},
	{"SUB", func(o ...mq.Option) mq.Socket { return mq.NewPub(o...) }, func(o ...mq.Option) mq.Socket { return mq.NewSub(o...) }, oneWay(0)},
	{"PAIR", mq.NewPair, mq.NewPair, oneWay(0)},
	{"DEALER", mq.NewDealer, mq.NewDealer, oneWay(0)},
	{"ROUTER", mq.NewDealer, func(o ...mq.Option) mq.Socket { return mq.NewRouter(o...) }, oneWay(1)},
	{"REP", func(o ...mq.Option) mq.Socket { return mq.NewReq(o...) }, func(o ...mq.Option) mq.Socket { return mq.NewRep(o...) },
		func(t *testing.T, from, to mq.Socket, parts ...[]byte) mq.Message {
			m := oneWay(0)(t, from, to, parts...)
			oneWay(0)(t, to, from, nil)
			return m
		}},
	{"REQ", func(o ...mq.Option) mq.Socket { return mq.NewRep(o...) }, func(o ...mq.Option) mq.Socket { return mq.NewReq(o...) },
		func(t *testing.T, from, to mq.Socket, parts ...[]byte) mq.Message {
			oneWay(0)(t, to, from, nil)
			return oneWay(0)(t, from, to, parts...)
		}},
	{"Do", func(o ...mq.Option) mq.Socket { return mq.NewRep(o...) }, func(o ...mq.Option) mq.Socket { return mq.NewReq(o...) },
		func(t *testing.T, from, to mq.Socket, parts ...[]byte) (m mq.Message) {
			var asking sync.WaitGroup
			var err error
			asking.Go(func() { m, err = to.(mq.Req).Do(t.Context(), mq.Message{}) })
			recvOwn(t, from)
			sendOwn(t, from, parts...)
			asking.Wait()
			require.NoError(t, err)
			return m
		}},
}

func (p passing) open(t *testing.T, addr string) (from, to mq.Socket) {
	t.Helper()
	from, to = p.from(), p.to()
	t.Cleanup(func() { from.Close(); to.Close() })
	require.NoError(t, to.Bind(addr))
	require.NoError(t, from.Connect(to.Addr()))
	if sub, ok := to.(mq.Sub); ok {
		require.NoError(t, sub.Subscribe(""))
		require.NoError(t, from.(mq.Pub).WaitSubscribers(t.Context(), "", 1))
	}
	require.NoError(t, from.WaitPeers(t.Context(), 1))
	require.NoError(t, to.WaitPeers(t.Context(), 1))
	return from, to
}

// addresses are where the last n parts begin.
func addresses(m mq.Message, n int) (at []uintptr) {
	for i := range n {
		at = append(at, uintptr(unsafe.Pointer(unsafe.SliceData(m.Part(m.Len()-n+i)))))
	}
	return at
}

// What was released is where the next message comes to, whatever the socket; and only that.
func TestRelease(t *testing.T) {
	one, two := bytes.Repeat([]byte{1}, 100_000), bytes.Repeat([]byte{2}, 50_000)
	for _, scheme := range schemes {
		for _, p := range passings {
			t.Run(scheme.name+"/"+p.name, func(t *testing.T) {
				from, to := p.open(t, scheme.addr(t))
				for _, parts := range [][][]byte{{one}, {one, two}} {
					kept := p.pass(t, from, to, parts...)
					kept.Ack()
					comesBack := func() bool {
						m := p.pass(t, from, to, parts...)
						at := addresses(m, len(parts))
						m.Release()
						require.Zero(t, m.Size())
						m.Ack()
						m.Release()
						m = p.pass(t, from, to, parts...)
						requireParts(t, parts, m)
						m.Ack()
						return slices.Equal(at, addresses(m, len(parts)))
					}
					isBack := false
					for range 5 { // the collector may come between
						isBack = isBack || comesBack()
					}
					require.True(t, isBack)
					requireParts(t, parts, kept)
				}
			})
		}
	}
}

func requireParts(t *testing.T, want [][]byte, m mq.Message) {
	t.Helper()
	for i, part := range want {
		require.Equal(t, part, m.Part(m.Len()-len(want)+i))
	}
}

// A message that is sent on is everybody's: who gets it can release nothing.
func TestReleaseWhatWasSentOn(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			rt := mq.NewRuntime()
			defer rt.Close()
			from, to := passings[0].open(t, scheme.addr(t))
			pub, subs := mq.NewPub(mq.WithRuntime(rt)), [2]mq.Sub{mq.NewSub(mq.WithRuntime(rt)), mq.NewSub(mq.WithRuntime(rt))}
			require.NoError(t, pub.Bind("inproc://news"))
			for _, sub := range subs {
				require.NoError(t, sub.Connect("inproc://news"))
				require.NoError(t, sub.Subscribe(""))
			}
			for mark := range byte(10) {
				data := bytes.Repeat([]byte{mark}, 100_000)
				sendOwn(t, from, data)
				require.NoError(t, pub.Send(t.Context(), recvOwn(t, to)))
				first, second := recvOwn(t, subs[0]), recvOwn(t, subs[1])
				first.Release()
				sendOwn(t, from, make([]byte, len(data)))
				recvOwn(t, to)
				require.Equal(t, data, second.Data)
			}
		})
	}
}

// Workers take large messages, keep each for a while, look at every byte, and release some:
// none changes in their hands.
func TestReleaseRun(t *testing.T) {
	const workers, messages, keep = 4, 2_000, 8
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), longest)
			defer cancel()
			from, to := passings[0].open(t, scheme.addr(t))
			var all sync.WaitGroup
			var left, whole atomic.Int64
			left.Store(messages)
			for range workers {
				all.Go(func() {
					var kept []mq.Message
					for left.Add(-1) >= 0 {
						m, err := to.Recv(ctx)
						if err != nil {
							break
						}
						kept = append(kept, m)
						at := rand.IntN(len(kept))
						if at >= keep || rand.IntN(keep) == 0 {
							m = kept[at]
							kept = slices.Delete(kept, at, at+1)
							if bytes.Count(m.Data, m.Data[:1]) == m.Size() {
								whole.Add(1)
							}
							m.Release()
						}
					}
					for _, m := range kept {
						if bytes.Count(m.Data, m.Data[:1]) == m.Size() {
							whole.Add(1)
						}
					}
				})
			}
			for i := range messages {
				require.NoError(t, from.Send(ctx, mq.Message{Data: bytes.Repeat([]byte{byte(i)}, 10_000+rand.IntN(100_000))}))
			}
			all.Wait()
			require.EqualValues(t, messages, whole.Load())
		})
	}
}
