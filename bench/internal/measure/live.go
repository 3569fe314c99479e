// SPDX-License-Identifier: MIT

package measure

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seedmq/mq/bench/internal/peer"
)

// live is a rig in use, with the goroutines that use it.
type live struct {
	rig    *peer.Rig
	row    Row
	limit  time.Duration
	grace  time.Duration // for goroutines to end that nobody waits for
	before int           // goroutines

	beside *stream // nil if there is none

	goroutines sync.WaitGroup // that may be in a call until the rig is stopped
	stopping   sync.Once
	stopped    chan struct{}
	late       atomic.Bool // stopped because it took too long
	warm       bool        // done once

	mu  sync.Mutex // protects the field below
	err error      // the first
}

// open sets up a rig, and starts who answers requests.
func open(ctx context.Context, c peer.Contender, row Row, o options) (*live, error) {
	l := &live{row: row, limit: o.Limit, grace: 2 * time.Second, before: runtime.NumGoroutine(), stopped: make(chan struct{})}
	if c.Info().Leaves {
		l.grace = 20 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, o.Limit)
	defer cancel()
	rig, err := c.Open(ctx, row.work)
	slow := ctx.Err() != nil
	if err != nil && !slow {
		return nil, err
	}
	if rig != nil {
		l.rig = rig
	}
	if slow {
		if rig != nil {
			l.close()
		}
		return nil, peer.Cannot(fmt.Sprintf("set-up took over %v", o.Limit))
	}
	if rig.Serve != nil {
		l.goroutine(nil, peer.Receivers, rig.Serve)
	}
	if row.beside.Over != "" {
		if l.beside, err = openStream(ctx, c, row, o, l.fail); err != nil {
			l.close()
			return nil, err
		}
	}
	return l, nil
}

// goroutine starts f, which is on that side of the rig, on a thread of its own if the rig
// asks for it. Just before f runs, ready is told.
func (l *live) goroutine(ready *sync.WaitGroup, side peer.Sides, f func()) {
	if ready != nil {
		ready.Add(1)
	}
	l.goroutines.Go(func() {
		if l.rig.Threads&side != 0 {
			runtime.LockOSThread() // for good: the thread ends with the goroutine
		}
		if ready != nil {
			ready.Done()
		}
		f()
	})
}

// measured runs the row n times within the limit, after a garbage collection.
func (l *live) measured(n int) (result, error) {
	runtime.GC()
	timer := time.AfterFunc(l.limit, func() {
		l.late.Store(true)
		l.stop()
	})
	defer timer.Stop()
	if l.rig.Threads&peer.Senders != 0 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	if l.row.Warm && !l.warm {
		l.warm = true
		if _, err := l.row.run(l, n); err != nil {
			return result{}, err
		}
		runtime.GC()
	}
	res, err := l.row.run(l, n)
	if err == nil {
		err = l.failure()
	}
	if l.late.Load() {
		err = peer.Cannot(fmt.Sprintf("%d messages took over %v", n, l.limit))
	}
	res.N = n
	return res, err
}

// fail notes why a goroutine gave up, and stops the others.
func (l *live) fail(err error) {
	if err == nil {
		return
	}
	l.mu.Lock()
	if l.err == nil {
		l.err = err
	}
	l.mu.Unlock()
	l.stop()
}

func (l *live) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *live) stop() {
	l.stopping.Do(func() {
		close(l.stopped)
		if l.rig.Stop != nil {
			l.rig.Stop()
		}
	})
}

// flush has what was sent leave, if it would not by itself.
func (l *live) flush() {
	if l.rig.Flush != nil {
		l.rig.Flush()
	}
}

// close tears all down, and returns how many goroutines stayed all the same.
func (l *live) close() (left int) {
	if l.beside != nil {
		l.beside.close()
	}
	l.stop()
	l.goroutines.Wait()
	if l.rig.Close != nil {
		l.rig.Close()
	}
	for deadline := time.Now().Add(l.grace); ; time.Sleep(time.Millisecond) {
		left = max(0, runtime.NumGoroutine()-l.before)
		if left == 0 || time.Now().After(deadline) {
			return left
		}
	}
}

// sends sends so many messages with the i-th sender.
func (l *live) sends(i, count int, payload []byte) error {
	if i < len(l.rig.SendMany) {
		return l.rig.SendMany[i](count, payload)
	}
	return produce(l.rig.Send[i], count, payload)
}

// receives receives so many with the i-th receiver, and looks at their size.
func (l *live) receives(i, count int) error {
	if i < len(l.rig.RecvMany) {
		return l.rig.RecvMany[i](count, l.row.size)
	}
	return consume(l.rig.Recv[i], count, l.row.size)
}

// payload makes one for the row. It is written to, because memory that nobody has
// written to is the same page of zeros again and again.
func (l *live) payload() []byte {
	p := make([]byte, l.row.size)
	for i := range p {
		p[i] = byte(i)
	}
	return p
}

// consume receives so many messages and looks at their size.
func consume(recv func() ([]byte, error), count, size int) error {
	for range count {
		p, err := recv()
		if err != nil {
			return err
		}
		if len(p) != size {
			return wrongSize(len(p), size)
		}
	}
	return nil
}

func wrongSize(got, want int) error {
	return fmt.Errorf("a message of %d bytes arrived where one of %d was sent", got, want)
}

// meter measures a stretch of work.
type meter struct {
	before  runtime.MemStats
	started time.Time
}

func start() *meter {
	m := &meter{}
	runtime.ReadMemStats(&m.before)
	m.started = time.Now()
	return m
}

// stop returns what the stretch cost for each of n.
func (m *meter) stop(n int) (Sample, time.Duration) {
	took := time.Since(m.started)
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	each := 1 / float64(max(n, 1))
	return Sample{
		Value:  float64(took.Nanoseconds()) * each,
		Allocs: float64(after.Mallocs-m.before.Mallocs) * each,
		Bytes:  float64(after.TotalAlloc-m.before.TotalAlloc) * each,
	}, took
}

// setProcs sets GOMAXPROCS, unless n is 0, and returns how to set it back.
func setProcs(n int) (restore func()) {
	if n == 0 {
		return func() {}
	}
	old := runtime.GOMAXPROCS(n)
	return func() { runtime.GOMAXPROCS(old) }
}

// reason puts an error into a table.
func reason(err error) string {
	if cannot, ok := errors.AsType[peer.Cannot](err); ok {
		return string(cannot)
	}
	return "failed: " + err.Error()
}
