// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// devices are the couples that a Proxy is for.
var devices = []couple{{"ROUTER", "DEALER"}, {"XSUB", "XPUB"}, {"PULL", "PUSH"}}

// proxyEndLaws are about the end of a Proxy, and what becomes of messages then.
var proxyEndLaws = []Law{
	{
		ID: "D-PRX-05 D-PRX-01 D-PRX-06", Pattern: "PROXY",
		Shall: "end with its context, also if it is paused, and with that error, and leave the sockets to the next one",
		Run: func(t *testing.T, e *Env) {
			for _, c := range devices {
				front, back, control := e.New(c.from), e.New(c.to), new(mq.ProxyControl)
				for range 2 {
					proxy := e.proxying(front, back, mq.WithControl(control))
					e.Blocked(proxy)
					e.stop(proxy)
					control.Pause()
				}
				ctx, cancel := context.WithTimeout(e.ctx, time.Millisecond)
				requireError(t, mq.Proxy(ctx, front, back), context.DeadlineExceeded, "proxy", "")
				requireError(t, mq.Proxy(ctx, front, back), context.DeadlineExceeded, "proxy", "")
				cancel()
			}
			s := e.stream(10)
			e.Send(s.source, "one")
			e.Gets(s.sink, "one")
			e.stop(s.proxy)
			e.Send(s.source, "two")
			e.Empty(s.sink)
			e.proxying(s.front, s.back)
			e.Gets(s.sink, "two")
		},
	},
	{
		ID: "D-PRX-05", Pattern: "PROXY",
		Shall: "end while it is blocked on a full socket, or on its capture, and hand back what it has in hand",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			s := e.stream(1)
			e.SendAll(s.source, "0")
			e.Settle()
			e.SendAll(s.source, "1")
			e.Settle()
			e.SendAll(s.source, "2")
			e.Full(s.source)
			e.stop(s.proxy, "1")
			e.Gets(s.sink, "0")
			e.Empty(s.sink)
			e.Gets(s.front, "2")

			s = e.stream(10, mq.WithCapture(e.Push(mq.WithSendHWM(1))))
			e.SendAll(s.source, numbers(3)...)
			e.Gets(s.sink, "0")
			e.stop(s.proxy) // the second was not captured, and had room
			e.Gets(s.sink, "1")
			e.Gets(s.front, "2")
		},
	},
	{
		ID: "D-PRX-05 MQ-CLOSE-01", Pattern: "PROXY",
		Shall: "end with ErrClosed when one of its sockets is closed, whichever, also if it is paused",
		Run: func(t *testing.T, e *Env) {
			for _, c := range devices {
				for _, paused := range []bool{false, true} {
					for i := range 2 {
						control := new(mq.ProxyControl)
						if paused {
							control.Pause()
						}
						sockets := []mq.Socket{e.New(c.from), e.New(c.to)}
						proxy := e.proxying(sockets[0], sockets[1], mq.WithControl(control))
						e.Blocked(proxy)
						e.Close(sockets[i])
						e.ended(proxy, mq.ErrClosed)
						requireError(t, mq.Proxy(e.ctx, sockets[0], sockets[1]), mq.ErrClosed, "proxy", "")
					}
				}
			}
		},
	},
	{
		ID: "D-PRX-05 MQ-CLOSE-05", Pattern: "PROXY",
		Shall: "hand back what it has in hand when the socket it is for is closed",
		Only:  exact,
		Run: func(t *testing.T, e *Env) {
			for _, side := range []string{"front", "back"} {
				s := e.stream(1)
				e.Send(s.source, "0")
				e.Settle()
				e.Send(s.source, "1")
				e.Settle()
				if side == "back" {
					require.NoError(t, s.back.Close()) // "0" is the sink's
				} else {
					require.NoError(t, s.front.Close())
				}
				e.ended(s.proxy, mq.ErrClosed, "1")
				e.Gets(s.sink, "0")
			}
		},
	},
	{
		ID: "D-PRX-01 B-TYP-02", Pattern: "PROXY",
		Shall:   "refuse REQ and REP, and two sockets between which no way is open, and say what would do",
		Departs: "libzmq takes any two, and passes what it can",
		Run: func(t *testing.T, e *Env) {
			kinds := []string{"PAIR", "REQ", "REP", "PUB", "SUB", "PUSH", "PULL", "DEALER", "ROUTER", "XPUB", "XSUB"}
			out, in := []string{"PUB", "PUSH"}, []string{"SUB", "PULL"}
			for _, f := range kinds {
				for _, b := range kinds {
					why := ""
					switch {
					case f == "REQ" || f != "REP" && b == "REQ":
						why = "REQ keeps to turns, use DEALER"
					case f == "REP" || b == "REP":
						why = "REP keeps to turns, use ROUTER or DEALER"
					case slices.Contains(out, f) && slices.Contains(out, b), slices.Contains(in, f) && slices.Contains(in, b):
						why = "nothing can pass between " + f + " and " + b
					}
					ctx, cancel := context.WithCancel(e.ctx)
					cancel()
					err := mq.Proxy(ctx, e.New(f), e.New(b))
					if why == "" {
						requireError(t, err, context.Canceled, "proxy", "")
						continue
					}
					requireError(t, err, mq.ErrIncompatible, "proxy", "")
					require.ErrorContains(t, err, why)
				}
			}
		},
	},
	{
		ID: "D-PRX-01", Pattern: "PROXY",
		Shall: "share its sockets with others of its kind: each message passes through one of them",
		Run: func(t *testing.T, e *Env) {
			const n, many = 200, 4
			control, proxies := new(mq.ProxyControl), []*Call{}
			s := e.stream(10, mq.WithControl(control))
			for range many {
				proxies = append(proxies, e.proxying(s.front, s.back, mq.WithControl(control)))
			}
			sending := sendAtOnce(e, []mq.Socket{s.source}, n)[0]
			got := e.texts(s.sink, n)
			e.Returned(sending)
			require.ElementsMatch(t, numbers(n, "0 "), got)
			e.Eventually(func() bool { return control.Stats().Back.Sent == n }, "want %d passed", n)
			e.stop(s.proxy)
			for _, p := range proxies {
				e.stop(p)
			}
		},
	},
	{
		ID: "D-PRX-05 MQ-CTX-03", Pattern: "PROXY",
		Shall: "lose no message, and double none, whenever its context ends: each was passed on, comes back or still waits",
		Run: func(t *testing.T, e *Env) {
			const n = 30
			e.manyTimes(func(i int) {
				control := new(mq.ProxyControl)
				s := e.stream(1+i%4, mq.WithControl(control))
				sending := e.Go("Sends", func(ctx context.Context) (m mq.Message, err error) {
					for _, x := range numbers(n) {
						err = errors.Join(err, s.source.Send(ctx, mq.Text(x)))
					}
					return m, err
				})
				got := e.texts(s.sink, i%(n/2))
				late := e.Receiving(s.sink) // makes room at the last moment
				dither(i)
				s.proxy.cancel()
				inHand := e.inHand(s.proxy, context.Canceled)
				require.LessOrEqual(t, len(inHand), 1)
				passed := int(control.Stats().Back.Sent)
				if passed > len(got) {
					got = append(got, e.Returned(late))
				} else {
					e.Cancel(late)
				}
				got = append(got, e.texts(s.sink, passed-len(got))...)
				e.Empty(s.sink)
				got = append(got, inHand...)
				got = append(got, e.texts(s.front, n-len(got))...)
				e.Returned(sending)
				require.Equal(t, numbers(n), got)
			})
		},
	},
}

// texts receives n messages.
func (e *Env) texts(s mq.Receiver, n int) []string {
	e.t.Helper()
	got := make([]string, n)
	for i := range got {
		got[i] = text(e.Recv(s))
	}
	return got
}
