// SPDX-License-Identifier: MIT

package mq

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"

	"github.com/seedmq/mq/internal/transport"
)

// calls are the requests of Do that a REQ has under way.
//
// A request goes through the queue of the socket like those of Send, and its envelope is
// an id. Its reply needs no queue, because exactly one goroutine waits for it: whoever has
// the reply, the REP in this process or the session of a remote one, hands it over (Answer).
// So a reply wakes one goroutine, and no reply waits for another to be received.
//
// A call is in byID from before its request is queued until the first of these: its reply,
// the loss of its server, the end of its context, the end of the socket. Whoever takes it
// out settles it, so that happens once. A reply is handed over without the lock, as the one
// who is woken by it needs that next.
type calls struct {
	mu     sync.Mutex // protects the fields below, and those of every call
	byID   callTable
	next   uint32  // the id of the next request
	spare  []*call // for later calls
	closed bool
	done   uint64 // replies handed over
}

// call is one request under way.
type call struct {
	id      uint32
	server  *transport.End // our end of the link to who took the request; nil while it is in the queue
	settled chan struct{}  // holds one value once reply or err is there
	reply   transport.Msg
	err     error
}

const maxSpare = 256 // calls; a quarter of a kilobyte each with its channel

func (r *req) Do(ctx context.Context, m Message) (reply Message, _ error) {
	if ctx == nil {
		return reply, nilContext("do")
	}
	msg, err := r.do(ctx, pack(&m))
	reply.unpack(msg)
	return reply, opError("do", "", err)
}

func (r *req) do(ctx context.Context, m transport.Msg) (reply transport.Msg, err error) {
	for left := r.config.retries; ; left-- {
		c, err := r.calls.begin()
		if err != nil {
			return reply, err
		}
		if err = r.out.Send(ctx, m.Asked(c.id)); err != nil {
			r.calls.giveUp(c)
		} else {
			err = r.calls.wait(ctx, c)
		}
		reply = c.reply
		r.calls.recycle(c)
		if left == 0 || !errors.Is(err, ErrPeerGone) {
			return reply, err
		}
	}
}

func (s *calls) begin() (*call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if s.byID.slots == nil {
		s.next = rand.Uint32() // so that replies to an earlier process find nobody
	}
	var c *call
	if n := len(s.spare); n > 0 {
		c, s.spare = s.spare[n-1], s.spare[:n-1]
	} else {
		c = &call{settled: make(chan struct{}, 1)}
	}
	s.byID.add(c, s.next)
	s.next = c.id + 1
	return c, nil
}

// wait returns when c is settled, or when ctx is done.
func (s *calls) wait(ctx context.Context, c *call) error {
	// Often the reply comes while other goroutines run, without a wake-up; see awaitMessage
	// in package transport.
	if len(c.settled) == 0 {
		runtime.Gosched()
	}
	if len(c.settled) > 0 { // which a select would find out later
		<-c.settled
		return c.err
	}
	select {
	case <-c.settled:
		return c.err
	case <-ctx.Done():
	}
	if s.giveUp(c) {
		return ctx.Err()
	}
	return c.err
}

// giveUp takes c out. If it is settled already, giveUp waits until that can be looked at, and
// reports false.
func (s *calls) giveUp(c *call) bool {
	if s.abandon(c) {
		return true
	}
	<-c.settled
	return false
}

// abandon takes c out, and reports whether it was not settled before.
func (s *calls) abandon(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID.get(c.id) != c {
		return false
	}
	s.byID.remove(c)
	return true
}

// recycle keeps a call that was taken out, and whose outcome was looked at.
func (s *calls) recycle(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*c = call{settled: c.settled}
	if len(s.spare) < maxSpare {
		s.spare = append(s.spare, c)
	}
}

// settleLocked ends c with a reply, or with err. A value in c.settled has to follow.
func (s *calls) settleLocked(c *call, reply transport.Msg, err error) {
	s.byID.remove(c)
	c.reply, c.err = reply, err
}

// taken notes who has the request of that id, and reports whether it is still wanted.
func (s *calls) taken(id uint32, by *transport.End) bool {
	s.mu.Lock()
	c := s.byID.get(id)
	if c != nil {
		c.server = by
	}
	s.mu.Unlock()
	if c != nil && by.Down() { // and lose has perhaps looked before
		s.lose(by)
	}
	return c != nil
}

// answer hands over the reply of that id. Who was not asked is not heard (A-REQ-09, 10).
func (s *calls) answer(id uint32, from *transport.End, m transport.Msg) (wanted bool) {
	s.mu.Lock()
	c := s.byID.get(id)
	wanted = c != nil && c.server == from
	if wanted {
		s.done++
		s.settleLocked(c, m, nil)
	}
	s.mu.Unlock()
	if wanted {
		c.settled <- struct{}{} // without the lock, which who is woken needs next
	}
	return wanted
}

// returned puts requests that somebody took, and gave back, into the state before that. It
// leaves out those that are not wanted any more, and tells how many of the rest are calls.
func (s *calls) returned(msgs []transport.Msg) (rest []transport.Msg, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range msgs {
		if id, ok := transport.AskedID(m.Envelope()); ok {
			c := s.byID.get(id)
			if c == nil {
				continue
			}
			c.server = nil
			calls++
		}
		rest = append(rest, m)
	}
	return rest, calls
}

// lose ends the calls that wait for the far side of e.
func (s *calls) lose(e *transport.End) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.byID.slots {
		if c != nil && c.server == e {
			s.settleLocked(c, transport.Msg{}, ErrPeerGone)
			c.settled <- struct{}{}
		}
	}
}

// close ends all calls.
func (s *calls) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, c := range s.byID.slots {
		if c != nil {
			s.settleLocked(c, transport.Msg{}, ErrClosed)
			c.settled <- struct{}{}
		}
	}
}

func (s *calls) answered() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done
}
