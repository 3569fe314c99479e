// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// Subscribers here and elsewhere, with different wishes, all get what they want of messages
// of all sizes and shapes, in order and unharmed, although the publisher encodes each message
// once for all that are elsewhere.
func TestPubToMany(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			const count = 2_000
			topics := []string{"a", "b", "ab", "abc", "c"}
			pub := closing(t, mq.NewPub(mq.WithSendHWM(count+1)))
			require.NoError(t, pub.Bind(scheme.addr(t)))
			require.NoError(t, pub.Bind("inproc://"+t.Name()))
			wishes := [][]string{{""}, {"a"}, {"ab", "c"}, {"abc", "a"}, {"b"}, {""}}
			subs := make([]mq.Sub, len(wishes))
			for i, prefixes := range wishes {
				subs[i] = closing(t, mq.NewSub(mq.WithRecvHWM(count+1)))
				for _, prefix := range prefixes {
					require.NoError(t, subs[i].Subscribe(prefix))
				}
				addr := pub.Addr()
				if i == len(wishes)-1 {
					addr = "inproc://" + t.Name()
				}
				require.NoError(t, subs[i].Connect(addr))
			}
			for _, topic := range append(topics, "") {
				require.NoError(t, pub.WaitSubscribers(soon(t), topic, wanting(wishes, topic)))
			}

			var sent []mq.Message
			for i := range count {
				m := mq.Message{Data: fmt.Appendf(nil, "%s%d ", topics[rand.IntN(len(topics))], i)}
				if i%7 == 0 {
					m.Data = append(m.Data, make([]byte, rand.IntN(30_000))...)
				}
				for range i % 3 {
					m.More = append(m.More, make([]byte, rand.IntN(500)))
				}
				sent = append(sent, m)
				require.NoError(t, pub.Send(t.Context(), m))
			}
			for i, sub := range subs {
				for _, want := range sent {
					if !startsWithAny(want.Data, wishes[i]) {
						continue
					}
					got, err := sub.Recv(soon(t))
					require.NoError(t, err)
					require.True(t, bytes.Equal(want.Data, got.Data), "subscriber %d: %.20q instead of %.20q", i, got.Data, want.Data)
					require.Equal(t, len(want.More), len(got.More))
					for k := range want.More {
						require.True(t, bytes.Equal(want.More[k], got.More[k]))
					}
				}
			}
			require.Zero(t, pub.Stats().Dropped)
		})
	}
}

// wanting is how many of the wishes a topic fits.
func wanting(wishes [][]string, topic string) (n int) {
	for _, prefixes := range wishes {
		if startsWithAny([]byte(topic), prefixes) {
			n++
		}
	}
	return n
}

func startsWithAny(topic []byte, prefixes []string) bool {
	for _, prefix := range prefixes {
		if bytes.HasPrefix(topic, []byte(prefix)) {
			return true
		}
	}
	return false
}
