// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// Memory follows what has arrived, not what was announced: F-FRM-02, B-BAD-23.
func TestFaultAnnouncedIsNotAllocated(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			s := besiege(t, "PULL", scheme.addr(t), mq.WithMaxMessageSize(1<<50))
			const liars = 50
			got := allocated(func() {
				var all []*bare
				for i, n := range []int{1 << 28, 1 << 30, 1<<31 - 1} {
					for range liars {
						b := dialBare(t, s.addr)
						b.shake("PUSH")
						b.say(append(zmtp.AppendHeader(nil, byte(i%2), n), "only this"...)...)
						all = append(all, b)
					}
				}
				s.exchange()
				require.NoError(t, s.bound.WaitPeers(soon(t), 1+len(all)))
				for _, b := range all {
					b.Close()
				}
				s.news.await(t, mq.EventDisconnected, len(all))
			})
			require.Less(t, got, uint64(3*liars*(200<<10)))
			s.requirePeace()
		})
	}
}

// Commands that mean nothing are ignored, however many there are: F-CMD-01, F-CMD-05,
// B-BAD-25, B-BAD-28. So are those that mean something elsewhere: F-CMD-09, B-BAD-29.
func TestFaultCommandFlood(t *testing.T) {
	floods := map[string][]byte{
		"unknown":   zmtp.AppendCommand(nil, "X-NOTHING", "of interest"),
		"PONG":      zmtp.AppendPong(nil, []byte("never asked")),
		"SUBSCRIBE": zmtp.AppendCommand(nil, zmtp.Subscribe, "topic"),
		"CANCEL":    zmtp.AppendCommand(nil, zmtp.Cancel, "topic"),
		"READY":     ready("Socket-Type", "PUSH"),
	}
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			for name, command := range floods {
				s := besiege(t, "PULL", scheme.addr(t))
				b := dialBare(t, s.addr)
				b.shake("PUSH")
				grown := held(func() {
					s.during(func() {
						b.say([]byte("\x01\x05other")...) // F-FRM-08: it stands inside a message
						for range 2000 {
							_, err := b.Write(repeated(command, 100))
							assert.NoError(t, err, name)
						}
						b.say(0, 0)
					})
					for len(s.others) == 0 && !t.Failed() {
						s.exchange()
					}
				})
				require.Equal(t, []string{"other"}, s.others, name)
				require.Less(t, grown, int64(2<<20), name)
			}
		})
	}
}

func repeated(bytes []byte, n int) []byte {
	return []byte(strings.Repeat(string(bytes), n))
}

// Of many PINGs the last is answered, and what waits to be answered does not grow while
// the peer does not read: F-CMD-02.
func TestFaultPingFlood(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			s := besiege(t, "PULL", scheme.addr(t))
			b := dialBare(t, s.addr)
			b.shake("PUSH")
			const rounds, pings = 400, 500
			last := uint64(rounds * pings)
			grown := held(func() {
				s.during(func() {
					for n := uint64(0); n < last; {
						var flood []byte
						for range pings {
							n++
							flood = zmtp.AppendPing(flood, 0, binary.BigEndian.AppendUint64(nil, n))
						}
						_, err := b.Write(flood)
						assert.NoError(t, err)
					}
				})
			})
			require.Less(t, grown, int64(2<<20))
			answers := 0
			for seen := uint64(0); seen < last; answers++ {
				c, err := zmtp.ParseCommand(b.next().Body)
				require.NoError(t, err)
				require.Equal(t, zmtp.Pong, c.Name)
				n := binary.BigEndian.Uint64(c.Data)
				require.Greater(t, n, seen, "answers are in order")
				seen = n
			}
			require.LessOrEqual(t, answers, int(last))
			s.requirePeer(2)
		})
	}
}

func (s *siege) requirePeer(n int) {
	s.t.Helper()
	s.exchange()
	require.Equal(s.t, n, s.bound.Stats().Peers)
}

// More subscriptions than the option allows end the connection, and all of them go with
// it: F-CMD-07.
func TestFaultSubscriptionFlood(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			s := besiege(t, "PUB", scheme.addr(t), mq.WithMaxSubscriptions(1000))
			s.during(func() {
				for i, version := range []zmtp.Version{zmtp.V31, zmtp.V30} {
					b := dialBare(t, s.addr)
					b.shake("SUB")
					var flood []byte
					for n := range 1001 {
						flood = zmtp.AppendSubscription(flood, version, fmt.Sprint("flood", n), true)
					}
					b.say(flood...)
					s.requireCut(mq.EventDisconnected, i+1, mq.ErrTooLarge, "more than 1000 subscriptions")
					b.rest()
				}
			})
			s.requirePeace()
			ctx, cancel := timeLimit(t, 10*time.Millisecond)
			defer cancel()
			require.Error(t, s.bound.(mq.Pub).WaitSubscribers(ctx, "flood1", 1))
		})
	}
}

// Subscriptions are a set: to repeat one, to take back one that is not there, and to take
// back and subscribe again as often as one likes, changes nothing: F-CMD-06, F-CMD-08.
func TestFaultSubscriptionsAreASet(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			s := besiege(t, "PUB", scheme.addr(t), mq.WithMaxSubscriptions(2))
			b := dialBare(t, s.addr)
			b.shake("XSUB")
			one := zmtp.AppendCommand(nil, zmtp.Subscribe, "a")
			other := zmtp.AppendSubscription(nil, zmtp.V30, "a", true)
			off := zmtp.AppendCommand(nil, zmtp.Cancel, "b")
			grown := held(func() {
				s.during(func() {
					for range 1000 {
						b.say(repeated(join(one, other, off), 200)...)
					}
					for i := range 1000 {
						topic := fmt.Sprint("b", i)
						b.say(zmtp.AppendCommand(zmtp.AppendCommand(nil, zmtp.Subscribe, topic), zmtp.Cancel, topic)...)
					}
					b.say(zmtp.AppendCommand(nil, zmtp.Subscribe, "end")...)
				})
				require.NoError(t, s.bound.(mq.Pub).WaitSubscribers(soon(t), "end", 1))
			})
			require.Less(t, grown, int64(4<<20))
			for _, text := range []string{"a1", "b2", "a3"} {
				require.NoError(t, s.bound.Send(t.Context(), mq.Text(text)))
			}
			require.Equal(t, "a1", b.nextMessage())
			require.Equal(t, "a3", b.nextMessage())
			b.say(zmtp.AppendCommand(nil, zmtp.Cancel, "a")...) // once is enough
			b.say(zmtp.AppendCommand(nil, zmtp.Subscribe, "ready")...)
			require.NoError(t, s.bound.(mq.Pub).WaitSubscribers(soon(t), "ready", 1))
			for _, text := range []string{"a4", "ready"} {
				require.NoError(t, s.bound.Send(t.Context(), mq.Text(text)))
			}
			require.Equal(t, "ready", b.nextMessage())
		})
	}
}

// More silent connections than may shake hands at once do not keep others out, not even
// for the time of the handshake: F-CON-01, F-CON-02.
func TestFaultConnectionFlood(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			s := besiege(t, "PULL", scheme.addr(t), mq.WithHandshakeTimeout(time.Hour))
			const flood = 600
			s.during(func() {
				for range flood {
					dialBare(t, s.addr)
				}
				late := makers["PUSH"](t)
				require.NoError(t, late.Connect(s.addr))
				require.NoError(t, late.WaitPeers(soon(t), 1))
				require.NoError(t, s.bound.WaitPeers(soon(t), 2))
				require.NoError(t, late.Send(soon(t), mq.Text("late")))
			})
			for len(s.others) == 0 && !t.Failed() {
				s.exchange()
			}
			require.Equal(t, []string{"late"}, s.others)
			s.news.await(t, mq.EventAccepted, 1+flood+1)
			cut := s.news.of(mq.EventHandshakeFailed)
			require.GreaterOrEqual(t, len(cut), flood-256)
			require.Len(t, s.news.of(mq.EventAttached), 2)
			for _, e := range cut {
				require.Error(t, e.Err)
			}
		})
	}
}
