// SPDX-License-Identifier: MIT

package mq

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seedmq/mq/internal/transport"
)

// Proxy passes whole messages on between two sockets, both ways where both can send and
// receive: ROUTER and DEALER make a broker for requests, XSUB and XPUB a forwarder whose
// subscriptions flow upstream, PULL and PUSH a streamer. front and back may be of any two
// kinds, if at least one way is open; REQ and REP, which keep to turns, are ErrIncompatible,
// as ROUTER and DEALER do what they would. They may be one socket, to which its messages
// then go back; in the counters that is the front when they come, and the back when they go.
//
// It blocks until ctx is done or a socket is closed, and returns the reason. The sockets
// stay open, and are the caller's. For each way, Proxy has one message in hand at most:
// the queues of the sockets are all the buffer there is, and where Send blocks, so does that
// way. A message that it has in hand at the end, and that cannot be sent at once, comes back
// in an [UndeliveredError]. What a socket refuses, as ROUTER a message without routing id,
// is dropped and counted. For a PULL made [WithAck], Proxy confirms what was sent on or dropped.
func Proxy(ctx context.Context, front, back Socket, opts ...ProxyOption) error {
	if ctx == nil {
		return nilContext("proxy")
	}
	p := proxyConfig{control: new(ProxyControl)}
	for _, set := range opts {
		if set == nil {
			panic("mq: nil ProxyOption")
		}
		set(&p)
	}
	ways, err := p.ways(front, back)
	if err != nil {
		return opError("proxy", "", err)
	}
	all, running := errgroup.WithContext(ctx)
	for _, w := range ways {
		all.Go(func() error { return w.run(running) })
	}
	for _, s := range []Socket{front, back} {
		all.Go(func() error { return s.WaitPeers(running, math.MaxInt) }) // until it is closed
	}
	_ = all.Wait()
	if err = ctx.Err(); err == nil {
		err = ErrClosed
	}
	var left UndeliveredError
	for _, w := range ways {
		left.Messages = append(left.Messages, w.left...)
	}
	if len(left.Messages) > 0 {
		err = errors.Join(err, &left)
	}
	return opError("proxy", "", err)
}

// ProxyOption sets how a Proxy works.
type ProxyOption func(*proxyConfig)

type proxyConfig struct {
	capture Sender // nil for none
	control *ProxyControl
}

// WithCapture has a Proxy send each message to s too, before it is passed on, in whichever
// direction. If Send of s blocks, the Proxy waits: a PUB never does. The message shares its
// bytes with the one that is passed on. What s refuses is not captured.
func WithCapture(s Sender) ProxyOption {
	if s == nil {
		panic("mq: WithCapture(nil)")
	}
	return func(p *proxyConfig) { p.capture = s }
}

// WithControl has c pause and count what a Proxy does. It may be given to several.
func WithControl(c *ProxyControl) ProxyOption {
	if c == nil {
		panic("mq: WithControl(nil)")
	}
	return func(p *proxyConfig) { p.control = c }
}

// ProxyControl pauses a [Proxy] and tells what it has passed on. The zero value is ready to
// use, and lets messages pass. Its methods can be called by many goroutines at once.
type ProxyControl struct {
	front, back proxyCounters

	mu      sync.Mutex    // protects the fields below
	resumed chan struct{} // closed by Resume; nil unless paused
	pauses  map[*proxyWay]context.CancelFunc
}

// Pause has no further message received. One that is in hand is still passed on. The
// queues of the sockets fill meanwhile, as they do when nobody receives.
func (c *ProxyControl) Pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resumed != nil {
		return
	}
	c.resumed = make(chan struct{})
	for _, pause := range c.pauses {
		pause()
	}
}

// Resume ends a Pause.
func (c *ProxyControl) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resumed != nil {
		close(c.resumed)
		c.resumed = nil
	}
}

// begin returns a context for w to receive with, which ends when a pause begins; or, in a
// pause, what is closed when that ends.
func (c *ProxyControl) begin(ctx context.Context, w *proxyWay) (context.Context, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resumed != nil {
		return nil, c.resumed
	}
	ctx, pause := context.WithCancel(ctx)
	if c.pauses == nil {
		c.pauses = make(map[*proxyWay]context.CancelFunc)
	}
	c.pauses[w] = pause
	return ctx, nil
}

// end takes back begin.
func (c *ProxyControl) end(w *proxyWay) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pauses[w]()
	delete(c.pauses, w)
}

// Stats returns the counters of this moment.
func (c *ProxyControl) Stats() ProxyStats {
	return ProxyStats{Front: c.front.stats(), Back: c.back.stats()}
}

// ProxyStats are the counters of a Proxy.
type ProxyStats struct {
	Front, Back ProxyTraffic // of its two sockets
}

// ProxyTraffic is what has passed through one socket of a Proxy. A message counts when it
// was passed on; its bytes are those of all its parts.
type ProxyTraffic struct {
	Received, ReceivedBytes uint64 // that came from there
	Sent, SentBytes         uint64 // that went there
	Dropped                 uint64 // that came from there, and that the other socket refused
}

// proxyCounters count what came from one socket.
type proxyCounters struct{ received, receivedBytes, sent, sentBytes, dropped atomic.Uint64 }

func (c *proxyCounters) stats() ProxyTraffic {
	return ProxyTraffic{
		c.received.Load(), c.receivedBytes.Load(),
		c.sent.Load(), c.sentBytes.Load(),
		c.dropped.Load(),
	}
}

// proxyWay is one direction of a Proxy.
type proxyWay struct {
	*proxyConfig
	from, to     Socket
	source, sink *proxyCounters // of from, and of to
	left         []Message      // in hand at the end; of run alone until that has returned
}

// ways are the directions that are open between two sockets.
func (p *proxyConfig) ways(front, back Socket) ([]*proxyWay, error) {
	for _, s := range []Socket{front, back} {
		if s == nil {
			panic("mq: Proxy of a nil Socket")
		}
		switch s.ours() {
		case transport.Req:
			return nil, fmt.Errorf("%w: REQ keeps to turns, use DEALER", ErrIncompatible)
		case transport.Rep:
			return nil, fmt.Errorf("%w: REP keeps to turns, use ROUTER or DEALER", ErrIncompatible)
		}
	}
	var ways []*proxyWay
	add := func(from, to Socket, source, sink *proxyCounters) {
		if from.ours().Receives() && to.ours().Sends() {
			ways = append(ways, &proxyWay{proxyConfig: p, from: from, to: to, source: source, sink: sink})
		}
	}
	add(front, back, &p.control.front, &p.control.back)
	if front != back {
		add(back, front, &p.control.back, &p.control.front)
	}
	if len(ways) == 0 {
		return nil, fmt.Errorf("%w: nothing can pass between %v and %v", ErrIncompatible, front.ours(), back.ours())
	}
	return ways, nil
}

// run passes messages on until ctx is done, or a socket is closed.
func (w *proxyWay) run(ctx context.Context) error {
	for {
		receiving, resumed := w.control.begin(ctx, w)
		if resumed == nil {
			if err := w.pass(ctx, receiving); err != nil {
				return err
			}
			continue
		}
		select {
		case <-resumed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pass passes messages on until a pause begins, or with an error until it cannot go on.
func (w *proxyWay) pass(ctx, receiving context.Context) error {
	defer w.control.end(w)
	for {
		m, err := w.from.Recv(receiving)
		switch {
		case err != nil && ctx.Err() == nil && receiving.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		if w.capture != nil {
			_ = give(ctx, w.capture, m) // what it refuses is not captured
		}
		if err := w.send(ctx, m); err != nil {
			return err
		}
	}
}

// send passes a message on. It returns an error if that cannot go on.
func (w *proxyWay) send(ctx context.Context, m Message) error {
	size := uint64(m.Size())
	err := give(ctx, w.to, m)
	switch {
	case err == nil:
		w.source.received.Add(1)
		w.source.receivedBytes.Add(size)
		w.sink.sent.Add(1)
		w.sink.sentBytes.Add(size)
		m.Ack()
		return nil
	case ctx.Err() != nil, errors.Is(err, ErrClosed):
		w.left = append(w.left, m)
		return err
	}
	w.source.dropped.Add(1)
	m.Ack()
	return nil
}

// lastTry is how long a message in hand may take to be sent, once the Proxy is to end.
const lastTry = 10 * time.Millisecond

// give sends m, also if ctx is done, as long as there is room.
func give(ctx context.Context, to Sender, m Message) error {
	err := to.Send(ctx, m)
	if err == nil || ctx.Err() == nil {
		return err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTry)
	defer cancel()
	if to.Send(last, m) == nil {
		return nil
	}
	return err
}
