// SPDX-License-Identifier: MIT

package mqtest

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// connectAs connects a ROUTER to addr, under the name of id.
func (e *Env) connectAs(router mq.Router, addr, id string) {
	e.t.Helper()
	require.NoError(e.t, router.ConnectAs(addr, id))
}

// connectAsLaws are about peers that a ROUTER has named itself.
var connectAsLaws = []Law{
	{
		ID: "D-RTR-08", Pattern: "ROUTER",
		Shall: "know the peer that ConnectAs has found by the routing id given there, whatever it calls itself",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"DEALER", "REQ", "ROUTER"} {
				router, peer := e.Router(mq.WithRoutingID("me")), e.New(kind, mq.WithRoutingID("itself"))
				e.connectAs(router, e.Bind(peer), "mine")
				e.Peers(router, 1)
				e.Peers(peer, 1)
				switch kind {
				case "REQ":
					e.Send(peer, "q")
					e.Gets(router, "mine||q")
					e.Send(router, "mine", "", "r")
					e.Gets(peer, "r")
				default:
					e.Send(router, "mine", "q")
					e.Gets(peer, "q")
					e.Send(peer, "r")
					e.Gets(router, "mine|r")
				}
				e.Send(router, "itself", "nobody")
				e.dropped(1, router)
			}
		},
	},
	{
		ID: "D-RTR-08 D-RTR-13", Pattern: "ROUTER",
		Shall: "speak first to a ROUTER, with ConnectAs, though neither has chosen a routing id",
		Run: func(t *testing.T, e *Env) {
			a, b := e.Router(), e.Router()
			e.connectAs(a, e.Bind(b), "b")
			e.Send(a, "b", "hello")
			m := e.Recv(b)
			require.Equal(t, "hello", string(m.Part(1)))
			e.Send(b, string(m.Data), "hello, you")
			e.Gets(a, "b|hello, you")
		},
	},
	{
		ID: "A-RTR-04 D-RTR-08", Pattern: "ROUTER",
		Shall: "queue SendHWM messages for a peer that ConnectAs has named and that is not here, yet or any more, and drop and " +
			"count what is more",
		Run: func(t *testing.T, e *Env) {
			router, addr := e.Router(mq.WithSendHWM(3)), e.Addr()
			e.connectAs(router, addr, "d")
			for i := range 3 {
				e.SendAll(addressed{router, "d"}, numbers(5)...)
				e.dropped(2*(i+1), router)
				require.Equal(t, 3, router.Stats().Queued)
				peer := e.Dealer()
				e.Bind(peer, addr)
				e.Gets(peer, "0", "1", "2")
				e.Send(router, "d", "more")
				e.Gets(peer, "more")
				e.Close(peer)
				e.Peers(router, 0)
			}
		},
	},
	{
		ID: "A-RTR-04 A-RTR-05", Pattern: "ROUTER",
		Shall:   "keep what a peer that ConnectAs has named had not received when it went, and send it when it comes again",
		Departs: "libzmq keeps it over a network only",
		Only:    passed,
		Run: func(t *testing.T, e *Env) {
			router, addr := e.Router(mq.WithSendHWM(2)), e.Addr()
			e.connectAs(router, addr, "d")
			for range 3 {
				peer := e.Dealer(mq.WithRecvHWM(2))
				e.Bind(peer, addr)
				e.SendAll(addressed{router, "d"}, "0", "1", "2", "3")
				e.Gets(peer, "0")
				e.Close(peer)
				e.Peers(router, 0)
				e.Send(router, "d", "too many")
				next := e.Dealer()
				e.Bind(next, addr)
				e.Gets(next, "1", "2", "3")
				e.Empty(next)
				e.Close(next)
			}
			e.dropped(3, router)
		},
	},
	{
		ID: "A-RTR-04 D-RTR-03 D-RTR-08", Pattern: "ROUTER with WithMandatory",
		Shall: "queue for a peer that ConnectAs has named and that is not here, then block, and go on when it comes",
		Run: func(t *testing.T, e *Env) {
			router, addr := e.Router(mq.WithMandatory(), mq.WithSendHWM(2)), e.Addr()
			e.connectAs(router, addr, "d")
			for range 3 {
				e.Holds(addressed{router, "d"}, 2)
				blocked := e.Sending(router, "d", "2")
				e.Blocked(blocked)
				peer := e.Dealer()
				e.Bind(peer, addr)
				e.Gets(peer, "0", "1", "2")
				e.Returned(blocked)
				e.Close(peer)
				e.Peers(router, 0)
			}
		},
	},
	{
		ID: "A-RTR-04 A-RTR-05 D-CON-20", Pattern: "ROUTER",
		Shall: "end with Disconnect what ConnectAs began: what is queued is dropped, Sends fail, and the routing id is free",
		Run: func(t *testing.T, e *Env) {
			router, addr := e.Router(mq.WithMandatory(), mq.WithSendHWM(2)), e.Addr()
			for i := range 3 {
				e.connectAs(router, addr, "d")
				e.Holds(addressed{router, "d"}, 2)
				blocked := e.Sending(router, "d", "2")
				e.Blocked(blocked)
				require.NoError(t, router.Disconnect(addr))
				e.Failed(blocked, mq.ErrPeerGone)
				e.dropped(2*(i+1), router)
				require.ErrorIs(t, router.Send(e.ctx, mq.Text("d", "x")), mq.ErrPeerGone)
				require.Zero(t, router.Stats().Queued)
			}
			requireError(t, router.Disconnect(addr), mq.ErrBadAddr, "disconnect", addr)
			e.connectAs(router, addr, "e")
			other, named := e.Dealer(mq.WithRoutingID("d")), e.Dealer()
			e.Link(router, other)
			e.Send(router, "d", "x")
			e.Gets(other, "x")
			e.Bind(named, addr)
			e.Send(named, "x")
			e.Gets(router, "e|x")
			require.NoError(t, router.Disconnect(addr)) // the peer is here, and goes
			e.Peers(named, 0)
			e.Peers(router, 1)
			require.ErrorIs(t, router.Send(e.ctx, mq.Text("e", "x")), mq.ErrPeerGone)
		},
	},
}

// connectAsErrorLaws are about what ConnectAs refuses, and what it keeps for its peer.
var connectAsErrorLaws = []Law{
	{
		ID: "D-RTR-08 D-RTR-14", Pattern: "ROUTER",
		Shall: "refuse in ConnectAs an impossible routing id, one that is taken, and an address that is connected or none; " +
			"and be as it was before",
		Run: func(t *testing.T, e *Env) {
			router, addr := e.Router(mq.WithMandatory()), e.Addr()
			others(e, router, 1)
			fails := func(addr, id string, want error) {
				t.Helper()
				requireError(t, router.ConnectAs(addr, id), want, "connect", addr)
			}
			for _, id := range []string{"", "\x00", "\x00abcd", strings.Repeat("n", 256)} {
				fails(addr, id, fs.ErrInvalid)
			}
			fails(addr, "0", mq.ErrPeerBusy)
			fails("nowhere", "d", mq.ErrBadAddr)
			fails("nobody://knows", "d", mq.ErrNoTransport)
			require.ErrorIs(t, router.Send(e.ctx, mq.Text("d", "x")), mq.ErrPeerGone)
			plain := e.Addr()
			e.Connect(plain, router)
			fails(plain, "d", mq.ErrAddrInUse)
			require.ErrorIs(t, router.Send(e.ctx, mq.Text("d", "x")), mq.ErrPeerGone)

			e.connectAs(router, addr, strings.Repeat("n", 255))
			fails(addr, "d", mq.ErrAddrInUse)
			fails(addr, strings.Repeat("n", 255), mq.ErrPeerBusy)
			fails(e.Addr(), strings.Repeat("n", 255), mq.ErrPeerBusy)
			e.Connect(addr, router) // is done already
			e.Send(router, strings.Repeat("n", 255), "x")
			peer := e.Dealer()
			e.Bind(peer, addr)
			e.Gets(peer, "x")
			require.NoError(t, router.Close())
			fails(e.Addr(), "d", mq.ErrClosed)
			require.ErrorIs(t, router.Disconnect(addr), mq.ErrClosed)
		},
	},
	{
		ID: "D-RTR-08", Pattern: "ROUTER",
		Shall: "refuse in ConnectAs a peer that is there and does not fit or does not want it, and be as it was before",
		Only:  "over a network the refusal comes after ConnectAs, as an event",
		Run: func(t *testing.T, e *Env) {
			router := e.Router(mq.WithMandatory(), mq.WithRoutingID("same"))
			rep, busy := e.Bind(e.Rep()), e.Router()
			requireError(t, router.ConnectAs(rep, "d"), mq.ErrIncompatible, "connect", rep)
			other := e.Link(busy, e.Dealer(mq.WithRoutingID("same")))
			requireError(t, router.ConnectAs(other, "d"), mq.ErrPeerBusy, "connect", other)
			require.ErrorIs(t, router.Send(e.ctx, mq.Text("d", "x")), mq.ErrPeerGone)
			peer := e.Dealer()
			e.connectAs(router, e.Bind(peer), "d")
			e.Send(router, "d", "x")
			e.Gets(peer, "x")
		},
	},
	{
		ID: "A-RTR-04 A-RTR-06 D-RTR-08", Pattern: "ROUTER",
		Shall: "keep the routing id that ConnectAs has given, and what is queued under it, for the peer at that address: one that " +
			"calls itself so is refused",
		Run: func(t *testing.T, e *Env) {
			router, addr, front := e.Router(), e.Addr(), e.Addr()
			stranger, peer := e.Dealer(mq.WithRoutingID("d")), e.Dealer()
			e.Connect(front, stranger)
			e.connectAs(router, addr, "d")
			e.Send(router, "d", "for the peer")
			e.Bind(router, front)
			e.Settle()
			e.Peers(stranger, 0)
			e.Bind(peer, addr)
			e.Gets(peer, "for the peer")
			e.Close(peer)
			e.Settle()
			e.Peers(stranger, 0)
			require.NoError(t, router.Disconnect(addr))
			e.Peers(stranger, 1)
		},
	},
}
