// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

var routerLaws = slices.Concat(routerTalkLaws, routerTakeLaws, routerBoundLaws)

// addressed is the way from a ROUTER to one of its peers.
type addressed struct {
	mq.Router
	id string
}

func (a addressed) Send(ctx context.Context, m mq.Message) error {
	return a.Router.Send(ctx, mq.Message{Data: []byte(a.id), More: append([][]byte{m.Data}, m.More...)})
}

// idOf has a peer greet the ROUTER that is its only peer, and returns the routing id that
// came with the greeting.
func (e *Env) idOf(router mq.Router, peer mq.Sender) string {
	e.t.Helper()
	e.Send(peer, "hello")
	m := e.Recv(router)
	require.Equal(e.t, "hello", string(m.Part(m.Len()-1)))
	return string(m.Data)
}

// heard waits until a REQ knows of all that a ROUTER, its only peer, has sent it so far: a
// reply that Do awaits comes behind that.
func (e *Env) heard(router mq.Router, req mq.Req) {
	e.t.Helper()
	call := e.doing(req, "heard")
	require.NoError(e.t, router.Send(e.ctx, e.Recv(router)))
	require.Equal(e.t, "heard", e.Returned(call))
}

// routerTalkLaws are about what passes between a ROUTER and its peers.
var routerTalkLaws = []Law{
	{
		ID: "A-RTR-01 A-RTR-02 A-RTR-10 A-RTR-11 A-RTR-12 A-RTR-13", Pattern: "ROUTER",
		Shall: "put the routing id of the peer before what it has sent, and send what follows a routing id to that peer alone",
		Run: func(t *testing.T, e *Env) {
			router := e.Router()
			peers := append(others(e, router, 3), e.Dealer())
			e.Link(router, peers[3])
			ids := []string{"0", "1", "2", e.idOf(router, peers[3])}
			for _, parts := range shapes {
				for i, p := range peers {
					e.Send(p, parts...)
					e.Gets(router, ids[i]+"|"+strings.Join(parts, "|"))
				}
				for i, p := range slices.Backward(peers) {
					e.Send(addressed{router, ids[i]}, append(parts, ids[i])...)
					e.Gets(p, strings.Join(append(parts, ids[i]), "|"))
				}
			}
			for _, p := range peers {
				e.Empty(p)
			}
			e.Empty(router)
		},
	},
	{
		ID: "A-RTR-01 A-RTR-10 A-RTR-12 D-REQ-10", Pattern: "ROUTER",
		Shall: "get the request of a REQ behind an empty part, and answer it with one",
		Run: func(t *testing.T, e *Env) {
			router, req, named := e.Router(), e.Req(), e.Req(mq.WithRoutingID("named"))
			e.Link(router, req, named)
			id := e.idOf(router, req)
			e.Send(named, "q1", "", "q2")
			e.Gets(router, "named||q1||q2")
			e.Send(router, "named", "", "r")
			e.Gets(named, "r")
			e.Send(router, id, "", "", "r")
			e.Gets(req, "|r")
			e.Send(named, "")
			e.Gets(router, "named||")
		},
	},
	{
		ID: "A-RTR-12 D-REQ-07", Pattern: "REQ",
		Shall: "not take for its reply what a ROUTER sends without an empty part, with nothing behind it, or with an envelope",
		Run: func(t *testing.T, e *Env) {
			router, req := e.Router(), e.Req(mq.WithRoutingID("r"))
			e.Link(router, req)
			for _, x := range numbers(3) {
				e.Send(req, x)
				e.Gets(router, "r||"+x)
				for _, no := range append(noRequests, []string{"e", "", "no"}, []string{"eeee", "", "no"}) {
					e.Send(addressed{router, "r"}, no...)
				}
				reply := e.Receiving(req)
				e.Blocked(reply)
				e.Send(router, "r", "", "re "+x)
				require.Equal(t, "re "+x, e.Returned(reply))
			}
		},
	},
	{
		ID: "A-REQ-10 D-REQ-03", Pattern: "REQ",
		Shall:   "not take for its reply what a ROUTER sends before it has got the request, or when it has answered it",
		Departs: "libzmq drops what has arrived when the next request is sent, and takes what arrives after that",
		Run: func(t *testing.T, e *Env) {
			router, req := e.Router(), e.Req(mq.WithRoutingID("r"))
			e.Link(router, req)
			for _, x := range numbers(3) {
				e.Send(router, "r", "", "nothing was asked")
				e.heard(router, req)
				e.Send(req, x)
				e.Settle()
				e.Gets(router, "r||"+x)
				e.Send(router, "r", "", "re "+x)
				e.Send(router, "r", "", "once more")
				e.Gets(req, "re "+x)
			}
		},
	},
	{
		ID: "A-RTR-01 A-RTR-10 D-RTR-13", Pattern: "ROUTER",
		Shall: "talk to a ROUTER: either knows the other by the routing id that it has chosen",
		Run: func(t *testing.T, e *Env) {
			a, b := e.Router(mq.WithRoutingID("a")), e.Router(mq.WithRoutingID("b"))
			e.Link(a, b)
			for _, parts := range shapes {
				e.Send(addressed{a, "b"}, parts...)
				e.Gets(b, "a|"+strings.Join(parts, "|"))
				e.Send(addressed{b, "a"}, parts...)
				e.Gets(a, "b|"+strings.Join(parts, "|"))
			}
		},
	},
	{
		ID: "A-RTR-02 D-REQ-10", Pattern: "ROUTER",
		Shall: "make a device with a DEALER, any number of them in a row: requests and replies go through with their envelopes",
		Run: func(t *testing.T, e *Env) {
			for _, devices := range []int{1, 3} {
				reqs, addr := []mq.Req{e.Req(), e.Req()}, e.Addr()
				e.Connect(addr, reqs[0], reqs[1])
				for range devices {
					front, back := e.Router(), e.Dealer()
					e.Bind(front, addr)
					addr = e.Bind(back)
					e.Go("requests", relay(front, back))
					e.Go("replies", relay(back, front))
					next := e.Addr()
					e.Connect(next, back)
					require.NoError(t, back.Unbind(addr))
					addr = next
				}
				rep := e.Rep()
				e.Bind(rep, addr)
				for _, x := range numbers(5) {
					for _, req := range reqs {
						e.Send(req, x, "", "q")
					}
					for range reqs {
						e.Gets(rep, x+"||q")
						e.Send(rep, "re", "", x)
					}
					for _, req := range reqs {
						e.Gets(req, "re||"+x)
					}
				}
			}
		},
	},
	{
		ID: "A-RTR-02 A-ALL-06", Pattern: "ROUTER",
		Shall: "bring back to each of many clients its own messages, in order, when several goroutines send and one receives for all",
		Run: func(t *testing.T, e *Env) {
			const each = 100
			router := e.Router(mq.WithMandatory(), mq.WithSendHWM(2))
			clients := others(e, router, 6)
			e.Go("echo", relay(router, router))
			calls := make([]*Call, len(clients))
			sending := sendAtOnce(e, clients, each)
			for i, client := range clients {
				calls[i] = e.Go("client", func(ctx context.Context) (m mq.Message, err error) {
					for n := 0; n < each && err == nil; n++ {
						if m, err = client.Recv(ctx); err == nil && text(m) != fmt.Sprint(i, " ", n) {
							err = fmt.Errorf("got %s instead of %d", text(m), n)
						}
					}
					return m, err
				})
			}
			for _, c := range append(sending, calls...) {
				e.Returned(c)
			}
		},
	},
}

// relay passes on what comes, as it is.
func relay(from, to mq.Socket) func(ctx context.Context) (mq.Message, error) {
	return func(ctx context.Context) (mq.Message, error) {
		for {
			m, err := from.Recv(ctx)
			if err == nil {
				err = to.Send(ctx, m)
			}
			if err != nil {
				return m, err
			}
		}
	}
}
