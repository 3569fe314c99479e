// SPDX-License-Identifier: MIT

package mq

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/seedmq/mq/internal/ring"
	"github.com/seedmq/mq/internal/transport"
	"github.com/seedmq/mq/internal/trie"
)

// NewPub makes a publisher (29/PUBSUB): every SUB peer gets the messages whose
// first part begins with what it has subscribed to, each message once.
//
// Send never blocks. Each subscriber has a queue of its own, of WithSendHWM
// messages here and inproc WithRecvHWM more; while it is full, that subscriber
// misses what comes, and both sides count it. Without subscribers a message is
// gone. Finding the subscribers costs what the topic's length costs, not their
// number. Recv is not supported.
func NewPub(opts ...Option) Pub {
	p := &pub{}
	p.begin(transport.Pub, p, opts)
	p.open()
	return p
}

func (p *pub) begin(kind transport.Kind, of pattern, opts []Option) {
	p.subscribers = make(map[*transport.End]*subscriber)
	p.init(kind, of, opts)
}

type pub struct {
	socket

	table       sync.Mutex // protects the fields below
	closing     bool       // shut was called
	sent        uint64
	round       uint64 // counts calls of eachLocked
	subs        trie.Trie[*subscriber]
	subscribers map[*transport.End]*subscriber
	remotes     int            // how many of them are Framers
	roll        transport.Roll // for those
}

// subscriber is one peer of a publisher. Its fields are protected by the table of that. It
// takes 32 bytes: Send comes by each.
type subscriber struct {
	end      *transport.End   // read-only
	out      *transport.Queue // read-only
	round    uint64           // of the last eachLocked that came to it
	prefixes int32            // how many it has in subs
	welcomed bool             // it has had the welcome message of an XPUB
	remote   bool             // it is a Framer; read-only
}

func (p *pub) Send(ctx context.Context, m Message) error { return p.send(ctx, &m) }

func (p *pub) send(ctx context.Context, m *Message) error { // see sharing.send
	if ctx == nil {
		return nilContext("send")
	}
	if err := ctx.Err(); err != nil {
		return opError("send", "", err)
	}
	msg := pack(m)
	p.table.Lock()
	if p.config.noDrop {
		if err := p.awaitRoomLocked(ctx, m.Data); err != nil {
			p.table.Unlock()
			return opError("send", "", err)
		}
	}
	if p.closing {
		p.table.Unlock()
		return opError("send", "", ErrClosed)
	}
	p.sent++
	p.publishLocked(m.Data, msg)
	p.table.Unlock()
	return nil
}

// publishLocked gives a message to all subscribers of topic. For those over a network it is
// encoded once, if there are several.
func (p *pub) publishLocked(topic []byte, msg transport.Msg) {
	var framed transport.Msg
	isFramed := false
	p.eachLocked(topic, func(s *subscriber) {
		m := msg
		if s.remote && p.remotes > 1 {
			if !isFramed {
				framed = s.end.Far.Peer.(transport.Framer).Frame(&p.roll, msg)
				isFramed = true
			}
			m = framed
		}
		if s.out.TryPush(m) != ring.OK {
			p.miss(s.end, 1)
		}
	})
}

// awaitRoomLocked waits until all subscribers of topic have room. Nobody else can take
// that before table is unlocked; while it waits, table is not locked.
func (p *pub) awaitRoomLocked(ctx context.Context, topic []byte) error {
	for !p.closing {
		var full *subscriber
		p.eachLocked(topic, func(s *subscriber) {
			if full == nil && !s.out.HasRoom() {
				full = s
			}
		})
		if full == nil {
			return nil
		}
		err := full.out.AwaitRoom(ctx, p.table.Unlock)
		p.table.Lock()
		if err != nil && !errors.Is(err, ErrClosed) { // of a queue: that peer has gone
			return err
		}
	}
	return ErrClosed
}

// eachLocked calls f once for every subscriber of topic.
func (p *pub) eachLocked(topic []byte, f func(*subscriber)) {
	p.round++
	for n, at, rest := p.subs.Start(topic); n != nil; n, at, rest = n.Next(at, rest) {
		for _, s := range n.Subs(at) {
			if s.round != p.round { // it may have several prefixes of topic
				s.round = p.round
				f(s)
			}
		}
	}
}

// miss counts n messages that the subscriber e did not get, here and there.
func (p *pub) miss(e *transport.End, n int) {
	p.lost.Add(uint64(n))
	e.Far.Peer.Missed(n)
}

func (p *pub) Recv(context.Context) (Message, error) {
	return Message{}, unsupported("recv", p.kind, "receive")
}

func (p *pub) WaitSubscribers(ctx context.Context, topic string, n int) error {
	return p.wait(ctx, "wait for subscribers", func() bool {
		found := 0
		p.table.Lock()
		defer p.table.Unlock()
		p.eachLocked([]byte(topic), func(*subscriber) { found++ })
		return found >= n
	})
}

func (p *pub) Attach(e *transport.End) error {
	_, recvHWM := e.Far.Peer.HWM()
	e.Out = transport.NewQueue(p.config.sendHWM + recvHWM)
	if err := p.socket.Attach(e); err != nil {
		return err
	}
	p.table.Lock()
	defer p.table.Unlock()
	_, remote := e.Far.Peer.(transport.Framer)
	p.subscribers[e] = &subscriber{end: e, out: e.Out, remote: remote}
	if remote {
		p.remotes++
	}
	return nil
}

func (p *pub) Subscription(e *transport.End, prefix string, on bool) {
	p.table.Lock()
	if s := p.subscribers[e]; s != nil { // or the link is not up any more
		p.setLocked(s, prefix, on)
	}
	p.table.Unlock()
	p.changed.WakeAll()
}

// setLocked gives s a prefix, or takes it away, and reports whether that changed anything:
// a peer has a prefix or not, however often it has said so.
func (p *pub) setLocked(s *subscriber, prefix string, on bool) bool {
	if on {
		first := p.subs.Add(prefix, s)
		if first {
			s.prefixes++
		} else {
			p.subs.Remove(prefix, s)
		}
		return first
	}
	last, _ := p.subs.Remove(prefix, s)
	if last {
		s.prefixes--
		if p.config.noDrop {
			s.out.Nudge() // who waits for its room perhaps need not any more
		}
	}
	return last
}

func (p *pub) Detach(e *transport.End) {
	p.table.Lock()
	if s := p.subscribers[e]; s != nil {
		p.forgetLocked(s)
		delete(p.subscribers, e)
		if s.remote {
			p.remotes--
		}
	}
	p.table.Unlock()
	if rest := e.Out.Close(); len(rest) > 0 {
		p.miss(e, len(rest))
	}
	p.socket.Detach(e)
}

// forgetLocked takes the prefixes away that s has not taken back itself.
func (p *pub) forgetLocked(s *subscriber) {
	if s.prefixes == 0 {
		return
	}
	var left []string
	for prefix, of := range p.subs.All() {
		if of == s {
			left = append(left, prefix)
		}
	}
	for _, prefix := range left {
		p.subs.Remove(prefix, s)
	}
}

func (p *pub) Returned(e *transport.End, msgs []transport.Msg) { p.miss(e, len(msgs)) }

func (p *pub) shut() {
	p.table.Lock()
	p.closing = true
	for _, s := range p.subscribers {
		if p.config.noDrop {
			s.out.Shut() // wakes who waits for room
		}
	}
	p.table.Unlock()
}

func (p *pub) count(s *Stats) {
	p.table.Lock()
	s.Sent = p.sent
	p.table.Unlock()
	for _, e := range p.allEnds() {
		s.Queued += e.Out.Len()
	}
}

// NewSub makes a subscriber (29/PUBSUB). It gets nothing before it subscribes.
// Recv takes from all its PUB peers in turn. Send is not supported.
func NewSub(opts ...Option) Sub {
	s := &sub{filters: true}
	s.begin(transport.Sub, s, opts)
	s.open()
	return s
}

func (s *sub) begin(kind transport.Kind, of pattern, opts []Option) {
	s.publishers = make(map[*transport.End]struct{})
	s.init(kind, of, opts)
}

type sub struct {
	socket
	filters bool // read-only; false in an XSUB, which receives all that comes
	// picky is set once a queue may hold what nobody here asked for: then Recv looks
	// at the subscriptions too.
	picky   atomic.Bool
	refused atomic.Uint64 // messages that Recv took and did not return

	table      sync.RWMutex // protects the fields below; locked before that of a pub
	subs       trie.Trie[struct{}]
	publishers map[*transport.End]struct{} // those that are told of subscriptions
}

func (s *sub) Subscribe(prefix string) error {
	if s.closed.Load() {
		return opError("subscribe", "", ErrClosed)
	}
	s.subscribe(prefix)
	return nil
}

// subscribe tells it even if it is told already: an XPUB may want to hear of each.
func (s *sub) subscribe(prefix string) {
	s.table.Lock()
	defer s.table.Unlock()
	s.subs.Add(prefix, struct{}{})
	s.tellLocked(prefix, true)
}

func (s *sub) Unsubscribe(prefix string) error {
	if s.closed.Load() {
		return opError("unsubscribe", "", ErrClosed)
	}
	s.unsubscribe(prefix)
	return nil
}

func (s *sub) unsubscribe(prefix string) {
	s.table.Lock()
	defer s.table.Unlock()
	if last, _ := s.subs.Remove(prefix, struct{}{}); last {
		s.picky.Store(s.filters)
		s.tellLocked(prefix, false)
	}
}

func (s *sub) tellLocked(prefix string, on bool) {
	for e := range s.publishers {
		e.Far.Peer.Subscription(e.Far, prefix, on)
	}
}

func (s *sub) Recv(ctx context.Context) (m Message, _ error) {
	if ctx == nil {
		return m, nilContext("recv")
	}
	for {
		msg, _, err := s.in.Recv(ctx)
		if err != nil || !s.picky.Load() || s.wants(msg) {
			m.unpack(msg)
			return m, opError("recv", "", err)
		}
		s.refused.Add(1)
	}
}

func (s *sub) wants(m transport.Msg) bool {
	s.table.RLock()
	defer s.table.RUnlock()
	return s.subs.Matches(m.First())
}

func (s *sub) Send(context.Context, Message) error {
	return unsupported("send", s.kind, "send")
}

func (s *sub) Ready(e *transport.End) {
	if _, remote := e.Far.Peer.(transport.Flusher); remote || e.Far.Peer.Kind() == transport.XPub {
		s.picky.Store(s.filters) // it may send what it likes
	}
	s.table.Lock()
	s.publishers[e] = struct{}{}
	for prefix := range s.subs.All() {
		e.Far.Peer.Subscription(e.Far, prefix, true)
	}
	s.table.Unlock()
	s.socket.Ready(e)
}

func (s *sub) Detach(e *transport.End) {
	s.table.Lock()
	if _, told := s.publishers[e]; told {
		delete(s.publishers, e)
		for prefix := range s.subs.All() {
			e.Far.Peer.Subscription(e.Far, prefix, false)
		}
	}
	s.table.Unlock()
	s.socket.Detach(e)
}

func (s *sub) count(stats *Stats) { stats.Received -= s.refused.Load() }

var (
	_ Pub = (*pub)(nil)
	_ Sub = (*sub)(nil)
)
