// SPDX-License-Identifier: MIT

package zmtp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Property is one of the facts that peers tell each other when they meet (37, Connection Metadata). Names compare without
// case. Those of applications begin with "X-".
type Property struct {
	Name  string // 1 to 255 letters, digits, '-', '_', '.' and '+'
	Value []byte
}

const (
	socketType    = "Socket-Type"
	identity      = "Identity"
	identityMax   = 255 // bytes
	propertiesMax = 64  // properties of one peer
)

// AppendProperty appends a property as it is in the metadata of READY.
func AppendProperty[T []byte | string](b []byte, name string, value T) []byte {
	b = append(append(b, byte(len(name))), name...)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(value))), value...)
}

// ParseProperties takes metadata apart. Values are parts of b. Properties with a name of illegal characters are left out.
func ParseProperties(b []byte) ([]Property, error) {
	var all []Property
	for n := 0; len(b) > 0; n++ {
		if n == propertiesMax {
			return nil, fmt.Errorf("%w: more than %d properties", ErrTooLarge, propertiesMax)
		}
		size := int(b[0])
		switch {
		case size == 0:
			return nil, fmt.Errorf("%w: a property without a name", ErrProtocol)
		case len(b)-1 < size+4:
			return nil, fmt.Errorf("%w: a property cut short after %d bytes", ErrProtocol, len(b))
		}
		name := b[1 : 1+size]
		value := b[1+size+4:]
		announced := binary.BigEndian.Uint32(b[1+size:])
		if uint64(announced) > uint64(len(value)) {
			return nil, fmt.Errorf("%w: a property of %d bytes with %d left", ErrProtocol, announced, len(value))
		}
		value, b = value[:announced:announced], value[announced:]
		if isName(string(name)) {
			all = append(all, Property{string(name), value})
		}
	}
	return all, nil
}

func isName(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.+", c) >= 0) {
			return false
		}
	}
	return 0 < len(s) && len(s) <= 255
}

// named reports whether peers of this type may have an identity. That of others is neither sent nor taken.
func named(socket string) bool { return socket == "REQ" || socket == "DEALER" || socket == "ROUTER" }

func checkIdentity(id []byte) error {
	switch {
	case len(id) > identityMax:
		return fmt.Errorf("%w: an identity of %d bytes, of which %d are legal", ErrProtocol, len(id), identityMax)
	case len(id) > 0 && id[0] == 0:
		return fmt.Errorf("%w: the identity %q begins with a zero byte", ErrProtocol, id)
	}
	return nil
}

// metadata is what this side tells of itself.
func (c *Config) metadata() ([]byte, error) {
	b := AppendProperty(nil, socketType, c.SocketType)
	if named(c.SocketType) {
		if err := checkIdentity(c.Identity); err != nil {
			return nil, err
		}
		b = AppendProperty(b, identity, c.Identity)
	}
	for _, p := range c.Properties {
		if !isName(p.Name) || strings.EqualFold(p.Name, socketType) || strings.EqualFold(p.Name, identity) {
			return nil, fmt.Errorf("zmtp: %q cannot be the name of a further property", p.Name)
		}
		b = AppendProperty(b, p.Name, p.Value)
	}
	if len(b) > handshakeMax/2 || len(c.Properties)+2 > propertiesMax {
		return nil, errors.New("zmtp: too many or too large properties for a handshake")
	}
	return b, nil
}

// meet makes out who the peer is from its metadata, and whether it is welcome. All its errors are refusals.
func (c *Config) meet(metadata []byte) (p Peer, err error) {
	all, err := ParseProperties(metadata)
	if err != nil {
		return p, &Refusal{"Invalid metadata", err}
	}
	var hasType, hasIdentity bool
	for _, property := range all {
		var seen *bool
		switch {
		case strings.EqualFold(property.Name, socketType):
			p.SocketType, seen = string(property.Value), &hasType
		case strings.EqualFold(property.Name, identity):
			p.Identity, seen = property.Value, &hasIdentity
		default:
			p.Properties = append(p.Properties, property)
			continue
		}
		if *seen {
			return p, &Refusal{"Invalid metadata", fmt.Errorf("%w: the property %s comes twice", ErrProtocol, property.Name)}
		}
		*seen = true
	}
	if hasType && !c.accepts(p.SocketType) {
		return p, &Refusal{wrongType, fmt.Errorf("%w: %s here, %q there", ErrSocketType, c.SocketType, p.SocketType)}
	}
	if hasType && !named(p.SocketType) {
		p.Identity = nil
	}
	if err := checkIdentity(p.Identity); err != nil {
		return p, &Refusal{"Invalid identity", err}
	}
	return p, nil
}

func (c *Config) accepts(socket string) bool { return c.Accepts == nil || c.Accepts(socket) }
