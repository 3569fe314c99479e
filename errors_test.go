// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

func TestErrorSaysWhatWhereAndWhy(t *testing.T) {
	why := errors.New("mq: why")
	require.EqualError(t, &mq.Error{Op: "bind", Addr: "inproc://x", Err: why}, "mq: bind inproc://x: why")
	require.EqualError(t, &mq.Error{Op: "send", Err: why}, "mq: send: why")
	require.EqualError(t, &mq.Error{Op: "send", Err: context.Canceled}, "mq: send: context canceled")
	require.Same(t, why, (&mq.Error{Err: why}).Unwrap())

	require.EqualError(t, &mq.UndeliveredError{Messages: make([]mq.Message, 1)}, "1 message undelivered")
	require.EqualError(t, &mq.UndeliveredError{Messages: make([]mq.Message, 2)}, "2 messages undelivered")
}

// requireError fails if err is not an *mq.Error of the operation, or not why.
func requireError(t *testing.T, err error, op, addr string, why error) {
	t.Helper()
	e, ok := errors.AsType[*mq.Error](err)
	require.True(t, ok, "%#v", err)
	require.Same(t, e, err, "it is not wrapped once more")
	require.Equal(t, op, e.Op)
	require.Equal(t, addr, e.Addr)
	require.ErrorIs(t, err, why)
	require.Equal(t, 1, strings.Count(err.Error(), "mq: "), err.Error())
}

func TestBadAddresses(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	for _, k := range kinds {
		s := k.make(mq.WithRuntime(rt))
		for addr, why := range map[string]error{
			"":                                   mq.ErrBadAddr,
			"name":                               mq.ErrBadAddr,
			"inproc":                             mq.ErrBadAddr,
			"inproc://":                          mq.ErrBadAddr,
			"inproc:/name":                       mq.ErrBadAddr,
			"://name":                            mq.ErrBadAddr,
			"inproc://" + longName(257):          mq.ErrBadAddr,
			"INPROC://name":                      mq.ErrNoTransport,
			"carrier-pigeon://name":              mq.ErrNoTransport,
			"tcp://127.0.0.1:5555":               mq.ErrNoTransport,
			"ipc:///tmp/never registered here":   mq.ErrNoTransport,
			"inproc ://name":                     mq.ErrNoTransport,
			"inproc://name\x00 never bound here": nil,
		} {
			if why != nil {
				requireError(t, s.Bind(addr), "bind", addr, why)
				requireError(t, s.Connect(addr), "connect", addr, why)
			}
			requireError(t, s.Unbind(addr), "unbind", addr, mq.ErrBadAddr)
			requireError(t, s.Disconnect(addr), "disconnect", addr, mq.ErrBadAddr)
		}
		longest := "inproc://" + longName(256)
		require.NoError(t, s.Bind(longest))
		require.Equal(t, longest, s.Addr())
		require.NoError(t, s.Unbind(longest))
	}
	names, _, _ := mq.Census(rt)
	require.Zero(t, names)
}

func longName(n int) string { return strings.Repeat("x", n) }

func TestCallsWithoutContext(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	var none context.Context
	unsupported := 0
	for _, k := range kinds {
		s := k.make(mq.WithRuntime(rt))
		err := s.Send(none, mq.Message{})
		if errors.Is(err, errors.ErrUnsupported) {
			requireError(t, err, "send", "", errors.ErrUnsupported)
			unsupported++
		} else {
			requireError(t, err, "send", "", fs.ErrInvalid)
		}
		_, err = s.Recv(none)
		if errors.Is(err, errors.ErrUnsupported) {
			requireError(t, err, "recv", "", errors.ErrUnsupported)
			unsupported++
		} else {
			requireError(t, err, "recv", "", fs.ErrInvalid)
		}
		requireError(t, s.WaitPeers(none, 0), "wait for peers", "", fs.ErrInvalid)
		if p, ok := s.(mq.Pub); ok {
			requireError(t, p.WaitSubscribers(none, "", 0), "wait for subscribers", "", fs.ErrInvalid)
		}
	}
	require.Equal(t, 4, unsupported, "PUSH and PUB do not receive, PULL and SUB do not send")
}

func TestWrongTurnAndWrongPeer(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	ctx, o := t.Context(), mq.WithRuntime(rt)
	req, rep, pull, pair := mq.NewReq(o), mq.NewRep(o), mq.NewPull(o), mq.NewPair(o)
	_, err := req.Recv(ctx)
	requireError(t, err, "recv", "", mq.ErrState)
	requireError(t, rep.Send(ctx, mq.Message{}), "send", "", mq.ErrState)
	require.NoError(t, req.Send(ctx, mq.Message{}))
	requireError(t, req.Send(ctx, mq.Message{}), "send", "", mq.ErrState)

	require.NoError(t, rep.Bind("inproc://rep"))
	requireError(t, rep.Bind("inproc://rep"), "bind", "inproc://rep", mq.ErrAddrInUse)
	requireError(t, pull.Connect("inproc://rep"), "connect", "inproc://rep", mq.ErrIncompatible)
	require.NoError(t, pair.Bind("inproc://pair"))
	requireError(t, pair.Connect("inproc://pair"), "connect", "inproc://pair", mq.ErrIncompatible)
	require.NoError(t, mq.NewPair(o).Connect("inproc://pair"))
	requireError(t, mq.NewPair(o).Connect("inproc://pair"), "connect", "inproc://pair", mq.ErrPeerBusy)
	require.NoError(t, pull.Connect("inproc://later"))
	requireError(t, req.Bind("inproc://later"), "bind", "inproc://later", mq.ErrIncompatible)

	done, cancel := context.WithCancel(ctx)
	cancel()
	requireError(t, pair.Send(done, mq.Message{}), "send", "", context.Canceled)
	requireError(t, pair.WaitPeers(done, 0), "wait for peers", "", context.Canceled)
}
