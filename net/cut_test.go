// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/cutter"
)

// A short session of each pattern is cut after each of its bytes, in either direction.
// Both sides get over it: they find each other again, what is sent after that arrives,
// and of what was sent before nothing arrives torn, twice, or out of order. What came
// through whole is received, and what was not sent yet is not lost.
// (F-GRT-07, F-FRM-05, F-FRM-06, F-CON-05, F-CON-11)
func TestCutAtEveryByte(t *testing.T) {
	patterns := []struct {
		connects, binds string
		step            int64 // bytes from one cut to the next
	}{
		{"PUSH", "PULL", 1}, {"SUB", "PUB", 1}, {"PAIR", "PAIR", 1}, {"REQ", "REP", 1},
		{"PULL", "PUSH", 5}, {"PUB", "SUB", 5}, {"REP", "REQ", 5}, // the same bytes, the other way
	}
	for _, scheme := range schemes {
		for _, p := range patterns {
			for how, name := range map[cutter.Break]string{cutter.FIN: "FIN", cutter.RST: "RST"} {
				if scheme.name == "ipc" && how == cutter.RST {
					continue // there is no such thing
				}
				t.Run(fmt.Sprintf("%s/%s-%s/%s", scheme.name, p.connects, p.binds, name), func(t *testing.T) {
					t.Parallel()
					c := &cutTest{t: t, scheme: scheme.name, connects: p.connects, binds: p.binds, how: how}
					c.measure()
					step := p.step
					if testing.Short() {
						step = 11
					}
					c.cutEverywhere(step)
				})
			}
		}
	}
}

// cutTest is a session that is cut in many ways.
type cutTest struct {
	t               *testing.T
	scheme          string
	connects, binds string
	how             cutter.Break

	handshake, all [2]int64 // bytes of a session that is not cut; up and down
}

const (
	up   = 0 // from who connects to who binds
	down = 1
)

func (c *cutTest) measure() {
	r := c.start("uncut", cutter.Plan{})
	defer r.end()
	r.settle(1)
	c.handshake[up], c.handshake[down] = r.proxy.Bytes(0)
	r.talk(false)
	r.drain()
	r.settle(1)
	c.all[up], c.all[down] = r.proxy.Bytes(0)
	require.Equal(c.t, 1, r.proxy.Connections())
}

// cutEverywhere has many sessions at once, as they mostly wait.
func (c *cutTest) cutEverywhere(step int64) {
	var all sync.WaitGroup
	places := make(chan struct{}, 24)
	for _, direction := range []int{up, down} {
		for n := int64(0); n <= c.all[direction] && !c.t.Failed(); n += step {
			places <- struct{}{}
			all.Go(func() {
				defer func() { <-places }()
				c.cut(direction, n)
			})
		}
	}
	all.Wait()
}

// cut runs one session that is cut after n bytes.
func (c *cutTest) cut(direction int, n int64) {
	plan := cutter.Plan{Break: c.how}
	if direction == up {
		plan.CutUp = cutter.After(n)
	} else {
		plan.CutDown = cutter.After(n)
	}
	r := c.start(fmt.Sprintf("cut after %d of %d bytes %s", n, c.all[direction], [...]string{"up", "down"}[direction]), plan)
	defer r.end()
	r.talk(false)
	r.settle(2)
	r.talk(true)
	r.drain()
	r.requireOrder()
	for _, f := range r.flows {
		switch {
		case f.from.Stats().Acknowledged > 0: // a PUSH
			require.Equal(r, f.sent, f.got)
		case f.direction == direction && c.how == cutter.FIN:
			came := int((n - c.handshake[direction]) / cutSize)
			require.GreaterOrEqual(r, len(f.got), came+cutMessages, "what came through whole")
		case f.direction != direction && n < c.handshake[direction]:
			require.Len(r, f.got, 2*cutMessages, "nothing was sent before the cut")
		}
	}
}

// What came through a connection is received before what came through the next one, if
// both were from the same peer: A-ALL-07.
func TestCutKeepsOrder(t *testing.T) {
	for _, scheme := range schemes {
		for _, p := range []struct{ connects, binds string }{{"PUSH", "PULL"}, {"PULL", "PUSH"}, {"PAIR", "PAIR"}, {"SUB", "PUB"}} {
			t.Run(scheme.name+"/"+p.connects, func(t *testing.T) {
				c := &cutTest{t: t, scheme: scheme.name, connects: p.connects, binds: p.binds}
				r := c.start("order", cutter.Plan{})
				defer r.end()
				r.settle(1)
				r.talk(false)
				for _, f := range r.flows {
					eventually(t, func() bool { return f.to.Stats().Pending == cutMessages }, "all is through")
				}
				r.proxy.Cut(cutter.FIN)
				r.settle(2)
				r.talk(true)
				r.drain()
				for _, f := range r.flows {
					require.Equal(t, f.sent, f.got)
				}
			})
		}
	}
}

// Messages go through a proxy that cuts again and again: nothing comes twice, or torn,
// and nobody loses the way.
func TestCutAgainAndAgain(t *testing.T) {
	for _, scheme := range schemes {
		for _, p := range []struct{ connects, binds string }{{"PUSH", "PULL"}, {"PULL", "PUSH"}, {"PAIR", "PAIR"}} {
			t.Run(scheme.name+"/"+p.connects, func(t *testing.T) {
				t.Parallel()
				c := &cutTest{t: t, scheme: scheme.name, connects: p.connects, binds: p.binds}
				r := c.start("often", cutter.Plan{})
				defer r.end()
				r.settle(1)
				const cuts = 50
				r.proxy.SetPlan(func(n int) cutter.Plan {
					if n > cuts {
						return cutter.Plan{}
					}
					return cutter.Plan{CutUp: cutter.After(150 + int64(n)), CutDown: cutter.After(150 + int64(n)), Break: cutter.Break(n % 2)}
				})
				r.proxy.Cut(cutter.FIN)
				tick := time.NewTicker(pollEvery)
				defer tick.Stop()
				for r.proxy.Connections() <= cuts+1 {
					<-tick.C
					if r.connects.Stats().Queued+r.binds.Stats().Queued < 500 { // else sending would wait for receiving
						r.talk(false)
					}
					r.receive()
				}
				r.settle(cuts + 2)
				r.talk(true)
				r.drain()
			})
		}
	}
}

func (c *cutTest) start(what string, plan cutter.Plan) *cutRun {
	r := &cutRun{t: c.t, what: what}
	opts := func(n *news) []mq.Option { return []mq.Option{quick, mq.WithLinger(never), n.option()} }
	r.binds = plainSockets[c.binds](opts(&r.bindNews)...)
	r.connects = plainSockets[c.connects](opts(&r.connectNews)...)
	addr := map[string]string{"tcp": "tcp://127.0.0.1:0", "ipc": "ipc://*"}[c.scheme]
	require.NoError(c.t, r.binds.Bind(addr))
	var front string
	r.proxy, front = proxied(c.t, c.scheme, r.binds.Addr())
	r.proxy.SetPlan(func(n int) cutter.Plan {
		if n == 0 {
			return plan
		}
		return cutter.Plan{}
	})
	r.arrange(c.connects, r.connects, r.binds, up)
	r.arrange(c.binds, r.binds, r.connects, down)
	require.NoError(r.t, r.connects.Connect(front))
	return r
}
