// SPDX-License-Identifier: MIT

package zmtp

import "encoding/binary"

// The bits of a frame's first byte (37, Framing). All others are sent as 0.
const (
	FlagMore    byte = 0x01 // another part of this message follows
	FlagLong    byte = 0x02 // the length takes 8 bytes, not one
	FlagCommand byte = 0x04 // the body is a command, not part of a message
)

const (
	shortHeader = 2   // bytes of a header with a length of one byte
	longHeader  = 9   // bytes of a header with a length of 8
	shortMax    = 255 // longest body behind a short header
)

// AppendHeader appends the header of a frame of n body bytes. FlagLong is set as n requires.
func AppendHeader(b []byte, flags byte, n int) []byte {
	if n <= shortMax {
		return append(b, flags&^FlagLong, byte(n))
	}
	return binary.BigEndian.AppendUint64(append(b, flags|FlagLong), uint64(n))
}

// AppendFrame appends a frame.
func AppendFrame(b []byte, flags byte, body []byte) []byte {
	return append(AppendHeader(b, flags, len(body)), body...)
}

// AppendMessage appends the message of first and more, each part a frame.
func AppendMessage(b, first []byte, more [][]byte) []byte {
	for _, next := range more {
		b = AppendFrame(b, FlagMore, first)
		first = next
	}
	return AppendFrame(b, 0, first)
}

// MessageSize is the number of bytes that AppendMessage appends.
func MessageSize(first []byte, more [][]byte) int {
	size := frameSize(len(first))
	for _, part := range more {
		size += frameSize(len(part))
	}
	return size
}

func frameSize(n int) int {
	if n <= shortMax {
		return shortHeader + n
	}
	return longHeader + n
}

// header is what the first bytes of a frame say.
type header struct {
	flags byte
	size  int    // bytes of the header itself
	n     uint64 // bytes of the body, as announced
}

// parseHeader reads the header at the front of b. ok is false if b ends before the header does.
func parseHeader(b []byte) (h header, ok bool) {
	switch {
	case len(b) < shortHeader:
		return header{}, false
	case b[0]&FlagLong == 0:
		return header{b[0], shortHeader, uint64(b[1])}, true
	case len(b) < longHeader:
		return header{}, false
	}
	return header{b[0], longHeader, binary.BigEndian.Uint64(b[1:])}, true
}
