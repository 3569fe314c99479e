// SPDX-License-Identifier: MIT

package mqtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// unheard is whom an XPUB believes subscribed who receives all that is there, and how
// many messages that took.
func (e *Env) unheard(x mq.XPub) (believed map[string]bool, messages int) {
	e.t.Helper()
	believed = map[string]bool{}
	for _, m := range e.drain(x) {
		messages++
		require.NotEmpty(e.t, m)
		if prefix := m[1:]; m[0] == 1 {
			require.False(e.t, believed[prefix], "%q began twice", prefix)
			believed[prefix] = true
		} else {
			require.True(e.t, believed[prefix], "%q ended twice", prefix)
			delete(believed, prefix)
		}
	}
	return believed, messages
}

// xpubQueueLaws are about the queues of an XPUB: that of the subscriptions it is to
// receive, and those of its subscribers.
var xpubQueueLaws = []Law{
	{
		ID: "A-XPB-15", Pattern: "XPUB",
		Shall: "heed subscriptions whether anybody receives them or not, however many there are",
		Run: func(t *testing.T, e *Env) {
			x, s := e.XPub(mq.WithRecvHWM(1)), e.Sub()
			e.Link(x, s)
			for _, prefix := range numbers(100) {
				require.NoError(t, s.Subscribe(prefix))
			}
			e.Subscribers(x, "99", 1)
			e.SendAll(x, numbers(100)...)
			e.Gets(s, numbers(100)...)
			e.unsubscribe(s, numbers(99)...)
			e.SendAll(x, "1", "50", "99")
			e.Gets(s, "99")
			e.Empty(s)
		},
	},
	{
		ID: "A-XPB-06 A-XPB-16 MQ-XPB-01", Pattern: "XPUB",
		Shall: "receive all that happened to subscriptions, in its order, as long as no more than RecvHWM wait for that",
		Run: func(t *testing.T, e *Env) {
			const hwm = 6
			x, s := e.XPub(mq.WithRecvHWM(hwm)), e.Sub()
			e.Link(x, s)
			for range 3 {
				for range hwm / 2 {
					require.NoError(t, s.Subscribe("a"))
					require.NoError(t, s.Unsubscribe("a"))
				}
				e.waiting(x, hwm)
				e.Gets(x, on("a"), off("a"), on("a"), off("a"), on("a"), off("a"))
				e.Empty(x)
			}
			require.EqualValues(t, 3*hwm, x.Stats().Received)
		},
	},
	{
		ID: "A-XPB-06 D-XPB-01 MQ-XPB-01", Pattern: "XPUB",
		Shall:   "be told right in the end when more than RecvHWM subscriptions wait, by at most one message more for each prefix",
		Departs: "libzmq keeps any number of them",
		Run: func(t *testing.T, e *Env) {
			const hwm, topics = 3, 10
			x, s := e.XPub(mq.WithRecvHWM(hwm)), e.Sub()
			e.Link(x, s)
			for range 20 {
				for _, prefix := range numbers(topics) {
					require.NoError(t, s.Subscribe(prefix))
					require.NoError(t, s.Unsubscribe(prefix))
				}
			}
			want := map[string]bool{"0": true, "3": true, "last": true}
			for prefix := range want {
				require.NoError(t, s.Subscribe(prefix))
			}
			for prefix := range want {
				e.Subscribers(x, prefix, 1)
			}
			require.LessOrEqual(t, x.Stats().Pending, hwm+topics+1)
			believed, messages := e.unheard(x)
			require.Equal(t, want, believed)
			require.LessOrEqual(t, messages, hwm+topics+1)
			e.Close(s)
			e.hears(x, off("0"), off("3"), off("last"))
		},
	},
	{
		ID: "A-XPB-03 A-XPB-06 A-XPB-11 A-XPB-12 D-HWM-09", Pattern: "XPUB",
		Shall: "never block: what comes while the queue of a subscriber is full, SendHWM here and its RecvHWM, that one misses, and both count it",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			x := e.XPub(mq.WithSendHWM(2))
			slow, slower := e.subscribed(everything, mq.WithRecvHWM(3)), e.XSub(mq.WithRecvHWM(1))
			fast := e.subscribed(everything, mq.WithRecvHWM(1))
			e.subscribeTo(slower, "")
			e.Link(x, slow, slower, fast)
			for _, m := range numbers(50) {
				e.Send(x, m)
				e.Gets(fast, m)
			}
			e.Gets(slow, numbers(5)...)
			e.Gets(slower, numbers(3)...)
			e.Empty(slow)
			e.Empty(slower)
			e.dropped(45, slow)
			e.dropped(47, slower)
			e.dropped(0, fast)
			e.dropped(45+47, x)
		},
	},
	{
		ID: "A-XPB-05", Pattern: "XPUB",
		Shall: "discard the queue of a subscriber that has closed, and count it as dropped on both sides",
		Only:  "over a network the publisher does not know what has been received",
		Run: func(t *testing.T, e *Env) {
			x, goes, stays := e.XPub(), e.XSub(), e.subscribed(everything)
			e.subscribeTo(goes, "")
			e.Link(x, goes, stays)
			e.SendAll(x, numbers(5)...)
			e.Gets(goes, "0", "1")
			e.Close(goes)
			e.dropped(3, x, goes)
			e.Gets(stays, numbers(5)...)
			require.Equal(t, 0, x.Stats().Queued)
		},
	},
	{
		ID: "MQ-STAT-01", Pattern: "XPUB and XSUB",
		Shall: "count subscriptions with what is sent, received and could be",
		Only:  "over a network what is on its way is nobody's",
		Run: func(t *testing.T, e *Env) {
			x, s := e.XPub(), e.XSub()
			e.Link(x, s)
			e.SendAll(s, on("a"), on("b"), on("a"), "user")
			require.Equal(t, mq.Stats{Sent: 4, Queued: 1, Peers: 1}, s.Stats())
			require.Equal(t, mq.Stats{Pending: 3, Peers: 1}, x.Stats())
			e.Gets(x, on("a"), on("b"), "user")
			e.SendAll(x, "a", "unwanted")
			require.Equal(t, mq.Stats{Sent: 2, Received: 3, Queued: 1, Peers: 1}, x.Stats())
			require.Equal(t, mq.Stats{Sent: 4, Pending: 1, Peers: 1}, s.Stats())
			e.Gets(s, "a")
			require.Equal(t, mq.Stats{Sent: 4, Received: 1, Peers: 1}, s.Stats())
		},
	},
	{
		ID: "A-XPB-16 MQ-XPB-02", Pattern: "XPUB",
		Shall: "serve all goroutines that wait in Recv, each with one subscription or message",
		Run: func(t *testing.T, e *Env) {
			x, s := e.XPub(), e.XSub()
			e.Link(x, s)
			e.manyTimes(func(i int) {
				var waiting []*Call
				for range 6 {
					waiting = append(waiting, e.Receiving(x))
				}
				e.Blocked(waiting...)
				want := append(every(on, numbers(4)), "user", "user")
				meanwhile(i, func() { e.SendAll(s, want[:3]...) }, func() { e.SendAll(s, want[3:]...) })
				var got []string
				for _, c := range waiting {
					got = append(got, e.Returned(c))
				}
				require.ElementsMatch(t, want, got)
				e.SendAll(s, every(off, numbers(4))...)
				e.hears(x, every(off, numbers(4))...)
			})
		},
	},
	{
		ID: "MQ-CTX-03 MQ-XPB-02", Pattern: "XPUB",
		Shall: "have another Recv return the subscription that comes just when one is cancelled",
		Run: func(t *testing.T, e *Env) {
			x, s := e.XPub(), e.Sub()
			e.Link(x, s)
			e.manyTimes(func(i int) {
				cancelled := e.Receiving(x)
				e.Blocked(cancelled)
				stays := e.Receiving(x)
				e.Blocked(stays)
				meanwhile(i, func() { require.NoError(t, s.Subscribe("a")) }, cancelled.cancel)
				require.True(t, e.finished(cancelled))
				if cancelled.err == nil {
					require.Equal(t, on("a"), text(cancelled.msg))
					e.Cancel(stays)
				} else {
					require.Equal(t, on("a"), e.Returned(stays))
				}
				require.NoError(t, s.Unsubscribe("a"))
				e.hears(x, off("a"))
			})
		},
	},
}
