// SPDX-License-Identifier: MIT

package mqtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// acknowledged is how many of n messages that were received a socket of this kind knows of.
func acknowledged(kind string, n int) uint64 {
	if kind == "PUSH" {
		return uint64(n)
	}
	return 0
}

// Counts waits until the counters of s are these.
func (e *Env) Counts(s mq.Socket, want mq.Stats) {
	e.t.Helper()
	e.Eventually(func() bool { return s.Stats() == want }, "want %+v", want)
}

// statsLaws are about the counters.
var statsLaws = []Law{
	{
		ID: "MQ-STAT-01", Pattern: "PAIR, PUSH and PUB",
		Shall: "count what was sent and is still queued, and what was received and could be",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			for _, l := range lanes[:3] {
				from, to := l.open(e)
				require.Equal(t, mq.Stats{Peers: 1}, from.Stats(), l)
				require.Equal(t, mq.Stats{Peers: 1}, to.Stats(), l)
				e.SendAll(from, numbers(40)...)
				require.Equal(t, mq.Stats{Sent: 40, Queued: 40, Peers: 1}, from.Stats(), l)
				require.Equal(t, mq.Stats{Pending: 40, Peers: 1}, to.Stats(), l)
				e.Gets(to, numbers(30)...)
				want := mq.Stats{Sent: 40, Queued: 10, Peers: 1, Acknowledged: acknowledged(l.from, 30)}
				require.Equal(t, want, from.Stats(), l)
				require.Equal(t, mq.Stats{Received: 30, Pending: 10, Peers: 1}, to.Stats(), l)
			}
		},
	},
	{
		ID: "MQ-STAT-01", Pattern: "REQ and REP",
		Shall: "count requests and replies on both sides",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			for n := range uint64(3) {
				e.Send(req, "q")
				require.Equal(t, mq.Stats{Sent: n + 1, Received: n, Queued: 1, Peers: 1}, req.Stats())
				require.Equal(t, mq.Stats{Sent: n, Received: n, Pending: 1, Peers: 1}, rep.Stats())
				e.answer(rep, "q", "r")
				require.Equal(t, mq.Stats{Sent: n + 1, Received: n, Pending: 1, Peers: 1}, req.Stats())
				require.Equal(t, mq.Stats{Sent: n + 1, Received: n + 1, Queued: 1, Peers: 1}, rep.Stats())
				e.Gets(req, "r")
			}
		},
	},
	{
		ID: "MQ-STAT-01", Pattern: "PUSH",
		Shall: "count each message it has sent in one place: queued, in flight to a worker, or taken by one",
		Run: func(t *testing.T, e *Env) {
			for _, window := range []int{1, 3} {
				push, pull := e.Push(), e.Pull(mq.WithWindow(window))
				e.Link(push, pull)
				e.SendAll(push, numbers(40)...)
				held := e.ahead(window)
				e.Counts(push, mq.Stats{Sent: 40, Queued: 40 - held, InFlight: held, Peers: 1})
				e.Gets(pull, numbers(30)...)
				e.Counts(push, mq.Stats{Sent: 40, Queued: 10 - held, InFlight: held, Acknowledged: 30, Peers: 1})
				pending := held
				if e.scheme.Inproc {
					pending = 10
				}
				e.Counts(pull, mq.Stats{Received: 30, Pending: pending, Peers: 1})
				e.Close(pull)
				e.Counts(push, mq.Stats{Sent: 40, Queued: 10, Acknowledged: 30})
			}
		},
	},
	{
		ID: "MQ-STAT-05", Pattern: "PUSH",
		Shall: "count as in flight what a worker made WithAck has received, as taken what it has confirmed, and as resent what " +
			"another receives again",
		Run: func(t *testing.T, e *Env) {
			push := e.Push()
			addr := e.Bind(push)
			e.SendAll(push, numbers(4)...)
			for i := range 3 {
				pull := e.Pull(mq.WithAck(), mq.WithWindow(4))
				e.Connect(addr, pull)
				got := e.Takes(pull, 4-i)
				resent := uint64(3*i - i*(i-1)/2) // 3, then 2 more
				e.Counts(push, mq.Stats{Sent: 4, InFlight: 4 - i, Acknowledged: uint64(i), Resent: resent, Peers: 1})
				got[0].Ack()
				e.Counts(push, mq.Stats{Sent: 4, InFlight: 3 - i, Acknowledged: uint64(i + 1), Resent: resent, Peers: 1})
				e.Close(pull)
				e.Counts(push, mq.Stats{Sent: 4, Queued: 3 - i, Acknowledged: uint64(i + 1), Resent: resent})
			}
			e.Close(push, "3")
			e.Counts(push, mq.Stats{Sent: 4, Acknowledged: 3, Resent: 5})
		},
	},
	{
		ID: "MQ-STAT-02", Pattern: "PAIR",
		Shall: "not count what was not sent: a Send that failed, or waits",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			a, b := e.Pair(mq.WithSendHWM(1)), e.Pair(mq.WithRecvHWM(1))
			e.Link(a, b)
			e.Holds(a, 2)
			waits := e.Sending(a, "waits")
			e.Blocked(waits)
			require.Equal(t, mq.Stats{Sent: 2, Queued: 2, Peers: 1}, a.Stats())
			e.Gets(b, "0", "1")
			e.Returned(waits)
			require.Equal(t, mq.Stats{Sent: 3, Queued: 1, Peers: 1}, a.Stats())
		},
	},
	{
		ID: "MQ-STAT-02", Pattern: "PUSH",
		Shall: "not count what was not sent: a Send that failed, or waits",
		Run: func(t *testing.T, e *Env) {
			push, pull := e.Push(mq.WithSendHWM(1)), e.Pull(mq.WithWindow(1))
			e.Link(push, pull)
			held := e.ahead(1)
			e.Holds(push, 1+held)
			waits := e.Sending(push, "waits")
			e.Blocked(waits)
			require.Equal(t, mq.Stats{Sent: uint64(1 + held), Queued: 1, InFlight: held, Peers: 1}, push.Stats())
			e.Gets(pull, numbers(1+held)...)
			e.Returned(waits)
			e.Counts(push, mq.Stats{
				Sent: uint64(2 + held), Queued: 1 - held, InFlight: held, Acknowledged: uint64(1 + held), Peers: 1,
			})
		},
	},
	{
		ID: "MQ-STAT-03", Pattern: "PAIR",
		Shall: "count a message once, also if it stays queued while peers go and come",
		Only:  exact,
		Run:   func(t *testing.T, e *Env) { countOnce(e, couples[0]) },
	},
	{
		ID: "MQ-STAT-03", Pattern: "PUSH",
		Shall: "count a message once, also if it stays queued, or comes back, while peers go and come",
		Run:   func(t *testing.T, e *Env) { countOnce(e, pipeline) },
	},
	{
		ID: "MQ-STAT-04", Pattern: "PUB and SUB",
		Shall: "account for every message and subscriber: sent is received, dropped or still queued",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			pub := e.Pub(mq.WithSendHWM(3))
			subs := []mq.Sub{
				e.subscribed(everything, mq.WithRecvHWM(4)), e.subscribed(everything, mq.WithRecvHWM(40)),
				e.subscribed(everything, mq.WithRecvHWM(1)),
			}
			addr := e.Bind(pub)
			for _, s := range subs {
				e.Connect(addr, s)
			}
			e.SendAll(pub, numbers(20)...)
			e.Gets(subs[0], "0", "1")
			e.Gets(subs[1], "0", "1", "2")
			e.SendAll(pub, numbers(10)...)
			dropped, queued := uint64(0), 0
			for i, s := range subs {
				got := s.Stats()
				require.EqualValues(t, 30, got.Received+got.Dropped+uint64(got.Pending), "SUB %d: %+v", i, got)
				dropped += got.Dropped
				queued += got.Pending
			}
			require.Equal(t, mq.Stats{Sent: 30, Dropped: dropped, Queued: queued, Peers: 3}, pub.Stats())
			require.EqualValues(t, 21+26, dropped) // two places were free again at the first
		},
	},
}

// countOnce has four peers of a socket receive a quarter each of what it has sent.
func countOnce(e *Env, c couple) {
	from, addr := e.New(c.from), e.Addr()
	e.Bind(from, addr)
	e.SendAll(from, numbers(20)...)
	for i := range 4 {
		to := e.New(c.to, mq.WithWindow(1))
		e.Connect(addr, to)
		e.Peers(from, 1)
		e.Gets(to, numbers(20)[5*i:5*i+2]...)
		held, left := 0, 20-5*i-2
		if c == pipeline {
			held = e.ahead(1)
		}
		want := mq.Stats{Sent: 20, Queued: left - held, InFlight: held, Acknowledged: acknowledged(c.from, 20-left), Peers: 1}
		e.Counts(from, want)
		e.Gets(to, numbers(20)[5*i+2:5*i+5]...)
		e.Close(to)
		e.Counts(from, mq.Stats{Sent: 20, Queued: left - 3, Acknowledged: acknowledged(c.from, 20-left+3)})
	}
}
