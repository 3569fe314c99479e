// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"errors"
	"io"
	"unicode/utf8"
)

const (
	// batchLines is how many lines travel in one message, at most. With one line it
	// takes twice the processor time, because the same words then go to the sink again
	// and again. 256 would save another quarter, but most files would be one message,
	// and Ctrl-C would leave more undone.
	batchLines = 64
	// batchBytes is where a batch ends early. A line that is longer goes in pieces.
	// Only a word that is longer makes a longer message.
	batchBytes = 64 << 10
)

// batches cuts a text into batches of whole lines.
type batches struct {
	r       *bufio.Reader
	rest    []byte // of a line, read and not in a batch yet
	midLine bool   // a line has begun and not ended
	err     error  // from r, once there is nothing more to read
}

func newBatches(r io.Reader) *batches {
	return &batches{r: bufio.NewReaderSize(r, batchBytes)}
}

// next returns a batch, in memory of its own, and the number of lines that end in
// it, the last one of the text even without newline. The text is over with io.EOF.
func (b *batches) next() (text []byte, lines int, err error) {
	text = append(make([]byte, 0, batchLines*64), b.rest...)
	b.rest = nil
	for b.err == nil && lines < batchLines && len(text) < batchBytes {
		if lines > 0 && b.r.Buffered() == 0 {
			break // what was typed does not wait for what may be typed
		}
		lines += b.read(&text)
	}
	// Not in the middle of a word: if need be, the word is read to its end.
	for known := 0; b.err == nil && b.midLine; { // no break before known
		if end := lastBreak(text[known:]); end > 0 {
			b.rest = append(b.rest, text[known+end:]...)
			return text[:known+end], lines, nil
		}
		known = max(0, len(text)-utf8.UTFMax)
		lines += b.read(&text)
	}
	if b.err != nil && b.err != io.EOF {
		return nil, 0, b.err
	}
	if b.err != nil && b.midLine {
		b.midLine = false
		lines++
	}
	if len(text) == 0 && lines == 0 {
		return nil, 0, io.EOF
	}
	return text, lines, nil
}

// read appends the rest of the line to text, or as much as is at hand, and
// returns the number of lines that end with it.
func (b *batches) read(text *[]byte) (lines int) {
	piece, err := b.r.ReadSlice('\n')
	*text = append(*text, piece...)
	switch {
	case err == nil:
		b.midLine = false
		return 1
	case !errors.Is(err, bufio.ErrBufferFull):
		b.err = err
	}
	b.midLine = b.midLine || len(piece) > 0
	return 0
}
