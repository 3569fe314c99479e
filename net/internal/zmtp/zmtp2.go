// SPDX-License-Identifier: MIT

package zmtp

import (
	"bytes"
	"fmt"
	"io"
	"slices"
)

// codes2 are the socket types of ZMTP 2.0, each at the code that stands for it.
var codes2 = []string{"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"}

// handshake2 goes on with a peer of an older version, which was seen in its 11th byte. That of ZMTP 2.0 is 1 in libzmq,
// and 2 may be read in RFC 37. What follows is the code of the socket type and the identity in a frame; there is no
// mechanism, so this is no way around one.
func (c *Config) handshake2(d *Decoder, w io.Writer, major byte) (Peer, error) {
	code := slices.Index(codes2, c.SocketType)
	if _, isNull := c.Mechanism.(*null); !isNull || !c.ZMTP2 || major == 0 || code < 0 {
		return Peer{}, fmt.Errorf("%w: its version is %d", ErrNotZMTP, major)
	}
	var id []byte
	if named(c.SocketType) {
		id = c.Identity
	}
	if _, err := w.Write(AppendFrame([]byte{byte(code)}, 0, id)); err != nil {
		return Peer{}, err
	}
	theirs, err := d.peek(signatureSize + 2)
	if err != nil {
		return Peer{}, err
	}
	p := Peer{Version: V20}
	if code = int(theirs[11]); code < len(codes2) {
		p.SocketType = codes2[code]
	}
	if p.SocketType == "" || !c.accepts(p.SocketType) {
		return Peer{}, fmt.Errorf("%w: %s here, code %d there", ErrSocketType, c.SocketType, code)
	}
	d.start += signatureSize + 2
	if p.Identity, err = d.identity2(); err != nil {
		return Peer{}, err
	}
	if !named(p.SocketType) {
		p.Identity = nil
	}
	if err := checkIdentity(p.Identity); err != nil {
		return Peer{}, err
	}
	return p, c.admit(p)
}

// identity2 reads the identity that a peer of ZMTP 2.0 sends first.
func (d *Decoder) identity2() ([]byte, error) {
	b, err := d.peek(1)
	if err != nil {
		return nil, err
	}
	if b[0] != 0 {
		return nil, fmt.Errorf("%w: flags %#02x where the identity is due", ErrProtocol, b[0])
	}
	if b, err = d.peek(shortHeader); err != nil {
		return nil, err
	}
	size := shortHeader + int(b[1])
	if b, err = d.peek(size); err != nil {
		return nil, err
	}
	d.start += size
	return bytes.Clone(b[shortHeader:]), nil
}
