// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"bytes"
	"context"
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
// over another connection of the process as fast as they can. Go looks at its connections when
// a processor has nothing else to run; that is when the stream stops for a moment, and so the
// 99th percentile is as long as what the PULL of the stream lets it send ahead: WithWindow.
//
//	go test ./net -run '^$' -bench Beside -benchtime 40000x
func BenchmarkBeside(b *testing.B) {
	type ends = func(*testing.B) (func() error, func() error)
	for _, of := range []struct {
		name         string
		stream, trip ends
	}{
		{"nothing/mq", nil, mqTrip},
		{"nothing/net.Conn", nil, bareTrip},
		{"window=default/mq", mqStream(), mqTrip},
		{"window=512/mq", mqStream(mq.WithWindow(512)), mqTrip},
		{"window=256/mq", mqStream(mq.WithWindow(256)), mqTrip},
		{"window=128/mq", mqStream(mq.WithWindow(128)), mqTrip},
		{"window=64/mq", mqStream(mq.WithWindow(64)), mqTrip},
		{"net.Conn/net.Conn", bareStream, bareTrip},
	} {
		b.Run(of.name, func(b *testing.B) {
			// The cleanups of what comes later run first: the ends are closed, and then waited for.
			var wg sync.WaitGroup
			b.Cleanup(wg.Wait)
			again := func(f func() error) {
				wg.Go(func() {
					for f() == nil {
					}
				})
			}
			var streamed atomic.Int64
			if of.stream != nil {
				send, receive := of.stream(b)
				again(send)
				again(func() error { err := receive(); streamed.Add(1); return err })
			}
			ask, serve := of.trip(b)
			again(serve)
			measureTrips(b, ask, &streamed)
		})
	}
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

func mqStream(opts ...mq.Option) func(*testing.B) (send, receive func() error) {
	return func(b *testing.B) (send, receive func() error) {
		push, pull := mqEnds(b, mq.NewPush(mq.WithLinger(0)), mq.NewPull(opts...))
		m := mq.Message{Data: bytes.Repeat([]byte{1}, 1000)}
		return func() error { return push.Send(context.Background(), m) },
			func() error { _, err := pull.Recv(context.Background()); return err }
	}
}

func mqTrip(b *testing.B) (ask, serve func() error) {
	req, rep := mqEnds(b, mq.NewReq(), mq.NewRep())
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

func mqEnds(b *testing.B, from, to mq.Socket) (_, _ mq.Socket) {
	b.Cleanup(func() { from.Close(); to.Close() })
	require.NoError(b, to.Bind("tcp://127.0.0.1:0"))
	require.NoError(b, from.Connect(to.Addr()))
	return from, to
}

// bareStream sends as many bytes at once as a session does.
func bareStream(b *testing.B) (send, receive func() error) {
	from, to := pair(b, "tcp")
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

func bareTrip(b *testing.B) (ask, serve func() error) {
	from, to := pair(b, "tcp")
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
