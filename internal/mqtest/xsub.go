// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// told waits until pub knows all that s has sent so far.
func (e *Env) told(pub mq.Pub, s mq.Socket) {
	e.t.Helper()
	prefix := fmt.Sprint("told ", s.Stats().Sent) // another each time
	e.Send(s, on(prefix))
	e.Subscribers(pub, prefix, 1)
}

// xsubLaws are about what an XSUB sends, and how it receives.
var xsubLaws = []Law{
	{
		ID: "A-XSB-16 A-XSB-17 A-PUB-14", Pattern: "XSUB",
		Shall: "subscribe by sending 1 and a prefix, and end that with 0, before and after its publisher has come",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"PUB", "XPUB"} {
				pub, s := e.New(kind).(mq.Pub), e.XSub()
				e.SendAll(s, on("a"), on("b"), off("b"))
				e.Link(pub, s)
				e.Send(s, on("c"))
				e.Subscribers(pub, "c", 1)
				e.SendAll(pub, "a", "b", "c")
				e.Gets(s, "a", "c")
				e.SendAll(s, off("a"), off("c"), on("d"))
				e.Subscribers(pub, "d", 1)
				e.SendAll(pub, "a", "b", "c", "d")
				e.Gets(s, "d")
				e.Empty(s)
			}
		},
	},
	{
		ID: "A-XSB-17 D-XPB-13 D-XPB-14", Pattern: "XSUB",
		Shall: "count its subscriptions, and take the end of what is not there as nothing",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"PUB", "XPUB"} {
				pub, s := e.New(kind).(mq.Pub), e.XSub()
				e.SendAll(s, off("a"), on("a"), off(""), on("a"))
				e.Link(pub, s)
				e.Subscribers(pub, "a", 1)
				e.SendAll(s, off("b"), on("a"))
				for range 2 {
					e.Send(s, off("a"))
					e.told(pub, s)
					e.Send(pub, "a")
					e.Gets(s, "a")
				}
				e.Send(s, off("a"))
				e.told(pub, s)
				e.Send(pub, "a")
				e.Empty(s)
				e.SendAll(s, off("a"), on("a"))
				e.Subscribers(pub, "a", 1)
			}
		},
	},
	{
		ID: "A-XSB-10 A-XSB-11", Pattern: "XSUB",
		Shall: "receive all that comes, also what is queued when it ends the subscription, and what it has not asked for",
		Run: func(t *testing.T, e *Env) {
			x, s := e.XPub(mq.WithManual()), e.XSub()
			e.Link(x, s)
			e.subscribeTo(s, "b")
			e.Gets(x, on("b"))
			require.NoError(t, x.Subscribe(""))
			e.SendAll(x, "a0", "b0", "a1")
			e.Settle()
			e.endSubscription(s, "b")
			e.Gets(x, off("b"))
			e.Gets(s, "a0", "b0", "a1")
			require.EqualValues(t, 3, s.Stats().Received)
		},
	},
	{
		ID: "A-XSB-18 D-INP-11", Pattern: "XSUB",
		Shall: "take its subscriptions back from a publisher that it leaves, and leave the others theirs",
		Run: func(t *testing.T, e *Env) {
			s, left, closed := e.XSub(), e.XPub(), e.XPub()
			addr := e.Link(left, s)
			e.Link(closed, s)
			e.subscribeTo(s, "a", "", "a", "b")
			prefixes := []string{"a", "", "b"}
			e.hears(left, every(on, prefixes)...)
			e.hears(closed, every(on, prefixes)...)
			require.NoError(t, s.Disconnect(addr))
			e.hears(left, every(off, prefixes)...)
			e.Empty(closed)
			e.Close(s)
			e.hears(closed, every(off, prefixes)...)
			e.Empty(left)
		},
	},
	{
		ID: "A-XSB-13 MQ-XSB-01", Pattern: "XSUB",
		Shall: "send to every publisher, all in the same order, also when many goroutines send",
		Run: func(t *testing.T, e *Env) {
			const senders, each = 3, 50
			s, pubs := e.XSub(), []mq.Socket{e.XPub(), e.Pub(), e.XPub(), e.XPub()}
			e.Link(s, pubs...)
			for _, c := range sendAtOnce(e, []mq.Socket{s, s, s}, each) {
				e.Returned(c)
			}
			var first []string
			for i, p := range pubs {
				if i == 1 {
					continue
				}
				var got []string
				for range senders * each {
					got = append(got, text(e.Recv(p)))
				}
				requireShares(t, [][]string{got}, senders, each)
				if first == nil {
					first = got
				}
				require.Equal(t, first, got)
				e.Empty(p)
			}
		},
	},
	{
		ID: "A-XSB-15 D-BLK-02", Pattern: "XSUB",
		Shall: "never block in Send, also without a peer: then all but subscriptions is gone",
		Run: func(t *testing.T, e *Env) {
			s, x := e.XSub(mq.WithSendHWM(1)), e.XPub(mq.WithRecvHWM(1))
			e.SendAll(s, numbers(10)...)
			e.SendAll(s, every(on, numbers(10))...)
			require.Equal(t, mq.Stats{Sent: 20}, s.Stats())
			e.Link(x, s)
			e.Subscribers(x, "9", 1)
			for range 100 {
				e.Send(s, "as much as it likes", string(make([]byte, 100_000)))
			}
			require.EqualValues(t, 120, s.Stats().Sent)
		},
	},
	{
		ID: "A-XSB-03 A-XSB-06 A-XSB-14 D-HWM-01 D-HWM-09", Pattern: "XSUB",
		Shall: "drop for the publisher whose queue is full, of SendHWM here and its RecvHWM, and for that alone; both count it",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			s := e.XSub(mq.WithSendHWM(2))
			slow, fast, roomy := e.XPub(mq.WithRecvHWM(3)), e.XPub(mq.WithRecvHWM(1)), e.XPub(mq.WithRecvHWM(100))
			e.Link(s, slow, fast, roomy)
			for _, m := range numbers(50) {
				e.Send(s, m)
				e.Gets(fast, m)
			}
			e.dropped(45, s, slow)
			e.dropped(0, fast, roomy)
			e.Send(s, on("a")) // needs no room
			e.Gets(slow, append([]string{on("a")}, numbers(5)...)...)
			e.Gets(roomy, append([]string{on("a")}, numbers(50)...)...)
			e.Empty(slow)
			e.Send(s, "again")
			e.Gets(slow, "again")
			require.EqualValues(t, 52, s.Stats().Sent)
		},
	},
	{
		ID: "A-XSB-03 A-XSB-06 A-XSB-08 D-HWM-10", Pattern: "XSUB",
		Shall: "have a queue for each publisher, in which the newest are missed when it is full; both sides count it",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"PUB", "XPUB"} {
				loud, calm := e.New(kind, mq.WithSendHWM(2)), e.New(kind, mq.WithSendHWM(2))
				s := e.XSub(mq.WithRecvHWM(1))
				e.subscribeTo(s, "")
				e.Link(s, loud, calm)
				e.SendAll(loud, numbers(9, "loud ")...)
				e.SendAll(calm, "calm")
				e.dropped(6, loud, s)
				e.dropped(0, calm)
				e.Gets(s, "loud 0", "calm", "loud 1", "loud 2")
				e.Empty(s)
			}
		},
	},
	{
		ID: "A-PUB-07 A-PUB-15", Pattern: "XSUB",
		Shall: "send to a PUB what that does not care for, without harm to the link",
		Run: func(t *testing.T, e *Env) {
			pub, s := e.Pub(), e.XSub(mq.WithSendHWM(1))
			e.Link(pub, s)
			e.SendAll(s, "", "user", "\x02")
			e.Send(s, on("a"), "x")
			e.Send(s, on("b"))
			e.Subscribers(pub, "b", 1)
			e.SendAll(s, "user", "user")
			e.SendAll(pub, "a", "b")
			e.Gets(s, "b")
			e.Peers(pub, 1)
			_, err := pub.Recv(e.ctx)
			requireError(t, err, errors.ErrUnsupported, "recv", "")
		},
	},
	{
		ID: "A-XSB-09 D-FQ-01", Pattern: "XSUB",
		Shall: "take one message from each publisher in turn, and skip those that have none",
		Run: func(t *testing.T, e *Env) {
			s, pubs := e.XSub(), []mq.Socket{e.Pub(), e.XPub(), e.Pub()}
			e.subscribeTo(s, "")
			e.Link(s, pubs...)
			for i, backlog := range []int{3, 1, 2} {
				e.Subscribers(pubs[i].(mq.Pub), "", 1)
				e.SendAll(pubs[i], numbers(backlog, string(rune('0'+i)))...)
			}
			e.waiting(s, 6)
			e.Gets(s, "00", "10", "20", "01", "21", "02")
			e.Empty(s)
		},
	},
	{
		ID: "MQ-CTX-01 MQ-CLOSE-02", Pattern: "XSUB",
		Shall: "not subscribe, nor end that, in a Send that fails",
		Run: func(t *testing.T, e *Env) {
			pub, s := e.Pub(), e.XSub()
			e.Link(pub, s)
			e.Send(s, on("a"))
			e.Subscribers(pub, "a", 1)
			done, cancel := context.WithCancel(e.ctx)
			cancel()
			requireError(t, s.Send(done, mq.Text(off("a"))), context.Canceled, "send", "")
			requireError(t, s.Send(done, mq.Text(on("b"))), context.Canceled, "send", "")
			e.Settle()
			e.SendAll(pub, "b", "a")
			e.Gets(s, "a")
			e.Close(s)
			requireError(t, s.Send(e.ctx, mq.Text(on("a"))), mq.ErrClosed, "send", "")
			require.EqualValues(t, 1, s.Stats().Sent)
		},
	},
}
