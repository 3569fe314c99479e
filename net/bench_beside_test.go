// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// BenchmarkBeside is round trips of 10 B over tcp, alone and while messages of 1 kB stream
// over one or four other connections of the process as fast as they can. With one processor it
// shows best what glances are good for.
//
//	go test ./net -run '^$' -bench Beside -benchtime 20000x -cpu 2,1
func BenchmarkBeside(b *testing.B) {
	for _, of := range []struct {
		name         string
		stream, trip ends
	}{
		{"mq", mqStream, mqTrip},
		{"net.Conn", bareStream, bareTrip},
	} {
		for _, streams := range []int{0, 1, 4} {
			b.Run(fmt.Sprintf("streams=%d/%s", streams, of.name), func(b *testing.B) {
				ask, streamed := startBeside(b, streams, of.stream, of.trip)
				measureTrips(b, ask, streamed)
			})
		}
	}
}

// ends makes two ends, and returns what is to be done at one and at the other.
type ends = func(testing.TB) (func() error, func() error)

// startBeside starts streams, and who serves trips; ask is one. All end with the test.
func startBeside(tb testing.TB, streams int, stream, trip ends) (ask func() error, streamed *atomic.Int64) {
	var wg sync.WaitGroup
	tb.Cleanup(wg.Wait) // after the cleanups that come later have closed the ends
	again := func(f func() error) {
		wg.Go(func() {
			for f() == nil {
			}
		})
	}
	streamed = new(atomic.Int64)
	for range streams {
		send, receive := stream(tb)
		again(send)
		again(func() error { err := receive(); streamed.Add(1); return err })
	}
	ask, serve := trip(tb)
	again(serve)
	return ask, streamed
}

// measureTrips reports what they take, and the messages that were streamed meanwhile.
func measureTrips(b *testing.B, ask func() error, streamed *atomic.Int64) {
	took := make([]time.Duration, b.N)
	before, begun := streamed.Load(), time.Now()
	b.ResetTimer()
	for i := range took {
		start := time.Now()
		require.NoError(b, ask())
		took[i] = time.Since(start)
	}
	b.StopTimer()
	if n := streamed.Load() - before; n > 0 {
		b.ReportMetric(float64(time.Since(begun).Nanoseconds())/float64(n), "ns/streamed")
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}

func mqStream(tb testing.TB) (send, receive func() error) {
	push, pull := mqEnds(tb, mq.NewPush(mq.WithLinger(0)), mq.NewPull())
	m := mq.Message{Data: bytes.Repeat([]byte{1}, 1000)}
	return func() error { return push.Send(context.Background(), m) },
		func() error { _, err := pull.Recv(context.Background()); return err }
}

func mqTrip(tb testing.TB) (ask, serve func() error) {
	req, rep := mqEnds(tb, mq.NewReq(), mq.NewRep())
	ctx, m := context.Background(), mq.Message{Data: make([]byte, 10)}
	ask = func() error {
		if err := req.Send(ctx, m); err != nil {
			return err
		}
		_, err := req.Recv(ctx)
		return err
	}
	serve = func() error {
		m, err := rep.Recv(ctx)
		if err != nil {
			return err
		}
		return rep.Send(ctx, m)
	}
	return ask, serve
}

func mqEnds(tb testing.TB, from, to mq.Socket) (_, _ mq.Socket) {
	tb.Cleanup(func() { from.Close(); to.Close() })
	require.NoError(tb, to.Bind("tcp://127.0.0.1:0"))
	require.NoError(tb, from.Connect(to.Addr()))
	return from, to
}

// bareStream sends as many bytes at once as a session does.
func bareStream(tb testing.TB) (send, receive func() error) {
	from, to := pair(tb, "tcp")
	many, buffer := bytes.Repeat([]byte{1}, 64_000), make([]byte, 64_000)
	send = func() error { _, err := from.Write(many); return err }
	left := 0
	receive = func() error {
		for left < 1000 {
			n, err := to.Read(buffer)
			if err != nil {
				return err
			}
			left += n
		}
		left -= 1000
		return nil
	}
	return send, receive
}

func bareTrip(tb testing.TB) (ask, serve func() error) {
	from, to := pair(tb, "tcp")
	out, back, there := make([]byte, 10), make([]byte, 10), make([]byte, 10)
	ask = func() error {
		if _, err := from.Write(out); err != nil {
			return err
		}
		_, err := io.ReadFull(from, back)
		return err
	}
	serve = func() error {
		if _, err := io.ReadFull(to, there); err != nil {
			return err
		}
		_, err := to.Write(there)
		return err
	}
	return ask, serve
}
