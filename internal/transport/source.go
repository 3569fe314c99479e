// SPDX-License-Identifier: MIT

package transport

// Source is the right of one inbox to take from one queue: the receiving half of
// a link.
type Source struct {
	End *End // the receiver's end of the link; read-only

	queue *Queue // read-only
	in    *Inbox // read-only

	ready   bool // in the list of the inbox; protected by the lock of in
	removed bool // no source of the inbox any more; protected by the lock of in
	idle    bool // in the list of the queue; protected by queue.mu
	dropped bool // no taker of the queue any more; protected by queue.mu

	next, prev *Source // in the circle of the list it is in, under that list's lock
}

// sourceList is a circle of sources through their own fields: a source is in at most
// one. The one before the first is the last.
type sourceList struct{ first *Source }

// push puts s at the end.
func (l *sourceList) push(s *Source) {
	if l.first == nil {
		l.first, s.next, s.prev = s, s, s
		return
	}
	s.next, s.prev = l.first, l.first.prev
	s.next.prev, s.prev.next = s, s
}

// rotate makes the first the last.
func (l *sourceList) rotate() { l.first = l.first.next }

func (l *sourceList) remove(s *Source) {
	if s.next == s {
		l.first = nil
	} else {
		s.prev.next, s.next.prev = s.next, s.prev
		if l.first == s {
			l.first = s.next
		}
	}
	s.next, s.prev = nil, nil
}
