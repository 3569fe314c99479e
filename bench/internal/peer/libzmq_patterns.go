// SPDX-License-Identifier: MIT

//go:build libzmq && cgo

package peer

import (
	"context"

	zmq "github.com/pebbe/zmq4"
)

// pipeline connects every PUSH to every PULL. PUSH deals its messages out in turn
// and leaves out who is full, so nobody knows in advance how many each PULL gets.
func (r *zmqRig) pipeline(w Work) {
	r.Uneven = w.Consumers > 1
	var push, pull *zmq.Socket
	for i := range w.Consumers {
		pull = r.socket(zmq.PULL)
		r.bind(pull, i)
		r.receiver(pull)
	}
	for range w.Producers {
		push = r.socket(zmq.PUSH)
		for i := range w.Consumers {
			r.connect(push, i)
		}
		r.sender(push)
		r.meet(push, pull)
	}
}

// meet passes one message over a network, so that the connection is up at both ends.
func (r *zmqRig) meet(from, to *zmq.Socket) {
	if r.wire == "" || r.err != nil {
		return
	}
	if r.note(r.send(from, []byte("hello"))); r.err == nil {
		_, err := r.recv(to)
		r.note(err)
	}
}

func (r *zmqRig) request() {
	req, rep := r.socket(zmq.REQ), r.socket(zmq.REP)
	r.join(rep, req, 0)
	r.meet(req, rep)
	r.meet(rep, req)
	r.asks(req)
	r.serves(rep)
}

func (r *zmqRig) asks(req *zmq.Socket) {
	r.from = append(r.from, req)
	r.Ask = func(p []byte) error {
		if err := r.send(req, p); err != nil {
			return err
		}
		_, err := r.recv(req)
		return err
	}
}

func (r *zmqRig) serves(rep *zmq.Socket) {
	r.to = append(r.to, rep)
	r.Serve = func() {
		for {
			p, err := r.recv(rep)
			if err != nil || r.send(rep, p) != nil {
				return
			}
		}
	}
}

func (r *zmqRig) fanOut(subscribers int) {
	r.half = 0
	pub := r.socket(zmq.PUB)
	r.bind(pub, 0)
	r.sender(pub)
	var subs []*zmq.Socket
	for range subscribers {
		sub := r.socket(zmq.SUB)
		r.connect(sub, 0)
		r.subscribe(sub, "")
		r.receiver(sub)
		subs = append(subs, sub)
	}
	r.hear(pub, subs, "anything")
}

func (r *zmqRig) subscribe(sub *zmq.Socket, topic string) {
	if r.err == nil {
		r.note(sub.SetSubscribe(topic))
	}
}

// hear publishes until every subscriber has received, because a PUB learns of its
// subscribers only some time after they were told to subscribe. What arrived too
// often is thrown away, up to a mark that is published last.
func (r *zmqRig) hear(pub *zmq.Socket, subs []*zmq.Socket, topic string) {
	for _, sub := range subs {
		for heard := false; r.err == nil && !heard; {
			_, err := pub.Send(topic, 0)
			r.note(err)
			_, err = sub.RecvBytes(0)
			heard = err == nil
			if err != nil && !r.again(err) {
				r.note(err)
			}
		}
	}
	mark := topic + "!"
	if r.err == nil {
		r.note(r.send(pub, []byte(mark)))
	}
	for _, sub := range subs {
		for got := ""; r.err == nil && got != mark; {
			p, err := r.recv(sub)
			r.note(err)
			got = string(p)
		}
	}
}

func (r *zmqRig) match(setup context.Context, topics [][]byte) {
	r.half = 0 // a bound would also be one for subscriptions on their way, and drop what is over
	pub, sub := r.socket(zmq.PUB), r.socket(zmq.SUB)
	r.join(pub, sub, 0)
	r.sender(pub)
	r.receiver(sub)
	const last = "the last of all"
	for i, topic := range topics {
		if r.note(sooner(setup, i)); r.err != nil {
			return
		}
		r.subscribe(sub, string(topic))
	}
	// The publisher learns of subscriptions when it sends, and in order.
	r.Flush = func() {
		r.subscribe(sub, last)
		r.hear(pub, []*zmq.Socket{sub}, last)
		if r.err == nil {
			r.note(sub.SetUnsubscribe(last))
		}
	}
	r.Flush()
	r.Subscribe, r.Unsubscribe = sub.SetSubscribe, sub.SetUnsubscribe
}
