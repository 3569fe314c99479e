// SPDX-License-Identifier: MIT

package mq

import (
	"context"

	"github.com/seedmq/mq/internal/transport"
)

// NewPush makes the sending end of a pipeline (30/PIPELINE): work for any number
// of PULL sockets.
//
// The workers compete. PUSH owns one queue of WithSendHWM messages, and a message
// leaves it when a PULL receives it, not before: none waits behind a worker that
// is slow or idle while another is free, and a worker that goes takes none along.
// Workers that are all waiting are served in turn.
//
// Send blocks while the queue is full, with or without peers. Recv is not
// supported. Close returns what is left if no PULL is attached.
func NewPush(opts ...Option) Socket {
	p := &push{}
	p.begin(transport.Push, p, opts)
	p.open()
	return p
}

func (p *push) begin(kind transport.Kind, of pattern, opts []Option) {
	p.init(kind, of, opts)
	p.out = transport.NewQueue(p.config.sendHWM)
}

type push struct {
	socket
	out *transport.Queue // of all peers
}

func (p *push) Send(ctx context.Context, m Message) error {
	if ctx == nil {
		return nilContext("send")
	}
	return opError("send", "", p.out.Send(ctx, pack(&m)))
}

func (p *push) Recv(context.Context) (Message, error) {
	return Message{}, unsupported("recv", p.kind, "receive")
}

func (p *push) Attach(e *transport.End) error {
	e.Out = p.out
	return p.socket.Attach(e)
}

func (p *push) Returned(_ *transport.End, msgs []transport.Msg) { p.out.PutBack(msgs) }

func (p *push) shut() { p.out.Shut() }

func (p *push) closeOut() []transport.Msg { return p.out.Close() }

func (p *push) count(s *Stats) {
	s.Sent = p.out.Pushed()
	s.Queued = p.out.Len()
}

// NewPull makes the receiving end of a pipeline (30/PIPELINE). Recv takes from
// all its PUSH peers in turn, and competes with their other PULLs. Send is not
// supported.
func NewPull(opts ...Option) Socket {
	p := &pull{}
	p.init(transport.Pull, p, opts)
	p.open()
	return p
}

type pull struct{ socket }

func (p *pull) Send(context.Context, Message) error {
	return unsupported("send", p.kind, "send")
}

func (p *pull) Recv(ctx context.Context) (m Message, _ error) {
	if ctx == nil {
		return m, nilContext("recv")
	}
	msg, _, err := p.in.Recv(ctx)
	m.unpack(msg)
	return m, opError("recv", "", err)
}

func (p *pull) count(*Stats) {}

var (
	_ Socket = (*push)(nil)
	_ Socket = (*pull)(nil)
)
