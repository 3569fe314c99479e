// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// lossless makes a PUB or an XPUB with small queues that does not drop.
func (e *Env) lossless(kind string, opts ...mq.Option) mq.Pub {
	opts = append([]mq.Option{mq.WithNoDrop(), mq.WithSendHWM(1), mq.WithLinger(0)}, opts...)
	return e.New(kind, opts...).(mq.Pub)
}

// flood sends more large messages of a topic than there is room for, also in a kernel, and
// waits until it is blocked.
func (e *Env) flood(pub mq.Pub, topic string) *Call {
	e.t.Helper()
	c := e.Go("Send", func(ctx context.Context) (m mq.Message, err error) {
		large := mq.Text(topic + strings.Repeat(".", 1<<20))
		for range 100 {
			if err = pub.Send(ctx, large); err != nil {
				break
			}
		}
		return m, err
	})
	e.Blocked(c)
	return c
}

// publishers are the kinds that WithNoDrop is for.
var publishers = []string{"PUB", "XPUB"}

// noDropLaws are about publishers that do not drop.
var noDropLaws = []Law{
	{
		ID: "D-XPB-03", Pattern: "PUB and XPUB WithNoDrop",
		Shall: "block while a subscriber has no room; nobody gets that message before all can",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			for _, kind := range publishers {
				pub := e.lossless(kind, mq.WithSendHWM(2))
				slow, fast := e.subscribed(everything, mq.WithRecvHWM(1)), e.subscribed(everything, mq.WithRecvHWM(9))
				slower := e.XSub(mq.WithRecvHWM(2))
				e.subscribeTo(slower, "")
				e.Link(pub, slow, fast, slower)
				e.Holds(pub, 3)
				blocked := e.Sending(pub, "3")
				e.Gets(fast, "0", "1", "2")
				e.Empty(fast)
				e.Blocked(blocked)
				e.Gets(slow, "0")
				e.Returned(blocked)
				e.Gets(fast, "3")
				e.Full(pub)
				e.Gets(slow, "1", "2", "3")
				e.Empty(slow)
				e.Full(pub) // slower has no room
				e.Gets(slower, "0", "1", "2", "3")
				e.Empty(slower)
				e.Empty(fast)
				e.dropped(0, pub, slow, slower, fast)
			}
		},
	},
	{
		ID: "D-XPB-03", Pattern: "PUB and XPUB WithNoDrop",
		Shall: "wait for the subscribers of a message alone, not for others that are full",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range publishers {
				pub, full, free := e.lossless(kind), e.subscribed([]string{"a"}, mq.WithRecvHWM(1)), e.subscribed([]string{"b"})
				e.Link(pub, full, free)
				e.Subscribers(pub, "a", 1)
				e.Subscribers(pub, "b", 1)
				blocked := e.flood(pub, "a")
				for _, m := range numbers(20, "b") {
					e.Send(pub, m)
					e.Gets(free, m)
				}
				e.SendAll(pub, numbers(20, "nobody's ")...)
				e.Blocked(blocked)
				e.Cancel(blocked)
			}
		},
	},
	{
		ID: "D-XPB-03 A-ALL-07 D-HWM-11", Pattern: "PUB and XPUB WithNoDrop",
		Shall: "deliver all that they have accepted to all subscribers, in order, however slow these are and however many goroutines send",
		Run: func(t *testing.T, e *Env) {
			const senders, each = 3, 100
			for _, kind := range publishers {
				pub, subs := e.lossless(kind), make([]mq.Sub, 3)
				addr := e.Bind(pub)
				for i := range subs {
					subs[i] = e.subscribed(everything, mq.WithRecvHWM(1+i))
					e.Connect(addr, subs[i])
				}
				e.Subscribers(pub, "", len(subs))
				got, readers := make([][]string, len(subs)), make([]*Call, len(subs))
				for i, s := range subs {
					readers[i] = e.Go("Recvs", func(ctx context.Context) (m mq.Message, err error) {
						for range senders * each {
							if m, err = s.Recv(ctx); err != nil {
								return m, err
							}
							got[i] = append(got[i], text(m))
							dither(i * len(got[i]))
						}
						return m, nil
					})
				}
				for _, c := range append(sendAtOnce(e, []mq.Socket{pub, pub, pub}, each), readers...) {
					e.Returned(c)
				}
				for i, s := range subs {
					requireShares(t, got[i:i+1], senders, each)
					require.Equal(t, got[0], got[i], "all in the same order")
					e.dropped(0, pub, s)
				}
			}
		},
	},
	{
		ID: "D-XPB-03 D-XPB-22", Pattern: "PUB and XPUB WithNoDrop",
		Shall: "not block without a subscriber",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range publishers {
				pub, other := e.lossless(kind), e.subscribed([]string{"other"}, mq.WithRecvHWM(1))
				e.SendAll(pub, numbers(10)...)
				e.Link(pub, other)
				e.SendAll(pub, numbers(10)...)
				e.dropped(0, pub, other)
			}
		},
	},
	{
		ID: "D-XPB-03 MQ-CTX-02", Pattern: "PUB and XPUB WithNoDrop",
		Shall: "send to nobody what was cancelled while it waited, and go on unharmed",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			for _, kind := range publishers {
				pub := e.lossless(kind)
				full, free := e.subscribed(everything, mq.WithRecvHWM(1)), e.subscribed(everything)
				e.Link(pub, full, free)
				e.manyTimes(func(i int) {
					e.SendAll(pub, "0", "1")
					c, stays := e.Sending(pub, "cancelled"), (*Call)(nil)
					e.Blocked(c)
					stays = e.Sending(pub, "stays")
					e.Blocked(stays)
					meanwhile(i, c.cancel, func() { e.Gets(full, "0") })
					require.True(t, e.finished(c))
					want := []string{"stays"}
					if c.err == nil {
						want = append(want, "cancelled")
					} else {
						requireError(t, c.err, context.Canceled, "send", "")
					}
					e.Gets(full, "1")
					require.ElementsMatch(t, want, e.drain(full))
					require.ElementsMatch(t, append(want, "0", "1"), e.drain(free))
					e.Returned(stays)
				})
				e.dropped(0, pub)
			}
		},
	},
	{
		ID: "D-XPB-03 MQ-CLOSE-01 MQ-CTX-02", Pattern: "PUB and XPUB WithNoDrop",
		Shall: "end a Send that waits when its context does, and all with ErrClosed when the socket closes",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range publishers {
				pub, s := e.lossless(kind, mq.WithLinger(time.Minute)), e.subscribed(everything, mq.WithRecvHWM(1))
				e.Link(pub, s)
				e.Subscribers(pub, "", 1)
				cancelled, calls := e.flood(pub, "a"), []*Call{e.flood(pub, "b"), e.flood(pub, "c"), e.flood(pub, "d")}
				e.Cancel(cancelled)
				requireError(t, cancelled.err, context.Canceled, "send", "")
				e.Blocked(calls...)
				closing := e.Go("Close", func(context.Context) (m mq.Message, err error) { return m, pub.Close() })
				for _, c := range calls {
					e.Failed(c, mq.ErrClosed) // does not wait for the linger
					requireError(t, c.err, mq.ErrClosed, "send", "")
				}
				e.Close(s)
				e.Returned(closing)
			}
		},
	},
	{
		ID: "D-XPB-03 MQ-XPB-04", Pattern: "PUB and XPUB WithNoDrop",
		Shall: "go on when the subscriber that has no room goes",
		Run: func(t *testing.T, e *Env) {
			for _, leave := range parting[1:] {
				goOnAfter(t, e, leave)
			}
		},
	},
	{
		ID: "D-XPB-03 MQ-XPB-04", Pattern: "PUB and XPUB WithNoDrop",
		Shall: "go on when the subscriber that has no room does not want the message any more",
		Run:   func(t *testing.T, e *Env) { goOnAfter(t, e, parting[0]) },
	},
	{
		ID: "D-XPB-03 MQ-XPB-04", Pattern: "PUB and XPUB WithNoDrop",
		Shall: "wait for the next subscriber that has no room when one has got it, or has gone",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			for _, kind := range publishers {
				pub, subs := e.lossless(kind), make([]mq.Socket, 4)
				for i := range subs {
					subs[i] = e.subscribed(everything, mq.WithRecvHWM(1))
				}
				e.Link(pub, subs...)
				e.SendAll(pub, "0", "1")
				blocked := e.Sending(pub, "2")
				e.Blocked(blocked)
				for _, i := range []int{2, 0, 3} {
					if i == 0 {
						e.Close(subs[i])
					} else {
						e.Gets(subs[i], "0")
					}
					e.Blocked(blocked)
				}
				e.Gets(subs[1], "0")
				e.Returned(blocked)
				for _, i := range []int{1, 2, 3} {
					e.Gets(subs[i], "1", "2")
					e.Empty(subs[i])
				}
			}
		},
	},
}

// goOnAfter wants Sends to go on that wait for a subscriber, once that does not stand in
// the way any more.
func goOnAfter(t *testing.T, e *Env, leave func(e *Env, s mq.Sub, addr string)) {
	for _, kind := range publishers {
		pub, full := e.lossless(kind), e.subscribed([]string{"a"}, mq.WithRecvHWM(1))
		addr := e.Link(pub, full)
		e.Subscribers(pub, "a", 1)
		flood := e.flood(pub, "a")
		calls := []*Call{e.Sending(pub, "a1"), e.Sending(pub, "a2"), e.Sending(pub, "a3")}
		e.Settle()
		e.Cancel(flood)
		leave(e, full, addr)
		for _, c := range calls {
			e.Returned(c)
		}
	}
}
