// SPDX-License-Identifier: MIT

package transport

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// Msg is a message as queues hold it: 16 bytes, so that four slots of a
// ring are a cache line. One part is its pointer and length, and passing it on
// allocates nothing; several are boxed, which costs one allocation. The zero
// value is one empty part.
type Msg struct {
	p unsafe.Pointer // of the part's bytes, or of the parts
	n int            // length of the one part, or boxed; or another length, see Framed and Lend
}

const (
	boxed  = -1
	framed = boxed - 1       // and less: how many bytes of frames
	lent   = math.MinInt     // and more: how many bytes of a part that was lent
	inLent = math.MinInt / 2 // from here on down
)

// parts is what a message of several parts points to, or one with an envelope.
type parts struct {
	first    []byte
	more     [][]byte
	envelope [][]byte
	note     *Note
}

// Note is what a message carries for who receives it, beside its parts.
type Note struct {
	Again   bool   // somebody may have received it before
	Lent    bool   // see Lend
	Confirm func() // tells that the receiver is done with it, as often as one likes; nil if nobody asks
}

// NewMsg makes the message of first and more. It keeps the slices.
func NewMsg(first []byte, more [][]byte) Msg {
	if len(more) == 0 {
		return Msg{unsafe.Pointer(unsafe.SliceData(first)), len(first)}
	}
	return Msg{unsafe.Pointer(&parts{first: first, more: more}), boxed}
}

// Enveloped returns the message with an envelope: the frames that tell who asks, and
// that REP gives back with its answer (28/REQREP). It is no part of the message.
func (m Msg) Enveloped(envelope [][]byte) Msg {
	if len(envelope) == 0 {
		return m
	}
	first, more := m.Parts()
	return Msg{unsafe.Pointer(&parts{first, more, envelope, nil}), boxed}
}

// Noted returns the message with a note instead of the one it has. The note is for this
// message, and is marked if that is lent.
func (m Msg) Noted(n *Note) Msg {
	first, more := m.Parts()
	if was := m.Note(); was != nil && was.Lent && !n.Lent {
		n.Lent = true
	}
	return Msg{unsafe.Pointer(&parts{first, more, m.Envelope(), n}), boxed}
}

// Again returns the message with a note that somebody may have received it before.
func (m Msg) Again() Msg {
	if note := m.Note(); note != nil && note.Lent {
		return m.Noted(&lentAgain)
	}
	return m.Noted(&again)
}

// Lend returns the message with a note that nobody else has its parts, so that who gets it may
// give their memory back. It is for who made the message, before anybody gets it.
func (m Msg) Lend() Msg {
	switch {
	case m.n == boxed:
		(*parts)(m.p).note = &lentOnly
	case m.n >= 0 && lent+m.n < inLent:
		m.n += lent
	}
	return m
}

// Notes that many messages share. Nobody writes to them.
var (
	again     = Note{Again: true}
	lentOnly  = Note{Lent: true}
	lentAgain = Note{Lent: true, Again: true}
)

// Note is what Noted, Again or Lend have added; nil for most.
func (m Msg) Note() *Note {
	if m.n >= 0 {
		return nil
	}
	return m.rareNote()
}

func (m Msg) rareNote() *Note {
	if m.n == boxed {
		return (*parts)(m.p).note
	}
	return &lentOnly
}

// Asked returns the message with an envelope of one frame: the id that an answer has to
// bring back, as with libzmq's REQ_CORRELATE. It takes one allocation for all of that.
func (m Msg) Asked(id uint32) Msg {
	q := &question{}
	binary.BigEndian.PutUint32(q.id[:], id)
	q.frames[0] = q.id[:]
	q.first, q.more = m.Parts()
	q.envelope = q.frames[:]
	return Msg{unsafe.Pointer(&q.parts), boxed}
}

// question is the parts of a message, and all that its envelope is made of.
type question struct {
	parts
	frames [1][]byte
	id     [4]byte
}

// AskedID returns the id in an envelope that Asked has made; ok is false for others.
func AskedID(envelope [][]byte) (id uint32, ok bool) {
	if len(envelope) != 1 || len(envelope[0]) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(envelope[0]), true
}

// Open takes a message apart that a DEALER or a ROUTER has sent: the frames before the
// first empty one are the envelope, and those after it are for the application of REQ or
// REP (28/REQREP). ok is false if there is no empty frame, or nothing after it.
func (m Msg) Open() (opened Msg, ok bool) {
	first, more := m.Parts()
	if len(first) == 0 {
		if len(more) == 0 {
			return Msg{}, false
		}
		return NewMsg(more[0], more[1:]), true
	}
	for i, frame := range more {
		if len(frame) > 0 {
			continue
		}
		data := more[i+1:]
		if len(data) == 0 {
			return Msg{}, false
		}
		envelope := append(append(make([][]byte, 0, i+1), first), more[:i]...)
		return NewMsg(data[0], data[1:]).Enveloped(envelope), true
	}
	return Msg{}, false
}

// AppendSealed appends the frames that a DEALER or a ROUTER gets of a message which
// comes from REQ or REP: the reverse of Open.
func (m Msg) AppendSealed(frames [][]byte) [][]byte {
	envelope := m.Envelope()
	_, more := m.Parts()
	frames = withRoom(frames, len(envelope)+2+len(more))
	return m.AppendParts(append(append(frames, envelope...), nil))
}

// AppendParts appends the parts.
func (m Msg) AppendParts(frames [][]byte) [][]byte {
	first, more := m.Parts()
	return append(append(withRoom(frames, 1+len(more)), first), more...)
}

// withRoom makes room for n more with one allocation, if any.
func withRoom(frames [][]byte, n int) [][]byte {
	if cap(frames)-len(frames) >= n {
		return frames
	}
	return append(make([][]byte, 0, len(frames)+n), frames...)
}

// Envelope returns what Enveloped has added.
func (m Msg) Envelope() [][]byte {
	if m.n == boxed {
		return (*parts)(m.p).envelope
	}
	return nil
}

// Parts returns the slices of the message. Whoever else was given the same
// message was given the same slices.
func (m Msg) Parts() (first []byte, more [][]byte) {
	if m.n < 0 {
		return m.rareParts()
	}
	return unsafe.Slice((*byte)(m.p), m.n), nil
}

func (m Msg) rareParts() (first []byte, more [][]byte) {
	if m.n == boxed {
		b := (*parts)(m.p)
		return b.first, b.more
	}
	return unsafe.Slice((*byte)(m.p), m.n-lent), nil
}

// First returns the first part, which is what a subscription looks at.
func (m Msg) First() []byte {
	first, _ := m.Parts()
	return first
}
