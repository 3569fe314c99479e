// SPDX-License-Identifier: MIT

package mq

import (
	"errors"
	"sync"

	"github.com/seedmq/mq/internal/transport"
)

// Runtime is a scope of inproc names, and the owner of the sockets made with
// [WithRuntime]. Its methods can be called by many goroutines at once.
type Runtime struct {
	names names

	closing sync.Once

	mu      sync.Mutex // protects the fields below
	closed  bool
	sockets map[*socket]struct{}
}

// defaultRuntime has all sockets made without WithRuntime.
var defaultRuntime = NewRuntime()

// NewRuntime makes an empty runtime. It starts no goroutine.
func NewRuntime() *Runtime {
	return &Runtime{
		names:   names{byName: make(map[string]*name)},
		sockets: make(map[*socket]struct{}),
	}
}

// Close closes all sockets of the runtime; one that is made later is born closed.
// If messages could not be handed over, it returns them all in one
// [UndeliveredError].
func (r *Runtime) Close() error {
	var err error
	r.closing.Do(func() { err = r.close() })
	return opError("close runtime", "", err)
}

func (r *Runtime) close() error {
	r.mu.Lock()
	r.closed = true
	sockets := r.sockets
	r.sockets = make(map[*socket]struct{})
	r.mu.Unlock()

	var all UndeliveredError
	var others []error
	for s := range sockets {
		err := s.Close()
		if u, ok := errors.AsType[*UndeliveredError](err); ok {
			all.Messages = append(all.Messages, u.Messages...)
		} else {
			others = append(others, err)
		}
	}
	if len(all.Messages) > 0 {
		others = append(others, &all)
	}
	return errors.Join(others...)
}

// adopt reports whether the runtime is open to one more socket.
func (r *Runtime) adopt(s *socket) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.sockets[s] = struct{}{}
	}
	return !r.closed
}

func (r *Runtime) forget(s *socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sockets, s)
}

// transport returns who binds and connects addresses like addr.
func (r *Runtime) transport(addr string) (transport.Transport, error) {
	scheme, _, err := transport.Scheme(addr)
	if err != nil {
		return nil, err
	}
	if scheme == "inproc" {
		return &r.names, nil
	}
	return transport.Lookup(scheme)
}
