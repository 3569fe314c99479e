// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

const (
	killVariable = "MQ_KILL_CHILD"
	killHWM      = 50
)

// TestKillChild is the other process. It is told what to be, and writes down what it
// has received or sent, until it is killed, or whoever started it is.
func TestKillChild(t *testing.T) {
	role, addr, ok := strings.Cut(os.Getenv(killVariable), " ")
	if !ok {
		t.Skip("for the other tests of a process that is killed")
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	s := makers[role](t, mq.WithSendHWM(killHWM), mq.WithRecvHWM(killHWM))
	switch s := s.(type) {
	case mq.Sub:
		require.NoError(t, s.Subscribe(""))
	}
	if role == "REP" {
		require.NoError(t, s.Bind(addr))
	} else {
		require.NoError(t, s.Connect(addr))
	}
	ctx := context.Background()
	for n := 0; ; n++ {
		text := fmt.Sprint(n)
		if role == "PUSH" || role == "REQ" || role == "PUB" {
			require.NoError(t, s.Send(ctx, mq.Text(text)))
		}
		if role != "PUSH" && role != "PUB" {
			m, err := s.Recv(ctx)
			require.NoError(t, err)
			text = string(m.Data)
		}
		fmt.Println(">", text)
		if role == "REP" || role == "PAIR" {
			require.NoError(t, s.Send(ctx, mq.Text(text)))
		}
	}
}

// child is such a process.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	lines *bufio.Scanner
}

func startChild(t *testing.T, role, addr string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0], "-test.run=^TestKillChild$")}
	c.cmd.Env = append(os.Environ(), killVariable+"="+role+" "+addr)
	var err error
	c.stdin, err = c.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	c.lines = bufio.NewScanner(out)
	require.NoError(t, c.cmd.Start())
	t.Cleanup(func() { c.kill() })
	return c
}

// number is the next that the child has written; ok is false when it is dead, and has
// written no more.
func (c *child) number(t *testing.T) (n int, ok bool) {
	for c.lines.Scan() {
		if text, is := strings.CutPrefix(c.lines.Text(), "> "); is {
			n, err := strconv.Atoi(text)
			require.NoError(t, err)
			return n, true
		}
	}
	return 0, false
}

// kill ends the child, and waits for that.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_, _ = c.cmd.Process.Wait()
	_ = c.stdin.Close()
}

// killRounds is how often something is killed: 50 times in all of the tests together.
func killRounds() int {
	if testing.Short() {
		return 2
	}
	return 5
}

// later is a moment in which much can happen.
func later() <-chan time.Time { return time.After(rand.N(20 * time.Millisecond)) }

// The worker of a PUSH is killed, and the next one goes on with exactly what was not
// handed to it. Send says of no message that it has been taken over that is not there.
func TestKillWorker(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			var news news
			push := makers["PUSH"](t, mq.WithSendHWM(killHWM), mq.WithRedelivery(never), news.option())
			addr := scheme.addr(t)
			require.NoError(t, push.Bind(addr))
			ctx, stop := context.WithCancel(t.Context())
			sent := make(chan int)
			go func() {
				n := 0
				for push.Send(ctx, mq.Text(fmt.Sprint(n))) == nil {
					n++
				}
				sent <- n
			}()
			next := 0
			for round := range 2 * killRounds() {
				c := startChild(t, "PULL", addr)
				n, ok := c.number(t)
				require.True(t, ok)
				require.Equal(t, next, n, "the first one for this worker")
				<-later()
				require.NoError(t, c.cmd.Process.Kill())
				for next = n + 1; ; next++ {
					n, ok := c.number(t)
					if !ok {
						break
					}
					require.Equal(t, next, n)
				}
				news.await(t, mq.EventDisconnected, round+1)
				eventually(t, func() bool { return push.Stats().Queued >= killHWM }, "the sender goes on until the queue is full")
				stats := push.Stats()
				first := int(stats.Sent) - stats.Queued
				require.GreaterOrEqual(t, first, next, "what was received is not queued")
				next = first
			}
			stop()
			require.Equal(t, int(push.Stats().Sent), <-sent)
		})
	}
}

// A PUSH is killed: what has come of it is a beginning of what it sent, in order.
func TestKillVentilator(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			pull := makers["PULL"](t)
			addr := scheme.addr(t)
			require.NoError(t, pull.Bind(addr))
			for range killRounds() {
				c := startChild(t, "PUSH", addr)
				for n := range 10 {
					m, err := pull.Recv(soon(t))
					require.NoError(t, err)
					require.Equal(t, fmt.Sprint(n), string(m.Data))
				}
				dead := later()
				n := 10
				for killed := false; !killed || pull.Stats().Peers > 0 || pull.Stats().Pending > 0; {
					select {
					case <-dead:
						c.kill()
						killed = true
					default:
					}
					ctx, cancel := timeLimit(t, pollEvery)
					m, err := pull.Recv(ctx)
					cancel()
					if err == nil {
						require.Equal(t, fmt.Sprint(n), string(m.Data))
						n++
					}
				}
			}
		})
	}
}

// The server of a REQ is killed: the client gets the answer, or hears that there will be
// none, and asks the next server, at the same address. What nobody had taken waits for it.
func TestKillServer(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			req := makers["REQ"](t)
			addr := scheme.addr(t)
			require.NoError(t, req.Connect(addr))
			var answered atomic.Int64
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				askKilled(ctx, t, req, &answered)
			}()
			for range 2 * killRounds() {
				c := startChild(t, "REP", addr)
				before := answered.Load()
				eventually(t, func() bool { return answered.Load() > before }, "an answer of this server")
				<-later()
				c.kill()
			}
			stop()
			<-done
		})
	}
}

// askKilled asks until ctx is done. Each answer belongs to its request.
func askKilled(ctx context.Context, t *testing.T, req mq.Socket, answered *atomic.Int64) {
	for n := 0; ; n++ {
		text := fmt.Sprint(n)
		err := req.Send(ctx, mq.Text(text))
		if ctx.Err() == nil && !assert.NoError(t, err) {
			return
		}
		m, err := req.Recv(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			assert.Equal(t, text, string(m.Data))
			answered.Add(1)
		case !assert.ErrorIs(t, err, mq.ErrPeerGone):
			return
		}
	}
}

// A client, a PAIR or a subscriber is killed: whoever served it goes on.
func TestKillClient(t *testing.T) {
	for _, scheme := range schemes {
		for _, role := range []string{"REQ", "PAIR", "SUB"} {
			t.Run(scheme.name+"/"+role, func(t *testing.T) {
				t.Parallel()
				s := makers[opposite[role]](t, mq.WithSendHWM(killHWM))
				addr := scheme.addr(t)
				require.NoError(t, s.Bind(addr))
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() {
					defer close(done)
					serveKilled(ctx, t, s, role)
				}()
				for range max(1, killRounds()/2) {
					c := startChild(t, role, addr)
					_, ok := c.number(t)
					require.True(t, ok)
					<-later()
					c.kill()
					eventually(t, func() bool { return s.Stats().Peers == 0 }, "it is gone")
				}
				stop()
				<-done
			})
		}
	}
}

// serveKilled does what keeps the other side busy.
func serveKilled(ctx context.Context, t *testing.T, s mq.Socket, role string) {
	for n := 0; ; n++ {
		m := mq.Text(fmt.Sprint(n))
		var err error
		if role == "REQ" {
			if m, err = s.Recv(ctx); err != nil {
				break
			}
		}
		if err = s.Send(ctx, m); err != nil {
			break
		}
		if role == "PAIR" { // what comes back is of no interest
			for s.Stats().Pending > 0 {
				if _, err := s.Recv(ctx); err != nil {
					break
				}
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	assert.Error(t, ctx.Err())
}
