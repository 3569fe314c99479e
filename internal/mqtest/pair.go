// SPDX-License-Identifier: MIT

package mqtest

import (
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// exact is why a law about a bound holds in-process only.
const exact = "over a network what the kernel holds comes on top of the bound"

// passed is why a law about what a peer has not received holds in-process only.
const passed = "over a network what was written is the peer's, and on its way before the peer asks for it"

// pairLaws are about the two queues of a PAIR.
var pairLaws = []Law{
	{
		ID: "A-PAIR-02 A-PAIR-12 A-PAIR-13", Pattern: "PAIR",
		Shall: "carry messages both ways, and receive all that its peer has sent",
		Run: func(t *testing.T, e *Env) {
			a, b := e.Pair(), e.Pair()
			e.Link(a, b)
			for range 3 {
				e.SendAll(a, "ping", "pong?")
				e.Gets(b, "ping", "pong?")
				e.SendAll(b, "pong", "ping?")
				e.Gets(a, "pong", "ping?")
			}
			e.Empty(a)
			e.Empty(b)
		},
	},
	{
		ID: "A-PAIR-04", Pattern: "PAIR",
		Shall: "have a queue for each way: a full one does not stop the other",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			a, b := e.Pair(mq.WithSendHWM(1), mq.WithRecvHWM(1)), e.Pair(mq.WithSendHWM(1), mq.WithRecvHWM(1))
			e.Link(a, b)
			e.Holds(a, 2)
			blocked := e.Sending(a, "2")
			e.Blocked(blocked)
			for range 5 {
				e.Send(b, "back")
				e.Gets(a, "back")
			}
			e.Blocked(blocked)
			e.Holds(b, 2)
			e.Gets(b, "0", "1", "2")
			e.Gets(a, "0", "1")
			e.Returned(blocked)
		},
	},
	{
		ID: "A-PAIR-07 A-PAIR-08 A-PAIR-09 A-PAIR-11 D-HWM-01 D-HWM-03 D-HWM-09", Pattern: "PAIR",
		Shall: "block when SendHWM here and RecvHWM of the peer are full, exactly, and drop nothing",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			for _, hwm := range [][4]int{{1, 1, 1, 1}, {2, 7, 7, 3}, {5, 1, 1, 1}, {1, 20, 30, 2}} {
				a := e.Pair(mq.WithSendHWM(hwm[0]), mq.WithRecvHWM(hwm[1]))
				b := e.Pair(mq.WithSendHWM(hwm[2]), mq.WithRecvHWM(hwm[3]))
				e.Link(a, b)
				e.Holds(a, hwm[0]+hwm[3])
				e.Holds(b, hwm[2]+hwm[1])
				e.Gets(b, numbers(hwm[0]+hwm[3])...)
				e.Gets(a, numbers(hwm[2]+hwm[1])...)
				e.Empty(a)
				e.Empty(b)
			}
		},
	},
	{
		ID: "D-HWM-03", Pattern: "PAIR",
		Shall: "hold 1000 messages here and 1000 at the peer, unless told otherwise",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			a, b := e.Pair(), e.Pair()
			e.Holds(a, 1000)
			e.Link(a, b)
			e.Holds(a, 1000)
			e.Holds(b, 2000)
		},
	},
	{
		ID: "D-HWM-07", Pattern: "PAIR",
		Shall:   "let as many blocked Sends go on as messages are received, at once",
		Departs: "libzmq opens a full pipe only after half of it was read; a bound that is exact is easier to reason about",
		Only:    exact,
		Run: func(t *testing.T, e *Env) {
			for _, step := range []int{1, 2, 5} {
				a, b := e.Pair(mq.WithSendHWM(5)), e.Pair(mq.WithRecvHWM(5))
				e.Link(a, b)
				letGoOn(e, a, b, 10, step)
			}
		},
	},
	{
		ID: "A-PAIR-05 A-PAIR-09 A-PAIR-10 D-HWM-05 D-INP-02 D-BLK-01 D-BLK-02", Pattern: "PAIR",
		Shall: "queue SendHWM messages for a peer that is still to come, then block; with the peer comes the room of its RecvHWM",
		Departs: "31/EXPAIR accepts nothing without a peer; the queue is the socket's own, so that it does not matter who binds, " +
			"who connects and when",
		Only: exact,
		Run: func(t *testing.T, e *Env) {
			for _, connectFirst := range []bool{true, false} {
				a, b := e.Pair(mq.WithSendHWM(2)), e.Pair(mq.WithRecvHWM(3))
				addr := e.Addr()
				if connectFirst {
					e.Connect(addr, a)
				}
				e.Holds(a, 2)
				blocked := e.Sending(a, "2")
				e.Blocked(blocked)
				if connectFirst {
					e.Bind(b, addr)
				} else {
					e.Bind(a, addr)
					e.Connect(addr, b)
				}
				e.Returned(blocked)
				e.SendAll(a, "3", "4")
				e.Full(a)
				e.Gets(b, numbers(5)...)
			}
		},
	},
	{
		ID: "MQ-BND-01", Pattern: "PAIR",
		Shall: "be bound by what it and its present peer have set, whatever an earlier peer had",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			a, roomy, narrow := e.Pair(mq.WithSendHWM(1)), e.Pair(mq.WithRecvHWM(9)), e.Pair(mq.WithRecvHWM(1))
			addr := e.Link(a, roomy)
			e.Holds(a, 10)
			e.Close(roomy)
			e.Full(a)
			e.Connect(addr, narrow)
			calls := []*Call{e.Sending(a, "late"), e.Sending(a, "late"), e.Sending(a, "late")}
			for i, x := range numbers(10) {
				require.Equal(t, max(0, i-8), e.count(calls), "Sends that went on, of 10 messages %d received, with 2 places", i)
				e.Gets(narrow, x)
			}
			require.Equal(t, 2, e.count(calls))
			e.Gets(narrow, "late", "late", "late")
			e.Holds(a, 2)
		},
	},
}

// letGoOn fills a queue of n messages, lets ten Sends more block, and takes the
// messages, some at each step: as many Sends go on each time, and all arrive.
func letGoOn(e *Env, from, to mq.Socket, n, step int) {
	e.t.Helper()
	e.Holds(from, n)
	var calls []*Call
	for range 10 {
		calls = append(calls, e.Sending(from, "late"))
	}
	e.Blocked(calls...)
	for taken := 0; taken < n; taken += step {
		for i := range min(step, n-taken) {
			e.Gets(to, strconv.Itoa(taken+i))
		}
		want := min(taken+step, n, len(calls))
		require.Equal(e.t, want, e.count(calls), "Sends that went on after %d messages were received", want)
	}
	for _, c := range calls {
		e.Gets(to, "late")
		e.Returned(c)
	}
	e.Empty(to)
}

// pairPeerLaws are about who the peer of a PAIR is.
var pairPeerLaws = []Law{
	{
		ID: "A-PAIR-01 D-PRS-01 A-DEV-05", Pattern: "PAIR",
		Shall:   "have one peer at a time: another is refused with ErrPeerBusy, and may come when the first has gone",
		Departs: "libzmq refuses without a word, so the second waits for ever; a refusal that is told can be acted on",
		Only:    "over a network the refusal is an event and not an answer of Connect",
		Run: func(t *testing.T, e *Env) {
			for _, leave := range []func(s mq.Socket, addr string) error{
				func(s mq.Socket, addr string) error { return s.Disconnect(addr) },
				func(s mq.Socket, addr string) error { return s.Close() },
			} {
				a, first, second := e.Pair(), e.Pair(), e.Pair()
				addr := e.Link(a, first)
				requireError(t, second.Connect(addr), mq.ErrPeerBusy, "connect", addr)
				e.Peers(a, 1)
				e.Peers(second, 0)
				requireError(t, second.Disconnect(addr), mq.ErrBadAddr, "disconnect", addr) // it is not connected
				e.Send(a, "for the first")
				e.Gets(first, "for the first")

				require.NoError(t, leave(first, addr))
				e.Peers(a, 0)
				e.Peers(second, 0)
				e.Connect(addr, second)
				e.Peers(a, 1)
				e.Send(a, "for the second")
				e.Gets(second, "for the second")
			}
		},
	},
	{
		ID: "A-PAIR-01", Pattern: "PAIR",
		Shall: "refuse to seek a second peer itself, whichever side it took with the first",
		Only:  "over a network the refusal is an event and not an answer of Connect",
		Run: func(t *testing.T, e *Env) {
			a, b, c := e.Pair(), e.Pair(), e.Pair()
			e.Link(a, b)
			addr := e.Bind(c)
			for _, s := range []mq.Socket{a, b} {
				requireError(t, s.Connect(addr), mq.ErrPeerBusy, "connect", addr)
			}
			e.Peers(c, 0)
			e.Close(a)
			e.Connect(addr, b)
			e.Peers(c, 1)
		},
	},
	{
		ID: "A-PAIR-01 D-INP-01", Pattern: "PAIR",
		Shall: "let those that connected before the bind wait for each other, and have them one after the other",
		Run: func(t *testing.T, e *Env) {
			a, addr := e.Pair(), e.Addr()
			rest := []mq.Socket{e.Pair(), e.Pair(), e.Pair()}
			e.Connect(addr, rest...)
			e.Bind(a, addr)
			e.Peers(a, 1)
			for len(rest) > 0 {
				e.Eventually(func() bool { // that a has a peer may mean the one before
					return slices.ContainsFunc(rest, func(s mq.Socket) bool { return s.Stats().Peers == 1 })
				}, "want one of them to be there")
				e.Send(a, "next")
				i := takenBy(e, rest)
				e.Close(rest[i])
				rest = append(rest[:i], rest[i+1:]...)
			}
			e.Peers(a, 0)
		},
	},
	{
		ID: "A-PAIR-01 D-INP-01", Pattern: "PAIR",
		Shall: "turn to the next of the names it has connected to when its peer at one of them has gone",
		Run: func(t *testing.T, e *Env) {
			a, b, c := e.Pair(), e.Pair(), e.Pair()
			here, there := e.Addr(), e.Addr()
			e.Connect(here, a)
			e.Connect(there, a)
			e.Bind(b, here)
			e.Peers(b, 1)
			e.Bind(c, there)
			e.Peers(c, 0)
			e.Close(b)
			e.Peers(c, 1)
			e.Send(a, "hello")
			e.Gets(c, "hello")
		},
	},
	{
		ID: "A-PAIR-06 A-PAIR-11", Pattern: "PAIR",
		Shall:   "keep what its peer has not taken when it goes for the next one, in order, before what is sent later",
		Departs: "31/EXPAIR destroys the queue with the link of an accepted peer; what Send has taken over is not lost",
		Only:    passed,
		Run: func(t *testing.T, e *Env) {
			for _, accepts := range []bool{true, false} {
				a, first, second := e.Pair(), e.Pair(), e.Pair()
				addr := ""
				if accepts {
					addr = e.Link(a, first)
				} else {
					addr = e.Link(first, a)
				}
				e.SendAll(a, numbers(5)...)
				e.Gets(first, "0", "1")
				e.Close(first)
				e.Peers(a, 0)
				e.Send(a, "5")
				if accepts {
					e.Connect(addr, second)
				} else {
					e.Bind(second, addr)
				}
				e.Send(a, "6")
				e.Gets(second, "2", "3", "4", "5", "6")
			}
		},
	},
	{
		ID: "A-PAIR-06 A-DEV-01", Pattern: "PAIR",
		Shall: "still receive what a peer sent before it went, beside what the next one sends",
		Run: func(t *testing.T, e *Env) {
			a, first, second := e.Pair(), e.Pair(), e.Pair()
			addr := e.Link(a, first)
			e.SendAll(first, "1", "2")
			e.Close(first)
			e.Peers(a, 0)
			e.Connect(addr, second)
			e.Gets(a, "1")
			e.Send(second, "3")
			e.waiting(a, 2)
			require.ElementsMatch(t, []string{"2", "3"}, e.drain(a))
		},
	},
}

// takenBy tells which of the sockets gets a message that one of them has got, or
// will get.
func takenBy(e *Env, sockets []mq.Socket) int {
	e.t.Helper()
	taker := -1
	calls := make([]*Call, len(sockets))
	for i, s := range sockets {
		calls[i] = e.Receiving(s)
	}
	e.Eventually(func() bool { return e.count(calls) > 0 }, "received by nobody")
	for i, c := range calls {
		if !c.returned() {
			e.Cancel(c)
			continue
		}
		require.Equal(e.t, -1, taker, "received twice")
		e.Returned(c)
		taker = i
	}
	return taker
}
