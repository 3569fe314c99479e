// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// operations are what can be done with a socket and answers with an error. Those
// of the wrong direction are missing: they are unsupported, closed or not.
func operations(s mq.Socket, kind string) map[string]func(ctx context.Context) error {
	const addr = "inproc://somewhere"
	ops := map[string]func(ctx context.Context) error{
		"send":           func(ctx context.Context) error { return s.Send(ctx, mq.Text("x")) },
		"recv":           func(ctx context.Context) error { _, err := s.Recv(ctx); return err },
		"wait for peers": func(ctx context.Context) error { return s.WaitPeers(ctx, 1) },
		"bind":           func(context.Context) error { return s.Bind(addr) },
		"connect":        func(context.Context) error { return s.Connect(addr) },
		"unbind":         func(context.Context) error { return s.Unbind(addr) },
		"disconnect":     func(context.Context) error { return s.Disconnect(addr) },
	}
	switch s := s.(type) {
	case mq.Pub:
		ops["wait for subscribers"] = func(ctx context.Context) error { return s.WaitSubscribers(ctx, "", 1) }
	case mq.Sub:
		ops["subscribe"] = func(context.Context) error { return s.Subscribe("") }
		ops["unsubscribe"] = func(context.Context) error { return s.Unsubscribe("") }
	}
	switch kind {
	case "PUB", "PUSH":
		delete(ops, "recv")
	case "SUB", "PULL":
		delete(ops, "send")
	}
	return ops
}

// isWith reports whether an operation has an address, for its error to name.
func isWith(op string) bool {
	return op == "bind" || op == "connect" || op == "unbind" || op == "disconnect"
}

// everyBlockedCall are calls of all kinds that wait on sockets without peers, and
// the sockets.
func everyBlockedCall(e *Env) (sockets []mq.Socket, calls []*Call) {
	for _, kind := range kinds {
		s := e.New(kind, mq.WithSendHWM(1))
		sockets = append(sockets, s)
		for op, f := range operations(s, kind) {
			call := func(ctx context.Context) (m mq.Message, err error) { return m, f(ctx) }
			switch {
			case op == "send" && (kind == "PUSH" || kind == "PAIR" || kind == "DEALER"):
				e.Send(s, "fills the queue")
				calls = append(calls, e.Go(kind+" "+op, call), e.Go(kind+" "+op, call))
			case op == "recv" && kind == "REQ":
				e.Send(s, "question")
				calls = append(calls, e.Go(kind+" "+op, call))
			case op == "recv" && kind == "REP", op == "wait for peers", op == "wait for subscribers":
				calls = append(calls, e.Go(kind+" "+op, call))
			case op == "recv":
				calls = append(calls, e.Go(kind+" "+op, call), e.Go(kind+" "+op, call))
			}
		}
	}
	e.Blocked(calls...)
	return sockets, calls
}

// closingLaws are about Close, as the one who closes and its calls see it.
var closingLaws = []Law{
	{
		ID: "MQ-CLOSE-01", Pattern: "ALL",
		Shall: "wake every blocked call with ErrClosed when the socket closes",
		Run: func(t *testing.T, e *Env) {
			sockets, calls := everyBlockedCall(e)
			for _, s := range sockets {
				rest(t, s.Close())
			}
			for _, c := range calls {
				e.Failed(c, mq.ErrClosed)
				_, op, _ := strings.Cut(c.what, " ")
				requireError(t, c.err, mq.ErrClosed, op, "")
			}
		},
	},
	{
		ID: "MQ-CLOSE-01", Pattern: "ALL",
		Shall: "wake calls that are blocked in spite of a peer, on both sides",
		Run: func(t *testing.T, e *Env) {
			for _, l := range lanes {
				for _, fromCloses := range []bool{true, false} {
					from, to := l.open(e)
					receiving := e.Receiving(to)
					e.Blocked(receiving)
					closes := to
					if fromCloses {
						closes = from
					}
					e.Close(closes)
					switch {
					case !fromCloses:
						e.Failed(receiving, mq.ErrClosed)
					case l.to == "REQ":
						e.Failed(receiving, mq.ErrPeerGone)
					default:
						e.Blocked(receiving) // another peer may come
						e.Close(to)
						e.Failed(receiving, mq.ErrClosed)
					}
				}
			}
		},
	},
	{
		ID: "MQ-CLOSE-02", Pattern: "ALL",
		Shall: "fail every method after Close with ErrClosed, and Close itself with nothing",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range kinds {
				s := e.New(kind)
				e.Link(s, e.New(other(kind)))
				e.Connect("inproc://somewhere", e.New(kind)) // nothing to do with s
				e.Close(s)
				for op, f := range operations(s, kind) {
					addr := ""
					if isWith(op) {
						addr = "inproc://somewhere"
					}
					requireError(t, f(e.ctx), mq.ErrClosed, op, addr)
				}
				require.NoError(t, s.Close())
				require.Equal(t, "", s.Addr())
				require.Equal(t, 0, s.Stats().Peers)
			}
		},
	},
	{
		ID: "MQ-CLOSE-03", Pattern: "ALL",
		Shall: "hand back what was undelivered to one Close only, however many there are, one after the other or at once",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"PUSH", "PAIR", "REQ", "DEALER"} {
				e.Close(e.New(kind)) // if time passed, Closes that wait for each other would hang the bubble
				s := e.New(kind)
				e.Send(s, "x")
				var calls []*Call
				for range 8 {
					calls = append(calls, e.Go("Close", func(context.Context) (m mq.Message, err error) { return m, s.Close() }))
				}
				var got []string
				for _, c := range calls {
					require.True(t, e.finished(c))
					got = append(got, rest(t, c.err)...)
				}
				require.Equal(t, []string{"x"}, got)
				require.NoError(t, s.Close())
			}
		},
	},
	{
		ID: "D-LNG-01 D-LNG-02 MQ-CLOSE-04", Pattern: "ALL",
		Shall:   "not wait in Close in-process, whatever the linger, with or without a peer that could take what is queued",
		Departs: "libzmq lingers for ever unless told otherwise; here a queue outlives its socket, and needs no linger",
		Only:    "over a network Close waits for the peer, up to the linger",
		Run: func(t *testing.T, e *Env) {
			for _, l := range lanes {
				from, to := l.open(e, mq.WithLinger(time.Hour))
				e.Send(from, "x")
				e.Close(from) // would fail if time passed
				e.Gets(to, "x")
				e.Close(to)
			}
			push := e.Push(mq.WithLinger(time.Hour))
			e.Connect(e.Addr(), push)
			e.Send(push, "x")
			e.Close(push, "x")
		},
	},
	{
		ID: "D-INP-03", Pattern: "ALL",
		Shall: "be able to close while it seeks a name that is never bound",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range kinds {
				s, addr := e.New(kind), e.Addr()
				e.Connect(addr, s, e.New(kind))
				e.Connect(e.Addr(), s)
				e.Close(s)
				e.Bind(e.New(kind), e.Addr())
			}
			require.NoError(t, e.runtime.Close())
		},
	},
	{
		ID: "D-LNG-03 D-LNG-04 D-BLK-10 MQ-CLOSE-05", Pattern: "ALL",
		Shall: "close with its Runtime, which wakes every blocked call and hands back all that is undelivered at once",
		Run: func(t *testing.T, e *Env) {
			sockets, calls := everyBlockedCall(e)
			err := e.runtime.Close()
			require.ElementsMatch(t, []string{"fills the queue", "fills the queue", "fills the queue", "question"}, rest(t, err))
			requireError(t, err, err, "close runtime", "")
			for _, c := range calls {
				e.Failed(c, mq.ErrClosed)
			}
			for _, s := range sockets {
				require.NoError(t, s.Close())
			}
			require.NoError(t, e.runtime.Close())
		},
	},
	{
		ID: "D-LNG-06 MQ-CLOSE-05", Pattern: "ALL",
		Shall: "be closed from the start if its Runtime is closed",
		Run: func(t *testing.T, e *Env) {
			require.NoError(t, e.runtime.Close())
			for _, kind := range kinds {
				s := e.New(kind)
				for op, f := range operations(s, kind) {
					require.ErrorIs(t, f(e.ctx), mq.ErrClosed, "%s %s", kind, op)
				}
				require.NoError(t, s.Close())
			}
		},
	},
	{
		ID: "D-LNG-05", Pattern: "ALL",
		Shall: "close cleanly in any number while connecting, and while the peer closes too",
		Run: func(t *testing.T, e *Env) {
			for _, c := range couples {
				e.Close(e.New(c.from)) // as above
				for range 5 {
					hub, addr := e.New(c.from), e.Addr()
					var calls []*Call
					for range 16 {
						s := e.New(c.to)
						calls = append(calls, e.Go("Connect and Close", func(context.Context) (m mq.Message, err error) {
							err = s.Connect(addr)
							if errors.Is(err, mq.ErrPeerBusy) { // one of many PAIRs gets in
								err = nil
							}
							return m, errors.Join(err, s.Close())
						}))
					}
					calls = append(calls, e.Go("Bind and Close", func(context.Context) (m mq.Message, err error) {
						return m, errors.Join(hub.Bind(addr), hub.Close())
					}))
					for _, call := range calls {
						e.Returned(call)
					}
				}
			}
		},
	},
}
