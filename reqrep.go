// SPDX-License-Identifier: MIT

package mq

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/seedmq/mq/internal/ring"
	"github.com/seedmq/mq/internal/transport"
)

// NewReq makes a client (28/REQREP): Send a request, Recv its reply, and so on in
// turn; a call out of turn is ErrState. One request is under way at a time, so
// goroutines that share the socket have to take turns too.
//
// A request waits in the queue of the socket until a REP takes it, so it goes to
// one that is free, and those that are all waiting are served in turn; Send does
// not wait for a peer. If the REP that took it goes away without answering, Recv
// returns ErrPeerGone, and the next request can be sent. A Recv that ends with its
// ctx leaves the request under way: Recv again. Do has any number of requests under way.
func NewReq(opts ...Option) Req {
	r := &req{}
	r.init(transport.Req, r, opts)
	r.out = transport.NewQueue(r.config.sendHWM)
	r.in.InStep.Store(true)
	r.open()
	return r
}

type req struct {
	socket
	out   *transport.Queue // of all peers
	calls calls            // of Do

	turn    sync.Mutex     // protects the fields below
	state   reqState       // whose turn it is
	asked   *transport.End // whose far side took the request; nil while it is in the queue
	owes    *transport.End // asked, until a reply has come from there
	gone    bool           // asked has ended, and its reply has not been received
	refused uint64         // messages that Recv took and did not return
}

type reqState uint8

const (
	reqIdle      reqState = iota // the next is Send
	reqSending                   // a Send is at work
	reqAwaiting                  // the next is Recv
	reqReceiving                 // a Recv is at work
)

var reqTurn = [...]string{
	reqIdle:      "send a request first",
	reqSending:   "another Send is at work",
	reqAwaiting:  "receive the reply first",
	reqReceiving: "another Recv is at work",
}

func (r *req) Send(ctx context.Context, m Message) error {
	if ctx == nil {
		return nilContext("send")
	}
	return opError("send", "", r.send(ctx, pack(&m)))
}

func (r *req) send(ctx context.Context, m transport.Msg) error {
	if err := r.begin(reqIdle, reqSending); err != nil {
		return err
	}
	err := ctx.Err()
	if err == nil && !r.out.Carry(m) {
		err = r.out.Send(ctx, m)
	}
	r.turn.Lock()
	defer r.turn.Unlock()
	r.state = reqAwaiting
	if err != nil {
		r.state = reqIdle
	}
	return err
}

// begin moves on from one state to another. A new request forgets the last one.
func (r *req) begin(from, to reqState) error {
	if r.closed.Load() {
		return ErrClosed
	}
	r.turn.Lock()
	defer r.turn.Unlock()
	if r.state != from {
		return fmt.Errorf("%w: %s", ErrState, reqTurn[r.state])
	}
	r.state = to
	if to == reqSending {
		r.asked, r.owes, r.gone = nil, nil, false
	}
	return nil
}

func (r *req) Recv(ctx context.Context) (m Message, _ error) {
	if ctx == nil {
		return m, nilContext("recv")
	}
	msg, err := r.recvReply(ctx)
	m.unpack(msg)
	return m, opError("recv", "", err)
}

func (r *req) recvReply(ctx context.Context) (transport.Msg, error) {
	if err := r.begin(reqAwaiting, reqReceiving); err != nil {
		return transport.Msg{}, err
	}
	for {
		m, from, err := r.in.Recv(ctx)
		if done, err := r.settle(m, from, err); done {
			return m, err
		}
	}
}

// settle looks at what a Recv brought: the reply, news that there will be none,
// another error, or nothing of interest.
func (r *req) settle(m transport.Msg, from *transport.Source, err error) (done bool, _ error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	switch {
	case err == nil:
		// From whom was not asked, or not asked last, nothing is heard (A-REQ-09, 10).
		done = r.asked != nil && from.End == r.asked && m.Envelope() == nil
		if !done {
			r.refused++
		}
	case !errors.Is(err, transport.ErrPoked):
		r.state = reqAwaiting
		return true, err
	case r.gone:
		done, err = true, ErrPeerGone
	default:
		err = nil
	}
	if done {
		r.state = reqIdle
	}
	return done, err
}

func (r *req) Attach(e *transport.End) error {
	e.Out = r.out
	return r.socket.Attach(e)
}

func (r *req) Taken(e *transport.End, m transport.Msg) bool {
	if e.Down() && !r.closed.Load() { // it will not answer, and will soon be no taker of out
		r.Returned(e, []transport.Msg{m})
		runtime.Gosched()
		return false
	}
	if id, ok := transport.AskedID(m.Envelope()); ok {
		return r.calls.taken(id, e)
	}
	r.turn.Lock()
	r.asked, r.owes = e, e
	r.turn.Unlock()
	if e.Down() { // and Detach has perhaps looked at asked before
		r.lose(e)
	}
	return true
}

// Answer lets only the first reply to a Send be queued.
func (r *req) Answer(e *transport.End, envelope [][]byte, m transport.Msg) (his, wanted bool) {
	if id, ok := transport.AskedID(envelope); ok {
		return true, r.calls.answer(id, e, m)
	}
	r.turn.Lock()
	defer r.turn.Unlock()
	wanted = r.owes == e && envelope == nil
	if wanted {
		r.owes = nil
	}
	return !wanted, wanted
}

// Returned has requests taken by another peer: who gave them back did not see them.
func (r *req) Returned(e *transport.End, msgs []transport.Msg) {
	msgs, calls := r.calls.returned(msgs)
	r.turn.Lock()
	if r.asked == e && len(msgs) > calls {
		r.asked, r.owes = nil, nil
	}
	r.turn.Unlock()
	r.out.PutBack(msgs)
}

func (r *req) Detach(e *transport.End) {
	r.socket.Detach(e)
	r.Cut(e)
}

// Cut ends the waiting for e.
func (r *req) Cut(e *transport.End) {
	r.lose(e)
	r.calls.lose(e)
}

// lose ends the wait for the reply of e.
func (r *req) lose(e *transport.End) {
	r.turn.Lock()
	lost := r.asked == e
	r.gone = r.gone || lost
	r.turn.Unlock()
	if lost {
		r.in.Poke()
	}
}

// shut leaves what Send has sent to peers. What Do has sent nobody waits for any more, and
// its caller knows that.
func (r *req) shut() {
	r.calls.close()
	r.out.ShutWithout(func(all []transport.Msg) []transport.Msg {
		rest, _ := r.calls.returned(all)
		r.lost.Add(uint64(len(all) - len(rest)))
		return rest
	})
}

func (r *req) closeOut() []transport.Msg { return r.out.Close() }

func (r *req) count(s *Stats) {
	s.Sent = r.out.Pushed()
	s.Queued = r.out.Len()
	s.Received += r.calls.answered()
	r.turn.Lock()
	defer r.turn.Unlock()
	s.Received -= r.refused
}

// NewRep makes a server (28/REQREP): Recv a request, Send its reply, and so on in
// turn; a call out of turn is ErrState. Requests are taken from all peers in turn.
//
// Send never blocks. If the asker has gone, or does not take its replies, the
// reply is dropped and counted, and Send returns nil: the server goes on. Serve does all
// that for many requests at once.
func NewRep(opts ...Option) Rep {
	r := &rep{}
	r.ended, r.end = context.WithCancel(context.Background())
	r.init(transport.Rep, r, opts)
	r.open()
	return r
}

type rep struct {
	socket
	sent    atomic.Uint64
	refused atomic.Uint64 // messages that Recv took and did not return

	ended context.Context // done when the socket is closed; read-only
	end   context.CancelFunc

	turn     sync.Mutex     // protects the fields below
	state    repState       // whose turn it is
	asker    *transport.End // of the request received last
	envelope [][]byte       // of that request
}

type repState uint8

const (
	repIdle      repState = iota // the next is Recv
	repReceiving                 // a Recv is at work
	repAnswering                 // the next is Send
	repServing                   // Serve is at work
)

var repTurn = [...]string{
	repIdle:      "receive a request first",
	repReceiving: "another Recv is at work",
	repAnswering: "send the reply first",
	repServing:   "Serve is at work",
}

func (r *rep) Recv(ctx context.Context) (m Message, _ error) {
	if ctx == nil {
		return m, nilContext("recv")
	}
	msg, err := r.recvRequest(ctx)
	m.unpack(msg)
	return m, opError("recv", "", err)
}

func (r *rep) recvRequest(ctx context.Context) (transport.Msg, error) {
	if err := r.begin(repReceiving); err != nil {
		return transport.Msg{}, err
	}
	r.in.InStep.Store(true)
	m, from, err := r.next(ctx)
	r.turn.Lock()
	defer r.turn.Unlock()
	if err != nil {
		r.state = repIdle
		return m, err
	}
	r.state = repAnswering
	r.asker, r.envelope = from, m.Envelope()
	return m, nil
}

// next receives a request, and tells who has sent it.
func (r *rep) next(ctx context.Context) (m transport.Msg, from *transport.End, err error) {
	for {
		m, source, err := r.in.Recv(ctx)
		if err != nil {
			return m, nil, err
		}
		from := source.End
		ok := true
		if _, raw := from.Own.(rawPeer); raw {
			if m, ok = m.Open(); !ok { // it is no request (D-REQ-08)
				r.lost.Add(1)
			}
		}
		if ok && from.Far.Peer.Taken(from.Far, m) {
			return m, from, nil
		}
		r.refused.Add(1)
	}
}

// begin moves on from idle to another state.
func (r *rep) begin(to repState) error {
	if r.closed.Load() {
		return ErrClosed
	}
	r.turn.Lock()
	defer r.turn.Unlock()
	if r.state != repIdle {
		return fmt.Errorf("%w: %s", ErrState, repTurn[r.state])
	}
	r.state = to
	return nil
}

func (r *rep) Send(ctx context.Context, m Message) error {
	if ctx == nil {
		return nilContext("send")
	}
	return opError("send", "", r.reply(ctx, pack(&m)))
}

func (r *rep) reply(ctx context.Context, m transport.Msg) error {
	if r.closed.Load() {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r.turn.Lock()
	defer r.turn.Unlock()
	if r.state != repAnswering {
		return fmt.Errorf("%w: %s", ErrState, repTurn[r.state])
	}
	r.answer(r.asker, r.envelope, m)
	r.state, r.asker, r.envelope = repIdle, nil, nil
	return nil
}

// answer sends a reply to who has asked with that envelope.
func (r *rep) answer(to *transport.End, envelope [][]byte, m transport.Msg) {
	r.sent.Add(1)
	var his, wanted bool
	if envelope != nil {
		his, wanted = to.Far.Peer.Answer(to.Far, envelope, m)
	}
	if !his {
		m = m.Enveloped(envelope)
		if _, raw := to.Own.(rawPeer); raw {
			frames := m.AppendSealed(nil)
			m = transport.NewMsg(frames[0], frames[1:])
		}
		wanted = r.in.Quiet() && to.Out.Carry(m) || to.Out.TryPush(m) == ring.OK
	}
	if !wanted {
		r.lost.Add(1)
	}
}

// rawPeer marks ends that lead to a DEALER, whose messages have their envelopes as parts.
type rawPeer struct{}

func (r *rep) Attach(e *transport.End) error {
	if e.Far.Peer.Kind() == transport.Dealer {
		e.Own = rawPeer{}
	}
	_, recvHWM := e.Far.Peer.HWM()
	e.Out = transport.NewQueue(r.config.sendHWM + recvHWM)
	return r.socket.Attach(e)
}

func (r *rep) Detach(e *transport.End) {
	r.lost.Add(uint64(len(e.Out.Close())))
	r.socket.Detach(e)
}

func (r *rep) Returned(_ *transport.End, msgs []transport.Msg) { r.lost.Add(uint64(len(msgs))) }

func (r *rep) shut() { r.end() }

func (r *rep) count(s *Stats) {
	s.Sent = r.sent.Load()
	s.Received -= r.refused.Load()
	for _, e := range r.allEnds() {
		s.Queued += e.Out.Len()
	}
}

var (
	_ Req = (*req)(nil)
	_ Rep = (*rep)(nil)
)
