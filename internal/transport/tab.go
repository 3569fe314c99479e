// SPDX-License-Identifier: MIT

package transport

import (
	"crypto/rand"
	"errors"
	"fmt"
)

// The pipeline that does not lose has one state on each side of a PUSH and a PULL that talk
// over a network: a [Tab] where the PUSH is, and a [Receipt] where the PULL is. Both outlive
// connections, and they do no more than count. net/PIPELINE.md is the protocol, and
// TestPipelineExplored tries it in every order of events.
//
// The messages of a stream are numbered from 1, in the order in which the PUSH sends them.
// On each connection they come without gaps, so nobody needs to write the numbers down.
//
//   - delivered: up to this number, Recv has returned them.
//   - done: up to this number, the application has confirmed them too. Without WithAck that
//     is the same.
//   - sent: up to this number, the PUSH has written them, or begun to.
//
// done <= delivered <= sent. What is beyond done, the PUSH remembers. When a connection ends,
// the PULL forgets what arrived beyond delivered: the next one begins right behind that, if
// it goes on with the stream. So a message is received once, unless the PUSH gives up
// waiting for the PULL, and gives to others what is beyond done.

// StreamID tells streams from each other. Zero is none.
type StreamID [16]byte

// NewStreamID makes one that nobody else has.
func NewStreamID() (id StreamID) {
	rand.Read(id[:])
	return id
}

// ErrCount is for a peer that says something impossible about a stream.
var ErrCount = errors.New("mq: lost count")

// Progress is how far a PULL is in a stream.
type Progress struct {
	Stream          StreamID
	Delivered, Done uint64
}

// Tab is what one remote PULL was sent, and has not confirmed.
type Tab struct {
	stream StreamID
	was    StreamID // what the PULL named when stream was begun; if it does again, it has not heard of that
	done   uint64
	msgs   []Msg // those from number done+1 on begin at head
	head   int
}

// open returns the messages beyond done.
func (t *Tab) open() []Msg { return t.msgs[t.head:] }

func (t *Tab) sent() uint64 { return t.done + uint64(len(t.open())) }

// add appends messages that are about to be sent.
func (t *Tab) add(msgs []Msg) {
	if len(t.msgs)+len(msgs) > cap(t.msgs) && 2*t.head >= len(t.msgs) {
		n := copy(t.msgs, t.open())
		clear(t.msgs[n:])
		t.msgs, t.head = t.msgs[:n], 0
	}
	t.msgs = append(t.msgs, msgs...)
}

// confirm takes off what the PULL is done with, and returns how many that are.
func (t *Tab) confirm(done uint64) (n int, err error) {
	if done < t.done || done > t.sent() {
		return 0, fmt.Errorf("%w: confirms %d of %d to %d", ErrCount, done, t.done, t.sent())
	}
	n = int(done - t.done)
	clear(t.msgs[t.head : t.head+n])
	t.head += n
	t.done = done
	if t.head == len(t.msgs) {
		t.msgs, t.head = t.msgs[:0], 0
	}
	return n, nil
}

// resume goes on with the stream where the PULL is, if it is this one. Otherwise ok is false.
// It returns how many messages are confirmed by that.
func (t *Tab) resume(p Progress) (ok bool, n int, err error) {
	switch {
	case t.stream == (StreamID{}):
		return false, 0, nil
	case p.Stream == t.was && t.done == 0:
		return true, 0, nil // at the beginning of stream
	case p.Stream != t.stream:
		return false, 0, nil
	}
	if p.Done > p.Delivered || p.Delivered > t.sent() {
		return false, 0, fmt.Errorf("%w: %d delivered and %d done, of %d", ErrCount, p.Delivered, p.Done, t.sent())
	}
	n, err = t.confirm(p.Done)
	return err == nil, n, err
}

// begin starts a new stream for a PULL that named another. It returns what was open in the
// old one; others may have it now, with a note if somebody may have received it.
func (t *Tab) begin(stream, was StreamID, delivered uint64) []Msg {
	rest := t.rest(delivered)
	*t = Tab{stream: stream, was: was}
	return rest
}

// end ends the stream.
func (t *Tab) end(delivered uint64) []Msg { return t.begin(StreamID{}, StreamID{}, delivered) }

// unknown is what a PULL has delivered that cannot be asked any more.
const unknown = ^uint64(0)

// rest returns what is open, and marks what was delivered.
func (t *Tab) rest(delivered uint64) []Msg {
	rest := append([]Msg(nil), t.open()...)
	for i := range rest {
		if t.done+uint64(i) < delivered {
			rest[i] = rest[i].Again()
		}
	}
	return rest
}

// Receipt is how far a PULL is in the stream that one remote PUSH sends it.
type Receipt struct {
	Progress
	beyond map[uint64]struct{} // confirmed, but something between done and them is not
}

// newReceipt is that of a PULL which was sent nothing yet. It names a stream nobody knows.
func newReceipt() Receipt { return Receipt{Progress: Progress{Stream: NewStreamID()}} }

// start begins or goes on with a stream, whose next message is number from.
func (r *Receipt) start(stream StreamID, from uint64) error {
	if stream != r.Stream {
		*r = Receipt{Progress: Progress{Stream: stream}}
	}
	if from != r.Delivered+1 || stream == (StreamID{}) {
		return fmt.Errorf("%w: begins at %d after %d", ErrCount, from, r.Delivered)
	}
	return nil
}

// confirm notes that the application is done with one message. It reports whether done
// has changed.
func (r *Receipt) confirm(number uint64) bool {
	if number <= r.Done {
		return false
	}
	if number > r.Done+1 {
		if r.beyond == nil {
			r.beyond = make(map[uint64]struct{})
		}
		r.beyond[number] = struct{}{}
		return false
	}
	r.Done = number
	for {
		if _, ok := r.beyond[r.Done+1]; !ok {
			return true
		}
		r.Done++
		delete(r.beyond, r.Done)
	}
}
