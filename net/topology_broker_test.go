// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// A server whose clients ask without waiting, and whose workers answer in parts, when they
// like. The workers are goroutines behind an inproc address.
func TestTopologyAsyncServer(t *testing.T) {
	onAllLegs(t, func(s *site) {
		const clients, workers, n, answers = 3, 4, 100, 3
		s.device(mq.NewRouter(s.option), mq.NewDealer(s.option))
		for _, worker := range connected(s, s.out, workers, mq.NewDealer) {
			s.stay(func() error {
				for {
					m, err := worker.Recv(s.ctx) // client | "ask" | number
					for range answers {
						if err == nil {
							err = worker.Send(s.ctx, mq.NewMessage(m.Part(0), []byte("answer"), m.Part(2)))
						}
					}
					if err != nil {
						return err
					}
				}
			})
		}
		var all sync.WaitGroup
		defer all.Wait()
		for _, client := range connected(s, s.in, clients, mq.NewDealer) {
			all.Go(func() { s.sends(client, "ask", n) })
			all.Go(func() {
				times := map[string]int{}
				for _, x := range s.receives(client, n*answers)["answer"] {
					times[x]++
				}
				assert.Len(s, times, n)
				for x, got := range times {
					assert.Equal(s, answers, got, "answers to %s", x)
				}
			})
		}
	})
}

// A broker that knows its workers apart, and gives a request to the one that has been idle
// longest.
func TestTopologyLeastRecentlyUsed(t *testing.T) {
	onAllLegs(t, func(s *site) {
		const workers, n = 4, 100
		front, back := mq.NewRouter(s.option), mq.NewRouter(s.option)
		require.NoError(s, front.Bind(s.in))
		require.NoError(s, back.Bind(s.out))
		s.balance(front, back, workers)
		for i, worker := range connected(s, s.out, workers, mq.NewReq) {
			s.stay(func() error {
				answer := mq.Text("ready")
				for {
					if err := worker.Send(s.ctx, answer); err != nil {
						return err
					}
					m, err := worker.Recv(s.ctx) // client | | ... | question
					if err != nil {
						return err
					}
					m.More = append(m.More[:len(m.More):len(m.More)], []byte(fmt.Sprint(i)))
					answer = m
				}
			})
		}
		until(s.T, func() bool { return back.Stats().Received >= workers }, "workers")

		var who []string
		client := connected(s, s.in, 1, mq.NewReq)[0]
		for i := range n {
			s.asks(fmt.Sprint("alone ", i), func(m mq.Message) (mq.Message, error) {
				reply, err := client.Do(s.ctx, m)
				if err == nil {
					who = append(who, string(reply.Part(1)))
				}
				return reply, err
			})
		}
		require.Len(s, who, n)
		for i := workers; i < n; i++ {
			require.Equal(s, who[i-workers], who[i], "out of turn: %v", who)
		}
		s.clients(s.in, n)
	})
}

// balance passes what front receives to the worker at back that has said something, or
// answered, longest ago.
func (s *site) balance(front, back mq.Socket, workers int) {
	idle := make(chan []byte, workers) // their routing ids
	s.stay(func() error {
		for {
			m, err := back.Recv(s.ctx) // worker | | ready, or worker | | client ...
			if err != nil {
				return err
			}
			idle <- m.Data
			if m.Len() == 3 {
				continue
			}
			if err := front.Send(s.ctx, mq.NewMessage(m.More[1:]...)); err != nil {
				return err
			}
		}
	})
	s.stay(func() error {
		for {
			m, err := front.Recv(s.ctx) // client ...
			if err != nil {
				return err
			}
			select {
			case worker := <-idle:
				err = back.Send(s.ctx, mq.NewMessage(append([][]byte{worker, nil, m.Data}, m.More...)...))
			case <-s.ctx.Done():
				err = s.ctx.Err()
			}
			if err != nil {
				return err
			}
		}
	})
}

// Two programs, each with names of its own, and a bridge from one to the other: what talks
// inproc on this side reaches inproc what is on that.
func TestTopologyBridge(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			const n = 300
			wires := []string{scheme.addr(t), scheme.addr(t), scheme.addr(t)}
			here, there := newSite(t, "", ""), newSite(t, "", "")

			bridge(here, there, wires[0], "requests", mq.NewRouter, mq.NewDealer)
			there.servers("inproc://requests", 3)
			here.clients("inproc://requests", n/4)

			bridge(here, there, wires[1], "work", mq.NewPull, mq.NewPush)
			var sending sync.WaitGroup
			push := connected(here, "inproc://work", 1, mq.NewPush)[0]
			sending.Go(func() { here.sends(push, "job", n) })
			pull := connected(there, "inproc://work", 1, mq.NewPull)[0]
			require.Equal(t, map[string][]string{"job": counted(n)}, there.receives(pull, n))
			sending.Wait()

			bridge(here, there, wires[2], "news", mq.NewXSub, mq.NewXPub)
			pub, sub := connected(here, "inproc://news", 1, mq.NewPub)[0], connected(there, "inproc://news", 1, mq.NewSub)[0]
			require.NoError(t, sub.Subscribe("sport"))
			require.NoError(t, pub.WaitSubscribers(here.ctx, "sport", 1))
			here.sends(pub, "weather", n)
			here.sends(pub, "sport", n)
			require.Equal(t, map[string][]string{"sport": counted(n)}, there.receives(sub, n))
		})
	}
}

// bridge passes on what comes to that name here, over a wire, to that name there.
func bridge[F, B mq.Socket](here, there *site, wire, name string, front func(...mq.Option) F, back func(...mq.Option) B) {
	name = "inproc://" + name
	begin, onto := front(here.option), back(here.option, quick)
	from, end := front(there.option, quick), back(there.option)
	require.NoError(here, errors.Join(begin.Bind(name), onto.Bind(wire), from.Connect(wire), end.Bind(name)))
	here.stay(func() error { return mq.Proxy(here.ctx, begin, onto) })
	there.stay(func() error { return mq.Proxy(there.ctx, from, end) })
}
