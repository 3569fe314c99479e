// SPDX-License-Identifier: MIT

package mq

import (
	"context"
	"errors"

	"github.com/seedmq/mq/internal/transport"
	"sync"
	"sync/atomic"
)

// NewPair makes one of two sockets that talk to each other alone, both ways
// (31/EXPAIR).
//
// Nothing is dropped, and each way is in order. Send blocks while the queue is
// full: WithSendHWM messages here, and inproc WithRecvHWM more while there is a
// peer. What the peer has not taken when it goes is kept for the next, or
// returned by Close; what it sent before is received beside what the next one sends.
//
// A PAIR has one peer at a time. Another that connects is refused with
// ErrPeerBusy, and may come when the first has gone; one that connected before
// the name was bound waits for that by itself.
func NewPair(opts ...Option) Socket {
	p := &pair{}
	p.init(transport.Pair, p, opts)
	p.out.Store(transport.NewQueue(p.config.sendHWM))
	p.open()
	return p
}

type pair struct {
	socket

	// out is the queue to the present peer, or for the next. When peers change, what
	// is in it moves to a new one, so that who held the old can take nothing more.
	out atomic.Pointer[transport.Queue] // replaced under moving

	moving  sync.Mutex     // protects the fields below
	peer    *transport.End // nil without peer
	closing bool           // shut was called
	moved   uint64         // messages that went through queues before out
}

func (p *pair) Send(ctx context.Context, m Message) error {
	if ctx == nil {
		return nilContext("send")
	}
	msg := pack(&m)
	for {
		q := p.out.Load()
		err := q.Send(ctx, msg)
		if errors.Is(err, ErrClosed) && p.replaced(q) {
			continue
		}
		return opError("send", "", err)
	}
}

// replaced reports whether q, which is closed, is not the queue any more.
func (p *pair) replaced(q *transport.Queue) bool {
	p.moving.Lock()
	defer p.moving.Unlock()
	return p.out.Load() != q
}

func (p *pair) Recv(ctx context.Context) (m Message, _ error) {
	if ctx == nil {
		return m, nilContext("recv")
	}
	msg, _, err := p.in.Recv(ctx)
	m.unpack(msg)
	return m, opError("recv", "", err)
}

func (p *pair) Attach(e *transport.End) error {
	p.moving.Lock()
	defer p.moving.Unlock()
	if p.peer != nil {
		return ErrPeerBusy
	}
	if err := p.socket.Attach(e); err != nil {
		return err
	}
	p.peer = e
	_, recvHWM := e.Far.Peer.HWM()
	e.Out = p.moveLocked(p.config.sendHWM + recvHWM)
	return nil
}

func (p *pair) Detach(e *transport.End) {
	p.socket.Detach(e)
	p.moving.Lock()
	defer p.moving.Unlock()
	p.peer = nil
	if !p.closing {
		p.moveLocked(p.config.sendHWM)
	}
}

// moveLocked replaces the queue by one with another bound.
func (p *pair) moveLocked(limit int) *transport.Queue {
	old := p.out.Load()
	rest := old.Drain()
	p.moved += old.Pushed() - uint64(len(rest))
	q := transport.NewQueue(limit, rest...)
	if p.closing {
		q.Shut()
	}
	p.out.Store(q)
	return q
}

// Busy reports whether there is a peer.
func (p *pair) Busy() bool {
	p.moving.Lock()
	defer p.moving.Unlock()
	return p.peer != nil
}

func (p *pair) Returned(_ *transport.End, msgs []transport.Msg) {
	p.moving.Lock()
	defer p.moving.Unlock()
	p.out.Load().PutBack(msgs)
}

func (p *pair) shut() {
	p.moving.Lock()
	defer p.moving.Unlock()
	p.closing = true
	p.out.Load().Shut()
}

func (p *pair) closeOut() []transport.Msg {
	p.moving.Lock()
	defer p.moving.Unlock()
	return p.out.Load().Close()
}

func (p *pair) count(s *Stats) {
	p.moving.Lock()
	defer p.moving.Unlock()
	q := p.out.Load()
	s.Sent = p.moved + q.Pushed()
	s.Queued = q.Len()
}

var (
	_ Socket           = (*pair)(nil)
	_ transport.Single = (*pair)(nil)
)
