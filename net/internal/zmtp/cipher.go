// SPDX-License-Identifier: MIT

package zmtp

import "fmt"

// Cipher is what a mechanism does to frames once the handshake is over. Each frame, of a message or a command, travels as
// the body of a message frame of its own, without MORE; its flags travel inside (26/CURVEZMQ). A Cipher is used by one
// reader and one writer at a time: Open and Seal may run at once.
type Cipher interface {
	// Open returns what Seal made body of. It may overwrite body, which is good only until it returns; plain belongs to
	// the caller. An error ends the connection.
	Open(body []byte) (flags byte, plain []byte, err error)
	// Seal appends the sealed flags and body to dst.
	Seal(dst []byte, flags byte, body []byte) []byte
	// Overhead is how many bytes Seal appends beyond those of body.
	Overhead() int
}

// The flags inside a sealed frame. They are not those of a frame in clear.
const (
	SealedMore    byte = 0x01
	SealedCommand byte = 0x02
)

// AppendSealed appends frames, sealed one by one by c. They come from the other Append functions, and are whole.
func AppendSealed(b []byte, c Cipher, frames []byte) []byte {
	for {
		h, ok := parseHeader(frames)
		if !ok {
			return b
		}
		flags := h.flags & FlagMore
		if h.flags&FlagCommand != 0 {
			flags |= SealedCommand
		}
		body := frames[h.size : h.size+int(h.n)]
		frames = frames[h.size+int(h.n):]
		b = c.Seal(AppendHeader(b, 0, len(body)+c.Overhead()), flags, body)
	}
}

// open returns the frame inside a sealed one, with the flags it would have in clear.
func (d *Decoder) open(body []byte) (flags byte, plain []byte, ok bool) {
	sealed, plain, err := d.cipher.Open(body)
	if err == nil {
		flags, err = d.checkSealed(sealed, uint64(len(plain)))
	}
	if err != nil {
		d.fail(err)
	}
	return flags, plain, err == nil
}

// checkSealed says what is wrong with the flags inside a sealed frame of n bytes, and translates them.
func (d *Decoder) checkSealed(sealed byte, n uint64) (flags byte, err error) {
	switch {
	case sealed&^(SealedMore|SealedCommand) != 0:
		return 0, fmt.Errorf("%w: reserved bits in the flags %#02x of a sealed frame", ErrProtocol, sealed)
	case sealed == SealedMore|SealedCommand:
		return 0, errCommandMore
	case sealed&SealedCommand != 0:
		flags = FlagCommand
	default:
		flags = sealed & SealedMore
	}
	return flags, d.checkLimits(flags, n)
}
