// SPDX-License-Identifier: MIT

package mq

import (
	"runtime"

	"github.com/seedmq/mq/internal/transport"
)

// Inproc is the transport of a runtime's names.
func Inproc(r *Runtime) transport.Transport { return &r.names }

// Census counts what a runtime holds on to: names that somebody is bound or
// connected to, connections put off, and sockets that are not closed.
func Census(r *Runtime) (names, putOff, sockets int) {
	r.names.mu.Lock()
	names, putOff = len(r.names.byName), len(r.names.putOff)
	r.names.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	return names, putOff, len(r.sockets)
}

// Ends is the number of links that a socket holds on to.
func Ends(s Socket) int { return len(s.(interface{ allEnds() []*transport.End }).allEnds()) }

// HoldTurn stops whoever is about to look at, or to change, whose turn it is.
func HoldTurn(r Req) (release func()) {
	r.(*req).turn.Lock()
	return r.(*req).turn.Unlock
}

// OnCollect calls f once the memory of a PUSH is free.
func OnCollect(s Socket, f func()) {
	runtime.AddCleanup(s.(*push), func(f func()) { f() }, f)
}
