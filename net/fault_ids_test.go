// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// identified are the types that may have an identity, and talk to a ROUTER.
var identified = []string{"DEALER", "REQ", "ROUTER"}

// shakeAs is the handshake of a peer that has an identity.
func (b *bare) shakeAs(kind, id string) {
	b.t.Helper()
	_, err := zmtp.Handshake(b.decoder, b, zmtp.Config{SocketType: kind, Identity: []byte(id)})
	require.NoError(b.t, err)
}

// request sends a message, and requires that it comes back.
func (b *bare) request(text string) {
	b.t.Helper()
	b.say(join([]byte{1, 0}, zmtp.AppendFrame(nil, 0, []byte(text)))...)
	item := b.next()
	require.Empty(b.t, item.Body)
	require.Equal(b.t, parts(text), item.More)
}

// Who comes with the identity of another is refused, and the other is served on: F-GRT-18,
// D-RTR-06. When that has gone, the identity is free.
func TestFaultTakenIdentity(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			w := newWard(t, "ROUTER", scheme.addr(t))
			w.during(func() {
				failed := 0
				for _, kind := range identified {
					first := dialBare(t, w.addr)
					first.shakeAs(kind, "taken")
					for _, other := range identified {
						b := dialBare(t, w.addr)
						b.say(join(greeting, ready("Socket-Type", other, "Identity", "taken"), []byte("\x01\x00\x00\x01x"))...)
						require.NotContains(t, string(b.rest()), "READY")
						failed++
						require.ErrorIs(t, w.news.await(t, mq.EventHandshakeFailed, failed).Err, mq.ErrPeerBusy)
						first.request("still here as " + kind)
					}
					gone := w.news.count(mq.EventDisconnected)
					first.Close()
					w.news.await(t, mq.EventDisconnected, gone+1)
				}
			})
			w.requirePeace()
			require.Equal(t, 4, w.news.count(mq.EventAttached))
		})
	}
}

// With the option, who comes last has the identity, and the other is cut.
func TestFaultHandover(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			w := newWard(t, "ROUTER", scheme.addr(t), mq.WithHandover())
			const times = 60
			w.during(func() {
				var last *bare
				for i := range times {
					b := dialBare(t, w.addr)
					b.shakeAs(identified[i%len(identified)], "mine")
					if last != nil {
						last.rest()
						w.news.await(t, mq.EventDisconnected, i)
					}
					b.request(fmt.Sprint(i))
					last = b
				}
				last.Close()
			})
			w.requirePeace()
			w.news.await(t, mq.EventDisconnected, times)
			require.Equal(t, times, w.news.count(mq.EventDisconnected))
			require.Empty(t, w.news.of(mq.EventHandshakeFailed))
		})
	}
}

// What a peer has sent that lost its identity is not taken for words of the next.
func TestFaultHandoverDropsWhatWasSent(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			var news news
			router := closing(t, mq.NewRouter(quickly([]mq.Option{mq.WithHandover(), news.option()})...))
			addr := scheme.addr(t)
			require.NoError(t, router.Bind(addr))
			old := dialBare(t, addr)
			old.shakeAs("DEALER", "mine")
			old.say([]byte("\x00\x01a\x00\x01b\x00\x01c")...)
			eventually(t, func() bool { return router.Stats().Pending == 3 }, "three messages")
			b := dialBare(t, addr)
			b.shakeAs("DEALER", "mine")
			old.rest()
			b.say([]byte("\x00\x03new")...)
			m, err := router.Recv(soon(t))
			require.NoError(t, err)
			require.Equal(t, mq.Text("mine", "new").String(), m.String())
			require.NoError(t, router.Send(soon(t), mq.Text("mine", "for you")))
			require.Equal(t, "for you", b.nextMessage())
			news.await(t, mq.EventDisconnected, 1)
			require.Equal(t, uint64(1), router.Stats().Received)
		})
	}
}

// Identities that are against the rules end the handshake, whoever hears them: F-GRT-18.
func TestFaultBadIdentity(t *testing.T) {
	property := func(id string) []byte { return ready("Socket-Type", "DEALER", "Identity", id) }
	for _, scheme := range schemes {
		for _, kind := range []string{"ROUTER", "DEALER", "REP"} {
			t.Run(scheme.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				w := newWard(t, kind, scheme.addr(t))
				bad := []fault{
					{says: property(strings.Repeat("i", 256)), told: "Invalid identity"},
					{says: property(strings.Repeat("i", 5000)), told: "Invalid identity"},
					{says: property("\x00"), told: "Invalid identity"},
					{says: property("\x00abcd"), told: "Invalid identity"},
					{says: ready("Socket-Type", "DEALER", "Identity", "a", "identity", "b"), told: "Invalid metadata"},
				}
				w.during(func() {
					for i, f := range bad {
						b := dialBare(t, w.addr)
						f.says = join(greeting, f.says)
						b.commit(f)
						b.requireTold(f)
						require.ErrorIs(t, w.news.await(t, mq.EventHandshakeFailed, i+1).Err, mq.ErrProtocol)
					}
				})
				w.requirePeace()
				require.Equal(t, 1, w.news.count(mq.EventAttached))
			})
		}
	}
}

// Who has none, or an empty one, is told apart from others; any other within the limit
// is as good as the next.
func TestFaultLegalIdentity(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			w := newWard(t, "ROUTER", scheme.addr(t))
			w.during(func() {
				var all []*bare
				for _, says := range [][]byte{
					ready("Socket-Type", "DEALER"),
					ready("Socket-Type", "DEALER"),
					ready("Socket-Type", "DEALER", "Identity", ""),
					ready("Socket-Type", "REQ", "Identity", ""),
					ready("Socket-Type", "ROUTER", "Identity", strings.Repeat("\xff", 255)),
					ready("Socket-Type", "DEALER", "Identity", "\x01\x00"),
					ready("Socket-Type", "DEALER", "Identity", `%s"\n`),
				} {
					b := dialBare(t, w.addr)
					b.say(join(greeting, says)...)
					all = append(all, b)
				}
				w.news.await(t, mq.EventAttached, 1+len(all))
				for _, b := range all {
					b.skipHandshake()
				}
				for range 3 {
					for i, b := range all {
						b.request(fmt.Sprint("mine ", i))
					}
				}
			})
			require.Equal(t, 8, w.bound.Stats().Peers)
			require.Zero(t, w.bound.Stats().Dropped)
		})
	}
}

// skipHandshake reads what the other side says in a handshake that this side has written
// by hand.
func (b *bare) skipHandshake() {
	b.t.Helper()
	_, err := zmtp.Handshake(b.decoder, discard{}, zmtp.Config{SocketType: "DEALER"})
	require.NoError(b.t, err)
}

// discard takes what is not to be written twice.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// A hundred who all want to be the same end with one of them, who is served.
func TestFaultIdentityRush(t *testing.T) {
	for _, scheme := range schemes {
		for _, handover := range []bool{false, true} {
			t.Run(fmt.Sprint(scheme.name, "/handover=", handover), func(t *testing.T) {
				t.Parallel()
				var opts []mq.Option
				if handover {
					opts = append(opts, mq.WithHandover())
				}
				w := newWard(t, "ROUTER", scheme.addr(t), opts...)
				const rush = 100
				w.during(func() {
					for range rush {
						dialBare(t, w.addr).say(join(greeting, ready("Socket-Type", "DEALER", "Identity", "it"))...)
					}
					over := func() int {
						return w.news.count(mq.EventHandshakeFailed) + w.news.count(mq.EventDisconnected)
					}
					eventually(t, func() bool { return over() == rush-1 }, "all but one are gone")
				})
				// The one before may have gone a moment before the last is counted.
				eventually(t, func() bool { return w.bound.Stats().Peers == 2 }, "one of them is here")
				require.NoError(t, w.bound.Send(t.Context(), mq.Text("it", "you are it")))
				eventually(t, func() bool { return w.bound.Stats().Queued == 0 }, "it is sent")
				require.Zero(t, w.bound.Stats().Dropped)
			})
		}
	}
}
