// SPDX-License-Identifier: MIT

package mqnet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seedmq/mq/internal/transport"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// write sends what the socket has for the peer, until ctx is done, the connection
// breaks, or Flush was called and nothing is left.
func (s *session) write(ctx context.Context) error {
	var b batch
	for {
		done, ok, err := s.fill(ctx, &b)
		if !ok {
			return err
		}
		if !s.noted(&b) {
			b.reset()
			continue
		}
		if n, err := s.carrier.behind(s.conn, &b); err != nil {
			s.unwritten(&b, n)
			return s.breakOff(err)
		}
		if done {
			return s.finish()
		}
		full := b.size >= besideBatch
		b.reset()
		if full {
			poller.look(writerGlance)
		}
	}
}

// fill waits for something to send, and puts it into the batch: commands, which may be
// about the messages that follow, and messages. done tells that nothing more will come; ok
// is false if there is nothing to wait for.
func (s *session) fill(ctx context.Context, b *batch) (done, ok bool, err error) {
	if s.repeat(b) {
		return false, true, nil
	}
	if s.lending != nil {
		s.lending.holding.Store(true)
	}
	most := poller.batch()
	poked := s.in.RecvShare(ctx, func(m transport.Msg) bool {
		if b.size == 0 {
			err = s.addCommands(b)
		}
		s.add(b, m)
		return b.size < most
	})
	if errors.Is(poked, transport.ErrPoked) {
		done = s.ending.Load() && s.settled()
		err, poked = s.addCommands(b), nil
	}
	return done, poked == nil && err == nil, err
}

// add puts a message that was taken into the batch.
func (s *session) add(b *batch, m transport.Msg) {
	if frames, ok := m.Frames(); ok {
		b.framed(frames)
		b.whole(m)
		return
	}
	switch s.socket.Kind() {
	case transport.Req:
		if !s.end.Far.Peer.Taken(s.end.Far, m) {
			return
		}
		if m.Envelope() == nil {
			s.asked.Store(true)
		} else if !s.lead.never.Swap(true) {
			s.lead.rouse()
		}
		b.envelope(m)
	case transport.Rep:
		b.envelope(m)
	}
	s.encode(b, m)
	b.whole(m)
}

// encode puts the frames of a message into the batch.
func (s *session) encode(b *batch, m transport.Msg) {
	if note := m.Note(); note != nil && note.Again && s.lending != nil {
		b.raw(zmtp.AppendAgain(nil))
	}
	part, more := m.Parts()
	for _, next := range more {
		b.frame(zmtp.FlagMore, part)
		part = next
	}
	b.frame(0, part)
}

// maxCommands is how many bytes of subscriptions may wait for a peer that does not read
// them.
const maxCommands = 256 << 20

func (s *session) addCommands(b *batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.commands) > maxCommands {
		return fmt.Errorf("%w: the peer does not read its subscriptions", transport.ErrTooLarge)
	}
	s.addCommandsLocked(b)
	return nil
}

func (s *session) addCommandsLocked(b *batch) {
	b.raw(s.commands)
	b.raw(s.pong)
	b.raw(s.ack)
	s.commands, s.pong, s.ack = nil, s.pong[:0], s.ack[:0]
}

// grace is how long a socket is given to receive what a lost peer had sent before.
const grace = time.Second

// breakOff is for a connection that cannot be written to any more. What has arrived is
// still read, if the socket receives it soon; but nothing more will come.
func (s *session) breakOff(err error) error {
	s.broken.Store(&err)
	s.lead.rouse()
	s.giveUp = time.AfterFunc(grace, s.discard)
	if s.conn.SetReadDeadline(time.Now().Add(tail)) != nil || s.ending.Load() {
		return err
	}
	return nil
}

// finish tells the peer that nothing more will come.
func (s *session) finish() error {
	defer close(s.drained)
	if c, ok := s.conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
	return nil
}

// beat sends a PING now and then.
func (s *session) beat(ctx context.Context) error {
	t := time.NewTicker(s.options.Heartbeat)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		s.mu.Lock()
		if len(s.commands) == 0 { // the last one was written, or it is no use to send more
			s.commands = zmtp.AppendPing(s.commands, s.options.HeartbeatTimeout, nil)
		}
		s.mu.Unlock()
		s.in.Poke()
	}
}
