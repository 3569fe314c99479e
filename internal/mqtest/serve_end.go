// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// serveEndLaws are about how Serve begins and ends.
var serveEndLaws = []Law{
	{
		ID: "MQ-SRV-02 MQ-CTX-02", Pattern: "Serve",
		Shall: "end with its context: it receives no more, lets handlers finish, whose replies arrive, and returns the error of the context",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			for range 3 {
				h, serving := e.serving(rep)
				calls := []*Call{e.doing(req, "0"), e.doing(req, "1")}
				h.works("0", "1")
				serving.cancel()
				e.Blocked(append(calls, serving)...)
				late := e.doing(req, "late")
				e.Blocked(late)
				h.may("0")
				require.Equal(t, "re 0", e.Returned(calls[0]))
				e.Blocked(serving, late)
				h.may("1")
				e.Failed(serving, context.Canceled)
				requireError(t, serving.err, context.Canceled, "serve", "")
				require.Equal(t, "re 1", e.Returned(calls[1]))
				require.Zero(t, h.ended, "the context of a handler does not end with that of Serve")
				e.Blocked(late)
				e.answer(rep, "late", "by Recv and Send") // REP is a REP again
				require.Equal(t, "by Recv and Send", e.Returned(late))
			}
		},
	},
	{
		ID: "MQ-SRV-03 MQ-CLOSE-01", Pattern: "Serve",
		Shall: "end with ErrClosed when the socket closes, which ends the contexts of its handlers, and wait for these",
		Run: func(t *testing.T, e *Env) {
			for _, n := range []int{0, 2} { // handlers at work
				req, rep := e.Req(), e.Rep()
				e.Link(rep, req)
				h, serving := e.serving(rep)
				e.Blocked(serving)
				for _, x := range numbers(n) {
					e.doing(req, x)
				}
				h.works(numbers(n)...)
				e.Close(rep)
				e.Failed(serving, mq.ErrClosed)
				requireError(t, serving.err, mq.ErrClosed, "serve", "")
				require.Equal(t, n, h.ended)
				requireError(t, rep.Serve(e.ctx, h.handle), mq.ErrClosed, "serve", "")
			}
		},
	},
	{
		ID: "MQ-SRV-03", Pattern: "Serve",
		Shall: "end when one of its handlers closes the socket, and wait for a handler that does not heed its context",
		Run: func(t *testing.T, e *Env) {
			req, rep, may := e.Req(), e.Rep(), make(chan struct{})
			e.Link(rep, req)
			serving := e.Go("Serve", func(ctx context.Context) (m mq.Message, err error) {
				return m, rep.Serve(ctx, func(ctx context.Context, m mq.Message) (mq.Message, error) {
					err := rep.Close()
					<-may
					return m, err
				})
			})
			e.Failed(e.doing(req, "q"), mq.ErrPeerGone)
			e.Blocked(serving)
			close(may)
			e.Failed(serving, mq.ErrClosed)
		},
	},
	{
		ID: "MQ-SRV-04", Pattern: "Serve",
		Shall: "give handlers the values of its context, and neither its end nor its deadline",
		Run: func(t *testing.T, e *Env) {
			type key struct{}
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			serving := e.Go("Serve", func(ctx context.Context) (m mq.Message, err error) {
				ctx, cancel := context.WithTimeout(context.WithValue(ctx, key{}, "value"), time.Hour)
				defer cancel()
				return m, rep.Serve(ctx, func(ctx context.Context, m mq.Message) (mq.Message, error) {
					_, deadline := ctx.Deadline()
					return mq.Text(fmt.Sprint(ctx.Value(key{}), " ", deadline)), nil
				})
			})
			e.does(req, "q", "value false")
			e.Cancel(serving)
		},
	},
	{
		ID: "A-REP-03 D-REQ-01", Pattern: "Serve",
		Shall: "make Recv, Send and a second Serve ErrState while it runs, and be that itself out of turn",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			again := func() {
				t.Helper()
				requireError(t, rep.Serve(e.ctx, func(context.Context, mq.Message) (m mq.Message, err error) { return }), mq.ErrState, "serve", "")
			}
			h, serving := e.serving(rep)
			e.Blocked(serving)
			call := e.doing(req, "q")
			for _, at := range [][]string{{"q"}, nil} {
				h.works(at...)
				e.outOfTurn(rep, "recv")
				e.outOfTurn(rep, "send")
				again()
				h.may(at...)
			}
			require.Equal(t, "re q", e.Returned(call))
			e.Cancel(serving)
			request := e.Receiving(rep)
			e.Blocked(request)
			again()
			e.Send(req, "turn")
			require.Equal(t, "turn", e.Returned(request))
			again()
			e.Send(rep, "r")
			e.Gets(req, "r")
		},
	},
	{
		ID: "MQ-CTX-01", Pattern: "Serve",
		Shall: "return at once for a context that is done, and handle nothing; a nil context is an error, and no handler a panic",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			e.Send(req, "q")
			e.Settle()
			never := func(context.Context, mq.Message) (m mq.Message, err error) {
				t.Error("a request was handled")
				return m, err
			}
			gone, cancel := context.WithCancel(e.ctx)
			cancel()
			var none context.Context
			for range 3 {
				requireError(t, rep.Serve(gone, never), context.Canceled, "serve", "")
				requireError(t, rep.Serve(none, never), fs.ErrInvalid, "serve", "")
				require.Panics(t, func() { rep.Serve(e.ctx, nil) })
			}
			e.answer(rep, "q", "r")
			e.Gets(req, "r")
		},
	},
}
