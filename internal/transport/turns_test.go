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

// takeTurns receives until ctx is done, as a session does.
func takeTurns(ctx context.Context, in *transport.Inbox, took func()) {
	for in.RecvShare(ctx, func(transport.Msg) bool { took(); return true }) == nil {
	}
}

// TestTurnsAreEven: what comes one by one to receivers that are all ready is dealt out in
// turn. Of bursts, one that is just done may take more before the next has heard; but none
// goes without.
func TestTurnsAreEven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const takers = 4
		q := transport.NewQueue(1000)
		var inboxes [takers]transport.Inbox
		var counts [takers]int
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		for i := range inboxes {
			inboxes[i].Turns = true
			attach(t, &inboxes[i], q)
			all.Go(func() { takeTurns(ctx, &inboxes[i], func() { counts[i]++ }) })
		}
		burst := func(messages int) {
			synctest.Wait()
			for range messages {
				require.Equal(t, ring.OK, q.TryPush(msg("x")))
			}
			synctest.Wait()
			require.Zero(t, q.Len())
		}
		for n := range 3 * takers {
			burst(1)
			for i, got := range counts {
				require.InDelta(t, n/takers, got, 1, "%d: %v after %d", i, counts, n+1)
			}
		}
		require.Equal(t, [takers]int{3, 3, 3, 3}, counts)
		const bursts, messages = 300, 12
		for range bursts {
			burst(messages)
		}
		for _, got := range counts {
			require.Greater(t, got, bursts*messages/takers/4, "%v", counts)
		}
		cancel()
		all.Wait()
	})
}

// TestTurnsOfTheCalled: one that comes while another was woken for the message, and has not
// come yet, leaves it to that one.
func TestTurnsOfTheCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 {
			q := transport.NewQueue(10)
			waits, comes := &transport.Inbox{Turns: true}, &transport.Inbox{Turns: true}
			attach(t, waits, q)
			attach(t, comes, q)
			ctx, cancel := context.WithCancel(t.Context())
			go takeTurns(ctx, waits, cancel)
			synctest.Wait()
			require.Equal(t, ring.OK, q.TryPush(msg("x")))
			require.ErrorIs(t, comes.RecvShare(ctx, func(transport.Msg) bool { return true }), context.Canceled)
		}
	})
}

// TestSharesAreEven: receivers that come in turn get as much of what lies there.
func TestSharesAreEven(t *testing.T) {
	const takers, messages = 4, 1000
	q := transport.NewQueue(messages)
	var inboxes [takers]transport.Inbox
	var counts [takers]int
	for i := range inboxes {
		inboxes[i].Turns = true
		attach(t, &inboxes[i], q)
	}
	for range messages {
		require.Equal(t, ring.OK, q.TryPush(msg("x")))
	}
	for turn := 0; q.Len() > 0; turn++ {
		require.Less(t, turn, 100, "shares are large enough to be worth a turn")
		i := turn % takers
		require.NoError(t, inboxes[i].RecvShare(t.Context(), func(transport.Msg) bool { counts[i]++; return true }))
	}
	for _, got := range counts {
		require.InDelta(t, messages/takers, got, messages/takers/5., "%v", counts)
	}
}

// TestTurnsLoseNothing has receivers that keep to their turn, and others that do not, come
// and go while messages flow: each is received once, and none waits for good while
// somebody could take it.
func TestTurnsLoseNothing(t *testing.T) {
	const messages = 20_000
	q := transport.NewQueue(8)
	var received atomic.Int64
	over, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i := range 6 {
		turns := i < 4
		all.Go(func() {
			for over.Err() == nil {
				in := &transport.Inbox{Turns: turns}
				s := attach(t, in, q)
				ctx, cancel := context.WithCancel(over)
				left := rand.N(200)
				took := func() {
					received.Add(1)
					if left--; left < 0 {
						cancel()
					}
				}
				if turns {
					takeTurns(ctx, in, took)
				} else {
					for _, _, err := in.Recv(ctx); err == nil; _, _, err = in.Recv(ctx) {
						took()
					}
				}
				cancel()
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

// TestPutBack: what could not be passed on comes first again, whatever has become of the
// queue.
func TestPutBack(t *testing.T) {
	for name, then := range map[string]func(*transport.Queue){
		"open":   func(*transport.Queue) {},
		"shut":   (*transport.Queue).Shut,
		"closed": func(q *transport.Queue) { q.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			q := transport.NewQueue(3)
			var in transport.Inbox
			attach(t, &in, q)
			for _, m := range numbers(0, 3) {
				require.Equal(t, ring.OK, q.TryPush(msg(m)))
			}
			took := []transport.Msg{recv(t, &in), recv(t, &in)}
			require.Equal(t, ring.OK, q.TryPush(msg("3")))
			then(q)
			q.PutBack(took)
			require.Equal(t, 4, q.Len())
			require.EqualValues(t, 4, q.Pushed())
			want := ring.Full
			if name != "open" {
				want = ring.Closed
			}
			require.Equal(t, want, q.TryPush(msg("x")), "above its bound")
			require.Equal(t, []string{"0", "1"}, take(t, &in, 2))
			if name == "open" {
				require.Equal(t, ring.OK, q.TryPush(msg("4")))
				require.Equal(t, []string{"2", "3", "4"}, take(t, &in, 3))
				return
			}
			require.Equal(t, []string{"2", "3"}, take(t, &in, 2))
		})
	}
}

// TestPutBackMeetsTraffic: nothing is lost or doubled when messages are put back while
// others come and go, and who waits for room or for a message hears of it.
func TestPutBackMeetsTraffic(t *testing.T) {
	const messages = 20_000
	q := transport.NewQueue(4)
	var got sync.Map
	var count atomic.Int64
	over, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 3 {
		in := &transport.Inbox{}
		attach(t, in, q)
		all.Go(func() {
			for {
				m, _, err := in.Recv(over)
				if err != nil {
					return
				}
				if rand.N(4) == 0 {
					q.PutBack([]transport.Msg{m})
					continue
				}
				_, twice := got.LoadOrStore(text(m), true)
				if twice {
					t.Errorf("%s twice", text(m))
				}
				count.Add(1)
			}
		})
	}
	for _, m := range numbers(0, messages) {
		require.NoError(t, q.Send(t.Context(), msg(m)))
	}
	require.Eventually(t, func() bool { return count.Load() == messages }, time.Minute, time.Millisecond)
	stop()
	all.Wait()
	require.EqualValues(t, messages, q.Pushed())
}
