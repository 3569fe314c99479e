// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// ahead is how many messages a worker with this window has been sent that it has not
// asked for: a connection begins with 4 at most, and in-process there are none.
func (e *Env) ahead(window int) int {
	if e.scheme.Inproc {
		return 0
	}
	return min(window, 4)
}

// Out waits until a PUSH has heard that taken messages are done, and open are out.
func (e *Env) Out(push mq.Socket, taken, open int) {
	e.t.Helper()
	e.Eventually(func() bool {
		s := push.Stats()
		return s.Acknowledged == uint64(taken) && s.InFlight == open
	}, "want %d acknowledged and %d in flight", taken, open)
}

// Takes receives n messages.
func (e *Env) Takes(s mq.Receiver, n int) []mq.Message {
	e.t.Helper()
	got := make([]mq.Message, n)
	for i := range got {
		got[i] = e.Recv(s)
	}
	return got
}

// Closing starts a Close.
func (e *Env) Closing(s mq.Socket) *Call {
	return e.Go("Close", func(context.Context) (m mq.Message, err error) { return m, s.Close() })
}

// marked are the texts of messages, with a star behind those that may have been received
// before.
func marked(msgs ...mq.Message) []string {
	texts := make([]string, len(msgs))
	for i, m := range msgs {
		if texts[i] = text(m); m.Redelivered() {
			texts[i] += "*"
		}
	}
	return texts
}

// inOrder wants the numbers in texts to go up.
func inOrder(t *testing.T, texts []string) {
	t.Helper()
	last := -1
	for _, x := range texts {
		n, err := strconv.Atoi(x)
		require.NoError(t, err)
		require.Greater(t, n, last, "the order of %v", texts)
		last = n
	}
}

// diary is what several workers have received.
type diary struct {
	mu    sync.Mutex // protects the fields below
	seen  map[string]bool
	done  map[string]bool
	wrong []string // received again though it was done, or marked though it was not received, or not marked
}

func newDiary() *diary { return &diary{seen: map[string]bool{}, done: map[string]bool{}} }

func (d *diary) note(m mq.Message, done bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := text(m)
	if d.done[x] || m.Redelivered() != d.seen[x] {
		d.wrong = append(d.wrong, marked(m)...)
	}
	d.seen[x] = true
	d.done[x] = d.done[x] || done
}

// crew are three workers that receive from addr. Each closes after n messages, and another
// one takes its place. work is called with each message, and how many the worker had before.
func (e *Env) crew(addr string, n int, work func(i int, m mq.Message), opts ...mq.Option) (calls []*Call) {
	for range 3 {
		calls = append(calls, e.Go("a worker", func(ctx context.Context) (m mq.Message, err error) {
			for err == nil {
				pull := e.Pull(opts...)
				err = pull.Connect(addr)
				for i := 0; i < n && err == nil; i++ {
					if m, err = pull.Recv(ctx); err == nil {
						work(i, m)
					}
				}
				err = errors.Join(err, pull.Close())
			}
			return m, err
		}))
	}
	return calls
}

// dismiss ends a crew, which has nothing to hand back.
func (e *Env) dismiss(crew []*Call) {
	e.t.Helper()
	e.Cancel(crew...)
	for _, c := range crew {
		require.NotErrorAs(e.t, c.err, new(*mq.UndeliveredError))
	}
}

// lingers wants a Close to wait over a network, where a worker has not got all.
func (e *Env) lingers(closing *Call) {
	e.t.Helper()
	if e.scheme.Inproc {
		e.Returned(closing)
	} else {
		e.Blocked(closing)
	}
}

// ackLaws are about what a PULL confirms, and what becomes of the rest.
var ackLaws = []Law{
	{
		ID: "MQ-ACK-01", Pattern: "PULL",
		Shall: "give back, made WithAck, what it has not confirmed when it closes: others get that, marked as redelivered, " +
			"then what it had not received, all in order, and nothing that it has confirmed",
		Run: func(t *testing.T, e *Env) {
			push, goes, stays := e.Push(), e.Pull(mq.WithAck()), e.Pull(mq.WithAck())
			addr := e.Link(push, goes)
			e.SendAll(push, numbers(9)...)
			got := e.Takes(goes, 5)
			require.Equal(t, numbers(5), marked(got...))
			got[0].Ack()
			got[1].Ack()
			e.Close(goes)
			e.Peers(push, 0)
			e.Connect(addr, stays)
			again := e.Takes(stays, 7)
			require.Equal(t, []string{"2*", "3*", "4*", "5", "6", "7", "8"}, marked(again...))
			for _, m := range again {
				m.Ack()
			}
			e.Out(push, 9, 0)
			require.EqualValues(t, 3, push.Stats().Resent)
			e.Empty(stays)
		},
	},
	{
		ID: "MQ-ACK-01", Pattern: "PULL",
		Shall: "let a worker that waits go on with what one that closes has received and not confirmed",
		Run: func(t *testing.T, e *Env) {
			push, goes, stays := e.Push(), e.Pull(mq.WithAck()), e.Pull()
			addr := e.Link(push, goes)
			e.SendAll(push, numbers(3)...)
			e.Takes(goes, 3)[0].Ack()
			e.Connect(addr, stays)
			e.Peers(push, 2)
			waits := e.Receiving(stays)
			e.Blocked(waits)
			e.Close(goes)
			e.Returned(waits)
			require.Equal(t, []string{"1*", "2*"}, marked(waits.msg, e.Recv(stays)))
			e.Out(push, 3, 0)
		},
	},
	{
		ID: "MQ-ACK-01", Pattern: "PULL",
		Shall: "give back to each PUSH what came from there",
		Run: func(t *testing.T, e *Env) {
			pull := e.Pull(mq.WithAck())
			push := pushers(e, pull, 2)
			others := []mq.Socket{e.Pull(), e.Pull()}
			for i, p := range push {
				e.SendAll(p, numbers(3, strconv.Itoa(i))...)
				got := e.Takes(pull, 3)
				got[0].Ack()
				e.Link(others[i], p)
			}
			e.Close(pull)
			for i, o := range others {
				require.Equal(t, []string{strconv.Itoa(i) + "1*", strconv.Itoa(i) + "2*"}, marked(e.Takes(o, 2)...))
				e.Out(push[i], 3, 0)
			}
		},
	},
	{
		ID: "MQ-ACK-01", Pattern: "PULL",
		Shall: "have each message confirmed once, though one worker after the other closes with one that it has not confirmed; " +
			"marked are those that were received before, and no others",
		Run: func(t *testing.T, e *Env) {
			push, seen := e.Push(), newDiary()
			addr := e.Bind(push)
			crew := e.crew(addr, 6, func(i int, m mq.Message) {
				seen.note(m, i < 5)
				if i < 5 {
					m.Ack()
				}
			}, mq.WithAck())
			e.SendAll(push, numbers(200)...)
			e.Out(push, 200, 0)
			e.dismiss(crew)
			require.Empty(t, seen.wrong)
			require.Len(t, seen.done, 200)
			require.Positive(t, push.Stats().Resent)
			e.Close(push)
		},
	},
	{
		ID: "MQ-ACK-02 A-PSH-06 A-PLL-09", Pattern: "PULL",
		Shall: "lose nothing and receive nothing twice, all together, though one worker after the other closes",
		Run: func(t *testing.T, e *Env) {
			push, seen := e.Push(), newDiary()
			addr := e.Bind(push)
			crew := e.crew(addr, 7, func(_ int, m mq.Message) { seen.note(m, true) })
			e.SendAll(push, numbers(200)...)
			e.Out(push, 200, 0)
			e.dismiss(crew)
			require.Empty(t, seen.wrong)
			require.Len(t, seen.done, 200)
			require.Zero(t, push.Stats().Resent)
			e.Close(push)
		},
	},
	{
		ID: "MQ-ACK-02 A-PSH-06", Pattern: "PULL",
		Shall: "leave what it has not received, when it closes, to the next one, unmarked, once, and in order",
		Run: func(t *testing.T, e *Env) {
			for _, opts := range [][]mq.Option{nil, {mq.WithAck()}} {
				push := e.Push()
				addr := e.Bind(push)
				e.SendAll(push, numbers(40)...)
				for i := range 8 {
					pull := e.Pull(opts...)
					e.Connect(addr, pull)
					got := e.Takes(pull, 5)
					require.Equal(t, numbers(40)[5*i:5*i+5], marked(got...))
					for _, m := range got {
						m.Ack()
					}
					e.Close(pull)
					e.Peers(push, 0)
				}
				e.Out(push, 40, 0)
				require.Zero(t, push.Stats().Resent)
			}
		},
	},
	{
		ID: "MQ-ACK-03", Pattern: "PULL",
		Shall: "be able to confirm in any order, and by any goroutine",
		Run: func(t *testing.T, e *Env) {
			push, pull := e.Push(), e.Pull(mq.WithAck())
			e.Link(push, pull)
			for round, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}} {
				e.SendAll(push, numbers(4)...)
				got := e.Takes(pull, 4)
				e.Out(push, 4*round, 4)
				for _, i := range order {
					got[i].Ack()
				}
				e.Out(push, 4*round+4, 0)
			}
			e.SendAll(push, numbers(100)...)
			var all sync.WaitGroup
			for range 100 {
				all.Go(e.Recv(pull).Ack)
			}
			all.Wait()
			e.Out(push, 112, 0)
		},
	},
	{
		ID: "MQ-ACK-03", Pattern: "PULL",
		Shall: "not get once more what is before the first message that was not confirmed, and over a network all that is behind it",
		Run: func(t *testing.T, e *Env) {
			push, goes, stays := e.Push(), e.Pull(mq.WithAck()), e.Pull()
			addr := e.Link(push, goes)
			e.SendAll(push, numbers(6)...)
			got := e.Takes(goes, 5)
			for _, i := range []int{4, 0, 3, 1} {
				got[i].Ack()
			}
			e.Close(goes)
			e.Peers(push, 0)
			e.Connect(addr, stays)
			want := []string{"2*", "3*", "4*", "5"}
			if e.scheme.Inproc {
				want = []string{"2*", "5"}
			}
			require.Equal(t, want, marked(e.Takes(stays, len(want))...))
			e.Out(push, 6, 0)
		},
	},
	{
		ID: "MQ-ACK-04", Pattern: "PULL",
		Shall: "take an Ack for what it is, on the message, a copy or a clone, and one that is repeated for nothing",
		Run: func(t *testing.T, e *Env) {
			push, pull := e.Push(), e.Pull(mq.WithAck())
			e.Link(push, pull)
			for i := range 3 {
				e.SendAll(push, "confirmed", "not confirmed")
				got := e.Takes(pull, 2)
				copied, clone := got[0], got[0].Clone()
				for range 2 {
					[]func(){got[0].Ack, copied.Ack, clone.Ack}[i]()
					e.Out(push, 2*i+1, 1)
				}
				var all sync.WaitGroup
				for _, m := range []mq.Message{got[0], copied, clone, got[0]} {
					all.Go(m.Ack)
				}
				all.Wait()
				e.Settle()
				e.Out(push, 2*i+1, 1)
				got[1].Ack()
				e.Out(push, 2*i+2, 0)
			}
		},
	},
	{
		ID: "MQ-ACK-04", Pattern: "PULL",
		Shall: "take an Ack that comes too late for nothing: the message is another's, or its PUSH has gone",
		Run: func(t *testing.T, e *Env) {
			push, first, second := e.Push(mq.WithLinger(0)), e.Pull(mq.WithAck()), e.Pull(mq.WithAck())
			addr := e.Link(push, first)
			e.SendAll(push, "0", "1")
			late := e.Takes(first, 2)
			e.Close(first)
			e.Peers(push, 0)
			late[1].Ack()
			e.Connect(addr, second)
			again := e.Takes(second, 2)
			require.Equal(t, []string{"0*", "1*"}, marked(again...))
			late[0].Ack()
			e.Settle()
			e.Out(push, 0, 2)
			again[0].Ack()
			e.Out(push, 1, 1)
			e.Close(push)
			again[1].Ack()
			late[1].Ack()
		},
	},
	{
		ID: "MQ-ACK-05", Pattern: "ALL",
		Shall: "take an Ack for nothing where nobody asks for it, and mark no message that comes for the first time",
		Run: func(t *testing.T, e *Env) {
			mq.Message{}.Ack()
			mq.Text("of my own").Ack()
			require.False(t, mq.Text("of my own").Redelivered())
			for _, l := range lanes {
				for _, opts := range [][]mq.Option{nil, {mq.WithAck()}} {
					from, to := l.open(e, opts...)
					e.Send(from, "x", "y")
					m := e.Recv(to)
					require.Equal(t, "x|y", text(m))
					require.False(t, m.Redelivered())
					m.Ack()
					m.Ack()
				}
			}
		},
	},
	{
		ID: "MQ-ACK-05", Pattern: "PULL",
		Shall: "begin anew with a message that was sent on: it is not marked, and to confirm it is not to confirm the one that came",
		Run: func(t *testing.T, e *Env) {
			push, lost, proxy := e.Push(), e.Pull(mq.WithAck()), e.Pull(mq.WithAck())
			next, last := e.Push(), e.Pull(mq.WithAck())
			addr := e.Link(push, lost)
			e.Link(next, last)
			e.Send(push, "x")
			e.Recv(lost)
			e.Close(lost)
			e.Connect(addr, proxy)
			m := e.Recv(proxy)
			require.True(t, m.Redelivered())
			require.NoError(t, next.Send(e.ctx, m))
			on := e.Recv(last)
			require.Equal(t, []string{"x"}, marked(on))
			on.Ack()
			e.Out(next, 1, 0)
			e.Out(push, 0, 1)
			m.Ack()
			e.Out(push, 1, 0)
		},
	},
}
