// SPDX-License-Identifier: MIT

package mqtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// handBackLaws are about the messages that are queued when a socket closes: each
// is received, or handed back once.
var handBackLaws = []Law{
	{
		ID: "A-ALL-06 D-LNG-07 MQ-CLOSE-06", Pattern: "ALL",
		Shall: "leave what it has sent to a peer that can still take it, as a closed channel does, and have nothing to hand back",
		Run: func(t *testing.T, e *Env) {
			for _, l := range lanes {
				from, to := l.open(e)
				want := []string{"x|y"}
				e.Send(from, "x", "y")
				if l.burst {
					e.SendAll(from, "z", "")
					want = append(want, "z", "")
				}
				e.Close(from)
				e.Peers(to, 0)
				e.Gets(to, want...)
				if l.to == "REP" {
					e.Send(to, "for nobody")
				}
				if l.to != "REQ" {
					e.Empty(to) // and waits for another peer
				}
				e.Close(to)
			}
		},
	},
	{
		ID: "MQ-CLOSE-07 D-INP-02 D-HWM-05 D-LNG-02", Pattern: "PUSH, PAIR and REQ",
		Shall: "hand back what nobody can take any more with Close, whole and in the order of sending",
		Departs: "libzmq keeps the messages of a socket that closed before its peer came, and delivers them if that ever comes; " +
			"mq tells the sender, who may have to know",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range []string{"PUSH", "PAIR", "REQ", "DEALER"} {
				for _, attach := range []func(s mq.Socket){
					func(mq.Socket) {},
					func(s mq.Socket) { e.Bind(s) },
					func(s mq.Socket) { e.Connect(e.Addr(), s) },
					func(s mq.Socket) {
						peer := e.New(other(kind))
						e.Link(s, peer)
						e.Close(peer)
						e.Peers(s, 0)
					},
				} {
					s, want := e.New(kind), []string{"first|of two"}
					attach(s)
					e.Send(s, "first", "of two")
					if kind != "REQ" {
						e.SendAll(s, "second", "", "fourth")
						want = append(want, "second", "", "fourth")
					}
					err := s.Close()
					require.Equal(t, want, rest(t, err))
					requireError(t, err, err, "close", "")
				}
			}
		},
	},
	{
		ID: "MQ-CLOSE-07", Pattern: "PUSH, PAIR and REQ",
		Shall: "hand back what a peer left when it closed",
		Only:  "over a network a connection takes ahead",
		Run: func(t *testing.T, e *Env) {
			for _, l := range lanes[:2] {
				from, to := l.open(e)
				e.SendAll(from, numbers(5)...)
				e.Gets(to, "0", "1")
				e.Close(to)
				e.Close(from, "2", "3", "4")
			}
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			e.Send(req, "q")
			e.Close(rep)
			e.Close(req, "q")
		},
	},
	{
		ID: "MQ-CLOSE-08", Pattern: "PULL, PAIR and REP",
		Shall: "hand back, as the last who could take them, the messages of a sender that has closed before",
		Only:  "over a network what was sent belongs to the other process",
		Run: func(t *testing.T, e *Env) {
			for _, l := range lanes[:2] {
				from, to := l.open(e)
				e.SendAll(from, numbers(5)...)
				e.Close(from)
				e.Gets(to, "0", "1")
				e.Close(to, "2", "3", "4")
			}
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			e.Send(req, "q")
			e.Close(req)
			e.Close(rep, "q")
		},
	},
	{
		ID: "MQ-CLOSE-08 A-PSH-06", Pattern: "PULL",
		Shall: "leave the messages of a PUSH that has closed to the workers that stay, and hand them back if it is the last",
		Only:  "over a network what was sent belongs to the other process",
		Run: func(t *testing.T, e *Env) {
			push, one, two, three := e.Push(), e.Pull(), e.Pull(), e.Pull()
			e.Link(push, one, two, three)
			e.SendAll(push, numbers(6)...)
			e.Close(push)
			e.Gets(one, "0")
			e.Gets(two, "1")
			e.Close(one)
			e.Gets(two, "2")
			e.Gets(three, "3")
			e.Close(two)
			e.Close(three, "4", "5")
		},
	},
	{
		ID: "MQ-CLOSE-08", Pattern: "PAIR",
		Shall: "hand back both its own messages and those it has not received, each on the side that closes last",
		Only:  "over a network what was sent belongs to the other process",
		Run: func(t *testing.T, e *Env) {
			a, b := e.Pair(), e.Pair()
			e.Link(a, b)
			e.SendAll(a, "a0", "a1")
			e.SendAll(b, "b0", "b1")
			e.Close(a)
			require.ElementsMatch(t, []string{"a0", "a1", "b0", "b1"}, rest(t, b.Close()))
		},
	},
	{
		ID: "MQ-CLOSE-05", Pattern: "PUSH, PAIR and REQ",
		Shall: "have what is queued between two sockets of a Runtime handed back once when that closes, whichever it closes first",
		Only:  "over a network what was sent belongs to the other process",
		Run: func(t *testing.T, e *Env) {
			for range 10 { // it closes in no fixed order
				r := mq.NewRuntime()
				from, to := []mq.Socket{}, []mq.Socket{}
				for _, c := range couples {
					from = append(from, e.New(c.from, mq.WithRuntime(r)))
					to = append(to, e.New(c.to, mq.WithRuntime(r)))
					e.Link(to[len(to)-1], from[len(from)-1])
				}
				e.SendAll(from[0], "pair 0", "pair 1")
				e.SendAll(to[0], "back")
				e.SendAll(from[1], "push 0", "push 1")
				require.NoError(t, to[2].(mq.Sub).Subscribe(""))
				e.Send(from[2], "pub")
				e.Send(from[3], "req")
				err := r.Close()
				require.ElementsMatch(t, []string{"pair 0", "pair 1", "back", "push 0", "push 1", "req"}, rest(t, err))
			}
		},
	},
	{
		ID: "A-PUB-05 MQ-CLOSE-07", Pattern: "PUB and SUB, REP",
		Shall: "hand nothing back: what a publisher sent is dropped and counted, and a reply is of no use to another",
		Run: func(t *testing.T, e *Env) {
			for _, pubFirst := range []bool{true, false} {
				pub, sub := e.Pub(), e.subscribed(everything)
				e.Link(pub, sub)
				e.Subscribers(pub, "", 1)
				e.SendAll(pub, numbers(3)...)
				e.Settle()
				if pubFirst {
					e.Close(pub)
					e.Close(sub)
				} else {
					e.Close(sub)
					e.Close(pub)
				}
				e.dropped(3, sub)
			}
			req, rep := e.Req(), e.Rep()
			e.Link(rep, req)
			e.Send(req, "q")
			e.answer(rep, "q", "r")
			e.Close(rep)
			e.Close(req)
		},
	},
	{
		ID: "MQ-CLOSE-09 A-ALL-06", Pattern: "PUSH",
		Shall: "have every message accepted and received, or handed back, or refused, when it closes in the middle of sending",
		Run: func(t *testing.T, e *Env) {
			for range 20 {
				push, pull := e.Push(mq.WithSendHWM(2)), e.Pull()
				e.Link(push, pull)
				var calls []*Call
				for _, x := range numbers(6) {
					calls = append(calls, e.Sending(push, x))
				}
				got := []string{text(e.Recv(pull))}
				got = append(got, rest(t, push.Close())...)
				var sent []string
				for i, c := range calls {
					if require.True(t, e.finished(c)); c.err == nil {
						sent = append(sent, numbers(6)[i])
					} else {
						require.ErrorIs(t, c.err, mq.ErrClosed)
					}
				}
				got = append(got, e.drain(pull)...)
				require.ElementsMatch(t, sent, got)
				e.Close(pull)
			}
		},
	},
}

// drain receives all there is.
func (e *Env) drain(s mq.Socket) (texts []string) {
	e.t.Helper()
	for {
		c := e.Receiving(s)
		e.Settle()
		if !c.returned() {
			e.Cancel(c)
			return texts
		}
		texts = append(texts, e.Returned(c))
	}
}
