// SPDX-License-Identifier: MIT

package zmtp

import (
	"errors"
	"io"

	"github.com/seedmq/mq/internal/reuse"
)

const (
	bufMin  = 2 << 10  // bytes of a buffer at first, and again after calmMax
	bufMax  = 64 << 10 // bytes to which full reads make it grow
	stepMin = 64 << 10 // bytes of memory that a large body may get before any of it has come; see trust
	calmMax = 16       // reads in a row that need no large buffer, before it is a small one again
	idleMax = 100      // reads in a row that bring neither bytes nor an error
)

// input is what was read from a connection and is not decoded yet.
type input struct {
	r          io.Reader
	buf        []byte // nil until the first read
	start, end int    // buf[start:end] is not decoded yet
	late       error  // what the last read brought beside its bytes; counts when they are used up
	full       bool   // the last read filled the buffer
	calm       int    // reads in a row that needed no large buffer
	trust      int    // bytes of memory that a large body may get because others as long have come in whole
}

// frame returns the next frame. Its body lies in the buffer, and is good until something is read, unless it is in memory
// of its own. ok is false if there is no frame: because of d.err, or because it had to read and may not.
func (d *Decoder) frame(read bool) (flags byte, body []byte, own, ok bool) {
	h, ok := d.header(read)
	for ok {
		have := d.end - d.start - h.size
		if uint64(have) >= h.n {
			at := d.start + h.size
			d.start = at + int(h.n)
			return h.flags, d.buf[at:d.start:d.start], false, true
		}
		missing := h.n - uint64(have)
		if read && (missing >= uint64(len(d.buf)/2) || h.n > uint64(len(d.buf)-h.size)) {
			body, ok = d.large(h)
			return h.flags, body, true, ok
		}
		ok = d.more(read)
	}
	return 0, nil, false, false
}

// header returns the header of the next frame, and leaves it where it is. What is illegal is found without waiting for a
// byte that would make no difference.
func (d *Decoder) header(read bool) (h header, ok bool) {
	for {
		b := d.buf[d.start:d.end]
		var err error
		if len(b) > 0 {
			err = d.checkFlags(b[0])
		}
		h, ok = parseHeader(b)
		if err == nil && isEmptyCommand(b) {
			var maybe bool
			if h, ok, maybe = longSubscription(b); !ok && !maybe {
				err = errEmptyCommand
			}
		}
		if ok && err == nil {
			err = d.checkLength(h)
		}
		if err != nil {
			d.fail(err)
			return header{}, false
		}
		if ok || !d.more(read) {
			return h, ok
		}
	}
}

// isEmptyCommand reports whether b begins with an empty command, as written in the short form.
func isEmptyCommand(b []byte) bool {
	return len(b) >= shortHeader && b[0] == FlagCommand && b[1] == 0
}

// large returns a body that does not fit the buffer, or for which the buffer would be a detour. Its memory at most doubles
// what has arrived, whatever was announced, except for the first step; and unless the peer has sent a body as long before:
// it could have as much memory by sending half of one.
func (d *Decoder) large(h header) (body []byte, ok bool) {
	have := d.buf[d.start+h.size : d.end]
	body = reuse.Lend(int(min(h.n, max(stepMin, uint64(d.trust), 2*uint64(len(have))))))
	at := copy(body, have)
	d.start = d.end
	for uint64(at) < h.n {
		if at == len(body) {
			wider := reuse.Lend(int(min(h.n, 2*uint64(at))))
			copy(wider, body)
			reuse.Return(body)
			body = wider
		}
		n := d.read(body[at:])
		if n == 0 {
			if d.late == io.EOF {
				d.late = io.ErrUnexpectedEOF
			}
			d.fail(d.late)
			reuse.Return(body)
			return nil, false
		}
		at += n
	}
	d.trust = max(at, d.trust/2)
	if h.n >= bufMax/2 {
		d.full = false // it was for this body only, and what is so large does better without a buffer
		d.calm++
	}
	return body, true
}

// more reads what comes next behind what is in the buffer. It returns false if it may not read, or has failed.
func (d *Decoder) more(read bool) bool {
	if d.late == nil {
		if !read {
			return false
		}
		if d.makeRoom() {
			d.chunk = chunk{size: chunkMin}
		}
		if n := d.read(d.buf[d.end:]); n > 0 {
			d.came(n)
			return true
		}
	}
	if d.late == io.EOF {
		d.late = d.cut()
	}
	d.fail(d.late)
	return false
}

// came notes that n bytes were read into the buffer.
func (in *input) came(n int) {
	in.full = n == len(in.buf)-in.end
	in.end += n
	if n < len(in.buf)/4 {
		in.calm++
	} else if !in.full {
		in.calm = 0
	}
}

// ErrInterrupted is what the reader returns, with no bytes, if a read has ended early and the next may go on.
var ErrInterrupted = errors.New("zmtp: interrupted")

// Empty reports whether all that was read has been returned.
func (d *Decoder) Empty() bool {
	return d.start == d.end && !d.waiting && len(d.held) == 0 && d.late == nil && d.err == nil
}

// Fill reads once, and blocks as long as the reader does. It is called when Empty. It returns ErrInterrupted, and
// otherwise what has come, or what was wrong, is for Next.
func (d *Decoder) Fill() error {
	if d.makeRoom() {
		d.chunk = chunk{size: chunkMin}
	}
	n, err := d.r.Read(d.buf[d.end:])
	if err == ErrInterrupted {
		return err
	}
	d.late = err
	if n > 0 {
		d.came(n)
	}
	return nil
}

// cut is what the end of the input comes to, with nothing more to read.
func (d *Decoder) cut() error {
	b := d.buf[d.start:d.end]
	if isEmptyCommand(b) {
		if _, ok, _ := longSubscription(b); !ok {
			return errEmptyCommand
		}
	}
	if len(b) > 0 || len(d.held) > 0 || d.shaking {
		return io.ErrUnexpectedEOF
	}
	return io.EOF
}

// makeRoom leaves free space in the buffer. It reports whether it has made it small again.
func (in *input) makeRoom() (shrunk bool) {
	size, live := len(in.buf), in.buf[in.start:in.end]
	if in.full {
		in.calm = 0
	}
	switch {
	case size == 0:
		size = bufMin
	case in.full:
		size = min(2*size, bufMax)
	case in.calm >= calmMax && len(live) <= bufMin/2:
		shrunk = size > bufMin
		size, in.calm = bufMin, 0
	}
	to := in.buf
	if size != len(to) {
		to = make([]byte, size)
	}
	if in.start > 0 || size != len(in.buf) {
		copy(to, live)
	}
	in.buf, in.start, in.end = to, 0, len(live)
	return shrunk
}

// read reads at least one byte into p. If it returns 0, in.late says why.
func (in *input) read(p []byte) int {
	for i := 0; in.late == nil; i++ {
		if i == idleMax {
			in.late = io.ErrNoProgress
			break
		}
		n, err := in.r.Read(p)
		if err == ErrInterrupted {
			continue
		}
		in.late = err
		if n > 0 {
			return n
		}
	}
	return 0
}
