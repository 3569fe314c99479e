// SPDX-License-Identifier: MIT

package mq

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/seedmq/mq/internal/ring"
	"github.com/seedmq/mq/internal/transport"
)

// NewRouter makes a socket that knows its peers apart (28/REQREP): REQ, DEALER and ROUTER
// sockets. Recv takes from all of them in turn, and puts the routing id of the peer in
// front of what it has sent, as a part of its own; Send takes the first part off, and
// sends the rest to the peer of that routing id.
//
// A peer chooses its routing id with [WithRoutingID]; others are given one of five bytes,
// of which the first is 0. It is good as long as the peer stays. A second peer of the same
// routing id is refused, with ErrPeerBusy, and may come when the first has gone; see
// [WithHandover].
//
// Send never blocks: a message to a peer that is not there, or whose queue is full, is
// dropped and counted, unless the ROUTER is made [WithMandatory]. Each peer has a queue of
// its own, of WithSendHWM messages here and inproc WithRecvHWM more. A message without any
// part behind the routing id is an error.
func NewRouter(opts ...Option) Router {
	r := &router{
		routes: make(map[string]*route),
		named:  make(map[string]string),
		next:   rand.Uint32(),
	}
	r.init(transport.Router, r, opts)
	r.open()
	return r
}

type router struct {
	socket
	sent    atomic.Uint64
	refused atomic.Uint64 // messages that Recv took and did not return

	routing sync.RWMutex // protects the fields below
	routes  map[string]*route
	named   map[string]string // ids that ConnectAs has given, by address
	next    uint32            // in the routing id that is made up next
	closing bool              // shut was called
}

// route is the way to a peer that is here, or to one that ConnectAs has named.
type route struct {
	id   []byte           // given out with every message; read-only
	end  *transport.End   // nil while the peer is not here; read-only
	out  *transport.Queue // read-only
	asks bool             // the peer is a REQ; read-only

	kept  bool        // ConnectAs has named the peer; protected by routing
	muted atomic.Bool // another peer has taken over the routing id
}

func (r *router) Send(ctx context.Context, m Message) error {
	if ctx == nil {
		return nilContext("send")
	}
	if err := ctx.Err(); err != nil {
		return opError("send", "", err)
	}
	if len(m.More) == 0 {
		return opError("send", "", fmt.Errorf("a ROUTER wants the routing id of a peer, and then the message: %w", fs.ErrInvalid))
	}
	err := r.route(ctx, m.Data, transport.NewMsg(m.More[0], m.More[1:]))
	if err == nil {
		r.sent.Add(1)
	}
	return opError("send", "", err)
}

// route sends m to the peer of that id.
func (r *router) route(ctx context.Context, id []byte, m transport.Msg) error {
	for {
		r.routing.RLock()
		closing, to := r.closing, r.routes[string(id)]
		put, st := m, ring.Closed
		if !closing && to != nil {
			put, st = r.push(to, m)
		}
		r.routing.RUnlock()
		switch {
		case st == ring.OK:
			return nil
		case closing:
			return ErrClosed
		case !r.config.mandatory:
			r.lost.Add(1)
			return nil
		case st == ring.Closed:
			return fmt.Errorf("%w: no peer has the routing id %q", ErrPeerGone, id)
		}
		// If the queue is closed in the meantime, there may be another, or none.
		if err := to.out.Send(ctx, put); !errors.Is(err, ErrClosed) {
			return err
		}
	}
}

// push puts m into the queue to the peer, or hands it to who waits for it there. If that
// cannot be now, it returns what is to be put there.
func (r *router) push(to *route, m transport.Msg) (transport.Msg, ring.Status) {
	if to.asks {
		opened, ok := m.Open()
		if !ok { // it is no reply to a REQ
			r.lost.Add(1)
			return m, ring.OK
		}
		m = opened
		his, wanted := to.end.Far.Peer.Answer(to.end.Far, m.Envelope(), m)
		if his && !wanted {
			r.lost.Add(1)
		}
		if his {
			return m, ring.OK
		}
	}
	return m, to.out.TryPush(m)
}

func (r *router) Recv(ctx context.Context) (m Message, _ error) {
	if ctx == nil {
		return m, nilContext("recv")
	}
	for {
		msg, from, err := r.in.Recv(ctx)
		if err != nil {
			return m, opError("recv", "", err)
		}
		of := from.End.Own.(*route)
		switch {
		case of.muted.Load():
			r.lost.Add(1)
			from.End.Far.Peer.Taken(from.End.Far, msg)
			of.mute()
		case !of.asks:
			return Message{of.id, msg.AppendParts(nil), msg.Note()}, nil
		case from.End.Far.Peer.Taken(from.End.Far, msg):
			return Message{of.id, msg.AppendSealed(nil), msg.Note()}, nil
		}
		r.refused.Add(1)
	}
}

func (r *router) ConnectAs(addr, id string) error {
	return opError("connect", addr, r.connectAs(addr, id))
}

func (r *router) connectAs(addr, id string) error {
	if !validID(id) {
		return fmt.Errorf("routing id %q, want 1 to %d bytes, the first not 0: %w", id, maxID, fs.ErrInvalid)
	}
	if err := r.keep(addr, id); err != nil {
		return err
	}
	err := r.connect(addr, id)
	if err != nil {
		r.leave(addr)
	}
	return err
}

// keep has messages to id queued from now on.
func (r *router) keep(addr, id string) error {
	r.routing.Lock()
	defer r.routing.Unlock()
	if r.closing {
		return ErrClosed
	}
	if r.routes[id] != nil {
		return fmt.Errorf("%w: another peer has the routing id %q", ErrPeerBusy, id)
	}
	if _, twice := r.named[addr]; twice {
		return fmt.Errorf("%w: connected already, Disconnect first", ErrAddrInUse)
	}
	r.named[addr] = id
	r.routes[id] = &route{id: []byte(id), out: transport.NewQueue(r.config.sendHWM), kept: true}
	return nil
}

func (r *router) Disconnect(addr string) error {
	r.leave(addr)
	err := r.socket.Disconnect(addr)
	r.config.runtime.names.freed() // who was refused the id may have it
	return err
}

// leave takes back keep. What waits for a peer that is not here is dropped.
func (r *router) leave(addr string) {
	r.routing.Lock()
	defer r.routing.Unlock()
	id, ok := r.named[addr]
	if !ok {
		return
	}
	delete(r.named, addr)
	to := r.routes[id]
	if to == nil { // it is closed
		return
	}
	to.kept = false
	if to.end == nil {
		delete(r.routes, id)
		r.lost.Add(uint64(len(to.out.Close())))
	}
}

func (r *router) Attach(e *transport.End) error {
	r.routing.Lock()
	defer r.routing.Unlock()
	id := r.nameLocked(e)
	before := r.routes[id]
	busy := before != nil && before.end != nil && !r.config.handover
	if busy || before != nil && before.kept && e.Name == "" {
		return fmt.Errorf("%w: another peer has the routing id %q", ErrPeerBusy, id)
	}
	if err := r.socket.Attach(e); err != nil {
		return err
	}
	to := &route{id: []byte(id), end: e, asks: e.Far.Peer.Kind() == transport.Req}
	var waiting []transport.Msg
	if before == nil || before.end == nil {
		if before != nil {
			to.kept = true
			waiting = before.out.Drain()
		}
		r.routes[id] = to
	} // or before has the id until to is ready
	_, recvHWM := e.Far.Peer.HWM()
	to.out = r.queueLocked(r.config.sendHWM+recvHWM, waiting)
	e.Out, e.Own = to.out, to
	return nil
}

// Ready has a peer take over a routing id, if another has it.
func (r *router) Ready(e *transport.End) {
	r.routing.Lock()
	to := e.Own.(*route)
	if before := r.routes[string(to.id)]; before != nil && before != to {
		to.kept = before.kept
		if before.end != nil {
			before.mute()
		} else { // it has gone since Attach, or ConnectAs was called
			to.out.PutBack(before.out.Drain())
		}
	}
	r.routes[string(to.id)] = to
	r.routing.Unlock()
	r.socket.Ready(e)
}

// nameLocked is the routing id for a new peer.
func (r *router) nameLocked(e *transport.End) string {
	if e.Name != "" {
		return e.Name
	}
	if id := e.Far.Peer.RoutingID(); id != "" {
		return id
	}
	for {
		r.next++
		id := string(binary.BigEndian.AppendUint32([]byte{0}, r.next))
		if r.routes[id] == nil {
			return id
		}
	}
}

// mute ends a peer whose routing id another has taken over. In-process, the peer stays
// connected, and if it is a REQ, it learns that there is nobody who answers.
func (to *route) mute() {
	to.muted.Store(true)
	if c, ok := to.end.Far.Peer.(transport.Cutter); ok {
		c.Cut(to.end.Far)
	}
}

func (r *router) queueLocked(limit int, waiting []transport.Msg) *transport.Queue {
	q := transport.NewQueue(limit, waiting...)
	if r.closing {
		q.Shut()
	}
	return q
}

func (r *router) Detach(e *transport.End) {
	r.socket.Detach(e)
	r.routing.Lock()
	defer r.routing.Unlock()
	to := e.Own.(*route)
	id := string(to.id)
	if r.routes[id] == to {
		delete(r.routes, id)
		if to.kept && !r.closing { // it may come back
			r.routes[id] = &route{id: to.id, out: r.queueLocked(r.config.sendHWM, to.out.Drain()), kept: true}
		}
	}
	r.lost.Add(uint64(len(to.out.Close())))
}

func (r *router) Returned(e *transport.End, msgs []transport.Msg) {
	r.routing.Lock()
	defer r.routing.Unlock()
	if to := e.Own.(*route); to.kept {
		to.out.PutBack(msgs)
		return
	}
	r.lost.Add(uint64(len(msgs)))
}

func (r *router) shut() {
	r.routing.Lock()
	defer r.routing.Unlock()
	r.closing = true
	for _, to := range r.routes {
		to.out.Shut()
	}
}

func (r *router) closeOut() []transport.Msg {
	r.routing.Lock()
	defer r.routing.Unlock()
	for _, to := range r.routes {
		if to.end == nil {
			r.lost.Add(uint64(len(to.out.Close())))
		}
	}
	return nil
}

func (r *router) count(s *Stats) {
	s.Sent = r.sent.Load()
	s.Received -= r.refused.Load()
	r.routing.RLock()
	defer r.routing.RUnlock()
	for _, to := range r.routes {
		s.Queued += to.out.Len()
	}
}

var _ Router = (*router)(nil)
