// SPDX-License-Identifier: MIT

package peer

import (
	"fmt"

	"github.com/seedmq/mq"
)

// idle makes receivers of every type that can receive, in turn. Each has a peer
// that sends nothing.
func (r *mqRig) idle(receivers int) {
	for i := range receivers {
		var waits, silent mq.Socket
		switch i % 5 {
		case 0:
			waits, silent = mq.NewPair(r.own), mq.NewPair(r.own)
		case 1:
			waits, silent = mq.NewPull(r.own), mq.NewPush(r.own)
		case 2:
			sub := mq.NewSub(r.own)
			r.note(sub.Subscribe(""))
			waits, silent = sub, mq.NewPub(r.own)
		case 3:
			// A REQ can only wait for an answer, and this REP never asks for the question.
			waits, silent = mq.NewReq(r.own), mq.NewRep(r.own)
			r.note(waits.Send(r.ctx, mq.Text("anybody there?")))
		case 4:
			waits, silent = mq.NewRep(r.own), mq.NewReq(r.own)
		}
		r.link(i, silent, waits)
		r.receiver(waits)
	}
}

// link joins two sockets over the i-th address.
func (r *mqRig) link(i int, bound, connected mq.Socket) {
	addr := fmt.Sprint(mqAddr, i)
	r.note(bound.Bind(addr))
	r.note(connected.Connect(addr))
}

func (r *mqRig) links(n int) {
	for i := range n {
		push, pull := mq.NewPush(r.own), mq.NewPull(r.own)
		r.link(i, push, pull)
		r.sender(push)
	}
}
