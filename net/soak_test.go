// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/cutter"
)

// TestSoak lets sockets of all patterns talk for as long as MQ_SOAK says (such as 10m), while
// their connections are cut and they are closed and made again at random. Memory,
// goroutines and file descriptors must not grow: it prints them as it goes.
func TestSoak(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("MQ_SOAK"))
	if err != nil {
		length = 2 * time.Second
	}
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	var all sync.WaitGroup
	var messages atomic.Int64
	for _, c := range []struct{ bound, connected string }{
		{"PULL", "PUSH"}, {"PUSH", "PULL"}, {"PUB", "SUB"}, {"SUB", "PUB"}, {"REP", "REQ"}, {"REQ", "REP"}, {"PAIR", "PAIR"},
	} {
		target := fmt.Sprintf("127.0.0.1:%d", freePort(t))
		middle := fmt.Sprintf("127.0.0.1:%d", freePort(t))
		all.Go(func() { soak(ctx, t, &messages, c.bound, func(s mq.Socket) error { return s.Bind("tcp://" + target) }) })
		for range 3 {
			all.Go(func() {
				soak(ctx, t, &messages, c.connected, func(s mq.Socket) error { return s.Connect("tcp://" + middle) })
			})
		}
		all.Go(func() { cutNowAndThen(ctx, t, middle, target) })
	}
	last := time.Now()
	for ctx.Err() == nil {
		wait(ctx, time.Second)
		if time.Since(last) > 30*time.Second {
			last = time.Now()
			t.Log(usage(&messages))
		}
	}
	all.Wait()
	t.Log(usage(&messages))
	require.Positive(t, messages.Load())
}

// soak is the lives of a socket, one after the other.
func soak(ctx context.Context, t *testing.T, messages *atomic.Int64, kind string, join func(mq.Socket) error) {
	for ctx.Err() == nil {
		s := newSocket(kind, quick, mq.WithLinger(10*time.Millisecond), mq.WithSendHWM(50), mq.WithRecvHWM(50),
			mq.WithHeartbeat(50*time.Millisecond, time.Second))
		for join(s) != nil && ctx.Err() == nil { // the one before has not gone yet
			wait(ctx, time.Millisecond)
		}
		life, cancel := context.WithTimeout(ctx, 100*time.Millisecond+rand.N(2*time.Second))
		talk(life, messages, s)
		cancel()
		var left *mq.UndeliveredError
		if err := s.Close(); err != nil && !errors.As(err, &left) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// talk sends and receives what the socket can until ctx is done.
func talk(ctx context.Context, messages *atomic.Int64, s mq.Socket) {
	if sub, ok := s.(mq.Sub); ok {
		sub.Subscribe("m")
	}
	payload := make([]byte, 20+rand.N(2000))
	payload[0] = 'm'
	var both sync.WaitGroup
	for _, call := range []func() error{
		func() error { return s.Send(ctx, mq.NewMessage(payload, payload)) },
		func() error {
			_, err := s.Recv(ctx)
			if err == nil {
				messages.Add(1)
			}
			return err
		},
	} {
		both.Go(func() {
			for ctx.Err() == nil {
				if errors.Is(call(), errors.ErrUnsupported) {
					return
				}
				runtime.Gosched()
			}
		})
	}
	both.Wait()
}

// cutNowAndThen forwards connections from middle to target, and breaks them. A proxy keeps
// account of all its connections, so there is a new one every minute or so.
func cutNowAndThen(ctx context.Context, t *testing.T, middle, target string) {
	for ctx.Err() == nil {
		p, err := cutter.New("tcp", middle, "tcp", target)
		if err != nil {
			t.Error(err)
			return
		}
		for i := 0; i < 100 && ctx.Err() == nil; i++ {
			wait(ctx, rand.N(500*time.Millisecond))
			p.Cut([]cutter.Break{cutter.FIN, cutter.RST}[rand.N(2)])
		}
		p.Close()
	}
}

// usage is what the process holds.
func usage(messages *atomic.Int64) string {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	fds, _ := filepath.Glob("/proc/self/fd/*")
	return fmt.Sprintf("%d messages, %d goroutines, %d file descriptors, %d kB of heap, %d kB of stacks",
		messages.Load(), runtime.NumGoroutine(), len(fds), m.HeapAlloc>>10, m.StackInuse>>10)
}

// wait lets time pass, or ends with ctx.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func newSocket(kind string, opts ...mq.Option) mq.Socket {
	switch kind {
	case "PAIR":
		return mq.NewPair(opts...)
	case "REQ":
		return mq.NewReq(opts...)
	case "REP":
		return mq.NewRep(opts...)
	case "PUB":
		return mq.NewPub(opts...)
	case "SUB":
		return mq.NewSub(opts...)
	case "PUSH":
		return mq.NewPush(opts...)
	default:
		return mq.NewPull(opts...)
	}
}
