// SPDX-License-Identifier: MIT

package mq

import (
	"context"

	"github.com/seedmq/mq/internal/transport"
)

// NewDealer makes a socket that asks and answers as it likes (28/REQREP): an asynchronous
// REQ to REP and ROUTER peers, a worker behind a ROUTER or DEALER.
//
// What is sent goes to one peer. Like PUSH, DEALER owns one queue of WithSendHWM
// messages, and a message leaves it when a peer takes it: to one that is free, and to
// those that are all waiting in turn. Send blocks while the queue is full, with or without
// peers. Recv takes from all peers in turn.
//
// Messages go as they are. A REP wants an empty part before the request, and any parts
// before that come back with its reply: the envelope. Close returns what is left if no
// peer is attached.
func NewDealer(opts ...Option) Socket {
	d := &dealer{}
	d.begin(transport.Dealer, d, opts)
	d.open()
	return d
}

type dealer struct{ sharing }

func (d *dealer) Send(ctx context.Context, m Message) error { return d.send(ctx, &m) }

func (d *dealer) Recv(ctx context.Context) (m Message, _ error) {
	if ctx == nil {
		return m, nilContext("recv")
	}
	msg, _, err := d.in.Recv(ctx)
	m.unpack(msg)
	return m, opError("recv", "", err)
}

var _ Socket = (*dealer)(nil)
