// SPDX-License-Identifier: MIT

package mqnet

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seedmq/mq/internal/transport"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// session is a remote peer, in this process: it holds the far end of a link to the
// socket, and moves whole messages between it and the connection.
//
// Two goroutines do that. The reader puts what arrives into the queue of the link, and
// while that is full it does not read: the kernel then stops the sender. The writer is
// a receiver of the socket's queue like any other; what it has taken and not written
// when the connection breaks it gives back. With REQ and REP, where messages go and come in
// turn, goroutines in Send and Recv do the work of both when they can, see carrier and lead.
//
// Nobody but the session ends its link, after both have stopped: whoever wants it to
// end (Disconnect, Unbind, Close) cancels the context of run and waits. So what was
// taken is given back before the socket forgets the session.
type session struct {
	*host
	conn    net.Conn
	decoder *zmtp.Decoder
	peer    zmtp.Peer      // who it is; read-only once the handshake is over
	end     *transport.End // the session's end of the link; nil until it has joined

	in transport.Inbox // on the socket's queue

	ledger    *transport.Ledger // of a PUSH; nil for others
	lending   *lending          // of a PUSH whose peer confirms; nil for others
	borrowing *borrowing        // of a PULL whose peer wants to know; nil for others

	silence  atomic.Int64          // nanoseconds after which a peer that sends nothing is dead; 0 for never
	asked    atomic.Bool           // of REQ: a request without id was written, and its reply has not come
	ending   atomic.Bool           // Flush was called
	broken   atomic.Pointer[error] // why the writer has failed: what is left to read is read, and then it is over
	replaced atomic.Bool           // a later connection of the same peer has come
	drained  chan struct{}         // closed when ending, and all was written
	ended    chan struct{}         // closed when it is over, with a run or without

	delivering context.Context // done when nobody receives any more what arrives
	discard    context.CancelFunc
	giveUp     *time.Timer // calls discard; nil unless broken, and the writer's

	mu       sync.Mutex          // protects the fields below
	commands []byte              // encoded, for the writer
	pong     []byte              // the answer to the last PING, encoded; empty if it was written
	ack      []byte              // the last acknowledgement, likewise
	lastTold bool                // it is the last one of all
	left     bool                // Detach was called
	prefixes map[string]struct{} // what the peer has subscribed to

	prefixBytes int64 // in all of prefixes

	stream stream // the reader's

	carrier carrier
	lead    lead
}

var (
	_ transport.Flusher = (*session)(nil)
	_ transport.Cutter  = (*session)(nil)
	_ transport.Framer  = (*session)(nil)
)

func newSession(h *host, conn net.Conn) *session {
	s := &session{
		host:    h,
		conn:    conn,
		drained: make(chan struct{}),
		ended:   make(chan struct{}),
	}
	s.in.Turns = true
	if s.steps() {
		s.in.Gather = true
		s.lead.roused, s.lead.end = make(chan struct{}, 1), s.endRead
		s.canCarry()
	}
	s.delivering, s.discard = context.WithCancel(context.Background())
	s.decoder = zmtp.NewDecoder(incoming{s}, zmtp.Limits{Message: h.options.MaxMessage, Parts: maxParts, Command: maxCommand})
	return s
}

// join makes the session a peer of the socket.
func (s *session) join() error {
	s.lend()
	err := s.borrow()
	if err != nil {
		return err
	}
	_, err = transport.Join(s.socket, s, s.peerName, s.options.Freed)
	return err
}

// attached tells that the peer is here, perhaps again.
func (s *session) attached(again bool) {
	s.observe(transport.Event{Kind: transport.Attached, Peer: peerName(s.conn), Again: again})
}

// abandon ends a session that does not come to run.
func (s *session) abandon() {
	s.cut()
	if s.end != nil {
		s.giveBack()
		s.end.Unlink()
	}
	s.release()
	close(s.ended)
}

// run is the life of a session that has joined. It returns why it ended.
func (s *session) run(ctx context.Context) error {
	defer close(s.ended)
	living, die := context.WithCancel(context.WithoutCancel(ctx))
	defer die()
	defer context.AfterFunc(ctx, func() { s.part(); die() })()
	tasks, ctx := errgroup.WithContext(living)
	if d := s.options.Heartbeat; d > 0 {
		s.silence.Store(int64(d + s.options.HeartbeatTimeout))
		tasks.Go(func() error { return s.beat(ctx) })
	}
	cut := context.AfterFunc(ctx, s.cut)
	defer cut()
	if s.borrowing != nil {
		s.borrowing.begin = func() { tasks.Go(func() error { return s.acknowledge(ctx) }) }
	}
	tasks.Go(func() error { return s.read() })
	tasks.Go(func() error {
		defer s.giveBack()
		return s.write(ctx)
	})
	err := tasks.Wait()
	if s.giveUp != nil {
		s.giveUp.Stop()
	}
	s.cut()
	s.end.Unlink()
	s.release()
	switch {
	case s.replaced.Load():
		err = errReplaced
	case errors.Is(err, io.EOF):
		err = nil // the peer has closed, as it may
	}
	s.observe(transport.Event{Kind: transport.Disconnected, Peer: peerName(s.conn), Err: err})
	return err
}

// part lets the peer know what is whose, if it wants to, before the connection is cut on
// purpose.
func (s *session) part() {
	ctx, cancel := context.WithTimeout(context.Background(), tail)
	defer cancel()
	s.halt(ctx)
	if !s.Keeps() {
		return
	}
	s.tellLast()
	s.ending.Store(true)
	s.in.Poke()
	select {
	case <-s.drained:
	case <-s.ended:
	case <-ctx.Done():
	}
}

// cut has both goroutines end, whatever they are at.
func (s *session) cut() {
	s.discard()
	s.conn.Close()
	s.lead.rouse()
}

// release gives up what a session has alone of what outlives it.
func (s *session) release() {
	if s.lending != nil && s.lending.lane != nil {
		s.lending.lane.Release()
	}
	if b := s.borrowing; b != nil {
		delivered := b.base.Load()
		if s.end != nil && s.end.Out != nil {
			delivered = s.delivered()
		}
		b.slip.Release(delivered, s.options.Confirms)
	}
}

// giveBack lets the session take nothing more from the socket, and gives back what
// nobody else can take.
func (s *session) giveBack() {
	if l := s.lending; l != nil && l.over() {
		l.lane.GiveBack()
	}
	s.in.Close(func(_ *transport.Source, rest []transport.Msg) { s.returned(rest) })
	s.returned(s.carrier.end())
}

func (s *session) returned(msgs []transport.Msg) {
	if len(msgs) > 0 {
		s.end.Far.Peer.Returned(s.end.Far, msgs)
	}
}

// tail is how long an ending session waits for the peer to close too. To close a
// connection on which something is unread would take from the peer what it has not
// read yet.
const tail = 100 * time.Millisecond

// Flush writes what is queued, and ends the session.
func (s *session) Flush(ctx context.Context) {
	if s.borrowing != nil { // without the last acknowledgement, others would get what was done here
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		s.tellLast()
	}
	s.ending.Store(true)
	s.discard()
	s.in.Poke()
	s.lead.rouse()
	select {
	case <-s.drained:
		t := time.NewTimer(tail)
		defer t.Stop()
		select {
		case <-s.ended:
		case <-ctx.Done():
		case <-t.C:
		}
	case <-s.ended:
	case <-ctx.Done():
		late, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		s.halt(late)
	}
	s.conn.Close()
	<-s.ended
}

// flushed reports whether the session has ended because all was written.
func (s *session) flushed() bool {
	select {
	case <-s.drained:
		return true
	default:
		return false
	}
}

// The methods of transport.Peer.

func (s *session) Kind() transport.Kind { return s.socket.Kind().Peer() }

// HWM adds nothing to the socket's own: the peer's is over there.
func (s *session) HWM() (send, recv int) { return 0, 0 }

func (s *session) Inbox() *transport.Inbox { return &s.in }

func (s *session) Attach(e *transport.End) error {
	s.end = e
	if s.Kind().Sends() {
		_, recvHWM := e.Far.Peer.HWM()
		if s.borrowing != nil {
			recvHWM = max(recvHWM, s.options.Window) // the reader never waits for room
		}
		e.Out = transport.NewQueue(recvHWM)
		if s.steps() {
			e.Out.Fetcher = s
		}
	}
	return nil
}

func (s *session) Ready(*transport.End) {}

func (s *session) Detach(e *transport.End) {
	switch {
	case s.Keeps():
		e.Out.Drain() // the peer sends it again, to whomever
	case e.Out != nil:
		e.Far.Peer.Missed(len(e.Out.Close()))
	}
	s.unsubscribe()
}

func (s *session) Missed(int) {}

// RoutingID is what the peer calls itself.
func (s *session) RoutingID() string { return string(s.peer.Identity) }

// Taken is no news: what the socket has received is not told to the peer.
func (s *session) Taken(*transport.End, transport.Msg) bool { return true }

// Answer leaves it to the peer whose the answer is.
func (s *session) Answer(*transport.End, [][]byte, transport.Msg) (his, wanted bool) {
	return false, false
}

// Cut ends the connection, because a new one from the same peer takes its place.
func (s *session) Cut(*transport.End) { s.cut() }

func (s *session) Returned(*transport.End, []transport.Msg) {}

// Subscription is called when the socket is a SUB or an XSUB.
func (s *session) Subscription(_ *transport.End, prefix string, on bool) {
	s.mu.Lock()
	s.commands = zmtp.AppendSubscription(s.commands, s.peer.Version, prefix, on)
	s.mu.Unlock()
	s.in.Poke()
}

var errReplaced = errors.New("a later connection of the same peer has come")
