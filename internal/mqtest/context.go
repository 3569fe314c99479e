// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// contextLaws are about the end of the context of a call.
func contextLaws() []Law {
	var laws []Law
	laws = append(laws, overLanes(Law{
		ID:    "MQ-CTX-01",
		Shall: "fail with the error of a context that is done, also if it could send or receive at once, and move nothing",
	}, anyLane, failWhenDone)...)
	laws = append(laws, overLanes(Law{
		ID:    "MQ-CTX-02",
		Shall: "leave a Recv that is cancelled without a message and the socket unharmed",
	}, anyLane, cancelRecv)...)
	laws = append(laws, overLanes(Law{
		ID:    "MQ-CTX-02 A-PAIR-11 A-PSH-12",
		Shall: "leave a message whose Send was cancelled at the bound out of the queue, and the socket unharmed",
		Only:  exact,
	}, func(l lane) bool { return l.blocks }, cancelSend)...)
	laws = append(laws, overLanes(Law{
		ID:    "MQ-CTX-03",
		Shall: "move a message whole or not at all when the call is cancelled at that moment",
	}, burstLane, cancelMeanwhile)...)
	return append(laws, contextLawsOfAll...)
}

func failWhenDone(t *testing.T, e *Env, l lane) {
	cancelled, cancel := context.WithCancel(e.ctx)
	cancel()
	expired, cancel := context.WithDeadline(e.ctx, time.Now().Add(-time.Second))
	defer cancel()
	cause := errors.New("cause")
	caused, cancelWith := context.WithCancelCause(e.ctx)
	cancelWith(cause)
	for _, ctx := range []context.Context{cancelled, expired, caused} {
		from, to := l.open(e)
		requireError(t, from.Send(ctx, mq.Text("never")), ctx.Err(), "send", "")
		e.Send(from, "x")
		e.Settle()
		m, err := to.Recv(ctx)
		requireError(t, err, ctx.Err(), "recv", "")
		require.Equal(t, mq.Message{}, m)
		e.Gets(to, "x")
		if l.to != "REQ" && l.to != "REP" {
			e.Empty(to)
		}
		require.ErrorIs(t, to.WaitPeers(ctx, 0), ctx.Err())
	}
}

func cancelRecv(t *testing.T, e *Env, l lane) {
	from, to := l.open(e)
	for range 3 {
		c := e.Receiving(to)
		e.Blocked(c)
		e.Cancel(c)
		requireError(t, c.err, context.Canceled, "recv", "")
		require.Equal(t, mq.Message{}, c.msg)
	}
	e.Send(from, "x", "y")
	e.Gets(to, "x|y")
}

func cancelSend(t *testing.T, e *Env, l lane) {
	from, to := l.open(e, mq.WithSendHWM(2), mq.WithRecvHWM(1))
	bound := 3
	if l.from == "PUSH" || l.from == "DEALER" {
		bound = 2
	}
	e.SendAll(from, numbers(bound)...)
	never, after := e.Sending(from, "never"), (*Call)(nil)
	e.Blocked(never)
	after = e.Sending(from, "after")
	e.Blocked(after)
	e.Cancel(never)
	requireError(t, never.err, context.Canceled, "send", "")
	e.Blocked(after)
	e.Gets(to, append(numbers(bound), "after")...)
	e.Returned(after)
	e.Empty(to)
	e.Holds(from, bound)
}

// cancelMeanwhile has a Recv cancelled while a message comes, many times. Either
// the Recv has it or it is there for the next.
func cancelMeanwhile(t *testing.T, e *Env, l lane) {
	from, to := l.open(e)
	e.manyTimes(func(i int) {
		c := e.Receiving(to)
		e.Blocked(c)
		meanwhile(i, func() { e.Send(from, "x", "y") }, c.cancel)
		require.True(t, e.finished(c))
		if c.err != nil {
			require.ErrorIs(t, c.err, context.Canceled)
			e.Gets(to, "x|y")
		} else {
			require.Equal(t, "x|y", text(c.msg))
		}
		e.Empty(to)
	})
}

var contextLawsOfAll = []Law{
	{
		ID: "MQ-CTX-03", Pattern: "PUSH",
		Shall: "have sent a message when Send returns nil, and not if it fails, though it is cancelled just when there is room",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			push, pull := e.Push(mq.WithSendHWM(1)), e.Pull()
			e.Link(push, pull)
			e.manyTimes(func(i int) {
				e.Send(push, "first")
				c, waits := e.Sending(push, "x"), (*Call)(nil)
				e.Blocked(c)
				waits = e.Sending(push, "waits")
				e.Blocked(waits)
				meanwhile(i, func() { e.Gets(pull, "first") }, c.cancel)
				require.True(t, e.finished(c))
				want := []string{"waits"}
				if c.err == nil {
					want = append(want, "x")
				}
				require.ElementsMatch(t, want, e.drain(pull))
				e.Returned(waits)
			})
		},
	},
	{
		ID: "MQ-CTX-05", Pattern: "ALL",
		Shall: "refuse a nil context with an error that is fs.ErrInvalid, and never panic",
		Run: func(t *testing.T, e *Env) {
			var none context.Context
			for _, kind := range kinds {
				s := e.New(kind)
				e.Link(s, e.New(other(kind)))
				for op, f := range operations(s, kind) {
					if !isWith(op) && op != "subscribe" && op != "unsubscribe" {
						requireError(t, f(none), fs.ErrInvalid, op, "")
					}
				}
				e.Close(s) // nothing was sent
			}
		},
	},
	{
		ID: "D-BLK-06 MQ-CTX-06", Pattern: "ALL",
		Shall: "end a blocked call at the deadline of its context, neither before nor long after",
		Run: func(t *testing.T, e *Env) {
			const limit = 250 * time.Millisecond
			for _, kind := range kinds {
				s := e.New(kind, mq.WithSendHWM(1))
				ops := operations(s, kind)
				switch kind {
				case "PUSH", "PAIR", "DEALER":
					e.Send(s, "fills the queue")
				case "REQ":
					e.Send(s, "question")
					delete(ops, "send")
				case "REP", "PUB", "XPUB", "XSUB", "ROUTER":
					delete(ops, "send") // does not block
				}
				for op, f := range ops {
					if isWith(op) || op == "subscribe" || op == "unsubscribe" {
						continue
					}
					start := time.Now()
					ctx, cancel := context.WithTimeout(e.ctx, limit)
					requireError(t, f(ctx), context.DeadlineExceeded, op, "")
					took := time.Since(start)
					cancel()
					if e.scheme.Inproc {
						require.Equal(t, limit, took, "%s %s", kind, op)
					} else {
						require.GreaterOrEqual(t, took, limit, "%s %s", kind, op)
					}
				}
			}
		},
	},
	{
		ID: "MQ-CTX-07", Pattern: "ALL",
		Shall: "wait as well with a context that can never end",
		Run: func(t *testing.T, e *Env) {
			for _, l := range lanes {
				from, to := l.open(e, mq.WithSendHWM(1), mq.WithRecvHWM(1))
				never := context.Background()
				receiving := e.Go("Recv", func(context.Context) (mq.Message, error) { return to.Recv(never) })
				e.Blocked(receiving)
				e.Send(from, "x")
				require.Equal(t, "x", e.Returned(receiving))
				if !l.blocks {
					continue
				}
				var calls []*Call
				for range 5 {
					calls = append(calls, e.Go("Send", func(context.Context) (m mq.Message, err error) {
						return m, from.Send(never, mq.Text("y"))
					}))
				}
				e.Gets(to, "y", "y", "y", "y", "y")
				for _, c := range calls {
					e.Returned(c)
				}
			}
		},
	},
}
