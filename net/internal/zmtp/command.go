// SPDX-License-Identifier: MIT

package zmtp

import (
	"encoding/binary"
	"fmt"
	"time"
)

// The commands that mean something here. Others are to be ignored, so that the protocol can be extended.
const (
	Ready     = "READY"
	Error     = "ERROR"
	Ping      = "PING"
	Pong      = "PONG"
	Subscribe = "SUBSCRIBE"
	Cancel    = "CANCEL"

	hello    = "HELLO"
	welcome  = "WELCOME"
	initiate = "INITIATE"
)

// Command is the body of a command frame, taken apart.
type Command struct {
	Name string
	Data []byte // what follows the name; part of the body
}

// ParseCommand takes a command's body apart. It allocates nothing for the names that are known here.
func ParseCommand(body []byte) (Command, error) {
	if err := checkCommand(body); err != nil {
		return Command{}, err
	}
	end := 1 + int(body[0])
	return Command{commandName(body[1:end]), body[end:]}, nil
}

// checkCommand says what is wrong with the body of a command: without its name, nobody can tell what it is.
func checkCommand(body []byte) error {
	if len(body) == 0 {
		return errEmptyCommand
	}
	if n := int(body[0]); n == 0 || n >= len(body) {
		return fmt.Errorf("%w: a command of %d bytes with a name of %d", ErrProtocol, len(body), n)
	}
	return nil
}

var errEmptyCommand = fmt.Errorf("%w: an empty command", ErrProtocol)

func commandName(name []byte) string {
	switch string(name) { // compares without a copy
	case Ready:
		return Ready
	case Error:
		return Error
	case Ping:
		return Ping
	case Pong:
		return Pong
	case Subscribe:
		return Subscribe
	case Cancel:
		return Cancel
	case Resume:
		return Resume
	case Start:
		return Start
	case Ack:
		return Ack
	case Again:
		return Again
	case Stop:
		return Stop
	case hello:
		return hello
	case welcome:
		return welcome
	case initiate:
		return initiate
	}
	return string(name)
}

// AppendCommand appends the frame of a command. The name has 1 to 255 letters.
func AppendCommand[T []byte | string](b []byte, name string, data T) []byte {
	b = AppendHeader(b, FlagCommand, 1+len(name)+len(data))
	b = append(append(b, byte(len(name))), name...)
	return append(b, data...)
}

const (
	pingUnit   = time.Second / 10
	pingMax    = 655 // units of TTL: libzmq computes milliseconds in 16 bits, and takes 656 for 64 ms
	contextMax = 16  // bytes of a context
)

// AppendPing appends a PING. A peer that hears nothing for ttl after it may give this side up; ttl is rounded up to tenths
// of a second. 0 asks for no such thing, and neither does what is over 65.5 s, because libzmq cannot count so far. A
// context of up to 16 bytes comes back in the PONG; what is longer is cut.
func AppendPing(b []byte, ttl time.Duration, context []byte) []byte {
	units := max(0, (ttl+pingUnit-1)/pingUnit)
	if units > pingMax {
		units = 0
	}
	context = context[:min(len(context), contextMax)]
	b = AppendHeader(b, FlagCommand, 1+len(Ping)+2+len(context))
	b = append(append(b, byte(len(Ping))), Ping...)
	return append(binary.BigEndian.AppendUint16(b, uint16(units)), context...)
}

// AppendPong appends the answer to a PING with this context.
func AppendPong(b, context []byte) []byte { return AppendCommand(b, Pong, context) }

// ParsePing takes the data of a PING apart. ttl is 0 if the peer gave none; context is part of data.
func ParsePing(data []byte) (ttl time.Duration, context []byte, err error) {
	switch {
	case len(data) < 2:
		return 0, nil, fmt.Errorf("%w: PING with %d bytes of TTL", ErrProtocol, len(data))
	case len(data) > 2+contextMax:
		return 0, nil, fmt.Errorf("%w: PING with %d bytes of context", ErrProtocol, len(data)-2)
	}
	return time.Duration(binary.BigEndian.Uint16(data)) * pingUnit, data[2:], nil
}

// AppendError appends an ERROR, after which the connection is to be closed. The reason is printable ASCII of up to 255
// bytes; other bytes are sent as '?', and what is longer is cut. libzmq does not come back after an ERROR, so this is for
// peers that must be configured anew, not for those that may try again.
func AppendError(b []byte, reason string) []byte {
	n := min(len(reason), 255)
	b = AppendHeader(b, FlagCommand, 1+len(Error)+1+n)
	b = append(append(b, byte(len(Error))), Error...)
	b = append(b, byte(n))
	for _, c := range []byte(reason[:n]) {
		if c < ' ' || c > '~' {
			c = '?'
		}
		b = append(b, c)
	}
	return b
}

// ParseError returns the reason in the data of an ERROR. It is the peer's text: print it with %q.
func ParseError(data []byte) (reason string, err error) {
	if len(data) == 0 || int(data[0]) > len(data)-1 {
		return "", fmt.Errorf("%w: ERROR with %d bytes of reason", ErrProtocol, len(data))
	}
	return string(data[1 : 1+int(data[0])]), nil
}

// wrongType is the reason that RFC 37 names.
const wrongType = "Invalid socket type"

// refused is what an ERROR comes to.
func refused(data []byte) error {
	reason, err := ParseError(data)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPeerRefused, err)
	}
	if reason == wrongType {
		return fmt.Errorf("%w: %w", ErrPeerRefused, ErrSocketType)
	}
	return fmt.Errorf("%w: %q", ErrPeerRefused, reason)
}
