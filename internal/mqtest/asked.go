// SPDX-License-Identifier: MIT

package mqtest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// askedLaws are about an XPUB that takes part in what its peers ask for.
var askedLaws = slices.Concat(verboseLaws, manualLaws, welcomeLaws)

var verboseLaws = []Law{
	{
		ID: "D-XPB-02 A-XPB-17", Pattern: "XPUB WithVerbose",
		Shall: "receive every subscription, also one that a peer repeats, and the end when it was the last",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"SUB", "XSUB"} {
				x, one, two := e.XPub(mq.WithVerbose()), e.New(kind), e.New(kind)
				e.Link(x, one, two)
				for _, s := range []mq.Socket{one, one, two} {
					e.subscribeTo(s, "a")
					e.Gets(x, on("a"))
				}
				e.Send(x, "a")
				e.Gets(one, "a") // once
				e.Empty(one)
				e.endSubscription(one, "a")
				e.endSubscription(one, "a")
				e.Empty(x)
				e.endSubscription(two, "a")
				e.hears(x, off("a"))
				e.subscribeTo(one, "a")
				e.Gets(x, on("a"))
				e.Close(one)
				e.hears(x, off("a"))
			}
		},
	},
	{
		ID: "D-XPB-02", Pattern: "XPUB WithVerboser",
		Shall: "receive every subscription, and the end of each peer's, said or because it goes",
		Run: func(t *testing.T, e *Env) {
			for _, leave := range parting {
				// Who says more says less too, in whatever order it is asked for.
				x := e.XPub(mq.WithVerboser(), mq.WithVerbose())
				subs := []mq.Sub{e.Sub(), e.Sub(), e.Sub()}
				addr := e.Link(x, subs[0], subs[1], subs[2])
				for _, s := range subs {
					e.subscribeTo(s, "a")
					e.Gets(x, on("a"))
				}
				for i, s := range subs {
					e.Send(x, "a")
					e.Gets(s, "a")
					leave(e, s, addr)
					e.hears(x, off("a"))
					e.Send(x, "not for it")
					e.Subscribers(x, "a", len(subs)-1-i)
				}
			}
		},
	},
	{
		ID: "D-XPB-02 D-XPB-14", Pattern: "XPUB WithVerboser",
		Shall: "receive one end for each peer, however often that has subscribed",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"SUB", "XSUB"} {
				x, one, two := e.XPub(mq.WithVerboser()), e.New(kind), e.New(kind)
				e.Link(x, one, two)
				for range 2 {
					e.subscribeTo(one, "a", "a")
					e.Gets(x, on("a"), on("a"))
					e.subscribeTo(two, "a")
					e.Gets(x, on("a"))
					e.endSubscription(one, "a")
					e.Empty(x)
					e.endSubscription(one, "a")
					e.hears(x, off("a"))
					e.endSubscription(two, "a")
					e.endSubscription(two, "a")
					e.hears(x, off("a"))
				}
			}
		},
	},
	{
		ID: "D-XPB-02 MQ-XPB-01", Pattern: "XPUB WithVerbose",
		Shall:   "be told right in the end, though repeats are left out, when more than RecvHWM subscriptions wait",
		Departs: "libzmq keeps any number of them",
		Run: func(t *testing.T, e *Env) {
			const hwm, topics = 4, 5
			x, one, two := e.XPub(mq.WithVerbose(), mq.WithRecvHWM(hwm)), e.Sub(), e.Sub()
			e.Link(x, one, two)
			e.tumult(one, two)
			e.subscribeTo(one, "0", "1", "one last")
			e.subscribeTo(two, "1", "3", "two last")
			e.Subscribers(x, "one last", 1)
			e.Subscribers(x, "two last", 1)
			told, messages := map[string]bool{}, e.drain(x)
			for _, m := range messages {
				if m[0] == 1 {
					told[m[1:]] = true
				} else {
					delete(told, m[1:])
				}
			}
			want := map[string]bool{"0": true, "1": true, "3": true, "one last": true, "two last": true}
			require.Equal(t, want, told)
			require.LessOrEqual(t, len(messages), hwm+topics+2)
			require.NoError(t, two.Subscribe("0")) // and is verbose again
			e.Gets(x, on("0"))
		},
	},
	{
		ID: "D-XPB-02 MQ-XPB-01", Pattern: "XPUB WithVerboser",
		Shall:   "count right in the end when more than RecvHWM subscriptions wait",
		Departs: "libzmq keeps any number of them",
		Run: func(t *testing.T, e *Env) {
			const hwm, topics = 4, 5
			x, one, two := e.XPub(mq.WithVerboser(), mq.WithRecvHWM(hwm)), e.Sub(), e.Sub()
			e.Link(x, one, two)
			e.tumult(one, two)
			e.subscribeTo(one, "0", "1", "one last")
			e.subscribeTo(two, "1", "3", "two last")
			e.Subscribers(x, "one last", 1)
			e.Subscribers(x, "two last", 1)
			count, messages := map[string]int{}, e.drain(x)
			for _, m := range messages {
				if m[0] == 1 {
					count[m[1:]]++
				} else {
					count[m[1:]]--
				}
			}
			want := map[string]int{"0": 1, "1": 2, "2": 0, "3": 1, "4": 0, "one last": 1, "two last": 1}
			for prefix, n := range want {
				require.Equal(t, n, count[prefix], prefix)
			}
			require.LessOrEqual(t, len(messages), hwm+2*topics+2) // each peer's are kept apart
		},
	},
}

// tumult has SUBs subscribe to 0, 1, ... 4 again and again, and end it.
func (e *Env) tumult(subs ...mq.Sub) {
	e.t.Helper()
	for range 10 {
		for _, prefix := range numbers(5) {
			for _, s := range subs {
				require.NoError(e.t, s.Subscribe(prefix))
			}
			for _, s := range subs {
				require.NoError(e.t, s.Unsubscribe(prefix))
			}
		}
	}
}

var welcomeLaws = []Law{
	{
		ID: "D-XPB-08", Pattern: "XPUB WithWelcome",
		Shall:   "send its message to each peer once, before all others: when it first subscribes to what the message begins with",
		Departs: "libzmq sends it with the connection, for the SUB to refuse it if it is not asked for yet",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"SUB", "XSUB"} {
				for _, prefix := range []string{"", "W", "Welcome"} {
					x, asks, never := e.XPub(mq.WithWelcome(mq.Text("Welcome", "here"))), e.New(kind), e.New(kind)
					e.Link(x, asks, never)
					e.subscribeTo(asks, "V", "Wo", "Welcome!")
					e.subscribeTo(never, "V", "Wo", "Welcome!")
					e.hears(x, every(on, []string{"V", "Wo", "Welcome!"})...)
					e.Empty(asks)
					e.subscribeTo(asks, prefix)
					e.Gets(x, on(prefix))
					e.Send(x, "Welcome")
					e.Gets(asks, "Welcome|here", "Welcome")
					e.subscribeTo(asks, prefix, "Wel")
					e.endSubscription(asks, "Wel")
					e.subscribeTo(asks, "Wel")
					e.Empty(asks)
					e.Empty(never)
				}
			}
		},
	},
	{
		ID: "D-XPB-08 D-CON-12", Pattern: "XPUB WithWelcome",
		Shall: "send it to who comes with its subscriptions, and to who comes back",
		Run: func(t *testing.T, e *Env) {
			x, s, other := e.XPub(mq.WithWelcome(mq.Text("Welcome"))), e.subscribed([]string{"", "W"}), e.subscribed([]string{"x"})
			addr := e.Link(x, s, other)
			for range 3 {
				e.Gets(s, "Welcome")
				e.Empty(s)
				require.NoError(t, s.Disconnect(addr))
				e.Peers(x, 1)
				e.Connect(addr, s)
			}
			e.Empty(other)
			require.Zero(t, x.Stats().Sent)
		},
	},
	{
		ID: "D-XPB-08", Pattern: "XPUB WithWelcome",
		Shall:   "send an empty message as any other, to those who ask for all",
		Departs: "in libzmq the empty one means none; here it is the absence of the option that does",
		Run: func(t *testing.T, e *Env) {
			x, all, some := e.XPub(mq.WithWelcome(mq.Message{})), e.subscribed(everything), e.subscribed([]string{"a"})
			e.Link(x, all, some)
			e.Gets(all, "")
			e.Empty(all)
			e.Empty(some)
		},
	},
	{
		ID: "D-XPB-08 D-XPB-04", Pattern: "XPUB WithWelcome",
		Shall: "send it, with WithManual, to whom the application gives what it begins with",
		Run: func(t *testing.T, e *Env) {
			x, s := e.XPub(mq.WithManual(), mq.WithWelcome(mq.Text("Welcome"))), e.XSub()
			e.Link(x, s)
			e.subscribeTo(s, "W", "x")
			e.Gets(x, on("W"))
			require.NoError(t, x.Subscribe("x"))
			e.Empty(s)
			require.NoError(t, x.Subscribe("W"))
			require.NoError(t, x.Subscribe(""))
			e.Gets(s, "Welcome")
			e.Empty(s)
		},
	},
}
