// SPDX-License-Identifier: MIT

package mqtest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// stream is a PUSH, a Proxy of PULL and PUSH, and a PULL.
type stream struct {
	source, front, back, sink mq.Socket
	proxy                     *Call
}

// stream links all and starts the Proxy.
func (e *Env) stream(hwm int, opts ...mq.ProxyOption) (s stream) {
	e.t.Helper()
	marks := []mq.Option{mq.WithSendHWM(hwm), mq.WithRecvHWM(hwm)}
	s.source, s.front, s.back, s.sink = e.Push(marks...), e.Pull(marks...), e.Push(marks...), e.Pull(marks...)
	e.Link(s.front, s.source)
	e.Link(s.back, s.sink)
	s.proxy = e.proxying(s.front, s.back, opts...)
	return s
}

// proxyHoldLaws are about what stops a Proxy, what does not, and what it counts.
var proxyHoldLaws = []Law{
	{
		ID: "D-PRX-06", Pattern: "PROXY",
		Shall: "receive nothing while it is paused, and go on with what has waited when it is resumed",
		Run: func(t *testing.T, e *Env) {
			control := new(mq.ProxyControl)
			s := e.stream(10, mq.WithControl(control))
			received := func(n int) { // a message counts when it is on its way already
				t.Helper()
				e.Eventually(func() bool { return control.Stats().Front.Received == uint64(n) }, "want %d received", n)
			}
			e.Send(s.source, "before")
			e.Gets(s.sink, "before")
			for i := range 3 {
				e.Blocked(s.proxy)
				control.Pause()
				e.SendAll(s.source, numbers(5)...)
				e.Empty(s.sink)
				if i == 1 {
					control.Pause() // once is enough
				}
				received(1 + 5*i)
				control.Resume()
				if i == 2 {
					control.Resume() // there is nothing to resume
				}
				e.Gets(s.sink, numbers(5)...)
			}
			e.Blocked(s.proxy)
			received(16)
		},
	},
	{
		ID: "D-PRX-06", Pattern: "PROXY",
		Shall: "begin paused with a control that is, and heed one that pauses several, both ways",
		Run: func(t *testing.T, e *Env) {
			control, pairs := new(mq.ProxyControl), [][2]mq.Socket{}
			control.Resume() // does nothing
			control.Pause()
			for range 2 {
				front, back := e.Pair(), e.Pair()
				pairs = append(pairs, [2]mq.Socket{e.partner("PAIR", front), e.partner("PAIR", back)})
				e.proxying(front, back, mq.WithControl(control))
			}
			for _, p := range pairs {
				e.Send(p[0], "down")
				e.Send(p[1], "up")
			}
			for _, p := range pairs {
				e.Empty(p[0])
				e.Empty(p[1])
			}
			control.Resume()
			for _, p := range pairs {
				e.Gets(p[1], "down")
				e.Gets(p[0], "up")
			}
		},
	},
	{
		ID: "D-PRX-06", Pattern: "PROXY",
		Shall: "still pass on a message in hand when it is paused, and that one alone",
		Run: func(t *testing.T, e *Env) {
			e.manyTimes(func(i int) {
				control := new(mq.ProxyControl)
				s := e.stream(1000, mq.WithControl(control))
				e.SendAll(s.source, numbers(100)...)
				dither(i)
				control.Pause()
				passed := control.Stats().Front.Received
				e.Blocked(s.proxy)
				after := control.Stats().Front.Received
				require.LessOrEqual(t, after-passed, uint64(1))
				control.Resume()
				e.Gets(s.sink, numbers(100)...)
				e.stop(s.proxy)
			})
		},
	},
	{
		ID: "D-PRX-06", Pattern: "PROXY",
		Shall: "count, for each of its sockets, what came from there and went there, messages and bytes, and what was refused",
		Run: func(t *testing.T, e *Env) {
			front, back, control := e.Router(), e.Dealer(), new(mq.ProxyControl)
			req, worker := e.Req(mq.WithRoutingID("client")), e.Dealer()
			e.Link(front, req)
			e.Link(back, worker)
			e.proxying(front, back, mq.WithControl(control))
			require.Zero(t, control.Stats())
			e.Send(req, "123", "45")
			e.Gets(worker, "client||123|45")
			e.Send(worker, "of nobody")
			e.Send(worker, "client", "", "7")
			e.Gets(req, "7")
			down, up := uint64(len("client")+3+2), uint64(len("client")+1)
			want := mq.ProxyStats{
				Front: mq.ProxyTraffic{Received: 1, ReceivedBytes: down, Sent: 1, SentBytes: up},
				Back:  mq.ProxyTraffic{Received: 1, ReceivedBytes: up, Sent: 1, SentBytes: down, Dropped: 1},
			}
			e.Eventually(func() bool { return control.Stats() == want }, "want %+v", want)
		},
	},
	{
		ID: "D-PRX-01 D-RTR-05", Pattern: "PROXY",
		Shall: "drop and count what a socket refuses, and go on: for a ROUTER a message without body, and if mandatory one to nobody",
		Run: func(t *testing.T, e *Env) {
			front, back, control := e.Router(mq.WithMandatory()), e.Dealer(), new(mq.ProxyControl)
			client, worker := e.Dealer(mq.WithRoutingID("client")), e.Dealer()
			e.Link(front, client)
			e.Link(back, worker)
			e.proxying(front, back, mq.WithControl(control))
			for i := range uint64(3) {
				e.SendAll(worker, "", "client")
				e.Send(worker, "nobody", "hello")
				e.Send(worker, "client", "hello")
				e.Gets(client, "hello")
				want := mq.ProxyTraffic{Received: i + 1, ReceivedBytes: 11 * (i + 1), Dropped: 3 * (i + 1)}
				e.Eventually(func() bool { return control.Stats().Back == want }, "want %+v", want)
			}
		},
	},
	{
		ID: "D-HWM-12 D-HWM-03", Pattern: "PROXY",
		Shall: "hold one message in hand for each way and buffer nothing else: a sender is stopped when the queues of the sockets are full",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			for _, c := range []struct {
				source, front, back, sink string
				queues                    int // of one mark each: two where each peer has its own
			}{
				{"PUSH", "PULL", "PUSH", "PULL", 2},
				{"PAIR", "PAIR", "PAIR", "PAIR", 4},
				{"DEALER", "ROUTER", "DEALER", "DEALER", 2},
				{"DEALER", "DEALER", "PAIR", "PAIR", 3},
				{"PUB", "XSUB", "XPUB", "SUB", 4},
				{"PUB", "SUB", "PUSH", "PULL", 3},
			} {
				for _, hwm := range []int{1, 10} {
					marks := []mq.Option{mq.WithSendHWM(hwm), mq.WithRecvHWM(hwm), mq.WithNoDrop()}
					source, front := e.New(c.source, marks...), e.New(c.front, marks...)
					back, sink := e.New(c.back, marks...), e.New(c.sink, marks...)
					e.Link(front, source)
					e.Link(back, sink)
					e.proxying(front, back)
					for _, s := range []mq.Socket{front, sink} {
						if sub, ok := s.(mq.Sub); ok {
							require.NoError(t, sub.Subscribe(""))
						}
					}
					e.Settle()
					n := c.queues*hwm + 1
					for _, x := range numbers(n) {
						e.Send(source, x)
						e.Settle()
					}
					e.Full(source)
					for _, x := range numbers(n) {
						m := e.Recv(sink)
						require.Equal(t, x, string(m.Part(m.Len()-1)), c)
					}
					e.Empty(sink)
				}
			}
		},
	},
	{
		ID: "D-PRX-02", Pattern: "PROXY",
		Shall:   "not let a full queue of one way hold up the other",
		Departs: "libzmq passes up to 1000 messages one way before it looks at the other, and receives none that there is no room for",
		Only:    exact,
		Run: func(t *testing.T, e *Env) {
			marks := []mq.Option{mq.WithSendHWM(1), mq.WithRecvHWM(1)}
			front, back, left, right := e.Pair(marks...), e.Pair(marks...), e.Pair(marks...), e.Pair(marks...)
			e.Link(front, left)
			e.Link(back, right)
			e.proxying(front, back)
			for _, x := range numbers(5) {
				e.Send(left, x)
				e.Settle()
			}
			e.Full(left)
			for _, x := range numbers(20) {
				e.Send(right, x)
				e.Gets(left, x)
			}
			e.Gets(right, numbers(5)...)
		},
	},
	{
		ID: "D-PRX-03 D-HWM-12", Pattern: "PROXY",
		Shall:   "wait for a capture socket that has no room, and pass on without it what that refuses",
		Departs: "libzmq's capture loses what it has no room for, where its kind does; here Send of the capture socket decides",
		Only:    exact,
		Run: func(t *testing.T, e *Env) {
			capture, seen := e.Push(mq.WithSendHWM(1)), e.Pull()
			s := e.stream(10, mq.WithCapture(capture))
			e.SendAll(s.source, numbers(5)...)
			e.Gets(s.sink, "0")
			e.Empty(s.sink) // the second is in hand
			e.Link(capture, seen)
			e.Gets(seen, numbers(5)...)
			e.Gets(s.sink, "1", "2", "3", "4")
			e.Close(capture)
			e.SendAll(s.source, "not captured")
			e.Gets(s.sink, "not captured")
			for _, deaf := range []mq.Socket{e.Sub(), e.Router()} {
				s := e.stream(10, mq.WithCapture(deaf))
				e.SendAll(s.source, numbers(3)...)
				e.Gets(s.sink, numbers(3)...)
				require.Zero(t, deaf.Stats().Sent, fmt.Sprintf("%T", deaf))
			}
		},
	},
}
