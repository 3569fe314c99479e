// SPDX-License-Identifier: MIT

package mq

import (
	"container/list"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/seedmq/mq/internal/transport"
)

// names is the transport inproc: the names of one runtime, and who has bound or
// connected to them. A connection that has no link yet, or no more, gets one as
// soon as its name is bound and both sides are free.
//
// Locks: names.mu, then a link's, then a socket's. So a link is joined under
// names.mu, and ended without it: ending one calls down, which locks it.
type names struct {
	mu     sync.Mutex // protects the fields below, and those of name and connection
	byName map[string]*name
	putOff []*connection // bound at both ends, but one is a PAIR with another peer
}

// name is one inproc address, as long as somebody holds on to it.
type name struct {
	bound      transport.Peer // nil if nobody is
	connectors list.List      // of *connection, in the order they came
}

// maxName is ZeroMQ's limit (D-INP-12), in bytes.
const maxName = 256

func (n *names) Bind(addr string, p transport.Peer, _ *transport.Options) (transport.Binding, error) {
	if err := checkName(addr); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	at := n.at(addr)
	if at.bound != nil {
		return nil, ErrAddrInUse
	}
	for e := at.connectors.Front(); e != nil; e = e.Next() {
		if c := e.Value.(*connection); c.peer == p || !c.peer.Kind().Fits(p.Kind()) {
			return nil, incompatible(p, c.peer)
		}
	}
	at.bound = p
	for e := at.connectors.Front(); e != nil; e = e.Next() {
		// A link that is still there leads to who was bound here before.
		if c := e.Value.(*connection); c.link == nil {
			n.linkLocked(c)
		}
	}
	return &binding{names: n, addr: addr}, nil
}

func (n *names) Connect(addr string, p transport.Peer, peerName string, _ *transport.Options) (transport.Binding, error) {
	if err := checkName(addr); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	at := n.at(addr)
	c := &connection{names: n, addr: addr, peer: p, peerName: peerName}
	c.place = at.connectors.PushBack(c)
	if at.bound == nil {
		return c, nil
	}
	// A socket that is just closing is as good as absent.
	if err := n.linkLocked(c); err != nil && !errors.Is(err, ErrClosed) {
		n.forgetLocked(c)
		if errors.Is(err, ErrIncompatible) {
			err = incompatible(p, at.bound)
		}
		return nil, err
	}
	return c, nil
}

// at returns the name of an address.
func (n *names) at(addr string) *name {
	at := n.byName[addr]
	if at == nil {
		at = &name{}
		n.byName[addr] = at
	}
	return at
}

// tidyLocked lets a name go that nobody holds on to.
func (n *names) tidyLocked(addr string) {
	if at := n.byName[addr]; at.bound == nil && at.connectors.Len() == 0 {
		delete(n.byName, addr)
	}
}

// linkLocked joins a connection without link to whom is bound at its name.
func (n *names) linkLocked(c *connection) error {
	link, err := transport.Join(c.peer, n.byName[c.addr].bound, c.peerName, c.down)
	if err != nil {
		if errors.Is(err, ErrPeerBusy) && !slices.Contains(n.putOff, c) {
			n.putOff = append(n.putOff, c)
		}
		return err
	}
	c.link = link
	return nil
}

// forgetLocked ends the seeking of c.
func (n *names) forgetLocked(c *connection) {
	if at := n.byName[c.addr]; at != nil {
		at.connectors.Remove(c.place)
		n.tidyLocked(c.addr)
	}
	n.putOff = slices.DeleteFunc(n.putOff, func(o *connection) bool { return o == c })
}

// binding is the hold of a bound socket on its name.
type binding struct {
	names *names
	addr  string
}

func (b *binding) Addr() string { return b.addr }

// Close frees the name. The links made through it stay (D-INP-07).
func (b *binding) Close() error {
	b.names.mu.Lock()
	defer b.names.mu.Unlock()
	b.names.byName[b.addr].bound = nil
	b.names.tidyLocked(b.addr)
	return nil
}

// connection is the hold of a connected socket on a name.
type connection struct {
	names *names
	addr  string
	peer  transport.Peer

	peerName string // what peer, a ROUTER, calls who is there; "" leaves it to them

	place *list.Element   // among the connectors of its name; protected by names.mu
	link  *transport.Link // nil while seeking; protected by names.mu
	ended bool            // Close was called; protected by names.mu
}

func (c *connection) Addr() string { return c.addr }

// Close ends the seeking, and the link if there is one.
func (c *connection) Close() error {
	c.names.mu.Lock()
	c.ended = true
	c.names.forgetLocked(c)
	link := c.link
	c.names.mu.Unlock()
	if link != nil {
		link.Unlink()
	}
	return nil
}

// down is called when the link has ended. The connection seeks again; and as one
// side may have been a PAIR, those that were put off find it free.
func (c *connection) down() {
	n := c.names
	n.mu.Lock()
	defer n.mu.Unlock()
	c.link = nil
	if !c.ended && n.byName[c.addr].bound != nil { // or who binds the name finds it
		n.putOff = append(n.putOff, c)
	}
	n.freedLocked()
}

// freed is called when a PAIR has perhaps lost a peer that it had elsewhere.
func (n *names) freed() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.freedLocked()
}

func (n *names) freedLocked() {
	waiting := n.putOff
	n.putOff = nil
	for _, w := range waiting {
		// One that was put off may have got a link since.
		if w.link == nil && n.byName[w.addr].bound != nil {
			n.linkLocked(w)
		}
	}
}

func checkName(addr string) error {
	_, rest, err := transport.Scheme(addr)
	if err != nil {
		return err
	}
	if len(rest) > maxName {
		return fmt.Errorf("%w: name of %d bytes, want at most %d", ErrBadAddr, len(rest), maxName)
	}
	return nil
}

func incompatible(p, other transport.Peer) error {
	if p == other {
		return fmt.Errorf("%w: a socket cannot be its own peer", ErrIncompatible)
	}
	return fmt.Errorf("%w: %v does not talk to %v", ErrIncompatible, p.Kind(), other.Kind())
}
