// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// topicLaws are about which messages a subscriber gets.
var topicLaws = []Law{
	{
		ID: "A-PUB-11 A-PUB-16", Pattern: "SUB",
		Shall: "get the messages whose first part begins, byte by byte, with a prefix it has subscribed to; the empty one begins all",
		Run: func(t *testing.T, e *Env) {
			topics := []string{"", "a", "ab", "abc", "b", "A", "a\x00", "a\xff", "\xff", "\x00", "ba", "aab"}
			for _, prefix := range topics {
				pub, sub := e.Pub(), e.subscribed([]string{prefix})
				e.Link(pub, sub)
				e.Subscribers(pub, prefix, 1)
				e.SendAll(pub, topics...)
				for _, x := range topics {
					if strings.HasPrefix(x, prefix) {
						e.Gets(sub, x)
					}
				}
				e.Empty(sub)
			}
		},
	},
	{
		ID: "D-XPB-17 A-PUB-11", Pattern: "SUB",
		Shall: "be able to subscribe to prefixes of any length",
		Run: func(t *testing.T, e *Env) {
			for _, n := range []int{1, 254, 255, 256, 1000, 70000} {
				prefix := strings.Repeat("p", n)
				pub, sub := e.Pub(), e.subscribed([]string{prefix})
				e.Link(pub, sub)
				e.Subscribers(pub, prefix, 1)
				e.SendAll(pub, prefix[1:], prefix[1:]+"q", prefix, prefix+"q")
				e.Gets(sub, prefix, prefix+"q")
				e.Empty(sub)
			}
		},
	},
	{
		ID: "A-PUB-11 D-XPB-20", Pattern: "SUB",
		Shall: "have messages of several parts matched by the first alone, and delivered or missed whole",
		Run: func(t *testing.T, e *Env) {
			pub, sub := e.Pub(mq.WithSendHWM(2)), e.subscribed([]string{"ab"}, mq.WithRecvHWM(1))
			e.Link(pub, sub)
			e.Subscribers(pub, "ab", 1)
			e.Send(pub, "x", "ab")
			e.Send(pub, "a", "b")
			e.Send(pub, "", "ab")
			e.Send(pub, "ab", "x")
			e.Send(pub, "abc", "", "y")
			e.Gets(sub, "ab|x", "abc||y")
			e.Empty(sub)
		},
	},
	{
		ID: "D-XPB-18", Pattern: "SUB",
		Shall: "get a message once, however many of its prefixes match",
		Run: func(t *testing.T, e *Env) {
			// Others on the same and on neighbouring prefixes do not change that.
			for _, prefixes := range [][]string{{"", "a"}, {"a", "ab"}, {"a", "abc"}, {"abc", "ab", "a", ""}, {"ab", "abc", "b", "ab"}} {
				pub, sub := e.Pub(), e.subscribed(prefixes)
				others := []mq.Socket{
					e.subscribed([]string{"a"}), e.subscribed([]string{"ab", "", "a"}), e.subscribed([]string{"abcd", "abc"}),
				}
				e.Link(pub, append([]mq.Socket{sub}, others...)...)
				for _, x := range append(others, sub) {
					require.NoError(t, x.(mq.Sub).Subscribe("last")) // heard after all the rest
				}
				e.Subscribers(pub, "last", 4)
				e.SendAll(pub, "abc", "last")
				for i, s := range append(others, sub) {
					require.Equal(t, []string{"abc", "last"}, []string{text(e.Recv(s)), text(e.Recv(s))}, "SUB %d of %q", i, prefixes)
					e.Empty(s)
				}
				e.dropped(0, pub)
			}
		},
	},
	{
		ID: "A-PUB-09 A-PUB-10", Pattern: "PUB",
		Shall: "keep to itself what a subscriber has not asked for",
		Only:  "over a network the publisher does not know what has been received",
		Run: func(t *testing.T, e *Env) {
			pub, sub := e.Pub(mq.WithSendHWM(1)), e.subscribed([]string{"a", "b"}, mq.WithRecvHWM(1))
			e.Link(pub, sub)
			e.SendAll(pub, "a", "x", "y", "z", "b", "x") // more than fit
			require.Equal(t, 2, pub.Stats().Queued)
			require.Equal(t, 2, sub.Stats().Pending)
			e.dropped(0, pub, sub)
			e.Gets(sub, "a", "b")
		},
	},
	{
		ID: "A-PUB-14 A-SUB-12 D-INP-09", Pattern: "SUB",
		Shall: "have Subscribe and Unsubscribe heeded by the next Send, without any time between",
		Only:  "a network takes its time; see WaitSubscribers",
		Run: func(t *testing.T, e *Env) {
			pub, sub := e.Pub(), e.Sub()
			e.Link(pub, sub)
			for _, x := range numbers(100) {
				require.NoError(t, sub.Subscribe(x))
				require.NoError(t, pub.Send(e.ctx, mq.Text(x)))
				require.NoError(t, sub.Unsubscribe(x))
				require.NoError(t, sub.Subscribe("next"))
				require.NoError(t, pub.Send(e.ctx, mq.Text(x, "again")))
				require.NoError(t, pub.Send(e.ctx, mq.Text("next")))
				require.Equal(t, 2, sub.Stats().Pending)
				require.NoError(t, sub.Subscribe(x))
				e.Gets(sub, x, "next")
				require.NoError(t, sub.Unsubscribe(x))
				require.NoError(t, sub.Unsubscribe("next"))
			}
			e.Empty(sub)
		},
	},
	{
		ID: "MQ-SUB-01", Pattern: "PUB",
		Shall: "let WaitSubscribers block until so many peers have asked for the topic, each counted once",
		Run: func(t *testing.T, e *Env) {
			pub, one, two := e.Pub(), e.Sub(), e.Sub()
			wait := func(topic string, n int) *Call {
				return e.Go("WaitSubscribers of "+topic, func(ctx context.Context) (m mq.Message, err error) {
					return m, pub.WaitSubscribers(ctx, topic, n)
				})
			}
			e.Returned(wait("topic", 0))
			first, second := wait("topic", 1), wait("topic", 2)
			e.Blocked(first, second)
			e.Link(pub, one, two)
			require.NoError(t, one.Subscribe("toe"))
			require.NoError(t, one.Subscribe("topical"))
			e.Blocked(first, second)
			require.NoError(t, one.Subscribe("top"))
			e.Returned(first)
			require.NoError(t, one.Subscribe("t"))
			require.NoError(t, one.Subscribe(""))
			e.Blocked(second)
			require.NoError(t, two.Subscribe("topic"))
			e.Returned(second)

			require.NoError(t, two.Unsubscribe("topic"))
			e.Settle()
			third := wait("topic", 2)
			e.Blocked(third)
			require.NoError(t, two.Subscribe("topic"))
			e.Returned(third)
			e.Close(one)
			e.Peers(pub, 1)
			fourth := wait("topic", 2)
			e.Blocked(fourth)
			e.Cancel(fourth)
		},
	},
}
