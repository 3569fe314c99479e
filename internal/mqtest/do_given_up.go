// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// doGivenUpLaws are about the end of the context of a Do.
var doGivenUpLaws = []Law{
	{
		ID: "D-REQ-02 D-REQ-03 D-REQ-05", Pattern: "Do",
		Shall:   "give up one request when its context ends, and no other; a late reply is dropped and never taken for another's",
		Departs: relaxed,
		Run: func(t *testing.T, e *Env) {
			req, one, two := e.Req(), e.desk(), e.desk()
			e.Link(one, req)
			old, stays := e.doing(req, "old"), e.doing(req, "stays")
			one.gets("old")
			one.gets("stays")
			e.Cancel(old)
			requireError(t, old.err, context.Canceled, "do", "")
			e.Blocked(stays)
			e.Link(two, req)
			one.answers("old", "old")
			e.Settle()
			e.Blocked(stays)
			next := e.doing(req, "next")
			e.Blocked(next)
			one.answers("old")
			e.Blocked(next, stays)
			require.Zero(t, req.Stats().Received)
			e.answered("next", one, two)
			require.Equal(t, "re next", e.Returned(next))
			one.answers("stays")
			require.Equal(t, "re stays", e.Returned(stays))
			require.Equal(t, 2, req.Stats().Peers)
		},
	},
	{
		ID: "D-REQ-02 D-REQ-09", Pattern: "Do",
		Shall:   "leave the server unharmed when it gives up, and be served by it again",
		Departs: relaxed,
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			for _, x := range numbers(5) {
				call := e.doing(req, "given up "+x)
				e.Gets(rep, "given up "+x)
				e.Cancel(call)
				e.Send(rep, "late")
				next := e.doing(req, x)
				e.answer(rep, x, "re "+x)
				require.Equal(t, "re "+x, e.Returned(next))
			}
			if e.scheme.Inproc { // over a network the server does not know
				e.dropped(5, rep)
			}
		},
	},
	{
		ID: "A-REQ-08 D-REQ-02", Pattern: "Do",
		Shall:   "not have a request seen by a server that comes after it was given up",
		Departs: relaxed,
		Run: func(t *testing.T, e *Env) {
			for _, server := range []string{"REP", "ROUTER"} {
				req, s := e.Req(mq.WithSendHWM(3)), e.New(server)
				var given []*Call
				for range 5 { // two of them are not even queued
					given = append(given, e.doing(req, "given up"))
				}
				e.Blocked(given...)
				e.Cancel(given...)
				late := e.doing(req, "late")
				e.Blocked(late)
				e.startEchoAt(e.Addr(), s)
				e.Connect(s.Addr(), req)
				require.Equal(t, "late", e.Returned(late))
				require.EqualValues(t, 1, s.Stats().Received)
			}
		},
	},
	{
		ID: "MQ-CTX-03", Pattern: "Do",
		Shall: "end with the reply or the error of its context when that ends just as the reply comes, and leave nothing of it to the next",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			e.manyTimes(func(i int) {
				call := e.doing(req, "old")
				e.Gets(rep, "old")
				answering := e.Go("Send", func(ctx context.Context) (m mq.Message, err error) {
					return m, rep.Send(ctx, mq.Text("re old"))
				})
				dither(i)
				call.cancel()
				e.Returned(answering)
				require.True(t, e.finished(call))
				if call.err != nil {
					e.Failed(call, context.Canceled)
				} else {
					require.Equal(t, "re old", text(call.msg))
				}
				next := e.doing(req, "new")
				e.answer(rep, "new", "re new")
				require.Equal(t, "re new", e.Returned(next))
			})
		},
	},
}
