// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/seedmq/mq"
)

// BenchmarkDo is one request of 10 bytes and its reply, with so many under way: each by a
// goroutine of its own, and as many handlers as may be wanted. With channels, a request
// brings a channel for its reply to as many goroutines, which share one channel.
func BenchmarkDo(b *testing.B) {
	cancellable, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, n := range []int{1, 16, 256} {
		for _, c := range []struct {
			via string
			ctx context.Context
		}{{"mq", context.Background()}, {"mq-ctx", cancellable}} {
			b.Run(fmt.Sprintf("inflight=%d/via=%s", n, c.via), func(b *testing.B) {
				rt := mq.NewRuntime()
				req, rep := mq.NewReq(mq.WithRuntime(rt)), mq.NewRep(mq.WithRuntime(rt), mq.WithHandlers(n))
				join(b, rep, req)
				var server sync.WaitGroup
				server.Go(func() {
					rep.Serve(c.ctx, func(_ context.Context, m mq.Message) (mq.Message, error) { return m, nil })
				})
				requests(b, n, func(p []byte) error {
					_, err := req.Do(c.ctx, mq.Message{Data: p})
					return err
				})
				rt.Close()
				server.Wait()
			})
		}
		for _, ctx := range []context.Context{nil, cancellable} {
			s := newChanServer(ctx, n)
			b.Run(fmt.Sprintf("inflight=%d/via=%s", n, s.via()), func(b *testing.B) { requests(b, n, s.ask) })
			s.close()
		}
	}
}

// requests has n goroutines ask b.N times together.
func requests(b *testing.B, n int, ask func([]byte) error) {
	b.ReportAllocs()
	payload := make([]byte, 10)
	var all sync.WaitGroup
	b.ResetTimer()
	for i := range n {
		all.Go(func() {
			for range share(b.N, n, i) {
				if err := ask(payload); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
}

// chanServer answers requests that come through a channel.
type chanServer struct {
	ctx      context.Context // looked at wherever it waits; nil to do without
	requests chan question
	workers  sync.WaitGroup
}

type question struct {
	data  []byte
	reply chan []byte
}

func newChanServer(ctx context.Context, workers int) *chanServer {
	s := &chanServer{ctx: ctx, requests: make(chan question)}
	for range workers {
		s.workers.Go(s.work)
	}
	return s
}

func (s *chanServer) via() string {
	if s.ctx == nil {
		return "chan"
	}
	return "chan-ctx"
}

func (s *chanServer) close() {
	close(s.requests)
	s.workers.Wait()
}

func (s *chanServer) work() {
	if s.ctx == nil {
		for q := range s.requests {
			q.reply <- q.data
		}
		return
	}
	for {
		select {
		case q, ok := <-s.requests:
			if !ok {
				return
			}
			select {
			case q.reply <- q.data:
			case <-s.ctx.Done():
			}
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *chanServer) ask(p []byte) error {
	q := question{p, make(chan []byte, 1)} // a late reply must not hold the server up
	if s.ctx == nil {
		s.requests <- q
		<-q.reply
		return nil
	}
	select {
	case s.requests <- q:
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
	select {
	case <-q.reply:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// BenchmarkDealer moves messages from the goroutines that share one DEALER to those that
// share another.
func BenchmarkDealer(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	connect := func(opts ...mq.Option) (mq.Sender, mq.Receiver) {
		front, back := mq.NewDealer(opts...), mq.NewDealer(opts...)
		join(b, front, back)
		return front, back
	}
	for _, n := range []int{1, 4} {
		for _, make := range pipes(b, ctx, connect) {
			p := make()
			b.Run(fmt.Sprintf("producers=%d/consumers=%d/via=%s", n, n, p.via), func(b *testing.B) {
				p.run(b, n, n, 16)
			})
		}
	}
}

// BenchmarkXPub is BenchmarkPubSub with XPUB and XSUB.
func BenchmarkXPub(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, subscribers := range []int{1, 8, 64, 1000} {
		b.Run(fmt.Sprintf("subscribers=%d/via=mq", subscribers), func(b *testing.B) {
			rt := mq.NewRuntime()
			xpub := mq.NewXPub(mq.WithRuntime(rt))
			xpub.Bind("inproc://bench")
			recv := make([]func(), subscribers)
			for i := range recv {
				xsub := mq.NewXSub(mq.WithRuntime(rt))
				xsub.Connect("inproc://bench")
				xsub.Send(ctx, mq.Message{Data: []byte{1}}) // all topics
				recv[i] = func() { xsub.Recv(ctx) }
			}
			fanOut(b, func(p []byte) { xpub.Send(ctx, mq.Message{Data: p}) }, recv)
			rt.Close()
		})
		for _, channel := range channels(ctx) {
			b.Run(fmt.Sprintf("subscribers=%d/via=%s", subscribers, channel(1).via), func(b *testing.B) {
				to, recv := make([]pipe, subscribers), make([]func(), subscribers)
				for i := range to {
					to[i] = channel(2 * chanCap)
					recv[i] = func() { to[i].recv() }
				}
				fanOut(b, func(p []byte) {
					for _, subscriber := range to {
						subscriber.send(p)
					}
				}, recv)
			})
		}
	}
}
