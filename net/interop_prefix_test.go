// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// wishes are the subscriptions of one subscriber: how often it has asked for a prefix.
type wishes map[string]int

// step is a call of Subscribe or Unsubscribe.
type step struct {
	prefix string
	on     bool
}

// randomTopic is a short word of few letters, so that many are prefixes of others.
func randomTopic(r *rand.Rand) string {
	b := make([]byte, r.IntN(5))
	for i := range b {
		b[i] = "ab\x00\xff"[r.IntN(4)]
	}
	return string(b)
}

// randomWishes comes with the calls that lead to it. Few ask for everything.
func randomWishes(r *rand.Rand) (w wishes, steps []step) {
	w = wishes{}
	for range 1 + r.IntN(20) {
		prefix := randomTopic(r)
		switch {
		case prefix == "" && r.IntN(8) > 0:
		case w[prefix] > 0 && r.IntN(2) == 0:
			w[prefix]--
			steps = append(steps, step{prefix, false})
		default:
			w[prefix]++
			steps = append(steps, step{prefix, true})
		}
	}
	return w, steps
}

func (w wishes) match(topic string) bool {
	for prefix, n := range w {
		if n > 0 && strings.HasPrefix(topic, prefix) {
			return true
		}
	}
	return false
}

// expect are the topics that a subscriber gets, of those that are sent.
func (w wishes) expect(sent []string) []string {
	return slices.DeleteFunc(slices.Clone(sent), func(topic string) bool { return !w.match(topic) })
}

// syncTopic is no prefix of a random topic, nor the other way round.
const syncTopic = "sync"

const (
	subscribers = 5
	topics      = 250
)

// mq's PUB and libzmq's SUB agree on what matches (A-PUB-11, A-PUB-16, B-CMD-04,
// D-XPB-13, D-XPB-14, D-XPB-18, D-XPB-20).
func TestLibzmqSubscribes(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		r, seed := seeded()
		t.Log("seed", seed)
		pub, _ := newOwn(t, "PUB")
		require.NoError(t, pub.Bind(scheme.addr(t)))
		var subs []*pyzmq.Socket
		var want []wishes
		for range subscribers {
			w, steps := randomWishes(r)
			s := p.Socket("SUB", endless)
			half := r.IntN(len(steps) + 1) // before it connects, or after
			for i, step := range append(steps, step{syncTopic, true}) {
				if i == half {
					require.NoError(t, s.Connect(pub.Addr()))
				}
				require.NoError(t, s.Set(map[bool]string{true: "SUBSCRIBE", false: "UNSUBSCRIBE"}[step.on], step.prefix))
			}
			subs, want = append(subs, s), append(want, w)
		}
		require.Eventually(t, func() bool { return subscribed(t, pub, syncTopic, subscribers) }, longest, time.Millisecond)
		sent := sendTopics(r, func(topic, rest []byte) { sendOwn(t, pub, topic, rest) })
		for i, s := range subs {
			got := untilSync(func() []byte {
				got, err := s.Recv(longest)
				require.NoError(t, err)
				require.Len(t, got, 2)
				require.Equal(t, got[0], got[1], "matched by the first part, and whole")
				return got[0]
			})
			require.Equal(t, want[i].expect(sent), got, "%q", want[i])
		}
		require.Zero(t, pub.Stats().Dropped)
	}
}

// libzmq's PUB and XPUB and mq's SUB agree too.
func TestLibzmqPublishes(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for i, scheme := range schemes {
		r, seed := seeded()
		t.Log("seed", seed)
		pub := newTheirs(t, p, []string{"PUB", "XPUB"}[i])
		at, err := pub.Bind(scheme.addr(t))
		require.NoError(t, err)
		var subs []mq.Sub
		var want []wishes
		for range subscribers {
			w, steps := randomWishes(r)
			s, _ := newOwn(t, "SUB")
			sub := s.(mq.Sub)
			require.NoError(t, sub.Unsubscribe(""))
			half := r.IntN(len(steps) + 1)
			for i, step := range append(steps, step{syncTopic, true}) {
				if i == half {
					require.NoError(t, sub.Connect(at))
				}
				call := map[bool]func(string) error{true: sub.Subscribe, false: sub.Unsubscribe}[step.on]
				require.NoError(t, call(step.prefix))
			}
			subs, want = append(subs, sub), append(want, w)
		}
		for _, sub := range subs { // they are heard of
			require.Eventually(t, func() bool {
				return pub.Send([]byte(syncTopic), []byte("probe")) == nil && sub.Stats().Pending > 0
			}, longest, time.Millisecond)
		}
		sent := sendTopics(r, func(topic, rest []byte) { require.NoError(t, pub.Send(topic, rest)) })
		for i, sub := range subs {
			got := untilSync(func() []byte {
				for {
					if m := recvOwn(t, sub); string(m.Part(1)) != "probe" {
						require.Equal(t, m.Data, m.Part(1))
						return m.Data
					}
				}
			})
			require.Equal(t, want[i].expect(sent), got, "%q", want[i])
		}
	}
}

func seeded() (*rand.Rand, uint64) {
	seed := rand.Uint64()
	return rand.New(rand.NewPCG(seed, 0)), seed
}

// sendTopics sends messages that repeat their topic, and returns the topics.
func sendTopics(r *rand.Rand, send func(topic, rest []byte)) (sent []string) {
	for range topics {
		topic := randomTopic(r)
		send([]byte(topic), []byte(topic))
		sent = append(sent, topic)
	}
	send([]byte(syncTopic), []byte(syncTopic))
	return sent
}

// untilSync receives topics as far as syncTopic.
func untilSync(recv func() []byte) []string {
	got := []string{}
	for {
		topic := string(recv())
		if topic == syncTopic {
			return got
		}
		got = append(got, topic)
	}
}

// longPrefixes are those where libzmq 4.3.4 writes a wrong header (B-CMD-08), their
// neighbours, and longer ones (D-XPB-17).
func longPrefixes() (all []string) {
	for _, n := range []int{1, 243, 244, 300, 1000, 30_000} {
		all = append(all, strings.Repeat("T", n)+".")
	}
	for n := 245; n < 258; n++ {
		all = append(all, string(bytes.Repeat([]byte{byte(n)}, n)))
	}
	return all
}

// A prefix has any length, to and from libzmq; taken back, it is taken back.
func TestLibzmqLongPrefixes(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for i, scheme := range schemes {
		pub, _ := newOwn(t, "PUB")
		sub := p.Socket("SUB", endless)
		require.NoError(t, pub.Bind(scheme.addr(t)))
		require.NoError(t, sub.Connect(pub.Addr()))
		require.NoError(t, pub.WaitPeers(t.Context(), 1))
		testLongPrefixes(t, pub, sub)

		xpub := p.Socket("XPUB", endless)
		at, err := xpub.Bind(schemes[len(schemes)-1-i].addr(t))
		require.NoError(t, err)
		s, _ := newOwn(t, "SUB")
		own := s.(mq.Sub)
		require.NoError(t, own.Unsubscribe(""))
		require.NoError(t, own.Connect(at))
		for j, prefix := range longPrefixes() {
			require.NoError(t, own.Subscribe(prefix))
			got, err := xpub.Recv(longest)
			require.NoError(t, err)
			sameParts(t, parts("\x01"+prefix), got)
			require.NoError(t, xpub.Send([]byte(prefix+"!")))
			require.Equal(t, prefix+"!", string(recvOwn(t, own).Data))
			if j%2 == 0 {
				require.NoError(t, own.Unsubscribe(prefix))
				got, err = xpub.Recv(longest)
				require.NoError(t, err)
				sameParts(t, parts("\x00"+prefix), got)
			}
		}
		require.Zero(t, own.Stats().Reconnects)
	}
}

func testLongPrefixes(t *testing.T, s mq.Socket, sub *pyzmq.Socket) {
	t.Helper()
	for _, prefix := range longPrefixes() {
		require.NoError(t, sub.Set("SUBSCRIBE", prefix))
		require.Eventually(t, func() bool { return subscribed(t, s, prefix, 1) }, longest, time.Millisecond)
		sendOwn(t, s, []byte(prefix[:len(prefix)-1]))
		sendOwn(t, s, []byte(prefix+"!"))
		got, err := sub.Recv(longest)
		require.NoError(t, err)
		sameParts(t, parts(prefix+"!"), got)
	}
	// All at once, as after a break; and then back, one by one.
	require.NoError(t, s.(mq.Pub).WaitSubscribers(t.Context(), longPrefixes()[0], 1))
	for _, prefix := range longPrefixes() {
		require.NoError(t, sub.Set("UNSUBSCRIBE", prefix))
		require.Eventually(t, func() bool { return !subscribed(t, s, prefix, 1) }, longest, time.Millisecond, len(prefix))
	}
	require.Equal(t, 1, s.Stats().Peers)
}
