// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/internal/transport"
)

// blocked makes sockets in all the ways in which a call can block, and a call for
// each.
func blocked(t *testing.T, o mq.Option) (calls map[string]func(context.Context) error) {
	t.Helper()
	calls = map[string]func(context.Context) error{}
	send := func(s mq.Socket) func(context.Context) error {
		return func(ctx context.Context) error { return s.Send(ctx, mq.Text("one too many")) }
	}
	recv := func(s mq.Socket) func(context.Context) error {
		return func(ctx context.Context) error { _, err := s.Recv(ctx); return err }
	}
	one := []mq.Option{o, mq.WithSendHWM(1), mq.WithRecvHWM(1)}
	alone, pair, peer := mq.NewPair(one...), mq.NewPair(one...), mq.NewPair(one...)
	require.NoError(t, pair.Bind("inproc://pair"))
	require.NoError(t, peer.Connect("inproc://pair"))
	push, pushing, idle := mq.NewPush(one...), mq.NewPush(one...), mq.NewPull(o)
	require.NoError(t, idle.Bind("inproc://idle"))
	require.NoError(t, pushing.Connect("inproc://idle"))
	for s, n := range map[mq.Socket]int{alone: 1, pair: 2, push: 1, pushing: 1} {
		for range n {
			require.NoError(t, s.Send(t.Context(), mq.Text("x")))
		}
	}
	calls["send PAIR alone"], calls["send PAIR"] = send(alone), send(pair)
	calls["send PUSH alone"], calls["send PUSH"] = send(push), send(pushing)

	pull, rep, sub, req, asked := mq.NewPull(o), mq.NewRep(o), mq.NewSub(o), mq.NewReq(o), mq.NewReq(o)
	require.NoError(t, rep.Bind("inproc://rep"))
	require.NoError(t, req.Connect("inproc://rep"))
	require.NoError(t, req.Send(t.Context(), mq.Text("x")))
	_, err := rep.Recv(t.Context())
	require.NoError(t, err)
	require.NoError(t, asked.Send(t.Context(), mq.Text("x")))
	calls["recv PAIR alone"], calls["recv PAIR"] = recv(alone), recv(pair)
	calls["recv PULL"], calls["recv REP"], calls["recv SUB"] = recv(pull), recv(mq.NewRep(o)), recv(sub)
	calls["recv REQ"], calls["recv REQ alone"] = recv(req), recv(asked)

	pub := mq.NewPub(o)
	calls["wait for subscribers"] = func(ctx context.Context) error { return pub.WaitSubscribers(ctx, "x", 1) }
	for i, s := range []mq.Socket{alone, pair, push, pull, req, rep, pub, sub} {
		calls[fmt.Sprint("wait for peers ", i)] = func(ctx context.Context) error { return s.WaitPeers(ctx, 100) }
	}
	return calls
}

// TestCancelEndsAllThatBlocks, and harms no socket: the next call blocks as well.
func TestCancelEndsAllThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := mq.NewRuntime()
		for name, call := range blocked(t, mq.WithRuntime(rt)) {
			for range 2 {
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- call(ctx) }()
				synctest.Wait()
				require.Empty(t, ended, name)
				cancel()
				err := <-ended
				require.ErrorIs(t, err, context.Canceled, name)
				assertPromised(t, err)
				require.ErrorIs(t, call(ctx), context.Canceled, name)
			}
		}
		rt.Close()
		requireEmpty(t, rt)
	})
}

// restless are calls that never block, for goroutines that make one after the
// other.
func restless(o mq.Option) map[string]func() error {
	pub, sub, pull := mq.NewPub(o), mq.NewSub(o), mq.NewPull(o)
	pub.Bind("inproc://busy")
	calls := map[string]func() error{
		"send":        func() error { return pub.Send(context.Background(), mq.Text("x")) },
		"connect":     func() error { return sub.Connect("inproc://busy") },
		"disconnect":  func() error { return sub.Disconnect("inproc://busy") },
		"subscribe":   func() error { return sub.Subscribe("x") },
		"unsubscribe": func() error { return sub.Unsubscribe("x") },
		"bind":        func() error { return pull.Bind("inproc://come and go") },
		"unbind":      func() error { return pull.Unbind("inproc://come and go") },
	}
	for _, k := range kinds {
		calls["make "+k.family] = func() error {
			s := k.make(o)
			s.Bind("inproc://made")
			s.Connect("inproc://busy")
			return errors.Join(s.WaitPeers(context.Background(), 0), s.Close())
		}
	}
	return calls
}

func TestRuntimeCloseWithEverythingBusy(t *testing.T) {
	for range rounds(50) {
		synctest.Test(t, func(t *testing.T) {
			rt := mq.NewRuntime()
			o := mq.WithRuntime(rt)
			var all sync.WaitGroup
			for name, call := range blocked(t, o) {
				callers := 2
				if strings.HasPrefix(name, "recv RE") { // REQ, REP: one at a time
					callers = 1
				}
				for range callers {
					all.Go(func() {
						err := call(t.Context())
						if name == "recv REQ" && errors.Is(err, mq.ErrPeerGone) {
							return // the REP that has the request was closed before
						}
						assert.ErrorIs(t, err, mq.ErrClosed, name)
						assertPromised(t, err)
					})
				}
			}
			synctest.Wait()
			calls := restless(o)
			var turns atomic.Int64
			for name, call := range calls {
				all.Go(func() {
					for {
						err := call()
						turns.Add(1)
						if errors.Is(err, mq.ErrClosed) {
							return
						}
						if name[:4] != "make" {
							assertPromised(t, err)
						}
						runtime.Gosched() // where nobody is interrupted
					}
				})
			}
			for turns.Load() < 300 {
				runtime.Gosched()
			}
			var back ledger
			require.NoError(t, back.close(rt))
			require.Equal(t, map[string]int{"x": 6}, back.found, "what nobody took")
			all.Wait()
			requireEmpty(t, rt)
			require.NoError(t, rt.Close())
		})
	}
}

func TestSocketsOfAClosedRuntimeAreClosed(t *testing.T) {
	rt := mq.NewRuntime()
	require.NoError(t, rt.Close())
	for _, k := range kinds {
		s := k.make(mq.WithRuntime(rt))
		for name, err := range map[string]error{
			"bind":       s.Bind("inproc://x"),
			"unbind":     s.Unbind("inproc://x"),
			"connect":    s.Connect("inproc://x"),
			"disconnect": s.Disconnect("inproc://x"),
			"wait":       s.WaitPeers(t.Context(), 0),
		} {
			require.ErrorIs(t, err, mq.ErrClosed, name)
		}
		err := s.Send(t.Context(), mq.Message{})
		require.True(t, errors.Is(err, mq.ErrClosed) || errors.Is(err, errors.ErrUnsupported), err)
		_, err = s.Recv(t.Context())
		require.True(t, errors.Is(err, mq.ErrClosed) || errors.Is(err, errors.ErrUnsupported), err)
		require.Empty(t, s.Addr())
		require.Equal(t, mq.Stats{}, s.Stats())
		require.NoError(t, s.Close())
	}
	requireEmpty(t, rt)
}

// TestCloseIsDoneWhenItReturns, also if another Close was first.
func TestCloseIsDoneWhenItReturns(t *testing.T) {
	for range rounds(500) {
		rt := mq.NewRuntime()
		s := mq.NewPush(mq.WithRuntime(rt))
		require.NoError(t, s.Bind("inproc://x"))
		require.NoError(t, s.Send(t.Context(), mq.Text("x")))
		var all sync.WaitGroup
		var back ledger
		for _, c := range []io.Closer{s, s, rt, rt} {
			all.Go(func() {
				assert.NoError(t, back.close(c))
				assert.ErrorIs(t, s.Send(t.Context(), mq.Text("late")), mq.ErrClosed)
				names, _, _ := mq.Census(rt)
				assert.Zero(t, names)
			})
		}
		all.Wait()
		require.Equal(t, map[string]int{"x": 1}, back.found)
	}
}

// A peer that is just joining when the socket closes is stopped with the others: neither
// races with the other, which the race detector would tell.
func TestCloseWhileAPeerJoins(t *testing.T) {
	for range 300 {
		s := mq.NewPull(mq.WithRuntime(mq.NewRuntime()), mq.WithLinger(0))
		require.NoError(t, s.Connect("wire://x"))
		theWire.mu.Lock()
		p := theWire.peers["wire://x"]
		theWire.mu.Unlock()
		far := &lateSession{session{kind: p.Kind().Peer()}, make(chan struct{})}
		var both sync.WaitGroup
		both.Go(func() { _, _ = transport.Join(p, far, "", nil) }) // it may be too late
		<-far.begun
		closing(s)
		both.Wait()
	}
}

// lateSession lets others run before it has its queue.
type lateSession struct {
	session
	begun chan struct{}
}

func (s *lateSession) Attach(e *transport.End) error {
	close(s.begun)
	for range 20 {
		runtime.Gosched()
	}
	return s.session.Attach(e)
}
