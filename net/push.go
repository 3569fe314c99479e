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

// lending is what the session of a PUSH does beside writing, if the PULL confirms: it notes
// what was sent, and sends no more than it may. PIPELINE.md is the protocol.
type lending struct {
	name    string          // of the lane
	attempt uint64          // of its connections
	lane    *transport.Lane // nil until MQ-RESUME has come; the reader's, and from then on the writer's too
	stopped chan struct{}   // closed when the PULL takes nothing more
	holding atomic.Bool     // the writer may have messages that are not in the books

	// The fields below are protected by mu of the session.

	again    []transport.Msg // to be sent once more, before any other
	repeated uint64          // the number before the first of them
	allowed  uint64          // up to this number may be sent, as far as the inbox knows
	limit    uint64          // up to this number may be sent
}

// lend begins that, if the socket is a PUSH and the peer wants it.
func (s *session) lend() {
	lender, is := s.socket.(transport.Lender)
	if !is {
		return
	}
	s.ledger = lender.Ledger()
	s.in.Held = s.ledger.Held()
	if lane, attempt, ok := s.meeting(); ok {
		s.lending = &lending{name: lane, attempt: attempt, stopped: make(chan struct{})}
		s.in.Limited = true
	}
}

// resume is told where the PULL wants to go on.
func (s *session) resume(data []byte) error {
	l := s.lending
	if l.lane != nil {
		return fmt.Errorf("%w: %s comes twice", zmtp.ErrProtocol, zmtp.Resume)
	}
	stream, delivered, done, credit, err := zmtp.ParseResume(data)
	if err != nil {
		return err
	}
	lane, err := acquire(s.delivering, l.name, l.attempt, s, s.ledger.Acquire)
	if err != nil {
		return err
	}
	stream, from, again, err := lane.Resume(transport.Progress{Stream: stream, Delivered: delivered, Done: done})
	if err != nil {
		lane.Release()
		return err
	}
	if from == 1 {
		done = 0
	}
	s.mu.Lock()
	l.lane = lane
	s.commands = zmtp.AppendStart(s.commands, stream, from)
	l.again, l.repeated = again, from-1
	l.allowed = l.repeated + uint64(len(again))
	s.mu.Unlock()
	s.allow(done, from-1+credit)
	s.in.Poke()
	return nil
}

// allow has the writer send up to a number, as far as this side is ready to remember it.
func (s *session) allow(done, limit uint64) {
	l := s.lending
	s.mu.Lock()
	l.limit = max(l.limit, min(limit, done+uint64(s.options.Window)))
	waits := len(l.again) > 0
	s.mu.Unlock()
	if waits {
		s.in.Poke()
		return
	}
	s.allowNew()
}

// allowNew is called when nothing has to be sent once more.
func (s *session) allowNew() {
	l := s.lending
	s.mu.Lock()
	n := int(min(l.limit-min(l.limit, l.allowed), 1<<30))
	l.allowed += uint64(n)
	s.mu.Unlock()
	if n > 0 {
		s.in.Allow(n)
	}
}

// acknowledged is told how far the PULL is, and how far it lets this side go.
func (s *session) acknowledged(data []byte) error {
	l := s.lending
	done, upTo, last, err := zmtp.ParseAck(data)
	switch {
	case err != nil:
		return err
	case l.lane == nil:
		return fmt.Errorf("%w: %s before %s", zmtp.ErrProtocol, zmtp.Ack, zmtp.Resume)
	case !last:
		if err := l.lane.Confirm(done); err != nil {
			return err
		}
		s.allow(done, upTo)
		return nil
	}
	if l.over() {
		return fmt.Errorf("%w: a second last %s", zmtp.ErrProtocol, zmtp.Ack)
	}
	s.in.Forbid() // what holding does not tell now is not taken any more
	err = l.lane.End(done, upTo, l.holding.Load())
	close(l.stopped)
	s.in.Poke()
	return err
}

// over reports whether the PULL takes nothing more.
func (l *lending) over() bool {
	select {
	case <-l.stopped:
		return true
	default:
		return false
	}
}

// repeat puts into the batch what has to be sent once more, as far as it may be.
func (s *session) repeat(b *batch) bool {
	l := s.lending
	if l == nil {
		return false
	}
	s.mu.Lock()
	if len(l.again) > 0 {
		s.addCommandsLocked(b) // MQ-START, the first time
	}
	n := 0
	for n < len(l.again) && l.repeated < l.limit && b.size < batchMax {
		s.encode(b, l.again[n])
		l.repeated++
		n++
	}
	l.again = l.again[n:]
	over := n > 0 && len(l.again) == 0
	s.mu.Unlock()
	if over {
		s.allowNew()
	}
	return b.size > 0
}

// noted reports whether the messages of a batch may be sent: they are in the books then.
// Otherwise they are given back.
func (s *session) noted(b *batch) bool {
	l := s.lending
	switch {
	case s.ledger == nil:
		return true
	case l == nil:
		s.ledger.Write(len(b.msgs))
	case len(b.msgs) > 0 && !l.lane.Add(b.msgs):
		s.ledger.Held().Add(int64(-len(b.msgs)))
		return false
	case l.over():
		l.lane.GiveBack()
	}
	if l != nil {
		l.holding.Store(false)
	}
	s.ledger.Held().Add(int64(-len(b.msgs)))
	return true
}

// unwritten gives back what is not whole in the first n bytes of a batch. Of what a PULL
// confirms, that is for the next connection to find out.
func (s *session) unwritten(b *batch, n int) {
	if s.lending != nil {
		return
	}
	rest := b.unwritten(n)
	if s.ledger != nil {
		s.ledger.Write(-len(rest))
	}
	s.returned(rest)
}

// settled reports whether the session need not stay for what a PULL may still be sent: what
// another has not confirmed may have to go to this one.
func (s *session) settled() bool { return s.lending == nil || s.ledger.Settled() }

// farewell is how long a PUSH and a PULL that end wait, beyond the linger, for the last
// acknowledgement to pass. Without it, messages are handed back, or go to others, that were
// received all the same.
const farewell = time.Second

// halt has the PULL say how far it is, and take nothing more, if it has something that it
// has not confirmed.
func (s *session) halt(ctx context.Context) {
	l := s.lending
	if l == nil || s.ledger.Open() == 0 {
		return
	}
	s.in.Forbid()
	s.mu.Lock()
	begun := l.lane != nil
	if begun {
		s.commands = zmtp.AppendStop(s.commands)
	}
	s.mu.Unlock()
	if !begun {
		return
	}
	s.in.Poke()
	select {
	case <-l.stopped:
	case <-s.ended:
	case <-ctx.Done():
	}
}

// acquire gets a lane, or a slip, for s. Who has it now has lost its connection, and only
// does not know yet.
func acquire[T any](ctx context.Context, name string, attempt uint64, s *session,
	from func(string, uint64, transport.Account) (T, transport.Account, error)) (T, error) {
	for {
		got, other, err := from(name, attempt, s)
		if other == nil {
			return got, err
		}
		other.CutOff()
		select {
		case <-other.Ended():
		case <-ctx.Done():
			return got, ctx.Err()
		}
	}
}

// The methods of transport.Account.

func (s *session) CutOff() {
	s.replaced.Store(true)
	s.cut()
}

func (s *session) Ended() <-chan struct{} { return s.ended }

func (s *session) Look() {
	if s.borrowing != nil {
		s.end.Out.Nudge()
		return
	}
	s.in.Resume()
	s.in.Poke()
}
