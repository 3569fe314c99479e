// SPDX-License-Identifier: MIT

package transport_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
	"github.com/seedmq/mq/internal/transport"
)

// porter is a taker that others may carry for.
type porter struct {
	in      transport.Inbox
	refuses bool
	carried []string // by others
	taken   []string // by itself
}

func newPorter(t *testing.T, q *transport.Queue) *porter {
	p := &porter{}
	p.in.Turns = true
	p.in.Carry = func(m transport.Msg) bool {
		if !p.refuses {
			p.carried = append(p.carried, text(m))
		}
		return !p.refuses
	}
	attach(t, &p.in, q)
	return p
}

// work takes what falls to p until ctx is done.
func (p *porter) work(ctx context.Context) {
	for p.in.RecvShare(ctx, func(m transport.Msg) bool { p.taken = append(p.taken, text(m)); return true }) == nil {
	}
}

// works has a goroutine do that, which waits by now, until stop.
func (p *porter) works(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() { p.work(ctx) })
	synctest.Wait()
	return func() { cancel(); ended.Wait() }
}

// warm puts a message through, so that the queue has a ring.
func warm(t *testing.T, q *transport.Queue) {
	t.Helper()
	require.Equal(t, ring.OK, q.TryPush(msg("warm")))
	synctest.Wait()
}

// TestCarry: a message is carried for who is idle, counts as sent and received, and wakes
// nobody.
func TestCarry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := transport.NewQueue(10)
		p := newPorter(t, q)
		stop := p.works(t)
		require.False(t, q.Carry(msg("x")), "there is no ring yet")
		warm(t, q)
		require.True(t, q.Carry(msg("a")))
		require.True(t, q.Carry(msg("b")))
		p.refuses = true
		require.False(t, q.Carry(msg("x")))
		warm(t, q) // it is idle again all the same
		p.refuses = false
		require.True(t, q.Carry(msg("c")))
		require.Equal(t, []string{"a", "b", "c"}, p.carried)
		require.Equal(t, []string{"warm", "warm"}, p.taken)
		require.EqualValues(t, 5, q.Pushed())
		require.EqualValues(t, 5, q.Popped())
		require.EqualValues(t, 5, p.in.Taken())
		stop()
		require.True(t, q.Carry(msg("d")), "whether a goroutine is there, Carry of the inbox decides")
		q.Shut()
		require.False(t, q.Carry(msg("x")), "closed")
	})
}

// TestCarryBehindNothing: nothing is carried past what waits in the queue, for who was called
// for another, or for who cannot.
func TestCarryBehindNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := transport.NewQueue(10)
		plain := &transport.Inbox{}
		attach(t, plain, q)
		require.Equal(t, ring.OK, q.TryPush(msg("warm")))
		recv(t, plain)
		require.False(t, q.Carry(msg("x")), "nobody there can")

		q = transport.NewQueue(10)
		p := newPorter(t, q)
		require.Equal(t, ring.OK, q.TryPush(msg("first")))
		require.False(t, q.Carry(msg("x")), "it is not idle")
		stop := p.works(t)
		require.Equal(t, ring.OK, q.TryPush(msg("second")))
		require.False(t, q.Carry(msg("x")), "it was called for another")
		synctest.Wait()
		require.Equal(t, []string{"first", "second"}, p.taken)
		stop()
	})
}

// TestCarryInTurn: who is carried for has had its turn.
func TestCarryInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := transport.NewQueue(10)
		var porters []*porter
		for range 3 {
			p := newPorter(t, q)
			porters = append(porters, p)
			defer p.works(t)()
		}
		warm(t, q)
		for range 6 {
			require.True(t, q.Carry(msg("x")))
		}
		warm(t, q)
		for _, p := range porters {
			require.Len(t, p.carried, 2)
		}
		require.Len(t, porters[0].taken, 1)
		require.Len(t, porters[1].taken, 1)
	})
}

// TestCarryMeanwhile: what is put in while a message is carried is taken, although nobody is
// idle then.
func TestCarryMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := transport.NewQueue(10)
		p := newPorter(t, q)
		stop := p.works(t)
		warm(t, q)
		carry := p.in.Carry
		p.in.Carry = func(m transport.Msg) bool {
			require.Equal(t, ring.OK, q.TryPush(msg("meanwhile")))
			return carry(m)
		}
		require.True(t, q.Carry(msg("x")))
		synctest.Wait()
		require.Equal(t, []string{"warm", "meanwhile"}, p.taken)
		stop()
	})
}

// TestCarryLosesNothing has several senders carry and put in, for takers that come and go.
func TestCarryLosesNothing(t *testing.T) {
	const senders, each = 4, 5_000
	q := transport.NewQueue(8)
	var received atomic.Int64
	over, stop := context.WithCancel(t.Context())
	var takers, sending sync.WaitGroup
	for range 3 {
		takers.Go(func() {
			for over.Err() == nil {
				in := &transport.Inbox{Turns: true}
				in.Carry = func(transport.Msg) bool {
					if !in.Idle() {
						return false
					}
					received.Add(1)
					return true
				}
				s := attach(t, in, q)
				ctx, cancel := context.WithCancel(over)
				left := 50
				for in.RecvShare(ctx, func(transport.Msg) bool { received.Add(1); left--; return left > 0 }) == nil {
					if left <= 0 {
						cancel()
					}
				}
				cancel()
				in.Remove(s)
			}
		})
	}
	for range senders {
		sending.Go(func() {
			for range each {
				if !q.Carry(msg("x")) {
					require.NoError(t, q.Send(t.Context(), msg("x")))
				}
			}
		})
	}
	sending.Wait()
	require.Eventually(t, func() bool { return received.Load() == senders*each }, time.Minute, time.Millisecond)
	require.EqualValues(t, senders*each, q.Pushed())
	require.EqualValues(t, senders*each, q.Popped())
	stop()
	takers.Wait()
}

// fetcher is a Fetcher that puts into q what it has, when it is asked.
type fetcher struct {
	q      *transport.Queue
	has    []string
	asked  int
	roused int
}

func (f *fetcher) Fetch(ctx context.Context, lot *ring.Lot, w *ring.Waiter) {
	f.asked++
	if len(f.has) > 0 {
		f.q.TryPush(msg(f.has[0]))
		f.has = f.has[1:]
	}
}

func (f *fetcher) Rouse() { f.roused++ }

// TestFetch: who waits for messages one at a time, from one peer alone, fetches them; others
// have them fetched.
func TestFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := transport.NewQueue(10)
		f := &fetcher{q: q, has: []string{"a", "b", "c"}}
		q.Fetcher = f
		in := &transport.Inbox{Yield: true}
		in.InStep.Store(true)
		s := attach(t, in, q)
		require.True(t, s.InStep())
		require.Equal(t, "a", text(recv(t, in)))
		require.Equal(t, "b", text(recv(t, in)))
		require.Equal(t, 2, f.asked)
		require.True(t, in.Quiet())

		other := attach(t, in, transport.NewQueue(1))
		require.False(t, s.InStep())
		require.False(t, in.Quiet())
		go q.TryPush(msg("x"))
		require.Equal(t, "x", text(recv(t, in)))
		require.Equal(t, 2, f.asked, "it is not the only one")
		in.Remove(other)
		require.True(t, s.InStep())

		in.InStep.Store(false)
		require.False(t, s.InStep())
		require.False(t, in.Quiet())
		var got transport.Msg
		go func() { got, _, _ = in.Recv(t.Context()) }()
		synctest.Wait()
		q.TryPush(msg("y"))
		synctest.Wait()
		require.Equal(t, "y", text(got))
		require.Equal(t, 2, f.asked, "not one at a time")
		require.Equal(t, 1, f.roused)
	})
}
