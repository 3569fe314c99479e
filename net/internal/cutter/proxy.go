// SPDX-License-Identifier: MIT

package cutter

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"
)

// patience is how long Listen tries to get an address back.
const patience = 5 * time.Second

// Proxy accepts connections and forwards each to a connection of its own to the
// target. Its methods may be called by multiple goroutines simultaneously.
type Proxy struct {
	network, addr string
	dial          func(context.Context) (net.Conn, error)
	wg            sync.WaitGroup // all goroutines of the proxy

	mu       sync.Mutex   // protects the fields below
	listener net.Listener // nil while it does not listen
	plan     func(n int) Plan
	links    []*link // all that were accepted, in order
	refuse   bool
	refused  int
	closed   bool
}

// New returns a proxy that listens at listenAddr, such as "127.0.0.1:0" on network
// "tcp" or a path on network "unix", and forwards to targetAddr. The target is
// connected anew for each connection; if that fails, the connection is reset.
func New(network, listenAddr, targetNetwork, targetAddr string) (*Proxy, error) {
	listener, err := net.Listen(network, listenAddr)
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		network: network,
		addr:    listener.Addr().String(),
		dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, targetNetwork, targetAddr)
		},
		listener: listener,
	}
	p.wg.Go(func() { p.serve(listener) })
	return p, nil
}

// Addr is the address to connect to, with its port resolved. It stays the same.
func (p *Proxy) Addr() string { return p.addr }

// SetPlan lets plan decide about each connection accepted from now on; n counts
// all that were accepted, from 0. A nil plan forwards everything.
func (p *Proxy) SetPlan(plan func(n int) Plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plan = plan
}

// Connections is the number of connections accepted so far. Refused ones are not
// among them.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// Active is the number of connections that are forwarded now, black holes
// included.
func (p *Proxy) Active() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	active := 0
	for _, l := range p.links {
		if l.open.Err() == nil {
			active++
		}
	}
	return active
}

// Bytes is how much was forwarded through connection n, also after its end. A byte
// that its receiver has read is counted.
func (p *Proxy) Bytes(n int) (up, down int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.links[n]
	return l.up.Load(), l.down.Load()
}

// Cut breaks all present connections and returns when nothing is forwarded any
// more and, but for a [Blackhole], their peers have been told. [HalfClose] is the
// same as [FIN] here.
func (p *Proxy) Cut(how Break) {
	p.mu.Lock()
	links := slices.Clone(p.links)
	p.mu.Unlock()
	for _, l := range links {
		l.cut(how)
	}
	for _, l := range links {
		switch {
		case how != Blackhole:
			<-l.told
		case l.joined():
			<-l.still
		}
	}
}

// Refuse makes the proxy close new connections at once, or no longer do so.
func (p *Proxy) Refuse(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

// Refused is the number of connections that were closed because of Refuse.
func (p *Proxy) Refused() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}

// StopListening lets nobody listen at the address: the kernel refuses new
// connections. Present ones stay.
func (p *Proxy) StopListening() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
}

// Listen listens at the same address again after StopListening. If another program
// has it in the meantime, Listen waits some seconds for it.
func (p *Proxy) Listen() error {
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		err := p.listen()
		if err == nil || errors.Is(err, net.ErrClosed) || time.Now().After(deadline) {
			return err
		}
	}
}

func (p *Proxy) listen() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	if p.listener != nil {
		return nil
	}
	listener, err := net.Listen(p.network, p.addr)
	if err != nil {
		return err
	}
	p.listener = listener
	p.wg.Go(func() { p.serve(listener) })
	return nil
}

// Close stops listening, resets the connections that are left, and returns when no
// goroutine of the proxy is alive.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.StopListening()
	p.Cut(RST)
	p.wg.Wait()
}

// serve accepts until the listener is closed.
func (p *Proxy) serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		switch {
		case err == nil:
			p.accept(conn)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			time.Sleep(10 * time.Millisecond) // out of file descriptors, for one
		}
	}
}

func (p *Proxy) accept(conn net.Conn) {
	p.mu.Lock()
	if p.refuse || p.closed {
		p.refused++
		p.mu.Unlock()
		_ = conn.Close()
		return
	}
	l := newLink(conn)
	n, plan := len(p.links), p.plan
	p.links = append(p.links, l)
	p.mu.Unlock()
	if plan != nil {
		l.plan = plan(n)
	}
	p.wg.Go(func() { l.run(p.dial) })
}
