// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"bytes"
	"context"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// The tests here have much to send to somebody who does not receive: few messages are
// queued, more are in the buffers of the kernel, and nobody has them all.
const (
	floodHWM  = 10
	floodSize = 64 << 10 // bytes of a message
	flood     = 1000     // messages
)

// narrow lets libzmq hold few messages too.
var narrow = pyzmq.Options{"SNDHWM": floodHWM, "RCVHWM": floodHWM, "LINGER": 0}

func newNarrow(t *testing.T, p *pyzmq.Process, pair [2]string, addr string) *line {
	t.Helper()
	l := &line{own: pair[0], theirs: pair[1]}
	l.mq, l.heard = newOwn(t, l.own, mq.WithSendHWM(floodHWM), mq.WithRecvHWM(floodHWM))
	l.zmq = newTheirs(t, p, l.theirs, narrow)
	l.join(t, true, addr)
	return l
}

// heap is how many bytes are in use.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// number is what a message of SendNumbers holds.
func number(t *testing.T, data []byte) int {
	t.Helper()
	i, err := strconv.Atoi(string(bytes.TrimRight(data, " ")))
	require.NoError(t, err)
	return i
}

// drain receives what is there.
func drain(t *testing.T, s *pyzmq.Socket) {
	t.Helper()
	_, err := s.RecvNumbers(flood, moment*4)
	require.NoError(t, err)
}

// A puller that does not pull stops who pushes, and gets all in the end (D-HWM-08, D-HWM-09).
func TestLibzmqSlowPuller(t *testing.T) {
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		l := newNarrow(t, p, [2]string{"PUSH", "PULL"}, scheme.addr(t))
		before, sent := heap(), 0
		for ; sent < flood; sent++ {
			ctx, cancel := context.WithTimeout(t.Context(), moment*4)
			err := l.mq.Send(ctx, mq.NewMessage(pyzmq.Number(sent, floodSize)))
			cancel()
			if err != nil {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				break
			}
		}
		require.Less(t, sent, flood, "it is stopped")
		require.LessOrEqual(t, l.mq.Stats().Queued, floodHWM)
		require.Less(t, heap()-before, 5*floodHWM*floodSize)
		got, err := l.zmq.RecvNumbers(sent, longest)
		require.NoError(t, err)
		require.True(t, got.Ordered && got.Complete, "%+v", got)
		l.out(t, parts("on we go")...)
		require.NoError(t, l.zmq.Close())
	}
}

// The other way round, mq stops libzmq.
func TestLibzmqSlowOwnPuller(t *testing.T) {
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		l := newNarrow(t, p, [2]string{"PULL", "PUSH"}, scheme.addr(t))
		before := heap()
		require.ErrorIs(t, l.zmq.SendNumbers(flood, floodSize, moment*4), pyzmq.ErrTimeout)
		require.LessOrEqual(t, l.mq.Stats().Pending, floodHWM)
		require.Less(t, heap()-before, 5*floodHWM*floodSize)
		got := 0
		for ; ; got++ {
			ctx, cancel := context.WithTimeout(t.Context(), moment*4)
			m, err := l.mq.Recv(ctx)
			cancel()
			if err != nil {
				break
			}
			require.Equal(t, got, number(t, m.Data))
			require.Equal(t, floodSize, m.Size())
		}
		require.Greater(t, got, floodHWM)
		l.back(t, parts("on we go")...)
		require.NoError(t, l.zmq.Close())
	}
}

// A subscriber that does not receive misses messages, and neither the publisher nor
// another subscriber waits for it (A-PUB-12, A-PUB-13, D-HWM-10).
func TestLibzmqSlowSubscriber(t *testing.T) {
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		l := newNarrow(t, p, [2]string{"PUB", "SUB"}, scheme.addr(t))
		fast := l.another(t, p)
		fast.ready(t, 2)
		before := heap()
		for i := range flood {
			ctx, cancel := context.WithCancel(t.Context())
			require.NoError(t, l.mq.Send(ctx, mq.NewMessage(pyzmq.Number(i, floodSize))))
			cancel()
			if i%floodHWM == 0 { // as fast as it can
				_, err := fast.zmq.RecvNumbers(1, longest)
				require.NoError(t, err)
			}
		}
		stats := l.mq.Stats()
		require.Positive(t, stats.Dropped)
		require.LessOrEqual(t, stats.Queued, 2*floodHWM)
		require.Less(t, heap()-before, 10*floodHWM*floodSize)
		got, err := l.zmq.RecvNumbers(flood, moment*4)
		require.NoError(t, err)
		require.True(t, got.Ordered && got.Count == got.Distinct, "%+v", got)
		require.Zero(t, got.First, "the oldest are kept")
		require.Less(t, got.Count, flood)
		require.Equal(t, 2, l.mq.Stats().Peers)
		drain(t, fast.zmq)
		sendOwn(t, l.mq, []byte("on we go"))
		for _, s := range []*pyzmq.Socket{l.zmq, fast.zmq} {
			got, err := s.Recv(longest)
			require.NoError(t, err)
			sameParts(t, parts("on we go"), got)
			require.NoError(t, s.Close())
		}
	}
}

// mq's subscriber that does not receive holds few messages, and the link stays.
func TestLibzmqSlowOwnSubscriber(t *testing.T) {
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		l := newNarrow(t, p, [2]string{"SUB", "PUB"}, scheme.addr(t))
		before := heap()
		require.NoError(t, l.zmq.SendNumbers(flood, floodSize, longest))
		// libzmq drops what its thread does not bring away in time: on a busy machine, most.
		require.Eventually(t, func() bool { return l.mq.Stats().Pending >= floodHWM/2 }, longest, time.Millisecond)
		require.LessOrEqual(t, l.mq.Stats().Pending, floodHWM)
		require.Less(t, heap()-before, 5*floodHWM*floodSize)
		last := -1
		for got := 0; ; got++ {
			ctx, cancel := context.WithTimeout(t.Context(), moment*4)
			m, err := l.mq.Recv(ctx)
			cancel()
			if err != nil {
				require.Less(t, got, flood)
				break
			}
			i := number(t, m.Data)
			require.Greater(t, i, last)
			last = i
		}
		l.back(t, parts("on we go")...)
		require.NoError(t, l.zmq.Close())
	}
}
