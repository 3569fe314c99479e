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

// dealt is why much about DEALER departs from 28/REQREP and libzmq.
const dealt = "a queue for each peer deals messages out in advance, and they wait behind a slow worker, or are lost with it; " +
	"the peers of mq's DEALER compete for one queue, as those of PUSH do"

var dealerLaws = slices.Concat(dealerTalkLaws, dealerShareLaws, dealerBoundLaws, dealerTakeLaws)

// shapes are messages that something is easily added to or taken from.
var shapes = [][]string{{"one"}, {""}, {"", ""}, {"", "body"}, {"a", "", "b"}, {"a", "b", ""}, {"\x00\x01", "\xff"}}

// dealerTalkLaws are about what passes between a DEALER and its peers.
var dealerTalkLaws = []Law{
	{
		ID: "A-DLR-01 A-DLR-02 A-DLR-03", Pattern: "DEALER",
		Shall: "send to a DEALER and receive from it as it likes, and leave every message as it is: no part is added or taken away",
		Run: func(t *testing.T, e *Env) {
			a, b := e.Dealer(), e.Dealer()
			e.Link(a, b)
			for _, parts := range shapes {
				e.Send(a, parts...)
				e.Send(b, parts...)
				e.Send(a, parts...)
				e.Gets(a, strings.Join(parts, "|"))
				e.Gets(b, strings.Join(parts, "|"), strings.Join(parts, "|"))
			}
			e.Empty(a)
			e.Empty(b)
		},
	},
	{
		ID: "A-DLR-01 A-DLR-02 D-REQ-10", Pattern: "DEALER",
		Shall: "have any number of requests under way at REP peers, and get each reply behind the envelope of its request",
		Run: func(t *testing.T, e *Env) {
			dealer, reps := e.Dealer(), []mq.Socket{e.Rep(), e.Rep(), e.Rep()}
			e.Link(dealer, reps...)
			waiting := receiveInTurn(e, reps, []int{0, 1, 2})
			want := make([]string, len(reps))
			for i, x := range numbers(len(reps)) {
				e.Send(dealer, "asks", x, "", "q"+x)
				want[i] = "asks|" + x + "||re q" + x
			}
			for i, rep := range slices.Backward(reps) {
				e.Send(rep, "re "+e.Returned(waiting[i]))
			}
			require.ElementsMatch(t, want, []string{text(e.Recv(dealer)), text(e.Recv(dealer)), text(e.Recv(dealer))})
		},
	},
	{
		ID: "A-DLR-03 D-REQ-08", Pattern: "REP",
		Shall: "keep all that a DEALER puts before the first empty part as the envelope, and give it back with the reply",
		Run: func(t *testing.T, e *Env) {
			dealer, rep := e.Dealer(), e.Rep()
			e.Link(rep, dealer)
			for _, c := range []struct{ sent, request, reply string }{
				{"|q", "q", "|r"},
				{"||", "|", "|r"},
				{"|", "", "|r"},
				{"e||q", "q", "e||r"},
				{"e|f|g||q||q", "q||q", "e|f|g||r"},
				{"\x00\x01\x02\x03\x04||q", "q", "\x00\x01\x02\x03\x04||r"},
			} {
				e.Send(dealer, strings.Split(c.sent, "|")...)
				e.answer(rep, c.request, "r")
				e.Gets(dealer, c.reply)
			}
			e.Send(dealer, "e", "", "q") // a reply can have several parts too
			e.Gets(rep, "q")
			e.Send(rep, "r1", "", "r2")
			e.Gets(dealer, "e||r1||r2")
		},
	},
	{
		ID: "D-REQ-08", Pattern: "REP",
		Shall: "skip what a DEALER sends without an empty part, or with nothing behind it, and serve the next request",
		Run: func(t *testing.T, e *Env) {
			dealer, rep := e.Dealer(), e.Rep()
			e.Link(rep, dealer)
			for _, no := range noRequests {
				e.Send(dealer, no...)
				e.Send(dealer, "", "q")
				e.answer(rep, "q", "r")
				e.Gets(dealer, "|r")
			}
			e.Empty(dealer)
		},
	},
	{
		ID: "D-REQ-08 MQ-STAT-05", Pattern: "REP",
		Shall: "count what it skips as dropped, and not as received",
		Only:  "over a network it does not come as far as the REP",
		Run: func(t *testing.T, e *Env) {
			dealer, rep := e.Dealer(), e.Rep()
			e.Link(rep, dealer)
			for _, no := range noRequests {
				e.Send(dealer, no...)
			}
			e.Empty(rep)
			e.dropped(len(noRequests), rep)
			require.Zero(t, rep.Stats().Received)
		},
	},
}

// noRequests are no requests to a REP.
var noRequests = [][]string{{"q"}, {""}, {"a", "b"}, {"a", ""}, {"a", "b", ""}}

// dealerShareLaws are about who gets a message of DEALER.
var dealerShareLaws = []Law{
	{
		ID: "A-DLR-04 A-DLR-09 D-FQ-04", Pattern: "DEALER",
		Shall:   "let no message wait behind an idle peer: all 100 reach the one that receives",
		Departs: dealt,
		Only:    "over a network a connection takes a window of messages ahead",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"DEALER", "ROUTER"} {
				dealer, idle, busy := e.Dealer(), e.New(kind), e.New(kind)
				e.Link(dealer, idle, busy)
				e.SendAll(dealer, numbers(100)...)
				e.Gets(busy, numbers(100)...)
				e.Empty(idle)
			}
		},
	},
	{
		ID: "A-DLR-09 D-FQ-06", Pattern: "DEALER",
		Shall: "serve peers that are all waiting in turn, in the order in which they began to wait",
		Only:  passed,
		Run: func(t *testing.T, e *Env) {
			dealer, workers := e.Dealer(), []mq.Socket{e.Dealer(), e.Dealer(), e.Dealer()}
			e.Link(dealer, workers...)
			for _, order := range [][]int{{0, 1, 2}, {2, 0, 1}, {1, 2, 0}, {2, 1}} {
				calls := receiveInTurn(e, workers, order)
				for i, x := range numbers(len(order)) {
					e.Send(dealer, x)
					require.Equal(t, x, e.Returned(calls[i]), "order %v", order)
				}
			}
		},
	},
	{
		ID: "A-DLR-09 D-FQ-06", Pattern: "DEALER",
		Shall: "go round servers that come back for more: of N requests each of N gets one, again and again",
		Run: func(t *testing.T, e *Env) {
			dealer, reps := e.Dealer(), []mq.Socket{e.Rep(), e.Rep(), e.Rep(), e.Rep()}
			e.Link(dealer, reps...)
			for round := range 5 {
				calls := receiveInTurn(e, reps, []int{0, 1, 2, 3})
				for range reps {
					e.Send(dealer, "", "q")
				}
				e.Eventually(func() bool { return e.count(calls) == len(reps) }, "not all are asked in round %d", round)
				for _, rep := range reps {
					e.Send(rep, "r")
					e.Gets(dealer, "|r")
				}
				e.Settle() // all connections have heard that there is nothing more to send
			}
		},
	},
	{
		ID: "A-DLR-05 A-DLR-06", Pattern: "DEALER",
		Shall:   "lose nothing with a peer that goes: what that had not received is for the others, in order",
		Departs: "28/REQREP destroys the queue of the peer with what is in it; Send has taken the messages over",
		Only:    passed,
		Run: func(t *testing.T, e *Env) {
			for _, leave := range []func(s mq.Socket, addr string) error{
				func(s mq.Socket, addr string) error { return s.Disconnect(addr) },
				func(s mq.Socket, addr string) error { return s.Close() },
			} {
				dealer, goes, stays, comes := e.Dealer(), e.Dealer(), e.Dealer(), e.Dealer()
				addr := e.Link(dealer, goes, stays)
				e.SendAll(dealer, numbers(6)...)
				e.Gets(goes, "0", "1")
				require.NoError(t, leave(goes, addr))
				e.Peers(dealer, 1)
				e.Gets(stays, "2", "3")
				require.NoError(t, leave(stays, addr))
				e.Peers(dealer, 0)
				e.Connect(addr, comes)
				e.Gets(comes, "4", "5")
				e.Empty(comes)
			}
		},
	},
	{
		ID: "A-ALL-06 A-DLR-02", Pattern: "DEALER",
		Shall: "have each message received once, by peers that compete, and each of them get what one DEALER sent in its order",
		Run: func(t *testing.T, e *Env) {
			const each = 200
			from, to := []mq.Socket{e.Dealer(), e.Dealer(mq.WithSendHWM(2))}, []mq.Socket{e.Dealer(), e.Dealer(), e.Dealer()}
			for _, s := range from {
				e.Link(s, to...)
			}
			got := make([][]string, len(to))
			sending := sendAtOnce(e, from, each)
			receiving := receiveAll(e, to, got)
			for _, c := range sending {
				e.Returned(c)
			}
			e.Received(len(from)*each, to...)
			e.Settle()
			e.Cancel(receiving...)
			requireShares(t, got, len(from), each)
		},
	},
}

// others makes n DEALERs that are linked to s, in order. DEALER i is to call its
// messages i0, i1, ... ROUTERs know it as i.
func others(e *Env, s mq.Socket, n int) []mq.Socket {
	e.t.Helper()
	all := make([]mq.Socket, n)
	for i := range all {
		all[i] = e.Dealer(mq.WithRoutingID(fmt.Sprint(i)))
	}
	e.Link(s, all...)
	return all
}
