// SPDX-License-Identifier: MIT

package peer

import (
	"context"

	"github.com/seedmq/mq"
	_ "github.com/seedmq/mq/net"
)

// mqPeer is mq, each rig with a runtime of its own.
type mqPeer struct {
	background bool // calls get context.Background(), which nobody can cancel
}

func (p mqPeer) Info() Info {
	if p.background {
		return Info{
			Name:   MQBackground,
			About:  "mq with `context.Background()`, which cannot be cancelled.",
			Module: "github.com/seedmq/mq",
		}
	}
	return Info{
		Name: MQ,
		About: "mq with a context that can be cancelled, in every `Send` and `Recv`. Several goroutines share one socket, " +
			"except where a row says otherwise. Nothing is copied, except over tcp and ipc, where each end has a queue of 500.",
		Module: "github.com/seedmq/mq",
	}
}

const mqAddr = "inproc://bench"

// mqRig gathers sockets, and the first error on the way.
type mqRig struct {
	Rig
	ctx  context.Context
	own  mq.Option
	addr string // to bind to; once that is done, to connect to
	over bool   // a network
	err  error
}

func (p mqPeer) Open(setup context.Context, w Work) (*Rig, error) {
	if p.background && w.noCalls() {
		return nil, Cannot("the same as mq: no context takes part")
	}
	rt := mq.NewRuntime()
	ctx, cancel := context.WithCancel(context.Background())
	r := &mqRig{ctx: ctx, own: mq.WithRuntime(rt), addr: mqAddr, over: w.Over != ""}
	if p.background {
		r.ctx = context.Background()
	}
	r.Stop = func() { cancel(); rt.Close() }
	r.Close = func() {}
	if r.over {
		r.addr, r.Close, r.err = wireAddr(w.Over)
	}
	if r.err == nil {
		r.lay(setup, w)
	}
	if r.err != nil {
		r.Stop()
		r.Close()
		return nil, r.err
	}
	return &r.Rig, nil
}

func (r *mqRig) lay(setup context.Context, w Work) {
	switch w.Pattern {
	case Pipeline:
		r.pipeline(setup, w)
	case Pair:
		r.pair(w.N)
	case Request:
		r.request(setup)
	case Requests:
		r.requests(setup, w.N)
	case FanOut:
		r.fanOut(setup, w.N)
	case Match:
		r.match(setup, w.Topics)
	case FanIn:
		r.fanIn(w.N)
	case Routes:
		r.routes(w.N)
	case Idle:
		r.idle(w.N)
	case Endpoints:
		for range w.N {
			mq.NewPush(r.own)
		}
	case Links:
		r.links(w.N)
	}
}

func (r *mqRig) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *mqRig) bind(s mq.Socket) {
	r.note(s.Bind(r.addr))
	if r.err == nil {
		r.addr = s.Addr()
	}
}

func (r *mqRig) join(bound, connected mq.Socket) {
	r.bind(bound)
	r.note(connected.Connect(r.addr))
}

// meet waits until a socket is connected to so many others.
func (r *mqRig) meet(setup context.Context, s mq.Socket, peers int) {
	if r.err == nil {
		r.note(s.WaitPeers(setup, peers))
	}
}

func (r *mqRig) sender(s mq.Sender) {
	ctx := r.ctx
	r.Send = append(r.Send, func(p []byte) error { return s.Send(ctx, mq.Message{Data: p}) })
}

func (r *mqRig) receiver(s mq.Receiver) {
	ctx := r.ctx
	r.Recv = append(r.Recv, func() ([]byte, error) { m, err := s.Recv(ctx); return m.Data, err })
}

func (r *mqRig) pipeline(setup context.Context, w Work) {
	own := []mq.Option{r.own}
	if r.over {
		here, there := r.halves()
		own = append(own, here, there)
	}
	push := mq.NewPush(own...)
	r.bind(push)
	for range w.Producers {
		r.sender(push)
	}
	var pull mq.Socket
	pulls := 0
	for i := range w.Consumers {
		if i == 0 || w.Apart {
			pull = mq.NewPull(own...)
			r.note(pull.Connect(r.addr))
			r.meet(setup, pull, 1)
			pulls++
		}
		r.receiver(pull)
	}
	r.meet(setup, push, pulls)
}

// halves share the capacity where the bound of a queue is the sum of two marks, and
// where there are two queues, one at each end of a connection.
func (r *mqRig) halves() (here, there mq.Option) {
	return mq.WithSendHWM(Capacity / 2), mq.WithRecvHWM(Capacity / 2)
}

func (r *mqRig) pair(directions int) {
	here, there := r.halves()
	a, b := mq.NewPair(r.own, here, there), mq.NewPair(r.own, here, there)
	r.join(a, b)
	r.sender(a)
	r.receiver(b)
	if directions == 2 {
		r.sender(b)
		r.receiver(a)
	}
}

func (r *mqRig) request(setup context.Context) {
	req, rep := mq.NewReq(r.own), mq.NewRep(r.own)
	r.join(rep, req)
	r.meet(setup, rep, 1)
	r.meet(setup, req, 1)
	ctx := r.ctx
	r.Ask = func(p []byte) error {
		if err := req.Send(ctx, mq.Message{Data: p}); err != nil {
			return err
		}
		_, err := req.Recv(ctx)
		return err
	}
	r.Serve = func() {
		for {
			m, err := rep.Recv(ctx)
			if err != nil || rep.Send(ctx, m) != nil {
				return
			}
		}
	}
}

func (r *mqRig) fanOut(setup context.Context, subscribers int) {
	here, there := r.halves()
	if r.over {
		here = mq.WithSendHWM(Capacity) // all that is under way can be in the queue of this end
	}
	pub := mq.NewPub(r.own, here)
	r.bind(pub)
	r.sender(pub)
	for range subscribers {
		sub := mq.NewSub(r.own, there)
		r.note(sub.Subscribe(""))
		r.note(sub.Connect(r.addr))
		r.receiver(sub)
	}
	if r.err == nil {
		r.note(pub.WaitSubscribers(setup, "", subscribers))
	}
}

func (r *mqRig) match(setup context.Context, topics [][]byte) {
	here, there := r.halves()
	pub, sub := mq.NewPub(r.own, here), mq.NewSub(r.own, there)
	r.join(pub, sub)
	r.sender(pub)
	r.receiver(sub)
	r.Subscribe, r.Unsubscribe = sub.Subscribe, sub.Unsubscribe
	for i, topic := range topics {
		if r.note(sooner(setup, i)); r.err != nil {
			return
		}
		r.note(sub.Subscribe(string(topic)))
	}
}

func (r *mqRig) fanIn(peers int) {
	pull := mq.NewPull(r.own)
	r.bind(pull)
	r.receiver(pull)
	for range peers {
		push := mq.NewPush(r.own)
		r.note(push.Connect(r.addr))
		r.sender(push)
	}
}
