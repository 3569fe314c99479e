// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

const (
	// patience is when something that should happen counts as never happening. In a
	// bubble it is fake time, which passes only if all goroutines are blocked.
	patience = 30 * time.Second
	// lifetime is when a call that a law has forgotten is given up.
	lifetime = 5 * time.Minute
	// pause is how long is waited before another look at what moves, over a network, and looks
	// is how often in a row nothing has moved when all have settled.
	pause, looks = 5 * time.Millisecond, 10
	// quiet is how long nothing moves then, at least.
	quiet = looks * pause
)

// Env is the world of one law: a runtime, addresses, and calls under way, all of
// which end with the law. Its methods are for the law's own goroutine.
type Env struct {
	t       *testing.T
	scheme  Scheme
	runtime *mq.Runtime
	ctx     context.Context // done when the law has ended, or takes too long
	calls   []*Call
	heart   *heart // nil before Settle, and in-process

	mu      sync.Mutex  // protects the field below: laws make sockets in other goroutines too
	sockets []mq.Socket // all that were made
}

// kinds are the sockets, in the order of tables.
var kinds = []string{"PAIR", "REQ", "REP", "DEALER", "ROUTER", "PUB", "SUB", "XPUB", "XSUB", "PUSH", "PULL"}

// New makes a socket of one of the kinds, in the runtime of the law.
func (e *Env) New(kind string, opts ...mq.Option) mq.Socket {
	switch kind {
	case "PAIR":
		return e.Pair(opts...)
	case "REQ":
		return e.Req(opts...)
	case "REP":
		return e.Rep(opts...)
	case "PUB":
		return e.Pub(opts...)
	case "SUB":
		return e.Sub(opts...)
	case "PUSH":
		return e.Push(opts...)
	case "PULL":
		return e.Pull(opts...)
	case "DEALER":
		return e.Dealer(opts...)
	case "ROUTER":
		return made(e, &talker{Router: mq.NewRouter(e.with(opts)...)})
	case "XPUB":
		return e.XPub(opts...)
	case "XSUB":
		return e.XSub(opts...)
	}
	panic("mqtest: no kind " + kind)
}

// talker is a ROUTER that answers who it has heard last, for laws that hold for sockets
// of every kind: the routing id is no part of its messages.
type talker struct {
	mq.Router

	mu sync.Mutex // protects the field below
	id []byte
}

func (r *talker) Recv(ctx context.Context) (mq.Message, error) {
	m, err := r.Router.Recv(ctx)
	if err != nil {
		return m, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.id = m.Data
	return mq.NewMessage(m.More...), nil
}

func (r *talker) Send(ctx context.Context, m mq.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Router.Send(ctx, mq.NewMessage(append([][]byte{r.id, m.Data}, m.More...)...))
}

// Pair makes a PAIR.
func (e *Env) Pair(opts ...mq.Option) mq.Socket { return made(e, mq.NewPair(e.with(opts)...)) }

// Req makes a REQ.
func (e *Env) Req(opts ...mq.Option) mq.Req { return made(e, mq.NewReq(e.with(opts)...)) }

// Rep makes a REP.
func (e *Env) Rep(opts ...mq.Option) mq.Rep { return made(e, mq.NewRep(e.with(opts)...)) }

// Pub makes a PUB.
func (e *Env) Pub(opts ...mq.Option) mq.Pub { return made(e, mq.NewPub(e.with(opts)...)) }

// Sub makes a SUB.
func (e *Env) Sub(opts ...mq.Option) mq.Sub { return made(e, mq.NewSub(e.with(opts)...)) }

// Push makes a PUSH.
func (e *Env) Push(opts ...mq.Option) mq.Socket { return made(e, mq.NewPush(e.with(opts)...)) }

// Pull makes a PULL.
func (e *Env) Pull(opts ...mq.Option) mq.Socket { return made(e, mq.NewPull(e.with(opts)...)) }

// Dealer makes a DEALER.
func (e *Env) Dealer(opts ...mq.Option) mq.Socket { return made(e, mq.NewDealer(e.with(opts)...)) }

// Router makes a ROUTER.
func (e *Env) Router(opts ...mq.Option) mq.Router { return made(e, mq.NewRouter(e.with(opts)...)) }

// XPub makes an XPUB.
func (e *Env) XPub(opts ...mq.Option) mq.XPub { return made(e, mq.NewXPub(e.with(opts)...)) }

// XSub makes an XSUB.
func (e *Env) XSub(opts ...mq.Option) mq.Socket { return made(e, mq.NewXSub(e.with(opts)...)) }

// made notes a socket of the law.
func made[S mq.Socket](e *Env, s S) S {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sockets = append(e.sockets, s)
	return s
}

// stats are the counters of all sockets of the law.
func (e *Env) stats() []mq.Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]mq.Stats, len(e.sockets))
	for i, s := range e.sockets {
		all[i] = s.Stats()
	}
	return all
}

// with adds the runtime of the law, unless opts name another.
func (e *Env) with(opts []mq.Option) []mq.Option {
	return slices.Concat([]mq.Option{mq.WithRuntime(e.runtime)}, e.scheme.Options, opts)
}

// Addr returns an address that was never used before.
func (e *Env) Addr() string { return e.scheme.Addr(e.t) }

// Bind binds s to a new address, or to the one given.
func (e *Env) Bind(s mq.Socket, addr ...string) string {
	e.t.Helper()
	if len(addr) == 0 {
		addr = []string{e.Addr()}
	}
	require.NoError(e.t, s.Bind(addr[0]))
	return addr[0]
}

// Connect connects sockets to addr, and does not wait for a peer.
func (e *Env) Connect(addr string, sockets ...mq.Socket) {
	e.t.Helper()
	for _, s := range sockets {
		require.NoError(e.t, s.Connect(addr))
	}
}

// Link binds a socket to a new address, connects others to it, and waits until
// all have their new peers. The others attach in the given order.
func (e *Env) Link(bound mq.Socket, others ...mq.Socket) string {
	e.t.Helper()
	addr := e.Bind(bound)
	had := bound.Stats().Peers
	for i, s := range others {
		its := s.Stats().Peers
		e.Connect(addr, s)
		e.Peers(s, its+1)
		e.Peers(bound, had+i+1)
	}
	return addr
}

// Peers waits until s has exactly n peers.
func (e *Env) Peers(s mq.Socket, n int) {
	e.t.Helper()
	e.Eventually(func() bool { return s.Stats().Peers == n }, "want %d peers", n)
}

// Received waits until sockets have received n messages together.
func (e *Env) Received(n int, sockets ...mq.Socket) {
	e.t.Helper()
	e.Eventually(func() bool {
		got := uint64(0)
		for _, s := range sockets {
			got += s.Stats().Received
		}
		return got >= uint64(n)
	}, "want %d messages received", n)
}

// waiting wants n messages, or subscriptions, to have arrived at s and wait there.
func (e *Env) waiting(s mq.Socket, n int) {
	e.t.Helper()
	e.Eventually(func() bool { return s.Stats().Pending == n }, "want %d pending", n)
}

// Subscribers waits until pub has n subscribers that want topic.
func (e *Env) Subscribers(pub mq.Pub, topic string, n int) {
	e.t.Helper()
	ctx, cancel := e.patient()
	defer cancel()
	require.NoError(e.t, pub.WaitSubscribers(ctx, topic, n), "want %d subscribers of %q", n, topic)
}

// Settle waits until nothing happens any more: in a bubble until every goroutine
// is blocked for good, over a network until no counter has moved for a while: the longer
// the more there is to do beside.
func (e *Env) Settle() {
	if e.scheme.Inproc {
		synctest.Wait()
		return
	}
	if e.heart == nil {
		e.heart = newHeart(e.t)
	}
	for last, same := e.stats(), 0; same < looks; same++ {
		time.Sleep(pause)
		e.heart.beat()
		if now := e.stats(); !slices.Equal(now, last) {
			last, same = now, -1
		}
	}
}

// Eventually waits for what is on its way. In-process nothing is on its way once
// all have settled.
func (e *Env) Eventually(ok func() bool, format string, args ...any) {
	e.t.Helper()
	if e.scheme.Inproc {
		e.Settle()
	}
	came := ok() // asked once each time: what is true for a moment has come true
	for end := time.Now().Add(patience); !came && !e.scheme.Inproc && time.Now().Before(end); came = ok() {
		time.Sleep(time.Millisecond)
	}
	if !came {
		require.Fail(e.t, "never came true", append([]any{format}, args...)...)
	}
}

// patient is the context of a call that should not block for long.
func (e *Env) patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(e.ctx, patience)
}

// end closes what the law has made, and lets no call of it go on.
func (e *Env) end() {
	e.t.Helper()
	err := e.runtime.Close()
	if _, left := errors.AsType[*mq.UndeliveredError](err); !left {
		assert.NoError(e.t, err)
	}
	for _, c := range e.calls {
		if !e.finished(c) {
			assert.Fail(e.t, "outlives its socket", c.what)
		}
		c.cancel() // lets the bubble end
	}
	if e.heart != nil {
		e.heart.stop()
	}
}
