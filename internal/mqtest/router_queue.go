// SPDX-License-Identifier: MIT

package mqtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// routerTakeLaws are about how a ROUTER takes from its peers.
var routerTakeLaws = []Law{
	{
		ID: "A-RTR-09 D-FQ-01 D-FQ-02 D-FQ-03", Pattern: "ROUTER",
		Shall: "take one message from each peer in turn, and skip those that have none: " +
			"backlogs of 3, 1 and 2 come as 00 10 20 01 21 02",
		Only: inNoOrder,
		Run: func(t *testing.T, e *Env) {
			router := e.Router()
			peers := others(e, router, 3)
			for range 3 {
				for i, backlog := range []int{3, 1, 2} {
					e.SendAll(peers[i], numbers(backlog)...)
				}
				e.Settle()
				e.Gets(router, "0|0", "1|0", "2|0", "0|1", "2|1", "0|2")
				e.Empty(router)
			}
		},
	},
	{
		ID: "A-RTR-09 D-FQ-05", Pattern: "ROUTER",
		Shall: "read peers that had nothing in the order in which they got something",
		Run: func(t *testing.T, e *Env) {
			router := e.Router()
			peers := others(e, router, 4)
			e.Empty(router)
			for _, order := range [][]int{{2, 0, 3, 1}, {1, 3, 0, 2}, {3, 2, 1, 0}} {
				for n, i := range order {
					e.Send(peers[i], "x")
					e.waiting(router, n+1)
					e.Settle()
				}
				for _, i := range order {
					e.Gets(router, fmt.Sprint(i, "|x"))
				}
				e.Empty(router)
			}
		},
	},
	{
		ID: "A-RTR-09 A-RTR-01", Pattern: "ROUTER",
		Shall: "starve no peer, REQ, DEALER or ROUTER: of those with a backlog each is read once before one is read twice",
		Run: func(t *testing.T, e *Env) {
			router, other := e.Router(mq.WithRoutingID("r")), e.Router(mq.WithRoutingID("10"))
			peers := others(e, router, 10)
			e.Link(router, other)
			for range 3 {
				for _, p := range peers {
					e.Send(p, "x")
				}
				e.Send(other, "r", "x")
			}
			req := e.Req(mq.WithRoutingID("11"))
			e.Link(router, req)
			e.Send(req, "x")
			e.waiting(router, 3*11+1)
			for range 3 {
				for _, x := range numbers(11) {
					e.Gets(router, x+"|x")
				}
				if req != nil {
					e.Gets(router, "11||x")
					req = nil
				}
			}
			e.Empty(router)
		},
	},
	{
		ID: "A-RTR-09 A-RTR-11 D-LNG-07", Pattern: "ROUTER",
		Shall: "still receive what a peer had sent before it went, with its routing id",
		Run: func(t *testing.T, e *Env) {
			router := e.Router(mq.WithMandatory())
			peers := others(e, router, 2)
			e.SendAll(peers[0], "0", "1", "2")
			e.SendAll(peers[1], "0")
			e.Close(peers[0])
			e.Peers(router, 1)
			e.waiting(router, 4)
			got := e.drain(router)
			slices.SortStableFunc(got, func(a, b string) int { return strings.Compare(a[:1], b[:1]) })
			require.Equal(t, []string{"0|0", "0|1", "0|2", "1|0"}, got)
			require.ErrorIs(t, router.Send(e.ctx, mq.Text("0", "too late")), mq.ErrPeerGone)
			e.Send(router, "1", "in time")
			e.Gets(peers[1], "in time")
		},
	},
	{
		ID: "A-RTR-09 A-ALL-07", Pattern: "ROUTER",
		Shall: "receive what each peer sends in its order, however many send at once",
		Run: func(t *testing.T, e *Env) {
			const each = 200
			router := e.Router(mq.WithRecvHWM(3))
			peers := others(e, router, 5)
			calls := sendAtOnce(e, peers, each)
			next := make([]int, len(peers))
			for range each * len(peers) {
				x := text(e.Recv(router))
				i := int(x[0] - '0')
				require.Equal(t, fmt.Sprint(i, "|", i, " ", next[i]), x)
				next[i]++
			}
			for _, c := range calls {
				e.Returned(c)
			}
		},
	},
}

// routerBoundLaws are about the queues of a ROUTER.
var routerBoundLaws = []Law{
	{
		ID: "A-RTR-03 A-RTR-08 A-RTR-13 A-RTR-14 A-RTR-15 D-HWM-01 D-HWM-09", Pattern: "ROUTER",
		Shall: "have a queue for each peer, of SendHWM here and its RecvHWM, exactly, and drop and count what comes while " +
			"that is full, newest first, without blocking",
		Departs: "28/REQREP would have bounds that change at run time",
		Only:    exact,
		Run: func(t *testing.T, e *Env) {
			for _, hwm := range [][2]int{{1, 1}, {2, 3}, {20, 5}} {
				router, bound := e.Router(mq.WithSendHWM(hwm[0])), hwm[0]+hwm[1]
				full, free := e.Dealer(mq.WithRoutingID("full"), mq.WithRecvHWM(hwm[1])), e.Dealer(mq.WithRoutingID("free"))
				e.Link(router, full, free)
				for round := range 2 {
					e.SendAll(addressed{router, "full"}, numbers(bound+7)...)
					e.dropped(7*(round+1), router)
					require.Equal(t, bound, router.Stats().Queued)
					e.SendAll(addressed{router, "free"}, "0", "1")
					e.Gets(free, "0", "1")
					e.Gets(full, numbers(bound)...)
					e.Empty(full)
				}
			}
		},
	},
	{
		ID: "A-RTR-15 A-RTR-14 D-HWM-09", Pattern: "ROUTER",
		Shall: "never block, though a peer receives nothing, and serve the others; each message is received or counted as dropped",
		Run: func(t *testing.T, e *Env) {
			const n = 300
			router, payload := e.Router(mq.WithSendHWM(5)), strings.Repeat("x", 64<<10)
			slow, quick := e.Dealer(mq.WithRoutingID("slow"), mq.WithRecvHWM(1)), e.Dealer(mq.WithRoutingID("quick"))
			e.Link(router, slow, quick)
			for i := range n {
				e.Send(router, "slow", fmt.Sprint(i), payload)
				if i%10 == 0 {
					e.Send(router, "quick", fmt.Sprint(i))
					e.Gets(quick, fmt.Sprint(i))
				}
			}
			dropped := int(router.Stats().Dropped)
			require.NotZero(t, dropped)
			e.Gets(slow, "0|"+payload)
			for range n - dropped - 1 {
				e.Recv(slow)
			}
			e.Empty(slow)
			e.dropped(dropped, router)
		},
	},
	{
		ID: "A-RTR-05", Pattern: "ROUTER",
		Shall: "send to a new peer nothing that was meant for an earlier one of the same routing id",
		Run: func(t *testing.T, e *Env) {
			router := e.Router()
			addr := e.Bind(router)
			for _, x := range numbers(4) {
				peer := e.Dealer(mq.WithRoutingID("d"))
				e.Connect(addr, peer)
				e.Peers(router, 1)
				e.Peers(peer, 1)
				e.SendAll(addressed{router, "d"}, x, "unread")
				e.Gets(peer, x)
				e.Close(peer)
				e.Peers(router, 0)
				e.Send(router, "d", "to nobody")
			}
		},
	},
	{
		ID: "A-RTR-05 MQ-STAT-05", Pattern: "ROUTER",
		Shall: "count what a peer had not received when it closed as dropped, by either side",
		Only:  passed,
		Run: func(t *testing.T, e *Env) {
			router := e.Router()
			peer := others(e, router, 1)[0]
			e.SendAll(addressed{router, "0"}, "read", "unread", "unread")
			e.Gets(peer, "read")
			e.Close(peer)
			e.Peers(router, 0)
			require.EqualValues(t, 2, router.Stats().Dropped+peer.Stats().Dropped)
			require.Zero(t, router.Stats().Queued)
		},
	},
	{
		ID: "MQ-CLOSE-07", Pattern: "ROUTER",
		Shall: "leave its peers what they have not received when it closes, and hand nothing back",
		Run: func(t *testing.T, e *Env) {
			router := e.Router()
			peers := others(e, router, 2)
			as := e.Dealer()
			addr := e.Bind(as)
			require.NoError(t, router.ConnectAs(addr, "as"))
			e.Peers(router, 3)
			for i, x := range numbers(6) {
				e.Send(router, fmt.Sprint(i%2), x)
				e.Send(router, "as", x)
			}
			require.NoError(t, router.Close())
			e.Gets(peers[0], "0", "2", "4")
			e.Gets(peers[1], "1", "3", "5")
			e.Gets(as, numbers(6)...)
			e.dropped(0, router)
			require.Zero(t, router.Stats().Queued)
		},
	},
}
