// SPDX-License-Identifier: MIT

//go:build libzmq && cgo

package peer

import (
	"context"
	"slices"

	zmq "github.com/pebbe/zmq4"

	"github.com/seedmq/mq"
)

// mixed is mq at one end and libzmq at the other.
type mixed struct{ toLibzmq bool }

func (m mixed) Info() Info {
	about := "A PUSH or REQ of mq, and a PULL or REP of libzmq: each end like that of the contender of its name, over tcp or ipc. " +
		"Nothing is acknowledged, because libzmq does not do that."
	if !m.toLibzmq {
		about = "The other way round: a PUSH or REQ of libzmq, and a PULL or REP of mq."
	}
	return Info{Name: m.name(), About: about, Foreign: true, ByName: true}
}

// mixedRig has both ends.
type mixedRig struct {
	ours   *mqRig
	theirs *zmqRig
}

func (m mixed) Open(setup context.Context, w Work) (*Rig, error) {
	if w.Over == "" {
		return nil, Cannot("connections are for the network")
	}
	addr, remove, err := wireAddr(w.Over)
	if err != nil {
		return nil, err
	}
	x := mixedRig{newMQRig(w), newZmqRig(w)}
	x.ours.addr, x.theirs.wire = addr, addr
	x.theirs.context()
	r := &Rig{
		Stop:  func() { x.ours.Stop(); x.theirs.Stop() },
		Close: func() { x.theirs.close(); remove() },
	}
	defer context.AfterFunc(setup, r.Stop)()
	switch {
	case w.Pattern == Pipeline && m.toLibzmq:
		x.push()
	case w.Pattern == Pipeline:
		x.pull()
	case w.Pattern == Request && m.toLibzmq:
		x.req()
	case w.Pattern == Request:
		x.rep()
	default:
		x.ours.note(Cannot("nobody has asked for it"))
	}
	x.ours.note(x.theirs.err)
	if err := x.ours.err; err != nil {
		r.Stop()
		r.Close()
		return nil, err
	}
	r.Send, r.Recv = slices.Concat(x.ours.Send, x.theirs.Send), slices.Concat(x.ours.Recv, x.theirs.Recv)
	r.Ask, r.Serve, r.Threads = x.ours.Ask, x.ours.Serve, Receivers
	if r.Ask == nil {
		r.Ask = x.theirs.Ask
	}
	if r.Serve == nil {
		r.Serve = x.theirs.Serve
	}
	if !m.toLibzmq {
		r.Threads = Senders
	}
	return r, nil
}

// push is the end of mq where libzmq has the PULL.
func (x mixedRig) push() {
	here, _ := x.ours.halves()
	push := mq.NewPush(x.ours.own, here)
	pull := x.theirs.socket(zmq.PULL)
	x.connectOurs(push, pull)
	x.ours.sender(push)
	x.theirs.receiver(pull)
	x.pass(x.ours.hello(push), x.theirs.heard(pull))
}

// pull is the end of mq where libzmq has the PUSH.
func (x mixedRig) pull() {
	_, here := x.ours.halves()
	pull := mq.NewPull(x.ours.own, here)
	push := x.theirs.socket(zmq.PUSH)
	x.connectTheirs(push, pull)
	x.theirs.sender(push)
	x.ours.receiver(pull)
	x.pass(x.theirs.hello(push), x.ours.heard(pull))
}

func (x mixedRig) req() {
	req, rep := mq.NewReq(x.ours.own), x.theirs.socket(zmq.REP)
	x.connectOurs(req, rep)
	x.pass(x.ours.hello(req), x.theirs.heard(rep), x.theirs.hello(rep), x.ours.heard(req))
	x.ours.asks(req)
	x.theirs.serves(rep)
}

func (x mixedRig) rep() {
	rep, req := mq.NewRep(x.ours.own), x.theirs.socket(zmq.REQ)
	x.connectTheirs(req, rep)
	x.pass(x.theirs.hello(req), x.ours.heard(rep), x.ours.hello(rep), x.theirs.heard(req))
	x.theirs.asks(req)
	x.ours.serves(rep)
}

func (x mixedRig) connectOurs(ours mq.Socket, theirs *zmq.Socket) {
	x.theirs.bind(theirs, 0)
	if x.theirs.err == nil {
		x.ours.note(ours.Connect(x.theirs.wire))
	}
}

func (x mixedRig) connectTheirs(theirs *zmq.Socket, ours mq.Socket) {
	if x.ours.bind(ours); x.ours.err == nil {
		x.theirs.wire = x.ours.addr
		x.theirs.connect(theirs, 0)
	}
}

// pass takes steps until one fails: with them, the connection is up at both ends.
func (x mixedRig) pass(steps ...func() error) {
	for _, step := range steps {
		if x.ours.err == nil && x.theirs.err == nil {
			x.ours.note(step())
		}
	}
}

func (r *mqRig) hello(s mq.Socket) func() error {
	return func() error { return s.Send(r.ctx, mq.Text("hello")) }
}

func (r *mqRig) heard(s mq.Socket) func() error {
	return func() error { _, err := s.Recv(r.ctx); return err }
}

func (r *zmqRig) hello(s *zmq.Socket) func() error {
	return func() error { return r.send(s, []byte("hello")) }
}

func (r *zmqRig) heard(s *zmq.Socket) func() error {
	return func() error { _, err := r.recv(s); return err }
}
