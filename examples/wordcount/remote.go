// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seedmq/mq"
)

// mainsPoll is how long a main may have to wait for a worker that was started before it.
const mainsPoll = time.Second

// runWorkers is all of a process that is nothing but workers. They count for whatever
// main comes to their address, until ctx ends; with c.once, until the first has gone.
func runWorkers(ctx context.Context, c config, stderr io.Writer) error {
	all := newSockets()
	fmt.Fprintf(stderr, "wordcount: %s for %s and %s\n", plural(int64(c.workers), "worker"), c.addrs.lines, c.addrs.counts)
	var workers []*worker
	tasks, running := errgroup.WithContext(context.WithoutCancel(ctx))
	for i := range c.workers {
		taking, gone := context.WithCancel(ctx)
		defer gone()
		var opts []mq.Option
		if c.once {
			opts = append(opts, mq.WithEvents(func(e mq.Event) {
				if e.Kind == mq.EventDisconnected {
					gone()
				}
			}))
		}
		w := newWorker(all, i+1, append(opts, mq.WithReconnect(mainsPoll/10, mainsPoll))...)
		workers = append(workers, w)
		tasks.Go(func() error { return w.runRemote(running, taking, ctx, c.addrs) })
	}
	err := errors.Join(tasks.Wait(), all.runtime.Close())
	var counted, undone work
	for _, w := range workers {
		counted.add(w.counted)
		undone.add(w.undone)
	}
	fmt.Fprintf(stderr, "wordcount: counted %v; took and left %v\n", counted, undone)
	return err
}

// runRemote works for main in another process until taking ends, because main has gone
// or because interrupt has ended. What it was sent and has not received goes to other
// workers. If main has left it something, that is counted in the first case; in the second
// it is reported as undone.
func (w *worker) runRemote(ctx, taking, interrupt context.Context, at addresses) error {
	// counts first: who has lines should have somebody to send the counts to.
	if err := errors.Join(w.counts.Connect(at.counts), w.lines.Connect(at.lines)); err != nil {
		return err
	}
	if err := w.work(ctx, taking); err != nil {
		return err
	}
	if err := w.lines.Disconnect(at.lines); err != nil {
		return err
	}
	handIn := w.settle
	if interrupt.Err() != nil {
		handIn = w.leave
	}
	for w.lines.Stats().Pending > 0 {
		m, err := w.lines.Recv(ctx)
		if err != nil {
			return err
		}
		if err := handIn(ctx, m); err != nil {
			return err
		}
	}
	return w.finish(ctx)
}
