// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// A process is killed as by the system, and another takes its place: all goes on. Who
// connected counts it (A-ALL-03, D-CON-12, D-CON-13).
func TestLibzmqKilled(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	type where struct {
		*line
		addr    string
		mqBinds bool
	}
	var lines []where
	for _, scheme := range schemes {
		for _, side := range sides {
			for _, pair := range pairs {
				w := where{newLine(t, p, pair), scheme.addr(t), side.mq}
				w.join(t, w.mqBinds, w.addr)
				w.round(t, parts("before")...)
				lines = append(lines, w)
			}
		}
	}
	for again := range uint64(3) {
		p.Kill()
		p = pyzmq.Start(t)
		for _, w := range lines {
			w.heard.wait(t, mq.EventDisconnected, int(again)+1)
			w.replace(t, p, w.addr, w.mqBinds)
			w.ready(t, 1)
			w.round(t, parts("after", "")...)
			reconnects := again + 1
			if w.mqBinds {
				reconnects = 0
			}
			require.Equal(t, reconnects, w.mq.Stats().Reconnects, "%s-%s", w.own, w.theirs)
		}
	}
}

// replace makes another socket of libzmq for the line.
func (l *line) replace(t *testing.T, p *pyzmq.Process, addr string, mqBinds bool, opts ...pyzmq.Options) {
	t.Helper()
	l.zmq = newTheirs(t, p, l.theirs, opts...)
	var err error
	if mqBinds {
		err = l.zmq.Connect(l.mq.Addr())
	} else {
		_, err = l.zmq.Bind(addr)
	}
	require.NoError(t, err)
}

// What is sent while nobody is there waits, in order, for who comes (A-PAIR-05,
// A-REQ-08, D-CON-10).
func TestLibzmqKilledQueuesSurvive(t *testing.T) {
	t.Parallel()
	for _, side := range sides {
		for _, pair := range [][2]string{{"PUSH", "PULL"}, {"PAIR", "PAIR"}} {
			t.Run(side.name+"/"+pair[0], func(t *testing.T) {
				const n = 500
				p, addr := pyzmq.Start(t), schemes[0].addr(t)
				l := newLine(t, p, pair)
				l.join(t, side.mq, addr)
				l.round(t, parts("before")...)
				p.Kill()
				l.heard.wait(t, mq.EventDisconnected, 1)
				for i := range n {
					sendOwn(t, l.mq, pyzmq.Number(i, numberSize))
				}
				require.Equal(t, n, l.mq.Stats().Queued)
				l.replace(t, pyzmq.Start(t), addr, side.mq)
				l.wantNumbers(t, n)
				require.Zero(t, l.mq.Stats().Queued)
			})
		}
	}
}

// Somebody is killed while messages stream to him: what was on its way is lost, and
// what comes after is in order, to the last, and nothing comes twice (A-ALL-06).
func TestLibzmqKilledInTheStream(t *testing.T) {
	t.Parallel()
	bounded := pyzmq.Options{"RCVHWM": 1000}
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			p, addr := pyzmq.Start(t), scheme.addr(t)
			l := newLine(t, p, [2]string{"PUSH", "PULL"})
			require.NoError(t, l.zmq.Set("RCVHWM", 1000))
			l.join(t, false, addr)
			ctx, enough := context.WithCancel(t.Context())
			defer enough()
			sent := make(chan int, 1)
			go func() {
				n := 0
				for l.mq.Send(ctx, mq.NewMessage(pyzmq.Number(n, numberSize))) == nil {
					n++
				}
				sent <- n
			}()
			last := -1
			for range 3 {
				last = l.after(t, last)
				p.Kill()
				p = pyzmq.Start(t)
				l.replace(t, p, addr, false, bounded)
			}
			last = l.after(t, last)
			enough()
			for n := <-sent; last < n-1; {
				got, err := l.zmq.RecvNumbers(n-1-last, longest)
				require.NoError(t, err)
				require.True(t, got.Ordered && got.First == last+1, "%+v after %d", got, last)
				last = got.Last
			}
			require.Equal(t, uint64(3), l.mq.Stats().Reconnects)
		})
	}
}

// after receives some numbers, all of them greater than last.
func (l *line) after(t *testing.T, last int) int {
	t.Helper()
	got, err := l.zmq.RecvNumbers(1000, longest)
	require.NoError(t, err)
	require.True(t, got.Ordered && got.Count == 1000 && got.First > last, "%+v after %d", got, last)
	return got.Last
}

// The subscriptions of the moment, each once, are sent to who comes (D-CON-12, B-CMD-06).
func TestLibzmqKilledPublisherIsToldAgain(t *testing.T) {
	t.Parallel()
	p, addr := pyzmq.Start(t), schemes[0].addr(t)
	l := newLine(t, p, [2]string{"SUB", "XPUB"})
	l.join(t, false, addr)
	sub := l.mq.(mq.Sub)
	for _, prefix := range []string{"a", "b", "b", "c", noPrefix} {
		require.NoError(t, sub.Subscribe(prefix))
	}
	p.Kill()
	l.heard.wait(t, mq.EventDisconnected, 1)
	for _, prefix := range []string{"", "b", "c"} {
		require.NoError(t, sub.Unsubscribe(prefix))
	}
	require.NoError(t, sub.Subscribe("d"))
	l.replace(t, pyzmq.Start(t), addr, false)
	want := map[string]bool{"\x01a": true, "\x01b": true, "\x01d": true, "\x01" + noPrefix: true}
	for len(want) > 0 {
		got, err := l.zmq.Recv(longest)
		require.NoError(t, err)
		require.True(t, want[string(got[0])], "%q", got)
		delete(want, string(got[0]))
	}
	_, err := l.zmq.Recv(moment)
	require.ErrorIs(t, err, pyzmq.ErrTimeout)
	for _, topic := range []string{"c", "", "bc"} {
		require.NoError(t, l.zmq.Send([]byte(topic)))
	}
	require.Equal(t, "bc", string(recvOwn(t, sub).Data))
}

const noPrefix = "\x00\xff"

// A request dies with the server that has it, and the client hears of it; one that no
// server has had waits for the next.
func TestLibzmqKilledServer(t *testing.T) {
	t.Parallel()
	for i, scheme := range schemes {
		for _, side := range sides {
			t.Run(scheme.name+"/"+side.name, func(t *testing.T) {
				p, addr := pyzmq.Start(t), scheme.addr(t)
				l := newLine(t, p, [2]string{"REQ", []string{"REP", "ROUTER"}[i]})
				l.join(t, side.mq, addr)
				l.ask(t)
				p.Kill()
				ctx, cancel := context.WithTimeout(t.Context(), longest)
				defer cancel()
				_, err := l.mq.Recv(ctx)
				require.ErrorIs(t, err, mq.ErrPeerGone)

				l.heard.wait(t, mq.EventDisconnected, 1)
				sendOwn(t, l.mq, []byte("question"))
				require.Equal(t, 1, l.mq.Stats().Queued)
				l.replace(t, pyzmq.Start(t), addr, side.mq)
				got, err := l.zmq.Recv(longest)
				require.NoError(t, err)
				require.Equal(t, "question", string(got[len(got)-1]))
				l.envelope = got[:len(got)-1]
				l.back(t, parts("answer")...)
			})
		}
	}
}

// The answer to a client that was killed is dropped, and the server goes on (A-REP-11,
// D-REQ-09).
func TestLibzmqKilledClient(t *testing.T) {
	t.Parallel()
	p, stays := pyzmq.Start(t), pyzmq.Start(t)
	l := newLine(t, p, [2]string{"REP", "REQ"})
	l.join(t, true, schemes[0].addr(t))
	other := l.another(t, stays)
	other.ready(t, 2)
	require.NoError(t, l.zmq.Send([]byte("last words")))
	require.Equal(t, "last words", string(recvOwn(t, l.mq).Data))
	p.Kill()
	l.heard.wait(t, mq.EventDisconnected, 1)
	sendOwn(t, l.mq, []byte("who is there?"))
	require.Equal(t, uint64(1), l.mq.Stats().Dropped)
	other.round(t, parts("hello")...)
}
