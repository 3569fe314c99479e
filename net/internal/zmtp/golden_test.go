// SPDX-License-Identifier: MIT

package zmtp_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/zmtp"
)

// The greetings that peers send. Those of libzmq have another padding than RFC 37 shows, and never tell a server.
var (
	zeros       = strings.Repeat("00", 31)
	greetNull   = unhex("ff00000000000000007f03014e554c4c" + strings.Repeat("00", 16) + "00" + zeros)
	greetLibzmq = unhex("ff00000000000000017f03014e554c4c" + strings.Repeat("00", 16) + "00" + zeros)
	greetCurve  = unhex("ff00000000000000007f03014355525645" + strings.Repeat("00", 15) + "01" + zeros)
	greetPlain  = unhex("ff00000000000000007f0301504c41494e" + strings.Repeat("00", 15) + "00" + zeros)

	readyDealer = unhex("04310552454144590b536f636b65742d54797065000000064445414c4552084964656e7469747900000008776f726b65722d31")
	readyRouter = unhex("04290552454144590b536f636b65742d5479706500000006524f55544552084964656e7469747900000000")
	readyShort  = unhex("041c0552454144590b536f636b65742d5479706500000006524f55544552")
	readySub    = unhex("04190552454144590b536f636b65742d5479706500000003535542")
	readyLong   = unhex("060000000000000128 0552454144590b536f636b65742d54797065000000064445414c4552084964656e74697479000000ff" + strings.Repeat("69", 255))

	threeParts    = unhex("0103686472 03000000000000012c" + strings.Repeat("5a", 300) + "0000")
	longSubscribe = unhex("060000000000000100 09535542534352494245" + strings.Repeat("54", 246))
)

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:8])
}

func TestGoldenVectorsAreWhole(t *testing.T) {
	require.Len(t, greetNull, 64)
	require.Equal(t, "523942d80cc0339c", sum(greetNull))
	require.Len(t, greetCurve, 64)
	require.Len(t, greetPlain, 64)
	require.Len(t, readyLong, 305)
	require.Equal(t, "248e9f9bccdcd82d", sum(readyLong))
	require.Len(t, threeParts, 316)
	require.Equal(t, "3bc029635b228011", sum(threeParts))
	require.Len(t, longSubscribe, 265)
	require.Equal(t, "3294b70b0c2be916", sum(longSubscribe))
}

// golden is traffic: what is on the wire, what it means, and how it is written. wire is nil where this side writes it
// otherwise, or not at all.
var golden = []struct {
	id    string
	wire  []byte
	item  zmtp.Item
	wrote []byte
}{
	{"B-GLD-10", threeParts, message("hdr", strings.Repeat("Z", 300), ""),
		zmtp.AppendMessage(nil, []byte("hdr"), [][]byte{bytes.Repeat([]byte("Z"), 300), nil})},
	{"B-GLD-11 255 bytes", unhex("00ff" + strings.Repeat("61", 255)), message(strings.Repeat("a", 255)),
		zmtp.AppendMessage(nil, bytes.Repeat([]byte("a"), 255), nil)},
	{"B-GLD-11 256 bytes", unhex("020000000000000100" + strings.Repeat("61", 256)), message(strings.Repeat("a", 256)),
		zmtp.AppendMessage(nil, bytes.Repeat([]byte("a"), 256), nil)},
	{"B-GLD-11 empty", unhex("0000"), message(""), zmtp.AppendMessage(nil, nil, nil)},
	{"B-GLD-11 empty first part", unhex("0100 000141"), message("", "A"), zmtp.AppendMessage(nil, nil, [][]byte{[]byte("A")})},
	{"B-GLD-12 SUBSCRIBE A", unhex("040b0953554253435249424541"), command("SUBSCRIBE", "A"), zmtp.AppendSubscription(nil, zmtp.V31, "A", true)},
	{"B-GLD-12 CANCEL A", unhex("04080643414e43454c41"), command("CANCEL", "A"), zmtp.AppendSubscription(nil, zmtp.V31, "A", false)},
	{"B-GLD-12 SUBSCRIBE all", unhex("040a09535542534352494245"), command("SUBSCRIBE", ""), zmtp.AppendSubscription(nil, zmtp.V31, "", true)},
	{"B-GLD-12 01 A", unhex("00020141"), message("\x01A"), zmtp.AppendSubscription(nil, zmtp.V30, "A", true)},
	{"B-GLD-12 00 A", unhex("00020041"), message("\x00A"), zmtp.AppendSubscription(nil, zmtp.V20, "A", false)},
	{"B-GLD-12 01", unhex("000101"), message("\x01"), zmtp.AppendSubscription(nil, zmtp.V30, "", true)},
	{"B-GLD-13", longSubscribe, command("SUBSCRIBE", strings.Repeat("T", 246)), zmtp.AppendSubscription(nil, zmtp.V31, strings.Repeat("T", 246), true)},
	{"B-GLD-13 libzmq 4.3.4", append([]byte{4}, longSubscribe[1:]...), command("SUBSCRIBE", strings.Repeat("T", 246)), nil},
	{"B-GLD-14 PING", unhex("040a0450494e470064616263"), command("PING", "\x00\x64abc"), zmtp.AppendPing(nil, 10*time.Second, []byte("abc"))},
	{"B-GLD-14 PONG", unhex("040804504f4e47616263"), command("PONG", "abc"), zmtp.AppendPong(nil, []byte("abc"))},
	{"B-GLD-14 PING of libzmq", unhex("04070450494e470000"), command("PING", "\x00\x00"), zmtp.AppendPing(nil, 0, nil)},
	{"B-GLD-14 PONG to libzmq", unhex("040504504f4e47"), command("PONG", ""), zmtp.AppendPong(nil, nil)},
	{"B-GLD-15 request", unhex("01000003726571"), message("", "req"), zmtp.AppendMessage(nil, nil, [][]byte{[]byte("req")})},
	{"B-GLD-15 reply", unhex("01000003726570"), message("", "rep"), zmtp.AppendMessage(nil, nil, [][]byte{[]byte("rep")})},
	{"B-GLD-16 type", unhex("041a054552524f5213496e76616c696420736f636b65742074797065"), command("ERROR", "\x13Invalid socket type"),
		zmtp.AppendError(nil, "Invalid socket type")},
	{"B-GLD-16 400", unhex("040a054552524f5203343030"), command("ERROR", "\x03400"), zmtp.AppendError(nil, "400")},
	{"B-GLD-16 empty", unhex("0407054552524f5200"), command("ERROR", "\x00"), zmtp.AppendError(nil, "")},
	{"long form of a short body", unhex("020000000000000001 41"), message("A"), nil}, // F-FRM-12
	{"long form of an empty body", unhex("020000000000000000"), message(""), nil},
	{"unknown command", unhex("0405 04 4a4f494e"), command("JOIN", ""), zmtp.AppendCommand(nil, "JOIN", "")},
}

func TestGoldenTraffic(t *testing.T) {
	var stream []byte
	var items []zmtp.Item
	for _, g := range golden {
		got, err := decode(g.wire, limits)
		require.Equal(t, io.EOF, err, g.id)
		alike(t, []zmtp.Item{g.item}, got, g.id)
		if g.wrote != nil {
			require.Equal(t, g.wire, g.wrote, g.id)
		}
		agree(t, g.wire, limits)
		stream = append(stream, g.wire...)
		items = append(items, g.item)
	}
	for name, r := range readers(stream) {
		got, err := drain(zmtp.NewDecoder(r, limits))
		require.Equal(t, io.EOF, err, name)
		alike(t, items, got, name)
	}
}

// F-FRM-11: it makes no difference where reads split a stream. F-FRM-05, F-FRM-06, B-BAD-34: what ends within an item
// brings the items before it, and no part of it.
func TestSplitsAndCuts(t *testing.T) {
	var stream []byte
	for _, g := range golden {
		stream = append(stream, g.wire...)
	}
	want, end := reference(stream, limits)
	require.Equal(t, io.EOF, end)
	for at := range len(stream) + 1 {
		got, err := drain(zmtp.NewDecoder(sliced(stream, at), limits))
		require.Equal(t, io.EOF, err, at)
		alike(t, want, got, at)

		short, end := reference(stream[:at], limits)
		got, err = decode(stream[:at], limits)
		require.ErrorIs(t, err, end, at)
		alike(t, short, got, at)
	}
}

func TestMessageSize(t *testing.T) {
	for _, g := range golden {
		if !g.item.Command {
			size := zmtp.MessageSize(g.item.Body, g.item.More)
			require.Len(t, zmtp.AppendMessage(nil, g.item.Body, g.item.More), size, g.id)
		}
	}
}

// B-GLD-17 and 18 are openings: see TestVersion2 and TestRefusedGreetings. B-GLD-01 to 09 are in TestGoldenHandshakes.
func TestGoldenHandshakes(t *testing.T) {
	for _, c := range []struct {
		id       string
		greeting []byte
		ready    []byte
		want     zmtp.Peer
	}{
		{"B-GLD-06", greetNull, readyDealer, zmtp.Peer{SocketType: "DEALER", Identity: []byte("worker-1")}},
		{"B-GLD-07", greetLibzmq, readyRouter, zmtp.Peer{SocketType: "ROUTER", Identity: []byte{}}},
		{"B-GLD-07 RFC", greetNull, readyShort, zmtp.Peer{SocketType: "ROUTER"}},
		{"B-GLD-08", greetLibzmq, readySub, zmtp.Peer{SocketType: "SUB"}},
		{"B-GLD-09", greetNull, readyLong, zmtp.Peer{SocketType: "DEALER", Identity: bytes.Repeat([]byte("i"), 255)}},
	} {
		c.want.Version = zmtp.V31
		stream := append(append(bytes.Clone(c.greeting), c.ready...), threeParts...)
		for name, r := range readers(stream) {
			d := zmtp.NewDecoder(r, limits)
			var wrote bytes.Buffer
			p, err := zmtp.Handshake(d, &wrote, zmtp.Config{SocketType: "ROUTER"})
			require.NoError(t, err, "%s %s", c.id, name)
			require.Equal(t, c.want, p, "%s %s", c.id, name)
			require.Equal(t, append(bytes.Clone(greetNull), readyRouter...), wrote.Bytes(), "%s %s", c.id, name)
			items, err := drain(d)
			require.Equal(t, io.EOF, err)
			alike(t, []zmtp.Item{message("hdr", strings.Repeat("Z", 300), "")}, items)
		}
		if name := c.want.SocketType; !strings.HasSuffix(c.id, "RFC") {
			var wrote bytes.Buffer
			_, err := zmtp.Handshake(zmtp.NewDecoder(bytes.NewReader(stream), limits), &wrote, zmtp.Config{SocketType: name, Identity: c.want.Identity})
			require.NoError(t, err)
			require.Equal(t, append(bytes.Clone(greetNull), c.ready...), wrote.Bytes(), c.id)
		}
	}
}
