// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/cutter"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// What a socket has no use for is dropped, and the link stays.
func TestFaultUselessIsDropped(t *testing.T) {
	sub := zmtp.AppendCommand(nil, zmtp.Subscribe, "")
	off := zmtp.AppendCommand(nil, zmtp.Cancel, "")
	for _, c := range []struct {
		name, kind, peer string
		useless          []byte
	}{
		{"B-BAD-29", "PUSH", "PULL", join(sub, off)},
		{"B-BAD-29", "PULL", "PUSH", join(sub, off)},
		{"B-BAD-29", "PAIR", "PAIR", join(sub, off)},
		{"B-BAD-29", "REP", "REQ", join(sub, off)},
		{"B-BAD-29", "REQ", "REP", join(sub, off)},
		{"B-BAD-29", "SUB", "PUB", join(sub, off)},
		{"B-BAD-30", "PUSH", "PULL", []byte("\x00\x05hello\x01\x00\x00\x03two")},
		{"B-BAD-30", "PUB", "SUB", []byte("\x00\x05hello\x00\x00\x01\x01\x01\x00\x03two")},
		{"B-BAD-32", "REP", "DEALER", []byte("\x00\x05hello\x01\x01a\x00\x01b\x01\x01c\x00\x00")},
		{"B-BAD-33", "REQ", "REP", []byte("\x00\x05hello\x01\x01a\x01\x00\x00\x01b\x01\x00\x00\x07unasked")},
	} {
		for _, scheme := range schemes {
			t.Run(c.name+"/"+c.kind+"/"+scheme.name, func(t *testing.T) {
				t.Parallel()
				var news news
				s := makers[c.kind](t, news.option())
				addr := scheme.addr(t)
				require.NoError(t, s.Bind(addr))
				if s, ok := s.(mq.Sub); ok {
					require.NoError(t, s.Subscribe("good"))
				}
				b := dialBare(t, addr)
				b.shake(c.peer)
				b.say(c.useless...)
				if c.kind == "REQ" { // it has to be here before the request is
					b.say(zmtp.AppendPing(nil, 0, []byte("here"))...)
					require.True(t, b.next().Command)
				}
				b.talk(s, c.kind)
				require.Empty(t, news.of(mq.EventDisconnected))
			})
		}
	}
}

// talk moves a message between s and this side, whoever of them sends.
func (b *bare) talk(s mq.Socket, kind string) {
	b.t.Helper()
	envelope := ""
	if kind == "REQ" || kind == "REP" {
		envelope = "\x01\x00"
	}
	if kind == "PUB" {
		b.say(zmtp.AppendCommand(nil, zmtp.Subscribe, "good")...)
		require.NoError(b.t, s.(mq.Pub).WaitSubscribers(soon(b.t), "good", 1))
	}
	sends := func() {
		b.t.Helper()
		require.NoError(b.t, s.Send(soon(b.t), mq.Text("good")))
		for {
			item := b.next()
			if item.Command {
				continue
			}
			if envelope != "" {
				require.Empty(b.t, item.Body)
				require.Len(b.t, item.More, 1)
				item.Body = item.More[0]
			}
			require.Equal(b.t, "good", string(item.Body))
			return
		}
	}
	receives := func() {
		b.t.Helper()
		b.say([]byte(envelope + "\x00\x04good")...)
		m, err := s.Recv(soon(b.t))
		require.NoError(b.t, err)
		require.Equal(b.t, mq.Text("good").String(), m.String())
	}
	steps := map[string][]func(){
		"PUSH": {sends}, "PUB": {sends}, "PULL": {receives}, "SUB": {receives},
		"PAIR": {sends, receives}, "REQ": {sends, receives}, "REP": {receives, sends},
	}
	for _, step := range steps[kind] {
		step()
	}
}

// A second peer of a PAIR is refused, and comes in by itself once the first has gone.
// Nothing that it was given to send is lost meanwhile: F-CON-09.
func TestFaultSecondPair(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			s := besiege(t, "PAIR", scheme.addr(t))
			var news news
			second := makers["PAIR"](t, news.option())
			require.NoError(t, second.Connect(s.addr))
			require.NoError(t, second.Send(t.Context(), mq.Text("a")))
			require.NoError(t, second.Send(t.Context(), mq.Text("b")))
			s.during(func() {
				for i := range 5 {
					s.requireCut(mq.EventHandshakeFailed, i+1, mq.ErrPeerBusy, "")
					require.Error(t, news.await(t, mq.EventHandshakeFailed, i+1).Err)
				}
				b := dialBare(t, s.addr)
				b.say(join(greeting, ready("Socket-Type", "PAIR"), []byte("\x00\x05other"))...)
				require.NotContains(t, string(b.rest()), "READY")
			})
			require.Empty(t, news.of(mq.EventAttached))
			require.Empty(t, s.others)
			require.NoError(t, s.honest.Close())
			for _, want := range []string{"a", "b"} {
				m, err := s.bound.Recv(soon(t))
				require.NoError(t, err)
				require.Equal(t, want, string(m.Data))
			}
			require.NoError(t, s.bound.Send(t.Context(), mq.Text("c")))
			m, err := second.Recv(soon(t))
			require.NoError(t, err)
			require.Equal(t, "c", string(m.Data))
		})
	}
}

// proxied is a cutter in front of addr, and the address to connect to.
func proxied(t testing.TB, scheme, addr string) (*cutter.Proxy, string) {
	t.Helper()
	network, at := socketAddr(addr)
	front := "127.0.0.1:0"
	if network == "unix" {
		front = freePath(t)
	}
	p, err := cutter.New(network, front, network, at)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p, scheme + "://" + p.Addr()
}

// beats is a heartbeat that a peer which is alive does not miss on a busy machine.
var beats = mq.WithHeartbeat(20*time.Millisecond, 2*time.Second)

// A peer that vanishes without a word is given up by whichever side asks for
// heartbeats, and found again by who connects: F-CON-03.
func TestFaultBlackhole(t *testing.T) {
	for _, scheme := range schemes {
		for _, who := range []string{"bound", "connected", "both"} {
			t.Run(scheme.name+"/"+who, func(t *testing.T) {
				t.Parallel()
				var boundOpts, opts []mq.Option
				if who != "connected" {
					boundOpts = append(boundOpts, beats)
				}
				if who != "bound" {
					opts = append(opts, beats)
				}
				s := besiege(t, "PULL", scheme.addr(t), boundOpts...)
				proxy, front := proxied(t, scheme.name, s.addr)
				var news news
				far := makers["PUSH"](t, append(opts, news.option())...)
				require.NoError(t, far.Connect(front))
				require.NoError(t, far.WaitPeers(soon(t), 1))
				require.NoError(t, s.bound.WaitPeers(soon(t), 2))
				up, down := proxy.Bytes(0)
				eventually(t, func() bool { u, d := proxy.Bytes(0); return u > up+200 && d > down+200 }, "PINGs and PONGs")
				s.during(func() { proxy.Cut(cutter.Blackhole) })
				// The PING of either side has told the other how long to wait.
				require.ErrorContains(t, news.await(t, mq.EventDisconnected, 1).Err, "nothing heard")
				require.Regexp(t, "nothing heard|a later connection", s.news.await(t, mq.EventDisconnected, 1).Err)
				news.await(t, mq.EventAttached, 2)
				require.NoError(t, far.Send(soon(t), mq.Text("other")))
				for len(s.others) == 0 && !t.Failed() {
					s.exchange()
				}
				require.Equal(t, []string{"other"}, s.others)
				require.EqualValues(t, 1, far.Stats().Reconnects)
			})
		}
	}
}

// A bare peer that shakes hands and then says nothing does not answer PING: it is cut
// too. One that talks, however slowly, is not.
func TestFaultMute(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			s := besiege(t, "PULL", scheme.addr(t), beats)
			b := dialBare(t, s.addr)
			b.shake("PUSH")
			s.during(func() { b.rest() })
			require.ErrorContains(t, s.news.await(t, mq.EventDisconnected, 1).Err, "nothing heard")
			s.requirePeace()
		})
	}
}

// Half a close is a whole one: F-CON-04, B-BAD-35. So is a reset, while writing too: F-CON-05.
func TestFaultHalfClose(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			s := besiege(t, "PUB", scheme.addr(t))
			s.during(func() {
				b := dialBare(t, s.addr)
				b.shake("SUB")
				require.NoError(t, b.Conn.(interface{ CloseWrite() error }).CloseWrite())
				b.rest()
				require.NoError(t, s.news.await(t, mq.EventDisconnected, 1).Err)

				b = dialBare(t, s.addr)
				b.shake("SUB")
				b.say(zmtp.AppendCommand(nil, zmtp.Subscribe, "honest")...)
				require.NoError(t, s.bound.(mq.Pub).WaitSubscribers(soon(t), "honest", 2))
				b.next()
				if tcp, ok := b.Conn.(*net.TCPConn); ok {
					require.NoError(t, tcp.SetLinger(0))
				}
				require.NoError(t, b.Close())
				s.news.await(t, mq.EventDisconnected, 2)
			})
			s.requirePeace()
		})
	}
}

// Close is not held up by a peer that does not read: F-CON-10.
func TestFaultPeerThatDoesNotRead(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			const linger = 100 * time.Millisecond
			push := mq.NewPush(mq.WithLinger(linger), mq.WithSendHWM(10))
			addr := scheme.addr(t)
			require.NoError(t, push.Bind(addr))
			b := dialBare(t, addr)
			b.shake("PULL")
			require.NoError(t, push.WaitPeers(soon(t), 1))
			accepted := fill(t, push, make([]byte, 1<<20))
			start := time.Now()
			err := push.Close()
			took := time.Since(start)
			var left *mq.UndeliveredError
			require.ErrorAs(t, err, &left)
			require.NotEmpty(t, left.Messages) // 10, unless some were still written meanwhile
			require.GreaterOrEqual(t, took, linger)
			whole := len(b.rest()) / (1<<20 + 9)
			require.Equal(t, accepted, whole+len(left.Messages), "what did not arrive whole comes back")
		})
	}
}

// fill sends until there is no room for a while, and returns how many were accepted.
func fill(t *testing.T, s mq.Socket, data []byte) (n int) {
	for {
		ctx, cancel := timeLimit(t, time.Second)
		err := s.Send(ctx, mq.NewMessage(data))
		cancel()
		if err != nil {
			return n
		}
		n++
	}
}
