// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// rounds is n, or fewer where the user has no time.
func rounds(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// ledger is what became of messages that must not be lost: one that a Send has
// accepted turns up once, in a Recv or in what a Close hands back.
type ledger struct {
	mu              sync.Mutex // protects the fields below
	last            int
	accepted, found map[string]int
}

// id is what the next message says.
func (l *ledger) id() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	return fmt.Sprint(l.last)
}

func (l *ledger) accept(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.accepted == nil {
		l.accepted = map[string]int{}
	}
	l.accepted[id]++
}

func (l *ledger) find(msgs ...mq.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.found == nil {
		l.found = map[string]int{}
	}
	for _, m := range msgs {
		l.found[string(m.Data)]++
	}
}

func (l *ledger) send(ctx context.Context, s mq.Sender) error {
	id := l.id()
	err := s.Send(ctx, mq.Text(id))
	if err == nil {
		l.accept(id)
	}
	return err
}

func (l *ledger) recv(ctx context.Context, r mq.Receiver) error {
	m, err := r.Recv(ctx)
	if err == nil {
		l.find(m)
	}
	return err
}

// close closes a socket or a runtime.
func (l *ledger) close(c io.Closer) error {
	err := c.Close()
	if u, ok := errors.AsType[*mq.UndeliveredError](err); ok {
		l.find(u.Messages...)
		return nil
	}
	return err
}

func (l *ledger) check(t *testing.T) {
	t.Helper()
	require.Equal(t, l.accepted, l.found, "what was accepted, and what turned up")
}

// promised are the errors that calls can end with.
var promised = []error{
	mq.ErrClosed, mq.ErrState, mq.ErrAddrInUse, mq.ErrBadAddr, mq.ErrIncompatible, mq.ErrPeerBusy, mq.ErrPeerGone,
	context.Canceled, context.DeadlineExceeded, errors.ErrUnsupported, fs.ErrInvalid,
}

// assertPromised fails if err is none of the errors that a call may end with.
func assertPromised(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	_, ours := errors.AsType[*mq.Error](err)
	known := slices.ContainsFunc(promised, func(p error) bool { return errors.Is(err, p) })
	assert.Truef(t, ours && known, "not an error of mq: %#v", err)
}

// A scene is a few sockets in a synctest bubble. Each step does some random things
// at once, and waits until nothing moves any more; then somebody can look for
// those who sleep and should not.
type scene struct {
	t      *testing.T
	random *rand.Rand
	rt     *mq.Runtime
	option mq.Option // makes sockets of rt
	ledger ledger
	calls  []*call
}

// call is a blocking call under way.
type call struct {
	on     mq.Socket
	sends  bool
	cancel context.CancelFunc
	over   chan struct{}
	err    error // once over is closed
}

func (c *call) running() bool {
	select {
	case <-c.over:
		return false
	default:
		return true
	}
}

// begin prepares a call, which the function it returns makes.
func (s *scene) begin(on mq.Socket, sends bool, work func(context.Context) error) func() {
	ctx, cancel := context.WithCancel(s.t.Context())
	c := &call{on: on, sends: sends, cancel: cancel, over: make(chan struct{})}
	s.calls = append(s.calls, c)
	return func() {
		c.err = work(ctx)
		close(c.over)
	}
}

func (s *scene) send(on mq.Socket) func() {
	return s.begin(on, true, func(ctx context.Context) error { return s.ledger.send(ctx, on) })
}

func (s *scene) recv(on mq.Socket) func() {
	return s.begin(on, false, func(ctx context.Context) error { return s.ledger.recv(ctx, on) })
}

// cancel cancels some call.
func (s *scene) cancel() func() {
	if len(s.calls) == 0 {
		return func() {}
	}
	return s.calls[s.random.IntN(len(s.calls))].cancel
}

// step does some actions at once, and drops the calls that have ended. changed is
// for the actions to write down what must not be changed twice in a step.
func (s *scene) step(action func(changed map[any]bool) func()) {
	start, changed := make(chan struct{}), map[any]bool{}
	for range 1 + s.random.IntN(6) {
		do := action(changed)
		go func() {
			<-start
			do()
		}()
	}
	synctest.Wait()
	close(start)
	synctest.Wait()
	s.calls = slices.DeleteFunc(s.calls, func(c *call) bool {
		if c.running() {
			return false
		}
		c.cancel()
		assertPromised(s.t, c.err)
		return true
	})
}

// end cancels all calls, closes the runtime, and looks for what was left.
func (s *scene) end() {
	for _, c := range s.calls {
		c.cancel()
		<-c.over
	}
	require.NoError(s.t, s.ledger.close(s.rt))
	s.ledger.check(s.t)
	requireEmpty(s.t, s.rt)
}

// play plays scenes, each in a bubble.
func play(t *testing.T, scenes int, body func(*scene)) {
	seed := rand.Uint64()
	for i := range rounds(scenes) {
		synctest.Test(t, func(t *testing.T) {
			rt := mq.NewRuntime()
			body(&scene{t: t, random: rand.New(rand.NewPCG(seed, uint64(i))), rt: rt, option: mq.WithRuntime(rt)})
		})
		if t.Failed() {
			t.Fatalf("scene %d of seed %d", i, seed)
		}
	}
}
