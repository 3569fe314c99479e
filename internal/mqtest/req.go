// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// answer lets a REP receive the request want and send a reply to it.
func (e *Env) answer(rep mq.Rep, want, reply string) {
	e.t.Helper()
	e.Gets(rep, want)
	e.Send(rep, reply)
}

// ask does one round trip.
func (e *Env) ask(req mq.Req, rep mq.Rep, text string) {
	e.t.Helper()
	e.Send(req, text)
	e.answer(rep, text, "re "+text)
	e.Gets(req, "re "+text)
}

// outOfTurn wants Send, or Recv, to fail for that reason at once.
func (e *Env) outOfTurn(s mq.Socket, op string) {
	e.t.Helper()
	var err error
	if op == "send" {
		err = s.Send(e.ctx, mq.Text("out of turn"))
	} else {
		_, err = s.Recv(e.ctx)
	}
	requireError(e.t, err, mq.ErrState, op, "")
}

// reqLaws are about the client.
var reqLaws = []Law{
	{
		ID: "A-REQ-02 D-REQ-01", Pattern: "REQ",
		Shall: "send and receive in turn: a call out of turn is ErrState at once and changes nothing",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.outOfTurn(req, "recv")
			e.Link(rep, req)
			for range 3 {
				e.outOfTurn(req, "recv")
				e.outOfTurn(req, "recv")
				e.Send(req, "q")
				e.outOfTurn(req, "send")
				e.Gets(rep, "q")
				e.outOfTurn(req, "send")
				e.Send(rep, "r")
				e.outOfTurn(req, "send")
				e.Gets(req, "r")
			}
			e.Empty(rep) // what was sent out of turn did not go out
		},
	},
	{
		ID: "A-REQ-02", Pattern: "REQ",
		Shall: "answer a second Recv at the same time with ErrState, and not harm the first",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			e.Send(req, "q")
			first := e.Receiving(req)
			e.Blocked(first)
			e.outOfTurn(req, "recv")
			e.outOfTurn(req, "send")
			e.answer(rep, "q", "r")
			require.Equal(t, "r", e.Returned(first))
		},
	},
	{
		ID: "MQ-CTX-04", Pattern: "REQ",
		Shall: "stay where it is in its turn when a Send or Recv ends with its context",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			gone, cancel := context.WithCancel(e.ctx)
			cancel()
			require.ErrorIs(t, req.Send(gone, mq.Text("never sent")), context.Canceled)
			e.outOfTurn(req, "recv")
			e.Send(req, "q")
			e.Empty(req)
			_, err := req.Recv(gone)
			require.ErrorIs(t, err, context.Canceled)
			e.outOfTurn(req, "send")
			e.Gets(rep, "q")
			e.Empty(req)
			e.Send(rep, "r")
			_, err = req.Recv(gone)
			require.ErrorIs(t, err, context.Canceled)
			e.Gets(req, "r")
			e.ask(req, rep, "next")
		},
	},
	{
		ID: "A-REQ-01 A-REQ-06", Pattern: "REQ",
		Shall: "ask servers that are all waiting in turn",
		Run: func(t *testing.T, e *Env) {
			req, reps := e.Req(), make([]mq.Rep, 3)
			waiting := make([]*Call, len(reps))
			for i := range reps {
				reps[i] = e.Rep()
				e.Link(reps[i], req)
				waiting[i] = e.Receiving(reps[i])
				e.Blocked(waiting[i])
			}
			for n := range 3 * len(reps) {
				i := n % len(reps)
				e.Send(req, "q")
				require.Equal(t, "q", e.Returned(waiting[i]))
				e.Send(reps[i], fmt.Sprint("r", i))
				e.Gets(req, fmt.Sprint("r", i))
				waiting[i] = e.Receiving(reps[i])
				e.Blocked(waiting...)
			}
		},
	},
	{
		ID: "A-REQ-06", Pattern: "REQ",
		Shall:   "have its request answered by a server that is free, while others are not there for it",
		Departs: "28/REQREP picks the server before one is ready; a request waits for no server that is busy while another is free",
		Only:    "over a network a connection takes a window of messages ahead",
		Run: func(t *testing.T, e *Env) {
			req, busy, free := e.Req(), e.Rep(), e.Rep()
			e.Link(busy, req)
			e.Link(free, req)
			for _, x := range numbers(10) {
				e.ask(req, free, x)
			}
			e.Empty(busy)
		},
	},
	{
		ID: "A-REQ-07 A-REQ-08 D-BLK-01 D-BLK-02 D-INP-02", Pattern: "REQ",
		Shall:   "take a request without a server, and keep it for the first that comes; only Recv waits for the server",
		Departs: "28/REQREP has Send block or fail; a request waits in the socket's own queue, whoever binds, connects and when",
		Run: func(t *testing.T, e *Env) {
			for _, connectFirst := range []bool{true, false} {
				req, rep, addr := e.Req(mq.WithSendHWM(1)), e.Rep(), e.Addr()
				if connectFirst {
					e.Connect(addr, req)
				}
				e.Send(req, "q")
				reply := e.Receiving(req)
				e.Blocked(reply)
				e.Bind(rep, addr)
				if !connectFirst {
					e.Connect(addr, req)
				}
				e.answer(rep, "q", "r")
				require.Equal(t, "r", e.Returned(reply))
			}
		},
	},
	{
		ID: "A-REQ-08", Pattern: "REQ",
		Shall:   "keep a request that its server had not received when it went for the next server",
		Departs: "in libzmq the request is lost with the server's queue",
		Only:    "over a network a request goes out at once, and nobody knows whether it was received",
		Run: func(t *testing.T, e *Env) {
			req, first, second := e.Req(), e.Rep(), e.Rep()
			addr := e.Link(first, req)
			e.Send(req, "q")
			reply := e.Receiving(req)
			e.Close(first)
			e.Blocked(reply)
			e.Bind(second, addr)
			e.answer(second, "q", "r")
			require.Equal(t, "r", e.Returned(reply))
		},
	},
	{
		ID: "A-REQ-09 A-REQ-10", Pattern: "REQ",
		Shall: "take no reply but that of the server it asked last, to the request it sent last",
		Run: func(t *testing.T, e *Env) {
			req, late, rep := e.Req(), e.Rep(), e.Rep()
			addr := e.Link(late, req)
			e.Send(req, "old")
			e.Gets(late, "old")
			require.NoError(t, req.Disconnect(addr))
			e.Failed(e.Receiving(req), mq.ErrPeerGone)
			e.Link(rep, req)
			e.Send(req, "new")
			e.Connect(addr, req) // the late one is a peer again
			e.Peers(req, 2)
			e.Send(late, "re old")
			e.Settle()
			e.Empty(req)
			e.answer(rep, "new", "re new")
			e.Gets(req, "re new")
			e.outOfTurn(req, "recv")
		},
	},
}
