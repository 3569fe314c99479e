// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// xpubs are the ways in which an XPUB hears of subscriptions.
var xpubs = map[string][]mq.Option{
	"changes":  nil,
	"verbose":  {mq.WithVerbose()},
	"verboser": {mq.WithVerboser()},
	"manual":   {mq.WithManual()},
}

// wants encodes a subscription, or its end.
func wants(b []byte, prefix string, on bool) []byte {
	return zmtp.AppendSubscription(b, zmtp.V31, prefix, on)
}

// floods are what subscribers of ill will say, in rounds.
var floods = map[string]func(round int) []byte{
	"the same":     func(int) []byte { return repeated(wants(nil, "a", true), 100) },
	"on and off":   func(int) []byte { return repeated(wants(wants(nil, "a", true), "a", false), 50) },
	"never was":    func(int) []byte { return repeated(wants(nil, "a", false), 100) },
	"ever another": another,
	"long": func(n int) []byte {
		prefix := string(repeated([]byte{byte(n)}, 1000))
		return wants(wants(nil, prefix, true), prefix, false)
	},
}

// another is subscriptions to prefixes that were not there before, each taken back.
func another(round int) (b []byte) {
	for i := range 50 {
		prefix := fmt.Sprint("flood ", round, " ", i)
		b = wants(wants(b, prefix, true), prefix, false)
	}
	return b
}

// Subscriptions that an application does not receive take little memory, however many
// come, and have their effect all the same: F-CMD-06, F-CMD-07, F-CMD-08.
func TestFaultXPubFloods(t *testing.T) {
	for _, scheme := range schemes {
		for how, opts := range xpubs {
			t.Run(scheme.name+"/"+how, func(t *testing.T) {
				w := newUnheard(t, scheme.addr(t), opts...)
				for name, flood := range floods {
					for _, kind := range legalPeers["XPUB"] {
						b := dialBare(t, w.addr)
						b.shake(kind)
						grown := held(func() {
							w.during(func() {
								for round := range 300 {
									b.say(flood(round)...)
								}
								b.requireHeard(name)
							})
						})
						require.Less(t, grown, int64(4<<20), name)
						b.Close()
					}
				}
				w.requirePeace()
				w.news.await(t, mq.EventDisconnected, len(floods)*2)
				require.Len(t, w.news.of(mq.EventDisconnected), len(floods)*2, "by themselves")
				require.LessOrEqual(t, w.bound.Stats().Pending, 2000)
			})
		}
	}
}

// newUnheard is an XPUB that never receives. If it is manual, the honest peer is given what
// it has asked for.
func newUnheard(t *testing.T, addr string, opts ...mq.Option) *ward {
	w := &ward{t: t, addr: addr}
	xpub := mq.NewXPub(quickly(append(opts, w.news.option()))...)
	sub := mq.NewSub(quickly(nil)...)
	require.NoError(t, sub.Subscribe("honest"))
	w.between(xpub, sub)
	m, err := xpub.Recv(soon(t))
	require.NoError(t, err)
	require.Equal(t, "\x01honest", string(m.Data))
	if err := xpub.Subscribe("honest"); err != nil {
		require.ErrorIs(t, err, mq.ErrState, "it is not manual")
	}
	require.NoError(t, xpub.WaitSubscribers(soon(t), "honest", 1))
	w.pass = moving(xpub, sub)
	return w
}

// Connections that come, subscribe and go leave nothing behind, though nobody receives
// what they said.
func TestFaultXPubPassersBy(t *testing.T) {
	for _, scheme := range schemes {
		for how, opts := range xpubs {
			t.Run(scheme.name+"/"+how, func(t *testing.T) {
				const recvHWM, all = 10, 100
				w := newUnheard(t, scheme.addr(t), append(opts, mq.WithRecvHWM(recvHWM))...)
				grown := held(func() {
					w.during(func() {
						for n := range all {
							b := dialBare(t, w.addr)
							b.shake("SUB")
							var flood []byte
							for i := range 100 {
								flood = wants(flood, fmt.Sprint("topic ", n, " ", i), true)
							}
							b.say(flood...)
							b.requireHeard("so far")
							b.Close()
						}
						w.news.await(t, mq.EventDisconnected, all)
					})
				})
				require.Less(t, grown, int64(4<<20))
				require.LessOrEqual(t, w.bound.Stats().Pending, 2*recvHWM)
				w.requirePeace()
			})
		}
	}
}

// A peer that sends messages to an XPUB which does not receive is stopped, and nobody
// else is; when they are received, it goes on (A-XPB-13, A-XPB-14).
func TestFaultXPubUserMessages(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			const recvHWM, size = 10, 64 << 10
			w := newUnheard(t, scheme.addr(t), mq.WithRecvHWM(recvHWM))
			xpub := w.bound.(mq.XPub)
			b := dialBare(t, w.addr)
			b.shake("XSUB")
			other := dialBare(t, w.addr)
			other.shake("XSUB")
			whole := 0
			var cut int // bytes of the message that was stopped
			message := zmtp.AppendFrame(nil, 0, repeated([]byte("m"), size))
			grown := held(func() {
				w.during(func() {
					for ; ; whole++ {
						require.NoError(t, b.SetWriteDeadline(time.Now().Add(moment*4)))
						n, err := b.Write(message)
						if cut = n; err != nil {
							require.ErrorIs(t, err, os.ErrDeadlineExceeded)
							break
						}
						require.Less(t, whole, 1000, "it is not stopped")
					}
					other.say(wants(nil, "other", true)...)
					require.NoError(t, xpub.WaitSubscribers(soon(t), "other", 1))
					require.NoError(t, xpub.Send(soon(t), mq.Text("other")))
					require.Equal(t, "other", other.nextMessage())
				})
			})
			require.Less(t, grown, int64(5*recvHWM*size))
			require.NoError(t, b.SetWriteDeadline(time.Time{}))
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, err := b.Write(join(message[cut:], wants(nil, "last", true)))
				assert.NoError(t, err)
			}()
			for got := 0; got <= whole; {
				m, err := xpub.Recv(soon(t))
				require.NoError(t, err)
				if m.Size() == size {
					got++
				}
			}
			<-done
			require.NoError(t, xpub.WaitSubscribers(soon(t), "last", 1))
		})
	}
}

// More subscriptions than the option allows end the connection of who has them: F-CMD-07.
func TestFaultXPubTooManySubscriptions(t *testing.T) {
	for _, scheme := range schemes {
		for how, opts := range xpubs {
			t.Run(scheme.name+"/"+how, func(t *testing.T) {
				t.Parallel()
				const most = 1000
				w := newUnheard(t, scheme.addr(t), append(opts, mq.WithMaxSubscriptions(most))...)
				xpub := w.bound.(mq.XPub)
				w.during(func() {
					b := dialBare(t, w.addr)
					b.shake("XSUB")
					var flood []byte
					for n := range most + 1 {
						flood = wants(flood, fmt.Sprint("flood", n), true)
					}
					b.say(flood...)
					e := w.news.await(t, mq.EventDisconnected, 1)
					require.ErrorIs(t, e.Err, mq.ErrTooLarge)
					b.rest()
				})
				w.requirePeace()
				asked := make(map[string]int)
				for xpub.Stats().Pending > 0 {
					m, err := xpub.Recv(soon(t))
					require.NoError(t, err)
					asked[string(m.Data[1:])] += 2*int(m.Data[0]) - 1
				}
				for prefix, n := range asked {
					require.Zero(t, n, "%q is taken back as often as it was asked for", prefix)
				}
			})
		}
	}
}
