// SPDX-License-Identifier: MIT

package zmtp_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/zmtp"
)

// plain is a mechanism with the commands of PLAIN, in which both sides know one password. With a key, what follows is
// sealed.
type plain struct {
	name     string // "" is PLAIN
	password string
	key      byte

	server   bool
	own      []byte
	peer     []byte
	expected string
}

func (p *plain) Name() string {
	if p.name != "" {
		return p.name
	}
	return "PLAIN"
}

func (p *plain) Start(server bool, metadata []byte) (zmtp.Command, error) {
	p.server, p.own = server, metadata
	if server {
		p.expected = "HELLO"
		return zmtp.Command{}, nil
	}
	p.expected = "WELCOME"
	return zmtp.Command{Name: "HELLO", Data: []byte(p.password)}, nil
}

func (p *plain) Handle(c zmtp.Command) (zmtp.Command, bool, error) {
	if c.Name != p.expected {
		return zmtp.Command{}, false, fmt.Errorf("%w: %q out of turn", zmtp.ErrProtocol, c.Name)
	}
	switch c.Name {
	case "HELLO":
		if string(c.Data) != p.password {
			return zmtp.Command{}, false, &zmtp.Refusal{Reason: "400", Err: errPassword}
		}
		p.expected = "INITIATE"
		return zmtp.Command{Name: "WELCOME"}, false, nil
	case "WELCOME":
		p.expected = "READY"
		return zmtp.Command{Name: "INITIATE", Data: p.own}, false, nil
	}
	p.peer = c.Data
	if p.server {
		return zmtp.Command{Name: "READY", Data: p.own}, true, nil
	}
	return zmtp.Command{}, true, nil
}

func (p *plain) Metadata() []byte { return p.peer }

func (p *plain) Cipher() zmtp.Cipher {
	if p.key == 0 {
		return nil
	}
	return &toy{key: p.key}
}

var errPassword = errors.New("wrong password")

func TestMechanismOfTwoRoles(t *testing.T) {
	client, server := meet(
		zmtp.Config{SocketType: "REQ", Identity: []byte("me"), Mechanism: &plain{password: "secret"}},
		zmtp.Config{SocketType: "REP", Mechanism: &plain{password: "secret"}},
	)
	require.NoError(t, client.err)
	require.NoError(t, server.err)
	require.Equal(t, zmtp.Peer{Version: zmtp.V31, SocketType: "REP"}, client.peer)
	require.Equal(t, zmtp.Peer{Version: zmtp.V31, SocketType: "REQ", Identity: []byte("me")}, server.peer)
}

// Only the server says why it refuses, as PLAIN and CURVE have it.
func TestMechanismRefuses(t *testing.T) {
	client, server := meet(
		zmtp.Config{SocketType: "REQ", Mechanism: &plain{password: "guess"}},
		zmtp.Config{SocketType: "REP", Mechanism: &plain{password: "secret"}},
	)
	require.Equal(t, errPassword, server.err)
	require.ErrorIs(t, client.err, zmtp.ErrPeerRefused)
	require.EqualError(t, client.err, `zmtp: refused by the peer: "400"`)
	refusal := &zmtp.Refusal{Reason: "400", Err: errPassword}
	require.ErrorIs(t, refusal, errPassword)
	require.EqualError(t, refusal, "wrong password")

	client, server = meet(
		zmtp.Config{SocketType: "REQ", Mechanism: &plain{}, Accepts: only("ROUTER")},
		zmtp.Config{SocketType: "REP", Mechanism: &plain{}, Accepts: only("REQ")},
	)
	require.ErrorIs(t, client.err, zmtp.ErrSocketType)
	require.NoError(t, server.err, "it was done before")
	_, err := server.d.Next()
	require.Equal(t, io.EOF, err)

	client, server = meet(
		zmtp.Config{SocketType: "REQ", Mechanism: &plain{}},
		zmtp.Config{SocketType: "REP", Mechanism: &plain{}, Accepts: only("DEALER")},
	)
	require.ErrorIs(t, client.err, zmtp.ErrPeerRefused, "it was refused instead of READY")
	require.ErrorIs(t, server.err, zmtp.ErrSocketType)
}

// Admit comes before a server's last word, whatever that is called.
func TestMechanismAdmits(t *testing.T) {
	full := errors.New("full")
	for _, says := range []error{nil, full} {
		client, server := meet(
			zmtp.Config{SocketType: "REQ", Mechanism: &plain{}},
			zmtp.Config{SocketType: "REP", Mechanism: &plain{}, Admit: func(zmtp.Peer) error { return says }},
		)
		require.Equal(t, says, server.err)
		require.Equal(t, says == nil, client.err == nil)
	}
}

func TestMechanismsDiffer(t *testing.T) {
	client, server := meet(zmtp.Config{SocketType: "REQ"}, zmtp.Config{SocketType: "REP", Mechanism: &plain{}})
	require.EqualError(t, client.err, `zmtp: security mechanisms differ: NULL here, "PLAIN" there`)
	require.EqualError(t, server.err, `zmtp: security mechanisms differ: PLAIN here, "NULL" there`)
}

// B-GRT-05: a server says that it is one, and nobody looks at it.
func TestAsServer(t *testing.T) {
	for _, server := range []bool{false, true} {
		_, wrote, err := shake(greetPlain, zmtp.Config{SocketType: "REP", Mechanism: &plain{}, Server: server})
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		want := greetPlain
		if server {
			want = changed(greetPlain, 32, 1)
		}
		require.Equal(t, want, wrote[:64])
		_, wrote, _ = shake(greetNull, zmtp.Config{SocketType: "REP", Server: server})
		require.Equal(t, greetNull, wrote[:64])
	}
}

// toy hides bodies from nobody. A sealed frame is a mark, the flags and the body, and another byte behind them.
type toy struct{ key byte }

func (c *toy) Overhead() int { return 3 }

func (c *toy) Seal(dst []byte, flags byte, body []byte) []byte {
	dst = append(dst, 'T', flags^c.key)
	for _, b := range body {
		dst = append(dst, b^c.key)
	}
	return append(dst, '.')
}

var errOpen = errors.New("it does not open")

func (c *toy) Open(body []byte) (flags byte, plain []byte, err error) {
	if len(body) < 3 || body[0] != 'T' || body[len(body)-1] != '.' {
		return 0, nil, errOpen
	}
	for _, b := range body[2 : len(body)-1] {
		plain = append(plain, b^c.key)
	}
	flags = body[1] ^ c.key
	clear(body) // it may
	return flags, plain, nil
}

// sealed is a session that has come as far as traffic, with l as limits. stream is what the peer sends then.
func sealed(t require.TestingT, r func([]byte) io.Reader, stream []byte, l zmtp.Limits) (*zmtp.Decoder, zmtp.Peer) {
	front := with(greetPlain, zmtp.AppendCommand(nil, "WELCOME", ""), ready("Socket-Type", "REP"))
	d := zmtp.NewDecoder(r(with(front, stream)), l)
	p, err := zmtp.Handshake(d, io.Discard, zmtp.Config{SocketType: "REQ", Mechanism: &plain{key: 0x55}})
	require.NoError(t, err)
	require.NotNil(t, p.Cipher)
	return d, p
}

func whole(b []byte) io.Reader { return bytes.NewReader(b) }

// C-CRV-12, 13, 22: each frame is sealed by itself, flags and all, in a message frame without MORE.
func TestSealedTraffic(t *testing.T) {
	var clearText []byte
	var want []zmtp.Item
	for _, g := range golden {
		if g.wrote != nil {
			clearText = append(clearText, g.wrote...)
			want = append(want, g.item)
		}
	}
	clearText = zmtp.AppendFrame(clearText, zmtp.FlagMore, make([]byte, 300_000))
	clearText = zmtp.AppendPing(clearText, time.Second, nil)
	clearText = zmtp.AppendFrame(clearText, 0, []byte("end"))
	want = append(want, command("PING", "\x00\x0a"), message(string(make([]byte, 300_000)), "end"))

	stream := zmtp.AppendSealed([]byte("before"), &toy{0x55}, clearText)
	require.Equal(t, "before", string(stream[:6]))
	stream = stream[6:]
	frames, err := decode(stream, limits)
	require.Equal(t, io.EOF, err)
	for _, f := range frames {
		require.False(t, f.Command)
		require.Empty(t, f.More)
	}
	for name := range readers(nil) {
		d, p := sealed(t, func(b []byte) io.Reader { return readers(b)[name] }, stream, limits)
		got, err := drain(d)
		require.Equal(t, io.EOF, err, name)
		alike(t, want, got, name)
		require.Equal(t, stream, zmtp.AppendSealed(nil, p.Cipher, clearText))
	}
}

func TestSealedTrafficIsBuffered(t *testing.T) {
	stream := zmtp.AppendSealed(nil, &toy{0x55}, with(threeParts, encode(message("A")), threeParts[:5]))
	d, _ := sealed(t, whole, stream, limits)
	for range 2 {
		require.True(t, d.Buffered())
		_, err := d.Next()
		require.NoError(t, err)
	}
	require.False(t, d.Buffered())
	_, err := d.Next()
	require.Equal(t, io.ErrUnexpectedEOF, err)
}

// C-CRV-23 counts the sealed bytes; here the limits are those of what is inside, and what is around it comes on top.
func TestSealedLimits(t *testing.T) {
	l := zmtp.Limits{Message: 300, Parts: 2, Command: 400}
	for name, c := range map[string]struct {
		item zmtp.Item
		ok   bool
	}{
		"300 bytes":         {message(strings.Repeat("a", 300)), true},
		"301 bytes":         {message(strings.Repeat("a", 301)), false},
		"300 bytes in two":  {message(strings.Repeat("a", 100), strings.Repeat("a", 200)), true},
		"301 bytes in two":  {message(strings.Repeat("a", 101), strings.Repeat("a", 200)), false},
		"three parts":       {message("", "", ""), false},
		"command of 400":    {command("X", strings.Repeat("a", 398)), true},
		"command of 401":    {command("X", strings.Repeat("a", 399)), false},
		"much more than it": {message(strings.Repeat("a", 100_000)), false},
	} {
		d, _ := sealed(t, whole, zmtp.AppendSealed(nil, &toy{0x55}, encode(c.item)), l)
		items, err := drain(d)
		if c.ok {
			require.Equal(t, io.EOF, err, name)
			alike(t, []zmtp.Item{c.item}, items, name)
		} else {
			require.ErrorIs(t, err, zmtp.ErrTooLarge, name)
		}
	}
}

func TestBadSealedTraffic(t *testing.T) {
	seal := func(flags byte, body string) []byte {
		return zmtp.AppendFrame(nil, 0, (&toy{0x55}).Seal(nil, flags, []byte(body)))
	}
	for name, c := range map[string]struct {
		stream []byte
		want   error
	}{
		"does not open":       {unhex("0003 414141"), errOpen},
		"empty":               {unhex("0000"), errOpen},
		"outer MORE":          {changed(seal(0, "A"), 0, 1), zmtp.ErrProtocol},
		"outer COMMAND":       {changed(seal(0, "A"), 0, 4), zmtp.ErrProtocol},
		"in clear":            {zmtp.AppendPing(nil, 0, nil), zmtp.ErrProtocol},
		"inner 04":            {seal(4, "\x04PING\x00\x00"), zmtp.ErrProtocol},
		"inner 80":            {seal(0x80, "A"), zmtp.ErrProtocol},
		"inner COMMAND+MORE":  {seal(3, "\x04PING\x00\x00"), zmtp.ErrProtocol},
		"inner empty command": {seal(2, ""), zmtp.ErrProtocol},
		"inner bad name":      {seal(2, "\x05PING"), zmtp.ErrProtocol},
		"parts missing":       {seal(1, "A"), io.ErrUnexpectedEOF},
		"huge":                {unhex("02 7fffffffffffffff"), zmtp.ErrTooLarge},
		"MORE, then cut":      {seal(1, "A")[:3], io.ErrUnexpectedEOF},
	} {
		d, _ := sealed(t, whole, c.stream, limits)
		require.True(t, d.Buffered() || !errors.Is(c.want, errOpen), name)
		_, err := d.Next()
		require.ErrorIs(t, err, c.want, name)
		_, again := d.Next()
		require.Equal(t, err, again, name)
	}
}
