// SPDX-License-Identifier: MIT

package mqtest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// subscribed makes a SUB with the given subscriptions.
func (e *Env) subscribed(prefixes []string, opts ...mq.Option) mq.Sub {
	e.t.Helper()
	s := e.Sub(opts...)
	for _, prefix := range prefixes {
		require.NoError(e.t, s.Subscribe(prefix))
	}
	return s
}

var everything = []string{""}

// dropped wants both ends to have counted n messages that were lost.
func (e *Env) dropped(n int, sockets ...mq.Socket) {
	e.t.Helper()
	for _, s := range sockets {
		e.Eventually(func() bool { return s.Stats().Dropped == uint64(n) }, "want %d dropped", n)
	}
}

// pubLaws are about the queues of a PUB.
var pubLaws = []Law{
	{
		ID: "A-PUB-03 A-PUB-06 A-PUB-12 A-PUB-13 A-SUB-06 A-SUB-07 D-HWM-01 D-HWM-09 D-HWM-10", Pattern: "PUB",
		Shall: "never block: what comes while the queue of a subscriber is full, SendHWM here and its RecvHWM, it misses, " +
			"newest first, and both sides count it",
		Only: exact,
		Run: func(t *testing.T, e *Env) {
			for _, hwm := range [][2]int{{1, 1}, {2, 3}, {20, 5}} {
				pub, sub := e.Pub(mq.WithSendHWM(hwm[0])), e.subscribed(everything, mq.WithRecvHWM(hwm[1]))
				e.Link(pub, sub)
				bound := hwm[0] + hwm[1]
				e.SendAll(pub, numbers(bound)...)
				e.dropped(0, pub, sub)
				for i := range 7 {
					e.Send(pub, "missed")
					e.dropped(i+1, pub, sub)
				}
				e.Gets(sub, numbers(bound)...)
				e.Empty(sub)
			}
		},
	},
	{
		ID: "D-HWM-03", Pattern: "PUB",
		Shall: "hold 1000 messages here and 1000 at the subscriber, unless told otherwise",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			pub, sub := e.Pub(), e.subscribed(everything)
			e.Link(pub, sub)
			e.SendAll(pub, numbers(2003)...)
			e.dropped(3, pub, sub)
			e.Gets(sub, numbers(2000)...)
			e.Empty(sub)
		},
	},
	{
		ID: "D-HWM-07", Pattern: "PUB",
		Shall:   "accept as many messages for a full subscriber as that has received, no fewer",
		Departs: "libzmq goes on dropping until half of the queue was read",
		Only:    exact,
		Run: func(t *testing.T, e *Env) {
			pub, sub := e.Pub(mq.WithSendHWM(5)), e.subscribed(everything, mq.WithRecvHWM(5))
			e.Link(pub, sub)
			e.SendAll(pub, numbers(12)...)
			e.Gets(sub, "0", "1", "2")
			e.SendAll(pub, "a", "b", "c", "d", "e")
			e.dropped(4, pub, sub)
			e.Gets(sub, "3", "4", "5", "6", "7", "8", "9", "a", "b", "c")
			e.Empty(sub)
		},
	},
	{
		ID: "A-PUB-01 A-PUB-03 A-PUB-12", Pattern: "PUB",
		Shall: "drop for the full subscriber alone: the others get everything",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			pub := e.Pub(mq.WithSendHWM(1))
			slow, slower := e.subscribed(everything, mq.WithRecvHWM(2)), e.subscribed(everything, mq.WithRecvHWM(1))
			fast := e.subscribed(everything, mq.WithRecvHWM(1))
			roomy := e.subscribed(everything, mq.WithRecvHWM(100))
			e.Link(pub, slow, fast, slower, roomy)
			for _, x := range numbers(50) {
				e.Send(pub, x)
				e.Gets(fast, x)
			}
			e.Gets(roomy, numbers(50)...)
			e.Gets(slow, "0", "1", "2")
			e.Gets(slower, "0", "1")
			e.dropped(47, slow)
			e.dropped(48, slower)
			e.dropped(0, fast, roomy)
			e.dropped(47+48, pub)
		},
	},
	{
		ID: "A-SUB-03 A-SUB-07", Pattern: "SUB",
		Shall: "have a queue for each publisher: a full one does not keep the others out",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			loud, calm := e.Pub(mq.WithSendHWM(1)), e.Pub(mq.WithSendHWM(1))
			sub := e.subscribed(everything, mq.WithRecvHWM(1))
			e.Link(sub, loud, calm)
			e.SendAll(loud, numbers(9, "loud ")...)
			e.SendAll(calm, "calm")
			e.dropped(7, loud, sub)
			e.dropped(0, calm)
			e.Gets(sub, "loud 0", "calm", "loud 1")
			e.Empty(sub)
		},
	},
	{
		ID: "D-XPB-22", Pattern: "PUB",
		Shall: "send without error, and without a count of drops, what no subscriber is there for",
		Run: func(t *testing.T, e *Env) {
			pub, other := e.Pub(), e.subscribed([]string{"other"})
			e.Send(pub, "unattached")
			e.Link(pub, other)
			e.Send(pub, "unwanted")
			e.dropped(0, pub, other)
			require.EqualValues(t, 2, pub.Stats().Sent)
		},
	},
	{
		ID: "A-PUB-04 A-SUB-04 D-INP-05 D-BLK-02", Pattern: "PUB",
		Shall:   "keep nothing for the absent, whichever side connects",
		Departs: "29/PUBSUB has connect create a queue that outlives the link; then it would depend on who connects what is missed",
		Run: func(t *testing.T, e *Env) {
			for _, pubConnects := range []bool{true, false} {
				pub, sub, addr := e.Pub(), e.subscribed(everything), e.Addr()
				first, second := mq.Socket(sub), mq.Socket(pub)
				if pubConnects {
					first, second = pub, sub
				}
				e.Connect(addr, first)
				e.Send(pub, "too early")
				e.Bind(second, addr)
				e.Subscribers(pub, "", 1)
				e.Send(pub, "in time")
				e.Gets(sub, "in time")

				e.Close(sub)
				e.Peers(pub, 0)
				e.Send(pub, "nobody there")
				again := e.subscribed(everything)
				if pubConnects {
					e.Bind(again, addr)
				} else {
					e.Connect(addr, again)
				}
				e.Subscribers(pub, "", 1)
				e.Send(pub, "there again")
				e.Gets(again, "there again")
				e.Empty(again)
			}
		},
	},
	{
		ID: "A-PUB-05 A-SUB-05 A-DEV-01 D-LNG-07", Pattern: "SUB",
		Shall:   "still receive what a publisher sent before it went, or before the two were parted",
		Departs: "29/PUBSUB destroys the queue with the link; libzmq too leaves readable what has arrived",
		Run: func(t *testing.T, e *Env) {
			for _, leave := range []func(pub mq.Pub, sub mq.Sub, addr string) error{
				func(pub mq.Pub, sub mq.Sub, addr string) error { return pub.Close() },
				func(pub mq.Pub, sub mq.Sub, addr string) error { return sub.Disconnect(addr) },
			} {
				pub, sub := e.Pub(), e.subscribed(everything)
				addr := e.Link(pub, sub)
				e.Subscribers(pub, "", 1)
				e.SendAll(pub, numbers(3)...)
				e.waiting(sub, 3)
				require.NoError(t, leave(pub, sub, addr))
				e.Peers(sub, 0)
				e.Gets(sub, numbers(3)...)
				e.Empty(sub)
			}
		},
	},
	{
		ID: "A-PUB-05", Pattern: "PUB",
		Shall: "discard the queue of a subscriber that has closed, and count it as dropped on both sides",
		Only:  "over a network the publisher does not know what has been received",
		Run: func(t *testing.T, e *Env) {
			pub, goes, stays := e.Pub(), e.subscribed(everything), e.subscribed(everything)
			e.Link(pub, goes, stays)
			e.SendAll(pub, numbers(5)...)
			e.Gets(goes, "0", "1")
			e.Close(goes)
			e.dropped(3, pub, goes)
			e.Gets(stays, numbers(5)...)
			require.Equal(t, 0, pub.Stats().Queued)
		},
	},
	{
		ID: "A-ALL-07 A-PUB-01 A-SUB-01", Pattern: "PUB",
		Shall: "bring the messages of many publishers that send at once to each of many subscribers, each publisher's in order",
		Run: func(t *testing.T, e *Env) {
			const each = 100
			pubs, subs, addrs := make([]mq.Socket, 3), make([]mq.Sub, 4), make([]string, 3)
			for i := range pubs {
				pubs[i] = e.Pub()
				addrs[i] = e.Bind(pubs[i])
			}
			for i := range subs {
				subs[i] = e.subscribed(everything)
				for _, addr := range addrs {
					e.Connect(addr, subs[i])
				}
			}
			for _, p := range pubs {
				e.Subscribers(p.(mq.Pub), "", len(subs))
			}
			for _, c := range sendAtOnce(e, pubs, each) {
				e.Returned(c)
			}
			for _, s := range subs {
				var got []string
				for range each * len(pubs) {
					got = append(got, text(e.Recv(s)))
				}
				requireShares(t, [][]string{got}, len(pubs), each)
				e.Empty(s)
			}
		},
	},
	{
		ID: "MQ-OWN-02", Pattern: "PUB",
		Shall: "share the bytes of a message among all its subscribers",
		Only:  "a wire has bytes of its own",
		Run: func(t *testing.T, e *Env) {
			pub, subs := e.Pub(), []mq.Socket{e.subscribed(everything), e.subscribed(everything), e.subscribed([]string{"m"})}
			e.Link(pub, subs...)
			m := mq.Text("mine", "too")
			require.NoError(t, pub.Send(e.ctx, m))
			for i, s := range subs {
				got := e.Recv(s)
				require.Same(t, &m.Data[0], &got.Data[0], fmt.Sprint("SUB ", i))
				require.Same(t, &m.More[0][0], &got.More[0][0], fmt.Sprint("SUB ", i))
			}
		},
	},
}
