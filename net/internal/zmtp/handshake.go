// SPDX-License-Identifier: MIT

package zmtp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Config is what this side says of itself in a handshake, and what it accepts.
type Config struct {
	SocketType string     // such as "PUSH"
	Identity   []byte     // of REQ, DEALER and ROUTER; up to 255 bytes, the first of them not 0
	Properties []Property // others than these two
	Mechanism  Mechanism  // nil is NULL: no security
	Server     bool       // this side accepted the connection
	ZMTP2      bool       // peers of ZMTP 2.0 are taken too, if there is no security

	// Accepts reports whether this socket and one of the peer's type go together; nil takes all.
	Accepts func(socketType string) bool
	// Admit, if not nil, is called once the peer has passed all tests, and before the READY that lets it send: an error ends
	// the connection without that. It is for the side that accepted the connection: one side has to speak first. To a peer
	// of ZMTP 2.0 all has been said by then.
	Admit func(Peer) error
}

// Peer is who the other side of a connection is.
type Peer struct {
	Version    Version    // that is spoken with it, which may be less than it can
	SocketType string     // "" if it did not say
	Identity   []byte     // nil if it has none, or is of a type that has none
	Properties []Property // all others that it sent
	Cipher     Cipher     // what frames to it are sealed with, nil if they go in clear; d opens those from it
}

const (
	signatureSize = 10
	greetingSize  = 64
	mechanismMax  = 20
	handshakeMax  = 8 << 10 // bytes of a command's body before the handshake is over
)

// Handshake brings a new connection to where messages may flow. It reads through d, which must be fresh, and writes to w;
// both sides write first, so w must have room for some 100 bytes that the peer has not read yet, as the buffers of a
// kernel have. It blocks as long as reading and writing do: the caller bounds the time, and closes the connection after an
// error. A peer that is wrongly configured has been told by an ERROR then, as far as RFC 37 asks for one.
func Handshake(d *Decoder, w io.Writer, c Config) (Peer, error) {
	if c.Mechanism == nil {
		c.Mechanism = new(null)
	}
	d.shaking = true
	d.settle()
	p, err := c.handshake(d, w)
	if err == io.ErrUnexpectedEOF {
		err = fmt.Errorf("zmtp: the connection ended in the handshake: %w", err)
	}
	if err != nil {
		d.fail(err)
		return Peer{}, err
	}
	d.shaking, d.cipher = false, p.Cipher
	d.settle()
	return p, nil
}

func (c *Config) handshake(d *Decoder, w io.Writer) (Peer, error) {
	metadata, err := c.metadata()
	if err != nil {
		return Peer{}, err
	}
	mechanism := c.Mechanism.Name()
	if !isName(mechanism) || len(mechanism) > mechanismMax {
		return Peer{}, fmt.Errorf("zmtp: %q cannot be the name of a mechanism", mechanism)
	}
	greeting := c.greeting(mechanism)
	if _, err := w.Write(greeting[:signatureSize+1]); err != nil {
		return Peer{}, err
	}
	major, err := d.signature()
	if err != nil {
		return Peer{}, err
	}
	if major < 3 {
		return c.handshake2(d, w, major)
	}
	if _, err := w.Write(greeting[signatureSize+1:]); err != nil {
		return Peer{}, err
	}
	theirs, err := d.peek(greetingSize)
	if err != nil {
		return Peer{}, err
	}
	version := V31
	if theirs[10] == 3 && theirs[11] == 0 {
		version = V30
	}
	if name := theirs[12 : 12+mechanismMax]; !bytes.Equal(name, greeting[12:12+mechanismMax]) {
		return Peer{}, fmt.Errorf("%w: %s here, %q there", ErrMechanism, mechanism, bytes.TrimRight(name, "\x00"))
	}
	d.start += greetingSize
	p, err := c.exchange(d, w, metadata)
	p.Version = version
	return p, err
}

// greeting is what this side sends first. The padding is 0 and the rest as in 37, Formal Grammar.
func (c *Config) greeting(mechanism string) [greetingSize]byte {
	g := [greetingSize]byte{0: 0xff, 9: 0x7f, 10: 3, 11: 1}
	copy(g[12:], mechanism)
	if c.Server && mechanism != "NULL" {
		g[32] = 1 // for peers that look; libzmq never sets it, so it is not looked at here
	}
	return g
}

// signature reads as far as the major version, and leaves all that where it is. It goes byte by byte where a byte decides:
// what is not ZMTP is refused without waiting for more of it.
func (d *Decoder) signature() (major byte, err error) {
	b, err := d.peek(1)
	if err != nil {
		return 0, err
	}
	if b[0] != 0xff {
		return 0, fmt.Errorf("%w: its first byte is %#02x", ErrNotZMTP, b[0])
	}
	if b, err = d.peek(signatureSize); err != nil {
		return 0, err
	}
	if b[9]&1 == 0 {
		return 0, fmt.Errorf("%w: the signature ends with %#02x", ErrNotZMTP, b[9])
	}
	if b, err = d.peek(signatureSize + 1); err != nil {
		return 0, err
	}
	return b[10], nil
}

// exchange lets the mechanisms of both sides speak until they are done.
func (c *Config) exchange(d *Decoder, w io.Writer, metadata []byte) (Peer, error) {
	var p Peer
	reply, err := c.Mechanism.Start(c.Server, metadata)
	for done := false; ; {
		if err != nil {
			return Peer{}, c.refuse(w, err)
		}
		if reply.Name != "" {
			if _, err = w.Write(AppendCommand(nil, reply.Name, reply.Data)); err != nil {
				return Peer{}, err
			}
		}
		if done {
			return p, nil
		}
		var command Command
		if command, err = d.command(); err != nil {
			return Peer{}, err
		}
		if command.Name == Error {
			return Peer{}, refused(command.Data)
		}
		reply, done, err = c.Mechanism.Handle(command)
		if done && err == nil {
			p, err = c.meet(c.Mechanism.Metadata())
			p.Cipher = c.Mechanism.Cipher()
		}
		if done && err == nil {
			err = c.admit(p)
		}
	}
}

func (c *Config) admit(p Peer) error {
	if c.Admit == nil {
		return nil
	}
	return c.Admit(p)
}

// refuse tells the peer of err, if that is for it to know, and returns what it was all about.
func (c *Config) refuse(w io.Writer, err error) error {
	r, ok := errors.AsType[*Refusal](err)
	if !ok {
		return err
	}
	if c.Server || c.Mechanism.Name() == "NULL" { // elsewhere, only servers send ERROR
		_, _ = w.Write(AppendError(nil, r.Reason)) // the connection ends anyway
	}
	return r.Err
}

// command reads a command of the handshake. It is in memory of its own.
func (d *Decoder) command() (Command, error) {
	_, body, own, ok := d.frame(true)
	if !ok {
		return Command{}, d.err
	}
	if !own {
		body = bytes.Clone(body)
	}
	return ParseCommand(body)
}

// peek returns the next n bytes, and leaves them where they are.
func (d *Decoder) peek(n int) ([]byte, error) {
	for d.end-d.start < n {
		if d.err != nil || !d.more(true) {
			return nil, d.err
		}
	}
	return d.buf[d.start : d.start+n], nil
}
