// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// The arrangements of the ZeroMQ guide, in which sockets of several kinds work together.

// site is where a topology is built: in one program, with addresses of two legs, one in
// front of the device in the middle and one behind it.
type site struct {
	*testing.T
	ctx     context.Context // done when the test is over, or takes too long
	option  mq.Option
	in, out string
	all     sync.WaitGroup // what stay has started
}

var topologies atomic.Int64

func inprocAddr(testing.TB) string { return fmt.Sprint("inproc://topology-", topologies.Add(1)) }

// onAllLegs builds a topology in-process, over the network, and half and half.
func onAllLegs(t *testing.T, build func(s *site)) {
	t.Parallel()
	tcp, ipc := schemes[0].addr, schemes[1].addr
	for _, legs := range []struct {
		name    string
		in, out func(testing.TB) string
	}{
		{"inproc-inproc", inprocAddr, inprocAddr},
		{"inproc-tcp", inprocAddr, tcp},
		{"tcp-inproc", tcp, inprocAddr},
		{"tcp-tcp", tcp, tcp},
		{"ipc-tcp", ipc, tcp},
	} {
		t.Run(legs.name, func(t *testing.T) {
			t.Parallel()
			build(newSite(t, legs.in(t), legs.out(t)))
		})
	}
}

func newSite(t *testing.T, in, out string) *site {
	rt := mq.NewRuntime()
	ctx, cancel := context.WithTimeout(t.Context(), never)
	s := &site{T: t, ctx: ctx, option: mq.WithRuntime(rt), in: in, out: out}
	t.Cleanup(func() {
		cancel()
		s.all.Wait()
		assert.NoError(t, rt.Close(), "something was left")
	})
	return s
}

// stay has f at work until the test is over, which f has to tell.
func (s *site) stay(f func() error) {
	s.all.Go(func() {
		err := f()
		assert.ErrorIs(s, err, context.Canceled)
		var left *mq.UndeliveredError
		assert.NotErrorAs(s, err, &left)
	})
}

// device binds two sockets to the legs, with a Proxy between them.
func (s *site) device(front, back mq.Socket) {
	require.NoError(s, errors.Join(front.Bind(s.in), back.Bind(s.out)))
	s.stay(func() error { return mq.Proxy(s.ctx, front, back) })
}

// connected makes sockets that are connected to addr.
func connected[S mq.Socket](s *site, addr string, n int, make func(...mq.Option) S) []S {
	all := []S{}
	for range n {
		socket := make(s.option, quick)
		require.NoError(s, socket.Connect(addr))
		all = append(all, socket)
	}
	return all
}

// servers connects REPs to addr that answer with the request and their number.
func (s *site) servers(addr string, n int) {
	for i, rep := range connected(s, addr, n, mq.NewRep) {
		s.stay(func() error {
			return rep.Serve(s.ctx, func(_ context.Context, m mq.Message) (mq.Message, error) {
				return mq.NewMessage(m.Data, []byte(fmt.Sprint(i))), nil
			})
		})
	}
}

// clients connects REQs to addr, has each ask n times, one question after the other or all
// at once, and checks all replies.
func (s *site) clients(addr string, n int) {
	var all sync.WaitGroup
	defer all.Wait()
	for i, req := range connected(s, addr, 4, mq.NewReq) {
		all.Go(func() {
			for j := range n {
				s.asks(fmt.Sprint(i, " in turn ", j), func(m mq.Message) (mq.Message, error) {
					if err := req.Send(s.ctx, m); err != nil {
						return m, err
					}
					return req.Recv(s.ctx)
				})
			}
			for j := range n {
				all.Go(func() {
					s.asks(fmt.Sprint(i, " at once ", j), func(m mq.Message) (mq.Message, error) { return req.Do(s.ctx, m) })
				})
			}
		})
	}
}

// asks wants the reply to be the question, with the number of a server behind it.
func (s *site) asks(question string, ask func(mq.Message) (mq.Message, error)) {
	m, err := ask(mq.Text(question))
	assert.NoError(s, err)
	assert.Equal(s, question, string(m.Data))
	assert.Equal(s, 2, m.Len())
}

// receives takes n messages, and returns them by their first part, in order.
func (s *site) receives(r mq.Receiver, n int) map[string][]string {
	got := map[string][]string{}
	for range n {
		m, err := r.Recv(s.ctx)
		if !assert.NoError(s, err) {
			break
		}
		if assert.Equal(s, 2, m.Len()) {
			got[string(m.Data)] = append(got[string(m.Data)], string(m.Part(1)))
		}
	}
	return got
}

// counted are the texts 0, 1, ... up to n.
func counted(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprint(i))
	}
	return all
}

// sends sends n messages of that first part.
func (s *site) sends(to mq.Sender, first string, n int) {
	for _, x := range counted(n) {
		assert.NoError(s, to.Send(s.ctx, mq.Text(first, x)))
	}
}

// Clients ask servers they do not know.
func TestTopologyRequestBroker(t *testing.T) {
	onAllLegs(t, func(s *site) {
		s.device(mq.NewRouter(s.option), mq.NewDealer(s.option))
		s.servers(s.out, 3)
		s.clients(s.in, 100)
	})
}

// Publishers and subscribers that do not know each other.
func TestTopologyForwarder(t *testing.T) {
	onAllLegs(t, func(s *site) {
		const n = 200
		front, back := mq.NewXSub(s.option), mq.NewXPub(s.option)
		s.device(front, back)
		pubs, subs := connected(s, s.in, 2, mq.NewPub), connected(s, s.out, 3, mq.NewSub)
		want := []map[string][]string{
			{"a0": counted(n), "a1": counted(n)},
			{"b1": counted(n)},
			{"a1": counted(n), "b0": counted(n), "b1": counted(n)},
		}
		for i, prefixes := range [][]string{{"a"}, {"b1"}, {"b", "a1"}} {
			for _, prefix := range prefixes {
				require.NoError(s, subs[i].Subscribe(prefix))
			}
		}
		for topic, n := range map[string]int{"a0": 1, "a1": 2, "b0": 1, "b1": 2} {
			require.NoError(s, back.WaitSubscribers(s.ctx, topic, n))
			for _, pub := range pubs { // known all the way up
				require.NoError(s, pub.WaitSubscribers(s.ctx, topic, 1))
			}
		}
		var all sync.WaitGroup
		for i, pub := range pubs {
			all.Go(func() { s.sends(pub, fmt.Sprint("a", i), n) })
			all.Go(func() { s.sends(pub, fmt.Sprint("b", i), n) })
		}
		for i, sub := range subs {
			total := 0
			for _, texts := range want[i] {
				total += len(texts)
			}
			assert.Equal(s, want[i], s.receives(sub, total))
		}
		all.Wait()
	})
}

// Work from several sources is dealt among several workers.
func TestTopologyStreamer(t *testing.T) {
	onAllLegs(t, func(s *site) {
		const sources, workers, n = 3, 4, 200
		s.device(mq.NewPull(s.option), mq.NewPush(s.option))
		var all sync.WaitGroup
		for i, push := range connected(s, s.in, sources, mq.NewPush) {
			all.Go(func() { s.sends(push, fmt.Sprint(i), n) })
		}
		done := make(chan mq.Message, sources*n)
		for _, pull := range connected(s, s.out, workers, mq.NewPull) {
			s.stay(func() error {
				for {
					m, err := pull.Recv(s.ctx)
					if err != nil {
						return err
					}
					done <- m
				}
			})
		}
		got := map[string]int{}
		for range sources * n {
			select {
			case m := <-done:
				got[m.String()]++
			case <-s.ctx.Done():
				s.Fatal("work was lost: ", len(got), " of ", sources*n)
			}
		}
		all.Wait()
		require.Len(s, got, sources*n, "once each")
		require.Empty(s, done)
	})
}
