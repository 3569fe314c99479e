// SPDX-License-Identifier: MIT

package transport_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
	"github.com/seedmq/mq/internal/transport"
)

func attach(t *testing.T, in *transport.Inbox, q *transport.Queue) *transport.Source {
	t.Helper()
	s, err := transport.Attach(in, q)
	require.NoError(t, err)
	return s
}

// recv takes a message that is there.
func recv(t *testing.T, in *transport.Inbox) transport.Msg {
	t.Helper()
	m, _, err := in.Recv(t.Context())
	require.NoError(t, err)
	return m
}

// received is what a Recv in a goroutine of its own came back with.
type received struct {
	text string
	err  error
}

// await starts a Recv.
func await(ctx context.Context, in *transport.Inbox) <-chan received {
	c := make(chan received, 1)
	go func() {
		m, _, err := in.Recv(ctx)
		c <- received{text(m), err}
	}()
	return c
}

// settle makes the source of an empty queue idle, by a Recv that gives up.
func settle(t *testing.T, in *transport.Inbox) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := await(ctx, in)
	synctest.Wait()
	cancel()
	require.ErrorIs(t, (<-c).err, context.Canceled)
}

// stocked makes an inbox with a queue for each letter of names, of n messages each.
func stocked(t *testing.T, in *transport.Inbox, names string, n int) (queues []*transport.Queue, sources []*transport.Source) {
	t.Helper()
	for _, name := range names {
		q := transport.NewQueue(n)
		for i := range n {
			require.Equal(t, ring.OK, q.TryPush(msg(fmt.Sprintf("%c%d", name, i))))
		}
		queues = append(queues, q)
		sources = append(sources, attach(t, in, q))
	}
	return queues, sources
}

func take(t *testing.T, in *transport.Inbox, n int) (all []string) {
	t.Helper()
	for range n {
		all = append(all, text(recv(t, in)))
	}
	return all
}

func TestInboxTakesInTurn(t *testing.T) {
	var in transport.Inbox
	queues, sources := stocked(t, &in, "abc", 5)
	require.Equal(t, 15, in.Pending())
	require.Equal(t, []string{"a0", "b0", "c0", "a1"}, take(t, &in, 4))

	in.Release(sources[1])
	require.Equal(t, []string{"c1", "a2", "c2"}, take(t, &in, 3), "without b")
	require.Equal(t, 4, queues[1].Len(), "which keeps its own")

	stocked(t, &in, "d", 2)
	require.Equal(t, []string{"a3", "c3", "d0", "a4", "c4", "d1"}, take(t, &in, 6), "d comes in at the end")
	require.Zero(t, in.Pending())
	require.EqualValues(t, 13, in.Taken())
}

func TestInboxForgetsWhoIsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in transport.Inbox
		queues, _ := stocked(t, &in, "abc", 1)
		take(t, &in, 3)
		settle(t, &in)
		for _, i := range []int{2, 0} {
			require.Equal(t, ring.OK, queues[i].TryPush(msg(fmt.Sprint(i))))
		}
		require.Equal(t, []string{"2", "0"}, take(t, &in, 2), "in the order in which they came back")
		for _, q := range queues {
			takers, _ := q.Takers()
			require.Equal(t, 1, takers)
		}
	})
}

func TestInboxServesReceiversInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in transport.Inbox
		q := transport.NewQueue(10)
		attach(t, &in, q)
		var calls []<-chan received
		for range 3 {
			calls = append(calls, await(t.Context(), &in))
			synctest.Wait()
		}
		for i, c := range calls {
			q.TryPush(msg(fmt.Sprint(i)))
			synctest.Wait()
			require.Equal(t, received{text: fmt.Sprint(i)}, <-c)
			require.Equal(t, 2-i, in.Parked())
		}
	})
}

func TestWorkersThatWaitAreServedInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := transport.NewQueue(10)
		inboxes := make([]transport.Inbox, 3)
		calls := make([]<-chan received, 3)
		for i := range inboxes {
			attach(t, &inboxes[i], q)
			calls[i] = await(t.Context(), &inboxes[i])
			synctest.Wait()
		}
		for n := range 9 {
			i := n % 3
			q.TryPush(msg(fmt.Sprint(n)))
			synctest.Wait()
			require.Equal(t, received{text: fmt.Sprint(n)}, <-calls[i])
			calls[i] = await(t.Context(), &inboxes[i])
			synctest.Wait()
		}
		for i := range inboxes {
			inboxes[i].Close(nil)
			require.ErrorIs(t, (<-calls[i]).err, transport.ErrClosed)
		}
	})
}

func TestInboxIdleNextToBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var idle, busy transport.Inbox
		q := transport.NewQueue(10)
		attach(t, &idle, q)
		attach(t, &busy, q)
		settle(t, &idle) // stands first among those who wait, and nobody is there
		for i := range 100 {
			c := await(t.Context(), &busy)
			synctest.Wait()
			q.TryPush(msg(fmt.Sprint(i)))
			synctest.Wait()
			require.Equal(t, received{text: fmt.Sprint(i)}, <-c)
		}
		require.EqualValues(t, 100, busy.Taken())
	})
}

// TestInboxBusyBesideIdle: the only source with messages is taken from without a look at
// the others, until another has some; then they take turns. A source that is gone is not
// taken from.
func TestInboxBusyBesideIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in transport.Inbox
		busy, idle := transport.NewQueue(100), transport.NewQueue(100)
		source := attach(t, &in, busy)
		attach(t, &in, idle)
		settle(t, &in)
		for range 3 {
			for range 5 {
				busy.TryPush(msg("busy"))
			}
			require.Equal(t, "busy", text(recv(t, &in)))
			require.Equal(t, "busy", text(recv(t, &in)))
			idle.TryPush(msg("idle"))
			var got []string
			for range 4 {
				got = append(got, text(recv(t, &in)))
			}
			require.Contains(t, got[:2], "idle", "its turn has come")
			settle(t, &in)
		}
		busy.TryPush(msg("late"))
		require.Equal(t, "late", text(recv(t, &in)))
		busy.TryPush(msg("later"))
		in.Remove(source)
		call := await(t.Context(), &in)
		synctest.Wait()
		idle.TryPush(msg("idle"))
		require.Equal(t, received{text: "idle"}, <-call)
	})
}

// TestInboxEndedComesFirst: a peer that went and came back has its messages received in
// the order in which it sent them, whatever others send.
func TestInboxEndedComesFirst(t *testing.T) {
	var in transport.Inbox
	queues, sources := stocked(t, &in, "abc", 3)
	require.Equal(t, []string{"a0", "b0"}, take(t, &in, 2))
	for _, i := range []int{2, 1} {
		queues[i].Close()
		in.Release(sources[i])
	}
	again := transport.NewQueue(2)
	again.TryPush(msg("c3"))
	attach(t, &in, again)
	require.Equal(t, []string{"c0", "c1", "c2", "b1", "b2"}, take(t, &in, 5))
	require.ElementsMatch(t, []string{"a1", "a2", "c3"}, take(t, &in, 3))
}

func TestInboxPoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in transport.Inbox
		q := transport.NewQueue(10)
		attach(t, &in, q)
		in.Poke()
		in.Poke()
		q.TryPush(msg("x"))
		require.Equal(t, "x", text(recv(t, &in)), "a message goes before")
		require.ErrorIs(t, (<-await(t.Context(), &in)).err, transport.ErrPoked)

		c := await(t.Context(), &in)
		synctest.Wait()
		require.Empty(t, c, "two pokes without a Recv between are one")
		in.Poke()
		require.ErrorIs(t, (<-c).err, transport.ErrPoked)

		c = await(t.Context(), &in)
		synctest.Wait()
		in.Poke()
		in.Close(nil)
		require.ErrorIs(t, (<-c).err, transport.ErrClosed)
		require.ErrorIs(t, (<-await(t.Context(), &in)).err, transport.ErrClosed)
	})
}

func TestInboxClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in, other transport.Inbox
		queues, sources := stocked(t, &in, "abc", 2)
		attach(t, &other, queues[1])
		queues[0].Close()
		queues[1].Close()
		lost := map[*transport.Source][]string{}
		in.Close(func(s *transport.Source, msgs []transport.Msg) { lost[s] = texts(msgs) })
		require.Equal(t, map[*transport.Source][]string{sources[0]: {"a0", "a1"}}, lost,
			"b has another taker, and c may get one")
		require.Zero(t, in.Pending())
		require.Zero(t, in.Sources())
		in.Close(func(*transport.Source, []transport.Msg) { t.Error("lost twice") })

		_, err := transport.Attach(&in, queues[2])
		require.ErrorIs(t, err, transport.ErrClosed)
		takers, _ := queues[2].Takers()
		require.Zero(t, takers)
		_, _, err = in.Recv(t.Context())
		require.ErrorIs(t, err, transport.ErrClosed)
	})
}

func TestInboxRecvWithDoneContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var in transport.Inbox
	queues, _ := stocked(t, &in, "a", 1)
	_, _, err := in.Recv(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, queues[0].Len(), "taken by a call that failed")
}

// TestInboxLetsGoOfClosedQueues takes the last message of a queue whose link has
// ended while other receivers are parked: no source may stay behind.
func TestInboxLetsGoOfClosedQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in transport.Inbox
		q := transport.NewQueue(4)
		s := attach(t, &in, q)
		settle(t, &in)
		woken, parked := in.Park(), in.Park()
		q.TryPush(msg("last"))
		q.Close()
		in.Release(s)
		require.Equal(t, "last", text(recv(t, &in)))
		in.Leave(woken)
		in.Leave(parked)
		settle(t, &in)
		require.Zero(t, in.Sources())
		takers, idle := q.Takers()
		require.Zero(t, takers)
		require.Zero(t, idle)
	})
}

// TestInboxesLearnThatAClosedQueueIsEmpty parks one inbox while another takes the
// last message of a queue whose links have ended.
func TestInboxesLearnThatAClosedQueueIsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a, b transport.Inbox
		q := transport.NewQueue(4)
		sa, sb := attach(t, &a, q), attach(t, &b, q)
		settle(t, &a)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		parked := await(ctx, &b)
		synctest.Wait()
		woken := a.Park()
		q.TryPush(msg("last"))
		q.Close()
		a.Release(sa)
		b.Release(sb)
		a.Leave(woken)
		require.Equal(t, "last", text(recv(t, &a)))
		settle(t, &a)
		require.Zero(t, b.Sources())
		takers, idle := q.Takers()
		require.Zero(t, takers)
		require.Zero(t, idle)
		require.Empty(t, parked)
	})
}
