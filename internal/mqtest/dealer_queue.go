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

// dealerBoundLaws are about how much a DEALER accepts.
var dealerBoundLaws = []Law{
	{
		ID: "A-DLR-07 A-DLR-08 A-DLR-10 A-DLR-11 A-DLR-12 D-HWM-09", Pattern: "DEALER",
		Shall:   "hold SendHWM messages exactly, with any number of idle peers, then block, and drop nothing",
		Departs: "in libzmq there are as many queues as peers, of both sides' marks, set at run time; " + dealt,
		Only:    exact,
		Run: func(t *testing.T, e *Env) {
			for _, hwm := range []int{1, 2, 10} {
				for _, peers := range []int{0, 1, 3} {
					dealer := e.Dealer(mq.WithSendHWM(hwm))
					idle := others(e, dealer, peers)
					e.Holds(dealer, hwm)
					if peers > 0 {
						e.Gets(idle[peers-1], numbers(hwm)...)
						e.Holds(dealer, hwm)
					}
					e.dropped(0, dealer)
				}
			}
		},
	},
	{
		ID: "A-DLR-10 A-DLR-11 A-DLR-12 D-BLK-01 D-BLK-02", Pattern: "DEALER",
		Shall: "queue SendHWM messages without a peer, then block; a Send that is blocked goes on when a peer comes that receives, " +
			"and nothing is lost",
		Departs: "28/REQREP accepts nothing without a peer, and libzmq only what goes to a connection; the queue is the socket's " +
			"own, so that it does not matter who binds, who connects and when",
		Run: func(t *testing.T, e *Env) {
			for _, attach := range []func(dealer, peer mq.Socket, addr string) (later func()){
				func(dealer, peer mq.Socket, addr string) func() {
					e.Bind(dealer, addr)
					return func() { e.Connect(addr, peer) }
				},
				func(dealer, peer mq.Socket, addr string) func() {
					e.Connect(addr, dealer)
					return func() { e.Bind(peer, addr) }
				},
				func(dealer, peer mq.Socket, addr string) func() {
					return func() { e.Bind(peer, addr); e.Connect(addr, dealer) }
				},
			} {
				dealer, peer := e.Dealer(mq.WithSendHWM(3)), e.Dealer()
				later := attach(dealer, peer, e.Addr())
				e.Holds(dealer, 3)
				blocked := e.Sending(dealer, "3")
				e.Blocked(blocked)
				later()
				e.Gets(peer, numbers(4)...)
				e.Returned(blocked)
			}
		},
	},
	{
		ID: "A-DLR-05 D-CON-10", Pattern: "DEALER",
		Shall: "keep its queue from one peer of a connection to the next",
		Run: func(t *testing.T, e *Env) {
			dealer, addr := e.Dealer(), e.Addr()
			e.Connect(addr, dealer)
			for _, x := range numbers(3) {
				e.Send(dealer, x, "first")
				e.Send(dealer, x, "second")
				peer := e.Dealer()
				e.Bind(peer, addr)
				e.Gets(peer, x+"|first", x+"|second")
				e.Close(peer)
				e.Peers(dealer, 0)
			}
		},
	},
	{
		ID: "D-HWM-07", Pattern: "DEALER",
		Shall:   "let as many blocked Sends go on as messages are received, at once",
		Departs: "libzmq opens a full pipe only after half of it was read; a bound that is exact is easier to reason about",
		Only:    exact,
		Run: func(t *testing.T, e *Env) {
			for _, step := range []int{1, 3, 10} {
				dealer := e.Dealer(mq.WithSendHWM(10))
				letGoOn(e, dealer, others(e, dealer, 1)[0], 10, step)
			}
		},
	},
	{
		ID: "A-DLR-12 MQ-CLOSE-08", Pattern: "DEALER",
		Shall: "hand back with Close what no peer is there to take",
		Run: func(t *testing.T, e *Env) {
			dealer := e.Dealer()
			e.Bind(dealer)
			e.SendAll(dealer, "0", "1")
			e.Send(dealer, "", "2")
			e.Close(dealer, "0", "1", "|2")
		},
	},
	{
		ID: "A-DLR-12 MQ-CLOSE-08", Pattern: "DEALER and ROUTER",
		Shall: "hand back with Close what a DEALER had sent before it went, and nobody has received",
		Only:  passed,
		Run: func(t *testing.T, e *Env) {
			for _, s := range []mq.Socket{e.Dealer(), e.Router()} {
				peer := others(e, s, 1)[0]
				e.SendAll(peer, "0", "1")
				e.Close(peer)
				e.Close(s, "0", "1")
			}
		},
	},
}

// inNoOrder is why a law about the order of several peers' messages holds in-process only.
const inNoOrder = "over a network messages of several peers arrive in no order"

// dealerTakeLaws are about how a DEALER takes from several peers.
var dealerTakeLaws = []Law{
	{
		ID: "A-DLR-13 D-FQ-01 D-FQ-02 D-FQ-03", Pattern: "DEALER",
		Shall: "take one message from each peer in turn, and skip those that have none: " +
			"backlogs of 3, 1 and 2 come as 00 10 20 01 21 02",
		Only: inNoOrder,
		Run: func(t *testing.T, e *Env) {
			dealer := e.Dealer()
			peers := others(e, dealer, 3)
			for range 3 {
				for i, backlog := range []int{3, 1, 2} {
					e.SendAll(peers[i], numbers(backlog, fmt.Sprint(i))...)
				}
				e.Settle()
				e.Gets(dealer, "00", "10", "20", "01", "21", "02")
				e.Empty(dealer)
			}
		},
	},
	{
		ID: "A-DLR-13 D-FQ-05", Pattern: "DEALER",
		Shall: "read peers that had nothing in the order in which they got something",
		Run: func(t *testing.T, e *Env) {
			dealer := e.Dealer()
			peers := others(e, dealer, 4)
			e.Empty(dealer)
			for _, order := range [][]int{{2, 0, 3, 1}, {1, 3, 0, 2}, {3, 2, 1, 0}} {
				for n, i := range order {
					e.Send(peers[i], fmt.Sprint(i))
					e.waiting(dealer, n+1)
					e.Settle()
				}
				for _, i := range order {
					e.Gets(dealer, fmt.Sprint(i))
				}
				e.Empty(dealer)
			}
		},
	},
	{
		ID: "A-DLR-13", Pattern: "DEALER",
		Shall: "starve no peer: of thirty with a backlog each is read once before one is read twice",
		Run: func(t *testing.T, e *Env) {
			dealer := e.Dealer()
			peers := others(e, dealer, 30)
			for i, p := range peers {
				e.SendAll(p, fmt.Sprint(i), fmt.Sprint(i), fmt.Sprint(i))
			}
			e.waiting(dealer, 3*len(peers))
			for range 3 {
				e.Gets(dealer, numbers(len(peers))...)
			}
			e.Empty(dealer)
		},
	},
	{
		ID: "A-DLR-14 A-DEV-01 D-LNG-07", Pattern: "DEALER",
		Shall: "still receive what a DEALER or a ROUTER had sent before it went, beside what the others send",
		Run: func(t *testing.T, e *Env) {
			dealer, router := e.Dealer(mq.WithRoutingID("d")), e.Router()
			peers := others(e, dealer, 2)
			e.Link(dealer, router)
			e.SendAll(peers[0], "00", "01", "02")
			e.SendAll(peers[1], "10")
			e.Send(router, "d", "r0")
			e.Send(router, "d", "r1")
			e.Close(peers[0])
			e.Close(router)
			e.Peers(dealer, 1)
			e.Send(peers[1], "11")
			e.waiting(dealer, 7)
			got := e.drain(dealer)
			slices.SortStableFunc(got, func(a, b string) int { return strings.Compare(a[:1], b[:1]) })
			require.Equal(t, []string{"00", "01", "02", "10", "11", "r0", "r1"}, got, "all, and each in its order")
		},
	},
	{
		ID: "A-DLR-13 A-ALL-07", Pattern: "DEALER",
		Shall: "receive what each peer sends in its order, however many send at once",
		Run: func(t *testing.T, e *Env) {
			const each = 200
			dealer := e.Dealer(mq.WithRecvHWM(3))
			peers := others(e, dealer, 5)
			calls := sendAtOnce(e, peers, each)
			next := make([]int, len(peers))
			for range each * len(peers) {
				x := text(e.Recv(dealer))
				i := int(x[0] - '0')
				require.Equal(t, fmt.Sprint(i, " ", next[i]), x)
				next[i]++
			}
			for _, c := range calls {
				e.Returned(c)
			}
		},
	},
}

// receiveAll has each socket receive until its context ends, and notes in got what it
// gets.
func receiveAll(e *Env, sockets []mq.Socket, got [][]string) []*Call {
	calls := make([]*Call, len(sockets))
	for i, s := range sockets {
		calls[i] = e.Go("Recvs", func(ctx context.Context) (mq.Message, error) {
			for {
				m, err := s.Recv(ctx)
				if err != nil {
					return m, err
				}
				got[i] = append(got[i], text(m))
			}
		})
	}
	return calls
}
