// SPDX-License-Identifier: MIT

package mq

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seedmq/mq/internal/transport"
)

// NewPush makes the sending end of a pipeline (30/PIPELINE): work for any number
// of PULL sockets.
//
// The workers compete. PUSH owns one queue of WithSendHWM messages, and a message
// leaves it when a PULL receives it, not before: none waits behind a worker that
// is slow or idle while another is free, and a worker that goes takes none along.
// Workers that are all waiting are served in turn. A remote PULL is sent a few messages
// ahead, see [WithWindow], and the PUSH keeps them until it hears that they were received:
// what becomes of them when something breaks is told in the documentation of the package.
//
// Send blocks while the queue is full, with or without peers. Recv is not
// supported. Close returns what is left if no PULL is attached.
func NewPush(opts ...Option) Socket {
	p := &push{}
	p.begin(transport.Push, p, opts)
	p.ledger = transport.NewLedger(p.out, p.config.redelivery)
	p.open()
	return p
}

type push struct {
	sharing
	ledger *transport.Ledger
}

func (p *push) Send(ctx context.Context, m Message) error { return p.send(ctx, &m) }

func (p *push) Recv(context.Context) (Message, error) {
	return Message{}, unsupported("recv", p.kind, "receive")
}

func (p *push) Ledger() *transport.Ledger { return p.ledger }

func (p *push) Ready(e *transport.End) {
	p.sharing.Ready(e)
	p.ledger.Collect()
}

func (p *push) shut() {
	p.ledger.Shut()
	p.sharing.shut()
}

func (p *push) awaits() bool { return p.sharing.awaits() || p.ledger.Lost() }

func (p *push) recollect() { p.out.PutBack(p.ledger.Close()) }

func (p *push) count(s *Stats) {
	taken := p.out.Popped() // first, so that the rest cannot be too much
	p.sharing.count(s)
	s.InFlight = p.ledger.Open()
	s.Resent = p.ledger.Resent()
	s.Acknowledged = taken - min(taken, uint64(s.InFlight)+p.ledger.Blind())
}

// sharing is a socket whose peers all take from one queue.
type sharing struct {
	socket
	out *transport.Queue
}

func (s *sharing) begin(kind transport.Kind, of pattern, opts []Option) {
	s.init(kind, of, opts)
	s.out = transport.NewQueue(s.config.sendHWM)
}

// send is Send, but for the name: a method that is promoted from an embedded type has its
// arguments copied once more, which for a Message costs a third of a Send.
func (s *sharing) send(ctx context.Context, m *Message) error {
	if ctx == nil {
		return nilContext("send")
	}
	return opError("send", "", s.out.Send(ctx, pack(m)))
}

func (s *sharing) Attach(e *transport.End) error {
	e.Out = s.out
	return s.socket.Attach(e)
}

func (s *sharing) Returned(_ *transport.End, msgs []transport.Msg) { s.out.PutBack(msgs) }

func (s *sharing) shut() { s.out.Shut() }

func (s *sharing) closeOut() []transport.Msg { return s.out.Close() }

func (s *sharing) count(stats *Stats) {
	stats.Sent = s.out.Pushed()
	stats.Queued = s.out.Len()
}

// NewPull makes the receiving end of a pipeline (30/PIPELINE). Recv takes from
// all its PUSH peers in turn, and competes with their other PULLs. Send is not
// supported.
//
// What Recv has returned counts as done, unless the socket was made [WithAck].
func NewPull(opts ...Option) Socket {
	p := &pull{}
	p.init(transport.Pull, p, opts)
	p.open()
	return p
}

type pull struct {
	socket
	receipts transport.Receipts
	loans    loans
	orphans  []transport.Msg // what nobody takes back; of Close alone
}

func (p *pull) Send(context.Context, Message) error {
	return unsupported("send", p.kind, "send")
}

func (p *pull) Recv(ctx context.Context) (m Message, _ error) {
	if ctx == nil {
		return m, nilContext("recv")
	}
	msg, from, err := p.in.Recv(ctx)
	m.unpack(msg)
	if p.config.wire.Confirms && err == nil {
		p.borrow(&m, msg, from.End)
	}
	return m, opError("recv", "", err)
}

func (p *pull) Receipts() *transport.Receipts { return &p.receipts }

// shut gives back before the inbox is closed, as nobody else may be there to take it.
func (p *pull) shut() { p.orphans = p.loans.giveBack() }

func (p *pull) closeOut() []transport.Msg { return p.orphans }

func (p *pull) count(*Stats) {}

// borrow has m to be confirmed. What came from a remote PUSH carries all that is needed.
func (p *pull) borrow(m *Message, msg transport.Msg, from *transport.End) {
	if lender, ok := from.Far.Peer.(transport.Lender); ok {
		m.note = p.loans.add(msg, lender.Ledger())
	}
}

// loans are what a PULL has received from PUSH sockets of this process, and not confirmed.
type loans struct {
	mu    sync.Mutex // protects the fields below
	count uint64
	open  map[*transport.Note]loan
	over  bool // the socket closes: who receives now has the message for good
}

type loan struct {
	number uint64 // in the order in which they were taken
	msg    transport.Msg
	from   *transport.Ledger
}

func (l *loans) add(msg transport.Msg, from *transport.Ledger) *transport.Note {
	note := &transport.Note{}
	if was := msg.Note(); was != nil {
		note.Again = was.Again
	}
	note.Confirm = func() {
		if l.take(note) {
			from.Repaid()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return note
	}
	from.Lent(msg)
	if l.open == nil {
		l.open = make(map[*transport.Note]loan)
	}
	l.count++
	l.open[note] = loan{l.count, msg, from}
	return note
}

func (l *loans) take(note *transport.Note) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, is := l.open[note]
	delete(l.open, note)
	return is
}

// giveBack returns what is not confirmed to where it came from, in its order, and to the
// caller what nobody there can take any more.
func (l *loans) giveBack() (rest []transport.Msg) {
	l.mu.Lock()
	open := l.open
	l.open, l.over = nil, true
	l.mu.Unlock()
	all := make([]loan, 0, len(open))
	for _, each := range open {
		all = append(all, each)
	}
	slices.SortFunc(all, func(a, b loan) int { return cmp.Compare(a.number, b.number) })
	byLender := make(map[*transport.Ledger][]transport.Msg)
	for _, each := range all {
		byLender[each.from] = append(byLender[each.from], each.msg.Again())
	}
	for from, msgs := range byLender {
		rest = append(rest, from.GiveBack(msgs)...)
	}
	return rest
}

// WithAck has a PULL confirm what it has done: a message that Recv returned counts as taken
// when its [Message.Ack] is called. What is not confirmed when the socket is closed, or
// when its process dies, goes to other workers, marked as [Message.Redelivered]. Order of
// confirming does not matter, but what is behind a message that is not confirmed is sent
// once more with it.
func WithAck() Option {
	return setWire(func(o *transport.Options) { o.Confirms = true })
}

// WithWindow sets how many messages a remote PULL may be sent before it has taken them: at
// least 1, by default 16,384; of the two sides, the smaller counts. What one worker has been
// sent, no other can take, so that is only the most. A connection begins with 4, and the
// number doubles as long as Recv waits for messages that the PUSH has no leave to send. So it
// comes to what a worker takes in a millisecond or two, or in the time that an
// acknowledgement is on its way, and is 4 for one that takes a millisecond for each. Beyond 4, it is
// held to 2 MiB, or to 32 messages of at most 32 MiB together. In-process, nothing is sent ahead.
func WithWindow(n int) Option {
	checkHWM("WithWindow", n)
	return setWire(func(o *transport.Options) { o.Window = n })
}

// WithRedelivery sets how long a PUSH waits for a remote PULL whose connection has broken,
// before it gives to others what that PULL was sent and has not acknowledged, by default
// a second. If the PULL comes back earlier, it goes on where it was, without loss or duplicate; if it comes
// later, or was alive but unreachable, others may have received the same messages, marked as
// [Message.Redelivered]. While there are no others, the PUSH waits on. A PULL that is
// closed gives back at once. It wants 0 or more.
func WithRedelivery(after time.Duration) Option {
	if after < 0 {
		panic(fmt.Sprintf("mq: WithRedelivery(%v): want 0 or more", after))
	}
	return func(c *config) { c.redelivery = after }
}

var (
	_ Socket             = (*push)(nil)
	_ Socket             = (*pull)(nil)
	_ transport.Lender   = (*push)(nil)
	_ transport.Borrower = (*pull)(nil)
)
