// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/pyzmq"
)

// What stands before the empty frame comes back before the answer (A-REP-06, A-REP-07,
// A-REP-09, D-REP-08: `X Y "" A`).
func TestLibzmqEnvelopes(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		l := newLine(t, p, [2]string{"REP", "DEALER"})
		l.join(t, true, scheme.addr(t))
		for _, envelope := range [][][]byte{
			parts("X", "Y", ""),
			parts(""),
			parts("\x00\x80\x00\x00\x29", ""),
			append(slices.Repeat([][]byte{noise(255)}, 100), []byte{}),
			{noise(1 << 16), []byte("Z"), {}},
		} {
			l.envelope = envelope
			for _, data := range [][][]byte{parts("A"), parts("", "A", ""), parts("")} {
				l.round(t, data...)
			}
		}
	}
}

// One line of envelopes does not leak into the next: many askers at once get each its
// own answer (A-REP-10).
func TestLibzmqAskersGetTheirAnswers(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		l := newLine(t, p, [2]string{"REP", "DEALER"})
		l.join(t, true, scheme.addr(t))
		lines := []*line{l}
		for i := range 9 {
			other := l.another(t, p)
			other.ready(t, i+2)
			lines = append(lines, other)
		}
		for i, l := range lines {
			id := []byte{byte('a' + i)}
			for range 3 {
				require.NoError(t, l.zmq.Send(id, []byte{}, id))
			}
		}
		for range 3 * len(lines) {
			m := recvOwn(t, l.mq)
			sendOwn(t, l.mq, m.Data)
		}
		for i, l := range lines {
			id := []byte{byte('a' + i)}
			for range 3 {
				got, err := l.zmq.Recv(longest)
				require.NoError(t, err)
				require.Equal(t, [][]byte{id, {}, id}, got)
			}
		}
	}
}

// REQ and REP find each other through devices of ROUTER and DEALER (D-REQ-10, A-REP-04).
func TestLibzmqDevices(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		req, _ := newOwn(t, "REQ")
		rep, _ := newOwn(t, "REP")
		const hops = 3
		at := rep.Addr
		require.NoError(t, rep.Bind(scheme.addr(t)))
		back := at()
		var routers, dealers []*pyzmq.Socket // from the one at REQ to the one at REP
		for range hops {
			router, dealer := newTheirs(t, p, "ROUTER"), newTheirs(t, p, "DEALER")
			require.NoError(t, dealer.Connect(back))
			var err error
			back, err = router.Bind(scheme.addr(t))
			require.NoError(t, err)
			routers, dealers = slices.Insert(routers, 0, router), slices.Insert(dealers, 0, dealer)
		}
		require.NoError(t, req.Connect(back))
		for _, shape := range small {
			sendOwn(t, req, shape.parts...)
			for i := range hops {
				pass(t, routers[i], dealers[i])
			}
			m := recvOwn(t, rep)
			sameParts(t, shape.parts, append([][]byte{m.Data}, m.More...))
			sendOwn(t, rep, shape.parts...)
			for i := range hops {
				pass(t, dealers[hops-1-i], routers[hops-1-i])
			}
			m = recvOwn(t, req)
			sameParts(t, shape.parts, append([][]byte{m.Data}, m.More...))
		}
	}
}

// pass is the work of a device.
func pass(t *testing.T, from, to *pyzmq.Socket) {
	t.Helper()
	got, err := from.Recv(longest)
	require.NoError(t, err)
	require.NoError(t, to.Send(got...))
}

// Requests without the empty frame, or with nothing behind it, are skipped, and the link
// stays (B-BAD-32, D-REP-08, A-REP-04).
func TestLibzmqRequestsWithoutDelimiter(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		l := newLine(t, p, [2]string{"REP", "DEALER"})
		l.join(t, true, scheme.addr(t))
		for range 3 {
			for _, bad := range [][][]byte{parts("A"), parts("A", "B", "C"), parts("A", ""), parts("")} {
				require.NoError(t, l.zmq.Send(bad...))
			}
			l.round(t, parts("question")...)
		}
		require.Equal(t, 1, l.mq.Stats().Peers)
		require.Equal(t, uint64(3), l.mq.Stats().Received)
	}
}

// Replies without the empty frame, or that nobody asked for, are skipped, and the link
// stays (B-BAD-33, A-REQ-09, A-REQ-10).
func TestLibzmqRepliesNobodyAskedFor(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		l := newLine(t, p, [2]string{"REQ", "ROUTER"})
		l.join(t, true, scheme.addr(t))
		for range 3 {
			l.ask(t)
			id := l.envelope[0]
			for _, bad := range [][][]byte{parts("A"), parts("A", "B"), parts("A", "", "B"), parts("")} {
				require.NoError(t, l.zmq.Send(append([][]byte{id}, bad...)...))
			}
			l.back(t, parts("answer")...)
		}
		require.Equal(t, 1, l.mq.Stats().Peers)
		require.Equal(t, uint64(12), l.mq.Stats().Dropped)
	}
}

// A reply counts only if it comes from who was asked (A-REQ-09, A-REQ-10).
func TestLibzmqRepliesOfSomebodyElse(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		l := newLine(t, p, [2]string{"REQ", "ROUTER"})
		l.join(t, true, scheme.addr(t))
		l.round(t, parts("question")...)
		other := l.another(t, p)
		other.ready(t, 2)
		asked, idle := askOne(t, l, other)
		for len(idle.envelope) == 0 { // it cannot send to whom it has not heard
			asked.back(t, parts("answer")...)
			asked, idle = askOne(t, l, other)
		}
		require.NoError(t, idle.zmq.Send(append(slices.Clone(idle.envelope), []byte("not asked"))...))
		until(t, func() bool { return l.mq.Stats().Dropped == 1 }, "it has come, and was skipped")
		asked.back(t, parts("answer")...)
		for range 4 { // it is not the answer to a later question either
			asked, _ = askOne(t, l, other)
			asked.back(t, parts("answer")...)
		}
		require.Equal(t, 2, l.mq.Stats().Peers)
	}
}

// askOne sends a request that one of two lines of a REQ gets.
func askOne(t *testing.T, a, b *line) (asked, idle *line) {
	t.Helper()
	sendOwn(t, a.mq, []byte("question"))
	for asked, idle = a, b; ; asked, idle = idle, asked {
		got, err := asked.zmq.Recv(moment / 10)
		if err == nil {
			asked.envelope = got[:2]
			return asked, idle
		}
		require.ErrorIs(t, err, pyzmq.ErrTimeout)
	}
}
