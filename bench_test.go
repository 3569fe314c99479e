// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/seedmq/mq"
)

// The benchmarks do each work through mq and through plain channels in one run,
// told apart by via=:
//
//	mq        a socket with context.Background()
//	mq-ctx    a socket with a context that can be cancelled
//	chan      a channel of []byte
//	chan-ctx  the same in a select with ctx.Done(), on both sides
//
// Compare ratios of medians: go test -run '^$' -bench . -count 7 | benchstat -col /via -

// pipe is what a one-way benchmark measures: a way to send, and one to receive.
type pipe struct {
	via  string
	send func([]byte) error
	recv func() ([]byte, error)
}

const chanCap = 1000 // the default high-water mark

// pipes returns the contenders for one way. connect makes the two sockets.
func pipes(b *testing.B, ctx context.Context, connect func(...mq.Option) (mq.Sender, mq.Receiver)) []func() pipe {
	overMQ := func(via string, ctx context.Context) func() pipe {
		return func() pipe {
			rt := mq.NewRuntime()
			b.Cleanup(func() { rt.Close() })
			s, r := connect(mq.WithRuntime(rt))
			return pipe{
				via:  via,
				send: func(p []byte) error { return s.Send(ctx, mq.Message{Data: p}) },
				recv: func() ([]byte, error) { m, err := r.Recv(ctx); return m.Data, err },
			}
		}
	}
	return []func() pipe{
		overMQ("mq", context.Background()),
		overMQ("mq-ctx", ctx),
		func() pipe { return overChan(make(chan []byte, chanCap)) },
		func() pipe { return overChanCtx(ctx, make(chan []byte, chanCap)) },
	}
}

func overChan(c chan []byte) pipe {
	return pipe{
		via:  "chan",
		send: func(p []byte) error { c <- p; return nil },
		recv: func() ([]byte, error) { return <-c, nil },
	}
}

func overChanCtx(ctx context.Context, c chan []byte) pipe {
	return pipe{
		via: "chan-ctx",
		send: func(p []byte) error {
			select {
			case c <- p:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
		recv: func() ([]byte, error) {
			select {
			case p := <-c:
				return p, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
	}
}

// channels are the contenders of mq where a benchmark has sockets of its own.
func channels(ctx context.Context) []func(capacity int) pipe {
	return []func(int) pipe{
		func(n int) pipe { return overChan(make(chan []byte, n)) },
		func(n int) pipe { return overChanCtx(ctx, make(chan []byte, n)) },
	}
}

// run moves b.N messages of size bytes from so many producers to so many consumers.
func (p pipe) run(b *testing.B, producers, consumers, size int) {
	b.ReportAllocs()
	payload := make([]byte, size)
	var wg sync.WaitGroup
	b.ResetTimer()
	for i := range producers {
		wg.Go(func() {
			for range share(b.N, producers, i) {
				if err := p.send(payload); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	for i := range consumers {
		wg.Go(func() {
			for range share(b.N, consumers, i) {
				if _, err := p.recv(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// share is the i-th of k parts of n.
func share(n, k, i int) int { return n*(i+1)/k - n*i/k }

func BenchmarkPipeline(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	connect := func(opts ...mq.Option) (mq.Sender, mq.Receiver) {
		push, pull := mq.NewPush(opts...), mq.NewPull(opts...)
		join(b, push, pull)
		return push, pull
	}
	for _, n := range [][2]int{{1, 1}, {4, 1}, {1, 4}, {16, 16}} {
		for _, make := range pipes(b, ctx, connect) {
			p := make()
			b.Run(fmt.Sprintf("producers=%d/consumers=%d/via=%s", n[0], n[1], p.via), func(b *testing.B) {
				p.run(b, n[0], n[1], 16)
			})
		}
	}
}

// join connects two sockets that fit.
func join(b *testing.B, bound, connected mq.Socket) {
	if err := bound.Bind("inproc://bench"); err != nil {
		b.Fatal(err)
	}
	if err := connected.Connect("inproc://bench"); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPair moves messages both ways at once; an operation is one message.
func BenchmarkPair(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var there, back []mq.Socket
	connect := func(opts ...mq.Option) (mq.Sender, mq.Receiver) {
		l, r := mq.NewPair(opts...), mq.NewPair(opts...)
		join(b, l, r)
		there, back = append(there, r), append(back, l)
		return l, r
	}
	for i, make := range pipes(b, ctx, connect) {
		b.Run("oneway/via="+make().via, func(b *testing.B) { make().run(b, 1, 1, 16) })
		b.Run("bothways/via="+make().via, func(b *testing.B) {
			p := make()
			q := make()
			if i < 2 { // the same two sockets, the other way
				n := len(there) - 2
				q.send = func(p []byte) error { return there[n].Send(ctx, mq.Message{Data: p}) }
				q.recv = func() ([]byte, error) { m, err := back[n].Recv(ctx); return m.Data, err }
			}
			bothWays(b, p, q)
		})
	}
}

// bothWays moves half of the messages over each.
func bothWays(b *testing.B, p, q pipe) {
	b.ReportAllocs()
	payload := make([]byte, 16)
	var wg sync.WaitGroup
	for i, way := range []pipe{p, q} {
		n := share(b.N, 2, i)
		wg.Go(func() {
			for range n {
				way.send(payload)
			}
		})
		wg.Go(func() {
			for range n {
				way.recv()
			}
		})
	}
	wg.Wait()
}

// BenchmarkReqRep is one round trip; channels are unbuffered, one each way.
func BenchmarkReqRep(b *testing.B) {
	cancellable, cancel := context.WithCancel(context.Background())
	defer cancel()
	payload := make([]byte, 16)
	for via, ctx := range map[string]context.Context{"mq": context.Background(), "mq-ctx": cancellable} {
		b.Run("via="+via, func(b *testing.B) {
			rt := mq.NewRuntime()
			req, rep := mq.NewReq(mq.WithRuntime(rt)), mq.NewRep(mq.WithRuntime(rt))
			join(b, rep, req)
			var server sync.WaitGroup
			server.Go(func() {
				for m := range mq.Messages(ctx, rep) {
					rep.Send(ctx, m)
				}
			})
			b.ReportAllocs()
			for b.Loop() {
				if err := req.Send(ctx, mq.Message{Data: payload}); err != nil {
					b.Fatal(err)
				}
				if _, err := req.Recv(ctx); err != nil {
					b.Fatal(err)
				}
			}
			rt.Close()
			server.Wait()
		})
	}
	b.Run("via=chan", func(b *testing.B) {
		requests, replies := make(chan []byte), make(chan []byte)
		go func() {
			for p := range requests {
				replies <- p
			}
			close(replies)
		}()
		for b.Loop() {
			requests <- payload
			<-replies
		}
		close(requests)
		<-replies
	})
	b.Run("via=chan-ctx", func(b *testing.B) {
		requests, replies := make(chan []byte), make(chan []byte)
		done := cancellable.Done()
		go func() {
			defer close(replies)
			for {
				select {
				case p, ok := <-requests:
					if !ok {
						return
					}
					select {
					case replies <- p:
					case <-done:
					}
				case <-done:
					return
				}
			}
		}()
		for b.Loop() {
			select {
			case requests <- payload:
			case <-done:
			}
			select {
			case <-replies:
			case <-done:
			}
		}
		close(requests)
		<-replies
	})
}

// BenchmarkPubSub is one message to all subscribers, each received by a goroutine
// of its own; ns/delivery is the cost of one of them.
func BenchmarkPubSub(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, subscribers := range []int{1, 8, 64, 1000} {
		b.Run(fmt.Sprintf("subscribers=%d/via=mq", subscribers), func(b *testing.B) {
			rt := mq.NewRuntime()
			pub := mq.NewPub(mq.WithRuntime(rt))
			pub.Bind("inproc://bench")
			recv := make([]func(), subscribers)
			for i := range recv {
				s := mq.NewSub(mq.WithRuntime(rt))
				s.Subscribe("")
				s.Connect("inproc://bench")
				recv[i] = func() { s.Recv(ctx) }
			}
			fanOut(b, func(p []byte) { pub.Send(ctx, mq.Message{Data: p}) }, recv)
			rt.Close()
		})
		for _, channel := range channels(ctx) {
			b.Run(fmt.Sprintf("subscribers=%d/via=%s", subscribers, channel(1).via), func(b *testing.B) {
				pipes := make([]pipe, subscribers)
				recv := make([]func(), subscribers)
				for i := range pipes {
					pipes[i] = channel(2 * chanCap)
					recv[i] = func() { pipes[i].recv() }
				}
				fanOut(b, func(p []byte) {
					for _, to := range pipes {
						to.send(p)
					}
				}, recv)
			})
		}
	}
}

// fanOut sends b.N messages, each of which all of recv get. As PUB does not wait, the
// sender keeps at most a window of batches ahead of the slowest, so that nothing is
// dropped and both sides are at work all the time.
func fanOut(b *testing.B, send func([]byte), recv []func()) {
	const batch, window = 250, 4
	b.ReportAllocs()
	b.ResetTimer()
	var received [2 * window]chan struct{} // for each batch, by number
	for i := range received {
		received[i] = make(chan struct{}, len(recv))
	}
	wait := func(n int) {
		for range recv {
			<-received[n%len(received)]
		}
	}
	for _, next := range recv {
		go func() {
			for i := range b.N {
				next()
				if (i+1)%batch == 0 || i+1 == b.N {
					received[i/batch%len(received)] <- struct{}{}
				}
			}
		}()
	}
	payload := make([]byte, 16)
	for i := range b.N {
		if n := i / batch; i%batch == 0 && n >= window {
			wait(n - window)
		}
		send(payload)
	}
	for last, n := (b.N-1)/batch, max(0, (b.N-1)/batch-window+1); n <= last; n++ {
		wait(n)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(recv)), "ns/delivery")
}

// BenchmarkFanIn receives from one PULL what its PUSH peers send, those in turn that
// are busy; the channel is one that they all share.
func BenchmarkFanIn(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	payload := make([]byte, 16)
	for _, c := range []struct{ peers, busy int }{{1, 1}, {100, 100}, {1000, 1000}, {1000, 1}} {
		peers, busy := c.peers, c.busy
		b.Run(fmt.Sprintf("peers=%d/busy=%d/via=mq", peers, busy), func(b *testing.B) {
			rt := mq.NewRuntime()
			pull := mq.NewPull(mq.WithRuntime(rt))
			pull.Bind("inproc://bench")
			pushers := make([]mq.Socket, peers)
			for i := range pushers {
				pushers[i] = mq.NewPush(mq.WithRuntime(rt))
				pushers[i].Connect("inproc://bench")
			}
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			wg.Go(func() {
				for i := range b.N {
					pushers[i%busy].Send(ctx, mq.Message{Data: payload})
				}
			})
			for range b.N {
				pull.Recv(ctx)
			}
			wg.Wait()
			b.StopTimer()
			rt.Close()
		})
		for _, channel := range channels(ctx) {
			b.Run(fmt.Sprintf("peers=%d/busy=%d/via=%s", peers, busy, channel(1).via), func(b *testing.B) {
				channel(chanCap).run(b, 1, 1, 16)
			})
		}
	}
}

// BenchmarkMatch sends to one subscriber among so many subscriptions, and takes
// the message out again. The topics go through all subscriptions in no order, or
// through 256 of them. They are written for each message, so that only the matching
// waits for memory. With channels, the exact topic is looked up in a map, which is
// less than matching prefixes.
func BenchmarkMatch(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, subscriptions := range []int{10, 10_000, 1_000_000} {
		for _, topics := range []int{256, subscriptions} {
			name := fmt.Sprintf("subscriptions=%d/topics=%d", subscriptions, min(topics, subscriptions))
			if topics == 256 && subscriptions < 256 {
				continue
			}
			b.Run(name+"/via=mq", func(b *testing.B) {
				rt := mq.NewRuntime()
				pub, sub := mq.NewPub(mq.WithRuntime(rt)), mq.NewSub(mq.WithRuntime(rt))
				join(b, pub, sub)
				for i := range subscriptions {
					sub.Subscribe(string(topic(make([]byte, topicLen), i)))
				}
				buf := make([]byte, topicLen)
				b.ReportAllocs()
				b.ResetTimer()
				for i := range b.N {
					pub.Send(ctx, mq.Message{Data: topic(buf, i*104729%topics)})
					sub.Recv(ctx)
				}
				b.StopTimer()
				rt.Close()
			})
			for _, channel := range channels(ctx) {
				b.Run(fmt.Sprintf("%s/via=%s", name, channel(1).via), func(b *testing.B) {
					subscriber := channel(chanCap)
					table := make(map[string]pipe, subscriptions)
					for i := range subscriptions {
						table[string(topic(make([]byte, topicLen), i))] = subscriber
					}
					buf := make([]byte, topicLen)
					b.ReportAllocs()
					b.ResetTimer()
					for i := range b.N {
						topic := topic(buf, i*104729%topics)
						table[string(topic)].send(topic)
						subscriber.recv()
					}
				})
			}
		}
	}
}

const topicLen = len("topic/0000000/")

// topic writes the i-th topic into buf.
func topic(buf []byte, i int) []byte {
	copy(buf, "topic/0000000/")
	for n, at := i*7919%10_000_000, topicLen-2; n > 0; n, at = n/10, at-1 {
		buf[at] = byte('0' + n%10)
	}
	return buf
}
