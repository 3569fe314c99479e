// SPDX-License-Identifier: MIT

package zmtp_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/zmtp"
)

func only(socketType string) func(string) bool {
	return func(s string) bool { return s == socketType }
}

func TestHandshakeOfTwo(t *testing.T) {
	property := zmtp.Property{Name: "X-session", Value: []byte{0, 1, 2}}
	for _, two := range []bool{false, true} {
		client, server := meet(
			zmtp.Config{SocketType: "DEALER", Identity: []byte("me"), Accepts: only("ROUTER"), Properties: []zmtp.Property{property}, ZMTP2: two},
			zmtp.Config{SocketType: "ROUTER", Accepts: only("DEALER"), ZMTP2: !two},
		)
		require.NoError(t, client.err)
		require.NoError(t, server.err)
		require.Equal(t, zmtp.Peer{Version: zmtp.V31, SocketType: "ROUTER", Identity: []byte{}}, client.peer)
		require.Equal(t, zmtp.Peer{Version: zmtp.V31, SocketType: "DEALER", Identity: []byte("me"), Properties: []zmtp.Property{property}}, server.peer)
	}
}

// B-TYP-01: both sides say so, and one hears it.
func TestHandshakeOfTypesThatDoNotFit(t *testing.T) {
	client, server := meet(
		zmtp.Config{SocketType: "PUSH", Accepts: only("PULL")},
		zmtp.Config{SocketType: "SUB", Accepts: only("PUB")},
	)
	require.ErrorIs(t, client.err, zmtp.ErrPeerRefused, "it speaks first")
	require.ErrorIs(t, client.err, zmtp.ErrSocketType)
	require.EqualError(t, server.err, `zmtp: incompatible socket types: SUB here, "PUSH" there`)

	client, server = meet(zmtp.Config{SocketType: "PUSH", Accepts: only("PULL")}, zmtp.Config{SocketType: "SUB"})
	require.ErrorIs(t, client.err, zmtp.ErrSocketType)
	require.NoError(t, server.err)
	item, err := server.d.Next()
	require.NoError(t, err)
	require.Equal(t, string(command("ERROR", "\x13Invalid socket type").Body), string(item.Body))
}

// B-MET-04: identities are of three types only, and B-MET-02: names have no case.
func TestIdentityAndNames(t *testing.T) {
	for socket, has := range map[string]bool{"REQ": true, "DEALER": true, "ROUTER": true, "REP": false, "PUSH": false, "PULL": false, "PUB": false, "SUB": false, "PAIR": false} {
		p, wrote, err := shake(with(greetNull, ready("IDENTITY", "peer", "socket-type", socket)), zmtp.Config{SocketType: socket, Identity: []byte("me")})
		require.NoError(t, err)
		require.Equal(t, socket, p.SocketType)
		own := ready("Socket-Type", socket)
		if has {
			require.Equal(t, "peer", string(p.Identity), socket)
			own = ready("Socket-Type", socket, "Identity", "me")
		} else {
			require.Nil(t, p.Identity, socket)
		}
		require.Equal(t, string(with(greetNull, own)), string(wrote), socket)
	}
	long := strings.Repeat("i", 300)
	_, _, err := shake(with(greetNull, ready("Socket-Type", "PULL", "Identity", long)), zmtp.Config{SocketType: "PUSH"})
	require.NoError(t, err, "what is ignored cannot be wrong")
}

// B-MET-06, B-MET-07: what is not known is kept for whoever knows it.
func TestPropertiesAreKept(t *testing.T) {
	p, _, err := shake(with(greetNull, ready("X-a", "1", "Socket-Type", "DEALER", "Resource", "r", "X-a", "2", "bad name", "3", "X-empty", "")), router)
	require.NoError(t, err)
	require.Equal(t, []zmtp.Property{{"X-a", []byte("1")}, {"Resource", []byte("r")}, {"X-a", []byte("2")}, {"X-empty", []byte{}}}, p.Properties)
}

// B-VER-01, B-VER-03: what a peer of each version is spoken to in.
func TestVersions(t *testing.T) {
	for _, c := range []struct {
		major, minor byte
		want         zmtp.Version
	}{{3, 0, zmtp.V30}, {3, 1, zmtp.V31}, {3, 2, zmtp.V31}, {4, 0, zmtp.V31}, {4, 9, zmtp.V31}, {255, 255, zmtp.V31}} {
		stream := with(changed(changed(greetLibzmq, 10, c.major), 11, c.minor), readySub)
		p, wrote, err := shake(stream, zmtp.Config{SocketType: "PUB"})
		require.NoError(t, err)
		require.Equal(t, c.want, p.Version)
		require.Equal(t, with(greetNull, ready("Socket-Type", "PUB")), wrote)
	}
}

// B-VER-05, B-GLD-17: ZMTP 2.0 has a code and an identity, then messages.
func TestVersion2(t *testing.T) {
	open := unhex("ff00000000000000017f 01 05 0000")
	for _, major := range []byte{1, 2} {
		for name, r := range readers(with(changed(open, 10, major), threeParts)) {
			d := zmtp.NewDecoder(r, limits)
			var w bytes.Buffer
			p, err := zmtp.Handshake(d, &w, zmtp.Config{SocketType: "ROUTER", Accepts: only("DEALER"), ZMTP2: true})
			require.NoError(t, err, name)
			require.Equal(t, zmtp.Peer{Version: zmtp.V20, SocketType: "DEALER", Identity: []byte{}}, p, name)
			require.Equal(t, unhex("ff00000000000000007f 03 06 0000"), w.Bytes(), name)
			item, err := d.Next()
			require.NoError(t, err)
			require.Len(t, item.More, 2)
		}
	}
	names := []string{"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"}
	for code, name := range names {
		p, wrote, err := shake(with(unhex("ff00000000000000017f 01"), []byte{byte(code)}, unhex("0002 6d65")), zmtp.Config{SocketType: name, Identity: []byte("us"), ZMTP2: true})
		require.NoError(t, err)
		require.Equal(t, name, p.SocketType)
		id := unhex("0000")
		if name == "REQ" || name == "DEALER" || name == "ROUTER" {
			require.Equal(t, "me", string(p.Identity))
			id = unhex("0002 7573")
		}
		require.Equal(t, with(greetNull[:11], []byte{byte(code)}, id), wrote)
	}
}

func TestVersion2Refused(t *testing.T) {
	two := zmtp.Config{SocketType: "ROUTER", Accepts: router.Accepts, ZMTP2: true}
	secure := two
	secure.Mechanism = &plain{}
	unknown := two
	unknown.SocketType = "STREAM"
	for name, c := range map[string]struct {
		hex    string
		config zmtp.Config
		want   error
	}{
		"not allowed":       {"ff00000000000000017f 01 05 0000", router, zmtp.ErrNotZMTP},
		"security":          {"ff00000000000000017f 01 05 0000", secure, zmtp.ErrNotZMTP}, // B-VER-07
		"no code of ours":   {"ff00000000000000017f 01 05 0000", unknown, zmtp.ErrNotZMTP},
		"version 1":         {"ff00000000000000017f 00 05 0000", two, zmtp.ErrNotZMTP},
		"version 1 opening": {"0100", two, zmtp.ErrNotZMTP}, // B-GLD-18
		"illegal pair":      {"ff00000000000000017f 01 07 0000", two, zmtp.ErrSocketType},
		"unknown code":      {"ff00000000000000017f 01 0b 0000", two, zmtp.ErrSocketType},
		"code 255":          {"ff00000000000000017f 01 ff 0000", two, zmtp.ErrSocketType},
		"command":           {"ff00000000000000017f 01 05 0400", two, zmtp.ErrProtocol},
		"MORE":              {"ff00000000000000017f 01 05 0100", two, zmtp.ErrProtocol},
		"identity with 00":  {"ff00000000000000017f 01 05 0001 00", two, zmtp.ErrProtocol},
		"cut at code":       {"ff00000000000000017f 01", two, io.ErrUnexpectedEOF},
		"cut at identity":   {"ff00000000000000017f 01 05 00", two, io.ErrUnexpectedEOF},
		"cut in identity":   {"ff00000000000000017f 01 05 0002 6d", two, io.ErrUnexpectedEOF},
	} {
		_, _, err := shake(unhex(c.hex), c.config)
		require.ErrorIs(t, err, c.want, name)
	}
}

// Trap 1 of libzmq: nothing is written before the peer's READY has come but READY itself, and that at once.
func TestReadyComesUnasked(t *testing.T) {
	_, wrote, err := shake(greetNull, zmtp.Config{SocketType: "SUB"})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, with(greetNull, readySub), wrote)
}

// B-GRT-07: 11 bytes go out before anything is read, and all of the greeting once the peer's version is known.
func TestGreetingGoesFirst(t *testing.T) {
	var w bytes.Buffer
	steps := &steps{w: &w, in: [][]byte{greetNull[:10], greetNull[10:11], greetNull[11:40], with(greetNull[40:], readyDealer)}}
	_, err := zmtp.Handshake(zmtp.NewDecoder(steps, limits), &w, router)
	require.NoError(t, err)
	require.Equal(t, []int{11, 11, 64, 64}, steps.wrote)
}

// steps brings a piece at a time, and notes what had been written by then.
type steps struct {
	w     *bytes.Buffer
	in    [][]byte
	wrote []int
}

func (s *steps) Read(p []byte) (int, error) {
	s.wrote = append(s.wrote, s.w.Len())
	n := copy(p, s.in[0])
	s.in = s.in[1:]
	return n, nil
}

// With Admit, READY is an answer, and only to those who were let in. Those who fail a test are not asked for.
func TestAdmit(t *testing.T) {
	full := errors.New("full")
	for name, c := range map[string]struct {
		stream []byte
		says   error
		want   error
		wrote  []byte
		asked  int
	}{
		"let in":       {with(greetNull, readyDealer), nil, nil, readyRouter, 1},
		"turned away":  {with(greetNull, readyDealer), full, full, nil, 1},
		"told so":      {with(greetNull, readyDealer), &zmtp.Refusal{Reason: "full", Err: full}, full, zmtp.AppendError(nil, "full"), 1},
		"wrong type":   {with(greetNull, ready("Socket-Type", "PULL")), nil, zmtp.ErrSocketType, zmtp.AppendError(nil, "Invalid socket type"), 0},
		"gives up":     {with(greetNull, zmtp.AppendError(nil, "no")), nil, zmtp.ErrPeerRefused, nil, 0},
		"says nothing": {greetNull, nil, io.ErrUnexpectedEOF, nil, 0},
	} {
		asked := 0
		config := router
		config.Server = true
		config.Admit = func(zmtp.Peer) error { asked++; return c.says }
		p, wrote, err := shake(c.stream, config)
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, string(with(greetNull, c.wrote)), string(wrote), name)
		require.Equal(t, c.asked, asked, name)
		require.Equal(t, err == nil, p.SocketType == "DEALER", name)
	}
	config := zmtp.Config{SocketType: "PAIR", ZMTP2: true, Admit: func(zmtp.Peer) error { return full }}
	_, _, err := shake(unhex("ff00000000000000017f 01 00 0000"), config)
	require.ErrorIs(t, err, full)

	client, server := meet(zmtp.Config{SocketType: "PAIR"}, zmtp.Config{SocketType: "PAIR", Admit: func(zmtp.Peer) error { return full }})
	require.Equal(t, full, server.err)
	require.ErrorIs(t, client.err, io.ErrUnexpectedEOF)
	client, server = meet(zmtp.Config{SocketType: "PAIR"}, zmtp.Config{SocketType: "PAIR", Admit: func(zmtp.Peer) error { return nil }})
	require.NoError(t, client.err)
	require.NoError(t, server.err)
}

// A connection that fails while it is written to ends the handshake with its error.
func TestHandshakeOverABrokenConnection(t *testing.T) {
	broken := errors.New("broken")
	for after := range 3 {
		w := &failing{after: after, err: broken}
		_, err := zmtp.Handshake(zmtp.NewDecoder(bytes.NewReader(with(greetNull, readyDealer)), limits), w, router)
		require.ErrorIs(t, err, broken)
	}
	w := &failing{after: 3, err: broken}
	_, err := zmtp.Handshake(zmtp.NewDecoder(bytes.NewReader(with(greetNull, ready("Socket-Type", "PULL"))), limits), w, router)
	require.ErrorIs(t, err, zmtp.ErrSocketType, "that the ERROR cannot be sent is not the news")
	w = &failing{after: 1, err: broken}
	_, err = zmtp.Handshake(zmtp.NewDecoder(bytes.NewReader(unhex("ff00000000000000017f 01 05 0000")), limits), w, zmtp.Config{SocketType: "ROUTER", ZMTP2: true})
	require.ErrorIs(t, err, broken)
}

type failing struct {
	after int
	err   error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, f.err
	}
	return len(p), nil
}

// What this side cannot say of itself is an error before anything is sent.
func TestConfigThatCannotBeSaid(t *testing.T) {
	many := make([]zmtp.Property, 63)
	for i := range many {
		many[i].Name = "X-a"
	}
	for name, c := range map[string]zmtp.Config{
		"identity too long":      {SocketType: "REQ", Identity: make([]byte, 256)},
		"identity with 00":       {SocketType: "REQ", Identity: []byte{0}},
		"name empty":             {SocketType: "REQ", Properties: []zmtp.Property{{"", nil}}},
		"name too long":          {SocketType: "REQ", Properties: []zmtp.Property{{strings.Repeat("x", 256), nil}}},
		"name illegal":           {SocketType: "REQ", Properties: []zmtp.Property{{"X a", nil}}},
		"name taken":             {SocketType: "REQ", Properties: []zmtp.Property{{"identity", nil}}},
		"properties too large":   {SocketType: "REQ", Properties: []zmtp.Property{{"X-a", make([]byte, 5000)}}},
		"properties too many":    {SocketType: "REQ", Properties: many},
		"mechanism without name": {SocketType: "REQ", Mechanism: &plain{name: "A B"}},
		"mechanism name long":    {SocketType: "REQ", Mechanism: &plain{name: strings.Repeat("A", 21)}},
	} {
		_, wrote, err := shake(with(greetNull, readyDealer), c)
		require.Error(t, err, name)
		require.Empty(t, wrote, name)
	}
	_, _, err := shake(with(greetNull, readyDealer), zmtp.Config{SocketType: "REP", Identity: []byte{0}})
	require.NoError(t, err, "an identity that is not sent does not matter")
}
