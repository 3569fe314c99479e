// SPDX-License-Identifier: MIT

package transport

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Lender is a Peer that takes back what a worker had and did not confirm: a PUSH.
type Lender interface {
	Peer
	Ledger() *Ledger
}

// Account is a session that has a lane of a ledger or of receipts.
type Account interface {
	// Cut ends the session soon. Ended is closed when it has given up its lane.
	CutOff()
	Ended() <-chan struct{}
	// Look has the session see whether there is something to do, or nothing any more.
	Look()
}

// Ledger is what one PUSH has handed out and nobody has confirmed: to each remote PULL a
// [Tab], and what local ones were lent. What a worker gives back, or loses, is the next to
// go to others.
//
// A lane is what one Connect has brought together, over all its connections; who connects
// has made up its name. A connection has its lane alone: a new one waits until the old one
// has given it up, and one that is older than the last is refused. A lane without one is kept for the time of grace, because the PULL may
// come back, and beyond that as long as there is nobody else to take the messages.
type Ledger struct {
	queue *Queue        // read-only
	grace time.Duration // read-only

	open   atomic.Int64  // messages in all tabs and loans
	held   atomic.Int64  // messages that sessions take, and that are not in the books yet
	resent atomic.Uint64 // messages that were sent, or lent, once more
	blind  atomic.Uint64 // messages written to peers that confirm nothing

	mu      sync.Mutex // protects the fields below; taken before that of a queue or an inbox
	lanes   map[string]*Lane
	made    uint64 // lanes
	closing bool   // no more is sent than there is
	closed  bool
}

// Lane is a [Tab] and who has it.
type Lane struct {
	ledger  *Ledger
	name    string
	serial  uint64 // in the order in which they came
	tab     Tab
	attempt uint64      // the last connection that had it
	owner   Account     // nil while there is no connection
	grace   *time.Timer // runs while there is none
	late    bool        // it has run out
	rest    []Msg       // what End has left for GiveBack
}

// ErrStale is for a connection that comes to a lane after a later one.
var ErrStale = errors.New("mq: a later connection is here already")

// NewLedger makes the ledger of a PUSH with this queue.
func NewLedger(q *Queue, grace time.Duration) *Ledger {
	return &Ledger{queue: q, grace: grace}
}

// Acquire returns a lane that belongs to owner until Release, or who has it now.
func (l *Ledger) Acquire(name string, attempt uint64, owner Account) (*Lane, Account, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.lanes[name]
	if n == nil {
		l.made++
		n = &Lane{ledger: l, name: name, serial: l.made}
		if l.lanes == nil {
			l.lanes = make(map[string]*Lane)
		}
		l.lanes[name] = n
	}
	switch {
	case attempt <= n.attempt:
		return nil, nil, ErrStale
	case n.owner != nil:
		return nil, n.owner, nil
	}
	if n.grace != nil {
		n.grace.Stop()
	}
	n.owner, n.attempt, n.grace, n.late = owner, attempt, nil, false
	l.collectLocked() // for others that are late
	return n, nil, nil
}

// Resume finds out how to go on with a PULL that says how far it is: in its stream, or from
// the beginning of another. again is what it has to be sent once more.
func (n *Lane) Resume(p Progress) (stream StreamID, from uint64, again []Msg, err error) {
	l := n.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	ok, confirmed, err := n.tab.resume(p)
	if err != nil {
		return stream, 0, nil, err
	}
	if !ok {
		l.giveBackLocked(n.tab.begin(NewStreamID(), p.Stream, unknown))
		return n.tab.stream, 1, nil, nil
	}
	l.settledLocked(confirmed)
	if p.Stream != n.tab.stream {
		p.Delivered = 0
	}
	again = append(again, n.tab.open()[p.Delivered-n.tab.done:]...)
	l.resent.Add(uint64(len(again)))
	return n.tab.stream, p.Delivered + 1, again, nil
}

// Sent is the number of the last message.
func (n *Lane) Sent() uint64 {
	n.ledger.mu.Lock()
	defer n.ledger.mu.Unlock()
	return n.tab.sent()
}

// Add notes messages that are about to be sent. It reports false if the PULL takes no more;
// then they go to others.
func (n *Lane) Add(msgs []Msg) bool {
	l := n.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.tab.stream == (StreamID{}) {
		n.giveBackLocked(msgs)
		return false
	}
	n.tab.add(msgs)
	l.open.Add(int64(len(msgs)))
	for _, m := range msgs {
		l.countLocked(m)
	}
	return true
}

func (l *Ledger) countLocked(m Msg) {
	if note := m.Note(); note != nil && note.Again {
		l.resent.Add(1)
	}
}

// Confirm notes what the PULL is done with.
func (n *Lane) Confirm(done uint64) error {
	l := n.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	confirmed, err := n.tab.confirm(done)
	l.settledLocked(confirmed)
	return err
}

// End is for a PULL that takes no more: what it is not done with goes to others. If somebody
// may hold messages that come behind those, and are not in the books yet, all go together:
// with Add, GiveBack, or Release.
func (n *Lane) End(done, delivered uint64, holding bool) error {
	l := n.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	confirmed, err := n.tab.confirm(done)
	l.settledLocked(confirmed)
	if err != nil {
		return err
	}
	n.rest = append(n.rest, n.tab.end(delivered)...)
	if !holding {
		n.giveBackLocked(nil)
	}
	return nil
}

// GiveBack is for those who hold nothing any more.
func (n *Lane) GiveBack() {
	l := n.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	n.giveBackLocked(nil)
}

// giveBackLocked gives to others what End has left, and behind that messages that are in no
// book.
func (n *Lane) giveBackLocked(held []Msg) {
	l := n.ledger
	l.open.Add(int64(len(held)))
	l.giveBackLocked(append(n.rest, held...))
	n.rest = nil
}

// Release gives the lane up, because the connection has ended.
func (n *Lane) Release() {
	l := n.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	n.giveBackLocked(nil)
	n.owner = nil
	if !l.closed {
		attempt := n.attempt
		n.grace = time.AfterFunc(l.grace, func() { n.expire(attempt) })
	}
}

// expire ends the time of grace after a connection.
func (n *Lane) expire(attempt uint64) {
	l := n.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.owner != nil || n.grace == nil || n.attempt != attempt {
		return // it came back at the last moment
	}
	n.late = true
	l.collectLocked()
}

// Collect gives to others what has waited long enough, if there are others. It is called
// when there may be more of them.
func (l *Ledger) Collect() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.collectLocked()
}

func (l *Ledger) collectLocked() {
	for name, n := range l.lanes {
		if n.late && (len(n.tab.open()) == 0 || l.othersLocked()) {
			delete(l.lanes, name)
			l.giveBackLocked(n.tab.end(unknown))
		}
	}
}

// othersLocked reports whether somebody could take what is given back. A connection that has
// not said yet whose it is does not count: it may be the PULL that is waited for.
func (l *Ledger) othersLocked() bool {
	for _, n := range l.lanes {
		if n.owner != nil {
			return true
		}
	}
	return l.queue.hasFree()
}

// giveBackLocked puts messages at the front of the queue.
func (l *Ledger) giveBackLocked(msgs []Msg) {
	l.queue.PutBack(msgs)
	l.settledLocked(len(msgs))
	if l.closing && len(msgs) > 0 {
		l.lookLocked()
	}
}

// settledLocked counts messages that are not open any more.
func (l *Ledger) settledLocked(n int) {
	if l.open.Add(int64(-n)) == 0 && l.closing {
		l.lookLocked()
	}
}

func (l *Ledger) lookLocked() {
	for _, n := range l.lanes {
		if n.owner != nil {
			n.owner.Look()
		}
	}
}

// Lent notes that a local worker has m, and has to confirm it.
func (l *Ledger) Lent(m Msg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open.Add(1)
	l.countLocked(m)
}

// Repaid notes that it did.
func (l *Ledger) Repaid() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settledLocked(1)
}

// GiveBack takes back what a local worker was lent. It returns what nobody can take any
// more, as the PUSH has closed.
func (l *Ledger) GiveBack(msgs []Msg) []Msg {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.giveBackLocked(msgs)
	if !l.closed {
		return nil
	}
	return l.queue.orphans()
}

// Write counts messages that were written to a peer which confirms nothing.
func (l *Ledger) Write(n int) { l.blind.Add(uint64(n)) }

// Held counts what sessions take, from before they do until Add or Write.
func (l *Ledger) Held() *atomic.Int64 { return &l.held }

// Open is the number of messages that are out and not confirmed.
func (l *Ledger) Open() int { return int(l.open.Load() + l.held.Load()) }

// Settled reports whether nothing is left to send, nor may come back.
func (l *Ledger) Settled() bool { return l.open.Load() == 0 && l.queue.Len() == 0 }

// Resent is the number of messages that were out more than once.
func (l *Ledger) Resent() uint64 { return l.resent.Load() }

// Blind is the number of messages that were written to peers which confirm nothing.
func (l *Ledger) Blind() uint64 { return l.blind.Load() }

// Shut tells that the queue is closed: sessions end when nothing is open any more.
func (l *Ledger) Shut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closing = true
}

// Lost reports whether messages are out at a PULL that has no connection now.
func (l *Ledger) Lost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.lanes {
		if n.owner == nil && len(n.tab.open()) > 0 {
			return true
		}
	}
	return false
}

// Close gives up waiting, and returns what remote workers have not confirmed.
func (l *Ledger) Close() (rest []Msg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	lanes := slices.SortedFunc(maps.Values(l.lanes), func(a, b *Lane) int { return cmp.Compare(a.serial, b.serial) })
	for _, n := range lanes {
		if n.grace != nil {
			n.grace.Stop()
			n.grace = nil
		}
		rest = append(append(rest, n.rest...), n.tab.end(unknown)...)
	}
	clear(l.lanes)
	l.open.Add(int64(-len(rest)))
	return rest
}
