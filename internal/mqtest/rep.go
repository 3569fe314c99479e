// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// repLaws are about the server.
var repLaws = []Law{
	{
		ID: "A-REP-03 A-REP-08 D-REQ-01", Pattern: "REP",
		Shall: "receive and send in turn: a call out of turn is ErrState at once and changes nothing",
		Run: func(t *testing.T, e *Env) {
			req, other, rep := e.Req(), e.Req(), e.Rep()
			e.outOfTurn(rep, "send")
			e.Link(rep, req, other)
			for range 3 {
				e.outOfTurn(rep, "send")
				e.outOfTurn(rep, "send")
				e.Send(req, "q")
				e.Gets(rep, "q")
				e.Send(other, "waits")
				e.outOfTurn(rep, "recv")
				e.Send(rep, "r")
				e.Gets(req, "r")
				e.outOfTurn(rep, "send")
				e.answer(rep, "waits", "served")
				e.Gets(other, "served")
			}
		},
	},
	{
		ID: "A-REP-03", Pattern: "REP",
		Shall: "answer a second Recv, and a Send, while a Recv is blocked with ErrState, and not harm the first",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			first := e.Receiving(rep)
			e.Blocked(first)
			e.outOfTurn(rep, "recv")
			e.outOfTurn(rep, "send")
			e.Send(req, "q")
			require.Equal(t, "q", e.Returned(first))
			e.Send(rep, "r")
			e.Gets(req, "r")
		},
	},
	{
		ID: "MQ-CTX-04", Pattern: "REP",
		Shall: "stay where it is in its turn when a Send or Recv ends with its context",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			gone, cancel := context.WithCancel(e.ctx)
			cancel()
			e.Empty(rep)
			e.outOfTurn(rep, "send")
			e.Send(req, "q")
			_, err := rep.Recv(gone)
			require.ErrorIs(t, err, context.Canceled)
			e.outOfTurn(rep, "send")
			e.Gets(rep, "q")
			require.ErrorIs(t, rep.Send(gone, mq.Text("never sent")), context.Canceled)
			e.outOfTurn(rep, "recv")
			e.Send(rep, "r")
			e.Gets(req, "r")
		},
	},
	{
		ID: "A-REP-01 A-REP-05", Pattern: "REP",
		Shall: "take requests from its peers in turn",
		Run: func(t *testing.T, e *Env) {
			reqs, rep := make([]mq.Socket, 5), e.Rep()
			for i := range reqs {
				reqs[i] = e.Req()
			}
			e.Link(rep, reqs...)
			for range 3 {
				for i, req := range reqs {
					e.Send(req, fmt.Sprint(i))
					e.waiting(rep, i+1)
				}
				for i, req := range reqs {
					e.answer(rep, fmt.Sprint(i), "r")
					e.Gets(req, "r")
					e.Send(req, "again") // has to wait for the others
				}
				for range reqs { // in the order in which they have arrived
					e.answer(rep, "again", "r")
				}
				for _, req := range reqs {
					e.Gets(req, "r")
				}
				e.Empty(rep)
			}
		},
	},
	{
		ID: "A-REP-10", Pattern: "REP",
		Shall: "send its reply to the one who asked and to nobody else",
		Run: func(t *testing.T, e *Env) {
			reqs, rep := []mq.Socket{e.Req(), e.Req(), e.Req()}, e.Rep()
			e.Link(rep, reqs...)
			var waiting []*Call
			for i, req := range reqs {
				e.Send(req, fmt.Sprint(i))
				e.waiting(rep, i+1)
				waiting = append(waiting, e.Receiving(req))
			}
			for i := range reqs {
				e.Blocked(waiting[i:]...)
				e.answer(rep, fmt.Sprint(i), fmt.Sprint("re ", i))
				require.Equal(t, fmt.Sprint("re ", i), e.Returned(waiting[i]))
			}
		},
	},
	{
		ID: "A-REP-11 D-REQ-09", Pattern: "REP",
		Shall: "drop and count the reply to an asker that has gone, without an error, and serve the next",
		Run: func(t *testing.T, e *Env) {
			for _, leave := range []func(req mq.Socket, rep mq.Rep, addr string) error{
				func(req mq.Socket, _ mq.Rep, _ string) error { return req.Close() },
				func(req mq.Socket, _ mq.Rep, addr string) error { return req.Disconnect(addr) },
			} {
				goes, stays, rep := e.Req(), e.Req(), e.Rep()
				addr := e.Link(rep, goes, stays)
				e.Send(goes, "q")
				e.Gets(rep, "q")
				require.NoError(t, leave(goes, rep, addr))
				e.Peers(rep, 1)
				e.Send(rep, "for nobody")
				e.dropped(1, rep)
				e.ask(stays, rep, "next")
			}
		},
	},
	{
		ID: "A-REP-11 MQ-STAT-05", Pattern: "REP",
		Shall: "count the reply that the asker had not received when it closed as dropped",
		Only:  "over a network the server does not know what has been received",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			e.Send(req, "q")
			e.answer(rep, "q", "r")
			e.dropped(0, rep)
			e.Close(req)
			e.dropped(1, rep)
		},
	},
	{
		ID: "A-REP-12 D-HWM-09", Pattern: "REP",
		Shall: "never block in Send, though no asker receives",
		Run: func(t *testing.T, e *Env) {
			rep := e.Rep(mq.WithSendHWM(1))
			addr := e.Bind(rep)
			reqs := make([]mq.Req, 20)
			for i := range reqs {
				reqs[i] = e.Req(mq.WithRecvHWM(1))
				e.Connect(addr, reqs[i])
				e.Send(reqs[i], "q")
				e.answer(rep, "q", "r")
			}
			for _, req := range reqs {
				e.Gets(req, "r")
			}
		},
	},
	{
		ID: "A-REQ-01 A-REP-01 A-REP-10 A-ALL-06", Pattern: "REQ and REP",
		Shall: "bring each of many clients its own replies, with many servers at work at once",
		Run: func(t *testing.T, e *Env) {
			const rounds = 50
			addrs, clients := make([]string, 3), make([]*Call, 8)
			for i := range addrs {
				rep := e.Rep()
				addrs[i] = e.Bind(rep)
				e.Go("server", func(ctx context.Context) (mq.Message, error) { return serve(ctx, rep) })
			}
			for i := range clients {
				req := e.Req()
				for _, addr := range addrs {
					e.Connect(addr, req)
				}
				clients[i] = e.Go("client", func(ctx context.Context) (m mq.Message, err error) {
					for n := 0; n < rounds && err == nil; n++ {
						err = roundTrip(ctx, req, fmt.Sprint(i, " ", n))
					}
					return m, err
				})
			}
			for _, c := range clients {
				e.Returned(c)
			}
		},
	},
}

// serve answers requests with themselves.
func serve(ctx context.Context, rep mq.Rep) (mq.Message, error) {
	for {
		m, err := rep.Recv(ctx)
		if err == nil {
			err = rep.Send(ctx, m)
		}
		if err != nil {
			return m, err
		}
	}
}

// roundTrip wants a request to come back as it is.
func roundTrip(ctx context.Context, req mq.Req, want string) error {
	if err := req.Send(ctx, mq.Text(want)); err != nil {
		return err
	}
	m, err := req.Recv(ctx)
	if err == nil && text(m) != want {
		err = errors.New("asked " + want + ", was answered " + text(m))
	}
	return err
}
