// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/cutter"
)

// Many PULLs take from several PUSHs, over connections that are cut again and again. As
// nobody is given up, each message is received once, by one of them, and what one PULL has
// of one PUSH is in order.
func TestPipelineManyThroughCuts(t *testing.T) {
	const pushes, pulls, cuts = 3, 8, 60
	messages, scale := 20_000, int64(4) // of each PUSH
	if brief() {
		messages, scale = 5_000, 1
	}
	for _, scheme := range schemes {
		for _, confirms := range []bool{false, true} {
			name := map[bool]string{false: "taken", true: "confirmed"}[confirms]
			t.Run(scheme.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				m := &manyPipes{t: t, scheme: scheme.name, messages: messages, scale: scale, seed: newSeed(t)}
				if confirms {
					m.opts = []mq.Option{mq.WithAck()}
				}
				m.connect(pushes, pulls)
				got := m.carry()
				m.check(got)
				connections := m.connections()
				t.Logf("%d connections, resent %v, received %v", connections, m.stats(func(s mq.Stats) int { return int(s.Resent) }), counts(got))
				require.Greater(t, connections, pushes*pulls+cuts)
				m.close()
			})
		}
	}
}

// manyPipes is some PUSHs, and PULLs that are connected to all of them, with a proxy before
// each PUSH.
type manyPipes struct {
	t        *testing.T
	scheme   string
	opts     []mq.Option // of the PULLs
	messages int
	scale    int64
	seed     uint64

	pushes, pulls []mq.Socket
	proxies       []*cutter.Proxy
}

// workOf is a message, as number of a PUSH.
type workOf struct{ push, number int }

func (m *manyPipes) connect(pushes, pulls int) {
	addr := map[string]string{"tcp": "tcp://127.0.0.1:0", "ipc": "ipc://*"}[m.scheme]
	var fronts []string
	for i := range pushes {
		push := makers["PUSH"](m.t, mq.WithRedelivery(never), mq.WithLinger(never))
		require.NoError(m.t, push.Bind(addr))
		proxy, front := proxied(m.t, m.scheme, push.Addr())
		proxy.SetPlan(func(n int) cutter.Plan { return m.plan(i, n) })
		m.pushes, m.proxies, fronts = append(m.pushes, push), append(m.proxies, proxy), append(fronts, front)
	}
	for range pulls {
		pull := makers["PULL"](m.t, m.opts...)
		for _, front := range fronts {
			require.NoError(m.t, pull.Connect(front))
		}
		m.pulls = append(m.pulls, pull)
	}
}

// plan has the nth connection of a PUSH cut by what comes first: some bytes of messages, or
// of acknowledgements.
func (m *manyPipes) plan(push, n int) cutter.Plan {
	random := rand.New(rand.NewPCG(m.seed, uint64(push)<<32+uint64(n)))
	plan := cutter.Plan{
		CutDown: cutter.After(m.scale * (250 + random.Int64N(15_000))),
		CutUp:   cutter.After(200 + m.scale*random.Int64N(1_000)),
	}
	if m.scheme == "tcp" {
		plan.Break = cutter.Break(n % 2) // FIN, RST
	}
	return plan
}

// carry sends all, and returns what each PULL has received.
func (m *manyPipes) carry() [][]workOf {
	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	watch := time.AfterFunc(never, cancel)
	defer watch.Stop()
	var all sync.WaitGroup
	for i, push := range m.pushes {
		all.Go(func() {
			for n := 0; n < m.messages && ctx.Err() == nil; n++ {
				if err := push.Send(ctx, mq.Text(fmt.Sprintf("%d %070d", i, n))); !errors.Is(err, context.Canceled) {
					assert.NoError(m.t, err)
				}
			}
		})
	}
	var count atomic.Int64
	got := make([][]workOf, len(m.pulls))
	for i, pull := range m.pulls {
		all.Go(func() {
			for {
				msg, err := pull.Recv(ctx)
				if err != nil {
					assert.ErrorIs(m.t, err, context.Canceled)
					return
				}
				var w workOf
				_, err = fmt.Sscanf(string(msg.Data), "%d %d", &w.push, &w.number)
				assert.NoError(m.t, err)
				assert.False(m.t, msg.Redelivered(), "nobody is given up")
				got[i] = append(got[i], w)
				msg.Ack()
				watch.Reset(never)
				count.Add(1)
			}
		})
	}
	assert.Eventually(m.t, func() bool { return ctx.Err() != nil || m.settled() }, 20*never, pollEvery)
	assert.NoError(m.t, ctx.Err(), "nothing has come for long; %d of %d have", count.Load(), m.messages*len(m.pushes))
	cancel()
	all.Wait()
	return got
}

// settled reports whether everybody knows that all is done.
func (m *manyPipes) settled() bool {
	return !slices.ContainsFunc(m.pushes, func(push mq.Socket) bool {
		stats := push.Stats()
		return int(stats.Sent) < m.messages || stats.Acknowledged < stats.Sent || stats.InFlight > 0
	})
}

// check looks at what was received.
func (m *manyPipes) check(got [][]workOf) {
	seen := make(map[workOf]int)
	for _, of := range got {
		last := make(map[int]int)
		for _, w := range of {
			seen[w]++
			before, some := last[w.push]
			if some {
				require.Greater(m.t, w.number, before, "messages of PUSH %d to one PULL", w.push)
			}
			last[w.push] = w.number
		}
	}
	lost, duplicates := 0, 0
	for push := range m.pushes {
		for n := range m.messages {
			switch times := seen[workOf{push, n}]; {
			case times == 0:
				lost++
			case times > 1:
				duplicates += times - 1
			}
		}
	}
	require.Zero(m.t, lost, "lost")
	require.Zero(m.t, duplicates, "duplicates")
	require.Len(m.t, seen, m.messages*len(m.pushes), "nothing else")
}

func (m *manyPipes) connections() (n int) {
	for _, proxy := range m.proxies {
		n += proxy.Connections()
	}
	return n
}

func (m *manyPipes) stats(of func(mq.Stats) int) (all []int) {
	for _, push := range m.pushes {
		all = append(all, of(push.Stats()))
	}
	return all
}

func counts(got [][]workOf) (all []int) {
	for _, of := range got {
		all = append(all, len(of))
	}
	return all
}

func (m *manyPipes) close() {
	for _, push := range m.pushes {
		require.NoError(m.t, push.Close())
	}
	for _, pull := range m.pulls {
		require.NoError(m.t, pull.Close())
	}
}
