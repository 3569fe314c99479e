// SPDX-License-Identifier: MIT

package mqnet

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/seedmq/mq/internal/transport"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// borrowing is what the session of a PULL does beside reading, if the PUSH wants to know: it
// tells what the application has received, and how much more it may be sent.
// PIPELINE.md is the protocol.
type borrowing struct {
	slip     *transport.Slip
	stream   transport.StreamID // the reader's; zero until MQ-START has come
	received uint64             // the number of the last message; the reader's
	again    bool               // the next one may have been received before; the reader's
	stopped  bool               // nothing more comes; the reader's

	base atomic.Uint64 // delivered before this connection
	told uint64        // done, as the PUSH knows; written before the acknowledger starts
	live atomic.Bool   // MQ-START has come: base and what is counted from there are of its stream
	kept atomic.Bool   // what has come is the application's, and the PUSH has forgotten it

	limit   atomic.Uint64 // up to this number may be sent; the acknowledger's
	credit  atomic.Int64  // how far that is ahead of what was delivered; likewise
	arrived atomic.Int64  // bytes
	calm    time.Time     // since then there was more to do than was taken; the acknowledger's

	begin func()      // starts the acknowledger, once; nil when that is done. The reader's
	due   atomic.Bool // an acknowledgement has waited long enough
}

// The window adapts. It begins with few messages, because what one worker has no other can
// take, and doubles when the application waits for messages while the PUSH waits for leave
// to send them. It is halved, now and then, when the application does not get to them.
const (
	leastCredit = 4                      // messages
	mostBytes   = 2 << 20                // of messages that are not delivered, beyond leastCredit
	fewBytes    = 32 << 20               // of at most fewCredit messages, likewise
	fewCredit   = 32                     // messages
	ackStep     = 1024                   // messages
	ackDelay    = time.Millisecond       // how long an acknowledgement waits for company
	calmTime    = 100 * time.Millisecond // from one halving to the next
)

// borrow begins that, if the socket is a PULL and the peer wants it.
func (s *session) borrow() error {
	lane, attempt, ok := s.meeting()
	borrower, is := s.socket.(transport.Borrower)
	if !ok || !is {
		return nil
	}
	slip, err := acquire(s.delivering, lane, attempt, s, borrower.Receipts().Acquire)
	if err != nil {
		return err
	}
	b := &borrowing{slip: slip}
	p := slip.Progress()
	b.told, b.received = p.Done, p.Delivered
	b.base.Store(p.Delivered)
	credit := min(leastCredit, s.options.Window)
	b.credit.Store(int64(credit))
	b.limit.Store(p.Delivered + uint64(credit))
	s.commands = zmtp.AppendResume(s.commands, p.Stream, p.Delivered, p.Done, uint64(credit))
	s.borrowing = b
	s.in.Poke()
	return nil
}

// start is told where the PUSH goes on.
func (s *session) start(data []byte) error {
	b := s.borrowing
	stream, from, err := zmtp.ParseStart(data)
	switch {
	case err != nil:
		return err
	case b.stream != (transport.StreamID{}):
		return fmt.Errorf("%w: %s comes twice", zmtp.ErrProtocol, zmtp.Start)
	}
	if err := b.slip.Start(stream, from); err != nil {
		return err
	}
	b.stream, b.received = stream, from-1
	b.base.Store(from - 1)
	b.live.Store(true)
	b.told = b.slip.Progress().Done
	b.limit.Store(from - 1 + uint64(b.credit.Load()))
	b.calm = time.Now()
	if p := b.slip.Progress(); p.Done < p.Delivered {
		b.need() // what the application has in hand it may confirm now
	}
	return nil
}

// receive numbers a message. ok is false if it is not taken any more.
func (s *session) receive(m transport.Msg) (_ transport.Msg, ok bool, err error) {
	b := s.borrowing
	switch {
	case b.stream == (transport.StreamID{}):
		return m, false, fmt.Errorf("%w: a message before %s", zmtp.ErrProtocol, zmtp.Start)
	case b.stopped:
		return m, false, nil
	case b.received >= b.limit.Load():
		return m, false, fmt.Errorf("%w: message %d, and no leave to send it", zmtp.ErrProtocol, b.received+1)
	}
	b.received++
	b.need()
	switch {
	case s.options.Confirms:
		m = m.Noted(b.slip.Note(b.stream, b.received, b.again))
	case b.again:
		m = m.Again()
	}
	b.again = false
	return m, true, nil
}

// need starts the acknowledger. An idle connection has none.
func (b *borrowing) need() {
	if b.begin != nil {
		b.begin()
		b.begin = nil
	}
}

// reading is called before more is read.
func (s *session) reading() {
	if b := s.borrowing; b != nil && int64(b.limit.Load()-b.received) < b.credit.Load()/2 {
		s.end.Out.Nudge()
	}
}

// delivered is the number of the last message that the application has received.
func (s *session) delivered() uint64 { return s.borrowing.base.Load() + s.end.Out.Popped() }

// done is the number up to which it is done with them.
func (s *session) done() uint64 {
	if s.options.Confirms {
		return s.borrowing.slip.Progress().Done
	}
	return s.delivered()
}

// acknowledge tells the PUSH how far the application is, until ctx is done or it receives
// nothing any more: when something was taken, and enough time has passed, or when the
// application may soon have nothing to do because the PUSH has no leave to send.
func (s *session) acknowledge(ctx context.Context) error {
	b, q := s.borrowing, s.end.Out
	had, told := uint64(0), b.told
	news := func() bool { return q.Popped() > had || s.done() > told }
	timer := time.AfterFunc(ackDelay, func() { b.due.Store(true); q.Nudge() })
	defer timer.Stop()
	for {
		for !news() {
			if q.AwaitPop(ctx, 0, news) != nil {
				return nil
			}
		}
		b.due.Store(false)
		timer.Reset(ackDelay)
		for !s.urgent() {
			if q.AwaitPop(ctx, s.few(), s.urgent) != nil {
				return nil
			}
		}
		had = q.Popped()
		s.adapt()
		told = s.tell()
	}
}

// urgent reports whether an acknowledgement should wait no longer.
func (s *session) urgent() bool {
	return s.borrowing.due.Load() || s.end.Out.Len() < s.few()
}

// few is how many messages have to be there, so that the application has enough to do until
// more can come; less than 0 if the PUSH has leave to send more anyway. Of a large window,
// all but ackStep have to be there: otherwise the PUSH would stop, and one processor go
// through thousands of messages while the others have nothing to do.
func (s *session) few() int {
	b := s.borrowing
	credit := uint64(b.credit.Load())
	if left := b.limit.Load() - b.base.Load() - s.end.Out.Pushed(); left >= (credit+1)/2 {
		return -1
	}
	return max(int(credit+3)/4, int(credit)-ackStep)
}

// adapt makes the window larger or smaller.
func (s *session) adapt() {
	b, q := s.borrowing, s.end.Out
	credit, waiting := b.credit.Load(), int64(q.Len())
	left := int64(b.limit.Load() - b.base.Load() - q.Pushed())
	now := time.Now()
	switch {
	case waiting <= credit/8 && left <= credit/2:
		most := int64(s.options.Window)
		if n := int64(q.Pushed()); n > 0 {
			size := max(1, b.arrived.Load()/n)
			most = min(most, max(leastCredit, mostBytes/size, min(fewCredit, fewBytes/size)))
		}
		credit = max(credit, min(2*credit, most))
		b.calm = now
	case waiting < credit/2:
		b.calm = now
	case now.Sub(b.calm) > calmTime:
		credit = max(credit/2, min(leastCredit, credit))
		b.calm = now
	}
	b.credit.Store(credit)
}

// tell puts an acknowledgement in the place of the last one, and returns how far it goes.
func (s *session) tell() (done uint64) {
	b := s.borrowing
	done = s.done()
	limit := s.delivered() + uint64(b.credit.Load())
	if s.options.Confirms {
		limit = min(limit, done+uint64(s.options.Window))
	}
	limit = max(limit, b.limit.Load())
	b.limit.Store(limit)
	s.mu.Lock()
	if !s.lastTold {
		s.ack = zmtp.AppendAck(s.ack[:0], done, limit)
	}
	s.mu.Unlock()
	s.in.Poke()
	return done
}

// keep is told that the PUSH ends, and waits no longer: what has come stays here, and it
// has the rest.
func (s *session) keep() {
	b := s.borrowing
	b.stopped = true
	s.mu.Lock()
	if !s.lastTold {
		s.lastTold = true
		b.kept.Store(true)
		s.ack = zmtp.AppendLastAck(s.ack[:0], b.received, b.received)
	}
	s.mu.Unlock()
	s.in.Poke()
}

// tellLast takes nothing more, and tells how far the application came, if the PUSH has said
// in which stream: without that, the numbers would mean nothing to it.
func (s *session) tellLast() {
	if !s.Keeps() || !s.borrowing.live.Load() { // it may not even have joined
		return
	}
	s.end.Out.Drain()
	done, delivered := s.done(), s.delivered()
	s.mu.Lock()
	if !s.lastTold {
		s.ack = zmtp.AppendLastAck(s.ack[:0], done, delivered)
		s.lastTold = true
	}
	s.mu.Unlock()
	s.in.Poke()
}

// Keeps reports whether the remote PUSH has what the application has not received.
func (s *session) Keeps() bool { return s.borrowing != nil && !s.borrowing.kept.Load() }
