// SPDX-License-Identifier: MIT

package transport_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
	"github.com/seedmq/mq/internal/transport"
)

func limited() *transport.Inbox { return &transport.Inbox{Turns: true, Limited: true} }

// share takes what there is, without waiting for more.
func share(t *testing.T, in *transport.Inbox) (got []string, err error) {
	t.Helper()
	in.Poke()
	for err == nil {
		err = in.RecvShare(t.Context(), func(m transport.Msg) bool {
			got = append(got, text(m))
			return true
		})
	}
	return got, err
}

// A limited inbox takes what it was allowed, and no more.
func TestLimited(t *testing.T) {
	q := transport.NewQueue(100)
	in := limited()
	attach(t, in, q)
	for _, m := range numbers(0, 20) {
		require.Equal(t, ring.OK, q.TryPush(msg(m)))
	}
	for _, want := range [][]string{nil, numbers(0, 3), nil, numbers(3, 4), numbers(4, 14), numbers(14, 20)} {
		in.Allow(len(want))
		got, err := share(t, in)
		require.ErrorIs(t, err, transport.ErrPoked)
		require.Equal(t, want, got)
	}
	in.Allow(5)
	in.Forbid()
	require.Equal(t, ring.OK, q.TryPush(msg("x")))
	in.Allow(5)
	got, err := share(t, in)
	require.ErrorIs(t, err, transport.ErrPoked)
	require.Empty(t, got)
	require.Equal(t, 1, q.Len())
}

// What one may not take is another's at once, whoever began to wait first.
func TestLimitedLeavesToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := transport.NewQueue(100)
		in, other := limited(), &transport.Inbox{Turns: true}
		attach(t, in, q)
		attach(t, other, q)
		ctx, cancel := context.WithCancel(t.Context())
		var got, others []string
		var all sync.WaitGroup
		in.Allow(2)
		all.Go(func() {
			for in.RecvShare(ctx, func(m transport.Msg) bool { got = append(got, text(m)); return true }) == nil {
			}
		})
		synctest.Wait()
		all.Go(func() {
			for other.RecvShare(ctx, func(m transport.Msg) bool { others = append(others, text(m)); return true }) == nil {
			}
		})
		for _, m := range numbers(0, 10) {
			synctest.Wait()
			require.Equal(t, ring.OK, q.TryPush(msg(m)))
		}
		synctest.Wait()
		require.Equal(t, []string{"0", "2"}, got, "in turn")
		require.Len(t, others, 8)
		in.Allow(1)
		synctest.Wait()
		require.Equal(t, ring.OK, q.TryPush(msg("a")))
		require.Equal(t, ring.OK, q.TryPush(msg("b")))
		synctest.Wait()
		require.Len(t, got, 3)
		cancel()
		all.Wait()
	})
}

// A limited inbox hears that its queue is closed and empty, as by Poke, and still takes what
// is put back later.
func TestLimitedAfterClose(t *testing.T) {
	q := transport.NewQueue(100)
	in := limited()
	attach(t, in, q)
	in.Allow(10)
	for _, m := range numbers(0, 2) {
		require.Equal(t, ring.OK, q.TryPush(msg(m)))
	}
	q.Shut()
	var got []transport.Msg
	take := func(m transport.Msg) bool { got = append(got, m); return true }
	for len(got) < 2 {
		require.NoError(t, in.RecvShare(t.Context(), take))
	}
	require.ErrorIs(t, in.RecvShare(t.Context(), take), transport.ErrPoked)
	all, _ := q.Takers()
	require.Equal(t, 1, all)
	q.PutBack(got)
	in.Resume()
	for len(got) < 4 {
		require.NoError(t, in.RecvShare(t.Context(), take))
	}
	require.Equal(t, []string{"0", "1", "0", "1"}, texts(got))
	require.ErrorIs(t, in.RecvShare(t.Context(), take), transport.ErrPoked)
}

// TestLimitedLosesNothing has limited takers that are allowed a little now and then, and
// come and go, beside senders: each message is taken once, and none of them sleeps over it.
func TestLimitedLosesNothing(t *testing.T) {
	const messages = 20_000
	q := transport.NewQueue(8)
	var received atomic.Int64
	over, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			for over.Err() == nil {
				in := limited()
				s := attach(t, in, q)
				ctx, cancel := context.WithCancel(over)
				var allowing sync.WaitGroup
				left := 1 + rand.IntN(100)
				more := make(chan struct{}, 1)
				allowing.Go(func() {
					for range more {
						in.Allow(1 + rand.IntN(3))
					}
				})
				more <- struct{}{}
				for {
					n := 0
					err := in.RecvShare(ctx, func(transport.Msg) bool { n++; return true })
					received.Add(int64(n))
					if left -= n; err != nil || left < 0 {
						break
					}
					select {
					case more <- struct{}{}:
					default:
					}
				}
				close(more)
				cancel()
				allowing.Wait()
				in.Remove(s)
			}
		})
	}
	for range messages {
		require.NoError(t, q.Send(t.Context(), msg("x")))
	}
	require.Eventually(t, func() bool { return received.Load() == messages }, time.Minute, time.Millisecond)
	stop()
	all.Wait()
	require.Zero(t, q.Len())
}
