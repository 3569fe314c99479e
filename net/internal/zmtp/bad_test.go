// SPDX-License-Identifier: MIT

package zmtp_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/zmtp"
)

// ready is a READY frame with these properties.
func ready(properties ...string) []byte {
	var b []byte
	for i := 0; i < len(properties); i += 2 {
		b = zmtp.AppendProperty(b, properties[i], properties[i+1])
	}
	return zmtp.AppendCommand(nil, zmtp.Ready, b)
}

// shake is a handshake with a peer that sends stream. wrote is what it was sent.
func shake(stream []byte, c zmtp.Config) (p zmtp.Peer, wrote []byte, err error) {
	var w bytes.Buffer
	p, err = zmtp.Handshake(zmtp.NewDecoder(bytes.NewReader(stream), limits), &w, c)
	return p, w.Bytes(), err
}

// router is who the malformed handshakes go to.
var router = zmtp.Config{SocketType: "ROUTER", Accepts: func(peer string) bool { return peer == "REQ" || peer == "DEALER" || peer == "ROUTER" }}

// Handshakes that are not as they should be: what becomes of them, and what the peer is told.
var badHandshakes = []struct {
	id     string
	stream []byte
	want   error  // nil if it is taken all the same
	wrote  []byte // behind the signature and the version
}{
	{"B-BAD-01", unhex("00"), zmtp.ErrNotZMTP, nil},
	{"B-BAD-02", []byte("GET / HTTP/1.1\r\n\r\n"), zmtp.ErrNotZMTP, nil},
	{"B-BAD-02 TLS", unhex("160301"), zmtp.ErrNotZMTP, nil},
	{"B-BAD-03", unhex("ff0000000000000000 7e 03"), zmtp.ErrNotZMTP, nil},
	{"B-BAD-04 major 0", unhex("ff0000000000000000 7f 00"), zmtp.ErrNotZMTP, nil},
	{"B-BAD-04 major 1", unhex("ff0000000000000000 7f 01"), zmtp.ErrNotZMTP, nil},
	{"B-BAD-04 major 2", unhex("ff0000000000000000 7f 02"), zmtp.ErrNotZMTP, nil},
	{"B-BAD-05 CURVE", greetCurve, zmtp.ErrMechanism, greetNull[11:]},
	{"B-BAD-05 first byte", changed(greetNull, 12, 'n'), zmtp.ErrMechanism, greetNull[11:]},
	{"B-BAD-05 after NUL", changed(greetNull, 17, 'X'), zmtp.ErrMechanism, greetNull[11:]},
	{"B-BAD-05 last byte", changed(greetNull, 31, 1), zmtp.ErrMechanism, greetNull[11:]},
	{"B-BAD-06 as-server", with(changed(greetNull, 32, 1), readyDealer), nil, afterGreeting()},
	{"B-BAD-06 filler", with(changed(changed(greetNull, 33, 7), 63, 7), readyDealer), nil, afterGreeting()},
	{"B-BAD-06 padding", with(changed(changed(greetNull, 1, 7), 8, 7), readyDealer), nil, afterGreeting()},
	{"B-BAD-07 PING", with(greetNull, zmtp.AppendPing(nil, 0, nil)), zmtp.ErrProtocol, afterGreeting()},
	{"B-BAD-07 SUBSCRIBE", with(greetNull, zmtp.AppendSubscription(nil, zmtp.V31, "A", true)), zmtp.ErrProtocol, afterGreeting()},
	{"B-BAD-07 READYX", with(greetNull, zmtp.AppendCommand(nil, "READYX", "")), zmtp.ErrProtocol, afterGreeting()},
	{"B-BAD-07 message", with(greetNull, unhex("000141")), zmtp.ErrProtocol, afterGreeting()},
	{"B-BAD-08 value", with(greetNull, zmtp.AppendCommand(nil, "READY", "\x01X\x00\x00\x00\x05four")), zmtp.ErrProtocol, afterGreeting("Invalid metadata")},
	{"B-BAD-08 7fffffff", with(greetNull, zmtp.AppendCommand(nil, "READY", "\x01X\x7f\xff\xff\xff")), zmtp.ErrProtocol, afterGreeting("Invalid metadata")},
	{"B-BAD-08 80000000", with(greetNull, zmtp.AppendCommand(nil, "READY", "\x01X\x80\x00\x00\x00")), zmtp.ErrProtocol, afterGreeting("Invalid metadata")},
	{"B-BAD-08 ffffffff", with(greetNull, zmtp.AppendCommand(nil, "READY", "\x01X\xff\xff\xff\xffvalue")), zmtp.ErrProtocol, afterGreeting("Invalid metadata")},
	{"B-BAD-08 name", with(greetNull, zmtp.AppendCommand(nil, "READY", "\xffX\x00\x00\x00\x00")), zmtp.ErrProtocol, afterGreeting("Invalid metadata")},
	{"B-BAD-08 length", with(greetNull, zmtp.AppendCommand(nil, "READY", "\x01X\x00\x00\x00")), zmtp.ErrProtocol, afterGreeting("Invalid metadata")},
	{"B-BAD-09", with(greetNull, zmtp.AppendCommand(nil, "READY", "\x01X\x00\x00\x00\x00\x01")), zmtp.ErrProtocol, afterGreeting("Invalid metadata")},
	{"B-BAD-10", with(greetNull, ready("Socket-Type", "DEALER", "", "value")), zmtp.ErrProtocol, afterGreeting("Invalid metadata")},
	{"B-BAD-11", with(greetNull, ready("Socket-Type", "DEALER", "X key\x00", "value")), nil, afterGreeting()},
	{"B-BAD-12", with(greetNull, ready()), nil, afterGreeting()},
	{"B-BAD-12 others", with(greetNull, ready("X-key", "value")), nil, afterGreeting()},
	{"B-BAD-13 pair", with(greetNull, ready("Socket-Type", "PULL")), zmtp.ErrSocketType, afterGreeting("Invalid socket type")},
	{"B-BAD-13 unknown", with(greetNull, ready("Socket-Type", "dealer")), zmtp.ErrSocketType, afterGreeting("Invalid socket type")},
	{"B-BAD-13 empty", with(greetNull, ready("socket-type", "")), zmtp.ErrSocketType, afterGreeting("Invalid socket type")},
	{"B-BAD-14 256 bytes", with(greetNull, ready("Socket-Type", "DEALER", "Identity", strings.Repeat("i", 256))), zmtp.ErrProtocol, afterGreeting("Invalid identity")},
	{"B-BAD-14 leading 00", with(greetNull, ready("Socket-Type", "DEALER", "Identity", "\x00\x01\x02\x03\x04")), zmtp.ErrProtocol, afterGreeting("Invalid identity")},
	{"B-BAD-14 00, type after it", with(greetNull, ready("Identity", "\x00", "Socket-Type", "REQ")), zmtp.ErrProtocol, afterGreeting("Invalid identity")},
	{"B-BAD-15 Socket-Type", with(greetNull, ready("Socket-Type", "DEALER", "socket-TYPE", "DEALER")), zmtp.ErrProtocol, afterGreeting("Invalid metadata")},
	{"B-BAD-15 Identity", with(greetNull, ready("Socket-Type", "DEALER", "Identity", "", "IDENTITY", "")), zmtp.ErrProtocol, afterGreeting("Invalid metadata")},
	{"B-BAD-16", with(greetNull, unhex("06 0000000000000006"), unhex("05 5245414459")), nil, afterGreeting()},
	{"B-BAD-17", with(greetNull, changed(readyDealer, 0, 0)), zmtp.ErrProtocol, afterGreeting()},
	{"B-BAD-18", with(greetNull, changed(readyDealer, 0, 5)), zmtp.ErrProtocol, afterGreeting()},
	{"B-BAD-18 long", with(greetNull, changed(readyLong, 0, 7)), zmtp.ErrProtocol, afterGreeting()},
	{"B-BAD-19 past the end", with(greetNull, zmtp.AppendCommand(nil, "ERROR", "\x05four")), zmtp.ErrPeerRefused, afterGreeting()},
	{"B-BAD-19 absent", with(greetNull, zmtp.AppendCommand(nil, "ERROR", "")), zmtp.ErrPeerRefused, afterGreeting()},
	{"B-NUL-05", with(greetNull, zmtp.AppendCommand(nil, "ERROR", "\x07no\x1b[31m")), zmtp.ErrPeerRefused, afterGreeting()},
	{"B-BAD-20", with(greetNull, changed(readyDealer, 0, 0x0c)), zmtp.ErrProtocol, afterGreeting()},
	{"B-BAD-24", with(greetNull, unhex("0400")), zmtp.ErrProtocol, afterGreeting()},
	{"B-BAD-24 name", with(greetNull, unhex("0403 05 5245")), zmtp.ErrProtocol, afterGreeting()},
	{"F-GRT-11 size", with(greetNull, ready("X-large", strings.Repeat("x", 8200))), zmtp.ErrTooLarge, afterGreeting()},
	{"F-GRT-11 number", with(greetNull, ready(strings.Split(strings.Repeat("X-a value ", 65), " ")[:130]...)), zmtp.ErrTooLarge, afterGreeting("Invalid metadata")},
	{"F-GRT-07 nothing", nil, io.ErrUnexpectedEOF, nil},
	{"F-GRT-07 greeting", greetNull[:40], io.ErrUnexpectedEOF, greetNull[11:]},
	{"F-GRT-07 no READY", greetNull, io.ErrUnexpectedEOF, afterGreeting()},
	{"F-GRT-07 half a READY", with(greetNull, readyDealer[:20]), io.ErrUnexpectedEOF, afterGreeting()},
}

// afterGreeting is what the router has written behind the 11th byte, up to its READY and an ERROR, if there is one.
func afterGreeting(reasons ...string) []byte {
	b := with(greetNull[11:], readyRouter)
	for _, r := range reasons {
		b = zmtp.AppendError(b, r)
	}
	return b
}

func changed(b []byte, at int, c byte) []byte {
	b = bytes.Clone(b)
	b[at] = c
	return b
}

func with(b ...[]byte) []byte { return bytes.Join(b, nil) }

func TestBadHandshakes(t *testing.T) {
	for _, c := range badHandshakes {
		for name, r := range readers(c.stream) {
			d := zmtp.NewDecoder(r, limits)
			var w bytes.Buffer
			_, err := zmtp.Handshake(d, &w, router)
			require.Equal(t, with(greetNull[:11], c.wrote), w.Bytes(), "%s, %s", c.id, name)
			if c.want == nil {
				require.NoError(t, err, "%s, %s", c.id, name)
				continue
			}
			require.ErrorIs(t, err, c.want, "%s, %s", c.id, name)
			require.NotContains(t, err.Error(), "\x1b", "what the peer says is not printed as it is")
			_, again := d.Next()
			require.Equal(t, err, again, "nothing comes of it any more")
		}
	}
}

// B-BAD-01, 02: a byte that is not ZMTP is enough; nothing more is waited for.
func TestStrangersAreRefusedAtOnce(t *testing.T) {
	for _, front := range []string{"00", "47", "16", "ff0000000000000000 7e", "ff0000000000000000 7f 00", "ff0000000000000000 7f 02"} {
		r := &watched{Reader: bytes.NewReader(unhex(front))}
		_, err := zmtp.Handshake(zmtp.NewDecoder(r, limits), io.Discard, router)
		require.ErrorIs(t, err, zmtp.ErrNotZMTP)
		require.Equal(t, 1, r.reads, front)
	}
}

// Traffic that is not as it should be. B-BAD-22 is about lengths, see TestMemoryFollowsWhatArrives; B-BAD-26 and 27 about
// what the session makes of a PING, see below; the rows from B-BAD-29 on are the session's.
func TestBadTraffic(t *testing.T) {
	for _, c := range []struct {
		id   string
		hex  string
		want error
	}{
		{"B-BAD-20 08", "08", zmtp.ErrProtocol},
		{"B-BAD-20 10", "1001 41", zmtp.ErrProtocol},
		{"B-BAD-20 80", "8001 41", zmtp.ErrProtocol},
		{"B-BAD-20 with LONG", "0a", zmtp.ErrProtocol},
		{"B-BAD-20 command", "0c07 04 50494e47 0000", zmtp.ErrProtocol},
		{"B-BAD-21", "0507 04 50494e47 0000", zmtp.ErrProtocol},
		{"B-BAD-21 long", "0700 0000 0000 0000 07 04 50494e47 0000", zmtp.ErrProtocol},
		{"B-BAD-22 2^63", "02 8000000000000000", zmtp.ErrTooLarge},
		{"B-BAD-22 2^64-1", "03 ffffffffffffffff", zmtp.ErrTooLarge},
		{"B-BAD-22 command", "06 8000000000000000", zmtp.ErrTooLarge},
		{"B-BAD-22 over the limit", "02 0000000004000001", zmtp.ErrTooLarge},
		{"B-BAD-23 at the limit", "02 0000000004000000 41", io.ErrUnexpectedEOF},
		{"B-BAD-24 empty", "0400", zmtp.ErrProtocol},
		{"B-BAD-24 empty, long form", "06 0000000000000000", zmtp.ErrProtocol},
		{"B-BAD-24 no name", "0401 00", zmtp.ErrProtocol},
		{"B-BAD-24 name past the end", "0404 04 50494e", zmtp.ErrProtocol},
		{"B-BAD-25", "0405 04 4a4f494e", io.EOF},
		{"B-BAD-28", "0405 04 504f4e47", io.EOF},
		{"B-BAD-34 frame", "0002 41", io.ErrUnexpectedEOF},
		{"B-BAD-34 header", "02 0000", io.ErrUnexpectedEOF},
		{"B-BAD-34 message", "0101 41", io.ErrUnexpectedEOF},
	} {
		for _, before := range []string{"", "0001 41"} {
			stream := unhex(before + c.hex)
			agree(t, stream, limits)
			_, err := decode(stream, limits)
			require.ErrorIs(t, err, c.want, c.id)
		}
	}
}

func TestBadPings(t *testing.T) {
	for id, data := range map[string]string{"B-BAD-26 5 bytes": "", "B-BAD-26 6 bytes": "\x00", "B-BAD-27": strings.Repeat("c", 19)} {
		_, _, err := zmtp.ParsePing([]byte(data))
		require.ErrorIs(t, err, zmtp.ErrProtocol, id)
	}
}
