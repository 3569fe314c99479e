// SPDX-License-Identifier: MIT

package mqtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

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
				require.Equal(t, mq.Stats{Sent: 40, Queued: 10, Peers: 1}, from.Stats(), l)
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
		ID: "MQ-STAT-02", Pattern: "PAIR and PUSH",
		Shall: "not count what was not sent: a Send that failed, or waits",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			for _, l := range lanes[:2] {
				from, to := l.open(e, mq.WithSendHWM(1), mq.WithRecvHWM(1))
				bound := 2
				if l.from == "PUSH" || l.from == "DEALER" {
					bound = 1
				}
				e.Holds(from, bound)
				waits := e.Sending(from, "waits")
				e.Blocked(waits)
				require.EqualValues(t, bound, from.Stats().Sent, l)
				require.Equal(t, bound, from.Stats().Queued, l)
				e.Gets(to, numbers(bound)...)
				e.Returned(waits)
				require.EqualValues(t, bound+1, from.Stats().Sent, l)
				require.Equal(t, 1, from.Stats().Queued, l)
			}
		},
	},
	{
		ID: "MQ-STAT-03", Pattern: "PAIR and PUSH",
		Shall: "count a message once, also if it stays queued while peers go and come",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			for _, c := range couples[:2] {
				from, addr := e.New(c.from), e.Addr()
				e.Bind(from, addr)
				e.SendAll(from, numbers(20)...)
				for i := range 4 {
					to := e.New(c.to)
					e.Connect(addr, to)
					e.Peers(from, 1)
					e.Gets(to, numbers(20)[5*i:5*i+2]...)
					require.Equal(t, mq.Stats{Sent: 20, Queued: 20 - 5*i - 2, Peers: 1}, from.Stats(), c)
					e.Gets(to, numbers(20)[5*i+2:5*i+5]...)
					e.Close(to)
					require.Equal(t, mq.Stats{Sent: 20, Queued: 20 - 5*i - 5}, from.Stats(), c)
				}
			}
		},
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
