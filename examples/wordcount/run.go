// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/seedmq/mq"
)

var (
	// errInterrupted is the error of a run that Ctrl-C ended before all was done.
	errInterrupted = errors.New("interrupted")
	// errIncomplete is that of a run from which a remote worker has gone.
	errIncomplete = errors.New("not everything was counted")
)

// run counts what c names. If ctx ends first, it says on stderr what was not done
// and returns errInterrupted.
func run(ctx context.Context, c config, stdin io.Reader, stdout, stderr io.Writer) error {
	in, err := list(ctx, c.paths, stdin)
	if err != nil {
		return interruptedOr(ctx, stderr, "nothing was counted", err)
	}
	var again *verifier
	if c.verify {
		if again, err = newVerifier(in); err != nil {
			return err
		}
		defer again.close()
	}
	all := newSockets()
	p, err := assemble(all, c, in, stderr)
	if err != nil {
		return errors.Join(err, all.runtime.Close())
	}
	fmt.Fprintf(stderr, "wordcount: counting %v with %s\n", in, c.crew())
	if c.addrs.remote() {
		fmt.Fprintf(stderr, "wordcount: more workers: wordcount -role worker -addr %s,%s\n",
			p.ventilator.lines.Addr(), p.sink.counts.Addr())
	}
	o, err := p.run(ctx)
	// After an error, messages may be left: then this tells how many.
	if err := errors.Join(err, all.runtime.Close()); err != nil {
		return err
	}
	if !o.complete() {
		return o.printUndone(ctx, stderr, in)
	}
	if err := o.print(stdout, in, c, all.members); err != nil || !c.verify {
		return err
	}
	err = again.check(ctx, o.top, stdout)
	return interruptedOr(ctx, stderr, "the result was not verified", err)
}

// interruptedOr is errInterrupted if err is nothing but the end of ctx, and err
// otherwise.
func interruptedOr(ctx context.Context, stderr io.Writer, undone string, err error) error {
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	fmt.Fprintf(stderr, "interrupted: %s\n", undone)
	return errInterrupted
}

// parts are all parts of a run, with their sockets bound and connected.
type parts struct {
	main       *conductor
	ventilator *ventilator
	workers    []*worker
	sink       *sink
	progress   *progress
}

// assemble makes the parts, and joins their sockets.
func assemble(all *sockets, c config, in *input, stderr io.Writer) (p *parts, err error) {
	p = &parts{main: newConductor(all, c)}
	if p.ventilator, err = newVentilator(all, c.addrs, in); err != nil {
		return nil, err
	}
	for i := range c.workers {
		p.workers = append(p.workers, newWorker(all, i+1))
	}
	if p.sink, err = newSink(all, c.addrs); err != nil {
		return nil, err
	}
	if p.progress, err = newProgress(all, stderr, c.terminal); err != nil {
		return nil, err
	}
	return p, p.join()
}

// join connects the sockets that do not bind to those that do.
func (p *parts) join() error {
	pairs := [][2]mq.Socket{
		{p.main.control, p.ventilator.control},
		{p.main.results, p.sink.results},
		{p.progress.news, p.ventilator.news},
		{p.progress.news, p.sink.news},
	}
	for _, w := range p.workers {
		pairs = append(pairs,
			[2]mq.Socket{w.lines, p.ventilator.lines},
			[2]mq.Socket{w.counts, p.sink.counts})
	}
	for _, pair := range pairs {
		if err := pair[0].Connect(pair[1].Addr()); err != nil {
			return err
		}
	}
	return nil
}

// run runs all parts until all is done, or interrupt ends, which is no error: it
// begins the same orderly end. An error of one part ends the others at once.
func (p *parts) run(interrupt context.Context) (o outcome, err error) {
	tasks, ctx := errgroup.WithContext(context.WithoutCancel(interrupt))
	taking, stopWorkers := context.WithCancel(ctx)
	watching, stopProgress := context.WithCancel(ctx)

	tasks.Go(func() error { return p.ventilator.run(ctx) })
	tasks.Go(func() error { return p.sink.run(ctx) })
	tasks.Go(func() error { return p.progress.run(ctx, watching) })
	for _, w := range p.workers {
		tasks.Go(func() error { return w.run(ctx, taking) })
	}
	tasks.Go(func() (err error) {
		defer stopProgress()
		defer stopWorkers()
		o, err = p.main.run(ctx, interrupt, stopWorkers)
		return err
	})
	err = tasks.Wait()
	return o, err
}
