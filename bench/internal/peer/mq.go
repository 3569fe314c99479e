// SPDX-License-Identifier: MIT

package peer

import (
	"context"

	"github.com/seedmq/mq"
	_ "github.com/seedmq/mq/net"
)

// mqPeer is mq, each rig with a runtime of its own: by its name, one of the ways to use it.
type mqPeer string

var aboutMQ = map[mqPeer]string{
	MQ: "mq with a context that can be cancelled, in every `Send` and `Recv`. Several goroutines share one socket, " +
		"except where a row says otherwise. Nothing is copied, except over tcp and ipc, where each end has a queue of 500, or " +
		"less for large messages. A PULL over tcp or ipc acknowledges to a PUSH of mq what it has taken, and in place of its queue " +
		"has a window: as many messages as it takes in a millisecond or two, at most 16,384, or 2 MiB of them or 32 messages, are sent ahead.",
	MQBackground: "mq with `context.Background()`, which cannot be cancelled.",
	MQDealer: "mq with a DEALER at each end in place of PUSH and PULL, over tcp and ipc. They speak plain ZMTP, where nobody " +
		"acknowledges anything, so the difference from mq is what it costs not to lose messages. A DEALER holds 500 at each " +
		"end. The PULL of mq has a window in place of the second queue, see mq.",
	MQRelease: "mq with a PULL that says `Release` of each message when it comes for the next, over tcp and ipc: memory is used " +
		"again while it is in the caches. A program in C does that with `zmq_msg_close`.",
}

func (p mqPeer) Info() Info {
	return Info{
		Name: string(p), About: aboutMQ[p], Module: "github.com/seedmq/mq",
		ByName: p == MQDealer || p == MQRelease,
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
	half int    // messages that a queue at one end of a connection holds
	free bool   // receivers release what they have received
	err  error
}

func (p mqPeer) Open(setup context.Context, w Work) (*Rig, error) {
	if p == MQBackground && w.noCalls() {
		return nil, Cannot("the same as mq: no context takes part")
	}
	r := newMQRig(w)
	r.free = p == MQRelease
	if p == MQBackground {
		r.ctx = context.Background()
	}
	if r.over {
		r.addr, r.Close, r.err = wireAddr(w.Over)
	}
	switch {
	case r.err != nil:
	case p == MQDealer && w.Pattern == Pipeline:
		r.dealers(setup)
	case (p == MQDealer || p == MQRelease) && w.Pattern != Pipeline:
		r.note(Cannot("it is for one way only"))
	default:
		r.lay(setup, w)
	}
	if r.err != nil {
		r.Stop()
		r.Close()
		return nil, r.err
	}
	return &r.Rig, nil
}

func newMQRig(w Work) *mqRig {
	rt := mq.NewRuntime()
	ctx, cancel := context.WithCancel(context.Background())
	r := &mqRig{ctx: ctx, own: mq.WithRuntime(rt), addr: mqAddr, over: w.Over != "", half: w.Queue() / 2}
	r.Stop = func() { cancel(); rt.Close() }
	r.Close = func() {}
	return r
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
		r.fanIn(setup, w.N)
	case Routes:
		r.routes(setup, w.N)
	case Connected:
		r.connected(setup, w.N)
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
	if !r.free {
		r.Recv = append(r.Recv, func() ([]byte, error) { m, err := s.Recv(ctx); return m.Data, err })
		return
	}
	var last mq.Message
	r.Recv = append(r.Recv, func() (_ []byte, err error) {
		last.Release()
		last, err = s.Recv(ctx)
		return last.Data, err
	})
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
	return mq.WithSendHWM(r.half), mq.WithRecvHWM(r.half)
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
	r.asks(req)
	r.serves(rep)
}

func (r *mqRig) asks(req mq.Socket) {
	ctx := r.ctx
	r.Ask = func(p []byte) error {
		if err := req.Send(ctx, mq.Message{Data: p}); err != nil {
			return err
		}
		_, err := req.Recv(ctx)
		return err
	}
}

func (r *mqRig) serves(rep mq.Socket) {
	ctx := r.ctx
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
