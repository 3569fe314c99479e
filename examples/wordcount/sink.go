// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seedmq/mq"
)

// sink adds up what the workers have counted, and answers questions about it.
type sink struct {
	counts  mq.Socket // PULL, from the workers
	results mq.Rep    // for main
	news    mq.Pub    // how many lines are counted

	mu      sync.Mutex         // protects the fields below
	runID   int64              // what is of another run does not count
	settled map[int64]struct{} // messages of it, by number
	words   tally
	totals  totals
	told    int64         // how many messages are settled, and the news of it published
	target  int64         // how many of those somebody waits for
	reached chan struct{} // closed when there are so many; nil if nobody waits
}

// totals are what the sink knows, apart from the words themselves.
type totals struct {
	counted, undone work // together: settled
	words, distinct int64
}

func (t *totals) encode() []byte {
	return numbers(t.counted.messages, t.counted.lines, t.counted.bytes,
		t.undone.messages, t.undone.lines, t.undone.bytes, t.words, t.distinct)
}

func (t *totals) decode(part []byte) error {
	return readNumbers(part, &t.counted.messages, &t.counted.lines, &t.counted.bytes,
		&t.undone.messages, &t.undone.lines, &t.undone.bytes, &t.words, &t.distinct)
}

func newSink(all *sockets, at addresses) (*sink, error) {
	s := &sink{
		counts:  enlist(all, "sink", "PULL", mq.NewPull),
		results: enlist(all, "sink", "REP", mq.NewRep),
		news:    enlist(all, "sink", "PUB", mq.NewPub),
		settled: make(map[int64]struct{}),
		words:   make(tally),
	}
	return s, bind(place{s.counts, at.counts}, place{s.results, at.results}, place{s.news, at.counting})
}

// run collects and answers, side by side, until it is asked to end.
func (s *sink) run(ctx context.Context) error {
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return s.collect(ctx) })
	tasks.Go(func() error {
		if err := s.answer(ctx); err != nil {
			return err
		}
		// This ends collect. What comes now is of another run, or was given up.
		_, err := closeSocket(s.counts)
		return err
	})
	if err := tasks.Wait(); err != nil {
		return err
	}
	return closeEmpty(s.results, s.news)
}

// collect adds up counts until their socket is closed.
func (s *sink) collect(ctx context.Context) error {
	for m, err := range mq.Messages(ctx, s.counts) {
		if err != nil {
			return err
		}
		now, err := s.add(m)
		if err != nil {
			return err
		}
		if err := s.tell(ctx, now); err != nil {
			return err
		}
	}
	return nil
}

// tell publishes how far the sink is, and only then lets those go on who wait for
// that: they find the last news published.
func (s *sink) tell(ctx context.Context, now totals) error {
	news := mq.NewMessage([]byte("progress.lines"), numbers(now.counted.lines, now.counted.bytes))
	if err := s.news.Send(ctx, news); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = now.counted.messages + now.undone.messages
	s.wakeLocked()
	return nil
}

// add takes in one message from a worker, and returns what all of them come to.
func (s *sink) add(m mq.Message) (now totals, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var run, number int64
	var settled work
	if m.Len() < 3 {
		return now, fmt.Errorf("%w: %v", errMalformed, m)
	}
	if err := errors.Join(readNumbers(m.Part(1), &run, &number), settled.decode(m.Part(2))); err != nil {
		return now, err
	}
	t := &s.totals
	_, again := s.settled[number]
	switch kind := string(m.Data); {
	case run != s.runID, again:
		return *t, nil
	case kind == "counted" && m.Len() == 4:
		t.counted.add(settled)
		err = eachCount(m.Part(3), func(word []byte, n int64) {
			s.words.add(word, n)
			t.words += n
		})
		t.distinct = int64(len(s.words))
	case kind == "undone" && m.Len() == 3:
		t.undone.add(settled)
	default:
		err = fmt.Errorf("%w: %v", errMalformed, m)
	}
	s.settled[number] = struct{}{}
	return *t, err
}

// wakeLocked lets who waits go on, if what it waits for is reached.
func (s *sink) wakeLocked() {
	if s.reached != nil && s.told >= s.target {
		close(s.reached)
		s.reached = nil
	}
}

// begin has only the messages of a run count from now on.
func (s *sink) begin(ctx context.Context, run int64) error {
	s.mu.Lock()
	s.runID = run
	s.mu.Unlock()
	return awaitAudience(ctx, s.news, "progress.lines")
}

// await returns the totals once so many messages are settled, and that is published;
// if patience is not 0, at the latest after that.
func (s *sink) await(ctx context.Context, messages int64, patience time.Duration) (totals, error) {
	reached := make(chan struct{})
	s.mu.Lock()
	s.target, s.reached = messages, reached
	s.wakeLocked()
	s.mu.Unlock()
	var enough <-chan time.Time // never
	if patience > 0 {
		enough = time.After(patience)
	}
	select {
	case <-reached:
	case <-enough:
	case <-ctx.Done():
		return totals{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.totals, nil
}

// answer replies to one request after the other, until one is "end".
func (s *sink) answer(ctx context.Context) error {
	for request, err := range mq.Messages(ctx, s.results) {
		if err != nil {
			return err
		}
		reply, err := s.reply(ctx, request)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			reply = mq.Text("error", err.Error())
		}
		if err := s.results.Send(ctx, reply); err != nil {
			return err
		}
		if string(request.Data) == "end" {
			break
		}
	}
	return nil
}

func (s *sink) reply(ctx context.Context, request mq.Message) (mq.Message, error) {
	var argument []byte
	if request.Len() == 2 {
		argument = request.Part(1)
	}
	var n, patience int64
	switch string(request.Data) {
	case "begin":
		if err := readNumbers(argument, &n); err != nil {
			return mq.Message{}, err
		}
		return mq.Text("ready"), s.begin(ctx, n)
	case "totals":
		if err := readNumbers(argument, &n, &patience); err != nil {
			return mq.Message{}, err
		}
		t, err := s.await(ctx, n, time.Duration(patience)*time.Millisecond)
		return mq.NewMessage(t.encode()), err
	case "top":
		err := readNumbers(argument, &n)
		return mq.NewMessage(s.top(n)), err
	case "end":
		return mq.Text("bye"), nil
	}
	return mq.Message{}, fmt.Errorf("unknown request %v", request)
}

// top returns the counts of the k most frequent words, encoded.
func (s *sink) top(k int64) (part []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.words.top(int(min(max(k, 0), math.MaxInt32))) {
		part = appendCount(part, c)
	}
	return part
}
