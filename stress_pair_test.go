// SPDX-License-Identifier: MIT

package mq_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

const (
	pairSend, pairRecv = 2, 1 // high-water marks
	pairNames          = 2
)

// couples is a scene of PAIR sockets that come and go under a few names.
type couples struct {
	*scene
	pairs []mq.Socket

	mu        sync.Mutex // protects the fields below
	bound     map[int]mq.Socket
	connected map[mq.Socket]map[int]bool // to names, by Connects that found no fault
}

func newCouples(s *scene) *couples {
	c := &couples{scene: s, bound: map[int]mq.Socket{}, connected: map[mq.Socket]map[int]bool{}}
	for range 2 + s.random.IntN(3) {
		c.pairs = append(c.pairs, c.open())
	}
	return c
}

func (c *couples) open() mq.Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := mq.NewPair(c.option, mq.WithSendHWM(pairSend), mq.WithRecvHWM(pairRecv))
	c.connected[p] = map[int]bool{}
	return p
}

// note does something to p and, if that went well, writes down what it changed.
func (c *couples) note(do func() error, change func()) {
	err := do()
	assertPromised(c.t, err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		change()
	}
}

func (c *couples) action(changed map[any]bool) func() {
	i, n := c.random.IntN(len(c.pairs)), c.random.IntN(pairNames)
	p, addr := c.pairs[i], fmt.Sprint("inproc://pair", n)
	switch k := c.random.IntN(100); {
	case k < 30:
		return c.send(p)
	case k < 55:
		return c.recv(p)
	case k < 70:
		return c.cancel()
	case changed[p] || changed[n]:
		return func() {}
	case k < 77:
		changed[p], changed[n] = true, true
		return func() { c.note(func() error { return p.Bind(addr) }, func() { c.bound[n] = p }) }
	case k < 81:
		changed[p], changed[n] = true, true
		return func() { c.note(func() error { return p.Unbind(addr) }, func() { delete(c.bound, n) }) }
	case k < 90:
		changed[p] = true
		return func() { c.note(func() error { return p.Connect(addr) }, func() { c.connected[p][n] = true }) }
	case k < 95:
		changed[p] = true
		return func() { c.note(func() error { return p.Disconnect(addr) }, func() { delete(c.connected[p], n) }) }
	default:
		for n := range pairNames {
			changed[n] = true
		}
		c.pairs[i] = c.open()
		return func() { c.note(func() error { return c.ledger.close(p) }, func() { c.forget(p) }) }
	}
}

func (c *couples) forget(p mq.Socket) {
	delete(c.connected, p)
	for n, bound := range c.bound {
		if bound == p {
			delete(c.bound, n)
		}
	}
}

// check is called when nothing moves.
func (c *couples) check() {
	for _, p := range c.pairs {
		require.LessOrEqual(c.t, p.Stats().Peers, 1)
	}
	for _, call := range c.calls {
		require.True(c.t, slices.Contains(c.pairs, call.on), "a call sleeps in a closed PAIR")
		stats := call.on.Stats()
		if call.sends {
			require.GreaterOrEqual(c.t, stats.Queued, pairSend+pairRecv*stats.Peers, "a Send sleeps: messages queued")
		} else {
			require.Zero(c.t, stats.Pending, "a Recv sleeps: messages pending")
		}
	}
	for p, names := range c.connected {
		for n := range names {
			b := c.bound[n]
			require.False(c.t, b != nil && b != p && b.Stats().Peers+p.Stats().Peers == 0, "two who are free do not meet")
		}
	}
}

func TestStressPair(t *testing.T) {
	play(t, 300, func(s *scene) {
		c := newCouples(s)
		for range 50 {
			c.step(c.action)
			c.check()
		}
		c.end()
	})
}
