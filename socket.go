// SPDX-License-Identifier: MIT

package mq

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/seedmq/mq/internal/ring"
	"github.com/seedmq/mq/internal/transport"
)

// socket is what all patterns have in common: addresses, peers, and closing. A
// pattern embeds it, and overrides the methods of transport.Peer that it cares
// about.
type socket struct {
	kind    transport.Kind
	config  config
	pattern pattern         // who embeds this; read-only
	in      transport.Inbox // unused by kinds that do not receive
	lost    atomic.Uint64   // for Stats.Dropped: messages to or from one peer that nobody will get
	again   atomic.Uint64   // for Stats.Reconnects

	changed ring.Lot // goroutines that wait for peers or subscribers

	closing sync.Once

	closed atomic.Bool // no call goes on; set under mu, read with or without

	mu        sync.Mutex                   // protects the fields below
	sealed    bool                         // no peer comes any more
	bound     []bound                      // in the order they were bound
	connected map[string]transport.Binding // by address; nil while Connect is at work
	ends      map[*transport.End]bool      // our ends of the links; true when ready
}

// bound is one address of a socket.
type bound struct {
	asked   string // what Bind was given
	binding transport.Binding
}

// pattern is what a socket asks of the type that embeds it.
type pattern interface {
	transport.Peer
	// shut lets no Send go on. What was sent stays for peers that have come or may come.
	shut()
	// awaits reports whether a remote peer may come, or come back, for what is left.
	awaits() bool
	// recollect takes back, and gives back, what was handed out and not confirmed.
	recollect()
	// closeOut returns what no peer can take any more.
	closeOut() []transport.Msg
	// count fills in what only the pattern knows.
	count(*Stats)
}

// init makes the socket of p, which belongs to the runtime of the options.
func (s *socket) init(kind transport.Kind, p pattern, opts []Option) {
	s.kind = kind
	s.pattern = p
	s.config = newConfig(opts)
	s.in.Yield = kind != transport.Sub && kind != transport.XSub
	s.connected = make(map[string]transport.Binding)
	s.ends = make(map[*transport.End]bool)
}

// open lets the runtime know of the socket, once the pattern is ready to close.
func (s *socket) open() {
	if !s.config.runtime.adopt(s) {
		s.Close()
	}
}

func (s *socket) ours() transport.Kind { return s.kind }

func (s *socket) Bind(addr string) error { return opError("bind", addr, s.bind(addr)) }

func (s *socket) bind(addr string) error {
	t, options, err := s.transport(addr)
	if err != nil {
		return err
	}
	b, err := t.Bind(addr, s.pattern, options)
	if err != nil {
		return err
	}
	s.mu.Lock()
	closed := s.closed.Load()
	if !closed {
		s.bound = append(s.bound, bound{addr, b})
	}
	s.mu.Unlock()
	if closed {
		b.Close()
		return ErrClosed
	}
	return nil
}

func (s *socket) Connect(addr string) error { return opError("connect", addr, s.connect(addr, "")) }

// connect has the peer at addr known here as name, unless that is "".
func (s *socket) connect(addr, name string) error {
	t, options, err := s.transport(addr)
	if err != nil {
		return err
	}
	s.mu.Lock()
	_, already := s.connected[addr]
	if !already {
		s.connected[addr] = nil
	}
	s.mu.Unlock()
	switch {
	case already && name != "":
		return fmt.Errorf("%w: connected already, Disconnect first", ErrAddrInUse)
	case already:
		return nil
	}
	b, err := t.Connect(addr, s.pattern, name, options)
	s.mu.Lock()
	closed := s.closed.Load()
	if err != nil || closed {
		delete(s.connected, addr)
	} else {
		s.connected[addr] = b
	}
	s.mu.Unlock()
	if err == nil && closed {
		b.Close()
		return ErrClosed
	}
	return err
}

// transport returns who serves addr, for a socket that is not closed, and what it has to
// know of the socket; nil if that is nothing, as inproc.
func (s *socket) transport(addr string) (transport.Transport, *transport.Options, error) {
	if s.closed.Load() {
		return nil, nil, ErrClosed
	}
	names := &s.config.runtime.names
	t, err := s.config.runtime.transport(addr)
	if err != nil || t == transport.Transport(names) {
		return t, nil, err
	}
	options := *s.config.wire
	options.Observe, options.Freed = s.observe, names.freed
	return t, &options, nil
}

func (s *socket) Unbind(addr string) error {
	s.mu.Lock()
	closed := s.closed.Load()
	i := slices.IndexFunc(s.bound, func(b bound) bool {
		return b.asked == addr || b.binding.Addr() == addr
	})
	var b transport.Binding
	if i >= 0 && !closed { // closing lets go of all
		b = s.bound[i].binding
		s.bound = slices.Delete(s.bound, i, i+1)
	}
	s.mu.Unlock()
	return opError("unbind", addr, letGo(b, closed, "bound"))
}

func (s *socket) Disconnect(addr string) error {
	s.mu.Lock()
	closed := s.closed.Load()
	b := s.connected[addr]
	if b != nil && !closed {
		delete(s.connected, addr)
	}
	s.mu.Unlock()
	return opError("disconnect", addr, letGo(b, closed, "connected"))
}

func letGo(b transport.Binding, closed bool, held string) error {
	switch {
	case closed:
		return ErrClosed
	case b == nil:
		return fmt.Errorf("%w: not %s here", ErrBadAddr, held)
	}
	return b.Close()
}

func (s *socket) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.bound) == 0 {
		return ""
	}
	return s.bound[len(s.bound)-1].binding.Addr()
}

func (s *socket) WaitPeers(ctx context.Context, n int) error {
	return s.wait(ctx, "wait for peers", func() bool { return s.peers() >= n })
}

// wait blocks until ok. Whoever changes what ok looks at wakes s.changed.
func (s *socket) wait(ctx context.Context, op string, ok func() bool) error {
	if ctx == nil {
		return nilContext(op)
	}
	err := ctx.Err()
	for err == nil {
		w := s.changed.Enter()
		closed := s.closed.Load()
		if closed || ok() {
			s.changed.Leave(w) // every change wakes all, so no wake-up is passed on
			if closed {
				err = ErrClosed
			}
			break
		}
		_, _, err = s.changed.Wait(ctx, w)
	}
	return opError(op, "", err)
}

func (s *socket) peers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, ready := range s.ends {
		if ready {
			n++
		}
	}
	return n
}

func (s *socket) Stats() Stats {
	stats := Stats{
		Dropped: s.lost.Load(),
		Pending: s.in.Pending(),
		Peers:   s.peers(),

		Reconnects: s.again.Load(),
	}
	s.pattern.count(&stats)
	stats.Received += s.in.Taken() // after what count takes off, which is part of it
	return stats
}

// The methods of transport.Peer, as they are for a pattern that does not care.

func (s *socket) Kind() transport.Kind { return s.kind }

func (s *socket) RoutingID() string { return s.config.routingID }

func (s *socket) HWM() (send, recv int) { return s.config.sendHWM, s.config.recvHWM }

func (s *socket) Inbox() *transport.Inbox { return &s.in }

func (s *socket) Attach(e *transport.End) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sealed {
		return ErrClosed
	}
	s.ends[e] = false
	return nil
}

func (s *socket) Ready(e *transport.End) {
	s.mu.Lock()
	s.ends[e] = true
	s.mu.Unlock()
	s.changed.WakeAll()
}

func (s *socket) Detach(e *transport.End) {
	s.mu.Lock()
	delete(s.ends, e)
	s.mu.Unlock()
	s.changed.WakeAll()
}

func (s *socket) Subscription(*transport.End, string, bool) {}

func (s *socket) Missed(n int) { s.lost.Add(uint64(n)) }

func (s *socket) Taken(*transport.End, transport.Msg) bool { return true }

func (s *socket) Answer(*transport.End, [][]byte, transport.Msg) (his, wanted bool) {
	return false, false
}

func (s *socket) Returned(*transport.End, []transport.Msg) {}

// The methods of pattern, likewise.

func (s *socket) shut() {}

func (s *socket) awaits() bool { return s.seeks() && s.Stats().Queued > 0 }

func (s *socket) recollect() {}

func (s *socket) closeOut() []transport.Msg { return nil }
