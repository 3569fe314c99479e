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

// ahead is how many messages the ventilator may be ahead of the workers: enough
// to keep them busy, and not more, because Ctrl-C leaves these undone.
const ahead = 128

// ventilator reads the input and pushes it to whichever worker is free.
type ventilator struct {
	input   *input
	control mq.Socket // PAIR, with main
	lines   mq.Socket // PUSH, to the workers
	news    mq.Pub    // how many files are sent
	remote  bool      // workers may be in other processes
	runID   int64     // of main; from "start" on

	sent  work  // accepted by lines
	files int   // sent to their end
	bytes int64 // sent, of files
}

func newVentilator(all *sockets, at addresses, in *input) (*ventilator, error) {
	v := &ventilator{
		input:   in,
		control: enlist(all, "ventilator", "PAIR", mq.NewPair),
		lines:   enlist(all, "ventilator", "PUSH", mq.NewPush, mq.WithSendHWM(ahead)),
		news:    enlist(all, "ventilator", "PUB", mq.NewPub),
		remote:  at.remote(),
	}
	return v, bind(place{v.control, at.control}, place{v.lines, at.lines}, place{v.news, at.reading})
}

// run does what main says over control, until it says stop.
func (v *ventilator) run(ctx context.Context) error {
	m, err := v.await(ctx, "start", 2)
	if err != nil {
		return err
	}
	if err := readNumbers(m.Part(1), &v.runID); err != nil {
		return err
	}
	if err := awaitAudience(ctx, v.news, "state"); err != nil {
		return err
	}
	if err := v.control.Send(ctx, mq.Text("started")); err != nil {
		return err
	}

	tasks, both := errgroup.WithContext(ctx)
	sending, stop := context.WithCancel(both)
	tasks.Go(func() error { return v.sendAll(both, sending) })
	tasks.Go(func() error {
		defer stop()
		_, err := v.await(both, "stop", 1)
		return err
	})
	if err := tasks.Wait(); err != nil {
		return err
	}
	return v.finish(ctx)
}

func (v *ventilator) await(ctx context.Context, command string, parts int) (mq.Message, error) {
	m, err := v.control.Recv(ctx)
	if err != nil {
		return m, err
	}
	return m, checkParts(m, command, parts)
}

// sendAll sends all files and then says so, unless sending ends before.
func (v *ventilator) sendAll(ctx, sending context.Context) error {
	err := v.sendFiles(ctx, sending)
	if err == nil {
		err = v.tell(ctx, "all sent")
	}
	if err == nil {
		err = v.awaitTakers(sending)
	}
	if errors.Is(err, context.Canceled) && ctx.Err() == nil {
		return v.tell(ctx, "stopped")
	}
	if err != nil {
		return err
	}
	return v.control.Send(ctx, mq.Text("done"))
}

func (v *ventilator) sendFiles(ctx, sending context.Context) error {
	if err := v.awaitWorkers(ctx, sending); err != nil {
		return err
	}
	if err := v.tell(ctx, "reading"); err != nil {
		return err
	}
	for _, s := range v.input.sources {
		if err := v.sendFile(sending, s); err != nil {
			return err
		}
		v.files++
		if err := v.tell(ctx, "reading"); err != nil {
			return err
		}
	}
	return nil
}

const waitingState = "waiting for workers"

// awaitWorkers waits for the first one, and says so if it takes long. In one process
// they are all there.
func (v *ventilator) awaitWorkers(ctx, sending context.Context) error {
	if !v.remote {
		return nil
	}
	soon, cancel := context.WithTimeout(sending, time.Second)
	defer cancel()
	err := v.lines.WaitPeers(soon, 1)
	if err == nil || sending.Err() != nil {
		return err
	}
	if err := v.tell(ctx, waitingState); err != nil {
		return err
	}
	return v.lines.WaitPeers(sending, 1)
}

const takersPoll = 10 * time.Millisecond

// awaitTakers waits until remote workers have come for all messages, those that are
// still to connect too. In one process that is no matter: what is in the queue when it
// is closed stays for them.
func (v *ventilator) awaitTakers(ctx context.Context) error {
	for s := v.lines.Stats(); v.remote && s.Queued+s.InFlight > 0; s = v.lines.Stats() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(takersPoll):
		}
	}
	return nil
}

func (v *ventilator) sendFile(ctx context.Context, s source) error {
	r, err := v.input.open(ctx, s)
	if err != nil {
		return err
	}
	defer r.Close()
	for b := newBatches(r); ; {
		text, lines, err := b.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%v: %w", s, err)
		}
		if err := v.lines.Send(ctx, lineMessage(v.runID, v.sent.messages, text, lines)); err != nil {
			return err
		}
		v.sent.add(work{1, int64(lines), int64(len(text))})
		if !s.isStdin() {
			v.bytes += int64(len(text))
		}
	}
}

// tell publishes what is going on.
func (v *ventilator) tell(ctx context.Context, state string) error {
	progress := numbers(int64(v.files), int64(len(v.input.sources)), v.input.knownBytes())
	return errors.Join(
		v.news.Send(ctx, mq.NewMessage([]byte("progress.files"), progress)),
		v.news.Send(ctx, mq.Text("state", state)))
}

// finish tells main what was done and what was not. What is in the queue stays
// there for the workers; if they are all gone, it comes back.
func (v *ventilator) finish(ctx context.Context) error {
	back, err := closeSocket(v.lines)
	if err != nil {
		return err
	}
	returned, err := workIn(back)
	if err != nil {
		return err
	}
	left := numbers(int64(len(v.input.sources)-v.files), max(0, v.input.bytes-v.bytes))
	report := mq.NewMessage([]byte("stopped"), v.sent.encode(), returned.encode(), left)
	if err := v.control.Send(ctx, report); err != nil {
		return err
	}
	return closeEmpty(v.control, v.news)
}
