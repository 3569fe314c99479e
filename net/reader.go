// SPDX-License-Identifier: MIT

package mqnet

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seedmq/mq/internal/reuse"
	"github.com/seedmq/mq/internal/transport"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// read takes in what the peer sends, until the connection ends.
func (s *session) read() error {
	defer s.lead.forget()
	for {
		item, err := s.decoder.Next()
		if err == nil {
			err = s.handle(item)
		}
		if err == nil && s.inStep() {
			err = s.lead.give()
		}
		if err != nil {
			return reason(err)
		}
	}
}

// handle takes in one item. What means nothing to this kind of socket is dropped.
func (s *session) handle(item zmtp.Item) error {
	kind := s.socket.Kind()
	if kind.Publishes() {
		if prefix, on, ok := zmtp.Subscription(item); ok {
			return s.subscribe(string(prefix), on)
		}
	}
	if item.Command {
		return s.command(item.Body)
	}
	if s.end.Out == nil {
		return nil
	}
	if s.stream.apart() {
		poller.met()
	}
	m := transport.NewMsg(item.Body, item.More)
	if kind == transport.Req || kind == transport.Rep {
		var ok bool
		if m, ok = m.Open(); !ok {
			s.end.Far.Peer.Missed(1)
			return nil
		}
	}
	if isLarge(item.Body) || slices.ContainsFunc(item.More, isLarge) {
		m = m.Lend()
	}
	if kind == transport.Req && s.answered(m) {
		return nil
	}
	if s.borrowing != nil {
		var ok bool
		var err error
		if m, ok, err = s.receive(m); !ok {
			return err
		}
	}
	err := s.end.Out.Send(s.delivering, m)
	if err == nil {
		return nil
	}
	s.end.Far.Peer.Missed(1)
	if s.ending.Load() || errors.Is(err, transport.ErrClosed) { // nobody receives any more
		return nil
	}
	return err
}

// isLarge reports whether the memory of a part can be given back.
func isLarge(part []byte) bool { return len(part) >= reuse.LendMin }

// answered reports whether the REQ needs no more to be told of m: it went to who had
// asked with that id, or nobody has asked, and it is no reply.
func (s *session) answered(m transport.Msg) bool {
	if envelope := m.Envelope(); envelope != nil {
		if _, wanted := s.end.Far.Peer.Answer(s.end.Far, envelope, m); !wanted {
			s.end.Far.Peer.Missed(1)
		}
		return true
	}
	if s.asked.Swap(false) {
		return false
	}
	s.end.Far.Peer.Missed(1)
	return true
}

// command does what a command asks for. Others than these are ignored, so that the
// protocol can grow.
func (s *session) command(body []byte) error {
	c, err := zmtp.ParseCommand(body)
	if err != nil {
		return err
	}
	switch c.Name {
	case zmtp.Ping:
		return s.ping(c.Data)
	case zmtp.Error:
		why, err := zmtp.ParseError(c.Data)
		if err != nil {
			return err
		}
		return fmt.Errorf("the peer says %q", why)
	case zmtp.Resume, zmtp.Start, zmtp.Ack, zmtp.Again, zmtp.Stop:
		return s.pipeline(c)
	}
	return nil
}

// pipeline does what the other side of a PUSH or a PULL asks for.
func (s *session) pipeline(c zmtp.Command) error {
	switch {
	case s.lending != nil && c.Name == zmtp.Resume:
		return s.resume(c.Data)
	case s.lending != nil && c.Name == zmtp.Ack:
		return s.acknowledged(c.Data)
	case s.borrowing != nil && c.Name == zmtp.Start:
		return s.start(c.Data)
	case s.borrowing != nil && c.Name == zmtp.Again:
		s.borrowing.again = true
	case s.borrowing != nil && c.Name == zmtp.Stop:
		s.keep()
	}
	return nil
}

// minTTL keeps a peer from asking to be cut at once.
const minTTL = 100 * time.Millisecond

// ping answers a PING, and heeds its TTL. Of many PINGs that come at once, the last is
// answered.
func (s *session) ping(data []byte) error {
	ttl, context, err := zmtp.ParsePing(data)
	if err != nil {
		return err
	}
	if ttl > 0 {
		ttl = max(ttl, minTTL)
		if own := time.Duration(s.silence.Load()); own == 0 || ttl < own {
			s.silence.Store(int64(ttl))
		}
	}
	s.mu.Lock()
	s.pong = zmtp.AppendPong(s.pong[:0], context)
	s.mu.Unlock()
	s.in.Poke()
	return nil
}

// subscribe notes that the peer wants what begins with prefix, or no more. A prefix
// counts once, however often it was asked for (B-CMD-04); an XPUB is told each time.
func (s *session) subscribe(prefix string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, has := s.prefixes[prefix]
	switch {
	case s.left, !on && !has, on && has && s.socket.Kind() != transport.XPub:
		return nil
	case !on:
		delete(s.prefixes, prefix)
		s.prefixBytes -= int64(len(prefix))
	case !has:
		if n := s.options.MaxSubscriptions; len(s.prefixes) >= n {
			return fmt.Errorf("%w: more than %d subscriptions", transport.ErrTooLarge, n)
		}
		if n := s.options.MaxMessage; s.prefixBytes+int64(len(prefix)) > n {
			return fmt.Errorf("%w: subscriptions of more than %d bytes", transport.ErrTooLarge, n)
		}
		if s.prefixes == nil {
			s.prefixes = make(map[string]struct{})
		}
		s.prefixes[prefix] = struct{}{}
		s.prefixBytes += int64(len(prefix))
	}
	s.end.Far.Peer.Subscription(s.end.Far, prefix, on)
	return nil
}

// unsubscribe takes back all that the peer has subscribed to.
func (s *session) unsubscribe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = true
	for prefix := range s.prefixes {
		s.end.Far.Peer.Subscription(s.end.Far, prefix, false)
	}
	s.prefixes = nil
}
