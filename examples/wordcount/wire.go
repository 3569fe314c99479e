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
//	control   "start", run -> "started"
//	          "done", when all lines are sent
//	          "stop" -> "stopped", work sent, work given back, "files bytes" not sent
//	lines     "run number lines", text
//	counts    "counted", "run number", work, word counts
//	          "undone", "run number", work
//	results   "begin", run -> "ready"
//	          "totals", "messages patience" -> totals, once so many messages are
//	          settled; if patience is not 0, after so many milliseconds anyway
//	          "top", "how many" -> word counts, most frequent first
//	          "end" -> "bye"
//	          anything else -> "error", why
//	reading   "progress.files", "sent all bytes"; bytes are of all files
//	          "state", what
//	counting  "progress.lines", "lines bytes"
//
// A run is a random number: what a remote worker still has of a run that was broken
// off does not count in the next. In a run, each message with lines has a number: if a
// worker is killed, another may get one that was counted already.

// work is a quantity of it.
type work struct{ messages, lines, bytes int64 }

func (w *work) add(more work) {
	w.messages += more.messages
	w.lines += more.lines
	w.bytes += more.bytes
}

func (w *work) subtract(less work) {
	w.messages -= less.messages
	w.lines -= less.lines
	w.bytes -= less.bytes
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

// piece is what one message to a worker holds.
type piece struct {
	run, number int64
	text        []byte
	work        work
}

// A lineMessage is a batch of lines on its way to a worker.
func lineMessage(run, number int64, text []byte, lines int) mq.Message {
	return mq.NewMessage(numbers(run, number, int64(lines)), text)
}

// readLines reads a lineMessage.
func readLines(m mq.Message) (p piece, err error) {
	if m.Len() != 2 {
		return p, fmt.Errorf("%w: lines in %d parts", errMalformed, m.Len())
	}
	p.text = m.Part(1)
	p.work.messages, p.work.bytes = 1, int64(len(p.text))
	return p, readNumbers(m.Data, &p.run, &p.number, &p.work.lines)
}

// workIn adds up lineMessages.
func workIn(messages []mq.Message) (sum work, err error) {
	for _, m := range messages {
		p, err := readLines(m)
		if err != nil {
			return sum, err
		}
		sum.add(p.work)
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
