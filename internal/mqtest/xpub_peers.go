// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// publishing are the couples that publish, PUB to SUB left out: pubLaws and topicLaws are
// about that.
var publishing = []couple{{"PUB", "XSUB"}, {"XPUB", "SUB"}, {"XPUB", "XSUB"}}

// linked makes a publisher and a subscriber that knows what it wants.
func (c couple) linked(e *Env, wants []string, opts ...mq.Option) (pub mq.Pub, s mq.Socket) {
	e.t.Helper()
	pub, s = e.New(c.from, opts...).(mq.Pub), e.New(c.to, opts...)
	e.subscribeTo(s, wants...)
	e.Link(pub, s)
	for _, prefix := range wants {
		e.Subscribers(pub, prefix, 1)
	}
	return pub, s
}

// xpubPeerLaws are about what goes from XPUB to its subscribers, and from XSUB to XPUB.
var xpubPeerLaws = []Law{
	{
		ID: "A-PUB-01 A-XPB-01 A-XPB-08 A-XPB-09 A-XPB-10 A-XSB-01 A-XSB-02 A-XSB-11 D-XPB-18 D-XPB-20", Pattern: "XPUB and XSUB",
		Shall: "be publisher and subscriber to PUB and SUB too: the first part of a message decides, byte by byte, and it comes once and whole",
		Run: func(t *testing.T, e *Env) {
			for _, c := range publishing {
				pub, s := c.linked(e, []string{"a", "ab", "\x00", "\xff\xfe"})
				e.SendAll(pub, "", "b", "A", "\x01a", "\xff", "a", "abc", "\x00a", "\xff\xfe")
				e.Send(pub, "b", "a")
				e.Send(pub, "ab", "", "b")
				e.Gets(s, "a", "abc", "\x00a", "\xff\xfe", "ab||b")
				e.Empty(s)
				e.dropped(0, pub, s)
			}
		},
	},
	{
		ID: "A-XPB-01 A-XSB-01 A-XSB-13 A-PUB-01 A-SUB-01", Pattern: "XPUB and XSUB",
		Shall: "have any number of peers, of both kinds that fit",
		Run: func(t *testing.T, e *Env) {
			pubs := []mq.Socket{e.Pub(), e.XPub(), e.Pub(), e.XPub()}
			subs := []mq.Socket{e.Sub(), e.XSub(), e.Sub(), e.XSub()}
			for _, s := range subs {
				e.subscribeTo(s, "a")
			}
			for _, p := range pubs {
				e.Link(p, subs...)
				e.Subscribers(p.(mq.Pub), "a", len(subs))
				e.SendAll(p, "b", "a")
				for _, s := range subs {
					e.Gets(s, "a")
				}
			}
		},
	},
	{
		ID: "D-XPB-21 A-XSB-10", Pattern: "XSUB",
		Shall: "get nothing as long as it has subscribed to nothing",
		Run: func(t *testing.T, e *Env) {
			for _, c := range publishing {
				pub, s := c.linked(e, nil)
				e.SendAll(pub, "", "a")
				e.Empty(s)
				e.dropped(0, pub, s)
			}
		},
	},
	{
		ID: "A-XPB-04 A-XSB-04 D-XPB-22", Pattern: "XPUB and XSUB",
		Shall:   "keep nothing for the absent, whichever side connects",
		Departs: "29/PUBSUB has connect create queues that outlive the link; then it would depend on who connects what is missed",
		Run: func(t *testing.T, e *Env) {
			for _, xpubConnects := range []bool{true, false} {
				x, s, addr := e.XPub(), e.XSub(), e.Addr()
				first, second := mq.Socket(s), mq.Socket(x)
				if xpubConnects {
					first, second = x, s
				}
				e.subscribeTo(s, "")
				e.Connect(addr, first)
				e.Send(x, "too early")
				e.Send(s, "too early as well")
				e.Bind(second, addr)
				e.Gets(x, on(""))
				e.Send(x, "in time")
				e.Gets(s, "in time")
				e.Send(s, "in time as well")
				e.Gets(x, "in time as well")
				e.Empty(x)
				e.Empty(s)
				e.dropped(0, x, s)
			}
		},
	},
	{
		ID: "A-XPB-02 A-XPB-14 A-XSB-02 A-XSB-12 D-XPB-09", Pattern: "XPUB",
		Shall: "receive what its XSUB peers send beside subscriptions as it is, of one part or several, also empty",
		Run: func(t *testing.T, e *Env) {
			x, s := e.XPub(), e.XSub()
			e.Link(x, s)
			e.SendAll(s, "", "user", "\x02a")
			e.Send(s, "user", "", "parts")
			e.Send(s, "", on("a"))
			e.Gets(x, "", "user", "\x02a", "user||parts", "|"+on("a"))
			e.Empty(x)
			e.Send(x, "a")
			e.Empty(s)
		},
	},
	{
		ID: "D-XPB-09 D-XPB-10", Pattern: "XPUB",
		Shall: "take a message of several parts from an XSUB for no subscription, whatever it begins with",
		Departs: "libzmq looks at every part, unless ONLY_FIRST_SUBSCRIBE is set; a message is one whole, " +
			"and a subscription has one part",
		Run: func(t *testing.T, e *Env) {
			x, s := e.XPub(), e.XSub()
			e.Link(x, s)
			e.subscribeTo(s, "b")
			e.Gets(x, on("b"))
			e.Send(s, on("a"), "x")
			e.Send(s, off("b"), "")
			e.Gets(x, on("a")+"|x", off("b")+"|")
			e.SendAll(x, "a", "b")
			e.Gets(s, "b")
			e.Empty(s)
		},
	},
	{
		ID: "A-XPB-05 A-XSB-05", Pattern: "XPUB and XSUB",
		Shall:   "still receive what a peer sent before it went",
		Departs: "29/PUBSUB destroys the queue with the link; libzmq too leaves readable what has arrived",
		Run: func(t *testing.T, e *Env) {
			for _, xpubGoes := range []bool{true, false} {
				x, s := e.XPub(), e.XSub()
				e.Link(x, s)
				e.subscribeTo(s, "")
				e.Gets(x, on(""))
				e.SendAll(x, numbers(3)...)
				e.SendAll(s, numbers(3)...)
				e.waiting(x, 3)
				e.waiting(s, 3)
				goes, stays, want := mq.Socket(s), mq.Socket(x), []string{off("")}
				if xpubGoes {
					goes, stays, want = x, s, nil
				}
				e.Close(goes)
				e.Peers(stays, 0)
				e.Gets(stays, append(want, numbers(3)...)...)
				e.Empty(stays)
			}
		},
	},
	{
		ID: "A-XPB-13 D-FQ-01", Pattern: "XPUB",
		Shall: "take one message from each of its XSUB peers in turn, and skip those that have none",
		Run: func(t *testing.T, e *Env) {
			x, subs := e.XPub(), []mq.Socket{e.XSub(), e.XSub(), e.XSub()}
			e.Link(x, subs...)
			for i, backlog := range []int{3, 1, 2} {
				e.SendAll(subs[i], numbers(backlog, string(rune('0'+i)))...)
			}
			e.waiting(x, 6)
			e.Gets(x, "00", "10", "20", "01", "21", "02")
			e.Empty(x)
		},
	},
	{
		ID: "D-XPB-15 A-XPB-16 A-XSB-16", Pattern: "XPUB and XSUB",
		Shall: "make a forwarder: what the XPUB receives is what the XSUB has to send",
		Run: func(t *testing.T, e *Env) {
			pub, xsub, xpub, sub := e.Pub(), e.XSub(), e.XPub(), e.Sub()
			e.Link(pub, xsub)
			e.Link(xpub, sub)
			forward := func(from, to mq.Socket) {
				m := e.Recv(from)
				ctx, cancel := e.patient()
				defer cancel()
				require.NoError(t, to.Send(ctx, m))
			}
			for range 3 {
				require.NoError(t, sub.Subscribe("a"))
				forward(xpub, xsub)
				e.Subscribers(pub, "a", 1)
				e.Send(pub, "b")
				e.Send(pub, "a", "b")
				forward(xsub, xpub)
				e.Gets(sub, "a|b")
				e.unsubscribe(sub, "a")
				forward(xpub, xsub)
				e.told(pub, xsub)
				e.Send(pub, "a")
				e.Empty(xsub)
			}
		},
	},
	{
		ID: "MQ-SUB-01", Pattern: "XPUB",
		Shall: "let WaitSubscribers block until so many peers get the topic, whether it receives their subscriptions or not",
		Run: func(t *testing.T, e *Env) {
			x, one, two := e.XPub(), e.Sub(), e.XSub()
			wait := func(n int) *Call {
				return e.Go("WaitSubscribers", func(ctx context.Context) (m mq.Message, err error) {
					return m, x.WaitSubscribers(ctx, "topic", n)
				})
			}
			first, second := wait(1), wait(2)
			e.Link(x, one, two)
			e.subscribeTo(one, "toe", "topical")
			e.Blocked(first, second)
			e.subscribeTo(one, "top", "t")
			e.Returned(first)
			e.Blocked(second)
			e.subscribeTo(two, "topic")
			e.Returned(second)
			e.Close(two)
			e.Peers(x, 1)
			third := wait(2)
			e.Blocked(third)
			e.Cancel(third)
			requireError(t, third.err, context.Canceled, "wait for subscribers", "")
		},
	},
}
