// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// lane is one way messages go: from a socket that may send now to one that may
// receive.
type lane struct {
	from, to  string
	unchanged string // the ids of: passes messages unchanged
	burst     bool   // takes several messages in a row
	blocks    bool   // Send blocks at the bound
	open      func(e *Env, opts ...mq.Option) (from, to mq.Socket)
}

var lanes = []lane{
	{"PAIR", "PAIR", "A-PAIR-03", true, true, func(e *Env, opts ...mq.Option) (from, to mq.Socket) {
		from, to = e.Pair(opts...), e.Pair(opts...)
		e.Link(from, to)
		return from, to
	}},
	{"PUSH", "PULL", "A-PSH-03 A-PLL-03", true, true, func(e *Env, opts ...mq.Option) (from, to mq.Socket) {
		from, to = e.Push(opts...), e.Pull(opts...)
		e.Link(from, to)
		return from, to
	}},
	{"PUB", "SUB", "A-PUB-08 A-SUB-09", true, false, func(e *Env, opts ...mq.Option) (from, to mq.Socket) {
		pub, sub := e.Pub(opts...), e.Sub(opts...)
		e.Link(pub, sub)
		require.NoError(e.t, sub.Subscribe(""))
		e.Subscribers(pub, "", 1)
		return pub, sub
	}},
	{"XPUB", "XSUB", "A-XPB-07 A-XSB-07", true, false, func(e *Env, opts ...mq.Option) (from, to mq.Socket) {
		pub, sub := e.XPub(opts...), e.XSub(opts...)
		e.Link(pub, sub)
		e.Send(sub, "\x01")
		e.Gets(pub, "\x01")
		return pub, sub
	}},
	{"XSUB", "XPUB", "A-XSB-12 A-XPB-14", true, false, func(e *Env, opts ...mq.Option) (from, to mq.Socket) {
		from, to = e.XSub(opts...), e.XPub(opts...)
		e.Link(to, from)
		return from, to
	}},
	{"DEALER", "ROUTER", "A-DLR-03 A-RTR-11", true, true, func(e *Env, opts ...mq.Option) (from, to mq.Socket) {
		from, to = e.Dealer(opts...), e.New("ROUTER", opts...)
		e.Link(to, from)
		return from, to
	}},
	{"ROUTER", "DEALER", "A-DLR-03 A-DLR-14 A-RTR-12", true, false, func(e *Env, opts ...mq.Option) (from, to mq.Socket) {
		from, to = e.New("ROUTER", opts...), e.Dealer(opts...)
		e.Link(from, to)
		e.Send(to, "who I am")
		e.Gets(from, "who I am")
		return from, to
	}},
	{"DEALER", "DEALER", "A-DLR-01 A-DLR-03", true, true, func(e *Env, opts ...mq.Option) (from, to mq.Socket) {
		from, to = e.Dealer(opts...), e.Dealer(opts...)
		e.Link(from, to)
		return from, to
	}},
	{"REQ", "REP", "A-REQ-05 A-REP-02 A-REP-07", false, false, func(e *Env, opts ...mq.Option) (from, to mq.Socket) {
		from, to = e.Req(opts...), e.Rep(opts...)
		e.Link(to, from)
		return from, to
	}},
	{"REP", "REQ", "A-REQ-05 A-REP-02", false, false, func(e *Env, opts ...mq.Option) (from, to mq.Socket) {
		from, to = e.Rep(opts...), e.Req(opts...)
		e.Link(from, to)
		e.Send(to, "question")
		e.Gets(from, "question")
		return from, to
	}},
}

func (l lane) String() string { return l.from + " to " + l.to }

// overLanes makes a law of each lane that fits.
func overLanes(law Law, fits func(lane) bool, run func(t *testing.T, e *Env, l lane)) (laws []Law) {
	for _, l := range lanes {
		if fits(l) {
			law.Pattern = l.String()
			law.Run = func(t *testing.T, e *Env) { run(t, e, l) }
			laws = append(laws, law)
		}
	}
	return laws
}

func anyLane(lane) bool     { return true }
func burstLane(l lane) bool { return l.burst }

// samples are messages that a careless transport would change.
var samples = []mq.Message{
	{},
	mq.Text("a"),
	mq.Text("", "a"), // begins like the envelope of a request
	mq.Text("a", "", "b", ""),
	mq.Text("", "", ""),
	mq.NewMessage([]byte{0, 1, 0xff, '\n'}, []byte{0}),
	mq.Text(strings.Repeat("long ", 1000), strings.Repeat("x", 256)),
}

func messageLaws() []Law {
	var laws []Law
	for _, l := range lanes {
		laws = append(laws, Law{
			ID:      "A-ALL-04 A-ALL-09 D-BLK-08 D-PRS-03 " + l.unchanged,
			Pattern: l.String(),
			Shall:   "pass a message whole, in the same parts with the same bytes, and add none",
			Run:     func(t *testing.T, e *Env) { passUnchanged(t, e, l) },
		})
	}
	laws = append(laws, overLanes(Law{
		ID:    "MQ-OWN-01",
		Shall: "hand the receiver the very bytes that the sender gave away",
		Only:  "a wire has bytes of its own",
	}, anyLane, passOwnBytes)...)
	laws = append(laws, overLanes(Law{
		ID:    "A-ALL-07",
		Shall: "deliver what one peer sends to another in the order of sending, all of it and each message once",
	}, burstLane, keepOrder)...)
	laws = append(laws, overLanes(Law{
		ID:    "D-HWM-02",
		Shall: "count whole messages at the high-water mark, however many parts they have",
		Only:  "a kernel holds an unknown number of messages more",
	}, func(l lane) bool { return l.blocks }, countWholeMessages)...)
	return append(laws, wrongDirection...)
}

func passUnchanged(t *testing.T, e *Env, l lane) {
	for _, want := range samples {
		from, to := l.open(e)
		ctx, cancel := e.patient()
		require.NoError(t, from.Send(ctx, want.Clone()))
		cancel()
		got := e.Recv(to)
		require.Equal(t, want.Len(), got.Len(), "parts of %v", want)
		for i, p := range want.Parts() {
			require.Equal(t, string(p), string(got.Part(i)), "part %d of %v", i, want)
		}
	}
}

func passOwnBytes(t *testing.T, e *Env, l lane) {
	for _, want := range []mq.Message{mq.Text("one"), mq.Text("one", "two")} {
		from, to := l.open(e)
		require.NoError(t, from.Send(e.ctx, want))
		got := e.Recv(to)
		for i, p := range want.Parts() {
			require.Same(t, unsafe.SliceData(p), unsafe.SliceData(got.Part(i)), "part %d of %v", i, want)
		}
	}
}

func keepOrder(t *testing.T, e *Env, l lane) {
	from, to := l.open(e)
	want := numbers(500)
	sender := e.Go("Sends", func(ctx context.Context) (m mq.Message, err error) {
		for _, x := range want {
			err = errors.Join(err, from.Send(ctx, mq.Text(x)))
		}
		return m, err
	})
	e.Gets(to, want...)
	e.Returned(sender)
	e.Empty(to)
}

func countWholeMessages(t *testing.T, e *Env, l lane) {
	from, to := l.open(e, mq.WithSendHWM(2), mq.WithRecvHWM(2))
	bound := 4
	if l.from == "PUSH" || l.from == "DEALER" {
		bound = 2
	}
	var want []string
	for range bound {
		e.Send(from, "a", "b", "c")
		want = append(want, "a|b|c")
	}
	e.Full(from)
	e.Gets(to, want...)
	e.Empty(to)
}

var wrongDirection = []Law{
	{
		ID:      "A-PUB-02 A-PSH-02 A-PUB-15 D-BLK-09",
		Pattern: "PUB and PUSH",
		Shall:   "refuse to receive, as unsupported, whatever their peers and subscribers do",
		Run: func(t *testing.T, e *Env) {
			for _, l := range []lane{lanes[1], lanes[2]} {
				s, _ := l.open(e)
				_, err := s.Recv(e.ctx)
				requireError(t, err, errors.ErrUnsupported, "recv", "")
				require.ErrorContains(t, err, l.from)
			}
		},
	},
	{
		ID:      "A-SUB-02 A-PLL-02 D-BLK-09",
		Pattern: "SUB and PULL",
		Shall:   "refuse to send, as unsupported",
		Run: func(t *testing.T, e *Env) {
			for _, l := range []lane{lanes[1], lanes[2]} {
				_, s := l.open(e)
				err := s.Send(e.ctx, mq.Text("x"))
				requireError(t, err, errors.ErrUnsupported, "send", "")
				require.ErrorContains(t, err, l.to)
			}
		},
	},
}
