// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// When something that should happen counts as never happening.
const (
	never     = time.Minute
	pollEvery = time.Millisecond
)

// eventually waits until ok is true.
func eventually(t testing.TB, ok func() bool, what string, args ...any) {
	t.Helper()
	require.Eventuallyf(t, ok, never, pollEvery, what, args...)
}

// soon is the context of a call that should not block for long.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), never)
	t.Cleanup(cancel)
	return ctx
}

// news are the events of one socket.
type news struct {
	mu  sync.Mutex // protects the field below
	all []mq.Event
}

func (n *news) option() mq.Option {
	return mq.WithEvents(func(e mq.Event) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.all = append(n.all, e)
	})
}

// count is how many events of one kind there were.
func (n *news) count(kind mq.EventKind) int { return len(n.of(kind)) }

// of returns the events of one kind.
func (n *news) of(kind mq.EventKind) (those []mq.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range n.all {
		if e.Kind == kind {
			those = append(those, e)
		}
	}
	return those
}

// await waits for the nth event of a kind, from 1.
func (n *news) await(t testing.TB, kind mq.EventKind, nth int) mq.Event {
	t.Helper()
	eventually(t, func() bool { return len(n.of(kind)) >= nth }, "%v, number %d", kind, nth)
	return n.of(kind)[nth-1]
}

// closing closes s when the test ends. What it hands back is nobody's concern.
func closing[S mq.Socket](t testing.TB, s S) S {
	t.Cleanup(func() {
		err := s.Close()
		if _, left := errors.AsType[*mq.UndeliveredError](err); !left {
			assert.NoError(t, err)
		}
	})
	return s
}

func quickly(opts []mq.Option) []mq.Option {
	return slices.Concat([]mq.Option{quick, mq.WithLinger(10 * time.Millisecond)}, opts)
}

// makers make the sockets of each kind, to be closed with the test.
var makers = map[string]func(testing.TB, ...mq.Option) mq.Socket{
	"PAIR": func(t testing.TB, o ...mq.Option) mq.Socket { return closing(t, mq.NewPair(quickly(o)...)) },
	"PUSH": func(t testing.TB, o ...mq.Option) mq.Socket { return closing(t, mq.NewPush(quickly(o)...)) },
	"PULL": func(t testing.TB, o ...mq.Option) mq.Socket { return closing(t, mq.NewPull(quickly(o)...)) },
	"PUB":  func(t testing.TB, o ...mq.Option) mq.Socket { return closing(t, mq.NewPub(quickly(o)...)) },
	"SUB":  func(t testing.TB, o ...mq.Option) mq.Socket { return closing(t, mq.NewSub(quickly(o)...)) },
	"REQ":  func(t testing.TB, o ...mq.Option) mq.Socket { return closing(t, mq.NewReq(quickly(o)...)) },
	"REP":  func(t testing.TB, o ...mq.Option) mq.Socket { return closing(t, mq.NewRep(quickly(o)...)) },
}

// opposite is the kind that a kind talks to.
var opposite = map[string]string{
	"PAIR": "PAIR", "PUSH": "PULL", "PULL": "PUSH", "PUB": "SUB", "SUB": "PUB", "REQ": "REP", "REP": "REQ",
}

// socketAddr is an address of mq in terms of package net.
func socketAddr(addr string) (network, at string) {
	if at, ok := strings.CutPrefix(addr, "ipc://"); ok {
		return "unix", at
	}
	return "tcp", strings.TrimPrefix(addr, "tcp://")
}

// bare is a connection whose end is played by the test.
type bare struct {
	net.Conn
	t       testing.TB
	decoder *zmtp.Decoder
}

func dialBare(t testing.TB, addr string) *bare {
	t.Helper()
	network, at := socketAddr(addr)
	var conn net.Conn
	eventually(t, func() bool { // the queue of the system may be full
		var err error
		conn, err = net.Dial(network, at)
		return err == nil
	}, "a connection to %s", addr)
	return newBare(t, conn)
}

func newBare(t testing.TB, conn net.Conn) *bare {
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(5 * never)); err != nil { // for all that the test does with it
		t.Error(err)
	}
	return &bare{conn, t, zmtp.NewDecoder(conn, zmtp.Limits{Message: 1 << 30, Parts: 1 << 20, Command: 1 << 20})}
}

// shake is the handshake of an honest peer.
func (b *bare) shake(kind string) {
	b.t.Helper()
	_, err := zmtp.Handshake(b.decoder, b, zmtp.Config{SocketType: kind})
	require.NoError(b.t, err)
}

// say writes what it can: the other side may cut the connection meanwhile.
func (b *bare) say(bytes ...byte) { _, _ = b.Write(bytes) }

// next is the next item that comes.
func (b *bare) next() zmtp.Item {
	b.t.Helper()
	item, err := b.decoder.Next()
	require.NoError(b.t, err)
	return item
}

// nextMessage is the next item that is no command.
func (b *bare) nextMessage() string {
	b.t.Helper()
	for {
		if item := b.next(); !item.Command {
			return string(item.Body)
		}
	}
}

// rest returns what comes until the other side has cut the connection.
func (b *bare) rest() []byte {
	b.t.Helper()
	rest, err := io.ReadAll(b)
	var timeout net.Error
	require.False(b.t, errors.As(err, &timeout) && timeout.Timeout(), "the connection was not cut")
	return rest
}

// The pieces of a handshake.
var (
	signature = append([]byte{0xff, 0, 0, 0, 0, 0, 0, 0, 0}, 0x7f)
	greeting  = greets(3, 1, "NULL")
)

func greets(major, minor byte, mechanism string) []byte {
	g := append(slices.Clone(signature), major, minor)
	return append(append(g, mechanism...), make([]byte, 64-len(g)-len(mechanism))...)
}

// ready is a READY with these properties, each a name and a value.
func ready(properties ...string) []byte {
	var body []byte
	for i := 0; i < len(properties); i += 2 {
		body = zmtp.AppendProperty(body, properties[i], properties[i+1])
	}
	return zmtp.AppendCommand(nil, zmtp.Ready, body)
}

// timeLimit is the context of a call that is to fail.
func timeLimit(t testing.TB, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
