// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/internal/transport"
)

// reqWith makes a REQ in a runtime of its own, and a server that is linked to it.
func reqWith[S mq.Socket](t *testing.T, server func(...mq.Option) S, opts ...mq.Option) (mq.Req, S) {
	t.Helper()
	rt := mq.NewRuntime()
	t.Cleanup(func() { rt.Close() })
	opts = append(opts, mq.WithRuntime(rt))
	req, s := mq.NewReq(opts...), server(opts...)
	require.NoError(t, s.Bind("inproc://x"))
	require.NoError(t, req.Connect("inproc://x"))
	return req, s
}

// echoing has a server answer all requests with themselves, until it is closed.
func echoing(s mq.Socket) (ended *sync.WaitGroup) {
	ended = &sync.WaitGroup{}
	ended.Go(func() {
		for {
			m, err := s.Recv(context.Background())
			if err != nil || s.Send(context.Background(), m) != nil {
				return
			}
		}
	})
	return ended
}

// A round trip takes one allocation for the request with its id, and none for the reply.
func TestDoAllocatesOnce(t *testing.T) {
	for name, serve := range map[string]func(mq.Rep) *sync.WaitGroup{
		"Recv and Send": func(rep mq.Rep) *sync.WaitGroup { return echoing(rep) },
		"Serve": func(rep mq.Rep) *sync.WaitGroup {
			ended := &sync.WaitGroup{}
			ended.Go(func() {
				rep.Serve(context.Background(), func(_ context.Context, m mq.Message) (mq.Message, error) { return m, nil })
			})
			return ended
		},
	} {
		t.Run(name, func(t *testing.T) {
			req, rep := reqWith(t, mq.NewRep)
			ended := serve(rep)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			m := mq.Message{Data: make([]byte, 16)}
			var err error
			allocs := testing.AllocsPerRun(1000, func() {
				if err == nil {
					_, err = req.Do(ctx, m)
				}
			})
			require.NoError(t, err)
			require.LessOrEqual(t, allocs, 1.0)
			require.NoError(t, rep.Close())
			ended.Wait()
		})
	}
}

// giveUp has n goroutines call Do, and ends their contexts once all are under way.
func giveUp(t *testing.T, req mq.Req, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var work sync.WaitGroup
	for range n {
		work.Go(func() {
			_, err := req.Do(ctx, mq.Text("given up"))
			assert.ErrorIs(t, err, context.Canceled)
		})
	}
	for under := 0; under < n; under, _ = mq.Calls(req) {
		runtime.Gosched()
	}
	cancel()
	work.Wait()
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestGivenUpCallsLeaveNothing gives up requests that a server has, and others that are
// queued.
func TestGivenUpCallsLeaveNothing(t *testing.T) {
	const calls, atOnce = 10_000, 1000
	for name, received := range map[string]bool{"received": true, "queued": false} {
		t.Run(name, func(t *testing.T) {
			req, router := reqWith(t, mq.NewRouter)
			var ended sync.WaitGroup
			if received {
				ended.Go(func() {
					for range mq.Messages(context.Background(), router) {
					}
				})
			}
			giveUp(t, req, atOnce)
			before := heap()
			for range calls / atOnce {
				giveUp(t, req, atOnce)
				under, spare := mq.Calls(req)
				require.Zero(t, under)
				require.LessOrEqual(t, spare, 256)
			}
			if after := heap(); after > before {
				require.Less(t, (after-before)/calls, uint64(32), "bytes that each has left")
			}
			runtime.KeepAlive(req)
			require.NoError(t, router.Close())
			require.NoError(t, req.Close())
			ended.Wait()
		})
	}
}

// TestIDsWrapAround: behind the largest id comes 0, and an id that is under way is left out.
func TestIDsWrapAround(t *testing.T) {
	req, router := reqWith(t, mq.NewRouter)
	var work sync.WaitGroup
	do := func(text string) {
		work.Go(func() {
			m, err := req.Do(t.Context(), mq.Text(text))
			assert.NoError(t, err)
			assert.Equal(t, text, m.String())
		})
	}
	recv := func() (mq.Message, uint32) {
		m, err := router.Recv(t.Context())
		require.NoError(t, err)
		return m, binary.BigEndian.Uint32(m.Part(1))
	}
	do("before")
	m, _ := recv()
	require.NoError(t, router.Send(t.Context(), m))
	work.Wait()
	var all []mq.Message
	for _, first := range []uint32{math.MaxUint32 - 2, 3} { // the second time, six are under way
		mq.SetNextCall(req, math.MaxUint32-2)
		for i := range uint32(6) {
			do(fmt.Sprint("call ", len(all)))
			m, id := recv()
			require.Equal(t, first+i, id)
			all = append(all, m)
		}
	}
	for _, m := range all {
		require.NoError(t, router.Send(t.Context(), m))
	}
	work.Wait()
}

// doing starts a Do, and returns how it ends.
func doing(req mq.Req, text string) <-chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := req.Do(context.Background(), mq.Text(text))
		ended <- err
	}()
	return ended
}

// TestLossIsToldThoughACallWasReturned: the session has written the request of Send when it
// gives back one of Do.
func TestLossIsToldThoughACallWasReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far := onWire(t, newReq, mq.WithLinger(0))
		req, socket := s.(mq.Req), far.end.Far.Peer
		send(t, req, "of Send")
		require.Equal(t, []string{"of Send"}, far.take(t, 1))
		socket.Taken(far.end.Far, transport.NewMsg([]byte("of Send"), nil))
		call := doing(req, "of Do")
		m, _, err := far.in.Recv(t.Context())
		require.NoError(t, err)
		require.True(t, socket.Taken(far.end.Far, m))
		socket.Returned(far.end.Far, []transport.Msg{m})
		far.in.Close(nil)
		far.end.Unlink()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = req.Recv(ctx)
		assert.ErrorIs(t, err, mq.ErrPeerGone)
		require.Equal(t, 1, s.Stats().Queued, "the request of Do is for the next")
		require.NoError(t, s.Close())
		require.ErrorIs(t, <-call, mq.ErrClosed)
	})
}

// TestCloseDoesNotWaitForCalls: what Do has queued nobody waits for any more.
func TestCloseDoesNotWaitForCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req := mq.NewReq(mq.WithRuntime(mq.NewRuntime()), mq.WithLinger(time.Minute))
		theWire.seeks.Store(true)
		require.NoError(t, req.Connect("wire://sought"))
		theWire.seeks.Store(false)
		call := doing(req, "x")
		synctest.Wait()
		back, took := closing(req)
		require.Empty(t, back)
		require.ErrorIs(t, <-call, mq.ErrClosed)
		require.Zero(t, took)
	})
}

// TestCloseHandsNoCallBack, not even one that waits for a remote server.
func TestCloseHandsNoCallBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := onWire(t, newReq, mq.WithLinger(0))
		call := doing(s.(mq.Req), "of Do")
		synctest.Wait()
		send(t, s, "of Send")
		back, _ := closing(s)
		require.Equal(t, []string{"of Send"}, back)
		require.ErrorIs(t, <-call, mq.ErrClosed)
	})
}
