// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

const (
	workerVariable = "MQ_WORKER_CHILD"
	workerWindow   = 16
	workerTime     = 4 * time.Millisecond // for one message, at most
)

// Workers are killed all the time, and others take their place. All work is done: what a
// worker had been sent goes to others, and they are told that it may have been done before.
// A message that a worker takes, and does not live to tell of, is the worker's to lose, one
// for each kill; but of those that it confirms when they are done, none.
func TestPipelineWorkersKilled(t *testing.T) {
	for _, kind := range []string{"taken", "confirmed"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			const workers = 8
			f := newFactory(t, kind)
			for range workers {
				f.hire()
			}
			sent := f.sendAndKill(map[bool]time.Duration{false: 6 * time.Second, true: 2 * time.Second}[brief()])
			eventually(t, func() bool {
				stats := f.push.Stats()
				return int(stats.Acknowledged) == sent && f.unknown(sent) <= f.mayLose()
			}, "all %d are done, or lost with who was killed", sent)
			resent := f.push.Stats().Resent
			require.NoError(t, f.push.Close(), "nothing is left")
			f.endAll()
			f.check(sent, int(resent))
		})
	}
}

// factory is a PUSH here, and PULLs in processes of their own.
type factory struct {
	t     *testing.T
	kind  string
	push  mq.Socket
	alive []*worker
	dead  int

	mu   sync.Mutex // protects the fields below
	done map[int][]report
}

// report is what a worker says of a message.
type report struct {
	by    *worker
	again bool // it was Redelivered
}

func newFactory(t *testing.T, kind string) *factory {
	f := &factory{t: t, kind: kind, done: make(map[int][]report)}
	f.push = makers["PUSH"](t, mq.WithRedelivery(20*time.Millisecond), mq.WithLinger(never), mq.WithSendHWM(100))
	require.NoError(t, f.push.Bind(schemes[0].addr(t)))
	return f
}

// worker is a process.
type worker struct {
	child
	killed bool          // by fire, which has set this before
	over   chan struct{} // closed when all was read that it has written

	mu    sync.Mutex // protects the field below
	count int        // reports
}

func (w *worker) reports() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// hire starts a worker. What it reports is read until it is dead.
func (f *factory) hire() {
	w := &worker{over: make(chan struct{})}
	w.cmd = exec.Command(os.Args[0], "-test.run=^TestPipelineWorkerChild$")
	w.cmd.Env = append(os.Environ(), workerVariable+"="+f.kind+" "+f.push.Addr())
	var err error
	w.stdin, err = w.cmd.StdinPipe()
	require.NoError(f.t, err)
	out, err := w.cmd.StdoutPipe()
	require.NoError(f.t, err)
	w.lines = bufio.NewScanner(out)
	require.NoError(f.t, w.cmd.Start())
	f.t.Cleanup(w.kill)
	f.alive = append(f.alive, w)
	go func() {
		defer close(w.over)
		for w.lines.Scan() {
			var n int
			r := report{by: w}
			if _, err := fmt.Sscanf(w.lines.Text(), "> %d %t", &n, &r.again); err == nil {
				f.heard(n, r)
			}
		}
	}()
}

func (f *factory) heard(n int, r report) {
	f.mu.Lock()
	f.done[n] = append(f.done[n], r)
	f.mu.Unlock()
	r.by.mu.Lock()
	r.by.count++
	r.by.mu.Unlock()
}

// sendAndKill sends as much as is done, and kills a worker that is at work five times a
// second, for some time. It returns how many messages it has sent.
func (f *factory) sendAndKill(d time.Duration) int {
	ctx, stop := context.WithCancel(f.t.Context())
	defer stop()
	sent := make(chan int, 1)
	go func() {
		n := 0
		for ; ; n++ {
			err := f.push.Send(ctx, mq.Text(fmt.Sprint(n)))
			if errors.Is(err, context.Canceled) || !assert.NoError(f.t, err) {
				break
			}
		}
		sent <- n
	}()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); time.Since(start) < d || f.dead < 5; <-tick.C {
		require.Less(f.t, time.Since(start), d+never, "workers get to work")
		if i := rand.IntN(len(f.alive)); f.alive[i].reports() > 0 {
			<-later()
			f.fire(i)
			f.hire()
		}
	}
	stop()
	return <-sent
}

// fire kills a worker.
func (f *factory) fire(i int) {
	w := f.alive[i]
	f.alive = append(f.alive[:i], f.alive[i+1:]...)
	w.killed = true
	f.dead++
	require.NoError(f.t, w.cmd.Process.Kill())
	<-w.over
	w.kill()
}

func (f *factory) endAll() {
	for _, w := range f.alive {
		require.NoError(f.t, w.cmd.Process.Kill())
		<-w.over
		w.kill()
	}
}

// mayLose is how many messages may not have been reported: those taken, and not confirmed
// otherwise, by who was killed next.
func (f *factory) mayLose() int {
	if f.kind == "confirmed" {
		return 0
	}
	return f.dead
}

// unknown is how many of the sent messages nobody has reported.
func (f *factory) unknown(sent int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return sent - len(f.done)
}

// check looks at all reports.
func (f *factory) check(sent, resent int) {
	again, twice := make(map[*worker]int), 0
	for n, reports := range f.done {
		require.Less(f.t, n, sent)
		fresh, live := 0, 0
		for _, r := range reports {
			if !r.again {
				fresh++
			}
			if !r.by.killed {
				live++
			}
		}
		require.LessOrEqual(f.t, fresh, 1, "message %d: whoever has it again is told", n)
		require.LessOrEqual(f.t, live, 1, "message %d: who is not killed has it alone", n)
		if len(reports) > 1 {
			twice++
			for _, r := range reports {
				if r.by.killed {
					again[r.by]++
				}
			}
		}
	}
	f.t.Logf("%d killed, %d messages sent, %d resent, %d done twice, %d unknown", f.dead, sent, resent, twice, sent-len(f.done))
	for _, n := range again {
		require.LessOrEqual(f.t, n, workerWindow, "of one worker, done again by others")
	}
	require.LessOrEqual(f.t, resent, f.dead*workerWindow)
	require.Positive(f.t, resent, "something was under way to who was killed")
}

// TestPipelineWorkerChild is such a worker: it takes a message, works, and reports it.
func TestPipelineWorkerChild(t *testing.T) {
	kind, addr, ok := strings.Cut(os.Getenv(workerVariable), " ")
	if !ok {
		t.Skip("for the tests of workers that are killed")
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	opts := []mq.Option{mq.WithWindow(workerWindow)}
	if kind == "confirmed" {
		opts = append(opts, mq.WithAck())
	}
	pull := makers["PULL"](t, opts...)
	require.NoError(t, pull.Connect(addr))
	work := func() { <-time.After(rand.N(workerTime)) }
	for {
		m, err := pull.Recv(context.Background())
		require.NoError(t, err)
		if kind == "confirmed" {
			work()
		}
		fmt.Println(">", string(m.Data), m.Redelivered())
		m.Ack()
		if kind != "confirmed" {
			work()
		}
	}
}
