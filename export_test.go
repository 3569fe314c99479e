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

// Wishes is what an XPUB has to receive, as if all came from one peer.
type Wishes struct{ queue wishes }

// NewWishes makes an empty one.
func NewWishes(limit int) *Wishes { return &Wishes{wishes{limit: limit}} }

// Add puts a wish at the end, or leaves it out.
func (w *Wishes) Add(prefix string, on, turn bool) {
	w.queue.add(wish{topic: topic{prefix: prefix}, on: on, turn: turn})
}

// Take takes the first.
func (w *Wishes) Take() (m Message, ok bool) {
	first, ok := w.queue.take()
	if ok {
		m = first.message()
	}
	return m, ok
}

// Len is how many wait, and topics about how much.
func (w *Wishes) Len() (wishes, topics int) { return w.queue.len(), len(w.queue.about) }

// Calls counts the requests of Do that r has under way, and what it keeps for later ones.
func Calls(r Req) (underWay, spare int) {
	s := &r.(*req).calls
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID.n, len(s.spare)
}

// SetNextCall sets the id of the next request of Do. There has been one before.
func SetNextCall(r Req, id uint32) {
	s := &r.(*req).calls
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = id
}
