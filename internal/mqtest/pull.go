// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// pushers makes n PUSH sockets that are linked to pull, in order. Push i calls
// its messages i0, i1, ...
func pushers(e *Env, pull mq.Socket, n int) []mq.Socket {
	e.t.Helper()
	all := make([]mq.Socket, n)
	for i := range all {
		all[i] = e.Push()
	}
	e.Link(pull, all...)
	return all
}

// pullLaws are about how a PULL takes from several PUSHes.
var pullLaws = []Law{
	{
		ID: "A-PLL-04 A-PLL-08 D-FQ-01 D-FQ-02 D-FQ-03", Pattern: "PULL",
		Shall: "take one message from each peer in turn, and skip those that have none: " +
			"backlogs of 3, 1 and 2 come as 00 10 20 01 21 02",
		Run: func(t *testing.T, e *Env) {
			pull := e.Pull()
			push := pushers(e, pull, 3)
			for range 3 {
				came := 0
				for i, backlog := range []int{3, 1, 2} {
					e.SendAll(push[i], numbers(backlog, fmt.Sprint(i))...)
					came += backlog
					e.waiting(pull, came) // over a network messages of several peers arrive in no order
					e.Settle()
				}
				e.Gets(pull, "00", "10", "20", "01", "21", "02")
				e.Empty(pull)
			}
		},
	},
	{
		ID: "A-PLL-08 D-FQ-05", Pattern: "PULL",
		Shall: "read peers that had nothing in the order in which they got something",
		Run: func(t *testing.T, e *Env) {
			pull := e.Pull()
			push := pushers(e, pull, 4)
			e.Empty(pull)
			for _, order := range [][]int{{2, 0, 3, 1}, {1, 3, 0, 2}, {3, 3, 1, 1}} {
				var want []string
				for n, i := range order {
					e.Send(push[i], fmt.Sprint(i))
					e.waiting(pull, n+1)
					e.Settle()
					if !slices.Contains(want, fmt.Sprint(i)) {
						want = append(want, fmt.Sprint(i))
					}
				}
				if len(want) < len(order) {
					want = append(want, want...)
				}
				e.Gets(pull, want...)
				e.Empty(pull)
			}
		},
	},
	{
		ID: "A-PLL-08 A-PLL-01", Pattern: "PULL",
		Shall: "starve no peer: of a hundred with a backlog each is read once before one is read twice",
		Run: func(t *testing.T, e *Env) {
			pull := e.Pull()
			push := pushers(e, pull, 100)
			var want []string
			for i, p := range push {
				e.SendAll(p, fmt.Sprint(i), fmt.Sprint(i), fmt.Sprint(i))
				want = append(want, fmt.Sprint(i))
				e.waiting(pull, 3*len(want))
			}
			for range 3 {
				e.Gets(pull, want...)
			}
			e.Empty(pull)
		},
	},
	{
		ID: "A-PLL-05 D-INP-08", Pattern: "PULL",
		Shall:   "find whoever binds the name next, and go on receiving there",
		Departs: "30/PIPELINE keeps the queue at the PULL; what that has not received stays its PUSH's. libzmq does not reconnect in-process",
		Run: func(t *testing.T, e *Env) {
			pull := e.Pull()
			addr := e.Addr()
			e.Connect(addr, pull)
			for _, x := range numbers(3) {
				push := e.Push()
				e.Bind(push, addr)
				e.Peers(pull, 1)
				e.Send(push, x)
				e.Gets(pull, x)
				e.Close(push)
				e.Peers(pull, 0)
			}
		},
	},
	{
		ID: "A-PLL-06 A-PLL-09 A-DEV-01 D-LNG-07", Pattern: "PULL",
		Shall: "still receive what a PUSH had sent before it went, beside what the others send",
		Run: func(t *testing.T, e *Env) {
			pull := e.Pull()
			push := pushers(e, pull, 2)
			e.SendAll(push[0], "00", "01", "02")
			e.SendAll(push[1], "10")
			e.Close(push[0])
			e.Peers(pull, 1)
			e.Send(push[1], "11")
			e.waiting(pull, 5)
			got := e.drain(pull)
			require.ElementsMatch(t, []string{"00", "01", "02", "10", "11"}, got)
			slices.SortStableFunc(got, func(a, b string) int { return strings.Compare(a[:1], b[:1]) })
			require.Equal(t, []string{"00", "01", "02", "10", "11"}, got, "each in its order")
		},
	},
	{
		ID: "A-ALL-07 A-PLL-08", Pattern: "PULL",
		Shall: "receive what each PUSH sends in its order, however many send at once",
		Run: func(t *testing.T, e *Env) {
			const each = 200
			pull := e.Pull()
			push := pushers(e, pull, 5)
			calls := sendAtOnce(e, push, each)
			next := make([]int, len(push))
			for range each * len(push) {
				x := text(e.Recv(pull))
				i := int(x[0] - '0')
				require.Equal(t, fmt.Sprint(i, " ", next[i]), x)
				next[i]++
			}
			for _, c := range calls {
				e.Returned(c)
			}
		},
	},
}

// sendAtOnce lets all sockets send "i 0", "i 1", ... at the same time.
func sendAtOnce(e *Env, sockets []mq.Socket, each int) []*Call {
	calls := make([]*Call, len(sockets))
	for i, s := range sockets {
		calls[i] = e.Go("Sends", func(ctx context.Context) (m mq.Message, err error) {
			for _, x := range numbers(each, fmt.Sprint(i, " ")) {
				err = errors.Join(err, s.Send(ctx, mq.Text(x)))
			}
			return m, err
		})
	}
	return calls
}

// workerLaws are about several PULLs that take from the same PUSHes.
var workerLaws = slices.Concat(competingLaws, ackLaws, leavingLaws, windowLaws)

// unknown is why a law about who waits in Recv holds in-process only.
const unknown = "over a network a PUSH does not know who waits in Recv, and a message that was sent ahead stays where it is"

var competingLaws = []Law{
	{
		ID: "A-ALL-06 A-PSH-12 A-PLL-09", Pattern: "PULL",
		Shall: "receive each message once, all together, and each worker what one PUSH sent in its order",
		Run: func(t *testing.T, e *Env) {
			const each = 300
			push, pull := []mq.Socket{e.Push(), e.Push(mq.WithSendHWM(1)), e.Push(mq.WithSendHWM(2))}, make([]mq.Socket, 4)
			addrs := []string{e.Bind(push[0]), e.Bind(push[1]), e.Bind(push[2])}
			got := make([][]string, len(pull))
			var workers []*Call
			for i := range pull {
				pull[i] = e.Pull()
				for _, addr := range addrs {
					e.Connect(addr, pull[i])
				}
				workers = append(workers, e.Go("Recvs", func(ctx context.Context) (mq.Message, error) {
					for {
						m, err := pull[i].Recv(ctx)
						if err != nil {
							return m, err
						}
						got[i] = append(got[i], text(m))
					}
				}))
			}
			for _, c := range sendAtOnce(e, push, each) {
				e.Returned(c)
			}
			e.Received(len(push)*each, pull...)
			e.Settle()
			e.Cancel(workers...)
			requireShares(t, got, len(push), each)
		},
	},
	{
		ID: "A-PSH-06", Pattern: "PULL",
		Shall: "leave what comes to the others that wait when it closes",
		Run: func(t *testing.T, e *Env) {
			push := e.Push()
			addr := e.Bind(push)
			e.manyTimes(func(i int) {
				goes, stays := e.Pull(), e.Pull()
				e.Connect(addr, goes, stays)
				e.Peers(push, 2)
				calls := receiveInTurn(e, []mq.Socket{goes, stays}, []int{0, 1})
				first, second := calls[0], calls[1]
				meanwhile(i, func() { e.Send(push, "x") }, func() { e.Close(goes) })
				require.True(t, e.finished(first))
				if first.err == nil {
					e.Blocked(second)
				} else {
					e.Failed(first, mq.ErrClosed)
					require.Equal(t, "x", e.Returned(second))
				}
				e.Close(stays)
				e.Peers(push, 0)
			})
		},
	},
	{
		ID: "MQ-CTX-03", Pattern: "PULL",
		Shall: "leave a message to the others that wait when the Recv it was meant for is cancelled",
		Only:  unknown,
		Run: func(t *testing.T, e *Env) {
			push, one, two := e.Push(), e.Pull(), e.Pull()
			e.Link(push, one, two)
			e.manyTimes(func(i int) {
				calls := receiveInTurn(e, []mq.Socket{one, two}, []int{0, 1})
				first, second := calls[0], calls[1]
				meanwhile(i, func() { e.Send(push, "x") }, first.cancel)
				require.True(t, e.finished(first))
				if first.err == nil {
					e.Cancel(second)
				} else {
					require.Equal(t, "x", e.Returned(second))
				}
				e.Empty(one)
				e.Empty(two)
			})
		},
	},
	{
		ID: "MQ-CTX-03", Pattern: "PULL",
		Shall: "serve a Recv that goes on waiting when those that waited longer are cancelled",
		Only:  unknown,
		Run: func(t *testing.T, e *Env) {
			push, one, two := e.Push(), e.Pull(), e.Pull()
			e.Link(push, one, two)
			for _, order := range [][]mq.Socket{{one, two}, {two, one}, {one, one}} {
				calls := receiveInTurn(e, order, []int{0, 1})
				e.Cancel(calls[0])
				e.Send(push, "x")
				require.Equal(t, "x", e.Returned(calls[1]))
			}
		},
	},
}

// requireShares wants the workers to have got each message "i n" once, and each
// worker those of one sender i in order.
func requireShares(t *testing.T, got [][]string, senders, each int) {
	t.Helper()
	seen := map[string]bool{}
	for _, share := range got {
		last := make([]int, senders)
		for _, x := range share {
			require.False(t, seen[x], "%s was received twice", x)
			seen[x] = true
			var i, n int
			_, err := fmt.Fscan(strings.NewReader(x), &i, &n)
			require.NoError(t, err)
			require.GreaterOrEqual(t, n, last[i], "out of order")
			last[i] = n
		}
	}
	require.Len(t, seen, senders*each, "messages received")
}
