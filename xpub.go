// SPDX-License-Identifier: MIT

package mq

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/seedmq/mq/internal/ring"
	"github.com/seedmq/mq/internal/transport"
)

// NewXPub makes a publisher that hears of its subscribers (29/PUBSUB). It is a PUB, and
// Recv returns what comes from its SUB and XSUB peers: a message of one part that begins
// with the byte 1 when a prefix, which is the rest of the part, has got its first
// subscriber; the same with 0 when the last has left or gone; and, as they are, other
// messages of XSUB peers. [WithVerbose], [WithVerboser] and [WithManual] have it hear of
// more.
//
// Subscriptions have their effect whether Recv is called or not. While WithRecvHWM of them
// wait for that, a subscription and its end take each other out of the queue. Between the
// subscriptions of an XSUB and its other messages there is no order; over a network, its
// subscriptions wait behind other messages that nobody receives.
func NewXPub(opts ...Option) XPub {
	x := &xpub{asked: make(map[topic]int)}
	x.begin(transport.XPub, x, opts)
	x.wishes.limit = x.config.recvHWM
	x.open()
	return x
}

type xpub struct {
	pub
	heard atomic.Uint64 // wishes received

	// Protected by table:
	wishes wishes        // for Recv
	asked  map[topic]int // how many peers have each prefix, as they say
	last   *subscriber   // whose wish was received last
}

func (x *xpub) Send(ctx context.Context, m Message) error { return x.send(ctx, &m) }

func (x *xpub) Recv(ctx context.Context) (m Message, _ error) {
	if ctx == nil {
		return m, nilContext("recv")
	}
	for poked := false; ; poked = true {
		if err := ctx.Err(); err != nil {
			if poked { // another one takes what it was for
				x.in.Poke()
			}
			return m, opError("recv", "", err)
		}
		if w, ok := x.next(); ok {
			return w.message(), nil
		}
		msg, _, err := x.in.Recv(ctx)
		if !errors.Is(err, transport.ErrPoked) {
			m.unpack(msg)
			return m, opError("recv", "", err)
		}
	}
}

// next takes the first wish, and has others that wait come for those that are left.
func (x *xpub) next() (w wish, ok bool) {
	x.table.Lock()
	defer x.table.Unlock()
	if x.closing {
		return w, false
	}
	if w, ok = x.wishes.take(); ok {
		x.heard.Add(1)
		x.last = w.of
		if x.wishes.len() > 0 {
			x.in.Poke()
		}
	}
	return w, ok
}

func (x *xpub) Subscribe(prefix string) error { return x.act("subscribe", prefix, true) }

func (x *xpub) Unsubscribe(prefix string) error { return x.act("unsubscribe", prefix, false) }

// act does what the application wants for the peer whose wish it has received last.
func (x *xpub) act(op, prefix string, on bool) error {
	x.table.Lock()
	defer x.table.Unlock()
	switch {
	case x.closing:
		return opError(op, "", ErrClosed)
	case x.config.verbose != tellAndLeave:
		return opError(op, "", fmt.Errorf("%w: make the XPUB with WithManual", ErrState))
	case x.last == nil:
		return opError(op, "", fmt.Errorf("%w: receive a subscription first", ErrState))
	case x.subscribers[x.last.end] != x.last:
		return opError(op, "", ErrPeerGone)
	}
	if x.setLocked(x.last, prefix, on) && on {
		x.welcomeLocked(x.last, prefix)
	}
	x.changed.WakeAll()
	return nil
}

func (x *xpub) Subscription(e *transport.End, prefix string, on bool) {
	x.table.Lock()
	if s := x.subscribers[e]; s != nil { // or the link is not up any more
		x.subscribeLocked(s, prefix, on)
	}
	x.table.Unlock()
	x.changed.WakeAll()
}

func (x *xpub) subscribeLocked(s *subscriber, prefix string, on bool) {
	level := x.config.verbose
	w := wish{topic{prefix: prefix}, s, on, false}
	if level >= tellAll {
		w.topic.of = s
	}
	before := x.asked[w.topic]
	changed := before == 0 == on // of one peer
	if level != tellAndLeave {
		changed = x.setLocked(s, prefix, on)
	}
	if changed {
		w.turn = x.askLocked(w.topic, before, on)
	}
	if on && changed && level != tellAndLeave {
		x.welcomeLocked(s, prefix)
	}
	if w.turn || on && level >= tellSubscriptions {
		x.wishes.add(w)
		x.in.Poke()
	}
}

// askLocked counts the peers that have asked for a topic, and reports whether this one is
// the first, or was the last.
func (x *xpub) askLocked(about topic, before int, on bool) bool {
	switch {
	case on:
		x.asked[about] = before + 1
		return before == 0
	case before > 1:
		x.asked[about] = before - 1
		return false
	}
	delete(x.asked, about)
	return true
}

// welcomeLocked greets a peer that has subscribed to prefix.
func (x *xpub) welcomeLocked(s *subscriber, prefix string) {
	m := x.config.welcome
	if m == nil || s.welcomed || !strings.HasPrefix(string(m.Data), prefix) {
		return
	}
	s.welcomed = true
	if s.out.TryPush(pack(m)) != ring.OK {
		x.miss(s.end, 1)
	}
}

func (x *xpub) count(s *Stats) {
	x.pub.count(s)
	s.Received += x.heard.Load()
	x.table.Lock()
	defer x.table.Unlock()
	s.Pending += x.wishes.len()
}

// NewXSub makes a subscriber that subscribes by what it sends (29/PUBSUB): a message of
// one part that begins with the byte 1 is Subscribe of a SUB with the rest as prefix, and
// one that begins with 0 is Unsubscribe. Other messages go to every XPUB peer. Send never
// blocks: a peer whose queue is full, of WithSendHWM messages here and inproc WithRecvHWM
// more, misses the message, and both sides count it. Between the subscriptions it sends
// and its other messages there is no order: an XPUB may hear either first.
//
// Recv takes from all its PUB and XPUB peers in turn, whatever comes: unlike a SUB it does
// not look at its subscriptions again.
func NewXSub(opts ...Option) Socket {
	x := &xsub{}
	x.begin(transport.XSub, x, opts)
	x.open()
	return x
}

type xsub struct {
	sub
	sent atomic.Uint64
}

func (x *xsub) Send(ctx context.Context, m Message) error {
	if ctx == nil {
		return nilContext("send")
	}
	if err := ctx.Err(); err != nil {
		return opError("send", "", err)
	}
	if x.closed.Load() {
		return opError("send", "", ErrClosed)
	}
	x.sent.Add(1)
	switch {
	case len(m.Data) == 0 || m.Data[0] > 1 || len(m.More) > 0:
		x.tellAll(pack(&m))
	case m.Data[0] == 1:
		x.subscribe(string(m.Data[1:]))
	default:
		x.unsubscribe(string(m.Data[1:]))
	}
	return nil
}

// tellAll sends m to all peers that can receive it.
func (x *xsub) tellAll(m transport.Msg) {
	x.table.Lock() // all messages go to all in the same order
	defer x.table.Unlock()
	for e := range x.publishers {
		if e.Out != nil && e.Out.TryPush(m) != ring.OK {
			x.lost.Add(1)
			e.Far.Peer.Missed(1)
		}
	}
}

func (x *xsub) Attach(e *transport.End) error {
	if e.Far.Peer.Kind() == transport.XPub { // a PUB would never take it
		_, recvHWM := e.Far.Peer.HWM()
		e.Out = transport.NewQueue(x.config.sendHWM + recvHWM)
	}
	return x.sub.Attach(e)
}

func (x *xsub) Detach(e *transport.End) {
	x.sub.Detach(e)
	if e.Out == nil {
		return
	}
	if n := len(e.Out.Close()); n > 0 {
		x.lost.Add(uint64(n))
		e.Far.Peer.Missed(n)
	}
}

func (x *xsub) Returned(_ *transport.End, msgs []transport.Msg) { x.lost.Add(uint64(len(msgs))) }

func (x *xsub) count(s *Stats) {
	s.Sent = x.sent.Load()
	for _, e := range x.allEnds() {
		if e.Out != nil {
			s.Queued += e.Out.Len()
		}
	}
}

var (
	_ XPub   = (*xpub)(nil)
	_ Socket = (*xsub)(nil)
)
