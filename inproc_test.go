// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/internal/transport"
)

// requireEmpty fails if the runtime holds on to anything.
func requireEmpty(t *testing.T, rt *mq.Runtime) {
	t.Helper()
	names, putOff, sockets := mq.Census(rt)
	require.Zero(t, names, "names")
	require.Zero(t, putOff, "connections put off")
	require.Zero(t, sockets, "sockets")
}

func TestNamesAreLetGo(t *testing.T) {
	rt := mq.NewRuntime()
	o := mq.WithRuntime(rt)
	push, pull, pub := mq.NewPush(o), mq.NewPull(o), mq.NewPub(o)
	require.NoError(t, push.Bind("inproc://a"))
	require.NoError(t, push.Connect("inproc://b"))
	require.ErrorIs(t, pub.Connect("inproc://a"), mq.ErrIncompatible)
	require.ErrorIs(t, pub.Bind("inproc://b"), mq.ErrIncompatible)
	require.ErrorIs(t, push.Connect("inproc://a"), mq.ErrIncompatible)
	require.ErrorIs(t, pull.Bind("inproc://a"), mq.ErrAddrInUse)
	require.NoError(t, pull.Connect("inproc://a"))
	names, _, _ := mq.Census(rt)
	require.Equal(t, 2, names)

	require.NoError(t, push.Unbind("inproc://a"))
	require.NoError(t, push.Disconnect("inproc://b"))
	names, _, _ = mq.Census(rt)
	require.Equal(t, 1, names, "pull is still connected to it")
	require.Equal(t, 1, pull.Stats().Peers)
	require.NoError(t, pull.Disconnect("inproc://a"))
	require.Zero(t, mq.Ends(push))
	for _, s := range []mq.Socket{push, pull, pub} {
		require.NoError(t, s.Close())
	}
	requireEmpty(t, rt)
}

func TestPutOffIsLetGo(t *testing.T) {
	rt := mq.NewRuntime()
	o := mq.WithRuntime(rt)
	a, b, c, d := mq.NewPair(o), mq.NewPair(o), mq.NewPair(o), mq.NewPair(o)
	for _, s := range []mq.Socket{b, c, d} {
		require.NoError(t, s.Connect("inproc://x"))
	}
	require.NoError(t, a.Bind("inproc://x"))
	require.Equal(t, 1, b.Stats().Peers)
	_, putOff, _ := mq.Census(rt)
	require.Equal(t, 2, putOff)
	require.NoError(t, c.Close())
	require.NoError(t, b.Close())
	require.Equal(t, 1, d.Stats().Peers, "its turn, c is gone")
	_, putOff, _ = mq.Census(rt)
	require.Zero(t, putOff)
	require.NoError(t, a.Close())
	require.NoError(t, d.Close())
	requireEmpty(t, rt)
}

// TestDisconnectOfOneThatWasPutOff: c was put off, got a link all the same, and
// loses it to another link that ends in between. It must know the link it has.
func TestDisconnectOfOneThatWasPutOff(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	o := mq.WithRuntime(rt)
	a, b, c, e := mq.NewPair(o), mq.NewPair(o), mq.NewPair(o), mq.NewPair(o)
	require.NoError(t, a.Bind("inproc://a"))
	require.NoError(t, b.Connect("inproc://a"))
	require.NoError(t, c.Connect("inproc://x"))
	require.NoError(t, a.Bind("inproc://x")) // which has b
	require.NoError(t, a.Unbind("inproc://x"))

	d := &session{kind: transport.Pair}
	hold, err := mq.Inproc(rt).Bind("inproc://x", d, nil)
	require.NoError(t, err)
	require.Equal(t, 1, c.Stats().Peers)
	d.leaves = func() { // c is free, and its connection does not know yet
		hold.Close()
		require.NoError(t, e.Bind("inproc://x"))
		require.NoError(t, b.Disconnect("inproc://a"))
	}
	d.end.Unlink()
	require.Equal(t, 1, c.Stats().Peers)
	require.Equal(t, 1, e.Stats().Peers)
	require.NoError(t, c.Disconnect("inproc://x"))
	require.Zero(t, c.Stats().Peers)
	require.Zero(t, e.Stats().Peers)
}

// TestReqPeerGoneWhileItTakes ends the link at the moment at which the peer tells
// that it has taken the request. On one processor, the one who waits for the turn
// comes after the one who is at work.
func TestReqPeerGoneWhileItTakes(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	synctest.Test(t, func(t *testing.T) {
		rt := mq.NewRuntime()
		defer rt.Close()
		req, rep := mq.NewReq(mq.WithRuntime(rt)), mq.NewRep(mq.WithRuntime(rt))
		require.NoError(t, rep.Bind("inproc://x"))
		require.NoError(t, req.Connect("inproc://x"))
		send(t, req, "question")
		release := mq.HoldTurn(req)
		go rep.Recv(t.Context())
		for rep.Stats().Pending > 0 { // not yet taken
			runtime.Gosched()
		}
		for range 100 {
			runtime.Gosched()
		}
		release()
		require.NoError(t, req.Disconnect("inproc://x"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := req.Recv(ctx)
		require.ErrorIs(t, err, mq.ErrPeerGone)
	})
}
