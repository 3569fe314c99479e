// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// The tests in the files interop*_test.go have real libzmq at the other end.

const (
	longest = time.Minute           // when something that should happen counts as never happening
	moment  = 50 * time.Millisecond // how long is waited for what should not happen
)

// pairs are the socket types that may talk to each other: mq's, and libzmq's (B6).
var pairs = [][2]string{
	{"PAIR", "PAIR"},
	{"REQ", "REP"}, {"REQ", "ROUTER"},
	{"REP", "REQ"}, {"REP", "DEALER"},
	{"PUB", "SUB"}, {"PUB", "XSUB"},
	{"SUB", "PUB"}, {"SUB", "XPUB"},
	{"PUSH", "PULL"}, {"PULL", "PUSH"},
}

// kinds are the sockets of mq.
var kinds = map[string]struct {
	make            func(...mq.Option) mq.Socket
	sends, receives bool
}{
	"PAIR": {mq.NewPair, true, true},
	"REQ":  {func(o ...mq.Option) mq.Socket { return mq.NewReq(o...) }, true, true},
	"REP":  {func(o ...mq.Option) mq.Socket { return mq.NewRep(o...) }, true, true},
	"PUB":  {func(o ...mq.Option) mq.Socket { return mq.NewPub(o...) }, true, false},
	"SUB":  {func(o ...mq.Option) mq.Socket { return mq.NewSub(o...) }, false, true},
	"PUSH": {mq.NewPush, true, false},
	"PULL": {mq.NewPull, false, true},
}

// sides are who of the two binds: it makes no difference (A-ALL-01).
var sides = []struct {
	name string
	mq   bool // mq binds
}{{"mq-binds", true}, {"libzmq-binds", false}}

// endless has libzmq, which may drop what is beyond, take what comes; and not wait for
// anybody in the end.
var endless = pyzmq.Options{"SNDHWM": 0, "RCVHWM": 0, "LINGER": 0}

// line is a socket of mq and one of libzmq that are joined.
type line struct {
	own, theirs string // socket types
	mq          mq.Socket
	zmq         *pyzmq.Socket
	heard       *ear
	envelope    [][]byte // what ROUTER and DEALER put in front of a message
}

// newOwn makes a socket of mq that takes all topics, and is closed with the test.
func newOwn(t *testing.T, kind string, opts ...mq.Option) (mq.Socket, *ear) {
	t.Helper()
	e := &ear{changed: make(chan struct{})}
	opts = append([]mq.Option{quick, mq.WithLinger(0), mq.WithEvents(e.hear)}, opts...)
	s := kinds[kind].make(opts...)
	t.Cleanup(func() { s.Close() })
	if sub, ok := s.(mq.Sub); ok {
		require.NoError(t, sub.Subscribe(""))
	}
	return s, e
}

// newTheirs is newOwn for libzmq.
func newTheirs(t *testing.T, p *pyzmq.Process, kind string, opts ...pyzmq.Options) *pyzmq.Socket {
	t.Helper()
	s := p.Socket(kind, append([]pyzmq.Options{endless}, opts...)...)
	switch kind {
	case "SUB":
		require.NoError(t, s.Set("SUBSCRIBE", ""))
	case "XSUB":
		require.NoError(t, s.Send([]byte{1})) // B-CMD-03
	}
	return s
}

func newLine(t *testing.T, p *pyzmq.Process, pair [2]string, opts ...mq.Option) *line {
	t.Helper()
	l := &line{own: pair[0], theirs: pair[1]}
	l.mq, l.heard = newOwn(t, l.own, opts...)
	l.zmq = newTheirs(t, p, l.theirs)
	return l
}

// join lets the two find each other at addr, and waits until messages go through.
func (l *line) join(t *testing.T, mqBinds bool, addr string) {
	t.Helper()
	if mqBinds {
		require.NoError(t, l.mq.Bind(addr))
		require.NoError(t, l.zmq.Connect(l.mq.Addr()))
	} else {
		_, err := l.zmq.Bind(addr)
		require.NoError(t, err)
		require.NoError(t, l.mq.Connect(addr))
	}
	l.ready(t, 1)
}

// ready waits until messages go through, and mq has n peers. The socket of libzmq is a
// new one.
func (l *line) ready(t *testing.T, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	require.NoError(t, l.mq.WaitPeers(ctx, n))
	switch l.theirs {
	case "SUB", "XSUB":
		l.rouse(t, "", n)
	case "DEALER":
		l.envelope = [][]byte{{}}
	case "XPUB":
		got, err := l.zmq.Recv(longest)
		require.NoError(t, err)
		require.Equal(t, [][]byte{{1}}, got)
	case "PUB":
		l.probe(t)
	}
}

// rouse waits until a PUB has n subscribers to topic. libzmq's SUB looks who has come to
// the address that it is bound to in calls alone.
func (l *line) rouse(t *testing.T, topic string, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := l.zmq.Recv(0)
		return errors.Is(err, pyzmq.ErrTimeout) && subscribed(t, l.mq, topic, n)
	}, longest, time.Millisecond)
}

// subscribed reports whether n are subscribed to topic, at this moment or a little later.
func subscribed(t *testing.T, s mq.Socket, topic string, n int) bool {
	ctx, cancel := context.WithTimeout(t.Context(), moment)
	defer cancel()
	return s.(mq.Pub).WaitSubscribers(ctx, topic, n) == nil
}

// probe waits until a PUB of libzmq has heard of the subscription, of which it says
// nothing (D-XPB-19).
func (l *line) probe(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		return l.zmq.Send([]byte("probe")) == nil && l.mq.Stats().Pending > 0
	}, longest, time.Millisecond)
	require.NoError(t, l.zmq.Send([]byte("all set")))
	for got := ""; got != "all set"; {
		got = string(recvOwn(t, l.mq).Data)
	}
}

// recvOwn receives at mq.
func recvOwn(t *testing.T, s mq.Receiver) mq.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	m, err := s.Recv(ctx)
	require.NoError(t, err)
	return m
}

func sendOwn(t *testing.T, s mq.Sender, parts ...[]byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	require.NoError(t, s.Send(ctx, mq.NewMessage(parts...)))
}

// out sends from mq to libzmq.
func (l *line) out(t *testing.T, parts ...[]byte) {
	t.Helper()
	sendOwn(t, l.mq, parts...)
	got, err := l.zmq.Recv(longest)
	require.NoError(t, err)
	if l.theirs == "ROUTER" {
		require.Greater(t, len(got), 2)
		l.envelope = got[:2]
	}
	sameParts(t, slices.Concat(l.envelope, parts), got)
}

// back sends from libzmq to mq.
func (l *line) back(t *testing.T, parts ...[]byte) {
	t.Helper()
	require.NoError(t, l.zmq.Send(slices.Concat(l.envelope, parts)...))
	m := recvOwn(t, l.mq)
	sameParts(t, parts, append([][]byte{m.Data}, m.More...))
}

// round sends a message each way that there is.
func (l *line) round(t *testing.T, parts ...[]byte) {
	t.Helper()
	if l.own == "REP" {
		l.back(t, parts...)
	}
	if kinds[l.own].sends {
		l.out(t, parts...)
	}
	if kinds[l.own].receives && l.own != "REP" {
		l.back(t, parts...)
	}
}

// sameParts does not print a megabyte.
func sameParts(t *testing.T, want, got [][]byte) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		if !bytes.Equal(want[i], got[i]) {
			w, g := want[i], got[i]
			t.Fatalf("part %d: want %d bytes, %.40x, got %d bytes, %.40x", i, len(w), w, len(g), g)
		}
	}
}

func parts(texts ...string) (p [][]byte) {
	for _, text := range texts {
		p = append(p, []byte(text))
	}
	return p
}

// ear hears the events of a socket.
type ear struct {
	mu      sync.Mutex    // protects the fields below
	events  []mq.Event    // all so far
	changed chan struct{} // closed and replaced with each event
}

func (e *ear) hear(event mq.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = append(e.events, event)
	close(e.changed)
	e.changed = make(chan struct{})
}

// wait waits until n events of a kind have come, and returns the n-th.
func (e *ear) wait(t *testing.T, kind mq.EventKind, n int) mq.Event {
	t.Helper()
	return e.waitAt(t, "", kind, n)
}

// waitAt is wait for what happens at one address of several.
func (e *ear) waitAt(t *testing.T, addr string, kind mq.EventKind, n int) mq.Event {
	t.Helper()
	timer := time.NewTimer(longest)
	defer timer.Stop()
	for {
		e.mu.Lock()
		changed := e.changed
		e.mu.Unlock()
		these := slices.DeleteFunc(e.all(kind), func(event mq.Event) bool {
			return addr != "" && event.Addr != addr
		})
		if len(these) >= n {
			return these[n-1]
		}
		select {
		case <-changed:
		case <-timer.C:
			e.mu.Lock()
			defer e.mu.Unlock()
			t.Fatalf("no event %v %s, number %d, among %v", kind, addr, n, e.events)
		}
	}
}

// all returns the events of a kind.
func (e *ear) all(kind mq.EventKind) (these []mq.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.events {
		if event.Kind == kind {
			these = append(these, event)
		}
	}
	return these
}
