// SPDX-License-Identifier: MIT

package mqtest

import (
	"errors"
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
		ID: "MQ-CLOSE-07", Pattern: "PUSH",
		Shall: "hand back what a peer left when it closed, marked if that had received it",
		Run: func(t *testing.T, e *Env) {
			for _, opts := range [][]mq.Option{nil, {mq.WithAck()}} {
				push, pull := e.Push(), e.Pull(opts...)
				e.Link(push, pull)
				e.SendAll(push, numbers(9)...)
				got, want := e.Takes(pull, 3), numbers(9)[3:]
				got[0].Ack()
				if opts != nil {
					want = append([]string{"1*", "2*"}, want...)
				}
				e.Close(pull)
				e.Peers(push, 0)
				err := push.Close()
				requireError(t, err, err, "close", "")
				u, _ := errors.AsType[*mq.UndeliveredError](err)
				require.NotNil(t, u)
				require.Equal(t, want, marked(u.Messages...))
			}
		},
	},
	{
		ID: "MQ-CLOSE-07", Pattern: "PAIR and REQ",
		Shall: "hand back what a peer left when it closed",
		Only:  "over a network a connection takes ahead",
		Run: func(t *testing.T, e *Env) {
			from, to := lanes[0].open(e)
			e.SendAll(from, numbers(5)...)
			e.Gets(to, "0", "1")
			e.Close(to)
			e.Close(from, "2", "3", "4")
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
				e.waiting(sub, 3)
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
				push, pull := e.Push(mq.WithSendHWM(2), mq.WithLinger(quiet)), e.Pull()
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
				e.waiting(pull, len(sent)-len(got))
				got = append(got, e.drain(pull)...)
				require.ElementsMatch(t, sent, got)
				e.Close(pull)
			}
		},
	},
}

// leavingLaws are about a PUSH and a PULL that part before all is done.
var leavingLaws = []Law{
	{
		ID: "MQ-ACK-06 D-LNG-07", Pattern: "PUSH",
		Shall: "wait with Close, over a network and up to the linger, until all is received, or confirmed where it has to be; " +
			"then nothing comes back",
		Run: func(t *testing.T, e *Env) {
			for _, opts := range [][]mq.Option{nil, {mq.WithAck()}} {
				push, pull := e.Push(mq.WithLinger(patience)), e.Pull(opts...)
				e.Link(push, pull)
				e.SendAll(push, numbers(50)...)
				closing := e.Closing(push)
				e.lingers(closing)
				for i, x := range numbers(50) {
					m := e.Recv(pull)
					require.Equal(t, []string{x}, marked(m))
					if i == 49 && opts != nil {
						e.lingers(closing)
					}
					m.Ack()
				}
				e.Returned(closing)
				e.Out(push, 50, 0)
				e.Close(pull)
			}
		},
	},
	{
		ID: "MQ-ACK-06 A-PSH-06", Pattern: "PUSH",
		Shall: "give what comes back from a worker to the others, also while it closes",
		Run: func(t *testing.T, e *Env) {
			push, goes, stays := e.Push(mq.WithLinger(patience)), e.Pull(mq.WithAck()), e.Pull()
			e.Link(push, goes, stays)
			e.SendAll(push, numbers(20)...)
			closing := e.Closing(push)
			e.lingers(closing)
			got := e.Takes(goes, 2)
			got[0].Ack()
			e.Close(goes)
			others := marked(e.Takes(stays, 19)...)
			e.Returned(closing)
			require.ElementsMatch(t, append(numbers(20), text(got[1])+"*"), append(others, marked(got...)...))
			e.Close(stays)
		},
	},
	{
		ID: "MQ-ACK-06 A-PSH-06", Pattern: "PUSH",
		Shall: "give what comes back to a worker that has waited, also while it closes and has nothing else",
		Run: func(t *testing.T, e *Env) {
			push, goes, stays := e.Push(mq.WithLinger(patience)), e.Pull(), e.Pull()
			addr := e.Link(push, goes)
			e.SendAll(push, "0", "1")
			e.Out(push, 0, min(2, e.ahead(4)))
			e.Connect(addr, stays)
			e.Peers(push, 2)
			closing := e.Closing(push)
			e.lingers(closing)
			e.Close(goes)
			require.Equal(t, []string{"0", "1"}, marked(e.Takes(stays, 2)...))
			e.Returned(closing)
			e.Close(stays)
		},
	},
	{
		ID: "MQ-ACK-07 MQ-CLOSE-08", Pattern: "PUSH",
		Shall: "leave to a worker, when it closes and waits no longer, what that holds, and have the rest handed back: " +
			"each message is received or comes back once",
		Run: func(t *testing.T, e *Env) {
			for _, received := range []int{0, 2} {
				push, pull := e.Push(mq.WithLinger(0)), e.Pull(mq.WithWindow(3))
				e.Link(push, pull)
				e.SendAll(push, numbers(20)...)
				e.Gets(pull, numbers(received)...)
				held := 20
				if !e.scheme.Inproc {
					held = received + 3
				}
				e.waiting(pull, held-received)
				back := rest(t, push.Close())
				require.Equal(t, numbers(20)[held:], append([]string{}, back...))
				e.Gets(pull, numbers(20)[received:received+1]...)
				e.Close(pull, numbers(20)[received+1:held]...)
			}
		},
	},
	{
		ID: "MQ-ACK-07", Pattern: "PULL",
		Shall: "hand nothing back that its PUSH still has, and can give to others",
		Run: func(t *testing.T, e *Env) {
			for _, opts := range [][]mq.Option{nil, {mq.WithAck()}} {
				push, pull, next := e.Push(), e.Pull(opts...), e.Pull()
				addr := e.Link(push, pull)
				e.SendAll(push, numbers(9)...)
				got := e.Takes(pull, 2)
				got[0].Ack()
				got[1].Ack()
				e.Close(pull)
				e.Peers(push, 0)
				e.Connect(addr, next)
				require.Equal(t, numbers(9)[2:], marked(e.Takes(next, 7)...))
			}
		},
	},
	{
		ID: "MQ-ACK-08 A-PSH-06", Pattern: "PUSH",
		Shall: "lose nothing when it parts from a worker and meets it again, whoever disconnects; what a worker gives back that " +
			"disconnects, and has not received, is not marked",
		Run: func(t *testing.T, e *Env) {
			for _, pullConnects := range []bool{true, false} {
				push, pull := e.Push(mq.WithRedelivery(0)), e.Pull()
				binds, connects := push, pull
				if !pullConnects {
					binds, connects = pull, push
				}
				addr := e.Link(binds, connects)
				e.SendAll(push, numbers(5)...)
				e.Gets(pull, "0", "1")
				e.Out(push, 2, e.ahead(3))
				require.NoError(t, connects.Disconnect(addr))
				e.Peers(push, 0)
				e.Peers(pull, 0)
				e.Connect(addr, connects)
				got := e.Takes(pull, 3)
				require.Equal(t, []string{"2", "3", "4"}, []string{text(got[0]), text(got[1]), text(got[2])})
				if pullConnects {
					require.Equal(t, numbers(5)[2:], marked(got...))
				}
				e.Out(push, 5, 0)
			}
		},
	},
	{
		ID: "MQ-ACK-08", Pattern: "PUSH",
		Shall: "hand back with Close what a worker was sent that it has parted from, and has not received",
		Run: func(t *testing.T, e *Env) {
			push, pull := e.Push(mq.WithLinger(quiet)), e.Pull()
			addr := e.Link(push, pull)
			e.SendAll(push, numbers(9)...)
			e.Gets(pull, "0", "1")
			e.Eventually(func() bool { return push.Stats().Acknowledged == 2 }, "want 2 acknowledged")
			require.NoError(t, pull.Disconnect(addr))
			e.Peers(push, 0)
			e.Close(push, numbers(9)[2:]...)
			e.Close(pull)
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
