// SPDX-License-Identifier: MIT

package transport_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
	"github.com/seedmq/mq/internal/transport"
)

// msg makes a message of one part; text and texts show what is in messages.
func msg(text string) transport.Msg { return transport.NewMsg([]byte(text), nil) }

func text(m transport.Msg) string { return string(m.First()) }

func texts(msgs []transport.Msg) []string {
	var all []string
	for _, m := range msgs {
		all = append(all, text(m))
	}
	return all
}

func numbers(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprint(i))
	}
	return all
}

// fill pushes numbers until the queue is full.
func fill(t *testing.T, q *transport.Queue, from int) (to int) {
	t.Helper()
	for ; ; from++ {
		switch st := q.TryPush(msg(fmt.Sprint(from))); st {
		case ring.OK:
		case ring.Full:
			return from
		default:
			t.Fatalf("TryPush %d: %v", from, st)
		}
	}
}

// pop takes n messages.
func pop(t *testing.T, q *transport.Queue, n int) []string {
	t.Helper()
	var all []string
	for range n {
		m, st := q.TryPop()
		require.Equal(t, ring.OK, st)
		all = append(all, text(m))
	}
	return all
}

func TestQueueBoundIsExactWhileItGrows(t *testing.T) {
	for limit := 1; limit <= 70; limit++ {
		q := transport.NewQueue(limit)
		require.Zero(t, q.Room(), "memory before the first message")
		require.Equal(t, limit, fill(t, q, 0))
		require.Equal(t, limit, q.Len())
		require.LessOrEqual(t, q.Room(), limit)
		for _, n := range []int{1, (limit + 1) / 2, limit} {
			require.Equal(t, numbers(0, n), pop(t, q, n))
			require.Equal(t, limit+n, fill(t, q, limit), "room for as many as left")
			require.Equal(t, numbers(n, limit+n), pop(t, q, limit))
			q = transport.NewQueue(limit)
			fill(t, q, 0)
		}
	}
}

// TestQueueIsAList compares a queue with a slice, over all that one goroutine
// can do to it.
func TestQueueIsAList(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		limit := 1 + random.IntN(70)
		q := transport.NewQueue(limit)
		var model []string
		pushed, closed := 0, false
		for range 300 {
			switch bias := random.IntN(20); {
			case bias < 12:
				switch st := q.TryPush(msg(fmt.Sprint(pushed))); {
				case closed:
					require.Equal(t, ring.Closed, st)
				case len(model) == limit:
					require.Equal(t, ring.Full, st)
				default:
					require.Equal(t, ring.OK, st)
					model = append(model, fmt.Sprint(pushed))
					pushed++
				}
			case bias < 19 || pushed < 100:
				switch m, st := q.TryPop(); {
				case len(model) > 0:
					require.Equal(t, ring.OK, st)
					require.Equal(t, model[0], text(m))
					model = model[1:]
				case closed:
					require.Equal(t, ring.Closed, st)
				default:
					require.Equal(t, ring.Empty, st)
				}
			default: // without takers, Close is Drain
				end := []func() []transport.Msg{q.Close, q.Drain}[random.IntN(2)]
				require.True(t, slices.Equal(model, texts(end())))
				model, closed = nil, true
			}
			if q.Len() != len(model) || q.Pushed() != uint64(pushed) || q.Closed() != closed {
				t.Fatalf("seed %d: %d of %d messages, closed: %t", seed, q.Len(), q.Pushed(), q.Closed())
			}
		}
	}
}

func TestQueueTakesAllItIsGiven(t *testing.T) {
	const limit = 3
	for given := range 70 {
		var msgs []transport.Msg
		for i := range given {
			msgs = append(msgs, msg(fmt.Sprint(i)))
		}
		q := transport.NewQueue(limit, msgs...)
		require.Equal(t, max(given, limit), fill(t, q, given))
		for i := range given {
			require.Equal(t, []string{fmt.Sprint(i)}, pop(t, q, 1))
			require.Equal(t, max(given, limit+i+1), fill(t, q, max(given, limit+i)), "no more than the limit")
		}
		require.EqualValues(t, max(given, limit+given), q.Pushed())
		require.Equal(t, numbers(given, given+limit), texts(q.Drain()))
		require.Equal(t, ring.Closed, q.TryPush(msg("late")))
	}
	q := transport.NewQueue(limit, make([]transport.Msg, 10)...)
	require.False(t, q.Closed())
	require.Len(t, q.Close(), 10)
	require.True(t, q.Closed())
	require.Equal(t, ring.Closed, q.TryPush(msg("late")))
}

// TestQueueSendWaitsUntilThereAreFewer blocks in a queue that was given more than it
// holds.
func TestQueueSendWaitsUntilThereAreFewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := transport.NewQueue(2, make([]transport.Msg, 5)...)
		for range 2 {
			go q.Send(t.Context(), msg("x"))
		}
		for left := 5; left > 2; left-- {
			synctest.Wait()
			require.Equal(t, 2, q.Blocked())
			require.Equal(t, left, q.Len())
			pop(t, q, 1)
		}
		synctest.Wait()
		require.Equal(t, 2, q.Blocked())
		for blocked := range 2 {
			pop(t, q, 1)
			synctest.Wait()
			require.Equal(t, 1-blocked, q.Blocked())
		}
		require.Equal(t, []string{"x", "x"}, texts(q.Drain()))
	})
}

func TestQueueCloseLeavesTheRestToTakers(t *testing.T) {
	for limit := 1; limit <= 70; limit += 23 {
		var a, b transport.Inbox
		q := transport.NewQueue(limit)
		sa, sb := attach(t, &a, q), attach(t, &b, q)
		fill(t, q, 0)
		require.Empty(t, q.Close())
		require.Empty(t, q.Close(), "nor the second time")
		require.Equal(t, ring.Closed, q.TryPush(msg("late")))
		require.ErrorIs(t, q.Send(t.Context(), msg("late")), transport.ErrClosed)
		require.Equal(t, limit, q.Len())

		require.Equal(t, "0", text(recv(t, &b)))
		require.Empty(t, a.Remove(sa), "another taker is left")
		require.Equal(t, numbers(1, limit), texts(b.Remove(sb)), "the last taker")
		require.Empty(t, b.Remove(sb), "handed back once")
		require.Empty(t, q.Close())
		require.Empty(t, q.Drain())
		require.EqualValues(t, limit, q.Pushed())
	}
}

func TestQueueDrainTakesFromTakers(t *testing.T) {
	var in transport.Inbox
	q := transport.NewQueue(20)
	s := attach(t, &in, q)
	fill(t, q, 0)
	require.Equal(t, "0", text(recv(t, &in)))
	require.Equal(t, numbers(1, 20), texts(q.Drain()))
	require.Empty(t, in.Remove(s))
	require.EqualValues(t, 20, q.Pushed())
	require.Zero(t, q.Len())
}

func TestQueueSendWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := transport.NewQueue(2)
		fill(t, q, 0)
		var sent []string
		var mu sync.Mutex
		for _, name := range []string{"a", "b", "c"} {
			go func() {
				err := q.Send(t.Context(), msg(name))
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, fmt.Sprint(name, err))
			}()
			synctest.Wait()
		}
		require.Equal(t, 3, q.Blocked())
		for i, want := range []string{"a<nil>", "b<nil>"} {
			pop(t, q, 1)
			synctest.Wait()
			require.Equal(t, 2-i, q.Blocked())
			require.Equal(t, want, sent[i], "in the order in which they came")
		}
		require.Equal(t, []string{"a", "b"}, texts(q.Drain()))
		synctest.Wait()
		require.Equal(t, "c"+transport.ErrClosed.Error(), sent[2])
	})
}

func TestQueueSendWithDoneContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	q := transport.NewQueue(2)
	require.ErrorIs(t, q.Send(ctx, msg("x")), context.Canceled)
	require.Zero(t, q.Len(), "though there was room")
	q.Close()
	require.ErrorIs(t, q.Send(ctx, msg("x")), context.Canceled)
}
