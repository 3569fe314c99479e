// SPDX-License-Identifier: MIT

package mq

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/seedmq/mq/internal/reuse"
	"github.com/seedmq/mq/internal/transport"
)

// Message is one part, or several that are delivered whole or not at all. The
// zero value is one empty part.
//
// Send takes ownership of the bytes: the sender does not change them any more.
// A message that Recv returns may be shared with other receivers: treat it as
// read-only, and Clone it to change it. Messages are compared by their parts: one that was
// received may carry more than those, for Ack and Release.
type Message struct {
	Data []byte   // first part
	More [][]byte // further parts, usually nil

	note *transport.Note // nil for most
}

// NewMessage makes a message of the given parts, and keeps the slices. Without
// parts it is the zero value, one empty part.
func NewMessage(parts ...[]byte) Message {
	if len(parts) == 0 {
		return Message{}
	}
	m := Message{Data: parts[0]}
	if len(parts) > 1 {
		m.More = parts[1:]
	}
	return m
}

// Text makes a message of the given parts.
func Text(parts ...string) Message {
	if len(parts) == 0 {
		return Message{}
	}
	m := Message{Data: []byte(parts[0])}
	for _, p := range parts[1:] {
		m.More = append(m.More, []byte(p))
	}
	return m
}

// Len is the number of parts, at least 1.
func (m Message) Len() int { return 1 + len(m.More) }

// Part returns part i, and panics if there is none: 0 <= i < m.Len().
func (m Message) Part(i int) []byte {
	if i == 0 {
		return m.Data
	}
	return m.More[i-1]
}

// Parts ranges over the parts and their indices.
func (m Message) Parts() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		if !yield(0, m.Data) {
			return
		}
		for i, p := range m.More {
			if !yield(i+1, p) {
				return
			}
		}
	}
}

// Size is the number of bytes in all parts.
func (m Message) Size() int {
	n := len(m.Data)
	for _, p := range m.More {
		n += len(p)
	}
	return n
}

// Clone returns a message with bytes of its own.
func (m Message) Clone() Message {
	c := Message{Data: bytes.Clone(m.Data), note: m.note}
	if m.More != nil {
		c.More = make([][]byte, len(m.More))
		for i, p := range m.More {
			c.More[i] = bytes.Clone(p)
		}
	}
	return c
}

// Ack tells that the receiver is done with a message, which a PULL made [WithAck] waits
// for. On others, and after the first time, it does nothing. It does not block, and may be
// called on a copy and by any goroutine; Clone keeps it, and a message that is sent on
// begins anew.
func (m Message) Ack() {
	if m.note != nil && m.note.Confirm != nil {
		m.note.Confirm()
	}
}

// Redelivered reports whether some PULL may have received this message before: it was sent
// to one that was lost, or closed before it had confirmed it.
func (m Message) Redelivered() bool { return m.note != nil && m.note.Again }

// Release gives back the memory of a message that came over a network, for the next one that
// comes, and empties m. It is for who has received the message, and is done with it: nobody
// may use the bytes any more then, nor have sent them on before, and of several copies of
// a Message one may be released. Otherwise the next message can change under the hands of
// who has it. Release is never needed, as the garbage collector finds out by itself; but
// later, when the memory is not in the caches any more, so that streams of large messages
// gain from it. Of parts below 16 KiB, of what did not come over a network, and of an m that
// is empty already, nothing is given back. An Ack may come before or after. Release does not
// block, and other messages may be released at the same time.
func (m *Message) Release() {
	if m.note != nil && m.note.Lent {
		reuse.Return(m.Data)
		for _, p := range m.More {
			reuse.Return(p)
		}
	}
	m.Data, m.More = nil, nil
}

// String shows the whole message: parts between bars, and a part that is not UTF-8
// in hex. It is for logs and tests; the content itself is in Data and More.
func (m Message) String() string {
	var b strings.Builder
	for i, p := range m.Parts() {
		if i > 0 {
			b.WriteByte('|')
		}
		if utf8.Valid(p) {
			b.Write(p)
		} else {
			fmt.Fprintf(&b, "%x", p)
		}
	}
	return b.String()
}

// pack and unpack turn a message into what queues hold, and back. They work in
// place: a Message is too large for the compiler to keep in registers, and a copy
// of one that was just written costs more than a pass through the ring.
func pack(m *Message) transport.Msg { return transport.NewMsg(m.Data, m.More) }

func (m *Message) unpack(msg transport.Msg) {
	m.Data, m.More = msg.Parts()
	m.note = msg.Note()
}
