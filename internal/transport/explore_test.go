// SPDX-License-Identifier: MIT

package transport_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
	"github.com/seedmq/mq/internal/transport"
)

// A world is a few queues and a few inboxes with sources between them, in a
// synctest bubble. Each step does some random things at once, waits until
// nothing moves any more, and looks for what must not be then: a receiver that
// sleeps while a queue of its inbox has a message, a sender that sleeps while
// there is room, a source that nobody lets go of. In the end each message that
// was accepted has come out once.
type world struct {
	t       *testing.T
	random  *rand.Rand
	queues  []*queueAt
	inboxes []*inboxAt
	calls   []*call
	sent    int

	mu              sync.Mutex // protects the fields below
	accepted, found map[string]int
}

type queueAt struct {
	*transport.Queue
	limit int
}

type inboxAt struct {
	*transport.Inbox
	sources map[*queueAt]*transport.Source // as they are after the step
}

// call is a Send or a Recv under way.
type call struct {
	cancel context.CancelFunc
	queue  *queueAt // of a Send
	inbox  *inboxAt // of a Recv
	err    error    // once over is closed
	over   chan struct{}
}

func (c *call) running() bool {
	select {
	case <-c.over:
		return false
	default:
		return true
	}
}

func newWorld(t *testing.T, random *rand.Rand) *world {
	w := &world{t: t, random: random, accepted: map[string]int{}, found: map[string]int{}}
	for range 1 + random.IntN(3) {
		w.queues = append(w.queues, w.newQueue())
	}
	for range 1 + random.IntN(3) {
		w.inboxes = append(w.inboxes, w.newInbox())
	}
	for _, in := range w.inboxes {
		for _, q := range w.queues {
			if random.IntN(4) > 0 {
				w.attach(in, q)()
			}
		}
	}
	return w
}

func (w *world) newQueue() *queueAt {
	limit := []int{1, 1, 2, 3, 18}[w.random.IntN(5)]
	return &queueAt{transport.NewQueue(limit), limit}
}

func (w *world) newInbox() *inboxAt {
	return &inboxAt{&transport.Inbox{Yield: w.random.IntN(2) == 0}, map[*queueAt]*transport.Source{}}
}

// The things that can be done come in two halves: what is done to the picture
// that the test has, and a function that does it.

func (w *world) attach(in *inboxAt, q *queueAt) func() {
	if in.sources[q] != nil {
		return func() {}
	}
	in.sources[q] = &transport.Source{} // until it is known
	return func() {
		s, err := transport.Attach(in.Inbox, q.Queue)
		w.mu.Lock()
		defer w.mu.Unlock()
		assert.NoError(w.t, err)
		in.sources[q] = s
	}
}

func (w *world) release(in *inboxAt, q *queueAt) func() {
	s := in.sources[q]
	delete(in.sources, q)
	return func() {
		if s != nil {
			in.Release(s)
		}
	}
}

// closeInbox puts a new inbox in the place of one that closes.
func (w *world) closeInbox(i int) func() {
	in := w.inboxes[i]
	w.inboxes[i] = w.newInbox()
	sources := slices.Collect(maps.Values(in.sources))
	clear(in.sources)
	return func() {
		in.Close(func(_ *transport.Source, rest []transport.Msg) { w.find(rest...) })
		for _, s := range sources { // as the ends of the links do then
			in.Release(s)
		}
	}
}

// closeQueue puts a new queue in the place of one that closes.
func (w *world) closeQueue(i int) func() {
	q := w.queues[i]
	w.queues[i] = w.newQueue()
	end := q.Close
	if w.random.IntN(3) == 0 {
		end = q.Drain
	}
	var ends []func()
	for _, in := range w.inboxes {
		ends = append(ends, w.release(in, q))
	}
	return func() {
		w.find(end()...)
		for _, release := range ends {
			release()
		}
	}
}

func (w *world) begin(c *call, work func(context.Context) error) func() {
	ctx, cancel := context.WithCancel(w.t.Context())
	c.cancel, c.over = cancel, make(chan struct{})
	w.calls = append(w.calls, c)
	return func() {
		c.err = work(ctx)
		close(c.over)
	}
}

func (w *world) send(q *queueAt) func() {
	w.sent++
	id := fmt.Sprint(w.sent)
	return w.begin(&call{queue: q}, func(ctx context.Context) error {
		err := q.Send(ctx, msg(id))
		if err == nil {
			w.accept(id)
		}
		return err
	})
}

func (w *world) push(q *queueAt) func() {
	w.sent++
	id := fmt.Sprint(w.sent)
	return func() {
		if q.TryPush(msg(id)) == ring.OK {
			w.accept(id)
		}
	}
}

func (w *world) recv(in *inboxAt) func() {
	return w.begin(&call{inbox: in}, func(ctx context.Context) error {
		m, _, err := in.Recv(ctx)
		if err == nil {
			w.find(m)
		}
		return err
	})
}

func (w *world) accept(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accepted[id]++
}

func (w *world) find(msgs ...transport.Msg) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range msgs {
		w.found[text(m)]++
	}
}

// action picks something to do. Sources of one inbox, and what closes, change
// once in a step: the picture could not tell what comes of more.
func (w *world) action(changed map[any]bool) func() {
	i, j := w.random.IntN(len(w.inboxes)), w.random.IntN(len(w.queues))
	in, q := w.inboxes[i], w.queues[j]
	switch n := w.random.IntN(100); {
	case n < 30:
		return w.send(q)
	case n < 35:
		return w.push(q)
	case n < 65:
		return w.recv(in)
	case n < 85 && len(w.calls) > 0:
		return w.calls[w.random.IntN(len(w.calls))].cancel
	case changed[in] || changed[q]:
		return func() {}
	case n < 90:
		changed[in], changed[q] = true, true
		return w.attach(in, q)
	case n < 94:
		changed[in], changed[q] = true, true
		return w.release(in, q)
	case n < 97:
		for _, q := range w.queues {
			changed[q] = true // it loses a taker
		}
		return w.closeInbox(i)
	default:
		for _, in := range w.inboxes {
			changed[in] = true // it loses a source
		}
		return w.closeQueue(j)
	}
}

func (w *world) step() {
	start := make(chan struct{})
	changed := map[any]bool{}
	for range 1 + w.random.IntN(6) {
		do := w.action(changed)
		go func() {
			<-start
			do()
		}()
	}
	synctest.Wait()
	close(start)
	synctest.Wait()
	w.check()
}

// check is called when nothing moves.
func (w *world) check() {
	w.calls = slices.DeleteFunc(w.calls, func(c *call) bool {
		if !c.running() {
			c.cancel()
		}
		return !c.running()
	})
	sleeping := map[*inboxAt]bool{}
	for _, c := range w.calls {
		if q := c.queue; q != nil {
			require.Equal(w.t, q.limit, q.Len(), "a Send sleeps: messages in its queue")
			continue
		}
		in := c.inbox
		sleeping[in] = true
		require.Zero(w.t, in.Pending(), "a Recv sleeps: messages for it")
		for q := range in.sources {
			require.Zero(w.t, q.Len(), "a Recv sleeps: messages in a queue of its inbox")
		}
	}
	if len(sleeping) == len(w.inboxes) { // one that took a last message lets go in its next Recv
		for _, in := range w.inboxes {
			require.Equal(w.t, len(in.sources), in.Sources(), "all Recvs sleep: sources")
		}
	}
	for _, q := range w.queues {
		attached := 0
		for _, in := range w.inboxes {
			if in.sources[q] != nil {
				attached++
			}
		}
		takers, _ := q.Takers()
		require.Equal(w.t, attached, takers)
	}
}

func (w *world) end() {
	for _, c := range w.calls {
		c.cancel()
		<-c.over
	}
	for i := range w.queues {
		w.closeQueue(i)()
	}
	for i := range w.inboxes {
		w.closeInbox(i)()
	}
	require.Equal(w.t, w.accepted, w.found, "what was accepted, and what came out")
}

func TestNobodySleepsOverAMessage(t *testing.T) {
	base := rand.Uint64()
	t.Log("seed", base)
	for i := range rounds(400) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, rand.New(rand.NewPCG(base, uint64(i))))
			for range 40 {
				w.step()
			}
			w.end()
		})
		if t.Failed() {
			t.Fatalf("world %d of seed %d", i, base)
		}
	}
}
