// SPDX-License-Identifier: MIT

package transport

import (
	"container/list"
	"sync"
)

// Borrower is a Peer that tells how far it is with what it was sent: a PULL.
type Borrower interface {
	Peer
	Receipts() *Receipts
}

// Keeper is a Peer that stands for a remote one, which may have what was not received.
type Keeper interface {
	Peer
	// Keeps reports whether it has all that its queue holds, and gives it to others.
	Keeps() bool
}

// Receipts is how far one PULL is with each remote PUSH: a [Receipt] for each lane. Those
// whose connection has ended are kept, because the PUSH may come back: the last keepGone of
// them.
type Receipts struct {
	mu    sync.Mutex // protects the fields below, and all of a Slip
	slips map[string]*Slip
	gone  list.List // of *Slip, those without a connection, longest first
}

const keepGone = 1024

// Slip is a [Receipt] and who has it.
type Slip struct {
	all     *Receipts
	name    string
	receipt Receipt
	attempt uint64        // the last connection that had it
	owner   Account       // nil while there is no connection
	place   *list.Element // in gone, while there is none
}

// Acquire returns the slip of a lane, that belongs to owner until Release, or who has it
// now.
func (r *Receipts) Acquire(name string, attempt uint64, owner Account) (*Slip, Account, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.slips[name]
	if s == nil {
		s = &Slip{all: r, name: name, receipt: newReceipt()}
		if r.slips == nil {
			r.slips = make(map[string]*Slip)
		}
		r.slips[name] = s
	}
	switch {
	case attempt <= s.attempt:
		return nil, nil, ErrStale
	case s.owner != nil:
		return nil, s.owner, nil
	}
	s.owner, s.attempt = owner, attempt
	if s.place != nil {
		r.gone.Remove(s.place)
		s.place = nil
	}
	return s, nil, nil
}

// Progress is how far the PULL is, as far as that is known here.
func (s *Slip) Progress() Progress {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	return s.receipt.Progress
}

// Start begins or goes on with a stream.
func (s *Slip) Start(stream StreamID, from uint64) error {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	return s.receipt.start(stream, from)
}

// Note returns what the application confirms a message of this stream with.
func (s *Slip) Note(stream StreamID, number uint64, again bool) *Note {
	return &Note{Again: again, Confirm: func() { s.confirm(stream, number) }}
}

func (s *Slip) confirm(stream StreamID, number uint64) {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	if s.receipt.Stream == stream && s.receipt.confirm(number) && s.owner != nil {
		s.owner.Look()
	}
}

// Release notes how far the PULL came with the connection that has ended, and gives the
// slip up. If the application does not confirm, all that was delivered is done.
func (s *Slip) Release(delivered uint64, confirms bool) {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	s.receipt.Delivered = delivered
	if !confirms {
		s.receipt.Done = delivered
	}
	s.owner = nil
	s.place = s.all.gone.PushBack(s)
	if s.all.gone.Len() > keepGone {
		oldest := s.all.gone.Remove(s.all.gone.Front()).(*Slip)
		delete(s.all.slips, oldest.name)
	}
}
