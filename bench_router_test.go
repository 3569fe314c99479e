// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"github.com/seedmq/mq"
)

// BenchmarkRouter is one message from a ROUTER to its DEALER peers in turn, or from them
// to it. One goroutine sends some and takes them out again, so that nobody waits: what is
// left is to find the peer. With channels, each peer has one that is looked up in a map,
// and all share one with the name of the sender beside the message.
func BenchmarkRouter(b *testing.B) {
	cancellable, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, peers := range []int{1, 1000, 10_000} {
		for _, c := range []struct {
			via string
			ctx context.Context
		}{{"mq", context.Background()}, {"mq-ctx", cancellable}} {
			rt := mq.NewRuntime()
			router, dealers := routed(b, rt, peers)
			ids := peerIDs(peers)
			payload := make([]byte, 16)
			b.Run(fmt.Sprintf("peers=%d/way=to/via=%s", peers, c.via), func(b *testing.B) {
				inTurn(b, peers, func(i int) {
					router.Send(c.ctx, mq.NewMessage(ids[i], payload))
				}, func(i int) { dealers[i].Recv(c.ctx) })
			})
			b.Run(fmt.Sprintf("peers=%d/way=from/via=%s", peers, c.via), func(b *testing.B) {
				inTurn(b, peers, func(i int) {
					dealers[i].Send(c.ctx, mq.Message{Data: payload})
				}, func(int) { router.Recv(c.ctx) })
			})
			rt.Close()
		}
		routeOverChannels(b, cancellable, peers)
	}
}

func routeOverChannels(b *testing.B, ctx context.Context, peers int) {
	payload := make([]byte, 16)
	for _, channel := range channels(ctx) {
		ids := peerIDs(peers)
		to := make([]pipe, peers)
		table := make(map[string]pipe, peers)
		for i := range to {
			to[i] = channel(routeTurn)
			table[string(ids[i])] = to[i]
		}
		b.Run(fmt.Sprintf("peers=%d/way=to/via=%s", peers, to[0].via), func(b *testing.B) {
			inTurn(b, peers, func(i int) { table[string(ids[i])].send(payload) }, func(i int) { to[i].recv() })
		})
	}
	type named struct{ id, data []byte }
	all := make(chan named, routeTurn)
	b.Run(fmt.Sprintf("peers=%d/way=from/via=chan", peers), func(b *testing.B) {
		ids := peerIDs(peers)
		inTurn(b, peers, func(i int) { all <- named{ids[i], payload} }, func(int) { <-all })
	})
	b.Run(fmt.Sprintf("peers=%d/way=from/via=chan-ctx", peers), func(b *testing.B) {
		ids := peerIDs(peers)
		inTurn(b, peers, func(i int) {
			select {
			case all <- named{ids[i], payload}:
			case <-ctx.Done():
			}
		}, func(int) {
			select {
			case <-all:
			case <-ctx.Done():
			}
		})
	})
}

// routed makes a ROUTER with so many DEALER peers, which go by peerIDs.
func routed(b *testing.B, rt *mq.Runtime, peers int) (mq.Router, []mq.Socket) {
	router := mq.NewRouter(mq.WithRuntime(rt), mq.WithMandatory())
	if err := router.Bind("inproc://bench"); err != nil {
		b.Fatal(err)
	}
	dealers := make([]mq.Socket, peers)
	for i, id := range peerIDs(peers) {
		dealers[i] = mq.NewDealer(mq.WithRuntime(rt), mq.WithRoutingID(string(id)))
		if err := dealers[i].Connect("inproc://bench"); err != nil {
			b.Fatal(err)
		}
	}
	return router, dealers
}

func peerIDs(n int) [][]byte {
	ids := make([][]byte, n)
	for i := range ids {
		ids[i] = binary.BigEndian.AppendUint32([]byte{'#'}, uint32(i))
	}
	return ids
}

// routeTurn is how many messages are sent before they are received.
const routeTurn = 100

// inTurn sends and receives b.N messages, of which the i-th is for i modulo peers.
func inTurn(b *testing.B, peers int, send, recv func(peer int)) {
	b.ReportAllocs()
	for at := range min(peers, b.N) { // the first message to a peer makes its queue
		send(at)
		recv(at)
	}
	b.ResetTimer()
	for at := 0; at < b.N; at += routeTurn {
		end := min(b.N, at+routeTurn)
		for i := at; i < end; i++ {
			send(i % peers)
		}
		for i := at; i < end; i++ {
			recv(i % peers)
		}
	}
}

// BenchmarkProxy is one message from PUSH to PULL, or one request of a DEALER and its reply
// from a ROUTER, without and with a Proxy in between. With channels, the proxy is a
// goroutine for each way that takes from one and gives to another.
func BenchmarkProxy(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, proxies := range []int{0, 1} {
		b.Run(fmt.Sprintf("work=oneway/proxies=%d/via=mq-ctx", proxies), func(b *testing.B) {
			rt := mq.NewRuntime()
			own := mq.WithRuntime(rt)
			push, pull := mq.NewPush(own), mq.NewPull(own)
			var all sync.WaitGroup
			joinOver(b, &all, push, pull, []mq.Socket{mq.NewPull(own), mq.NewPush(own)}[:2*proxies])
			pipe{
				send: func(p []byte) error { return push.Send(ctx, mq.Message{Data: p}) },
				recv: func() ([]byte, error) { m, err := pull.Recv(ctx); return m.Data, err },
			}.run(b, 1, 1, 16)
			rt.Close()
			all.Wait()
		})
		b.Run(fmt.Sprintf("work=trip/proxies=%d/via=mq-ctx", proxies), func(b *testing.B) {
			rt := mq.NewRuntime()
			own := mq.WithRuntime(rt)
			client, server := mq.NewDealer(own), mq.NewRouter(own)
			var all sync.WaitGroup
			joinOver(b, &all, client, server, []mq.Socket{mq.NewRouter(own), mq.NewDealer(own)}[:2*proxies])
			all.Go(func() {
				for m := range mq.Messages(ctx, server) {
					server.Send(ctx, m)
				}
			})
			trips(b, pipe{
				send: func(p []byte) error { return client.Send(ctx, mq.Message{Data: p}) },
				recv: func() ([]byte, error) { m, err := client.Recv(ctx); return m.Data, err },
			})
			rt.Close()
			all.Wait()
		})
		for _, channel := range channels(ctx) {
			via := channel(0).via
			b.Run(fmt.Sprintf("work=oneway/proxies=%d/via=%s", proxies, via), func(b *testing.B) {
				p, end := chain(proxies, func() pipe { return channel(chanCap) })
				p.run(b, 1, 1, 16)
				end()
			})
			b.Run(fmt.Sprintf("work=trip/proxies=%d/via=%s", proxies, via), func(b *testing.B) {
				p, end := chain(2*proxies+1, func() pipe { return channel(0) }) // the server is one of them
				trips(b, p)
				end()
			})
		}
	}
}

// joinOver connects two sockets, directly or through the Proxy of two others.
func joinOver(b *testing.B, all *sync.WaitGroup, client, server mq.Socket, between []mq.Socket) {
	if len(between) == 0 {
		join(b, server, client)
		return
	}
	front, back := between[0], between[1]
	join(b, front, client)
	for _, err := range []error{back.Bind("inproc://back"), server.Connect("inproc://back")} {
		if err != nil {
			b.Fatal(err)
		}
	}
	all.Go(func() { mq.Proxy(context.Background(), front, back) })
}

// chain makes pipes with goroutines in between that pass on what they get, until that is nil.
func chain(goroutines int, make func() pipe) (p pipe, end func()) {
	first := make()
	last := first
	for range goroutines {
		from, to := last, make()
		go func() {
			for {
				p, _ := from.recv()
				to.send(p)
				if p == nil {
					return
				}
			}
		}()
		last = to
	}
	return pipe{send: first.send, recv: last.recv}, func() { first.send(nil); last.recv() }
}

// trips sends messages, and receives what becomes of each before the next.
func trips(b *testing.B, p pipe) {
	b.ReportAllocs()
	payload := make([]byte, 16)
	for b.Loop() {
		if err := p.send(payload); err != nil {
			b.Fatal(err)
		}
		if _, err := p.recv(); err != nil {
			b.Fatal(err)
		}
	}
}
