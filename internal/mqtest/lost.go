// SPDX-License-Identifier: MIT

package mqtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// lostPeerLaws are about a partner that goes in the middle of a conversation.
var lostPeerLaws = []Law{
	{
		ID: "D-REQ-06", Pattern: "REQ",
		Shall:   "end the wait for the reply of a server that has gone with ErrPeerGone, whether Recv is blocked or still to be called",
		Departs: "libzmq waits on for ever, and the socket is lost with the server",
		Run: func(t *testing.T, e *Env) {
			for _, c := range []struct {
				how             string
				reqBinds, early bool // early: the server goes before Recv is called
				leave           func(req mq.Req, rep mq.Rep, addr string) error
			}{
				{"close, blocked", false, false, func(_ mq.Req, rep mq.Rep, _ string) error { return rep.Close() }},
				{"close, before", false, true, func(_ mq.Req, rep mq.Rep, _ string) error { return rep.Close() }},
				{"rep disconnects, blocked", true, false, func(_ mq.Req, rep mq.Rep, addr string) error { return rep.Disconnect(addr) }},
				{"rep disconnects, before", true, true, func(_ mq.Req, rep mq.Rep, addr string) error { return rep.Disconnect(addr) }},
				{"req disconnects, blocked", false, false, func(req mq.Req, _ mq.Rep, addr string) error { return req.Disconnect(addr) }},
				{"req disconnects, before", false, true, func(req mq.Req, _ mq.Rep, addr string) error { return req.Disconnect(addr) }},
			} {
				req, rep := e.Req(), e.Rep()
				bound, other := mq.Socket(rep), mq.Socket(req)
				if c.reqBinds {
					bound, other = req, rep
				}
				addr := e.Link(bound, other)
				e.Link(e.Rep(), req) // another server, which is no help
				e.Send(req, "q")
				e.Gets(rep, "q")
				var reply *Call
				if !c.early {
					reply = e.Receiving(req)
					e.Blocked(reply)
				}
				require.NoError(t, c.leave(req, rep, addr), c.how)
				e.Peers(req, 1)
				if c.early {
					reply = e.Receiving(req)
				}
				e.Failed(reply, mq.ErrPeerGone)
				requireError(t, reply.err, mq.ErrPeerGone, "recv", "")
				e.outOfTurn(req, "recv")
			}
		},
	},
	{
		ID: "D-REQ-06", Pattern: "REQ",
		Shall:   "not wait for a server that goes at the very moment it receives the request: it is gone, or has not received it",
		Departs: "libzmq waits on for ever",
		Run: func(t *testing.T, e *Env) {
			req, addr := e.Req(), e.Addr()
			e.Connect(addr, req)
			e.manyTimes(func(i int) {
				rep := e.Rep()
				e.Bind(rep, addr)
				request, reply := e.Receiving(rep), (*Call)(nil)
				e.Blocked(request)
				e.Send(req, "q")
				dither(i)
				rep.Close() // over a network it may have the request, and hand it back
				reply = e.Receiving(req)
				require.True(t, e.finished(request))
				if request.err == nil {
					e.Failed(reply, mq.ErrPeerGone)
					return
				}
				e.Failed(request, mq.ErrClosed)
				e.Peers(req, 0)
				if e.Settle(); !e.scheme.Inproc && reply.returned() {
					e.Failed(reply, mq.ErrPeerGone) // what was written counts as received
					return
				}
				e.Blocked(reply)
				next := e.Rep()
				e.Bind(next, addr)
				e.answer(next, "q", "r")
				require.Equal(t, "r", e.Returned(reply))
				e.Close(next)
				e.Peers(req, 0)
			})
		},
	},
	{
		ID: "D-REQ-06 A-ALL-06", Pattern: "REQ",
		Shall: "be able to send again after ErrPeerGone, and never send the lost request again by itself",
		Run: func(t *testing.T, e *Env) {
			req, addr := e.Req(), e.Addr()
			e.Connect(addr, req)
			for range 3 {
				rep := e.Rep()
				e.Bind(rep, addr)
				e.Send(req, "lost")
				e.Gets(rep, "lost")
				e.Close(rep)
				e.Failed(e.Receiving(req), mq.ErrPeerGone)
			}
			rep := e.Rep()
			e.Bind(rep, addr)
			e.Peers(req, 1)
			e.Empty(rep)
			e.ask(req, rep, "again")
		},
	},
	{
		ID: "A-REQ-09 A-REQ-10 D-REQ-06", Pattern: "REQ",
		Shall:   "get the reply or ErrPeerGone when the two part just as the reply is sent, and nothing of it with the next request",
		Departs: "libzmq waits on for ever",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			addr := e.Link(rep, req)
			e.manyTimes(func(i int) {
				e.Send(req, "old")
				e.Gets(rep, "old")
				answering, reply := e.Sending(rep, "re old"), e.Receiving(req)
				dither(i)
				require.NoError(t, req.Disconnect(addr))
				e.Returned(answering)
				require.True(t, e.finished(reply))
				if reply.err != nil {
					e.Failed(reply, mq.ErrPeerGone)
				}
				e.Connect(addr, req)
				e.Peers(req, 1)
				e.ask(req, rep, "new")
			})
		},
	},
	{
		ID: "A-DEV-03", Pattern: "REQ",
		Shall:   "not take the reply of a server that was gone and came back for one it still waits for",
		Departs: "libzmq takes what comes over the same connection, and may so match a reply with the wrong request",
		Run: func(t *testing.T, e *Env) {
			req, rep := e.Req(), e.Rep()
			addr := e.Link(req, rep)
			e.Send(req, "old")
			e.Gets(rep, "old")
			require.NoError(t, rep.Disconnect(addr))
			e.Peers(req, 0)
			e.Connect(addr, rep)
			e.Peers(req, 1)
			e.Failed(e.Receiving(req), mq.ErrPeerGone)
			e.Send(req, "new")
			e.Send(rep, "re old")
			e.Empty(req)
			e.answer(rep, "new", "re new")
			e.Gets(req, "re new")
		},
	},
	{
		ID: "D-LNG-07 A-DEV-01", Pattern: "REQ",
		Shall: "still receive a reply that was sent before the server went",
		Run: func(t *testing.T, e *Env) {
			for _, leave := range []func(req mq.Req, rep mq.Rep, addr string) error{
				func(_ mq.Req, rep mq.Rep, _ string) error { return rep.Close() },
				func(req mq.Req, _ mq.Rep, addr string) error { return req.Disconnect(addr) },
			} {
				req, rep, other := e.Req(), e.Rep(), e.Rep()
				addr := e.Link(rep, req)
				e.Send(req, "q")
				e.answer(rep, "q", "r")
				e.waiting(req, 1)
				require.NoError(t, leave(req, rep, addr))
				e.Peers(req, 0)
				e.Gets(req, "r")
				e.Link(other, req)
				e.ask(req, other, "next") // without news of the one that went
			}
		},
	},
}
