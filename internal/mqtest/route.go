// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

var routeLaws = slices.Concat(routingIDLaws, unknownLaws, mandatoryLaws, sameIDLaws, handoverLaws, connectAsLaws, connectAsErrorLaws)

// routingIDLaws are about what a ROUTER knows its peers by.
var routingIDLaws = []Law{
	{
		ID: "A-RTR-06 D-RTR-01", Pattern: "ROUTER",
		Shall: "give a peer that has no routing id one of five bytes, the first of them 0, that no other has; after it has " +
			"gone and come again it has a new one",
		Run: func(t *testing.T, e *Env) {
			router, seen := e.Router(), map[string]bool{}
			addr := e.Bind(router)
			for _, kind := range []string{"DEALER", "REQ"} {
				for range 20 {
					peer := e.New(kind)
					e.Connect(addr, peer)
					requireNew(t, seen, e.idOf(router, peer))
				}
			}
			comes := e.Dealer()
			for range 3 {
				e.Connect(addr, comes)
				id := e.idOf(router, comes)
				requireNew(t, seen, id)
				e.Send(router, id, "hello, you")
				e.Gets(comes, "hello, you")
				require.NoError(t, comes.Disconnect(addr))
				e.Peers(router, 40)
			}
		},
	},
	{
		ID: "A-RTR-07 D-INP-10 D-RTR-14", Pattern: "ROUTER",
		Shall: "know a DEALER, REQ or ROUTER by the routing id that it has chosen: 1 to 255 bytes, the first not 0",
		Run: func(t *testing.T, e *Env) {
			router := e.Router(mq.WithMandatory(), mq.WithRoutingID("me"))
			addr := e.Bind(router)
			for _, id := range []string{"a", "with\x00zero\x00", "\xff\xfe", "a|b", strings.Repeat("n", 255)} {
				dealer, req, other := e.Dealer(mq.WithRoutingID("D"+id[1:])), e.Req(mq.WithRoutingID("R"+id[1:])), e.Router(mq.WithRoutingID(id))
				e.Connect(addr, dealer, req, other)
				e.Peers(router, 3)
				e.Peers(other, 1)
				e.Send(dealer, "x")
				e.Gets(router, "D"+id[1:]+"|x")
				e.Send(router, "D"+id[1:], "y")
				e.Gets(dealer, "y")
				e.Send(req, "x")
				e.Gets(router, "R"+id[1:]+"||x")
				e.Send(other, "me", "x")
				e.Gets(router, id+"|x")
				e.Send(router, id, "y")
				e.Gets(other, "me|y")
				e.Close(dealer)
				e.Close(req)
				e.Close(other)
				e.Peers(router, 0)
			}
		},
	},
	{
		ID: "D-RTR-14", Pattern: "ALL",
		Shall:   "have no routing id of no byte, of more than 255, or beginning with a zero: WithRoutingID panics",
		Departs: "libzmq takes one that begins with a zero, and it may be the same as one that a ROUTER makes up",
		Run: func(t *testing.T, e *Env) {
			for _, id := range []string{"", "\x00", "\x00abcd", strings.Repeat("n", 256)} {
				require.Contains(t, panicOf(func() { e.Dealer(mq.WithRoutingID(id)) }), "WithRoutingID")
			}
		},
	},
}

// unknownLaws are about messages that cannot be routed.
var unknownLaws = []Law{
	{
		ID: "A-RTR-14 A-RTR-15 D-RTR-02 D-RTR-12", Pattern: "ROUTER",
		Shall: "drop and count what is for a routing id that no peer has, or has any more, without an error",
		Run: func(t *testing.T, e *Env) {
			router := e.Router()
			e.Send(router, "a", "nobody is here at all")
			goes := others(e, router, 2)[0]
			generated := e.Dealer()
			e.Link(router, generated)
			id := e.idOf(router, generated)
			e.Close(goes)
			e.Close(generated)
			e.Peers(router, 1)
			unknown := []string{"0", id, "", "2", "01", "\x00\x00\x00\x00\x00", strings.Repeat("n", 1000)}
			for i, id := range unknown {
				e.Send(router, id, "x", "", "y")
				e.dropped(i+2, router)
			}
		},
	},
	{
		ID: "A-RTR-14 D-RTR-02 D-RTR-04", Pattern: "ROUTER with WithMandatory",
		Shall: "fail to send to a routing id that no peer has, or has any more, with ErrPeerGone at once, drop nothing, and send the next",
		Run: func(t *testing.T, e *Env) {
			router := e.Router(mq.WithMandatory())
			requireError(t, router.Send(e.ctx, mq.Text("a", "nobody is here at all")), mq.ErrPeerGone, "send", "")
			peers := others(e, router, 2)
			e.Close(peers[0])
			e.Peers(router, 1)
			e.Settle() // a peer that is not counted any more may have its routing id for a moment
			for _, id := range []string{"0", "", "2", "11", "\x00\x00\x00\x00\x00", strings.Repeat("n", 1000)} {
				requireError(t, router.Send(e.ctx, mq.Text(id, "x")), mq.ErrPeerGone, "send", "")
				e.Send(router, "1", "next")
				e.Gets(peers[1], "next")
			}
			e.dropped(0, router)
		},
	},
	{
		ID: "D-RTR-05", Pattern: "ROUTER",
		Shall:   "refuse a message without any part behind the routing id with fs.ErrInvalid, and send nothing",
		Departs: "libzmq sends nothing, and tells nothing",
		Run: func(t *testing.T, e *Env) {
			for _, opts := range [][]mq.Option{nil, {mq.WithMandatory()}} {
				router := e.Router(opts...)
				peer := others(e, router, 1)[0]
				for _, m := range []mq.Message{mq.Text("0"), mq.Text("nobody"), mq.Text(""), {}} {
					requireError(t, router.Send(e.ctx, m), fs.ErrInvalid, "send", "")
				}
				e.Send(router, "0", "")
				e.Gets(peer, "")
				e.Empty(peer)
				require.EqualValues(t, 1, router.Stats().Sent)
				e.dropped(0, router)
			}
		},
	},
	{
		ID: "D-RTR-15", Pattern: "ROUTER with WithMandatory",
		Shall: "reach a peer by the routing id that is expected of it as soon as it is here, one after the other",
		Run: func(t *testing.T, e *Env) {
			router := e.Router(mq.WithMandatory())
			addr := e.Bind(router)
			for _, id := range numbers(30) {
				require.ErrorIs(t, router.Send(e.ctx, mq.Text(id, "x")), mq.ErrPeerGone)
				peer := e.Dealer(mq.WithRoutingID(id))
				e.Connect(addr, peer)
				e.Eventually(func() bool { return router.Send(e.ctx, mq.Text(id, "x")) == nil }, "want to reach %s", id)
				e.Gets(peer, "x")
			}
		},
	},
}

// mandatoryLaws are about peers that are here and have no room.
var mandatoryLaws = []Law{
	{
		ID: "A-RTR-08 A-RTR-14 D-RTR-03 D-HWM-09", Pattern: "ROUTER with WithMandatory",
		Shall: "block while the queue of a peer is full, SendHWM here and its RecvHWM, exactly, and let as many Sends go on " +
			"as it receives messages, at once",
		Departs: "A-RTR-15 has ROUTER never block; so does mq's by default, and libzmq's with MANDATORY blocks too",
		Only:    exact,
		Run: func(t *testing.T, e *Env) {
			for _, hwm := range [][2]int{{1, 1}, {2, 3}, {7, 5}} {
				for _, step := range []int{1, 2, 12} {
					router, bound := e.Router(mq.WithMandatory(), mq.WithSendHWM(hwm[0])), hwm[0]+hwm[1]
					peer, free := e.Dealer(mq.WithRoutingID("d"), mq.WithRecvHWM(hwm[1])), e.Dealer(mq.WithRoutingID("free"))
					e.Link(router, peer, free)
					e.Holds(addressed{router, "d"}, bound)
					blocked := make([]*Call, 10)
					for i := range blocked {
						blocked[i] = e.Sending(router, "d", "late")
					}
					e.Blocked(blocked...)
					for taken := 0; taken < bound; taken += step {
						e.Gets(peer, numbers(bound)[taken:min(taken+step, bound)]...)
						require.Equal(t, min(taken+step, bound, len(blocked)), e.count(blocked), "Sends that went on")
					}
					for range blocked {
						e.Gets(peer, "late")
					}
					require.Equal(t, len(blocked), e.count(blocked))
					e.Holds(addressed{router, "d"}, bound)
					e.Send(router, "free", "x")
					e.Gets(free, "x")
					e.dropped(0, router)
				}
			}
		},
	},
	{
		ID: "A-RTR-14 D-RTR-03 D-HWM-11", Pattern: "ROUTER with WithMandatory",
		Shall: "block when a peer does not receive, serve the others meanwhile, and go on when it does, losing nothing",
		Run: func(t *testing.T, e *Env) {
			f, free, received := newFlood(e), e.Dealer(mq.WithRoutingID("free")), int64(0)
			e.Link(f.router, free)
			for range 3 {
				e.Send(f.router, "free", "x")
				e.Gets(free, "x")
				for before := f.sent.Load(); received < before; received++ {
					e.Recv(f.peer)
				}
				e.Eventually(func() bool { return f.sent.Load() > received }, "it does not go on")
				e.Blocked(f.sending)
			}
			e.Cancel(f.sending)
			for ; received < f.sent.Load(); received++ {
				e.Recv(f.peer)
			}
			e.Empty(f.peer)
			e.dropped(0, f.router)
		},
	},
	{
		ID: "A-RTR-14 D-RTR-02 D-RTR-03", Pattern: "ROUTER with WithMandatory",
		Shall: "end a blocked Send with ErrPeerGone when the peer goes, and with ErrClosed when it is closed itself",
		Run: func(t *testing.T, e *Env) {
			for _, end := range []struct {
				how  func(flood) error
				want error
			}{
				{func(f flood) error { return f.peer.Close() }, mq.ErrPeerGone},
				{func(f flood) error { return f.router.Disconnect(f.addr) }, mq.ErrPeerGone},
				{func(f flood) error { return f.router.Close() }, mq.ErrClosed},
			} {
				f := newFlood(e)
				require.NoError(t, end.how(f))
				e.Failed(f.sending, end.want)
			}
		},
	},
	{
		ID: "D-RTR-03 A-RTR-14", Pattern: "ROUTER with WithMandatory",
		Shall: "wake every Send that is blocked when the peer goes, however many",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			router, peer := e.Router(mq.WithMandatory(), mq.WithSendHWM(1)), e.Dealer(mq.WithRoutingID("d"), mq.WithRecvHWM(1))
			addr := e.Link(router, peer)
			e.manyTimes(func(i int) {
				e.Send(router, "d", "0")
				e.Send(router, "d", "1")
				calls := make([]*Call, 5)
				for i := range calls {
					calls[i] = e.Sending(router, "d", "x")
				}
				dither(i)
				require.NoError(t, peer.Disconnect(addr))
				for _, c := range calls {
					e.Failed(c, mq.ErrPeerGone)
				}
				e.Gets(peer, "0", "1")
				e.Connect(addr, peer)
			})
		},
	},
}

// flood is a Send of a ROUTER with WithMandatory, again and again, to a DEALER that
// receives nothing.
type flood struct {
	router  mq.Router
	peer    mq.Socket
	addr    string        // where the ROUTER has found it
	sending *Call         // is blocked
	sent    *atomic.Int64 // messages
}

func newFlood(e *Env) flood {
	e.t.Helper()
	f := flood{
		router: e.Router(mq.WithMandatory(), mq.WithSendHWM(1), mq.WithLinger(0)),
		peer:   e.Dealer(mq.WithRoutingID("d"), mq.WithRecvHWM(1)),
		sent:   new(atomic.Int64),
	}
	f.addr = e.Link(f.peer, f.router)
	m := mq.Message{Data: []byte("d"), More: [][]byte{make([]byte, 64<<10)}}
	f.sending = e.Go("Sends", func(ctx context.Context) (mq.Message, error) {
		for f.sent.Load() < 5000 { // more than any kernel holds
			if err := f.router.Send(ctx, m); err != nil {
				return mq.Message{}, err
			}
			f.sent.Add(1)
		}
		return mq.Message{}, nil
	})
	e.Blocked(f.sending)
	return f
}

// requireNew wants a routing id to be one that a ROUTER makes up, and to be a new one.
func requireNew(t *testing.T, seen map[string]bool, id string) {
	t.Helper()
	require.Len(t, id, 5)
	require.Zero(t, id[0])
	require.False(t, seen[id], "%q was given twice", id)
	seen[id] = true
}
