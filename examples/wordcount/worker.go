// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"

	"github.com/seedmq/mq"
)

// worker counts the words of the lines that it can get hold of.
type worker struct {
	lines  mq.Socket // PULL, from the ventilator
	counts mq.Socket // PUSH, to the sink
	words  tally     // all words ever met; 0 between two messages

	counted, undone work // handed in
}

func newWorker(all *sockets, number int, opts ...mq.Option) *worker {
	role := fmt.Sprintf("worker %d", number)
	return &worker{
		lines:  enlist(all, role, "PULL", mq.NewPull, append(opts, mq.WithRecvHWM(ahead))...),
		counts: enlist(all, role, "PUSH", mq.NewPush, opts...),
		words:  make(tally),
	}
}

// run works until taking ends, which is after the ventilator has closed. What comes
// after that it does not count.
func (w *worker) run(ctx, taking context.Context) error {
	if err := w.work(ctx, taking); err != nil {
		return err
	}
	for m, err := range rest(ctx, w.lines) {
		if err != nil {
			return err
		}
		if err := w.leave(ctx, m); err != nil {
			return err
		}
	}
	return w.finish(ctx)
}

// work counts until taking ends. Even then, what the worker has in hand it settles:
// only the end of ctx stops it in the middle.
func (w *worker) work(ctx, taking context.Context) error {
	for m, err := range mq.Messages(taking, w.lines) {
		if err != nil && taking.Err() != nil {
			break
		}
		if err != nil {
			return err
		}
		if err := w.settle(ctx, m); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// settle counts the words of one message. The sink gets one message for one, so
// that it can tell when all are settled.
func (w *worker) settle(ctx context.Context, m mq.Message) error {
	p, err := readLines(m)
	if err != nil {
		return err
	}
	w.counted.add(p.work)
	return w.counts.Send(ctx, mq.NewMessage([]byte("counted"), numbers(p.run, p.number), p.work.encode(), w.count(p.text)))
}

// leave tells the sink that one message will not be counted.
func (w *worker) leave(ctx context.Context, m mq.Message) error {
	p, err := readLines(m)
	if err != nil {
		return err
	}
	w.undone.add(p.work)
	return w.counts.Send(ctx, mq.NewMessage([]byte("undone"), numbers(p.run, p.number), p.work.encode()))
}

// count returns the word counts of text, encoded.
func (w *worker) count(text []byte) (counts []byte) {
	var met []*count
	for word := range words(text) {
		if c := w.words.add(word, 1); c.n == 1 {
			met = append(met, c)
		}
	}
	for _, c := range met {
		counts = appendCount(counts, *c)
		c.n = 0
	}
	return counts
}

// finish hands in what came back from lines, because this worker was the last one
// who could have taken it.
func (w *worker) finish(ctx context.Context) error {
	back, err := closeSocket(w.lines)
	if err != nil {
		return err
	}
	for _, m := range back {
		if err := w.leave(ctx, m); err != nil {
			return err
		}
	}
	return closeEmpty(w.counts)
}
