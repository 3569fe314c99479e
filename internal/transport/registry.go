// SPDX-License-Identifier: MIT

package transport

import (
	"fmt"
	"strings"
	"sync"
)

// Transport brings sockets together under addresses of one scheme.
type Transport interface {
	// Bind makes addr a place where peers find p, until the Binding is closed.
	Bind(addr string, p Peer, o *Options) (Binding, error)
	// Connect seeks the peer that is, or will be, bound to addr. It returns at
	// once, and goes on seeking whenever the peer is lost until the Binding is
	// closed. name is what p, a ROUTER, calls that peer; "" leaves it to the peer.
	Connect(addr string, p Peer, name string, o *Options) (Binding, error)
}

// Binding is the hold of one socket on one address, bound or connected.
type Binding interface {
	// Addr is the address with what the transport resolved in it.
	Addr() string
	// Close lets the address go.
	Close() error
}

// Seeker is a Binding that goes on seeking a remote peer while the socket closes, as
// long as the linger lasts: there may be messages for it.
type Seeker interface {
	Binding
	Seeks()
}

var registry struct {
	mu      sync.Mutex // protects the field below
	schemes map[string]Transport
}

// Register makes a transport known under a scheme, for all runtimes. It panics
// if t is nil or the scheme is taken.
func Register(scheme string, t Transport) {
	if t == nil {
		panic("mq: Register of a nil transport for scheme " + scheme)
	}
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if _, taken := registry.schemes[scheme]; taken {
		panic("mq: Register called twice for scheme " + scheme)
	}
	if registry.schemes == nil {
		registry.schemes = make(map[string]Transport)
	}
	registry.schemes[scheme] = t
}

// Lookup returns the transport of a scheme.
func Lookup(scheme string) (Transport, error) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if t, ok := registry.schemes[scheme]; ok {
		return t, nil
	}
	if scheme == "tcp" || scheme == "ipc" {
		return nil, fmt.Errorf(`%w: import _ "github.com/seedmq/mq/net" for %s`, ErrNoTransport, scheme)
	}
	return nil, fmt.Errorf("%w: %q", ErrNoTransport, scheme)
}

// Scheme cuts an address into its scheme and the rest.
func Scheme(addr string) (scheme, rest string, err error) {
	scheme, rest, ok := strings.Cut(addr, "://")
	switch {
	case !ok || scheme == "":
		return "", "", fmt.Errorf("%w: want scheme://..., such as inproc://name", ErrBadAddr)
	case rest == "":
		return "", "", fmt.Errorf("%w: nothing after %s://", ErrBadAddr, scheme)
	}
	return scheme, rest, nil
}
