// SPDX-License-Identifier: MIT

package mqtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// unsubscribe takes subscriptions back, and lets the publishers know.
func (e *Env) unsubscribe(s mq.Sub, prefixes ...string) {
	e.t.Helper()
	for _, prefix := range prefixes {
		require.NoError(e.t, s.Unsubscribe(prefix))
	}
	e.Settle()
}

// subLaws are about the subscriptions of a SUB, and how it receives.
var subLaws = []Law{
	{
		ID: "A-SUB-13 D-XPB-14 A-DEV-04", Pattern: "SUB",
		Shall: "count subscriptions: what was subscribed n times ends with the n-th Unsubscribe, before or after the peer has come",
		Run: func(t *testing.T, e *Env) {
			pub, sub := e.Pub(), e.subscribed([]string{"a", "a"})
			e.Link(pub, sub)
			require.NoError(t, sub.Subscribe("a"))
			for range 2 {
				e.unsubscribe(sub, "a")
				e.Subscribers(pub, "a", 1)
				e.Send(pub, "a")
				e.Gets(sub, "a")
			}
			e.unsubscribe(sub, "a")
			e.Send(pub, "a")
			e.Empty(sub)
			require.NoError(t, sub.Subscribe("a"))
			e.Subscribers(pub, "a", 1)
			e.Send(pub, "a")
			e.Gets(sub, "a")
		},
	},
	{
		ID: "A-SUB-13 A-DEV-04", Pattern: "SUB",
		Shall: "have subscriptions of its own: another's Unsubscribe or end does not touch them",
		Run: func(t *testing.T, e *Env) {
			pub, one, two, three := e.Pub(), e.subscribed([]string{"a"}), e.subscribed([]string{"a"}), e.subscribed([]string{"a"})
			e.Link(pub, one, two, three)
			e.Subscribers(pub, "a", 3)
			e.unsubscribe(two, "a")
			e.Close(three)
			e.Peers(pub, 2)
			e.Send(pub, "a")
			e.Gets(one, "a")
			e.Empty(two)
		},
	},
	{
		ID: "A-SUB-14", Pattern: "SUB",
		Shall: "keep overlapping subscriptions apart: ending one leaves what another asks for",
		Run: func(t *testing.T, e *Env) {
			pub, sub := e.Pub(), e.subscribed([]string{"a", "", "abc"})
			e.Link(pub, sub)
			for _, step := range []struct {
				end  string
				want []string
			}{
				{"ab", []string{"x", "ab", "abc"}}, // was never subscribed
				{"", []string{"ab", "abc"}},
				{"a", []string{"abc"}},
				{"abc", nil},
			} {
				e.unsubscribe(sub, step.end)
				for _, topic := range step.want {
					e.Subscribers(pub, topic, 1)
				}
				e.SendAll(pub, "x", "ab", "abc")
				e.Gets(sub, step.want...)
				e.Empty(sub)
			}
		},
	},
	{
		ID: "D-XPB-13", Pattern: "SUB",
		Shall: "take the end of a subscription that is not there without an error, and without a debt for the next one",
		Run: func(t *testing.T, e *Env) {
			pub, sub := e.Pub(), e.Sub()
			e.unsubscribe(sub, "a", "")
			e.Link(pub, sub)
			e.unsubscribe(sub, "a", "a", "")
			require.NoError(t, sub.Subscribe("a"))
			e.Subscribers(pub, "a", 1)
			e.Send(pub, "a")
			e.Gets(sub, "a")
		},
	},
	{
		ID: "D-XPB-21", Pattern: "SUB",
		Shall: "get nothing as long as it has subscribed to nothing",
		Run: func(t *testing.T, e *Env) {
			pub, sub := e.Pub(), e.Sub()
			e.Link(pub, sub)
			e.SendAll(pub, "", "a")
			e.Empty(sub)
			e.dropped(0, pub, sub)
		},
	},
	{
		ID: "A-SUB-10 A-SUB-11", Pattern: "SUB",
		Shall: "receive what it asks for and nothing else, also if it ends a subscription while messages are queued",
		Run: func(t *testing.T, e *Env) {
			pub, sub := e.Pub(), e.subscribed([]string{"a", "b", "bc"})
			e.Link(pub, sub)
			e.Subscribers(pub, "bc", 1)
			e.SendAll(pub, "a0", "b0", "bc0", "a1", "b1")
			e.Settle()
			e.unsubscribe(sub, "b")
			e.Gets(sub, "a0", "bc0", "a1")
			e.Empty(sub)
			require.EqualValues(t, 3, sub.Stats().Received)
		},
	},
	{
		ID: "A-SUB-12 D-CON-12 D-INP-08", Pattern: "SUB",
		Shall:   "tell each new publisher its subscriptions, also one that binds the name of another that has gone",
		Departs: "in libzmq a connection in-process ends with the first publisher",
		Run: func(t *testing.T, e *Env) {
			sub, addr := e.subscribed([]string{"a", "gone"}), e.Addr()
			e.Connect(addr, sub)
			for _, topic := range []string{"a", "b", "c"} {
				pub := e.Pub()
				e.Bind(pub, addr)
				e.Subscribers(pub, topic, 1)
				e.SendAll(pub, topic, "gone", "never")
				if topic == "a" {
					e.Gets(sub, topic, "gone")
				} else {
					e.Gets(sub, topic)
				}
				e.Close(pub)
				e.Peers(sub, 0)
				e.unsubscribe(sub, "gone")
				require.NoError(t, sub.Subscribe(string(topic[0]+1)))
			}
		},
	},
	{
		ID: "D-INP-11 A-PUB-14", Pattern: "PUB",
		Shall: "forget the subscriptions of a subscriber that disconnects, and not lose count when it comes back",
		Run: func(t *testing.T, e *Env) {
			pub, sub := e.Pub(), e.subscribed([]string{"a"})
			addr := e.Link(pub, sub)
			for range 3 {
				e.Subscribers(pub, "a", 1)
				require.NoError(t, sub.Disconnect(addr))
				e.Peers(pub, 0)
				e.Send(pub, "a")
				require.NoError(t, sub.Connect(addr))
				e.Subscribers(pub, "a", 1)
			}
			e.Empty(sub)
			e.unsubscribe(sub, "a")
			e.Send(pub, "a")
			e.Empty(sub)
			e.dropped(0, pub, sub)
		},
	},
	{
		ID: "A-SUB-08", Pattern: "SUB",
		Shall: "take one message from each publisher in turn, and skip those that have none",
		Run: func(t *testing.T, e *Env) {
			sub, pubs := e.subscribed(everything), []mq.Socket{e.Pub(), e.Pub(), e.Pub()}
			e.Link(sub, pubs...)
			for i, backlog := range []int{3, 1, 2} {
				e.Subscribers(pubs[i].(mq.Pub), "", 1)
				e.SendAll(pubs[i], numbers(backlog, string(rune('0'+i)))...)
			}
			e.waiting(sub, 6)
			e.Gets(sub, "00", "10", "20", "01", "21", "02")
			e.Empty(sub)
		},
	},
}
