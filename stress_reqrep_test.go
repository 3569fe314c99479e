// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// desk is a scene of REQ sockets, all connected to all REP sockets, which close at
// random.
type desk struct {
	*scene
	reqs, reps []mq.Socket

	mu     sync.Mutex           // protects the fields below
	asks   map[mq.Socket]string // what each REQ has asked last
	askers map[string]mq.Socket // who asked what has not been answered
	holds  map[mq.Socket]string // what each REP has taken and not answered
	heard  int                  // replies
}

func newDesk(s *scene) *desk {
	d := &desk{scene: s, asks: map[mq.Socket]string{}, askers: map[string]mq.Socket{}, holds: map[mq.Socket]string{}}
	for j := range 1 + s.random.IntN(3) {
		d.reps = append(d.reps, nil)
		d.openRep(j)()
	}
	for i := range 1 + s.random.IntN(3) {
		d.reqs = append(d.reqs, nil)
		d.openReq(i)()
	}
	return d
}

func repName(j int) string { return fmt.Sprint("inproc://rep", j) }

func (d *desk) openRep(j int) func() {
	rep := mq.NewRep(d.option)
	d.reps[j] = rep
	return func() { assertPromised(d.t, rep.Bind(repName(j))) }
}

func (d *desk) openReq(i int) func() {
	req := mq.NewReq(d.option)
	d.reqs[i] = req
	return func() {
		for j := range d.reps {
			assertPromised(d.t, req.Connect(repName(j)))
		}
	}
}

// ask sends a request, hear receives the reply, take receives a request, and
// answer sends the reply to what was taken.

func (d *desk) ask(req mq.Socket) func() {
	return d.begin(req, true, func(ctx context.Context) error {
		id := d.ledger.id()
		d.mu.Lock()
		d.askers[id] = req
		d.mu.Unlock()
		err := req.Send(ctx, mq.Text(id))
		if err == nil {
			d.ledger.accept(id)
			d.mu.Lock()
			defer d.mu.Unlock()
			d.asks[req] = id
		}
		return err
	})
}

func (d *desk) hear(req mq.Socket) func() {
	return d.begin(req, false, func(ctx context.Context) error {
		m, err := req.Recv(ctx)
		if err == nil {
			d.mu.Lock()
			defer d.mu.Unlock()
			id := strings.TrimPrefix(m.String(), "re:")
			assert.Same(d.t, req, d.askers[id])
			delete(d.askers, id)
			d.heard++
		}
		return err
	})
}

func (d *desk) take(rep mq.Socket) func() {
	return d.begin(rep, false, func(ctx context.Context) error {
		m, err := rep.Recv(ctx)
		if err == nil {
			d.ledger.find(m)
			d.mu.Lock()
			defer d.mu.Unlock()
			d.holds[rep] = m.String()
		}
		return err
	})
}

func (d *desk) answer(rep mq.Socket) func() {
	id, taken := d.holds[rep]
	if !taken {
		return func() {}
	}
	delete(d.holds, rep)
	return d.begin(rep, true, func(ctx context.Context) error {
		return rep.Send(context.WithoutCancel(ctx), mq.Text("re:"+id))
	})
}

func (d *desk) action(changed map[any]bool) func() {
	d.mu.Lock()
	defer d.mu.Unlock()
	i, j := d.random.IntN(len(d.reqs)), d.random.IntN(len(d.reps))
	req, rep := d.reqs[i], d.reps[j]
	switch n := d.random.IntN(100); {
	case n < 15:
		return d.ask(req)
	case n < 40:
		return d.hear(req)
	case n < 65:
		return d.take(rep)
	case n < 80:
		return d.answer(rep)
	case n < 90 && len(d.calls) > 0:
		return d.calls[d.random.IntN(len(d.calls))].cancel
	case n < 97:
		if changed[rep] {
			return func() {}
		}
		open := d.openRep(j)
		changed[d.reps[j]] = true
		return func() {
			assertPromised(d.t, d.ledger.close(rep))
			open()
		}
	default:
		if changed[req] {
			return func() {}
		}
		open := d.openReq(i)
		changed[d.reqs[i]] = true
		return func() {
			assertPromised(d.t, d.ledger.close(req))
			open()
		}
	}
}

// check is called when nothing moves.
func (d *desk) check() {
	for _, req := range d.reqs {
		require.Equal(d.t, len(d.reps), req.Stats().Peers)
	}
	idle := false // a REP waits for a request
	for _, c := range d.calls {
		idle = idle || slices.Contains(d.reps, c.on)
	}
	for _, c := range d.calls {
		require.False(d.t, c.sends, "a Send sleeps")
		if slices.Contains(d.reps, c.on) {
			require.Zero(d.t, c.on.Stats().Pending, "a REP sleeps: requests pending")
			continue
		}
		require.Contains(d.t, d.reqs, c.on, "a Recv sleeps in a closed socket")
		if c.on.Stats().Queued > 0 {
			require.False(d.t, idle, "a REP sleeps: there is a request")
			continue
		}
		held := slices.ContainsFunc(d.reps, func(rep mq.Socket) bool { return d.holds[rep] == d.asks[c.on] })
		require.True(d.t, held, "a REQ sleeps: who has its request?")
	}
}

func TestStressReqRep(t *testing.T) {
	heard := 0
	play(t, 300, func(s *scene) {
		d := newDesk(s)
		for range 60 {
			d.step(d.action)
			d.check()
		}
		d.end()
		heard += d.heard
	})
	require.NotZero(t, heard)
}
