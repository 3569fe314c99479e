// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// endless is a text without end, and calls after when so many bytes of it are
// read.
type endless struct {
	bytes int
	after func()
}

func (e *endless) Read(p []byte) (n int, err error) {
	const line = "a line with some words that nobody will ever want to count\n"
	for n+len(line) <= len(p) {
		n += copy(p[n:], line)
	}
	if e.bytes -= n; e.bytes <= 0 && e.after != nil {
		e.after()
		e.after = nil
	}
	return n, nil
}

// requireConservation checks that of all that was sent nothing is missing and
// nothing is there twice.
func requireConservation(t *testing.T, o outcome) {
	t.Helper()
	var sum work
	for _, part := range []work{o.counted, o.undone, o.returned} {
		sum.add(part)
	}
	require.Equal(t, o.sent, sum, "%+v", o)
}

func TestInterruptLosesNothing(t *testing.T) {
	for i := range 24 * len(schemes) {
		scheme, workers, cut := schemes[i/24], 1+i/12%2*2, i%12
		t.Run(fmt.Sprintf("%s/workers=%d/cut=%d", scheme, workers, cut), func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			stdin := &endless{1 << (10 + cut), interrupt}
			in, err := list(ctx, []string{"-", "testdata/texts"}, stdin)
			require.NoError(t, err)
			all := newSockets()
			p, err := assemble(all, config{workers: workers, top: 10, wait: time.Minute, addrs: over(t, scheme)}, in, io.Discard)
			require.NoError(t, err)

			o, err := p.run(ctx)
			require.NoError(t, err)
			require.NoError(t, all.runtime.Close(), "nothing is left in any socket")
			require.False(t, o.complete())
			require.EqualValues(t, 5, o.filesLeft)
			require.EqualValues(t, 123, o.bytesLeft)
			requireConservation(t, o)

			var received uint64
			for _, w := range p.workers {
				received += w.lines.Stats().Received
			}
			require.EqualValues(t, o.counted.messages+o.undone.messages, received)
			for _, c := range o.top {
				require.Zero(t, c.n%o.counted.lines, "%v in %d lines", c, o.counted.lines)
			}
		})
	}
}

func TestInterruptTellsWhatWasNotDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		stdin, typist := io.Pipe()
		var stdout, stderr bytes.Buffer
		code := make(chan int)
		go func() {
			code <- command(ctx, []string{"-verify", "testdata/texts/cat.txt", "-", "testdata/texts"}, stdin, &stdout, &stderr)
		}()
		_, err := io.WriteString(typist, strings.Repeat("what is typed\n", 3*batchLines+1))
		require.NoError(t, err)
		synctest.Wait() // what could be counted is counted, and standard input waits for more
		interrupt()
		require.Equal(t, 130, <-code)
		require.Empty(t, stdout.String())
		_, report, _ := strings.Cut(stderr.String(), "interrupted\n")
		require.Equal(t, `  counted:     5 messages with 195 lines, 2.7 kB
  not counted: nothing
  not sent:    123 bytes of files and the rest of standard input
`, report)
		_, err = typist.Write([]byte("x"))
		require.Error(t, err, "nobody reads any more")
	})
}

func TestUnsentNamesTheFirstFile(t *testing.T) {
	in := &input{sources: []source{{path: "-"}, {path: "b"}, {path: "c"}}}
	for want, o := range map[string]outcome{
		"nothing":                                        {},
		"9 bytes of 1 file, from c on":                   {filesLeft: 1, bytesLeft: 9},
		"9.0 kB of 2 files, from b on":                   {filesLeft: 2, bytesLeft: 9000},
		"0 bytes of 2 files, from b on":                  {filesLeft: 2},
		"1.5 MB of files and the rest of standard input": {filesLeft: 3, bytesLeft: 1.5e6},
	} {
		require.Equal(t, want, o.unsent(in))
	}
	in.sources = in.sources[:1]
	require.Equal(t, "the rest of standard input", (&outcome{filesLeft: 1}).unsent(in))
}

func TestStopAfterTheLastLineLeavesNothing(t *testing.T) {
	in, err := list(t.Context(), []string{"testdata/texts/empty.txt"}, nil)
	require.NoError(t, err)
	all := newSockets()
	p, err := assemble(all, config{workers: 1, addrs: at(t)}, in, io.Discard)
	require.NoError(t, err)
	sending, stop := context.WithCancel(t.Context())
	stop()
	require.NoError(t, p.ventilator.sendAll(t.Context(), sending))
	require.Equal(t, 1, p.ventilator.files)
	m, err := p.main.control.Recv(t.Context())
	require.NoError(t, err)
	require.Equal(t, "done", m.String())
	require.NoError(t, all.runtime.Close())
}

// team is the parts without workers, running in a bubble.
type team struct {
	*parts
	all  *sockets
	idle []*worker // connected, but not running
	done chan outcome
}

// start has the given number of messages of one line to be counted.
func start(t *testing.T, ctx context.Context, workers, messages int) *team {
	stdin := strings.NewReader(strings.Repeat("word\n", messages*batchLines))
	in, err := list(ctx, []string{"-"}, stdin)
	require.NoError(t, err)
	all := newSockets()
	p, err := assemble(all, config{workers: workers, top: 10, addrs: at(t)}, in, io.Discard)
	require.NoError(t, err)
	tm := &team{p, all, p.workers, make(chan outcome, 1)}
	p.workers = nil
	go func() {
		o, err := p.run(ctx)
		require.NoError(t, err)
		tm.done <- o
	}()
	synctest.Wait()
	return tm
}

// end returns the outcome, and checks that it adds up.
func (tm *team) end(t *testing.T, messages int64) outcome {
	t.Helper()
	o := <-tm.done
	require.NoError(t, tm.all.runtime.Close())
	require.Equal(t, work{messages, messages * batchLines, messages * batchLines * 5}, o.sent)
	requireConservation(t, o)
	return o
}

func TestWorkerThatEndsEarlyTakesNothingWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tm := start(t, t.Context(), 2, 50)
		quitter, other := tm.idle[0], tm.idle[1]
		for range 3 {
			m, err := quitter.lines.Recv(t.Context())
			require.NoError(t, err)
			require.NoError(t, quitter.settle(t.Context(), m))
		}
		require.NoError(t, quitter.finish(t.Context()))

		taking, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- other.run(t.Context(), taking) }()
		synctest.Wait()
		stop()
		require.NoError(t, <-ended)

		o := tm.end(t, 50)
		require.True(t, o.complete())
		require.Equal(t, []count{{"word", 50 * batchLines}}, o.top)
		require.EqualValues(t, 47, other.lines.Stats().Received)
	})
}

func TestLastWorkerReportsWhatItLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tm := start(t, t.Context(), 1, 50)
		taking, stop := context.WithCancel(t.Context())
		stop()
		require.NoError(t, tm.idle[0].run(t.Context(), taking))

		o := tm.end(t, 50)
		require.EqualValues(t, 50, o.undone.messages)
		require.False(t, o.complete())
	})
}

func TestInterruptStopsWorkersBeforeTheNextMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const accepted = 1000 // counts that wait for a sink, so many are taken at most
		ctx, interrupt := context.WithCancel(t.Context())
		stdin := strings.NewReader(strings.Repeat("word\n", 2*accepted*batchLines))
		in, err := list(ctx, []string{"-"}, stdin)
		require.NoError(t, err)
		all := newSockets()
		p, err := assemble(all, config{workers: 1, addrs: at(t)}, in, io.Discard)
		require.NoError(t, err)
		require.NoError(t, p.workers[0].counts.Disconnect(p.sink.counts.Addr()))

		done := make(chan outcome)
		go func() {
			o, err := p.run(ctx)
			require.NoError(t, err)
			done <- o
		}()
		synctest.Wait() // the worker is stuck with the counts of one message more
		interrupt()
		synctest.Wait() // it hands these in before it ends
		require.NoError(t, p.workers[0].counts.Connect(p.sink.counts.Addr()))
		o := <-done
		require.NoError(t, all.runtime.Close())
		requireConservation(t, o)
		require.EqualValues(t, accepted+1, o.counted.messages)
		require.EqualValues(t, ahead, o.undone.messages)
	})
}

func TestConductorPassesOverAStaleDone(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	all := newSockets()
	p, err := assemble(all, config{addrs: at(t)}, &input{}, io.Discard)
	require.NoError(t, err)
	go p.sink.run(t.Context())
	done := make(chan outcome)
	go func() {
		o, err := p.main.run(t.Context(), ctx, func() {})
		require.NoError(t, err)
		done <- o
	}()
	ventilator := p.ventilator.control
	_, err = p.ventilator.await(t.Context(), "start", 2)
	require.NoError(t, err)
	require.NoError(t, ventilator.Send(t.Context(), mq.Text("started")))
	_, err = p.ventilator.await(t.Context(), "stop", 1)
	require.NoError(t, err)
	require.NoError(t, ventilator.Send(t.Context(), mq.Text("done"))) // it had not heard yet
	require.NoError(t, ventilator.Send(t.Context(), mq.Text("stopped", "0 0 0", "0 0 0", "0 0")))
	o := <-done
	require.True(t, o.complete())
	require.NoError(t, all.runtime.Close())
}

func TestVentilatorReportsWhatNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tm := start(t, t.Context(), 0, 50)
		o := tm.end(t, 50)
		require.EqualValues(t, 50, o.returned.messages)
		require.False(t, o.complete())
	})
}

func TestVentilatorIsNotFarAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		tm := start(t, ctx, 0, 10*ahead)
		interrupt()
		o := tm.end(t, ahead)
		require.EqualValues(t, ahead, o.returned.messages)
		require.EqualValues(t, 1, o.filesLeft)
	})
}
