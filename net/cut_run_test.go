// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/cutter"
)

var plainSockets = map[string]func(...mq.Option) mq.Socket{
	"PAIR": mq.NewPair,
	"PUSH": mq.NewPush,
	"PULL": mq.NewPull,
	"PUB":  func(o ...mq.Option) mq.Socket { return mq.NewPub(o...) },
	"SUB":  func(o ...mq.Option) mq.Socket { return mq.NewSub(o...) },
	"REQ":  func(o ...mq.Option) mq.Socket { return mq.NewReq(o...) },
	"REP":  func(o ...mq.Option) mq.Socket { return mq.NewRep(o...) },
}

// cutRun is two sockets with a proxy between them. It is used by one goroutine, which a
// failure ends.
type cutRun struct {
	t                     *testing.T
	what                  string // is tried
	connects, binds       mq.Socket
	connectNews, bindNews news
	proxy                 *cutter.Proxy

	flows   []*cutFlow
	pub     mq.Pub         // nil if there is none
	req     mq.Req         // likewise
	asked   int            // requests
	serving sync.WaitGroup // what answers requests
}

func (r *cutRun) Errorf(format string, args ...any) {
	r.t.Errorf("%s: %s", r.what, fmt.Sprintf(format, args...))
}

func (r *cutRun) FailNow() { runtime.Goexit() }

func (r *cutRun) soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), never)
	r.t.Cleanup(cancel)
	return ctx
}

// arrange says what s, of a kind, does.
func (r *cutRun) arrange(kind string, s, other mq.Socket, direction int) {
	switch kind {
	case "PUSH", "PUB", "PAIR":
		r.flows = append(r.flows, &cutFlow{from: s, to: other, direction: direction})
	case "SUB":
		require.NoError(r, s.(mq.Sub).Subscribe(cutTopic))
	case "REQ":
		r.req = s.(mq.Req)
	case "REP":
		r.serving.Go(func() { r.serve(s) })
	}
	if kind == "PUB" {
		r.pub = s.(mq.Pub)
	}
}

// settle waits until both sides know of one connection alone, which is the nth or a
// later one.
func (r *cutRun) settle(nth int) {
	calm := func(n *news) bool {
		shaken := n.count(mq.EventAttached) + n.count(mq.EventHandshakeFailed)
		return n.count(mq.EventAttached)-n.count(mq.EventDisconnected) == 1 &&
			n.count(mq.EventAccepted)+n.count(mq.EventConnected) == shaken
	}
	require.Eventually(r, func() bool {
		return r.proxy.Connections() >= nth && calm(&r.connectNews) && calm(&r.bindNews)
	}, never, pollEvery, "both sides have found each other again")
}

// talk sends on all flows, or has some requests answered. If nothing is cut any more,
// each must be.
func (r *cutRun) talk(uncut bool) {
	if r.pub != nil {
		require.NoError(r, r.pub.WaitSubscribers(r.soon(), cutTopic, 1))
	}
	for _, f := range r.flows {
		require.NoError(r, f.send(r.soon(), cutMessages))
	}
	for range 2 {
		if r.req != nil {
			r.ask(uncut)
		}
	}
}

// ask has a request answered, or told that it will not be.
func (r *cutRun) ask(uncut bool) {
	r.asked++
	text := fmt.Sprintf("request%02d", r.asked)
	require.NoError(r, r.req.Send(r.soon(), mq.Text(text)))
	m, err := r.req.Recv(r.soon())
	if uncut || err == nil {
		require.NoError(r, err)
		require.Equal(r, mq.Text(text, "", "answer").String(), m.String())
		return
	}
	require.ErrorIs(r, err, mq.ErrPeerGone)
}

// serve answers requests. It gets none twice. One of a connection that was cut may still be
// read when another has come through the next: they are not known to be of the same peer.
func (r *cutRun) serve(rep mq.Socket) {
	seen := map[string]bool{}
	for {
		m, err := rep.Recv(context.Background())
		if errors.Is(err, mq.ErrClosed) || !assert.NoError(r, err) {
			return
		}
		text := string(m.Data)
		assert.False(r, seen[text], "%q came twice", text)
		seen[text] = true
		if err := rep.Send(context.Background(), mq.Text(text, "", "answer")); !errors.Is(err, mq.ErrClosed) {
			assert.NoError(r, err)
		}
	}
}

// receive takes what has come.
func (r *cutRun) receive() {
	for _, f := range r.flows {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		err := f.receive(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) { // of a connection that has ended
			require.NoError(r, err)
		}
	}
}

// drain receives until all has come that was sent last, and looks at what came.
func (r *cutRun) drain() {
	for _, f := range r.flows {
		require.NoError(r, f.drain(r.soon()))
		left := map[string]bool{}
		for _, m := range f.sent {
			left[m] = true
		}
		for _, m := range f.got {
			require.True(r, left[m], "%q came twice, or was never sent", m)
			delete(left, m)
		}
	}
}

// requireOrder makes sure that the messages of each connection came in order. Which
// connection had which is not known, but a first one had those up to some number.
func (r *cutRun) requireOrder() {
	for _, f := range r.flows {
		ok := slices.ContainsFunc(f.sent, func(first string) bool {
			var before, after []string
			for _, m := range f.got {
				if m < first {
					before = append(before, m)
				} else {
					after = append(after, m)
				}
			}
			return slices.IsSorted(before) && slices.IsSorted(after)
		})
		require.True(r, ok, "in order: %q", f.got)
	}
}

func (r *cutRun) end() {
	for _, s := range []mq.Socket{r.connects, r.binds} {
		assert.NoError(r, s.Close(), "all was delivered")
	}
	r.serving.Wait()
	r.proxy.Close()
}

// cutFlow is what goes from one socket to another.
type cutFlow struct {
	from, to  mq.Socket
	direction int
	sent, got []string
}

const (
	cutTopic    = "m"
	cutMessages = 3
	cutSize     = 2 + 6 + 2 + 2 + 7 // bytes of a message on the wire
)

func cutMessage(n int) mq.Message {
	return mq.Text(fmt.Sprintf("m%05d", n), "", fmt.Sprintf("t%05dt", n))
}

func (f *cutFlow) send(ctx context.Context, n int) error {
	for range n {
		m := cutMessage(len(f.sent))
		f.sent = append(f.sent, m.String())
		if err := f.from.Send(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// drain receives until all has come of what was sent last.
func (f *cutFlow) drain(ctx context.Context) error {
	missing := slices.Clone(f.sent[max(0, len(f.sent)-cutMessages):])
	for len(missing) > 0 {
		m, err := f.to.Recv(ctx)
		if err != nil {
			return fmt.Errorf("%w after %q of %q", err, f.got, f.sent)
		}
		text := m.String()
		f.got = append(f.got, text)
		missing = slices.DeleteFunc(missing, func(s string) bool { return s == text })
	}
	return f.receive(ctx) // of a connection before
}

// receive takes what has come.
func (f *cutFlow) receive(ctx context.Context) error {
	for f.to.Stats().Pending > 0 {
		m, err := f.to.Recv(ctx)
		if err != nil {
			return err
		}
		f.got = append(f.got, m.String())
	}
	return nil
}
