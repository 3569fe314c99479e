// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// TestStressNoDrop sends without dropping to subscribers that stay, and read slowly, while
// others without room come and go and change their minds. No Send sleeps for ever, and all
// that was sent arrives.
func TestStressNoDrop(t *testing.T) {
	for range rounds(40) {
		synctest.Test(t, func(t *testing.T) {
			rt := mq.NewRuntime()
			o := mq.WithRuntime(rt)
			pub := mq.NewXPub(o, mq.WithSendHWM(1), mq.WithNoDrop())
			require.NoError(t, pub.Bind("inproc://pub0"))
			stay := []*audience{newAudience(t, 1, o, 1, ""), newAudience(t, 1, o, 5, "a", "ab", "b")}
			ctx, cancel := context.WithCancel(t.Context())
			var listeners, others sync.WaitGroup
			for _, a := range stay {
				listeners.Go(func() { a.listen(ctx) })
			}
			for range 3 {
				others.Go(func() {
					var f fickle
					for range 20 {
						f.live(t, o)
						assert.NoError(t, f.Close())
					}
				})
			}
			sent := make([][]string, 3)
			for i := range sent {
				others.Go(func() { sent[i] = sendOrCancel(t, pub, fmt.Sprint(".", i)) })
			}
			others.Wait()
			synctest.Wait()
			cancel()
			listeners.Wait()
			for _, a := range stay {
				a.check(t, sent)
				require.Zero(t, a.Stats().Dropped)
			}
			require.NoError(t, rt.Close())
			requireEmpty(t, rt)
		})
	}
}

// sendOrCancel sends, cancels some of that, and returns what was sent.
func sendOrCancel(t *testing.T, s mq.Sender, name string) (sent []string) {
	for n := range 100 {
		m := fmt.Sprint([]string{"a", "abc", "b", "c"}[rand.IntN(4)], name, ".", n)
		ctx, cancel := context.WithCancel(t.Context())
		if rand.IntN(4) == 0 {
			go cancel()
		}
		if err := s.Send(ctx, mq.Text(m)); err == nil {
			sent = append(sent, m)
		} else {
			assert.ErrorIs(t, err, context.Canceled)
		}
		cancel()
	}
	return sent
}

// TestNoDropMeetsUnsubscribe has the only subscriber, which is full, take its subscription
// back at any moment of a Send: that never sleeps on.
func TestNoDropMeetsUnsubscribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := mq.NewRuntime()
		o := mq.WithRuntime(rt)
		pub, sub := mq.NewPub(o, mq.WithSendHWM(1), mq.WithNoDrop()), mq.NewSub(o, mq.WithRecvHWM(1))
		require.NoError(t, pub.Bind("inproc://pub0"))
		require.NoError(t, sub.Connect("inproc://pub0"))
		require.NoError(t, sub.Subscribe("a"))
		for range 2 {
			require.NoError(t, pub.Send(t.Context(), mq.Text("a")))
		}
		for i := range rounds(40_000) {
			var sending sync.WaitGroup
			sending.Go(func() { assert.NoError(t, pub.Send(t.Context(), mq.Text("a"))) })
			runtime.Gosched()
			for range i % 300 { // a moment more each time
				sub.Stats()
			}
			require.NoError(t, sub.Unsubscribe("a"))
			sending.Wait() // or the bubble is deadlocked
			require.NoError(t, sub.Subscribe("a"))
		}
		require.NoError(t, rt.Close())
	})
}
