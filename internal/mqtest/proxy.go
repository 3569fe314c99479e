// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// proxyLaws are about Proxy: what passes, who can hold it up, and how it ends.
var proxyLaws = slices.Concat(proxyPassLaws, proxyHoldLaws, proxyEndLaws)

// proxying starts a Proxy.
func (e *Env) proxying(front, back mq.Socket, opts ...mq.ProxyOption) *Call {
	return e.Go("Proxy", func(ctx context.Context) (m mq.Message, err error) {
		return m, mq.Proxy(ctx, front, back, opts...)
	})
}

// inHand wants a Proxy to end with that error, and returns what it hands back. Unlike
// Failed it lets time pass: what is in hand is given a moment to be sent.
func (e *Env) inHand(proxy *Call, want error) []string {
	e.t.Helper()
	select {
	case <-proxy.done:
	case <-time.After(patience):
		require.Fail(e.t, "the Proxy does not end")
	}
	requireError(e.t, proxy.err, want, "proxy", "")
	if _, left := errors.AsType[*mq.UndeliveredError](proxy.err); !left {
		return nil
	}
	return rest(e.t, proxy.err)
}

// ended wants a Proxy to end with that error, and to hand back these messages.
func (e *Env) ended(proxy *Call, want error, inHand ...string) {
	e.t.Helper()
	require.Equal(e.t, inHand, e.inHand(proxy, want))
}

// stop ends the context of a Proxy, and so the Proxy.
func (e *Env) stop(proxy *Call, inHand ...string) {
	e.t.Helper()
	proxy.cancel()
	e.ended(proxy, context.Canceled, inHand...)
}

// partner makes a socket that can talk to s through a Proxy, links the two, and has
// whichever of them subscribes subscribe to everything.
func (e *Env) partner(kind string, s mq.Socket) mq.Socket {
	e.t.Helper()
	p := e.New(partners[kind])
	e.Link(s, p)
	pub, sub, its := s, p, partners[kind]
	if _, ok := p.(mq.Pub); ok {
		pub, sub, its = p, s, kind
	}
	switch its {
	case "SUB":
		require.NoError(e.t, sub.(mq.Sub).Subscribe(""))
	case "XSUB":
		e.Send(sub, "\x01")
	default:
		return p
	}
	e.Subscribers(pub.(mq.Pub), "", 1)
	return p
}

// partners are whom the sockets of a Proxy talk to, if messages are to go as they are.
var partners = map[string]string{
	"PAIR": "PAIR", "DEALER": "DEALER", "PUSH": "PULL", "PULL": "PUSH",
	"PUB": "SUB", "SUB": "PUB", "XPUB": "XSUB", "XSUB": "XPUB",
}

// proxyPassLaws are about what a Proxy passes on.
var proxyPassLaws = []Law{
	{
		ID: "D-PRX-01 D-REQ-10", Pattern: "PROXY",
		Shall: "make a broker of ROUTER and DEALER: each of many requests goes whole to one server, and its reply to who has asked",
		Run: func(t *testing.T, e *Env) {
			const clients, servers, rounds = 4, 3, 30
			front, back := e.Router(), e.Dealer()
			in, out := e.Bind(front), e.Bind(back)
			control := new(mq.ProxyControl)
			proxy := e.proxying(front, back, mq.WithControl(control))
			for range servers {
				rep := e.Rep()
				e.Connect(out, rep)
				e.Go("server", func(ctx context.Context) (mq.Message, error) { return serve(ctx, rep) })
			}
			shared := e.Req()
			e.Connect(in, shared)
			var calls []*Call
			for i := range clients {
				req := e.Req()
				e.Connect(in, req)
				calls = append(calls, e.Go("client in turns", func(ctx context.Context) (mq.Message, error) {
					return askMany(rounds, i, func(m mq.Message) (mq.Message, error) {
						if err := req.Send(ctx, m); err != nil {
							return m, err
						}
						return req.Recv(ctx)
					})
				}), e.Go("client with Do", func(ctx context.Context) (mq.Message, error) {
					return askMany(rounds, i, func(m mq.Message) (mq.Message, error) { return shared.Do(ctx, m) })
				}))
			}
			for _, c := range calls {
				e.Returned(c)
			}
			e.stop(proxy)
			all := uint64(2 * clients * rounds)
			got := control.Stats()
			require.Equal(t, []uint64{all, all, all, all},
				[]uint64{got.Front.Received, got.Front.Sent, got.Back.Received, got.Back.Sent})
		},
	},
	{
		ID: "D-XPB-15 D-PRX-01", Pattern: "PROXY",
		Shall: "make a forwarder of XSUB and XPUB: subscriptions and their ends flow up, and down comes what is subscribed to",
		Run: func(t *testing.T, e *Env) {
			front, back, pub, control := e.XSub(), e.XPub(), e.XPub(), new(mq.ProxyControl)
			e.Link(pub, front)
			e.proxying(front, back, mq.WithControl(control))
			addr, subs := e.Bind(back), []mq.Sub{e.subscribed([]string{"a"}), e.Sub(), e.Sub()}
			for _, s := range subs {
				e.Connect(addr, s)
			}
			e.Gets(pub, "\x01a")
			require.NoError(t, subs[1].Subscribe("a")) // needs not be told upstream again
			e.Subscribers(back, "a", 2)
			require.NoError(t, subs[2].Subscribe("b"))
			e.Gets(pub, "\x01b")
			for range 3 {
				require.NoError(t, pub.Send(e.ctx, mq.Text("a", "", "1")))
				require.NoError(t, pub.Send(e.ctx, mq.Text("c")))
				require.NoError(t, pub.Send(e.ctx, mq.Text("b")))
				e.Gets(subs[0], "a||1")
				e.Gets(subs[1], "a||1")
				e.Gets(subs[2], "b")
			}
			require.NoError(t, subs[0].Unsubscribe("a"))
			e.Close(subs[2])
			e.Gets(pub, "\x00b")
			require.NoError(t, subs[1].Unsubscribe("a"))
			e.Gets(pub, "\x00a")
			e.SendAll(pub, "a", "b", "c")
			e.Eventually(func() bool { // a message counts when it is on its way already
				got := control.Stats().Front
				return got.Received >= 6 && got.Sent >= 4
			}, "not all is counted")
			e.Settle()
			require.EqualValues(t, 6, control.Stats().Front.Received, "nothing comes that nobody wants")
			require.EqualValues(t, 4, control.Stats().Front.Sent, "two subscriptions and two ends")
		},
	},
	{
		ID: "D-PRX-01 A-ALL-07", Pattern: "PROXY",
		Shall: "make a streamer of PULL and PUSH: all that is sent arrives once, whole, and in order",
		Run: func(t *testing.T, e *Env) {
			const n = 200
			front, back, push, pull := e.Pull(), e.Push(), e.Push(mq.WithSendHWM(n)), e.Pull()
			e.Link(front, push)
			e.Link(back, pull)
			e.proxying(front, back)
			for _, x := range numbers(n) {
				e.Send(push, x, "", x)
			}
			for _, x := range numbers(n) {
				e.Gets(pull, x+"||"+x)
			}
			e.Empty(pull)
		},
	},
	{
		ID: "D-PRX-01", Pattern: "PROXY",
		Shall: "work between any two kinds, whichever is called front, in each way that the one receives and the other sends",
		Run: func(t *testing.T, e *Env) {
			receives := []string{"PAIR", "DEALER", "PULL", "SUB", "XPUB", "XSUB"}
			sends := []string{"PAIR", "DEALER", "PUSH", "PUB", "XPUB", "XSUB"}
			for _, from := range receives {
				for _, to := range sends {
					front, back := e.New(from), e.New(to)
					source, sink := e.partner(from, front), e.partner(to, back)
					one, other := e.proxying(front, back), e.proxying(back, front)
					e.Send(source, "m", "whole")
					for got := ""; got != "m|whole"; { // subscriptions come too
						got = text(e.Recv(sink))
					}
					e.stop(one)
					e.stop(other)
				}
			}
		},
	},
	{
		ID: "D-PRX-03", Pattern: "PROXY",
		Shall: "give the capture socket each message of both ways, once and whole",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"PUSH", "PUB", "PAIR", "DEALER"} {
				front, back, capture := e.Router(), e.Dealer(), e.New(kind)
				req, rep, seen := e.Req(), e.Rep(), e.partner(kind, capture)
				e.Link(front, req)
				e.Link(back, rep)
				e.proxying(front, back, mq.WithCapture(capture))
				for _, x := range numbers(5) {
					e.Send(req, x, "more")
					e.Gets(rep, x+"|more")
					e.Send(rep, "re "+x, "more")
					e.Gets(req, "re "+x+"|more")
					request, reply := e.Recv(seen), e.Recv(seen)
					id := string(request.Data)
					require.Len(t, id, 5)
					require.Equal(t, []string{id + "||" + x + "|more", id + "||re " + x + "|more"}, []string{text(request), text(reply)})
				}
				e.Empty(seen)
			}
		},
	},
	{
		ID: "D-PRX-04", Pattern: "PROXY",
		Shall: "give a socket that is front and back its own messages to send: each comes back to its sender",
		Run: func(t *testing.T, e *Env) {
			for _, c := range []couple{{"PAIR", "PAIR"}, {"DEALER", "DEALER"}, {"DEALER", "ROUTER"}, {"REQ", "ROUTER"}} {
				client, both, control := e.New(c.from), e.New(c.to), new(mq.ProxyControl)
				e.Link(both, client)
				proxy := e.proxying(both, both, mq.WithControl(control))
				for _, x := range numbers(10) {
					e.Send(client, x, "", "echo")
					e.Gets(client, x+"||echo")
				}
				e.stop(proxy)
				got := control.Stats()
				require.Equal(t, mq.ProxyTraffic{Received: 10, ReceivedBytes: got.Front.ReceivedBytes}, got.Front, c)
				require.Equal(t, mq.ProxyTraffic{Sent: 10, SentBytes: got.Front.ReceivedBytes}, got.Back, c)
			}
		},
	},
}

// askMany asks n questions of several parts, and wants each back as it is.
func askMany(n, who int, ask func(mq.Message) (mq.Message, error)) (m mq.Message, err error) {
	for i := range n {
		parts := []string{fmt.Sprint(who), "", fmt.Sprint(i)}
		got, err := ask(mq.Text(parts...))
		if err != nil {
			return m, err
		}
		if want := text(mq.Text(parts...)); text(got) != want {
			return m, fmt.Errorf("asked %q, was answered %q", want, text(got))
		}
	}
	return m, nil
}
