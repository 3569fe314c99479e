// SPDX-License-Identifier: MIT

package transport

// Source is the right of one inbox to take from one queue: the receiving half of
// a link.
type Source struct {
	End *End // the receiver's end of the link; read-only

	queue *Queue // read-only
	in    *Inbox // read-only

	ready   bool // in the list of the inbox; protected by the lock of in
	ended   bool // its link is down: what it has comes before all others; protected by the lock of in
	held    bool // in neither list, see limit.go; protected by the lock of in
	removed bool // no source of the inbox any more; protected by the lock of in
	idle    bool // in the list of the queue; protected by queue.mu
	called  bool // counts in queue.called; protected by queue.mu
	dropped bool // no taker of the queue any more; protected by queue.mu

	next, prev *Source // in the list it is in, under that list's lock
}

// sourceList is a list of sources through their own fields: a source is in at
// most one.
type sourceList struct{ first, last *Source }

func (l *sourceList) push(s *Source) {
	s.prev, s.next = l.last, nil
	if l.last == nil {
		l.first = s
	} else {
		l.last.next = s
	}
	l.last = s
}

// pushEnded puts an ended source behind the other ended ones, which are in front.
func (l *sourceList) pushEnded(s *Source) {
	next := l.first
	for next != nil && next.ended {
		next = next.next
	}
	if next == nil {
		l.push(s)
		return
	}
	s.prev, s.next = next.prev, next
	next.prev = s
	if s.prev == nil {
		l.first = s
	} else {
		s.prev.next = s
	}
}

func (l *sourceList) remove(s *Source) {
	if s.prev == nil {
		l.first = s.next
	} else {
		s.prev.next = s.next
	}
	if s.next == nil {
		l.last = s.prev
	} else {
		s.next.prev = s.prev
	}
	s.next, s.prev = nil, nil
}
