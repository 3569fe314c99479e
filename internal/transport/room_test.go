// SPDX-License-Identifier: MIT

package transport_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
	"github.com/seedmq/mq/internal/transport"
)

func TestAwaitRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := transport.NewQueue(2)
		require.True(t, q.HasRoom())
		require.NoError(t, q.AwaitRoom(t.Context(), func() {}))
		fill(t, q, 0)
		require.False(t, q.HasRoom())

		await := func(ctx context.Context) <-chan error {
			c := make(chan error, 1)
			go func() { c <- q.AwaitRoom(ctx, func() {}) }()
			synctest.Wait()
			return c
		}
		ctx, cancel := context.WithCancel(t.Context())
		given, first, second := await(ctx), await(t.Context()), await(t.Context())
		require.Equal(t, 3, q.Blocked())
		cancel()
		require.ErrorIs(t, <-given, context.Canceled)

		pop(t, q, 1) // it is room for whoever looks
		require.NoError(t, <-first)
		require.NoError(t, <-second)
		require.Equal(t, ring.OK, q.TryPush(msg("2")))

		late, other := await(t.Context()), await(t.Context())
		q.Nudge()
		require.NoError(t, <-late, "it looks again")
		require.NoError(t, <-other)
		late = await(t.Context())
		q.Close()
		require.NoError(t, <-late, "it looks again")
		require.ErrorIs(t, q.AwaitRoom(t.Context(), func() {}), transport.ErrClosed)
		require.Zero(t, q.Blocked())
	})
}

// TestAwaitRoomMeetsSend has some wait for room, and others take it: nobody sleeps while
// there is room.
func TestAwaitRoomMeetsSend(t *testing.T) {
	const each = 500
	q := transport.NewQueue(1)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range each {
				if err := q.Send(t.Context(), msg("x")); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			for range each {
				if err := q.AwaitRoom(t.Context(), func() {}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var in transport.Inbox
	attach(t, &in, q)
	for range 3 * each {
		recv(t, &in)
	}
	all.Wait()
	in.Close(nil)
}

// TestInboxPassesAPokeOn pokes an inbox whose first waiter gives up: the other hears it.
func TestInboxPassesAPokeOn(t *testing.T) {
	for range rounds(2000) {
		var in transport.Inbox
		ctx, cancel := context.WithCancel(t.Context())
		gives := await(ctx, &in)
		for in.Parked() < 1 {
			runtime.Gosched()
		}
		stays := await(t.Context(), &in)
		for in.Parked() < 2 {
			runtime.Gosched()
		}
		cancel()
		in.Poke()
		if (<-gives).err == transport.ErrPoked {
			in.Poke() // for the other, as who takes one of several does
		}
		require.ErrorIs(t, (<-stays).err, transport.ErrPoked)
		in.Close(nil)
	}
}

func TestShutWithout(t *testing.T) {
	q := transport.NewQueue(4)
	var in transport.Inbox
	fill(t, q, 0)
	attach(t, &in, q)
	require.Equal(t, "0", text(recv(t, &in)))
	q.ShutWithout(func(all []transport.Msg) []transport.Msg {
		require.Equal(t, []string{"1", "2", "3"}, texts(all))
		return []transport.Msg{all[0], all[2]}
	})
	require.EqualValues(t, 4, q.Pushed())
	require.Equal(t, ring.Closed, q.TryPush(msg("late")))
	require.Equal(t, "1", text(recv(t, &in)))
	require.Equal(t, "3", text(recv(t, &in)))
	require.Zero(t, q.Len())
	require.EqualValues(t, 4, q.Pushed())

	empty := transport.NewQueue(4)
	empty.ShutWithout(func([]transport.Msg) []transport.Msg { t.Error("of nothing"); return nil })
	require.Equal(t, ring.Closed, empty.TryPush(msg("late")))
	in.Close(nil)
}
