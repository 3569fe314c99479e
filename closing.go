// SPDX-License-Identifier: MIT

package mq

import (
	"context"
	"sync"

	"github.com/seedmq/mq/internal/transport"
)

func (s *socket) Close() error {
	var err error
	s.closing.Do(func() { err = s.close() })
	return opError("close", "", err)
}

// close goes from the inside out: first no call goes on, then remote peers get the
// linger to take what is theirs, then nobody finds the socket, then its peers lose it.
func (s *socket) close() error {
	s.mu.Lock()
	s.closed.Store(true)
	s.mu.Unlock()
	flushed := make(map[*transport.End]bool) // ends that lead to remote peers; true for those that had their time
	for _, e := range unflushed(s.allEnds(), nil) {
		flushed[e] = false // so that it is not forgotten if it goes
		e.Stop()           // what came so far can be handed back, and no more comes
	}
	s.pattern.shut()
	var rest []transport.Msg
	s.in.Close(func(from *transport.Source, msgs []transport.Msg) {
		keeper, remote := from.End.Far.Peer.(transport.Keeper)
		switch {
		case remote && keeper.Keeps():
		case from.End.Far.Peer.Kind().Lossless():
			rest = append(rest, msgs...)
		default:
			s.lost.Add(uint64(len(msgs)))
		}
	})
	s.changed.WakeAll()

	ctx, cancel := context.WithTimeout(context.Background(), s.config.linger)
	defer cancel()
	s.bringAway(ctx, flushed)
	ends, held := s.seal()
	flush(ctx, unflushed(ends, flushed), flushed)
	s.pattern.recollect()
	for e := range flushed {
		rest = append(rest, e.Reclaim()...)
	}
	rest = append(rest, s.pattern.closeOut()...)
	for _, b := range held {
		b.Close()
	}
	for _, e := range ends {
		e.Unlink()
	}
	s.config.runtime.forget(s)
	return undelivered(rest)
}

// bringAway waits until what is queued is on its way to remote peers: those that are
// here, and, while a connection seeks one, those that come.
func (s *socket) bringAway(ctx context.Context, flushed map[*transport.End]bool) {
	for ctx.Err() == nil {
		w := s.changed.Enter()
		ends := unflushed(s.allEnds(), flushed)
		if len(ends) == 0 && s.pattern.awaits() {
			s.changed.Wait(ctx, w)
			continue
		}
		s.changed.Leave(w)
		if len(ends) == 0 {
			return
		}
		flush(ctx, ends, flushed)
	}
}

// seeks reports whether a connection goes on seeking a remote peer.
func (s *socket) seeks() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.connected {
		if _, ok := b.(transport.Seeker); ok {
			return true
		}
	}
	return false
}

// seal lets no peer come any more. It returns those that are here, and the addresses.
func (s *socket) seal() (ends []*transport.End, held []transport.Binding) {
	s.mu.Lock()
	s.sealed = true
	for _, b := range s.bound {
		held = append(held, b.binding)
	}
	for _, b := range s.connected {
		if b != nil {
			held = append(held, b)
		}
	}
	s.bound = nil
	clear(s.connected)
	s.mu.Unlock()
	return s.allEnds(), held
}

func (s *socket) allEnds() []*transport.End {
	s.mu.Lock()
	defer s.mu.Unlock()
	ends := make([]*transport.End, 0, len(s.ends))
	for e := range s.ends {
		ends = append(ends, e)
	}
	return ends
}

// unflushed returns the ends that lead to remote peers which have not had their time.
func unflushed(ends []*transport.End, flushed map[*transport.End]bool) (those []*transport.End) {
	for _, e := range ends {
		if _, remote := e.Far.Peer.(transport.Flusher); remote && !flushed[e] {
			those = append(those, e)
		}
	}
	return those
}

// flush lets remote peers take what is queued for them, all at the same time.
func flush(ctx context.Context, ends []*transport.End, flushed map[*transport.End]bool) {
	var all sync.WaitGroup
	for _, e := range ends {
		flushed[e] = true
		all.Go(func() { e.Far.Peer.(transport.Flusher).Flush(ctx) })
	}
	all.Wait()
}
