// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"io/fs"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// relaxed is why Do is not the REQ_RELAXED of libzmq.
const relaxed = "libzmq's relaxed REQ gives up a request by sending the next; each Do is a request of its own, and its context gives it up"

var doLaws = slices.Concat(doReplyLaws, doGivenUpLaws, doBesideLaws, doLostLaws)

// doReplyLaws are about replies that find their requests.
var doReplyLaws = []Law{
	{
		ID: "A-REQ-01 A-ALL-06 D-REQ-04 D-REQ-10", Pattern: "Do",
		Shall: "bring many goroutines their own replies, from servers of all kinds: REP, REP with Serve, ROUTER, and DEALER and REP behind a Proxy",
		Run: everyServer(func(t *testing.T, e *Env, req mq.Req) {
			e.everybodyDoes(req, 8, 10)
			got := req.Stats()
			require.EqualValues(t, 80, got.Sent)
			require.EqualValues(t, 80, got.Received)
		}),
	},
	{
		ID: "D-REQ-04 A-REQ-05", Pattern: "Do",
		Shall: "put an id of four bytes before the delimiter, another for each request, and find the request of a reply by it in any order",
		Run: func(t *testing.T, e *Env) {
			req, d := e.Req(), e.desk()
			e.Link(d, req)
			texts, calls := numbers(10), []*Call(nil)
			for _, x := range texts {
				calls = append(calls, e.doing(req, "first part", x))
			}
			ids := map[string]bool{}
			for _, x := range texts {
				m := d.gets(x)
				require.Equal(t, 5, m.Len(), "routing id, id, delimiter, two parts")
				require.Len(t, m.Part(1), 4)
				require.Empty(t, m.Part(2))
				ids[string(m.Part(1))] = true
			}
			require.Len(t, ids, len(texts))
			e.Blocked(calls...)
			for i, x := range slices.Backward(texts) {
				d.answers(x)
				require.Equal(t, "first part|re "+x, e.Returned(calls[i]))
				e.Blocked(calls[:i]...)
			}
		},
	},
	{
		ID: "D-REQ-04 D-REQ-07", Pattern: "Do",
		Shall:   "drop what is no reply to it, such as one of another id or without delimiter, and wait on, with the peer",
		Departs: "libzmq cuts off for good who answers without a delimiter over tcp",
		Run: func(t *testing.T, e *Env) {
			req, d := e.Req(), e.desk()
			e.Link(d, req)
			call := e.doing(req, "q")
			id := string(d.gets("q").Part(1))
			other := string([]byte{id[0], id[1], id[2], id[3] ^ 1})
			for _, parts := range [][]string{
				{"x"}, {""}, {id}, {id, ""}, {"", ""}, {"", "x"}, {id, "x"}, {"", id, "", "x"},
				{other, "", "x"}, {id[:3], "", "x"}, {id + "5", "", "x"}, {id, id, "", "x"},
			} {
				d.sends("q", parts...)
			}
			e.Blocked(call)
			d.answers("q")
			require.Equal(t, "re q", e.Returned(call))
			require.Equal(t, 1, req.Stats().Peers)
			require.EqualValues(t, 1, req.Stats().Received)
			e.outOfTurn(req, "recv")
		},
	},
	{
		ID: "A-REQ-09 A-REQ-10", Pattern: "Do",
		Shall: "take no reply but that of the server that has its request, whatever id others send, and that one once",
		Run: func(t *testing.T, e *Env) {
			req, asked, other := e.Req(mq.WithRoutingID("client")), e.desk(), e.desk()
			e.Link(asked, req)
			call := e.doing(req, "q")
			m := asked.gets("q")
			e.Link(other, req)
			for range 3 {
				e.Send(other, "client", string(m.Part(1)), "", "false")
			}
			e.Blocked(call)
			asked.answers("q", "q", "q")
			require.Equal(t, "re q", e.Returned(call))
			require.EqualValues(t, 1, req.Stats().Received)
			next := e.doing(req, "next")
			e.Blocked(next)
			e.answered("next", asked, other)
			require.Equal(t, "re next", e.Returned(next))
		},
	},
	{
		ID: "A-REQ-06 D-BLK-01", Pattern: "Do",
		Shall:   "be answered by a server that is free, while another is busy with a request",
		Departs: "28/REQREP picks the server before one is ready",
		Only:    "over a network a connection takes a window of messages ahead",
		Run: func(t *testing.T, e *Env) {
			req, busy, free := e.Req(), e.Rep(), e.Rep()
			e.Link(busy, req)
			slow := e.doing(req, "slow")
			e.Gets(busy, "slow")
			e.Link(free, req)
			e.Go("server", func(ctx context.Context) (mq.Message, error) { return echo(ctx, free) })
			e.everybodyDoes(req, 8, 10)
			e.Blocked(slow)
			e.Send(busy, "late")
			require.Equal(t, "late", e.Returned(slow))
		},
	},
	{
		ID: "A-REQ-07 A-REQ-08 D-BLK-02", Pattern: "Do",
		Shall: "block while there is no server, also behind a full queue, and be answered by the first that comes",
		Run: func(t *testing.T, e *Env) {
			for _, connectFirst := range []bool{true, false} {
				req, addr := e.Req(mq.WithSendHWM(2)), e.Addr()
				if connectFirst {
					e.Connect(addr, req)
				}
				var calls []*Call
				for _, x := range numbers(5) {
					calls = append(calls, e.doing(req, x))
				}
				e.Blocked(calls...)
				require.Equal(t, 2, req.Stats().Queued)
				e.startEchoAt(addr, e.Rep())
				if !connectFirst {
					e.Connect(addr, req)
				}
				for i, c := range calls {
					require.Equal(t, numbers(5)[i], e.Returned(c))
				}
			}
		},
	},
}

func (e *Env) startEchoAt(addr string, s mq.Socket) {
	e.Go("server", func(ctx context.Context) (mq.Message, error) { return echo(ctx, s) })
	e.Bind(s, addr)
}

// doBesideLaws are about Do and the other methods of one socket.
var doBesideLaws = []Law{
	{
		ID: "A-REQ-02 D-REQ-01", Pattern: "Do",
		Shall:   "take no part in the turns of Send and Recv, at whatever turn they are, and neither gets the reply of the other",
		Departs: "28/REQREP has one request under way",
		Run: func(t *testing.T, e *Env) {
			req, d := e.Req(), e.desk()
			e.Link(d, req)
			does := func(x string) {
				call := e.doing(req, x)
				d.answers(x)
				require.Equal(t, "re "+x, e.Returned(call))
			}
			for i, x := range numbers(3) {
				does("idle " + x)
				e.outOfTurn(req, "recv")
				e.Send(req, "turn "+x)
				does("awaiting " + x)
				e.outOfTurn(req, "send")
				reply, under := e.Receiving(req), e.doing(req, "under way "+x)
				does("receiving " + x)
				e.outOfTurn(req, "recv")
				e.Blocked(reply, under)
				d.answers("turn " + x)
				require.Equal(t, "re turn "+x, e.Returned(reply))
				e.outOfTurn(req, "recv")
				e.Blocked(under)
				d.answers("under way " + x)
				require.Equal(t, "re under way "+x, e.Returned(under))
				require.EqualValues(t, 5*(i+1), req.Stats().Sent)
				require.EqualValues(t, 5*(i+1), req.Stats().Received)
			}
		},
	},
	{
		ID: "MQ-CLOSE-01 MQ-CLOSE-02", Pattern: "Do",
		Shall: "end with ErrClosed when the socket closes, whether a server has the request, or it is queued, or waits for room; and at once afterwards",
		Run: func(t *testing.T, e *Env) {
			for _, whole := range []bool{false, true} { // the runtime closes
				rt := mq.NewRuntime()
				req, alone, d := e.Req(), e.Req(mq.WithRuntime(rt), mq.WithSendHWM(1)), e.desk()
				e.Link(d, req)
				calls := []*Call{e.doing(req, "asked")}
				d.gets("asked")
				for range 3 {
					calls = append(calls, e.doing(alone, "queued"))
				}
				e.Blocked(calls...)
				e.Close(req)
				if whole {
					require.NoError(t, rt.Close())
				}
				e.Close(alone)
				for _, c := range append(calls, e.doing(req, "late"), e.doing(alone, "late")) {
					e.Failed(c, mq.ErrClosed)
					requireError(t, c.err, mq.ErrClosed, "do", "")
				}
				require.NoError(t, rt.Close())
			}
		},
	},
	{
		ID: "MQ-CLOSE-03", Pattern: "Do",
		Shall: "leave its requests out of what Close hands back: the caller knows that they failed",
		Run: func(t *testing.T, e *Env) {
			req := e.Req()
			call := e.doing(req, "of Do")
			given := e.doing(req, "given up")
			e.Blocked(call, given)
			e.Cancel(given)
			e.Send(req, "of Send")
			e.Close(req, "of Send")
			e.Failed(call, mq.ErrClosed)
			require.EqualValues(t, 2, req.Stats().Dropped)
		},
	},
	{
		ID: "MQ-CTX-01", Pattern: "Do",
		Shall: "fail with the error of a context that is done, also if a server waits, and ask nothing; and with an error for a nil context",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			request := e.Receiving(rep)
			e.Blocked(request)
			gone, cancel := context.WithCancel(e.ctx)
			cancel()
			var none context.Context
			for range 3 {
				m, err := req.Do(gone, mq.Text("never"))
				requireError(t, err, context.Canceled, "do", "")
				require.Equal(t, mq.Message{}, m)
				m, err = req.Do(none, mq.Text("never"))
				requireError(t, err, fs.ErrInvalid, "do", "")
				require.Equal(t, mq.Message{}, m)
			}
			e.Blocked(request)
			require.Zero(t, req.Stats().Sent)
			call := e.doing(req, "q")
			require.Equal(t, "q", e.Returned(request))
			e.Send(rep, "r")
			require.Equal(t, "r", e.Returned(call))
		},
	},
	{
		ID: "MQ-STAT-01", Pattern: "Do",
		Shall: "count in Stats as Send and Recv do, on both sides, and a reply that nobody awaits as none",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			for n := range uint64(3) {
				call := e.doing(req, "q")
				e.answer(rep, "q", "r")
				e.Returned(call)
				for _, s := range []mq.Socket{req, rep} {
					got := s.Stats()
					require.Equal(t, []uint64{n + 1, n + 1}, []uint64{got.Sent, got.Received})
				}
			}
			given := e.doing(req, "q")
			e.Gets(rep, "q")
			e.Cancel(given)
			e.Send(rep, "late")
			e.Settle()
			got := req.Stats()
			require.Equal(t, []uint64{4, 3}, []uint64{got.Sent, got.Received})
			require.Zero(t, got.Queued+got.Pending)
		},
	},
}
