// SPDX-License-Identifier: MIT

package transport

import "unsafe"

// Msg is a message as queues hold it: 16 bytes, so that four slots of a
// ring are a cache line. One part is its pointer and length, and passing it on
// allocates nothing; several are boxed, which costs one allocation. The zero
// value is one empty part.
type Msg struct {
	p unsafe.Pointer // of the part's bytes, or of the parts
	n int            // length of the one part, or boxed
}

const boxed = -1

// parts is what a message of several parts points to, or one with an envelope.
type parts struct {
	first    []byte
	more     [][]byte
	envelope [][]byte
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
	return Msg{unsafe.Pointer(&parts{first, more, envelope}), boxed}
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
	if m.n == boxed {
		b := (*parts)(m.p)
		return b.first, b.more
	}
	return m.First(), nil
}

// First returns the first part, which is what a subscription looks at.
func (m Msg) First() []byte {
	if m.n == boxed {
		return (*parts)(m.p).first
	}
	return unsafe.Slice((*byte)(m.p), m.n)
}
