// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// TestDroppedCountsWhatGoesWithAPeer: what nobody can take any more, and nobody
// gets back.
func TestDroppedCountsWhatGoesWithAPeer(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	ctx := t.Context()
	for _, closesFirst := range []string{"taker", "giver"} {
		req, rep := couple(t, mq.WithRuntime(rt), "REQ/REP")
		send(t, req, "question")
		_, err := rep.Recv(ctx)
		require.NoError(t, err)
		send(t, rep, "answer")
		pub, sub := couple(t, mq.WithRuntime(rt), "PUB/SUB")
		send(t, pub, "0", "1", "2")
		_, err = sub.Recv(ctx)
		require.NoError(t, err)
		if closesFirst == "taker" {
			require.NoError(t, req.Close())
			require.NoError(t, sub.Close())
			require.EqualValues(t, 1, rep.Stats().Dropped)
			require.EqualValues(t, 2, pub.Stats().Dropped)
			require.EqualValues(t, 2, sub.Stats().Dropped)
		}
		require.NoError(t, rep.Close())
		require.NoError(t, pub.Close())
		if closesFirst == "giver" {
			m, err := req.Recv(ctx)
			require.NoError(t, err, "what was queued can still be taken")
			require.Equal(t, "answer", m.String())
			require.NoError(t, sub.Close())
			require.EqualValues(t, 2, sub.Stats().Dropped)
			require.NoError(t, req.Close())
		}
		require.EqualValues(t, 1, sub.Stats().Received)
		require.EqualValues(t, 3, pub.Stats().Sent)
	}
}

// TestStatsOfRefusedMessages reads the counters while Recv throws away what nobody
// is subscribed to any more.
func TestStatsOfRefusedMessages(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	pub, sub := mq.NewPub(mq.WithRuntime(rt)), mq.NewSub(mq.WithRuntime(rt))
	require.NoError(t, pub.Bind("inproc://x"))
	require.NoError(t, sub.Connect("inproc://x"))
	for range 10 {
		require.NoError(t, sub.Subscribe("a"))
		for range 1000 {
			send(t, pub, "a")
		}
		require.NoError(t, sub.Unsubscribe("a"))
		ctx, cancel := context.WithCancel(t.Context())
		var receiver sync.WaitGroup
		receiver.Go(func() {
			for _, err := range mq.Messages(ctx, sub) {
				assert.ErrorIs(t, err, context.Canceled, "a message nobody is subscribed to")
			}
		})
		for sub.Stats().Pending > 0 {
			runtime.Gosched()
			require.LessOrEqual(t, sub.Stats().Received, uint64(1000), "not below zero")
		}
		cancel()
		receiver.Wait()
		require.Zero(t, sub.Stats().Received)
		require.Zero(t, sub.Stats().Dropped)
	}
}

func TestStatsOfPairAcrossPeers(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	a := mq.NewPair(mq.WithRuntime(rt))
	require.NoError(t, a.Bind("inproc://x"))
	for i := range 5 {
		send(t, a, "0", "1", "2")
		b := mq.NewPair(mq.WithRuntime(rt))
		require.NoError(t, b.Connect("inproc://x"))
		for range 2 {
			_, err := b.Recv(t.Context())
			require.NoError(t, err)
		}
		send(t, b, "back")
		require.Equal(t, mq.Stats{Sent: 1, Received: 2, Queued: 1, Pending: i + 1, Peers: 1}, b.Stats())
		require.NoError(t, b.Close(), "a can still take it")
		require.Equal(t, mq.Stats{Sent: uint64(3 * (i + 1)), Queued: i + 1, Pending: i + 1}, a.Stats())
	}
	for range 5 {
		m, err := a.Recv(t.Context())
		require.NoError(t, err)
		require.Equal(t, "back", m.String())
	}
	back, _ := closing(a)
	require.Equal(t, []string{"1", "2", "0", "1", "2"}, back)
}
