// SPDX-License-Identifier: MIT

package mqtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// on is a subscription, as an XSUB sends and an XPUB receives it.
func on(prefix string) string { return "\x01" + prefix }

// off is the end of a subscription.
func off(prefix string) string { return "\x00" + prefix }

// every applies on, off or the like to several prefixes.
func every(of func(string) string, prefixes []string) (all []string) {
	for _, prefix := range prefixes {
		all = append(all, of(prefix))
	}
	return all
}

// parting are the ways in which a subscriber of "a" that is connected to addr ends that.
var parting = []func(e *Env, s mq.Sub, addr string){
	func(e *Env, s mq.Sub, _ string) { e.unsubscribe(s, "a") },
	func(e *Env, s mq.Sub, addr string) { require.NoError(e.t, s.Disconnect(addr)) },
	func(e *Env, s mq.Sub, _ string) { e.Close(s) },
}

// hears wants x to receive these, in any order, and then nothing.
func (e *Env) hears(x mq.XPub, want ...string) {
	e.t.Helper()
	var got []string
	for range want {
		got = append(got, text(e.Recv(x)))
	}
	require.ElementsMatch(e.t, want, got)
	e.Empty(x)
}

// xpubLaws are about what an XPUB receives of its subscribers.
var xpubLaws = slices.Concat(xpubHearsLaws, xpubQueueLaws, xpubPeerLaws)

var xpubHearsLaws = []Law{
	{
		ID: "A-XPB-15 A-XPB-16 A-XPB-18 D-XPB-01 D-INP-11", Pattern: "XPUB",
		Shall: "receive 1 and the prefix when that gets its first subscriber, 0 and the prefix when the last has left or gone, and nothing between",
		Run: func(t *testing.T, e *Env) {
			for _, leave := range parting {
				x, one, two := e.XPub(), e.subscribed([]string{"a"}), e.Sub()
				addr := e.Link(x, one, two)
				e.Gets(x, on("a"))
				require.NoError(t, two.Subscribe("a"))
				e.Subscribers(x, "a", 2)
				e.Empty(x)
				leave(e, one, addr)
				e.Empty(x)
				e.Send(x, "a")
				e.Gets(two, "a")
				leave(e, two, addr)
				e.hears(x, off("a"))
			}
		},
	},
	{
		ID: "A-XPB-18 D-INP-11", Pattern: "XPUB",
		Shall: "receive the end of each prefix once when a peer goes that had several, but not of those that others have",
		Run: func(t *testing.T, e *Env) {
			for _, leave := range parting[1:] {
				x, goes, stays := e.XPub(), e.subscribed([]string{"a", "", "ab", "b", "a"}), e.subscribed([]string{"ab", "abc"})
				addr := e.Link(x, goes, stays)
				e.hears(x, every(on, []string{"a", "", "ab", "b", "abc"})...)
				leave(e, goes, addr)
				e.hears(x, every(off, []string{"a", "", "b"})...)
				leave(e, stays, addr)
				e.hears(x, every(off, []string{"ab", "abc"})...)
			}
		},
	},
	{
		ID: "D-CON-12 D-INP-08", Pattern: "XPUB",
		Shall:   "receive the subscriptions of a peer again that comes back, and those it has made or ended meanwhile as they are",
		Departs: "in libzmq a connection in-process ends with the first publisher",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"SUB", "XSUB"} {
				s, addr := e.New(kind), e.Addr()
				e.Connect(addr, s)
				e.subscribeTo(s, "a", "gone")
				for _, prefix := range []string{"b", "c", "d"} {
					x := e.XPub()
					e.Bind(x, addr)
					if prefix == "b" {
						e.hears(x, on("a"), on("gone"))
					} else {
						e.hears(x, on("a"), on(prefix))
					}
					e.Close(x)
					e.Peers(s, 0)
					e.subscribeTo(s, "c")
					e.endSubscription(s, "c")
					if prefix == "b" {
						e.endSubscription(s, "gone")
					} else {
						e.endSubscription(s, prefix)
					}
					e.subscribeTo(s, string(prefix[0]+1))
				}
			}
		},
	},
	{
		ID: "A-XPB-17 D-XPB-14", Pattern: "XPUB",
		Shall: "receive a subscription once that one peer repeats, and its end when that has been said as often",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"SUB", "XSUB"} {
				x, s := e.XPub(), e.New(kind)
				e.Link(x, s)
				e.subscribeTo(s, "a", "a", "a", "b")
				e.hears(x, on("a"), on("b"))
				e.endSubscription(s, "a")
				e.endSubscription(s, "a")
				e.Empty(x)
				e.Send(x, "a")
				e.Gets(s, "a")
				e.endSubscription(s, "a")
				e.hears(x, off("a"))
				e.Send(x, "a")
				e.Empty(s)
			}
		},
	},
	{
		ID: "D-XPB-13", Pattern: "XPUB",
		Shall: "receive nothing, and owe nothing, of the end of a subscription that its peer does not have",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"SUB", "XSUB"} {
				x, s, has := e.XPub(), e.New(kind), e.subscribed([]string{"a"})
				e.Link(x, has, s)
				e.Gets(x, on("a"))
				for range 2 {
					e.endSubscription(s, "a")
					e.endSubscription(s, "b")
				}
				e.Empty(x)
				e.subscribeTo(s, "b", "a")
				e.hears(x, on("b"))
				e.Close(has)
				e.Empty(x)
				e.Send(x, "a")
				e.Gets(s, "a")
			}
		},
	},
	{
		ID: "D-XPB-17", Pattern: "XPUB",
		Shall: "receive prefixes of any bytes and any length, and the ends of them",
		Run: func(t *testing.T, e *Env) {
			prefixes := []string{"", "\x00", "\x01", "\x01a", "\xff\x00"}
			for _, n := range []int{254, 255, 256, 257, 1000, 70000} {
				prefixes = append(prefixes, strings.Repeat("p", n))
			}
			for _, kind := range []string{"SUB", "XSUB"} {
				x, s := e.XPub(), e.New(kind)
				e.Link(x, s)
				for _, prefix := range prefixes {
					e.subscribeTo(s, prefix)
					e.Gets(x, on(prefix))
					e.Send(x, prefix+"!")
					e.Gets(s, prefix+"!")
					e.endSubscription(s, prefix)
					e.Gets(x, off(prefix))
				}
				e.Send(x, "")
				e.Empty(s)
			}
		},
	},
	{
		ID: "D-XPB-19", Pattern: "XPUB",
		Shall: "lose nothing for a subscriber whose subscription it has received",
		Run: func(t *testing.T, e *Env) {
			x := e.XPub()
			addr := e.Bind(x)
			e.Send(x, "a too early")
			for range 5 {
				s := e.subscribed([]string{"a"})
				heard := e.Receiving(x)
				e.Connect(addr, s)
				require.Equal(t, on("a"), e.Returned(heard))
				e.Send(x, "a first")
				e.Gets(s, "a first")
				e.Close(s)
				e.Gets(x, off("a"))
			}
		},
	},
}

// subscribeTo has a SUB or an XSUB subscribe.
func (e *Env) subscribeTo(s mq.Socket, prefixes ...string) {
	e.t.Helper()
	if sub, ok := s.(mq.Sub); ok {
		for _, prefix := range prefixes {
			require.NoError(e.t, sub.Subscribe(prefix))
		}
		return
	}
	e.SendAll(s, every(on, prefixes)...)
}

// endSubscription has a SUB or an XSUB take one back.
func (e *Env) endSubscription(s mq.Socket, prefix string) {
	e.t.Helper()
	if sub, ok := s.(mq.Sub); ok {
		require.NoError(e.t, sub.Unsubscribe(prefix))
		return
	}
	e.Send(s, off(prefix))
}
