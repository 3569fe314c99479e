// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
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

// A PUSH and a PULL whose connection is cut again and again, with all that is under way:
// each message is received once, and in order.
func TestPipelineThroughCuts(t *testing.T) {
	const cuts = 60
	messages, scale := 200_000, int64(10)
	if brief() {
		messages, scale = 20_000, 1
	}
	eachPipe(t, func(t *testing.T, scheme, connects string) {
		p := newPipe(t, scheme, connects)
		seed := newSeed(t)
		p.connect(func(n int) cutter.Plan {
			return p.plan(cutter.After(scale*(2_000+pick(seed, n, 38_000))), 0)
		})
		p.carry(messages)
		require.Greater(t, p.proxy.Connections(), cuts)
		p.close()
	})
}

// The same when what the PULL says is cut, or comes late, or in small pieces: what the PUSH
// believes then is old.
func TestPipelineAcksCut(t *testing.T) {
	const messages, window, most = 10_000, 10, 150 // messages that a connection lets through
	kinds := []struct {
		name  string
		plan  cutter.Plan
		opts  []mq.Option
		share int // of the messages
	}{
		{"at once", cutter.Plan{}, nil, 1},
		{"late", cutter.Plan{Delay: 3 * time.Millisecond}, nil, 4},
		{"pieces", cutter.Plan{Chunk: 50}, nil, 1},
		{"confirmed", cutter.Plan{}, []mq.Option{mq.WithAck()}, 1},
		{"confirmed late", cutter.Plan{Delay: 3 * time.Millisecond}, []mq.Option{mq.WithAck()}, 4},
	}
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			eachPipe(t, func(t *testing.T, scheme, connects string) {
				messages := messages / kind.share
				if brief() {
					messages /= 5
				}
				p := newPipe(t, scheme, connects, append(kind.opts, mq.WithWindow(window))...)
				seed := newSeed(t)
				p.connect(func(n int) cutter.Plan {
					plan := p.plan(0, cutter.After(pick(seed, n, 500)))
					plan.Delay, plan.Chunk = kind.plan.Delay, kind.plan.Chunk
					return plan
				})
				p.carry(messages)
				require.Greater(t, p.proxy.Connections(), messages/most)
				p.close()
			})
		})
	}
}

// A connection is cut around each of its messages, and the one that goes on with it is cut
// after each of its bytes, in either direction. (A single cut is TestCutAtEveryByte.)
func TestPipelineCutTwiceAtEveryByte(t *testing.T) {
	for _, p := range []struct {
		scheme, connects, binds string
		how                     cutter.Break
		step                    int64
	}{
		{"tcp", "PUSH", "PULL", cutter.RST, 1},
		{"tcp", "PULL", "PUSH", cutter.RST, 7},
		{"tcp", "PUSH", "PULL", cutter.FIN, 7},
		{"ipc", "PULL", "PUSH", cutter.FIN, 7},
	} {
		t.Run(fmt.Sprintf("%s/%s-%s/%s", p.scheme, p.connects, p.binds, breakNames[p.how]), func(t *testing.T) {
			t.Parallel()
			c := &cutTest{t: t, scheme: p.scheme, connects: p.connects, binds: p.binds, how: p.how}
			c.measure()
			if testing.Short() {
				p.step = 37
			} else if brief() {
				p.step = 11
			}
			c.cutTwice(p.step)
		})
	}
}

var breakNames = map[cutter.Break]string{cutter.FIN: "FIN", cutter.RST: "RST"}

func (c *cutTest) cutTwice(step int64) {
	data := up
	if c.connects == "PULL" {
		data = down
	}
	var all sync.WaitGroup
	var sessions, thrice atomic.Int64
	places := make(chan struct{}, 24)
	for part := range int64(2*cutMessages + 1) {
		first := c.all[data] - part*cutSize/2
		for _, direction := range []int{up, down} {
			for n := part % step; n <= c.all[direction] && !c.t.Failed(); n += step {
				places <- struct{}{}
				all.Go(func() {
					defer func() { <-places }()
					sessions.Add(1)
					if c.cutAgain(data, first, direction, n) > 2 {
						thrice.Add(1)
					}
				})
			}
		}
	}
	all.Wait()
	c.t.Logf("%d sessions, %d of them cut twice", sessions.Load(), thrice.Load())
	require.Greater(c.t, 4*thrice.Load(), 3*sessions.Load(), "most are cut twice")
}

// cutAgain runs a session whose first connection is cut after some bytes of data, and the
// second one after n in a direction. It returns how many connections there were.
func (c *cutTest) cutAgain(data int, first int64, direction int, n int64) int {
	r := c.startPlanned(fmt.Sprintf("cut after %d bytes of %d, and after %d %s", first, c.all[data], n, [...]string{"up", "down"}[direction]),
		func(i int) cutter.Plan {
			towards, mark, plan := direction, cutter.After(n), cutter.Plan{Break: c.how}
			switch i {
			case 0:
				towards, mark = data, cutter.After(first)
			case 1:
			default:
				return plan
			}
			if towards == up {
				plan.CutUp = mark
			} else {
				plan.CutDown = mark
			}
			return plan
		})
	defer r.end()
	r.talk(false)
	r.settle(2)
	r.talk(true)
	f := r.flows[0]
	require.NoError(r, f.drain(r.soon()))
	require.Eventually(r, func() bool { return int(f.from.Stats().Acknowledged) == len(f.sent) }, never, pollEvery, "all is acknowledged")
	require.NoError(r, f.receive(r.soon()))
	require.Equal(r, f.sent, f.got)
	return r.proxy.Connections()
}

// startPlanned is start with a plan for each connection.
func (c *cutTest) startPlanned(what string, plan func(n int) cutter.Plan) *cutRun {
	r := &cutRun{t: c.t, what: what}
	opts := func(n *news) []mq.Option {
		return []mq.Option{quick, mq.WithRedelivery(never), mq.WithLinger(never), n.option()}
	}
	r.binds = plainSockets[c.binds](opts(&r.bindNews)...)
	r.connects = plainSockets[c.connects](opts(&r.connectNews)...)
	require.NoError(r, r.binds.Bind(map[string]string{"tcp": "tcp://127.0.0.1:0", "ipc": "ipc://*"}[c.scheme]))
	var front string
	r.proxy, front = proxied(c.t, c.scheme, r.binds.Addr())
	r.proxy.SetPlan(plan)
	r.arrange(c.connects, r.connects, r.binds, up)
	r.arrange(c.binds, r.binds, r.connects, down)
	require.NoError(r, r.connects.Connect(front))
	return r
}

// A PUSH closes while its PULL is out of reach. What the PULL has not taken comes back, all
// of it and in order; what it was sent and had not taken, it does not receive any more.
func TestPipelineLingerWhileCut(t *testing.T) {
	eachPipe(t, func(t *testing.T, scheme, connects string) {
		const messages, taken = 100, 20
		p := newPipe(t, scheme, connects, mq.WithWindow(10), mq.WithLinger(100*time.Millisecond))
		p.partTaken(messages, taken)
		p.cutOff()
		start := time.Now()
		err := p.push.Close()
		require.GreaterOrEqual(t, time.Since(start), 100*time.Millisecond)
		left, ok := errors.AsType[*mq.UndeliveredError](err)
		require.True(t, ok, "%v", err)
		var back []int
		for _, m := range left.Messages {
			back = append(back, numberOf(t, m))
		}
		require.Equal(t, upTo(taken, messages), back)
		p.proxy.Refuse(false)
		p.news.await(t, mq.EventDisconnected, 1)
		ctx, cancel := timeLimit(t, 100*time.Millisecond)
		defer cancel()
		_, err = p.pull.Recv(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded, "what came back is not received too")
		require.Zero(t, p.push.Stats().InFlight)
		require.NoError(t, p.pull.Close())
	})
}

// A PUSH that has time waits for a PULL that is out of reach, until that has come back and
// has taken all.
func TestPipelineLingerUntilBack(t *testing.T) {
	eachPipe(t, func(t *testing.T, scheme, connects string) {
		const messages, taken = 100, 20
		p := newPipe(t, scheme, connects, mq.WithWindow(10))
		p.partTaken(messages, taken)
		p.cutOff()
		closed := make(chan error, 1)
		go func() { closed <- p.push.Close() }()
		refused := p.proxy.Refused()
		eventually(t, func() bool { return p.proxy.Refused() >= refused+3 }, "they go on seeking each other")
		p.proxy.Refuse(false)
		for n := taken; n < messages; n++ {
			select {
			case err := <-closed:
				require.Fail(t, "closed too early", "%d are taken: %v", n, err)
			default:
			}
			m, err := p.pull.Recv(soon(t))
			require.NoError(t, err)
			require.Equal(t, n, numberOf(t, m))
		}
		select {
		case err := <-closed:
			require.NoError(t, err)
		case <-time.After(never):
			require.Fail(t, "Close waits although all is taken")
		}
		require.NoError(t, p.pull.Close())
	})
}

// partTaken sends messages, of which the PULL takes some, and has some more.
func (p *pipe) partTaken(messages, taken int) {
	p.connect(nil)
	for n := range messages {
		require.NoError(p.t, p.push.Send(soon(p.t), numbered(n)))
	}
	for n := range taken {
		m, err := p.pull.Recv(soon(p.t))
		require.NoError(p.t, err)
		require.Equal(p.t, n, numberOf(p.t, m))
	}
	eventually(p.t, func() bool {
		came := p.pull.Stats().Pending // seen first: all of them are in flight then, or acknowledged
		stats := p.push.Stats()
		return int(stats.Acknowledged) == taken && stats.InFlight == came && came > 0 && stats.Queued > 0
	}, "some are taken, some were sent, some wait")
}

// cutOff breaks the connection, and lets no other come until both sides have noticed.
func (p *pipe) cutOff() {
	p.proxy.Refuse(true)
	p.proxy.Cut(p.how())
	p.news.await(p.t, mq.EventDisconnected, 1)
	p.pushNews.await(p.t, mq.EventDisconnected, 1)
}

func upTo(from, to int) (all []int) {
	for n := from; n < to; n++ {
		all = append(all, n)
	}
	return all
}

// eachPipe runs f over each scheme, in both directions of connecting, all at the same time.
func eachPipe(t *testing.T, f func(t *testing.T, scheme, connects string)) {
	for _, scheme := range schemes {
		for _, connects := range []string{"PUSH", "PULL"} {
			t.Run(scheme.name+"/"+connects, func(t *testing.T) {
				t.Parallel()
				f(t, scheme.name, connects)
			})
		}
	}
}

// pipe is a PUSH and a PULL with a proxy between them.
type pipe struct {
	t              *testing.T
	scheme         string
	connects       string // who does
	push, pull     mq.Socket
	pushNews, news news // news are those of the PULL
	proxy          *cutter.Proxy
}

// newPipe makes both, without a connection. The PUSH waits for this one PULL as long as it
// takes. opts are for both.
func newPipe(t *testing.T, scheme, connects string, opts ...mq.Option) *pipe {
	p := &pipe{t: t, scheme: scheme, connects: connects}
	opts = append([]mq.Option{mq.WithRedelivery(never), mq.WithLinger(never)}, opts...)
	p.push = makers["PUSH"](t, append(opts, p.pushNews.option())...)
	p.pull = makers["PULL"](t, append(opts, p.news.option())...)
	return p
}

// connect has them meet, in connections of which each has its plan; nil is none.
func (p *pipe) connect(plan func(n int) cutter.Plan) {
	binds, connects := p.pull, p.push
	if p.connects == "PULL" {
		binds, connects = connects, binds
	}
	require.NoError(p.t, binds.Bind(map[string]string{"tcp": "tcp://127.0.0.1:0", "ipc": "ipc://*"}[p.scheme]))
	var front string
	p.proxy, front = proxied(p.t, p.scheme, binds.Addr())
	p.proxy.SetPlan(plan)
	require.NoError(p.t, connects.Connect(front))
}

// plan has a connection cut in the direction of the messages, or of the acknowledgements.
func (p *pipe) plan(data, acks cutter.Mark) cutter.Plan {
	plan := cutter.Plan{CutUp: data, CutDown: acks, Break: p.how()}
	if p.connects == "PULL" {
		plan.CutUp, plan.CutDown = acks, data
	}
	return plan
}

// how is the worst way to cut a connection.
func (p *pipe) how() cutter.Break {
	if p.scheme == "ipc" {
		return cutter.FIN
	}
	return cutter.RST
}

// carry sends messages, and makes sure that they are received.
func (p *pipe) carry(messages int) {
	start := time.Now()
	ctx, watch := watched(p.t)
	defer watch.Stop()
	sent := make(chan error, 1)
	go func() {
		var err error
		for n := 0; n <= messages && err == nil; n++ { // the last one shows that all is over
			err = p.push.Send(ctx, numbered(n))
		}
		sent <- err
	}()
	tally := &tally{seen: make([]bool, messages)}
	for {
		m, err := p.pull.Recv(ctx)
		if !assert.NoError(p.t, err, "after %d of %d", tally.count, messages) {
			break
		}
		watch.Reset(never)
		m.Ack()
		n := numberOf(p.t, m)
		if n == messages {
			break
		}
		tally.add(n)
	}
	require.NoError(p.t, <-sent)
	eventually(p.t, func() bool { return int(p.push.Stats().Acknowledged) > messages }, "all is acknowledged")
	stats := p.push.Stats()
	p.t.Logf("%d connections, %d resent, %v", p.proxy.Connections(), stats.Resent, time.Since(start).Round(time.Millisecond))
	require.Equal(p.t, tallied{}, tally.result(), "of %d", messages)
	require.Equal(p.t, stats.Sent, stats.Acknowledged)
	require.Zero(p.t, stats.InFlight)
	require.Zero(p.t, p.pull.Stats().Pending, "nothing comes behind the last")
}

// close closes both: nobody has anything left.
func (p *pipe) close() {
	require.NoError(p.t, p.push.Close())
	require.NoError(p.t, p.pull.Close())
}

// tallied is what went wrong.
type tallied struct{ Lost, Duplicates, Disorder int }

// tally counts what one PULL receives of one PUSH.
type tally struct {
	seen  []bool
	last  int
	count int
	tallied
}

func (c *tally) add(n int) {
	switch {
	case c.seen[n]:
		c.Duplicates++
	case n < c.last:
		c.Disorder++
	}
	c.seen[n], c.last = true, n
	c.count++
}

func (c *tally) result() tallied {
	for _, seen := range c.seen {
		if !seen {
			c.Lost++
		}
	}
	return c.tallied
}

// watched is a context that ends when the timer was not reset for too long.
func watched(t *testing.T) (context.Context, *time.Timer) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, time.AfterFunc(never, cancel)
}

// numbered is a message of 100 bytes.
func numbered(n int) mq.Message { return mq.Message{Data: fmt.Appendf(nil, "%0100d", n)} }

// numberOf is that of a message, which has to be whole.
func numberOf(t testing.TB, m mq.Message) (n int) {
	t.Helper()
	_, err := fmt.Sscanf(string(m.Data), "%d", &n)
	require.NoError(t, err)
	require.Equal(t, string(numbered(n).Data), string(m.Data))
	return n
}

// newSeed is a random number which the log tells.
func newSeed(t *testing.T) uint64 {
	seed := rand.Uint64()
	t.Log("seed", seed)
	return seed
}

// pick is the nth random number below limit.
func pick(seed uint64, n int, limit int64) int64 {
	return rand.New(rand.NewPCG(seed, uint64(n))).Int64N(limit)
}

// brief reports whether a test should take less time than it could: the race detector makes
// all of it ten times slower.
func brief() bool {
	info, _ := debug.ReadBuildInfo()
	return testing.Short() || info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
