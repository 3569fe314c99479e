// SPDX-License-Identifier: MIT

package mqtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// sameIDLaws are about a second peer of the same routing id.
var sameIDLaws = []Law{
	{
		ID: "A-RTR-06 D-RTR-06 D-RTR-07", Pattern: "ROUTER",
		Shall: "refuse a second peer of the same routing id, not harm the first, and let the second in when the first has gone",
		Departs: "libzmq leaves the link of the second open and mute, so that what it sends is lost; here it has no peer, " +
			"and seeks on",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"DEALER", "REQ", "ROUTER"} {
				router, first, addr := e.Router(mq.WithRoutingID("me")), e.Dealer(mq.WithRoutingID("same")), e.Addr()
				second := e.New(kind, mq.WithRoutingID("same"))
				e.Connect(addr, second)
				e.Link(router, first)
				e.Bind(router, addr)
				e.Settle()
				e.Peers(router, 1)
				e.Peers(second, 0)
				e.Send(first, "x")
				e.Gets(router, "same|x")
				e.Send(router, "same", "y")
				e.Gets(first, "y")
				e.Close(first)
				e.Peers(router, 1)
				e.Peers(second, 1)
				if kind == "ROUTER" {
					e.Send(router, "same", "your turn")
					e.Gets(second, "your turn")
					continue
				}
				e.Send(second, "mine now")
				m := e.Recv(router)
				require.Equal(t, []string{"same", "mine now"}, []string{string(m.Data), string(m.Part(m.Len() - 1))})
			}
		},
	},
	{
		ID: "D-RTR-06", Pattern: "DEALER",
		Shall:   "lose nothing that it sends while a ROUTER refuses it",
		Departs: "in libzmq it is lost",
		Run: func(t *testing.T, e *Env) {
			router, first, second := e.Router(), e.Dealer(mq.WithRoutingID("same")), e.Dealer(mq.WithRoutingID("same"))
			addr := e.Addr()
			e.Connect(addr, second)
			e.Link(router, first)
			e.Bind(router, addr)
			e.SendAll(second, numbers(10)...)
			e.Settle()
			e.Empty(router)
			require.Equal(t, 10, second.Stats().Queued)
			e.Close(first)
			for _, x := range numbers(10) {
				e.Gets(router, "same|"+x)
			}
		},
	},
	{
		ID: "D-RTR-06", Pattern: "ROUTER",
		Shall: "have Connect fail with ErrPeerBusy where the peer is there already, from whichever side, and leave nothing behind",
		Only:  "over a network the refusal comes after Connect, as an event",
		Run: func(t *testing.T, e *Env) {
			router, first, second := e.Router(), e.Dealer(mq.WithRoutingID("same")), e.Dealer(mq.WithRoutingID("same"))
			addr := e.Link(router, first)
			elsewhere := e.Bind(second)
			requireError(t, second.Connect(addr), mq.ErrPeerBusy, "connect", addr)
			requireError(t, router.Connect(elsewhere), mq.ErrPeerBusy, "connect", elsewhere)
			e.Close(first)
			e.Settle()
			e.Peers(router, 0) // neither seeks
			e.Connect(addr, second)
			e.Peers(router, 1)
		},
	},
	{
		ID: "A-RTR-06", Pattern: "ROUTER",
		Shall: "let many of the same routing id in one after the other, each once the last has gone",
		Run: func(t *testing.T, e *Env) {
			router, addr, waiting := e.Router(), e.Addr(), map[string]mq.Socket{}
			for _, x := range numbers(5) {
				waiting[x] = e.Dealer(mq.WithRoutingID("same"))
				e.Send(waiting[x], x)
				e.Connect(addr, waiting[x])
			}
			e.Bind(router, addr)
			for range numbers(5) {
				m := e.Recv(router)
				x := string(m.Part(1))
				require.Contains(t, waiting, x)
				e.Peers(router, 1)
				e.Send(router, "same", "re "+x)
				e.Gets(waiting[x], "re "+x)
				e.Close(waiting[x])
				delete(waiting, x)
			}
		},
	},
}

// once makes a DEALER of a routing id that does not come back when it has lost its peer.
func once(e *Env, id string) mq.Socket {
	return e.Dealer(mq.WithRoutingID(id), mq.WithReconnect(time.Hour, time.Hour), mq.WithLinger(0))
}

// handoverLaws are about a second peer that takes the routing id over.
var handoverLaws = []Law{
	{
		ID: "A-RTR-06 D-RTR-06 D-RTR-07", Pattern: "ROUTER with WithHandover",
		Shall: "give the routing id to the peer that came last: the one before it gets nothing any more, and nothing of it " +
			"is received, not even what it had sent",
		Run: func(t *testing.T, e *Env) {
			router, peers := e.Router(mq.WithHandover()), make([]mq.Socket, 5)
			addr := e.Bind(router)
			for i := range peers {
				x := fmt.Sprint(i)
				peers[i] = once(e, "same")
				e.Connect(addr, peers[i])
				e.Peers(peers[i], 1)
				e.Send(router, "same", "to "+x)
				e.Gets(peers[i], "to "+x)
				e.Send(peers[i], "from "+x)
				e.Gets(router, "same|from "+x)
				e.Send(peers[i], "unread "+x)
				e.Eventually(func() bool { return router.Stats().Pending > 0 }, "it has not arrived")
			}
			for _, p := range peers[:4] {
				e.Send(p, "late")
				e.Empty(p)
			}
			e.Gets(router, "same|unread 4")
			e.Empty(router)
			require.EqualValues(t, 6, router.Stats().Received)
			require.GreaterOrEqual(t, router.Stats().Dropped, uint64(4))
			e.Close(peers[4])
			e.Send(router, "same", "to nobody")
			for _, p := range peers[:4] {
				e.Empty(p)
			}
		},
	},
	{
		ID: "D-RTR-06", Pattern: "ROUTER with WithHandover",
		Shall: "drop what it had queued for the peer that is cut off, or leave it to that, but not give it to the new one",
		Run: func(t *testing.T, e *Env) {
			router := e.Router(mq.WithHandover())
			old, next := once(e, "same"), e.Dealer(mq.WithRoutingID("same"))
			addr := e.Link(router, old)
			e.Send(router, "same", "to the old")
			e.Connect(addr, next)
			e.Peers(next, 1)
			e.Send(router, "same", "to the new")
			e.Gets(next, "to the new")
			e.Empty(next)
		},
	},
	{
		ID: "D-RTR-06", Pattern: "ROUTER with WithHandover",
		Shall: "take over from one kind of peer to another, and end the wait of a Send that is blocked",
		Run: func(t *testing.T, e *Env) {
			router := e.Router(mq.WithHandover(), mq.WithMandatory(), mq.WithSendHWM(1))
			old, next := once(e, "same"), e.Req(mq.WithRoutingID("same"))
			addr := e.Link(router, old)
			e.Send(next, "q")
			e.Connect(addr, next)
			e.Gets(router, "same||q")
			e.Send(router, "same", "", "r")
			e.Gets(next, "r")
			e.Empty(old)
		},
	},
	{
		ID: "D-RTR-06", Pattern: "ROUTER with WithHandover",
		Shall: "keep the peer that it has if the one that would take over does not want it",
		Only:  "over a network two ROUTERs agree on who refuses whom before either attaches the other",
		Run: func(t *testing.T, e *Env) {
			a, b := e.Router(mq.WithRoutingID("a"), mq.WithHandover()), e.Router(mq.WithRoutingID("b"))
			e.Link(b, a)
			again := e.Bind(b)
			requireError(t, a.Connect(again), mq.ErrPeerBusy, "connect", again)
			e.Send(a, "b", "x")
			e.Gets(b, "a|x")
			e.Send(b, "a", "y")
			e.Gets(a, "b|y")
			e.Peers(a, 1)
		},
	},
}
