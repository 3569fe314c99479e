// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/seedmq/mq"
)

// conductor is main's part: it starts the ventilator, stops it, and asks the sink
// for the result.
type conductor struct {
	control mq.Socket // PAIR, with the ventilator
	results mq.Req    // to the sink
	runID   int64     // tells this run from others
	want    int64     // words of the result, at most
	polls   int       // without news from workers, until they are given up; 0 for never
}

// outcome is what a run has come to. All that was sent is returned, or settled by
// a worker, which is in totals, or lost with a remote worker.
type outcome struct {
	totals
	sent      work    // by the ventilator
	returned  work    // of that, what nobody can take any more
	lost      work    // of that, what was taken, and of which nothing was heard
	filesLeft int64   // not sent, or not to their end
	bytesLeft int64   // of files, not sent
	top       []count // most frequent first
	elapsed   time.Duration
}

// complete reports whether nothing was left undone.
func (o *outcome) complete() bool {
	return o.filesLeft == 0 && o.returned.messages == 0 && o.undone.messages == 0 && o.lost.messages == 0
}

func newConductor(all *sockets, c config) *conductor {
	m := &conductor{
		control: enlist(all, "main", "PAIR", mq.NewPair),
		results: enlist(all, "main", "REQ", mq.NewReq),
		runID:   rand.Int64(),
		want:    int64(c.top),
	}
	if c.addrs.remote() {
		m.polls = polls(c.wait)
	}
	if c.verify {
		m.want = math.MaxInt64
	}
	return m
}

// run sees the work through, or as far as it is when interrupt ends.
func (c *conductor) run(ctx, interrupt context.Context, stopWorkers func()) (o outcome, err error) {
	if _, err := c.ask(ctx, "begin", c.runID); err != nil {
		return o, err
	}
	if err := c.control.Send(ctx, mq.NewMessage([]byte("start"), numbers(c.runID))); err != nil {
		return o, err
	}
	if _, err := c.hear(ctx, "started", 1); err != nil {
		return o, err
	}
	began := time.Now()
	if err := c.awaitDone(ctx, interrupt); err != nil {
		return o, err
	}
	if err := c.stop(ctx, &o); err != nil {
		return o, err
	}
	// Everything is in the hands of the workers. If this was Ctrl-C, or when it comes
	// now, they leave what they have not begun, and tell the sink of it.
	defer context.AfterFunc(interrupt, stopWorkers)()
	if err := c.askTotals(ctx, interrupt, &o); err != nil {
		return o, err
	}
	o.elapsed = time.Since(began)
	return o, c.askWords(ctx, &o)
}

// awaitDone waits until all lines are sent, or interrupt ends.
func (c *conductor) awaitDone(ctx, interrupt context.Context) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(interrupt, cancel)()
	_, err := c.hear(waiting, "done", 1)
	if waiting.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// stop tells the ventilator to stop, and takes its report.
func (c *conductor) stop(ctx context.Context, o *outcome) error {
	if err := c.control.Send(ctx, mq.Text("stop")); err != nil {
		return err
	}
	m, err := c.hear(ctx, "stopped", 4)
	if err != nil {
		return err
	}
	if err := o.sent.decode(m.Part(1)); err != nil {
		return err
	}
	if err := o.returned.decode(m.Part(2)); err != nil {
		return err
	}
	return readNumbers(m.Part(3), &o.filesLeft, &o.bytesLeft)
}

// hear takes a message of the ventilator, which has to be the given one. A "done"
// that was sent before the ventilator heard "stop" is no news.
func (c *conductor) hear(ctx context.Context, what string, parts int) (mq.Message, error) {
	m, err := c.control.Recv(ctx)
	if err == nil && what == "stopped" && string(m.Data) == "done" {
		m, err = c.control.Recv(ctx)
	}
	if err != nil {
		return m, err
	}
	return m, checkParts(m, what, parts)
}

const (
	totalsPoll = 250 * time.Millisecond
	// afterCtrlC is how long workers are waited for at most once somebody is impatient.
	afterCtrlC = 2 * time.Second
)

// polls is how many polls take so long. They are counted, rather than the time, so that
// nobody is given up because this machine was asleep.
func polls(d time.Duration) int { return 1 + int(d/totalsPoll) }

// askTotals asks what the sink has, until that is everything, or has not grown for so
// long that the rest is lost. Only remote workers can lose something.
func (c *conductor) askTotals(ctx, interrupt context.Context, o *outcome) error {
	var patience int64
	if c.polls > 0 {
		patience = totalsPoll.Milliseconds()
	}
	for quiet := 0; ; quiet++ {
		before := o.totals
		part, err := c.ask(ctx, "totals", o.sent.messages-o.returned.messages, patience)
		if err != nil {
			return err
		}
		if err := o.totals.decode(part); err != nil {
			return err
		}
		o.lost = o.sent
		for _, known := range []work{o.returned, o.counted, o.undone} {
			o.lost.subtract(known)
		}
		if o.totals != before {
			quiet = 0
		}
		givenUp := quiet >= c.polls || interrupt.Err() != nil && quiet >= polls(afterCtrlC)
		if o.lost.messages <= 0 || givenUp {
			return nil
		}
	}
}

// askWords asks for the words of the result, and lets the sink end.
func (c *conductor) askWords(ctx context.Context, o *outcome) error {
	part, err := c.ask(ctx, "top", c.want)
	if err != nil {
		return err
	}
	err = eachCount(part, func(word []byte, n int64) {
		o.top = append(o.top, count{string(word), n})
	})
	if err != nil {
		return err
	}
	if _, err := c.ask(ctx, "end"); err != nil {
		return err
	}
	return closeEmpty(c.control, c.results)
}

// ask sends a request to the sink and returns the reply.
func (c *conductor) ask(ctx context.Context, what string, ns ...int64) ([]byte, error) {
	if err := c.results.Send(ctx, mq.NewMessage([]byte(what), numbers(ns...))); err != nil {
		return nil, err
	}
	reply, err := c.results.Recv(ctx)
	if err != nil {
		return nil, err
	}
	if reply.Len() == 2 {
		return nil, fmt.Errorf("sink: %s %s: %s", what, reply.Data, reply.Part(1))
	}
	return reply.Data, nil
}
