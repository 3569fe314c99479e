// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

func TestNonsenseOptionsOfThePipelinePanic(t *testing.T) {
	for _, c := range []struct {
		option string
		make   func() mq.Option
	}{
		{"WithWindow(0)", func() mq.Option { return mq.WithWindow(0) }},
		{"WithWindow(-1)", func() mq.Option { return mq.WithWindow(-1) }},
		{"WithWindow(1073741824)", func() mq.Option { return mq.WithWindow(1 << 30) }},
		{"WithRedelivery(-1ns)", func() mq.Option { return mq.WithRedelivery(-1) }},
		{"WithRedelivery(-1h0m0s)", func() mq.Option { return mq.WithRedelivery(-time.Hour) }},
	} {
		require.Contains(t, panicOf(func() { c.make() }), c.option, "where it is made")
	}
	rt := mq.NewRuntime()
	for _, k := range kinds { // whom it does not concern
		k.make(mq.WithRuntime(rt), mq.WithAck(), mq.WithWindow(1), mq.WithRedelivery(0))
		k.make(mq.WithRuntime(rt), mq.WithWindow(1<<30-1), mq.WithRedelivery(math.MaxInt64))
	}
	require.NoError(t, rt.Close())
	requireEmpty(t, rt)
}

// workplace makes a PUSH, bound to inproc://jobs, and a PULL with these options.
func workplace(t *testing.T, rt *mq.Runtime, opts ...mq.Option) (push, pull mq.Socket) {
	t.Helper()
	push = mq.NewPush(mq.WithRuntime(rt))
	require.NoError(t, push.Bind("inproc://jobs"))
	return push, worker(t, rt, opts...)
}

// worker makes another PULL for that.
func worker(t *testing.T, rt *mq.Runtime, opts ...mq.Option) mq.Socket {
	t.Helper()
	pull := mq.NewPull(append([]mq.Option{mq.WithRuntime(rt)}, opts...)...)
	require.NoError(t, pull.Connect("inproc://jobs"))
	return pull
}

// takes receives n messages.
func takes(t *testing.T, pull mq.Receiver, n int) (got []mq.Message) {
	t.Helper()
	for range n {
		m, err := pull.Recv(t.Context())
		require.NoError(t, err)
		got = append(got, m)
	}
	return got
}

// told are messages as text, with a star behind those that may have been received before.
func told(msgs ...mq.Message) (texts []string) {
	for _, m := range msgs {
		text := m.String()
		if m.Redelivered() {
			text += "*"
		}
		texts = append(texts, text)
	}
	return texts
}

// left is what a Close hands back, likewise.
func left(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	u, ok := errors.AsType[*mq.UndeliveredError](err)
	require.True(t, ok, err)
	return told(u.Messages...)
}

// A PULL that only disconnects still has what it has received, and may confirm it.
func TestDisconnectKeepsWhatWasReceived(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	push, pull := workplace(t, rt, mq.WithAck())
	send(t, push, "0", "1", "2", "3")
	got := takes(t, pull, 3)
	require.NoError(t, pull.Disconnect("inproc://jobs"))
	require.Equal(t, mq.Stats{Sent: 4, Queued: 1, InFlight: 3}, push.Stats())
	got[1].Ack()
	require.Equal(t, mq.Stats{Sent: 4, Queued: 1, InFlight: 2, Acknowledged: 1}, push.Stats())
	require.NoError(t, pull.Connect("inproc://jobs"))
	require.Equal(t, []string{"3"}, told(takes(t, pull, 1)...))
	require.NoError(t, pull.Disconnect("inproc://jobs"))
	other := worker(t, rt, mq.WithAck())
	got[0].Ack()
	require.NoError(t, pull.Close())
	got[2].Ack() // too late
	require.Equal(t, []string{"2*", "3*"}, told(takes(t, other, 2)...))
	require.Equal(t, mq.Stats{Sent: 4, InFlight: 2, Acknowledged: 2, Resent: 2, Peers: 1}, push.Stats())
}

// What is received again and not confirmed again stays marked, however often that happens,
// and is in front of what comes later.
func TestUnconfirmedGoesRound(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	push, pull := workplace(t, rt, mq.WithAck())
	for i := range 20 {
		send(t, push, fmt.Sprint(i))
	}
	want := []string{"0", "1", "2"}
	for i := range 5 {
		require.Equal(t, want, told(takes(t, pull, 3)...))
		next := worker(t, rt, mq.WithAck())
		require.NoError(t, pull.Close())
		require.EqualValues(t, 3*i, push.Stats().Resent)
		pull, want = next, []string{"0*", "1*", "2*"}
	}
	for i, m := range takes(t, pull, 20) {
		require.Equal(t, fmt.Sprint(i), m.String())
		require.Equal(t, i < 3, m.Redelivered())
		m.Ack()
	}
	require.Equal(t, mq.Stats{Sent: 20, Acknowledged: 20, Resent: 15, Peers: 1}, push.Stats())
}

// What a PULL gives back finds room in a full queue, and no Send goes on because of it.
func TestGivingBackIntoAFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := mq.NewRuntime()
		push := mq.NewPush(mq.WithRuntime(rt), mq.WithSendHWM(2))
		require.NoError(t, push.Bind("inproc://jobs"))
		pull := worker(t, rt, mq.WithAck())
		send(t, push, "0", "1")
		takes(t, pull, 2)
		send(t, push, "2", "3")
		sent := make(chan error, 1)
		go func() { sent <- push.Send(t.Context(), mq.Text("4")) }()
		synctest.Wait()
		require.NoError(t, pull.Close())
		require.Equal(t, 4, push.Stats().Queued)
		other := worker(t, rt)
		require.Equal(t, []string{"0*", "1*"}, told(takes(t, other, 2)...))
		synctest.Wait()
		require.Empty(t, sent, "still full")
		require.Equal(t, []string{"2", "3", "4"}, told(takes(t, other, 3)...))
		require.NoError(t, <-sent)
		require.NoError(t, rt.Close())
	})
}

// A PUSH that has closed has left its messages to its PULLs: what one of them gives back
// is the others', and what the last one leaves is handed back.
func TestGivingBackToAPushThatHasClosed(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	push, one := workplace(t, rt, mq.WithAck())
	two := worker(t, rt, mq.WithAck())
	send(t, push, "0", "1", "2", "3", "4")
	got := takes(t, one, 3)
	require.NoError(t, push.Close())
	got[1].Ack()
	require.NoError(t, one.Close())
	again := takes(t, two, 2)
	require.Equal(t, []string{"0*", "2*"}, told(again...))
	again[0].Ack()
	require.Equal(t, []string{"2*", "3", "4"}, left(t, two.Close()))
}

// Whichever socket of a runtime is closed first, what nobody has confirmed comes back once.
func TestRuntimeCloseHandsBackTheUnconfirmed(t *testing.T) {
	for range rounds(50) { // it closes in no fixed order
		rt := mq.NewRuntime()
		push, one := workplace(t, rt, mq.WithAck())
		two := worker(t, rt, mq.WithAck())
		send(t, push, "0", "1", "2", "3", "4", "5")
		takes(t, one, 2)[0].Ack()
		takes(t, two, 2)[1].Ack()
		require.ElementsMatch(t, []string{"1*", "2*", "4", "5"}, left(t, rt.Close()))
		require.Zero(t, push.Stats().InFlight)
	}
}

// Many goroutines confirm the same messages while their PULL closes: each message is
// confirmed, or given back, and never both.
func TestAckMeetsClose(t *testing.T) {
	const total = 64
	for range rounds(200) {
		rt := mq.NewRuntime()
		push, pull := workplace(t, rt, mq.WithAck())
		for i := range total {
			send(t, push, fmt.Sprint(i))
		}
		got := takes(t, pull, total)
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				for j := range got {
					got[(j+i*total/3)%total].Ack()
				}
			})
		}
		all.Go(func() { assert.NoError(t, pull.Close()) })
		all.Wait()
		s := push.Stats()
		require.Zero(t, s.InFlight)
		require.EqualValues(t, total, s.Acknowledged+uint64(s.Queued))
		require.Len(t, left(t, push.Close()), s.Queued)
		require.NoError(t, rt.Close())
	}
}

// Workers that die with a job in hand, all the time and several at once, lose none: each
// job is confirmed once, in the end.
func TestEveryJobIsConfirmedOnce(t *testing.T) {
	rt := mq.NewRuntime()
	push := mq.NewPush(mq.WithRuntime(rt), mq.WithSendHWM(5))
	require.NoError(t, push.Bind("inproc://jobs"))
	total := rounds(5000)
	var mu sync.Mutex
	confirmed := map[string]int{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for ctx.Err() == nil {
				pull := mq.NewPull(mq.WithRuntime(rt), mq.WithAck())
				assert.NoError(t, pull.Connect("inproc://jobs"))
				for i := range 9 {
					m, err := pull.Recv(ctx)
					if err != nil || i == 8 {
						break
					}
					mu.Lock()
					confirmed[m.String()]++
					all := len(confirmed) == total
					mu.Unlock()
					m.Ack()
					if all {
						cancel()
					}
				}
				assert.NoError(t, pull.Close())
			}
		})
	}
	for i := range total {
		send(t, push, fmt.Sprint(i))
	}
	finish(t, &workers)
	require.Len(t, confirmed, total)
	for job, n := range confirmed {
		require.Equal(t, 1, n, job)
	}
	s := push.Stats()
	require.EqualValues(t, total, s.Acknowledged)
	require.Positive(t, s.Resent)
	require.NoError(t, rt.Close())
	requireEmpty(t, rt)
}

func TestUnconfirmedOfAPushThatHasClosed(t *testing.T) {
	for _, disconnects := range []bool{false, true} {
		rt := mq.NewRuntime()
		push, one := workplace(t, rt, mq.WithAck())
		two := worker(t, rt)
		send(t, push, "0", "1")
		takes(t, one, 2)[1].Ack()
		if disconnects {
			require.NoError(t, one.Disconnect("inproc://jobs"))
		}
		require.NoError(t, push.Close())
		require.Equal(t, []string{"0*"}, left(t, one.Close()))
		require.Equal(t, mq.Stats{Sent: 2, Acknowledged: 1}, push.Stats())
		require.NoError(t, two.Close())
	}
	for range 50 {
		rt := mq.NewRuntime()
		push, one := workplace(t, rt, mq.WithAck())
		send(t, push, "0")
		takes(t, one, 1)
		require.Equal(t, []string{"0*"}, left(t, rt.Close()))
	}
}

func TestStatsOfWhatCameBack(t *testing.T) {
	rt := mq.NewRuntime()
	push, one := workplace(t, rt)
	send(t, push, "0", "1", "2")
	takes(t, one, 1)
	require.NoError(t, one.Close())
	require.Equal(t, []string{"1", "2"}, left(t, push.Close()))
	require.Equal(t, mq.Stats{Sent: 3, Acknowledged: 1}, push.Stats())
}
