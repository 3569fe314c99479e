// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// leaves are the ways for a server to go. Whoever connects seeks it again, except after
// Disconnect; so where it makes a difference that a closing server may be found once
// more, REQ binds.
var leaves = []struct {
	how      string
	reqBinds bool
	leave    func(req mq.Req, server mq.Socket, addr string) error
}{
	{"server closes", true, func(_ mq.Req, server mq.Socket, _ string) error { return server.Close() }},
	{"server disconnects", true, func(_ mq.Req, server mq.Socket, addr string) error { return server.Disconnect(addr) }},
	{"req disconnects", false, func(req mq.Req, _ mq.Socket, addr string) error { return req.Disconnect(addr) }},
}

// linkAs links a REQ and a server, and returns the address.
func (e *Env) linkAs(reqBinds bool, req mq.Req, server mq.Socket) string {
	e.t.Helper()
	if reqBinds {
		return e.Link(req, server)
	}
	return e.Link(server, req)
}

// doLostLaws are about a server that goes.
var doLostLaws = []Law{
	{
		ID: "D-REQ-06", Pattern: "Do",
		Shall:   "end with ErrPeerGone at once when the server that has its request goes, while those that others have go on",
		Departs: "libzmq waits on for ever",
		Run: func(t *testing.T, e *Env) {
			for _, l := range leaves {
				req, goes, stays := e.Req(), e.desk(), e.desk()
				addr := e.linkAs(l.reqBinds, req, goes)
				lost := []*Call{e.doing(req, "0"), e.doing(req, "1"), e.doing(req, "2")}
				for _, x := range numbers(3) {
					goes.gets(x)
				}
				e.Link(stays, req)
				calls := map[string]*Call{}
				for _, x := range numbers(10, "of either ") {
					calls[x] = e.doing(req, x)
				}
				e.Eventually(func() bool { return len(goes.requests())+len(stays.requests()) == 13 }, "not all are asked")
				for _, x := range goes.requests() {
					if calls[x] != nil {
						lost = append(lost, calls[x])
					}
				}
				require.NoError(t, l.leave(req, goes, addr), l.how)
				for _, c := range lost {
					e.Failed(c, mq.ErrPeerGone)
					requireError(t, c.err, mq.ErrPeerGone, "do", "")
				}
				for _, x := range stays.requests() {
					e.Blocked(calls[x])
					stays.answers(x)
					require.Equal(t, "re "+x, e.Returned(calls[x]))
				}
				next := e.doing(req, "next")
				stays.answers("next")
				require.Equal(t, "re next", e.Returned(next))
			}
		},
	},
	{
		ID: "D-REQ-06", Pattern: "Do and Recv",
		Shall:   "both end with ErrPeerGone when the server that has both requests goes",
		Departs: "libzmq waits on for ever",
		Run: func(t *testing.T, e *Env) {
			for _, l := range leaves {
				req, goes, rep := e.Req(), e.desk(), e.Rep()
				addr := e.linkAs(l.reqBinds, req, goes)
				e.Send(req, "turn")
				call, reply := e.doing(req, "do"), e.Receiving(req)
				goes.gets("turn")
				goes.gets("do")
				e.Blocked(call, reply)
				require.NoError(t, l.leave(req, goes, addr), l.how)
				e.Failed(call, mq.ErrPeerGone)
				e.Failed(reply, mq.ErrPeerGone)
				e.Link(rep, req)
				e.ask(req, rep, "next")
			}
		},
	},
	{
		ID: "D-REQ-06", Pattern: "Do",
		Shall:   "send again, by WithRetry(n), to a server that comes, n times and no more, and then end with ErrPeerGone",
		Departs: "libzmq never sends again",
		Run: func(t *testing.T, e *Env) {
			for n := range 4 {
				req, call := e.Req(mq.WithRetry(n)), (*Call)(nil)
				for i := range n + 1 {
					rep := e.Rep()
					e.Link(req, rep)
					if i == 0 {
						call = e.doing(req, "q")
					}
					e.Gets(rep, "q")
					e.Blocked(call)
					e.Close(rep)
					e.Peers(req, 0)
				}
				e.Failed(call, mq.ErrPeerGone)
				require.EqualValues(t, n+1, req.Stats().Sent)
				rep := e.Rep()
				e.Link(rep, req)
				e.Empty(rep)
			}
		},
	},
	{
		ID: "D-REQ-06 A-REQ-08", Pattern: "Do",
		Shall:   "by WithRetry bring the reply of another server, at once if one is free, unless its context ends",
		Departs: "libzmq never sends again",
		Run: func(t *testing.T, e *Env) {
			for _, l := range leaves {
				req, goes := e.Req(mq.WithRetry(1)), e.desk()
				addr := e.linkAs(l.reqBinds, req, goes)
				call := e.doing(req, "q")
				goes.gets("q")
				e.Connect(e.startEcho(e.Rep()), req)
				e.Peers(req, 2)
				require.NoError(t, l.leave(req, goes, addr), l.how)
				require.Equal(t, "q", e.Returned(call))
			}
			req, goes, later := e.Req(mq.WithRetry(1)), e.desk(), e.Rep()
			e.Link(req, goes)
			call := e.doing(req, "q")
			goes.gets("q")
			e.Close(goes)
			e.Blocked(call)
			e.Cancel(call)
			e.Link(later, req)
			e.Empty(later)
		},
	},
	{
		ID: "D-REQ-06 A-REQ-09", Pattern: "Do",
		Shall:   "get the reply or ErrPeerGone when the two part just as the request is taken, or the reply is sent, and by WithRetry the reply of the other",
		Departs: "libzmq waits on for ever",
		Run: func(t *testing.T, e *Env) {
			addr := e.Addr()
			plain, again := e.Req(), e.Req(mq.WithRetry(1))
			e.Connect(addr, plain)
			e.manyTimes(func(i int) {
				rep := e.Rep()
				e.Bind(rep, addr)
				serving := e.Go("server", func(ctx context.Context) (mq.Message, error) { return echo(ctx, rep) })
				e.Peers(plain, 1)
				once := e.doing(plain, "q")
				dither(i)
				rep.Close()
				e.Failed(serving, mq.ErrClosed)
				other := e.Rep()
				e.Bind(other, addr)
				e.Go("server", func(ctx context.Context) (mq.Message, error) { return echo(ctx, other) })
				require.True(t, e.finished(once))
				if once.err != nil {
					e.Failed(once, mq.ErrPeerGone)
				} else {
					require.Equal(t, "q", text(once.msg))
				}
				e.Close(other)
				e.Peers(plain, 0)
			})
			e.Connect(e.startEcho(e.Rep()), again)
			e.Peers(again, 1)
			e.manyTimes(func(i int) {
				rep := e.Rep()
				at := e.Link(rep, again)
				e.Go("server", func(ctx context.Context) (mq.Message, error) { return echo(ctx, rep) })
				first, second := e.doing(again, "1"), e.doing(again, "2")
				dither(i)
				require.NoError(t, again.Disconnect(at))
				require.Equal(t, "1", e.Returned(first))
				require.Equal(t, "2", e.Returned(second))
				e.Peers(again, 1)
			})
		},
	},
}
