// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

var manualLaws = []Law{
	{
		ID: "D-XPB-04 A-XPB-15", Pattern: "XPUB WithManual",
		Shall: "give a peer what the application subscribes it to, and nothing because it has asked",
		Run: func(t *testing.T, e *Env) {
			x, s := e.XPub(mq.WithManual()), e.XSub()
			e.Link(x, s)
			e.subscribeTo(s, "a")
			e.Gets(x, on("a"))
			e.Send(x, "a")
			e.Empty(s)
			given := e.Go("WaitSubscribers", func(ctx context.Context) (m mq.Message, err error) {
				return m, x.WaitSubscribers(ctx, "xa", 1)
			})
			e.Blocked(given)
			require.NoError(t, x.Subscribe("xa"))
			require.NoError(t, x.Subscribe("xa")) // as good as once
			require.NoError(t, x.Subscribe("y"))
			e.Returned(given)
			e.SendAll(x, "a", "xab", "y")
			e.Gets(s, "xab", "y")
			require.NoError(t, x.Unsubscribe("xa"))
			require.NoError(t, x.Unsubscribe("xa"))
			require.NoError(t, x.Unsubscribe("a"))
			e.SendAll(x, "a", "xa", "y")
			e.Gets(s, "y")
			e.Send(s, off("a"))
			e.hears(x, off("a"))
			e.Send(x, "y") // it was not the peer that had this
			e.Gets(s, "y")
		},
	},
	{
		ID: "D-XPB-04 D-XPB-06", Pattern: "XPUB WithManual",
		Shall: "act for the peer whose subscription was received last, whoever has asked since, and whatever else was received",
		Run: func(t *testing.T, e *Env) {
			x, one, two := e.XPub(mq.WithManual()), e.XSub(), e.XSub()
			e.Link(x, one, two)
			e.subscribeTo(one, "a")
			e.waiting(x, 1)
			e.subscribeTo(two, "b")
			e.waiting(x, 2)
			e.Gets(x, on("a"))
			e.subscribeTo(two, "c")
			e.waiting(x, 2)
			require.NoError(t, x.Subscribe("for one"))
			e.Gets(x, on("b"), on("c"))
			require.NoError(t, x.Subscribe("for two"))
			e.Send(one, "user")
			e.Gets(x, "user")
			require.NoError(t, x.Subscribe("for both, 2"))
			e.Send(one, off("a"))
			e.Gets(x, off("a"))
			require.NoError(t, x.Subscribe("for both, 1"))
			e.SendAll(x, "for one", "for two", "for both, 1", "for both, 2", "a", "b")
			e.Gets(one, "for one", "for both, 1")
			e.Gets(two, "for two", "for both, 2")
			require.NoError(t, x.Unsubscribe("for one"))
			require.NoError(t, x.Unsubscribe("for two")) // not its own
			e.SendAll(x, "for one", "for two")
			e.Gets(two, "for two")
			e.Empty(one)
			e.Empty(two)
		},
	},
	{
		ID: "D-XPB-04 D-XPB-02", Pattern: "XPUB WithManual",
		Shall: "receive all that each peer asks for, repeats too, and the end once for each peer",
		Run: func(t *testing.T, e *Env) {
			x, one, two := e.XPub(mq.WithManual(), mq.WithVerbose()), e.XSub(), e.XSub()
			e.Link(x, one, two)
			for _, s := range []mq.Socket{one, two, one} {
				e.subscribeTo(s, "a")
				e.Gets(x, on("a"))
			}
			e.endSubscription(one, "a")
			e.Empty(x)
			for _, s := range []mq.Socket{one, two} {
				e.endSubscription(s, "a")
				e.endSubscription(s, "b")
				e.hears(x, off("a"))
			}
		},
	},
	{
		ID: "D-XPB-05 A-XPB-18 D-XPB-01", Pattern: "XPUB WithManual",
		Shall: "receive the end of what a peer had asked for when it goes, and take away what it was given",
		Run: func(t *testing.T, e *Env) {
			for _, leave := range []func(s mq.Socket, addr string){
				func(s mq.Socket, _ string) { e.Close(s) },
				func(s mq.Socket, addr string) { require.NoError(t, s.Disconnect(addr)) },
			} {
				x, goes, stays := e.XPub(mq.WithManual()), e.XSub(), e.XSub()
				addr := e.Link(x, goes, stays)
				e.subscribeTo(stays, "a")
				e.Gets(x, on("a"))
				require.NoError(t, x.Subscribe("xa"))
				e.subscribeTo(goes, "a", "b", "c")
				e.Gets(x, on("a"), on("b"), on("c"))
				for _, prefix := range []string{"xa", "xb", "c"} {
					require.NoError(t, x.Subscribe(prefix))
				}
				e.Subscribers(x, "xa", 2)
				leave(goes, addr)
				e.hears(x, every(off, []string{"a", "b", "c"})...)
				requireError(t, x.Subscribe("a"), mq.ErrPeerGone, "subscribe", "")
				requireError(t, x.Unsubscribe("a"), mq.ErrPeerGone, "unsubscribe", "")
				e.Peers(x, 1)
				e.SendAll(x, "xb", "c", "xa")
				e.Gets(stays, "xa")
				e.Empty(stays)
				e.dropped(0, x)
			}
		},
	},
	{
		ID: "D-XPB-05 D-CON-12", Pattern: "XPUB WithManual",
		Shall: "give a peer that comes back nothing of what it had, until the application does",
		Run: func(t *testing.T, e *Env) {
			x, s := e.XPub(mq.WithManual()), e.XSub()
			addr := e.Link(x, s)
			e.subscribeTo(s, "a")
			for range 3 {
				e.Gets(x, on("a"))
				e.Send(x, "a")
				require.NoError(t, x.Subscribe("a"))
				e.Send(x, "a", "again")
				e.Gets(s, "a|again")
				require.NoError(t, s.Disconnect(addr))
				e.hears(x, off("a"))
				e.Connect(addr, s)
			}
		},
	},
	{
		ID: "D-XPB-04 A-SUB-10", Pattern: "XPUB WithManual",
		Shall: "bring a SUB no more than that has asked for itself: a SUB looks again",
		Run: func(t *testing.T, e *Env) {
			x, s := e.XPub(mq.WithManual()), e.subscribed([]string{"a"})
			e.Link(x, s)
			e.Gets(x, on("a"))
			require.NoError(t, x.Subscribe(""))
			e.SendAll(x, "b", "ab", "c")
			e.Gets(s, "ab")
			e.Empty(s)
		},
	},
	{
		ID: "D-XPB-04 MQ-XPB-03", Pattern: "XPUB",
		Shall: "refuse to act for a peer with ErrState if it is not WithManual, or has received nothing that a peer asks for",
		Run: func(t *testing.T, e *Env) {
			for _, opts := range [][]mq.Option{nil, {mq.WithVerbose()}, {mq.WithVerboser()}, {mq.WithManual()}} {
				x, s := e.XPub(opts...), e.XSub()
				e.Link(x, s)
				refuses := func() {
					requireError(t, x.Subscribe("a"), mq.ErrState, "subscribe", "")
					requireError(t, x.Unsubscribe("a"), mq.ErrState, "unsubscribe", "")
				}
				refuses()
				e.Send(s, "user")
				e.Gets(x, "user")
				refuses()
				e.subscribeTo(s, "a")
				e.waiting(x, 1)
				refuses()
				if e.Gets(x, on("a")); len(opts) == 0 {
					refuses()
				}
				e.Close(x)
				requireError(t, x.Subscribe("a"), mq.ErrClosed, "subscribe", "")
				requireError(t, x.Unsubscribe("a"), mq.ErrClosed, "unsubscribe", "")
			}
		},
	},
}
