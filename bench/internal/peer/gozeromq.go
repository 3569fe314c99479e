// SPDX-License-Identifier: MIT

package peer

import (
	"context"
	"fmt"
	"io"
	"log"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/go-zeromq/zmq4"
)

// goZeroMQ is ZeroMQ written in Go, over its own inproc.
type goZeroMQ struct{}

func (goZeroMQ) Info() Info {
	return Info{
		Name:   GoZeroMQ,
		Module: "github.com/go-zeromq/zmq4",
		About: "ZeroMQ in Go over its `inproc://`, which frames messages as on a network. Its queues hold 18 messages and cannot be " +
			"told to hold more; a PUB has one without bound. PUSH sends each message to every PULL, so only one PULL can be behind " +
			"it. Its inproc breaks messages over 255 bytes. Over tcp and ipc its PUSH has no queue but the kernel's. Goroutines " +
			"stay behind when a socket is closed, therefore it is measured in a process of its own each time.",
		Leaves: true,
	}
}

// names makes an address that no rig had before: there is one scope for all.
var names atomic.Int64

type goZeroMQRig struct {
	Rig
	ctx     context.Context
	wire    string // where to listen, and once that is done, to dial; "" for inproc
	sockets []zmq4.Socket
	err     error
}

func (goZeroMQ) Open(setup context.Context, w Work) (*Rig, error) {
	if w.Apart {
		return nil, Cannot("its PUSH sends every message to every PULL, so workers would not share the work")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer context.AfterFunc(setup, cancel)()
	r := &goZeroMQRig{ctx: ctx}
	remove := func() {}
	if w.Over != "" {
		r.wire, remove, r.err = wireAddr(w.Over)
	}
	r.Stop = cancel
	r.Close = func() {
		for _, s := range r.sockets {
			s.Close()
		}
		remove()
	}
	r.lay(setup, w)
	if r.err != nil {
		r.Stop()
		r.Close()
		return nil, r.err
	}
	return &r.Rig, nil
}

func (r *goZeroMQRig) lay(setup context.Context, w Work) {
	push, pull, pair := zmq4.NewPush, zmq4.NewPull, zmq4.NewPair
	switch w.Pattern {
	case Pipeline:
		from, to := r.socket(push), r.socket(pull)
		r.join(from, to)
		r.meet(from, to)
		for range w.Producers {
			r.sender(from)
		}
		for range w.Consumers {
			r.receiver(to)
		}
	case Pair:
		a, b := r.socket(pair), r.socket(pair)
		r.join(a, b)
		r.sender(a)
		r.receiver(b)
		if w.N == 2 {
			r.sender(b)
			r.receiver(a)
		}
	case Request:
		r.request()
	case FanOut:
		r.fanOut(w.N)
	case Match:
		r.match(setup, w.Topics)
	case FanIn:
		to := r.socket(pull)
		r.receiver(to)
		addr := r.listen(to)
		for range w.N {
			from := r.socket(push)
			r.dial(from, addr)
			r.sender(from)
		}
	case Idle, Links:
		for range w.N {
			from, to := r.socket(push), r.socket(pull)
			r.join(from, to)
			r.receiver(to)
		}
		if w.Pattern == Links {
			r.Recv = nil // and no Send: a queue of 1000 cannot be had
		}
	case Endpoints:
		for range w.N {
			r.socket(push)
		}
	}
}

func (r *goZeroMQRig) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *goZeroMQRig) socket(make func(context.Context, ...zmq4.Option) zmq4.Socket) zmq4.Socket {
	s := make(r.ctx, zmq4.WithLogger(log.New(io.Discard, "", 0)))
	r.sockets = append(r.sockets, s)
	return s
}

func (r *goZeroMQRig) listen(s zmq4.Socket) (addr string) {
	if addr = r.wire; addr == "" {
		addr = fmt.Sprint("inproc://bench", names.Add(1))
	}
	if r.note(s.Listen(addr)); r.err == nil && strings.HasPrefix(addr, "tcp:") {
		addr = "tcp://" + s.Addr().String()
	}
	return addr
}

func (r *goZeroMQRig) dial(s zmq4.Socket, addr string) {
	if r.err == nil {
		r.note(s.Dial(addr))
	}
}

func (r *goZeroMQRig) join(from, to zmq4.Socket) { r.dial(to, r.listen(from)) }

// meet passes one message over a network, so that the connection is up at both ends.
func (r *goZeroMQRig) meet(from, to zmq4.Socket) {
	if r.wire == "" || r.err != nil {
		return
	}
	if r.note(from.Send(zmq4.NewMsgString("hello"))); r.err == nil {
		_, err := to.Recv()
		r.note(err)
	}
}

func (r *goZeroMQRig) sender(s zmq4.Socket) {
	r.Send = append(r.Send, func(p []byte) error { return s.Send(zmq4.NewMsg(p)) })
}

func (r *goZeroMQRig) receiver(s zmq4.Socket) {
	r.Recv = append(r.Recv, func() ([]byte, error) { m, err := s.Recv(); return m.Bytes(), err })
}

func (r *goZeroMQRig) request() {
	req, rep := r.socket(zmq4.NewReq), r.socket(zmq4.NewRep)
	r.join(rep, req)
	r.meet(req, rep)
	r.meet(rep, req)
	r.Ask = func(p []byte) error {
		if err := req.Send(zmq4.NewMsg(p)); err != nil {
			return err
		}
		_, err := req.Recv()
		return err
	}
	r.Serve = func() {
		for {
			m, err := rep.Recv()
			if err != nil || rep.Send(m) != nil {
				return
			}
		}
	}
}

func (r *goZeroMQRig) fanOut(subscribers int) {
	pub := r.socket(zmq4.NewPub)
	r.sender(pub)
	addr := r.listen(pub)
	for i := range subscribers {
		sub := r.socket(zmq4.NewSub)
		r.dial(sub, addr)
		r.note(sub.SetOption(zmq4.OptionSubscribe, ""))
		r.settle(pub, sub, fmt.Sprint("subscriber ", i))
		r.receiver(sub)
	}
}

// settle waits until a publisher knows all that a subscriber has told it, by
// telling it of a mark last, and takes the mark back.
func (r *goZeroMQRig) settle(pub, sub zmq4.Socket, mark string) {
	r.note(sub.SetOption(zmq4.OptionSubscribe, mark))
	known := pub.(zmq4.Topics)
	for r.err == nil && r.ctx.Err() == nil && !slices.Contains(known.Topics(), mark) {
		runtime.Gosched()
	}
	r.note(sub.SetOption(zmq4.OptionUnsubscribe, mark))
	for r.err == nil && r.ctx.Err() == nil && slices.Contains(known.Topics(), mark) {
		runtime.Gosched()
	}
}

func (r *goZeroMQRig) match(setup context.Context, topics [][]byte) {
	pub, sub := r.socket(zmq4.NewPub), r.socket(zmq4.NewSub)
	r.join(pub, sub)
	r.sender(pub)
	r.receiver(sub)
	r.Subscribe = func(topic string) error { return sub.SetOption(zmq4.OptionSubscribe, topic) }
	r.Unsubscribe = func(topic string) error { return sub.SetOption(zmq4.OptionUnsubscribe, topic) }
	for i, topic := range topics {
		if r.note(sooner(setup, i)); r.err != nil {
			return
		}
		r.note(r.Subscribe(string(topic)))
	}
	r.Flush = func() { r.settle(pub, sub, "the last of all") }
	r.Flush()
}
