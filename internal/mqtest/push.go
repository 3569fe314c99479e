// SPDX-License-Identifier: MIT

package mqtest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// compete is why much about PUSH departs from 30/PIPELINE and libzmq.
const compete = "a queue for each peer deals messages out in advance, and they wait behind a slow worker, or are lost with it; " +
	"mq's workers compete for one queue of the PUSH"

// pushLaws are about who gets a message of PUSH.
var pushLaws = []Law{
	{
		ID: "A-PSH-04 A-PSH-09", Pattern: "PUSH",
		Shall: "let no message wait behind an idle PULL: all 1000 reach the one that receives, and of those that the idle one was " +
			"sent ahead over a network, as many as its window, none is lost",
		Departs: compete,
		Run: func(t *testing.T, e *Env) {
			for _, idleFirst := range []bool{true, false} {
				push, idle, busy := e.Push(), e.Pull(mq.WithWindow(2)), e.Pull()
				if idleFirst {
					e.Link(push, idle, busy)
				} else {
					e.Link(push, busy, idle)
				}
				all := numbers(1000)
				e.SendAll(push, all...)
				got := e.texts(busy, len(all)-e.ahead(2))
				inOrder(t, got)
				e.Empty(busy)
				e.Close(idle)
				late := e.texts(busy, e.ahead(2))
				inOrder(t, late)
				require.ElementsMatch(t, all, append(got, late...))
			}
		},
	},
	{
		ID: "A-PSH-04 A-PSH-09", Pattern: "PUSH",
		Shall: "let the free workers go on while another, that was waiting too, is busy with its message: that holds its window " +
			"over a network, nothing in-process, and they get all the rest",
		Departs: compete,
		Run: func(t *testing.T, e *Env) {
			for window := range 4 {
				push, slow, fast := e.Push(), e.Pull(mq.WithWindow(window+1)), e.Pull(mq.WithWindow(4))
				e.Link(push, slow, fast)
				first := e.Receiving(slow)
				e.Blocked(first)
				e.SendAll(push, numbers(100)...)
				got := []string{e.Returned(first)}
				held := e.ahead(window + 1)
				e.Out(push, 1, held+e.ahead(4))
				others := e.texts(fast, 99-held)
				inOrder(t, others)
				e.Empty(fast)
				e.Out(push, 100-held, held)
				got = append(got, e.texts(slow, held)...)
				inOrder(t, got)
				e.Empty(slow)
				require.ElementsMatch(t, numbers(100), append(got, others...))
			}
		},
	},
	{
		ID: "A-PSH-01 A-PSH-09 D-FQ-06", Pattern: "PUSH",
		Shall: "serve workers that are all waiting in turn, in the order in which they began to wait",
		Only:  unknown,
		Run: func(t *testing.T, e *Env) {
			push, workers := e.Push(), []mq.Socket{e.Pull(), e.Pull(), e.Pull()}
			e.Link(push, workers...)
			for _, order := range [][]int{{0, 1, 2}, {2, 0, 1}, {1, 2, 0}, {2, 1}} {
				calls := receiveInTurn(e, workers, order)
				for i, x := range numbers(len(order)) {
					e.Send(push, x)
					require.Equal(t, x, e.Returned(calls[i]), "order %v", order)
				}
			}
		},
	},
	{
		ID: "A-PSH-09", Pattern: "PUSH",
		Shall: "serve workers in turn and not their goroutines: one that waits with several gets no larger share",
		Run: func(t *testing.T, e *Env) {
			push, workers := e.Push(), []mq.Socket{e.Pull(), e.Pull()}
			e.Link(push, workers...)
			calls := receiveInTurn(e, workers, []int{0, 0, 0, 1, 1, 1})
			for i := range 3 {
				e.Send(push, "x")
				e.Eventually(func() bool { return e.count(calls) == 2*i+1 }, "want %d served", 2*i+1)
				e.Send(push, "x")
				e.Eventually(func() bool { return e.count(calls[:3]) == i+1 && e.count(calls[3:]) == i+1 }, "want %d served of each", i+1)
			}
		},
	},
	{
		ID: "A-PSH-01 A-PSH-09", Pattern: "PUSH",
		Shall: "go round workers that come back for more: of N messages each of N gets one, again and again",
		Run: func(t *testing.T, e *Env) {
			push, workers := e.Push(), []mq.Socket{e.Pull(), e.Pull(), e.Pull(), e.Pull()}
			e.Link(push, workers...)
			for round := range 5 {
				calls := receiveInTurn(e, workers, []int{0, 1, 2, 3})
				for range workers {
					e.Send(push, "x")
				}
				e.Eventually(func() bool { return e.count(calls) == len(workers) }, "not all are served in round %d", round)
				e.Settle() // all connections have heard that there is nothing more to send
			}
		},
	},
	{
		ID: "A-PSH-06 A-PLL-06", Pattern: "PUSH",
		Shall:   "lose nothing with a peer that goes: what that had not received is for the others, in order",
		Departs: "30/PIPELINE destroys the queue of the peer with the jobs in it; Send has taken them over",
		Run: func(t *testing.T, e *Env) {
			for _, leave := range []func(s mq.Socket, addr string) error{
				func(s mq.Socket, addr string) error { return s.Disconnect(addr) },
				func(s mq.Socket, addr string) error { return s.Close() },
			} {
				one := mq.WithWindow(1)
				push, goes, stays, comes := e.Push(mq.WithRedelivery(0)), e.Pull(one), e.Pull(one), e.Pull()
				addr := e.Link(push, goes, stays)
				e.SendAll(push, numbers(9)...)
				e.Out(push, 0, 2*e.ahead(1))
				got := e.texts(goes, 1)
				e.Out(push, 1, 2*e.ahead(1))
				require.NoError(t, leave(goes, addr))
				e.Peers(push, 1)
				e.Out(push, 1, e.ahead(1))
				got = append(got, e.texts(stays, 4)...)
				e.Out(push, 5, e.ahead(1))
				require.NoError(t, leave(stays, addr))
				e.Peers(push, 0)
				e.Connect(addr, comes)
				got = append(got, e.texts(comes, 4)...)
				e.Empty(comes)
				inOrder(t, got[1:])
				require.ElementsMatch(t, numbers(9), got)
				if e.scheme.Inproc {
					inOrder(t, got)
				}
			}
		},
	},
	{
		ID: "A-PSH-05 D-CON-10", Pattern: "PUSH",
		Shall: "keep its queue from one peer of a connection to the next",
		Run: func(t *testing.T, e *Env) {
			push, first, second := e.Push(), e.Pull(), e.Pull()
			addr := e.Link(first, push)
			e.SendAll(push, "0", "1", "2")
			e.Gets(first, "0")
			e.Close(first)
			e.Peers(push, 0)
			e.Send(push, "3")
			e.Bind(second, addr)
			e.Gets(second, "1", "2", "3")
			e.Empty(second)
		},
	},
}

// boundLaws are about how much a PUSH accepts.
var boundLaws = []Law{
	{
		ID: "A-PSH-07 A-PSH-08 A-PSH-12 D-HWM-01 D-HWM-03 D-HWM-09 D-FQ-04", Pattern: "PUSH",
		Shall: "hold SendHWM messages exactly, with any number of idle workers, and what these are sent ahead over a network; " +
			"then block, and drop nothing",
		Departs: "libzmq has a queue for each peer, of both sides' marks; " + compete,
		Run: func(t *testing.T, e *Env) {
			for _, hwm := range []int{1, 3, 10} {
				for _, workers := range []int{0, 1, 3} {
					push, addr := e.Push(mq.WithSendHWM(hwm)), e.Addr()
					e.Bind(push, addr)
					pulls := make([]mq.Socket, workers)
					for i := range pulls {
						pulls[i] = e.Pull(mq.WithRecvHWM(7), mq.WithWindow(1))
						e.Connect(addr, pulls[i])
					}
					e.Holds(push, hwm+workers*e.ahead(1))
					if workers > 0 {
						inOrder(t, e.texts(pulls[workers-1], hwm+e.ahead(1)))
						e.Empty(pulls[workers-1])
						e.Holds(push, hwm+e.ahead(1))
					}
				}
			}
		},
	},
	{
		ID: "D-HWM-03", Pattern: "PUSH",
		Shall:   "hold 1000 messages unless told otherwise",
		Departs: "in libzmq the peer's 1000 come on top; " + compete,
		Run: func(t *testing.T, e *Env) {
			push := e.Push()
			e.Link(push, e.Pull())
			e.Holds(push, 1000+e.ahead(4))
			require.Equal(t, 1000, push.Stats().Queued)
		},
	},
	{
		ID: "A-PLL-07", Pattern: "PULL",
		Shall:   "take no message before it is asked for one, and over a network its window, so that RecvHWM does not matter",
		Departs: "30/PIPELINE has a queue at the receiver; " + compete,
		Run: func(t *testing.T, e *Env) {
			for _, hwm := range []int{1, 500} {
				for _, window := range []int{3, 100} {
					push, pull := e.Push(mq.WithSendHWM(2)), e.Pull(mq.WithRecvHWM(hwm), mq.WithWindow(window))
					e.Link(push, pull)
					e.Holds(push, 2+e.ahead(window))
					require.Equal(t, 2, push.Stats().Queued)
					require.Equal(t, e.ahead(window), push.Stats().InFlight)
				}
			}
		},
	},
	{
		ID: "A-PSH-10 A-PSH-11 D-BLK-01 D-BLK-02 D-BLK-05 D-HWM-05 D-INP-02", Pattern: "PUSH",
		Shall: "queue up to the bound without a peer, whether unattached, bound or connected, and only then block",
		Departs: "30/PIPELINE accepts nothing without a peer, and libzmq only what goes to a connection; the queue is the socket's " +
			"own, so that it does not matter who binds, who connects and when",
		Run: func(t *testing.T, e *Env) {
			for _, attach := range []func(push, pull mq.Socket, addr string) (later func()){
				func(push, pull mq.Socket, addr string) func() {
					e.Bind(push, addr)
					return func() { e.Connect(addr, pull) }
				},
				func(push, pull mq.Socket, addr string) func() {
					e.Connect(addr, push)
					return func() { e.Bind(pull, addr) }
				},
				func(push, pull mq.Socket, addr string) func() {
					return func() { e.Bind(pull, addr); e.Connect(addr, push) }
				},
			} {
				push, pull := e.Push(mq.WithSendHWM(3)), e.Pull()
				later := attach(push, pull, e.Addr())
				e.Holds(push, 3)
				blocked := e.Sending(push, "3")
				e.Blocked(blocked)
				later()
				e.Gets(pull, numbers(4)...)
				e.Returned(blocked)
			}
		},
	},
	{
		ID: "D-BLK-01", Pattern: "PUSH",
		Shall: "let a Send that is blocked for want of a peer go on when one comes that receives",
		Run: func(t *testing.T, e *Env) {
			push, pull, addr := e.Push(mq.WithSendHWM(1)), e.Pull(), e.Addr()
			waits := e.Receiving(pull)
			e.Blocked(waits)
			e.Send(push, "0")
			blocked := e.Sending(push, "1")
			e.Connect(addr, push)
			e.Blocked(blocked)
			e.Bind(pull, addr)
			require.Equal(t, "0", e.Returned(waits))
			e.Returned(blocked)
			e.Gets(pull, "1")
		},
	},
	{
		ID: "D-HWM-07", Pattern: "PUSH",
		Shall:   "let as many blocked Sends go on as messages are received, at once",
		Departs: "libzmq opens a full pipe only after half of it was read; a bound that is exact is easier to reason about",
		Only:    "over a network it takes an acknowledgement",
		Run: func(t *testing.T, e *Env) {
			for _, hwm := range []int{10, 16, 50} {
				for _, step := range []int{1, 3, hwm} {
					push, pull := e.Push(mq.WithSendHWM(hwm)), e.Pull()
					e.Link(push, pull)
					letGoOn(e, push, pull, hwm, step)
				}
			}
		},
	},
	{
		ID: "D-HWM-07", Pattern: "PUSH",
		Shall: "let as many blocked Sends go on as messages are received, no more, and over a network soon",
		Run: func(t *testing.T, e *Env) {
			push, pull := e.Push(mq.WithSendHWM(5)), e.Pull(mq.WithWindow(1))
			e.Link(push, pull)
			holds := 5 + e.ahead(1)
			e.Holds(push, holds)
			var calls []*Call
			for range 10 {
				calls = append(calls, e.Sending(push, "late"))
			}
			e.Blocked(calls...)
			for i := range len(calls) {
				e.Recv(pull)
				e.Eventually(func() bool { return push.Stats().Sent == uint64(holds+i+1) }, "want %d sent", holds+i+1)
			}
			require.Len(t, e.Takes(pull, holds), holds)
			e.Empty(pull)
			require.Equal(t, len(calls), e.count(calls))
		},
	},
	{
		ID: "D-HWM-11", Pattern: "PUSH",
		Shall: "fill up, run empty and fill again without losing a wake-up",
		Run: func(t *testing.T, e *Env) {
			push, pull := e.Push(mq.WithSendHWM(4)), e.Pull()
			e.Link(push, pull)
			for range 20 {
				var calls []*Call
				for range 12 {
					calls = append(calls, e.Sending(push, "x"))
				}
				for range calls {
					e.Gets(pull, "x")
				}
				for _, c := range calls {
					e.Returned(c)
				}
				e.Empty(pull)
			}
		},
	},
	{
		ID: "D-HWM-04", Pattern: "ALL",
		Shall:   "have no unlimited queue: a high-water mark below 1 panics and names the option",
		Departs: "in libzmq 0 stands for no limit; a queue without bound turns a slow peer into a lack of memory",
		Run: func(t *testing.T, e *Env) {
			for _, n := range []int{0, -1} {
				require.Contains(t, panicOf(func() { e.Push(mq.WithSendHWM(n)) }), "WithSendHWM")
				require.Contains(t, panicOf(func() { e.Sub(mq.WithRecvHWM(n)) }), "WithRecvHWM")
			}
		},
	},
}

// windowLaws are about how much a PULL is sent ahead over a network. In-process that is
// nothing, and WithWindow makes no difference.
var windowLaws = []Law{
	{
		ID: "MQ-ACK-09", Pattern: "PULL",
		Shall: "be sent no more ahead than WithWindow allows, however long it receives",
		Run: func(t *testing.T, e *Env) {
			for _, window := range []int{1, 2, 3, 4} {
				push, pull := e.Push(), e.Pull(mq.WithWindow(window))
				e.Link(push, pull)
				e.SendAll(push, numbers(100)...)
				for i, x := range numbers(90) {
					e.Gets(pull, x)
					require.LessOrEqual(t, push.Stats().InFlight, window)
					if i%10 == 9 {
						e.Out(push, i+1, e.ahead(window))
						require.Equal(t, 100-i-1-e.ahead(window), push.Stats().Queued)
					}
				}
			}
		},
	},
	{
		ID: "MQ-ACK-09", Pattern: "PULL",
		Shall: "have, made WithAck, no more than WithWindow allows that it has not confirmed, and be sent one more for each that it " +
			"confirms; in-process, where nothing is sent ahead, it receives as it likes",
		Run: func(t *testing.T, e *Env) {
			for _, window := range []int{1, 3} {
				push, pull := e.Push(), e.Pull(mq.WithAck(), mq.WithWindow(window))
				e.Link(push, pull)
				e.SendAll(push, numbers(10)...)
				open := e.Takes(pull, window)
				for i := window; i < 10; i++ {
					if !e.scheme.Inproc {
						e.Empty(pull)
					}
					e.Out(push, i-window, window)
					open[0].Ack()
					open = append(open[1:], e.Recv(pull))
				}
				require.Equal(t, numbers(10)[10-window:], marked(open...))
				e.Out(push, 10-window, window)
			}
		},
	},
}

// panicOf is what f panics with; "" if it does not.
func panicOf(f func()) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprint(v)
		}
	}()
	f()
	return ""
}

// receiveInTurn starts a Recv of the worker of each index, one after the other.
func receiveInTurn(e *Env, workers []mq.Socket, order []int) (calls []*Call) {
	e.t.Helper()
	for _, i := range order {
		calls = append(calls, e.Receiving(workers[i]))
		e.Blocked(calls...)
	}
	return calls
}
