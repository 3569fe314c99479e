// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"errors"
	"io"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// theirKinds are the sockets of libzmq that speak ZMTP.
var theirKinds = []string{
	"PAIR", "REQ", "REP", "DEALER", "ROUTER", "PUB", "SUB", "XPUB", "XSUB", "PUSH", "PULL",
}

// illegal are those that a socket of mq may not talk to.
func illegal(own string) []string {
	return slices.DeleteFunc(slices.Clone(theirKinds), func(theirs string) bool {
		return slices.Contains(legal, [2]string{own, theirs})
	})
}

// What must not be together does not come together, and is no trouble for those that may
// (A-ALL-08, B-TYP-01, B-BAD-13, F-GRT-09).
func TestLibzmqIllegalPairs(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		for i, pair := range pairs {
			if i > 0 && pair[0] == pairs[i-1][0] {
				continue // another legal peer of the same socket
			}
			t.Run(scheme.name+"/"+pair[0], func(t *testing.T) {
				l := newLine(t, p, pair)
				testIllegalConnect(t, l, l, p, scheme.addr)
				l = newLine(t, p, pair)
				testIllegalBind(t, l, l, p, scheme.addr)
			})
		}
		for _, pair := range [][2]string{{"DEALER", "REP"}, {"ROUTER", "REQ"}, {"XPUB", "XSUB"}, {"XSUB", "PUB"}} {
			t.Run(scheme.name+"/"+pair[0], func(t *testing.T) {
				c := newCouple(t, p, pair)
				testIllegalConnect(t, c.line, c, p, scheme.addr)
				c = newCouple(t, p, pair)
				testIllegalBind(t, c.line, c, p, scheme.addr)
			})
		}
	}
}

// legalPeer is a line that talks, once there is nobody else to talk to.
type legalPeer interface {
	join(t *testing.T, mqBinds bool, addr string)
	ready(t *testing.T, n int)
	round(t *testing.T, parts ...[]byte)
}

// testIllegalConnect has all connect to mq that may not.
func testIllegalConnect(t *testing.T, l *line, good legalPeer, p *pyzmq.Process, addr func(testing.TB) string) {
	t.Helper()
	require.NoError(t, l.mq.Bind(addr(t)))
	wrong := illegal(l.own)
	var theirs []*pyzmq.Socket
	for _, kind := range wrong {
		s := newTheirs(t, p, kind)
		require.NoError(t, s.Monitor())
		require.NoError(t, s.Connect(l.mq.Addr()))
		theirs = append(theirs, s)
	}
	l.heard.wait(t, mq.EventHandshakeFailed, len(wrong))
	for _, e := range l.heard.all(mq.EventHandshakeFailed) {
		require.ErrorIs(t, e.Err, mq.ErrIncompatible)
	}
	require.Zero(t, l.mq.Stats().Peers)
	require.NoError(t, l.zmq.Connect(l.mq.Addr()))
	good.ready(t, 1)
	good.round(t, parts("hello")...)
	notAttached(t, theirs)
	require.NoError(t, l.zmq.Close())
}

// testIllegalBind has mq connect to all that it may not.
func testIllegalBind(t *testing.T, l *line, good legalPeer, p *pyzmq.Process, addr func(testing.TB) string) {
	t.Helper()
	var theirs []*pyzmq.Socket
	for _, kind := range illegal(l.own) {
		s, at := newTheirs(t, p, kind), addr(t)
		require.NoError(t, s.Monitor())
		_, err := s.Bind(at)
		require.NoError(t, err)
		require.NoError(t, l.mq.Connect(at))
		e := l.heard.waitAt(t, at, mq.EventHandshakeFailed, 1)
		// libzmq, which is spoken to first, may have closed without saying what it is.
		require.True(t, errors.Is(e.Err, mq.ErrIncompatible) || errors.Is(e.Err, io.ErrUnexpectedEOF) ||
			errors.Is(e.Err, syscall.ECONNRESET), "%s: %v", kind, e.Err)
		theirs = append(theirs, s)
	}
	require.Zero(t, l.mq.Stats().Peers)
	good.join(t, false, addr(t))
	good.round(t, parts("hello")...)
	notAttached(t, theirs)
	require.NoError(t, l.zmq.Close())
}

func notAttached(t *testing.T, all []*pyzmq.Socket) {
	t.Helper()
	for _, s := range all {
		_, err := s.WaitEvent("DISCONNECTED", 1, longest)
		require.NoError(t, err)
		for _, e := range s.Events() {
			require.NotEqual(t, "HANDSHAKE_SUCCEEDED", e.Name)
		}
		require.NoError(t, s.Close())
	}
}

const large = 100 << 20 // bytes, beyond the default limit

// A peer that sends too much is cut off, and nobody else notices (F-FRM-03, B-BAD-22).
func TestLibzmqTooLarge(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for i, pair := range pairs {
		if !kinds[pair[0]].receives && pair[1] != "XSUB" {
			continue // libzmq has no way to send
		}
		t.Run(pair[0]+"-"+pair[1], func(t *testing.T) {
			bad := newLine(t, p, pair)
			require.NoError(t, bad.zmq.Set("RECONNECT_IVL", -1))
			bad.join(t, true, schemes[i%len(schemes)].addr(t))
			if bad.own == "REQ" {
				bad.ask(t)
			}
			good, n := bad, 1
			if bad.own != "PAIR" {
				good, n = bad.another(t, p), 2
				good.ready(t, n)
			}

			require.NoError(t, bad.zmq.SendNumbers(1, large, longest, bad.envelope...))
			e := bad.heard.wait(t, mq.EventDisconnected, 1)
			require.ErrorIs(t, e.Err, mq.ErrTooLarge)
			if bad.own == "REQ" {
				_, err := bad.mq.Recv(t.Context())
				require.ErrorIs(t, err, mq.ErrPeerGone)
			}
			if bad.own == "PAIR" {
				good = bad.another(t, p)
				good.ready(t, n)
			}
			good.round(t, parts("hello", "", "you")...)
			require.Len(t, bad.heard.all(mq.EventDisconnected), 1)
			require.NoError(t, bad.zmq.Close())
			require.NoError(t, good.zmq.Close())
		})
	}
}

// ask has a request of REQ be received at libzmq.
func (l *line) ask(t *testing.T) {
	t.Helper()
	sendOwn(t, l.mq, []byte("question"))
	got, err := l.zmq.Recv(longest)
	require.NoError(t, err)
	l.envelope = got[:len(got)-1]
}

// another is a second socket of libzmq that connects to the same one of mq.
func (l *line) another(t *testing.T, p *pyzmq.Process) *line {
	t.Helper()
	other := *l
	other.zmq, other.envelope = newTheirs(t, p, l.theirs), nil
	require.NoError(t, other.zmq.Connect(l.mq.Addr()))
	return &other
}

// A message that has just the size of the limit is not too large.
func TestLibzmqAtTheLimit(t *testing.T) {
	t.Parallel()
	l := newLine(t, pyzmq.Start(t), [2]string{"PULL", "PUSH"})
	l.join(t, true, schemes[0].addr(t))
	require.NoError(t, l.zmq.SendNumbers(1, 64<<20, longest))
	require.Equal(t, 64<<20, recvOwn(t, l.mq).Size())
}

// What a peer does not want, because it is too large for it, goes to another: whole.
func TestLibzmqRefusesTooLarge(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, pair := range [][2]string{{"PUSH", "PULL"}, {"PUB", "SUB"}} {
		t.Run(pair[0], func(t *testing.T) {
			picky := newLine(t, p, pair)
			require.NoError(t, picky.zmq.Set("MAXMSGSIZE", 64<<20))
			picky.join(t, true, schemes[0].addr(t))
			if pair[0] == "PUSH" {
				sendOwn(t, picky.mq, pyzmq.Number(0, large))
				picky.heard.wait(t, mq.EventDisconnected, 1)
			}
			other := picky.another(t, p)
			other.ready(t, 1)
			if pair[0] == "PUB" {
				other.rouse(t, "", 2)
				sendOwn(t, picky.mq, pyzmq.Number(0, large))
				picky.heard.wait(t, mq.EventDisconnected, 1)
			}
			got, err := other.zmq.RecvNumbers(1, longest)
			require.NoError(t, err)
			require.Equal(t, large, got.Bytes)
			other.out(t, parts("hello")...)
			_, err = picky.zmq.Recv(0)
			require.ErrorIs(t, err, pyzmq.ErrTimeout)
		})
	}
}
