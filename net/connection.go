// SPDX-License-Identifier: MIT

package mqnet

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/seedmq/mq/internal/transport"
)

// connection is the hold of a socket on an address that it is connected to: it seeks
// the peer there, now and whenever it is lost.
type connection struct {
	host
	scheme scheme
	at     string
	stop   context.CancelFunc
	done   chan struct{} // closed when the seeking has ended
}

var _ transport.Seeker = (*connection)(nil)

func (w wire) Connect(addr string, p transport.Peer, name string, o *transport.Options) (transport.Binding, error) {
	_, at, err := transport.Scheme(addr)
	if err != nil {
		return nil, err
	}
	if err := w.scheme.check(at); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &connection{
		host:   host{socket: p, options: o, addr: addr, lane: transport.NewStreamID(), peerName: name},
		scheme: w.scheme,
		at:     at,
		stop:   stop,
		done:   make(chan struct{}),
	}
	go c.seek(ctx)
	return c, nil
}

func (c *connection) Addr() string { return c.addr }

// Seeks marks what has messages wait for a peer while the socket closes.
func (c *connection) Seeks() {}

// Close ends the seeking, and cuts the peer.
func (c *connection) Close() error {
	c.stop()
	<-c.done
	return nil
}

func (c *connection) seek(ctx context.Context) {
	defer close(c.done)
	again := false
	for wait := c.options.ReconnectMin; ; {
		s, err := c.attempt(ctx)
		if err == nil {
			s.attached(again)
			again = true
			start := time.Now()
			err = s.run(ctx)
			if s.flushed() { // the socket is closing, and all is on its way
				return
			}
			if time.Since(start) > wait {
				wait = c.options.ReconnectMin
			}
		}
		if ctx.Err() != nil {
			return
		}
		delay := wait - rand.N(wait/2+1)
		c.observe(transport.Event{Kind: transport.Retrying, Delay: delay, Err: err})
		sleep(ctx, delay)
		if ctx.Err() != nil {
			return
		}
		wait = min(2*wait, c.options.ReconnectMax)
	}
}

// attempt tries to get a peer, once.
func (c *connection) attempt(ctx context.Context) (*session, error) {
	if single, ok := c.socket.(transport.Single); ok && single.Busy() {
		return nil, transport.ErrPeerBusy
	}
	dialing, cancel := context.WithTimeout(ctx, c.options.Handshake)
	defer cancel()
	conn, err := c.scheme.dial(dialing, c.at)
	if err != nil {
		return nil, err
	}
	c.observe(transport.Event{Kind: transport.Connected, Peer: peerName(conn)})
	c.connections++
	return c.meet(ctx, conn, nil)
}
