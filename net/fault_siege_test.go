// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// siege is a bound socket that is attacked while it talks to an honest peer.
type siege struct {
	t      *testing.T
	kind   string // of bound
	addr   string
	bound  mq.Socket
	honest mq.Socket
	news   news // of bound

	said   int      // messages of the honest side
	others []string // messages that bound got from others
}

// besiege makes a siege of a socket of a kind, bound to addr.
func besiege(t *testing.T, kind, addr string, opts ...mq.Option) *siege {
	s := &siege{t: t, kind: kind, addr: addr}
	s.bound = makers[kind](t, append(opts, s.news.option())...)
	require.NoError(t, s.bound.Bind(addr))
	s.honest = makers[opposite[kind]](t)
	if sub, ok := s.honest.(mq.Sub); ok {
		require.NoError(t, sub.Subscribe("honest"))
	}
	require.NoError(t, s.honest.Connect(addr))
	s.news.await(t, mq.EventAttached, 1)
	require.NoError(t, s.honest.WaitPeers(soon(t), 1))
	if pub, ok := s.bound.(mq.Pub); ok {
		require.NoError(t, pub.WaitSubscribers(soon(t), "honest", 1))
	}
	return s
}

// exchange moves a message between the honest peers, and REP's answer back.
func (s *siege) exchange() {
	s.said++
	text := "honest" + strings.Repeat("x", s.said%300)
	switch s.kind {
	case "PUSH", "PUB":
		s.move(s.bound, s.honest, text)
	default:
		s.move(s.honest, s.bound, text)
	}
	if s.kind == "REP" {
		s.move(s.bound, s.honest, text)
	}
}

func (s *siege) move(from, to mq.Socket, text string) {
	ctx, cancel := timeLimit(s.t, never)
	defer cancel()
	assert.NoError(s.t, from.Send(ctx, mq.Text(text, "")))
	for {
		m, err := to.Recv(ctx)
		if !assert.NoError(s.t, err) {
			return
		}
		if strings.HasPrefix(string(m.Data), "honest") {
			assert.Equal(s.t, mq.Text(text, "").String(), m.String())
			return
		}
		s.others = append(s.others, string(m.Data))
	}
}

// during has the honest peers talk while attack goes on, and a bit longer. Most of
// their messages must not take long; some may, on a machine that is busy, and most of
// them a part of a second.
func (s *siege) during(attack func()) {
	s.t.Helper()
	over := make(chan struct{})
	took := make(chan []time.Duration)
	go func() {
		var all []time.Duration
		for more := 20; more > 0 && !s.t.Failed(); {
			select {
			case <-over:
				more--
			default:
			}
			start := time.Now()
			s.exchange()
			all = append(all, time.Since(start))
		}
		took <- all
	}()
	func() {
		defer close(over)
		attack()
	}()
	all := <-took
	slices.Sort(all)
	require.Less(s.t, all[len(all)/2], time.Second, "the median of %d messages", len(all))
}

// requireCut waits for the event that an attacker was cut, the nth of its kind, and
// looks at the reason in it.
func (s *siege) requireCut(kind mq.EventKind, nth int, reason error, text string) {
	s.t.Helper()
	e := s.news.await(s.t, kind, nth)
	if reason != nil {
		require.ErrorIs(s.t, e.Err, reason)
	}
	require.ErrorContains(s.t, e.Err, text)
	require.Equal(s.t, s.addr, e.Addr)
}

// requirePeace makes sure that only the honest peer is left.
func (s *siege) requirePeace() {
	s.t.Helper()
	eventually(s.t, func() bool { return s.bound.Stats().Peers == 1 }, "one peer")
	s.exchange()
}

// allocated is how many bytes are allocated while f runs, in all of the process.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// held is how many bytes more are in use after f than before.
func held(f func()) int64 {
	before := leastHeap()
	f()
	return leastHeap() - before
}

// leastHeap collects garbage until that brings nothing more: blocks of memory that are kept
// for what is received next are given up when some collections have found them unused.
func leastHeap() int64 {
	least := int64(math.MaxInt64)
	for left := 5; left > 0; left-- {
		runtime.GC()
		runtime.Gosched()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if n := int64(m.HeapAlloc); n < least-64<<10 {
			least, left = n, 5
		}
	}
	return least
}
