// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// fault is something bad that a peer says, after which it is cut.
type fault struct {
	name   string
	says   []byte
	fin    bool   // and then it says no more
	reason error  // in the event
	text   string // in it too
	told   string // the reason in the ERROR that the peer gets, if it gets one
}

func join(pieces ...[]byte) []byte { return slices.Concat(pieces...) }

// Faults of who has not shaken hands yet. The socket is a PULL.
var strangers = []fault{
	{name: "F-GRT-03 garbage", says: []byte("\x8a\x00\x13garbage\xff\xff"), reason: mq.ErrProtocol, text: "0x8a"},
	{name: "F-GRT-03 HTTP", says: []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), reason: mq.ErrProtocol, text: "0x47"},
	{name: "F-GRT-03 TLS", says: []byte{0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3}, reason: mq.ErrProtocol, text: "0x16"},
	{name: "F-GRT-04 zero", says: []byte{0}, reason: mq.ErrProtocol, text: "0x00"},
	{name: "B-BAD-03", says: []byte{0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7e}, reason: mq.ErrProtocol, text: "0x7e"},
	{name: "B-BAD-04 version 0", says: append(slices.Clone(signature), 0), reason: mq.ErrProtocol, text: "version is 0"},
	{name: "B-BAD-04 version 1", says: append(slices.Clone(signature), 1), reason: mq.ErrProtocol, text: "version is 1"},
	{name: "B-BAD-04 version 2", says: append(slices.Clone(signature), 2), reason: mq.ErrProtocol, text: "version is 2"},
	{name: "B-BAD-05 F-GRT-08 mechanism", says: greets(3, 1, "PLAIN"), reason: mq.ErrProtocol, text: `"PLAIN"`},
	{name: "F-GRT-07 end in the signature", says: signature[:7], fin: true, reason: io.ErrUnexpectedEOF},
	{name: "F-GRT-07 end in the greeting", says: greeting[:40], fin: true, reason: io.ErrUnexpectedEOF},
	{name: "F-GRT-07 end before READY", says: greeting, fin: true, reason: io.ErrUnexpectedEOF},
	{name: "F-GRT-16 B-BAD-07 message first", says: join(greeting, []byte("\x00\x05hello")), reason: mq.ErrProtocol, text: "before the handshake"},
	{name: "F-GRT-16 subscription first", says: join(greeting, zmtp.AppendCommand(nil, "SUBSCRIBE", "a")), reason: mq.ErrProtocol, text: "SUBSCRIBE"},
	{name: "B-BAD-17 READY as a message", says: join(greeting, []byte{0}, ready("Socket-Type", "PUSH")[1:]), reason: mq.ErrProtocol},
	{name: "B-BAD-18 READY with MORE", says: join(greeting, []byte{5}, ready("Socket-Type", "PUSH")[1:]), reason: mq.ErrProtocol, text: "MORE"},
	{name: "B-BAD-24 empty command", says: join(greeting, []byte{4, 0, 0, 0, 0, 0, 0, 0, 0}), reason: mq.ErrProtocol, text: "empty"},
	{name: "B-BAD-08 F-GRT-10 overrun", says: join(greeting, zmtp.AppendCommand(nil, "READY", "\x01X\x7f\xff\xff\xffabc")),
		reason: mq.ErrProtocol, told: "Invalid metadata"},
	{name: "B-BAD-09 a byte left", says: join(greeting, zmtp.AppendCommand(nil, "READY", "\x01X\x00\x00\x00\x01ab")),
		reason: mq.ErrProtocol, told: "Invalid metadata"},
	{name: "B-BAD-10 no name", says: join(greeting, zmtp.AppendCommand(nil, "READY", "\x00\x00\x00\x00\x01a")),
		reason: mq.ErrProtocol, told: "Invalid metadata"},
	{name: "B-BAD-13 F-GRT-09 type", says: join(greeting, ready("Socket-Type", "PUB")),
		reason: mq.ErrIncompatible, text: `"PUB"`, told: "Invalid socket type"},
	{name: "B-BAD-13 unknown type", says: join(greeting, ready("Socket-Type", "NONSENSE")),
		reason: mq.ErrIncompatible, text: `"NONSENSE"`, told: "Invalid socket type"},
	{name: "B-BAD-15 two types", says: join(greeting, ready("Socket-Type", "PUSH", "socket-type", "PUSH")),
		reason: mq.ErrProtocol, text: "twice", told: "Invalid metadata"},
	{name: "F-GRT-11 huge READY", says: join(greeting, []byte{6, 0, 0, 0, 0, 0, 0x10, 0, 0}), reason: mq.ErrTooLarge},
	{name: "F-GRT-11 many properties", says: join(greeting, ready(slices.Repeat([]string{"X-A", "b"}, 100)...)),
		reason: mq.ErrTooLarge, told: "Invalid metadata"},
	{name: "B-BAD-19 an ERROR", says: join(greeting, zmtp.AppendError(nil, "go away")), reason: zmtp.ErrPeerRefused, text: "go away"},
	{name: "B-BAD-19 a bad ERROR", says: join(greeting, zmtp.AppendCommand(nil, "ERROR", "\x09abc")), reason: mq.ErrProtocol},
}

// Faults of who has become a peer.
var neighbours = []fault{
	{name: "F-FRM-01 B-BAD-22 2^63", says: []byte{2, 0x80, 0, 0, 0, 0, 0, 0, 0}, reason: mq.ErrTooLarge},
	{name: "F-FRM-01 2^64-1", says: []byte{2, 255, 255, 255, 255, 255, 255, 255, 255}, reason: mq.ErrTooLarge},
	{name: "F-FRM-01 2^63-1", says: []byte{2, 127, 255, 255, 255, 255, 255, 255, 255}, reason: mq.ErrTooLarge},
	{name: "F-FRM-01 2^40", says: []byte{2, 0, 0, 1, 0, 0, 0, 0, 0}, reason: mq.ErrTooLarge},
	{name: "F-FRM-02 2^33", says: []byte{3, 0, 0, 0, 2, 0, 0, 0, 0, 'x'}, reason: mq.ErrTooLarge},
	{name: "F-FRM-03 one byte over the limit", says: zmtp.AppendHeader(nil, 0, 64<<20+1), reason: mq.ErrTooLarge},
	{name: "F-FRM-04 two parts over the limit", says: join([]byte("\x01\x01x"), zmtp.AppendHeader(nil, 0, 64<<20)), reason: mq.ErrTooLarge},
	{name: "F-FRM-04 endless empty parts", says: slices.Repeat([]byte{1, 0}, 1<<16+1), reason: mq.ErrTooLarge, text: "parts"},
	{name: "F-FRM-05 end in a frame", says: []byte("\x00\x05hel"), fin: true, reason: io.ErrUnexpectedEOF},
	{name: "F-FRM-06 end in a message", says: []byte("\x01\x05hello"), fin: true, reason: io.ErrUnexpectedEOF},
	{name: "B-BAD-20 F-FRM-09 reserved flags", says: []byte("\x08\x05hello"), reason: mq.ErrProtocol, text: "reserved"},
	{name: "B-BAD-20 the highest flag", says: []byte{0x80}, reason: mq.ErrProtocol, text: "reserved"},
	{name: "B-BAD-21 command with MORE", says: []byte("\x05\x02\x01a"), reason: mq.ErrProtocol, text: "MORE"},
	{name: "B-BAD-24 empty command", says: []byte("\x04\x00\x00\x01x"), reason: mq.ErrProtocol, text: "empty"},
	{name: "B-BAD-24 empty command, and the end", says: []byte("\x04\x00"), fin: true, reason: mq.ErrProtocol, text: "empty"},
	{name: "B-BAD-24 name past the end", says: []byte("\x04\x03\x04PI"), reason: mq.ErrProtocol, text: "name"},
	{name: "B-BAD-26 F-CMD-03 PING without TTL", says: zmtp.AppendCommand(nil, "PING", ""), reason: mq.ErrProtocol, text: "PING"},
	{name: "B-BAD-27 PING with much context", says: zmtp.AppendCommand(nil, "PING", strings.Repeat("c", 19)), reason: mq.ErrProtocol, text: "PING"},
	{name: "F-CMD-01 huge command", says: zmtp.AppendHeader(nil, zmtp.FlagCommand, 16<<20), reason: mq.ErrTooLarge, text: "command"},
	{name: "F-CMD-11 ERROR", says: zmtp.AppendError(nil, "no more of you"), reason: nil, text: "no more of you"},
	{name: "B-BAD-19 bad ERROR", says: zmtp.AppendCommand(nil, "ERROR", ""), reason: mq.ErrProtocol, text: "ERROR"},
}

func TestFaultStranger(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			s := besiege(t, "PULL", scheme.addr(t), mq.WithHandshakeTimeout(time.Hour))
			s.during(func() {
				for i, f := range strangers {
					t.Run(f.name, func(t *testing.T) {
						b := dialBare(t, s.addr)
						b.commit(f)
						s.requireCut(mq.EventHandshakeFailed, i+1, f.reason, f.text)
						b.requireTold(f)
					})
				}
			})
			require.Len(t, s.news.of(mq.EventHandshakeFailed), len(strangers))
			require.Len(t, s.news.of(mq.EventAttached), 1)
			require.Empty(t, s.news.of(mq.EventDisconnected))
			s.requirePeace()
			require.Empty(t, s.others)
		})
	}
}

func TestFaultNeighbour(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			s := besiege(t, "PULL", scheme.addr(t))
			s.during(func() {
				for i, f := range neighbours {
					t.Run(f.name, func(t *testing.T) {
						b := dialBare(t, s.addr)
						b.shake("PUSH")
						b.commit(f)
						s.requireCut(mq.EventDisconnected, i+1, f.reason, f.text)
						b.rest()
					})
				}
			})
			require.Len(t, s.news.of(mq.EventDisconnected), len(neighbours))
			require.Empty(t, s.news.of(mq.EventHandshakeFailed))
			s.requirePeace()
			require.Empty(t, s.others)
		})
	}
}

func (b *bare) commit(f fault) {
	b.say(f.says...)
	if f.fin {
		require.NoError(b.t, b.Conn.(interface{ CloseWrite() error }).CloseWrite())
	}
}

// requireTold looks at what the other side has said before it cut the connection.
func (b *bare) requireTold(f fault) {
	b.t.Helper()
	told := b.rest()
	if f.told != "" {
		require.Contains(b.t, string(told), "\x05ERROR"+string(rune(len(f.told)))+f.told)
		return
	}
	require.NotContains(b.t, string(told), "ERROR")
	if strings.Contains(f.name, "mechanism") {
		require.GreaterOrEqual(b.t, len(told), len(greeting))
	}
}

// Who does not finish the handshake in time is cut: F-GRT-01, F-GRT-17.
func TestFaultSilence(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			const timeout = 100 * time.Millisecond
			s := besiege(t, "PULL", scheme.addr(t), mq.WithHandshakeTimeout(timeout))
			start := time.Now()
			s.during(func() {
				for i, says := range [][]byte{nil, signature, greeting, greeting[:63], join(greeting, ready("Socket-Type", "PUSH")[:9])} {
					b := dialBare(t, s.addr)
					b.say(says...)
					b.rest()
					s.requireCut(mq.EventHandshakeFailed, i+1, os.ErrDeadlineExceeded, "")
				}
			})
			require.Greater(t, time.Since(start), 5*timeout)
			s.requirePeace()
		})
	}
}

// Each byte of a slow peer is as it should be, but the time is for all of them: F-GRT-02.
// Once that is over, a message may take its time: F-FRM-07.
func TestFaultSlowHandshake(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			const timeout = 300 * time.Millisecond
			s := besiege(t, "PULL", scheme.addr(t), mq.WithHandshakeTimeout(timeout))
			s.during(func() {
				b := dialBare(t, s.addr)
				said := b.trickle(join(greeting, ready("Socket-Type", "PUSH")), timeout/5)
				require.Less(t, said, len(greeting))
				s.requireCut(mq.EventHandshakeFailed, 1, os.ErrDeadlineExceeded, "")
				eventually(t, func() bool { // on a busy machine a quick one may be too slow too
					b = dialBare(t, s.addr)
					_, err := zmtp.Handshake(b.decoder, b, zmtp.Config{SocketType: "PUSH"})
					return err == nil
				}, "a handshake in time")
				require.Equal(t, 9, b.trickle([]byte("\x01\x05other\x00\x00"), timeout/4))
			})
			for len(s.others) == 0 && !t.Failed() {
				s.exchange()
			}
			require.Equal(t, []string{"other"}, s.others)
		})
	}
}

// trickle says one byte at a time, and returns how many until it was cut.
func (b *bare) trickle(bytes []byte, pause time.Duration) (said int) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for _, c := range bytes {
		<-tick.C
		if _, err := b.Write([]byte{c}); err != nil {
			break
		}
		said++
	}
	return said
}
