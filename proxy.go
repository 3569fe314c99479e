// SPDX-License-Identifier: MIT

package mq

import (
	"context"
	"errors"
	"fmt"
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
// then go back.
//
// It blocks until ctx is done or a socket is closed, and returns the reason. The sockets
// stay open, and are the caller's. For each way, Proxy has one message in hand at most:
// the queues of the sockets are all the buffer there is, and where Send blocks, so does that
// way. A message that it has in hand at the end, and that cannot be sent at once, comes back
// in an [UndeliveredError]. What a socket refuses, as ROUTER a message without routing id,
// is dropped and counted.
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
	err = all.Wait()
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

	mu      sync.Mutex         // protects the fields below
	resumed chan struct{}      // closed by Resume; nil unless paused
	passing context.Context    // done by Pause; nil if nobody has asked for it since
	pause   context.CancelFunc // of passing
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
	if c.passing != nil {
		c.pause()
		c.passing = nil
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

// Stats returns the counters of this moment.
func (c *ProxyControl) Stats() ProxyStats {
	return ProxyStats{Front: c.front.stats(), Back: c.back.stats()}
}

// gate returns nil and what is done when the next pause begins; or, in a pause, what is
// closed when it ends.
func (c *ProxyControl) gate() (<-chan struct{}, context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resumed == nil && c.passing == nil {
		c.passing, c.pause = context.WithCancel(context.Background())
	}
	return c.resumed, c.passing
}

// ProxyStats are the counters of a Proxy.
type ProxyStats struct {
	Front, Back ProxyTraffic
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
		resumed, passing := w.control.gate()
		if resumed == nil {
			if err := w.pass(ctx, passing); err != nil {
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
func (w *proxyWay) pass(ctx, passing context.Context) error {
	receiving, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(passing, cancel)()
	for {
		m, err := w.from.Recv(receiving)
		switch {
		case err == nil:
		case ctx.Err() == nil && passing.Err() != nil && errors.Is(err, context.Canceled):
			return nil
		default:
			return err
		}
		if w.capture != nil {
			_ = w.capture.Send(ctx, m) // what it refuses is not captured
		}
		if err := w.send(ctx, m); err != nil {
			return err
		}
	}
}

// lastTry is how long a message in hand may take to be sent, once the Proxy is to end.
const lastTry = 10 * time.Millisecond

// send passes a message on. It returns an error if that cannot go on.
func (w *proxyWay) send(ctx context.Context, m Message) error {
	size := uint64(m.Size())
	err := w.to.Send(ctx, m)
	if err != nil && ctx.Err() != nil { // perhaps there is room
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTry)
		defer cancel()
		if w.to.Send(last, m) == nil {
			err = nil
		}
	}
	switch {
	case err == nil:
		w.source.received.Add(1)
		w.source.receivedBytes.Add(size)
		w.sink.sent.Add(1)
		w.sink.sentBytes.Add(size)
		return nil
	case ctx.Err() != nil, errors.Is(err, ErrClosed):
		w.left = append(w.left, m)
		return err
	}
	w.source.dropped.Add(1)
	return nil
}
