// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// panicOf returns what f panics with, as text.
func panicOf(f func()) (what string) {
	defer func() {
		if r := recover(); r != nil {
			what = fmt.Sprint(r)
		}
	}()
	f()
	return "nothing"
}

func TestNonsenseOptionsPanic(t *testing.T) {
	for _, c := range []struct {
		option string
		make   func() mq.Option
	}{
		{"WithSendHWM(0)", func() mq.Option { return mq.WithSendHWM(0) }},
		{"WithSendHWM(-1)", func() mq.Option { return mq.WithSendHWM(-1) }},
		{"WithSendHWM(1073741824)", func() mq.Option { return mq.WithSendHWM(1 << 30) }},
		{"WithRecvHWM(0)", func() mq.Option { return mq.WithRecvHWM(0) }},
		{"WithRecvHWM(-2147483648)", func() mq.Option { return mq.WithRecvHWM(math.MinInt32) }},
		{"WithRecvHWM(1073741824)", func() mq.Option { return mq.WithRecvHWM(1 << 30) }},
		{"WithLinger(-1ns)", func() mq.Option { return mq.WithLinger(-1) }},
		{"WithLinger(-1h0m0s)", func() mq.Option { return mq.WithLinger(-time.Hour) }},
		{"WithReconnect(0s, 1s)", func() mq.Option { return mq.WithReconnect(0, time.Second) }},
		{"WithReconnect(2s, 1s)", func() mq.Option { return mq.WithReconnect(2*time.Second, time.Second) }},
		{"WithMaxMessageSize(0)", func() mq.Option { return mq.WithMaxMessageSize(0) }},
		{"WithMaxSubscriptions(0)", func() mq.Option { return mq.WithMaxSubscriptions(0) }},
		{"WithHandshakeTimeout(0s)", func() mq.Option { return mq.WithHandshakeTimeout(0) }},
		{"WithHeartbeat(0s, 1s)", func() mq.Option { return mq.WithHeartbeat(0, time.Second) }},
		{"WithHeartbeat(1s, 0s)", func() mq.Option { return mq.WithHeartbeat(time.Second, 0) }},
		{"WithEvents(nil)", func() mq.Option { return mq.WithEvents(nil) }},
		{"WithLogger(nil)", func() mq.Option { return mq.WithLogger(nil) }},
		{"WithRuntime(nil)", func() mq.Option { return mq.WithRuntime(nil) }},
		{"nil Option", func() mq.Option { return nil }},
	} {
		for _, k := range kinds {
			rt := mq.NewRuntime()
			require.Contains(t, panicOf(func() { k.make(mq.WithRuntime(rt), c.make()) }), c.option)
			requireEmpty(t, rt)
		}
	}
}

func TestSensibleOptionsAreTaken(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	for _, k := range kinds {
		k.make(mq.WithRuntime(rt), mq.WithSendHWM(1), mq.WithRecvHWM(1), mq.WithLinger(0))
		s := k.make(mq.WithRuntime(rt), mq.WithSendHWM(1<<30-1), mq.WithRecvHWM(1<<30-1), mq.WithLinger(math.MaxInt64))
		k.make(mq.WithRuntime(rt)).Bind("inproc://" + k.family)
		if s.Connect("inproc://"+k.family) == nil { // queues of 2^31-2 messages, where kinds fit
			require.NoError(t, s.Disconnect("inproc://"+k.family))
		}
	}
}

func TestLastOptionWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := mq.NewRuntime()
		defer rt.Close()
		push := mq.NewPush(mq.WithSendHWM(7), mq.WithRuntime(mq.NewRuntime()), mq.WithSendHWM(2), mq.WithRuntime(rt))
		require.Equal(t, 2, capacity(t, push))
		_, _, sockets := mq.Census(rt)
		require.Equal(t, 1, sockets)
	})
}

// capacity sends until Send blocks. It is for bubbles.
func capacity(t *testing.T, s mq.Sender) int {
	t.Helper()
	ended := make(chan int, 1)
	go func() {
		n := 0
		for {
			ctx, cancel := timeout(t)
			err := s.Send(ctx, mq.Message{})
			cancel()
			if err != nil {
				ended <- n
				return
			}
			n++
		}
	}()
	return <-ended
}

func TestHWM(t *testing.T) {
	for _, send := range []int{1, 2, 16, 17, 100} {
		for _, recv := range []int{1, 5, 70} {
			synctest.Test(t, func(t *testing.T) {
				rt := mq.NewRuntime()
				defer rt.Close()
				o := []mq.Option{mq.WithRuntime(rt), mq.WithSendHWM(send), mq.WithRecvHWM(3)}
				far := []mq.Option{mq.WithRuntime(rt), mq.WithSendHWM(3), mq.WithRecvHWM(recv)}
				push, pull := mq.NewPush(o...), mq.NewPull(far...)
				require.NoError(t, push.Bind("inproc://push"))
				require.NoError(t, pull.Connect("inproc://push"))
				require.Equal(t, send, capacity(t, push), "the queue that peers share")

				alone, pair, peer := mq.NewPair(o...), mq.NewPair(o...), mq.NewPair(far...)
				require.Equal(t, send, capacity(t, alone))
				require.NoError(t, pair.Bind("inproc://pair"))
				require.NoError(t, peer.Connect("inproc://pair"))
				require.Equal(t, send+recv, capacity(t, pair), "the queue to one peer")
				require.NoError(t, peer.Disconnect("inproc://pair"))
				require.Zero(t, capacity(t, pair), "now there are too many")
				require.Equal(t, send+recv, pair.Stats().Queued)
				require.NoError(t, peer.Connect("inproc://pair"))
				for range send + recv {
					_, err := peer.Recv(t.Context())
					require.NoError(t, err)
				}
				require.NoError(t, peer.Close())
				require.Equal(t, send, capacity(t, pair), "alone again")

				pub, sub := mq.NewPub(o...), mq.NewSub(far...)
				require.NoError(t, sub.Subscribe(""))
				require.NoError(t, pub.Bind("inproc://pub"))
				require.NoError(t, sub.Connect("inproc://pub"))
				for range send + recv + 7 {
					require.NoError(t, pub.Send(t.Context(), mq.Message{}))
				}
				require.Equal(t, send+recv, sub.Stats().Pending)
				require.EqualValues(t, 7, sub.Stats().Dropped)
				require.EqualValues(t, 7, pub.Stats().Dropped)
			})
		}
	}
}

// timeout is a context that ends when everybody in the bubble waits.
func timeout(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), time.Second)
}
