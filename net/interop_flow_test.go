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
		last := make(chan error)
		go func() { last <- l.zmq.SendWithin(longest, []byte("on we go")) }()
		got := 0
		for m := recvOwn(t, l.mq); string(m.Data) != "on we go"; m = recvOwn(t, l.mq) {
			require.Equal(t, got, number(t, m.Data))
			require.Equal(t, floodSize, m.Size())
			got++
		}
		require.Greater(t, got, floodHWM)
		require.NoError(t, <-last)
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
		// All that was not dropped arrives, at either of them, when the machine has time.
		left, slow, last := 2*flood-flood/floodHWM-int(stats.Dropped), 0, -1
		for end := time.Now().Add(longest); left > 0; {
			require.True(t, time.Now().Before(end), "%d messages are missing", left)
			got, err := l.zmq.RecvNumbers(flood, moment)
			require.NoError(t, err)
			if got.Count > 0 {
				require.True(t, got.Ordered && got.Count == got.Distinct && got.First > last, "%+v after %d", got, last)
				require.True(t, slow > 0 || got.First == 0, "the oldest are kept: %+v", got)
				last = got.Last
			}
			others, err := fast.zmq.RecvNumbers(flood, moment)
			require.NoError(t, err)
			slow += got.Count
			left -= got.Count + others.Count
		}
		require.Zero(t, left)
		require.Less(t, slow, flood)
		require.Equal(t, 2, l.mq.Stats().Peers)
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
		got, last, end := 0, -1, time.Now().Add(longest)
		for over := false; !over; {
			require.True(t, time.Now().Before(end), "nothing new comes")
			require.NoError(t, l.zmq.Send([]byte("on we go"))) // again and again, until there is room for it
			for {
				ctx, cancel := context.WithTimeout(t.Context(), moment)
				m, err := l.mq.Recv(ctx)
				cancel()
				if err != nil {
					break
				}
				if string(m.Data) == "on we go" {
					over = true
					continue
				}
				i := number(t, m.Data)
				require.Greater(t, i, last)
				last = i
				got++
			}
		}
		require.Less(t, got, flood)
		require.NoError(t, l.zmq.Close())
	}
}
