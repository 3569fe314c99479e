// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/seedmq/mq"
)

// What the messages look like, part by part. Numbers are decimal, with a space
// between them, so that a message can be read by people too; only the word counts,
// of which there are many, are binary.
//
//	control   "start" -> "started"
//	          "done", when all lines are sent
//	          "stop" -> "stopped", work sent, work given back, "files bytes" not sent
//	lines     "lines", text
//	counts    "counted", work, word counts
//	          "undone", work
//	results   "totals", "messages" -> totals, once so many messages are settled
//	          "top", "how many" -> word counts, most frequent first
//	          "end" -> "bye"
//	          anything else -> "error", why
//	reading   "progress.files", "sent all bytes"; bytes are of all files
//	          "state", what
//	counting  "progress.lines", "lines bytes"

// work is a quantity of it.
type work struct{ messages, lines, bytes int64 }

func (w *work) add(more work) {
	w.messages += more.messages
	w.lines += more.lines
	w.bytes += more.bytes
}

func (w work) encode() []byte { return numbers(w.messages, w.lines, w.bytes) }

func (w *work) decode(part []byte) error {
	return readNumbers(part, &w.messages, &w.lines, &w.bytes)
}

var errMalformed = errors.New("malformed message")

// numbers writes numbers into one part.
func numbers(ns ...int64) (part []byte) {
	for i, n := range ns {
		if i > 0 {
			part = append(part, ' ')
		}
		part = strconv.AppendInt(part, n, 10)
	}
	return part
}

// readNumbers reads exactly the numbers that numbers wrote.
func readNumbers(part []byte, into ...*int64) error {
	fields := bytes.Fields(part)
	if len(fields) != len(into) {
		return fmt.Errorf("%w: %q has not %d numbers", errMalformed, part, len(into))
	}
	for i, field := range fields {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return fmt.Errorf("%w: %w", errMalformed, err)
		}
		*into[i] = n
	}
	return nil
}

// checkParts reports a message that has not n parts, or not the first one given.
func checkParts(m mq.Message, first string, n int) error {
	if m.Len() != n || string(m.Data) != first {
		return fmt.Errorf("%w: %v, want %q and %d parts in all", errMalformed, m, first, n)
	}
	return nil
}

// A lineMessage is a batch of lines on its way to a worker.
func lineMessage(text []byte, lines int) mq.Message {
	return mq.NewMessage(numbers(int64(lines)), text)
}

// readLines returns the text of a lineMessage, and how much work it is.
func readLines(m mq.Message) (text []byte, w work, err error) {
	if m.Len() != 2 {
		return nil, w, fmt.Errorf("%w: lines in %d parts", errMalformed, m.Len())
	}
	text = m.Part(1)
	w.messages, w.bytes = 1, int64(len(text))
	return text, w, readNumbers(m.Data, &w.lines)
}

// workIn adds up lineMessages.
func workIn(messages []mq.Message) (sum work, err error) {
	for _, m := range messages {
		_, w, err := readLines(m)
		if err != nil {
			return sum, err
		}
		sum.add(w)
	}
	return sum, nil
}

// appendCount appends one word count to a part.
func appendCount(part []byte, c count) []byte {
	part = binary.AppendUvarint(part, uint64(c.n))
	part = binary.AppendUvarint(part, uint64(len(c.word)))
	return append(part, c.word...)
}

// eachCount calls f for the word counts of a part, in order.
func eachCount(part []byte, f func(word []byte, n int64)) error {
	for len(part) > 0 {
		n, nLen := binary.Uvarint(part)
		length, lengthLen := binary.Uvarint(part[max(nLen, 0):])
		if nLen <= 0 || lengthLen <= 0 || length > uint64(len(part)-nLen-lengthLen) {
			return fmt.Errorf("%w: word counts cut short", errMalformed)
		}
		part = part[nLen+lengthLen:]
		f(part[:length], int64(n))
		part = part[length:]
	}
	return nil
}
