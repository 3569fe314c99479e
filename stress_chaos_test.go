// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// finish waits for work, and shows all stacks if it takes too long.
func finish(t *testing.T, work *sync.WaitGroup) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		work.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		stacks := make([]byte, 1<<20)
		t.Fatalf("it hangs:\n%s", stacks[:runtime.Stack(stacks, true)])
	}
}

// kinds are all the sockets there are. Those of one family fit each other. What a
// lossless one sends, and what is received of that, goes into the ledger.
var kinds = []struct {
	family          string
	make            func(...mq.Option) mq.Socket
	sends, receives bool // what must not be lost
}{
	{"pair", mq.NewPair, true, true},
	{"pipeline", mq.NewPush, true, false},
	{"pipeline", mq.NewPull, false, true},
	{"reqrep", newReq, true, false},
	{"reqrep", newRep, false, true},
	{"pubsub", newPub, false, false},
	{"pubsub", newSub, false, false},
}

// actor is a socket of a chaos.
type actor struct {
	mq.Socket
	kind int // in kinds
}

// chaos is any number of goroutines that do anything to a few sockets of all kinds.
type chaos struct {
	t      *testing.T
	rt     *mq.Runtime
	ledger ledger
	actors [3 * 7]atomic.Pointer[actor]

	mu  sync.Mutex // protects the field below
	all []mq.Socket
}

func (c *chaos) open(random *rand.Rand, kind int) *actor {
	s := kinds[kind].make(mq.WithRuntime(c.rt), mq.WithSendHWM(1+random.IntN(20)), mq.WithRecvHWM(1+random.IntN(3)))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, s)
	return &actor{s, kind}
}

// address is a name where a socket like a finds its kind, or not.
func (c *chaos) address(random *rand.Rand, a *actor) string {
	family := kinds[a.kind].family
	switch random.IntN(30) {
	case 0:
		family = kinds[random.IntN(len(kinds))].family
	case 1:
		return "inproc://"
	}
	return fmt.Sprint("inproc://", family, random.IntN(3))
}

// context is short-lived.
func (c *chaos) context(random *rand.Rand) (context.Context, context.CancelFunc) {
	switch random.IntN(10) {
	case 0:
		ctx, cancel := context.WithCancel(c.t.Context())
		cancel()
		return ctx, cancel
	case 1, 2:
		ctx, cancel := context.WithCancel(c.t.Context())
		go cancel()
		return ctx, cancel
	default:
		return context.WithTimeout(c.t.Context(), time.Duration(random.IntN(200))*time.Microsecond)
	}
}

func (c *chaos) send(ctx context.Context, a *actor) error {
	if kinds[a.kind].sends {
		return c.ledger.send(ctx, a)
	}
	return a.Send(ctx, mq.Text("abc"))
}

func (c *chaos) recv(ctx context.Context, a *actor) error {
	if kinds[a.kind].receives {
		return c.ledger.recv(ctx, a)
	}
	_, err := a.Recv(ctx)
	return err
}

// act does something to some socket.
func (c *chaos) act(random *rand.Rand) error {
	i := random.IntN(len(c.actors))
	a := c.actors[i].Load()
	ctx, cancel := c.context(random)
	defer cancel()
	topic := "abc"[:random.IntN(4)]
	switch random.IntN(42) {
	default:
		return c.send(ctx, a)
	case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13:
		return c.recv(ctx, a)
	case 14, 15:
		return a.Bind(c.address(random, a))
	case 16:
		return a.Unbind(c.address(random, a))
	case 17, 18, 19:
		return a.Connect(c.address(random, a))
	case 20:
		return a.Disconnect(c.address(random, a))
	case 21:
		return a.WaitPeers(ctx, random.IntN(4))
	case 22:
		if p, ok := a.Socket.(mq.Pub); ok {
			return p.WaitSubscribers(ctx, topic, random.IntN(4))
		}
	case 23, 24:
		if s, ok := a.Socket.(mq.Sub); ok {
			return s.Subscribe(topic)
		}
	case 25:
		if s, ok := a.Socket.(mq.Sub); ok {
			return s.Unsubscribe(topic)
		}
	case 26:
		stats := a.Stats()
		assert.Less(c.t, stats.Received+stats.Sent+stats.Dropped, uint64(1<<32), "a counter below zero: %+v", stats)
		a.Addr()
	case 27:
		if c.actors[i].CompareAndSwap(a, c.open(random, a.kind)) {
			return c.ledger.close(a)
		}
	case 28:
		var none context.Context
		return a.Send(none, mq.Message{})
	}
	return nil
}

func TestStressChaos(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	c := &chaos{t: t, rt: mq.NewRuntime()}
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range c.actors {
		c.actors[i].Store(c.open(random, i%len(kinds)))
	}
	var work sync.WaitGroup
	for g := range 64 {
		work.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(g+1)))
			for range rounds(800) {
				assertPromised(t, c.act(random))
			}
		})
	}
	finish(t, &work)
	require.NoError(t, c.ledger.close(c.rt))
	c.ledger.check(t)
	requireEmpty(t, c.rt)
	for _, s := range c.all {
		require.Zero(t, mq.Ends(s))
		if err := s.Send(t.Context(), mq.Message{}); !errors.Is(err, errors.ErrUnsupported) {
			require.ErrorIs(t, err, mq.ErrClosed)
		}
	}
	t.Log(len(c.all), "sockets", len(c.ledger.accepted), "messages that must not be lost")
}
