// SPDX-License-Identifier: MIT

package mqnet

import (
	"net"

	"github.com/seedmq/mq/internal/reuse"
	"github.com/seedmq/mq/internal/transport"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// batch is what goes to the connection in one call: as many messages as are there, up to
// a bound. Small frames are copied side by side, large ones go from where they are.
type batch struct {
	msgs []transport.Msg // the messages in it
	ends []int           // and where they end, in bytes
	size int             // bytes

	small  []byte      // frames that were copied, and headers
	from   int         // where in small begins what is not in pieces yet
	run    []byte      // frames of a Roll, which are neither in small nor in pieces yet
	pieces net.Buffers // of small, of Rolls, and large frames
	rest   net.Buffers // of pieces, while they are written
}

const (
	batchMax = 64 << 10 // bytes; a batch gets one message beyond that at most
	largeMin = 16 << 10 // bytes of a frame that is not copied
	runMin   = 1 << 10  // bytes of a run that is not copied
)

func (b *batch) frame(flags byte, body []byte) {
	b.endRun()
	before := len(b.small)
	b.small = zmtp.AppendHeader(b.small, flags, len(body))
	if len(body) < largeMin {
		b.small = append(b.small, body...)
		b.size += len(b.small) - before
		return
	}
	b.size += len(b.small) - before + len(body)
	b.cut()
	b.pieces = append(b.pieces, body)
}

// raw puts in frames that are encoded.
func (b *batch) raw(frames []byte) {
	b.endRun()
	b.small = append(b.small, frames...)
	b.size += len(frames)
}

// framed puts in frames of a Roll. As long as they come one behind the other, they stay where
// they are.
func (b *batch) framed(frames []byte) {
	run, ok := transport.Extend(b.run, frames)
	if !ok {
		b.endRun()
		run = frames
	}
	b.run = run
	b.size += len(frames)
}

func (b *batch) endRun() {
	switch n := len(b.run); {
	case n == 0:
	case n < runMin:
		b.small = append(b.small, b.run...)
	default:
		b.cut()
		b.pieces = append(b.pieces, b.run)
	}
	b.run = nil
}

// envelope puts in what REQ and REP put around a message.
func (b *batch) envelope(m transport.Msg) {
	for _, frame := range m.Envelope() {
		b.frame(zmtp.FlagMore, frame)
	}
	b.frame(zmtp.FlagMore, nil)
}

// whole ends a message.
func (b *batch) whole(m transport.Msg) {
	b.msgs = append(b.msgs, m)
	b.ends = append(b.ends, b.size)
}

func (b *batch) cut() {
	if b.from < len(b.small) {
		b.pieces = append(b.pieces, b.small[b.from:])
		b.from = len(b.small)
	}
}

// writeTo writes the batch, and returns how many bytes the kernel has taken.
func (b *batch) writeTo(conn net.Conn) (int, error) {
	if b.size == 0 {
		return 0, nil
	}
	b.endRun()
	switch {
	case len(b.pieces) == 0:
		return conn.Write(b.small)
	case len(b.pieces) == 1 && len(b.small) == 0:
		return conn.Write(b.pieces[0])
	}
	b.cut()
	b.rest = b.pieces
	n, err := b.rest.WriteTo(conn)
	return int(n), err
}

// unwritten returns the messages that are not whole in the first n bytes.
func (b *batch) unwritten(n int) []transport.Msg {
	for i, end := range b.ends {
		if end > n {
			return b.msgs[i:]
		}
	}
	return nil
}

// reset empties the batch. It holds on to no message, and to memory for small ones only.
func (b *batch) reset() {
	clear(b.msgs)
	clear(b.pieces)
	b.msgs, b.ends, b.pieces = b.msgs[:0], b.ends[:0], b.pieces[:0]
	b.small, b.from, b.run, b.rest, b.size = b.small[:0], 0, nil, nil, 0
}

// Frame encodes a message for all sessions of a publisher. One with a large part stays as it
// is: what is copied for none of them need not be copied for all.
func (s *session) Frame(r *transport.Roll, m transport.Msg) transport.Msg {
	first, more := m.Parts()
	n := zmtp.MessageSize(first, more)
	if n > largeMin {
		return m
	}
	block := func() []byte { return reuse.Get(max(rollBlock, n+1)) }
	return transport.Framed(zmtp.AppendMessage(r.Room(n, block), first, more))
}

// rollBlock is how many bytes a message keeps, however small, that waits for a slow subscriber.
const rollBlock = 8 << 10
