// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// familyPairs are pairs of those sockets of mq whose messages are framed by the
// application, or are subscriptions.
var familyPairs = [][2]string{
	{"DEALER", "REP"}, {"DEALER", "DEALER"}, {"DEALER", "ROUTER"},
	{"ROUTER", "REQ"}, {"ROUTER", "DEALER"}, {"ROUTER", "ROUTER"},
	{"XPUB", "SUB"}, {"XPUB", "XSUB"},
	{"XSUB", "PUB"}, {"XSUB", "XPUB"},
}

// legal are all pairs that there are.
var legal = slices.Concat(pairs, familyPairs)

// familyKinds make these sockets of mq.
var familyKinds = map[string]func(...mq.Option) mq.Socket{
	"DEALER": mq.NewDealer,
	"ROUTER": func(o ...mq.Option) mq.Socket { return mq.NewRouter(o...) },
	"XPUB":   func(o ...mq.Option) mq.Socket { return mq.NewXPub(o...) },
	"XSUB":   mq.NewXSub,
}

// What both sides call themselves.
const (
	ownID   = "\xffme"
	theirID = "you"
)

// made makes a socket of mq that is closed with the test.
func made[S mq.Socket](t *testing.T, constructor func(...mq.Option) S, opts ...mq.Option) (S, *ear) {
	t.Helper()
	e := &ear{changed: make(chan struct{})}
	s := constructor(append([]mq.Option{quick, mq.WithLinger(0), mq.WithEvents(e.hear)}, opts...)...)
	t.Cleanup(func() { s.Close() })
	return s, e
}

// couple is a line that knows what stands before a message on each side. Its methods take
// the place of those of the same name.
type couple struct {
	*line
	here, there [][]byte
}

func newCouple(t *testing.T, p *pyzmq.Process, pair [2]string, opts ...mq.Option) *couple {
	t.Helper()
	c := &couple{line: &line{own: pair[0], theirs: pair[1]}}
	c.mq, c.heard = made(t, familyKinds[c.own], append(opts, mq.WithRoutingID(ownID))...)
	if c.own == "XSUB" {
		sendOwn(t, c.mq, []byte{1})
	}
	c.zmq = newTheirs(t, p, c.theirs, pyzmq.Options{"ROUTING_ID": theirID})
	if c.own == "ROUTER" {
		c.here = parts(theirID)
	}
	if c.theirs == "ROUTER" {
		c.there = parts(ownID)
	}
	if c.theirs == "REP" || c.theirs == "REQ" {
		c.here = append(c.here, nil)
	}
	return c
}

// join lets the two find each other at addr, and waits until messages go through.
func (c *couple) join(t *testing.T, mqBinds bool, addr string) {
	t.Helper()
	if mqBinds {
		require.NoError(t, c.mq.Bind(addr))
		require.NoError(t, c.zmq.Connect(c.mq.Addr()))
	} else {
		_, err := c.zmq.Bind(addr)
		require.NoError(t, err)
		require.NoError(t, c.mq.Connect(addr))
	}
	c.ready(t, 1)
}

// ready waits until messages go through, and mq has n peers.
func (c *couple) ready(t *testing.T, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	require.NoError(t, c.mq.WaitPeers(ctx, n))
	switch c.own {
	case "XPUB":
		c.rouse(t, "", n)
		require.Equal(t, []byte{1}, recvOwn(t, c.mq).Data)
	case "XSUB":
		c.line.ready(t, n)
	}
}

// out sends from mq to libzmq.
func (c *couple) out(t *testing.T, parts ...[]byte) {
	t.Helper()
	sendOwn(t, c.mq, slices.Concat(c.here, parts)...)
	got, err := c.zmq.Recv(longest)
	require.NoError(t, err)
	sameParts(t, slices.Concat(c.there, parts), got)
}

// back sends from libzmq to mq.
func (c *couple) back(t *testing.T, parts ...[]byte) {
	t.Helper()
	require.NoError(t, c.zmq.Send(slices.Concat(c.there, parts)...))
	m := recvOwn(t, c.mq)
	sameParts(t, slices.Concat(c.here, parts), append([][]byte{m.Data}, m.More...))
}

// goesDown reports whether mq can send, and goesUp whether libzmq can.
func (c *couple) goesDown() bool { return c.theirs != "PUB" }
func (c *couple) goesUp() bool   { return c.theirs != "SUB" }

// round sends a message each way that there is, first from where it has to be first.
func (c *couple) round(t *testing.T, parts ...[]byte) {
	t.Helper()
	steps := []func(*testing.T, ...[]byte){c.out, c.back}
	switch {
	case c.theirs == "REQ":
		steps = []func(*testing.T, ...[]byte){c.back, c.out}
	case !c.goesUp() || c.own == "XPUB" && asksTopics(parts):
		steps = steps[:1]
	case !c.goesDown() || c.own == "XSUB" && asksTopics(parts):
		steps = steps[1:]
	}
	for _, step := range steps {
		step(t, parts...)
	}
}

// asksTopics reports whether XSUB takes a part for a subscription, or its end: libzmq
// looks at each.
func asksTopics(parts [][]byte) bool {
	return slices.ContainsFunc(parts, func(p []byte) bool { return len(p) > 0 && p[0] <= 1 })
}

// many sends n small messages each way that there is, at once where that can be.
func (c *couple) many(t *testing.T, n int) {
	t.Helper()
	if c.theirs == "REQ" {
		for i := range min(n, 1000) {
			c.round(t, pyzmq.Number(i, numberSize))
		}
		return
	}
	send := func() {
		ctx, cancel := context.WithTimeout(t.Context(), longest)
		defer cancel()
		for i := range n {
			assert.NoError(t, c.mq.Send(ctx, mq.NewMessage(append(slices.Clone(c.here), pyzmq.Number(i, numberSize))...)))
		}
	}
	recv := func() {
		for i := range n {
			m := recvOwn(t, c.mq)
			sameParts(t, append(slices.Clone(c.here), pyzmq.Number(i, numberSize)), append([][]byte{m.Data}, m.More...))
		}
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	if c.theirs == "REP" {
		require.NoError(t, c.zmq.Echo())
		wg.Go(send)
		recv()
		return
	}
	if c.goesDown() {
		wg.Go(send)
		c.wantNumbers(t, n)
		wg.Wait()
	}
	if c.goesUp() {
		wg.Go(func() { assert.NoError(t, c.zmq.SendNumbers(n, numberSize, longest, c.there...)) })
		recv()
	}
}

// with is the couple of the same socket of mq and another one of libzmq.
func (c *couple) with(s *pyzmq.Socket) *couple {
	l := *c.line
	l.zmq = s
	return &couple{&l, c.here, c.there}
}

// again makes another socket of libzmq for the couple, after the loss of the first.
func (c *couple) again(t *testing.T, p *pyzmq.Process, addr string, mqBinds bool) {
	t.Helper()
	c.replace(t, p, addr, mqBinds, pyzmq.Options{"ROUTING_ID": theirID})
	if c.own == "XPUB" {
		require.Equal(t, []byte{0}, recvOwn(t, c.mq).Data, "of the lost subscriber")
	}
	c.ready(t, 1)
}

// until waits for something that is to become true.
func until(t *testing.T, ok func() bool, what string) {
	t.Helper()
	require.Eventually(t, ok, longest, time.Millisecond, what)
}
