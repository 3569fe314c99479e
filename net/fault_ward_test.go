// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// ward is a bound socket that serves an honest peer while others attack it: ROUTER and REP
// send requests back, DEALER receives, XPUB sends and never receives, and REQ asks.
type ward struct {
	t      *testing.T
	addr   string
	bound  mq.Socket
	honest mq.Socket
	news   news                                    // of bound
	said   int                                     // messages between the two
	pass   func(context.Context, mq.Message) error // one from end to end, and back if it is a request
}

// newWard makes a ward of a socket of a kind, bound to addr.
func newWard(t *testing.T, kind, addr string, opts ...mq.Option) *ward {
	w := &ward{t: t, addr: addr}
	opts = append(opts, w.news.option())
	ctx, stop := context.WithCancel(context.Background())
	var work sync.WaitGroup
	t.Cleanup(work.Wait) // after the sockets are closed
	t.Cleanup(stop)
	switch kind {
	case "ROUTER":
		w.between(familyKinds[kind](quickly(opts)...), mq.NewReq(quickly(nil)...))
		w.pass = doing(w.honest.(mq.Req))
		work.Go(func() {
			for m := range mq.Messages(ctx, w.bound) {
				_ = w.bound.Send(ctx, m) // who has asked may be gone
			}
		})
	case "REP":
		w.between(mq.NewRep(quickly(opts)...), mq.NewReq(quickly(nil)...))
		w.pass = doing(w.honest.(mq.Req))
		work.Go(func() {
			_ = w.bound.(mq.Rep).Serve(ctx, func(_ context.Context, m mq.Message) (mq.Message, error) { return m, nil })
		})
	case "REQ":
		opts = append(opts, mq.WithRetry(1000)) // those who attack get requests too
		w.between(mq.NewReq(quickly(opts)...), mq.NewRep(quickly(nil)...))
		w.pass = doing(w.bound.(mq.Req))
		work.Go(func() {
			_ = w.honest.(mq.Rep).Serve(ctx, func(_ context.Context, m mq.Message) (mq.Message, error) { return m, nil })
		})
	case "DEALER":
		w.between(mq.NewDealer(quickly(opts)...), mq.NewDealer(quickly(nil)...))
		w.pass = moving(w.honest, w.bound)
	case "XPUB":
		sub := mq.NewSub(quickly(nil)...)
		require.NoError(t, sub.Subscribe("honest"))
		w.between(familyKinds[kind](quickly(opts)...), sub)
		require.NoError(t, w.bound.(mq.Pub).WaitSubscribers(soon(t), "honest", 1))
		w.pass = moving(w.bound, sub)
	}
	return w
}

// between has honest connect to bound. Both are closed with the test.
func (w *ward) between(bound, honest mq.Socket) {
	w.bound, w.honest = closing(w.t, bound), closing(w.t, honest)
	require.NoError(w.t, bound.Bind(w.addr))
	require.NoError(w.t, honest.Connect(w.addr))
	w.news.await(w.t, mq.EventAttached, 1)
	require.NoError(w.t, honest.WaitPeers(soon(w.t), 1))
}

// doing passes messages to a server and back.
func doing(req mq.Req) func(context.Context, mq.Message) error {
	return func(ctx context.Context, m mq.Message) error {
		reply, err := req.Do(ctx, m)
		if err == nil && reply.String() != m.String() {
			err = fmt.Errorf("want %v, got %v", m, reply)
		}
		return err
	}
}

// moving passes messages from one socket to another, where those of others come too.
func moving(from, to mq.Socket) func(context.Context, mq.Message) error {
	return func(ctx context.Context, m mq.Message) error {
		if err := from.Send(ctx, m); err != nil {
			return err
		}
		for {
			got, err := to.Recv(ctx)
			if err != nil || got.String() == m.String() {
				return err
			}
		}
	}
}

func (w *ward) exchange() {
	w.said++
	ctx, cancel := timeLimit(w.t, never)
	defer cancel()
	assert.NoError(w.t, w.pass(ctx, mq.Text(fmt.Sprint("honest", w.said), strings.Repeat("x", w.said%300))))
}

// during has the honest peers talk while attack goes on, and a bit longer. Most of their
// messages must not take long.
func (w *ward) during(attack func()) {
	w.t.Helper()
	over := make(chan struct{})
	var took []time.Duration
	var talk sync.WaitGroup
	talk.Go(func() {
		for more := 20; more > 0 && !w.t.Failed(); {
			select {
			case <-over:
				more--
			default:
			}
			start := time.Now()
			w.exchange()
			took = append(took, time.Since(start))
		}
	})
	func() {
		defer close(over)
		attack()
	}()
	talk.Wait()
	slices.Sort(took)
	require.Less(w.t, took[len(took)/2], time.Second, "the median of %d messages", len(took))
}

// requirePeace makes sure that only the honest peer is left, and is served.
func (w *ward) requirePeace() {
	w.t.Helper()
	eventually(w.t, func() bool {
		w.exchange() // what others have sent has to be received first
		return w.bound.Stats().Peers == 1
	}, "one peer")
}
