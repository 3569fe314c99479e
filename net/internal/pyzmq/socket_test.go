// SPDX-License-Identifier: MIT

package pyzmq_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/pyzmq"
)

const (
	patience = time.Minute           // when something that should happen counts as never happening
	quiet    = 50 * time.Millisecond // how long is waited for what should not happen
)

// join binds one socket and connects the other to it.
func join(t *testing.T, bound, connected *pyzmq.Socket) (addr string) {
	t.Helper()
	addr, err := bound.Bind("tcp://127.0.0.1:*")
	require.NoError(t, err)
	require.NoError(t, connected.Connect(addr))
	return addr
}

func recv(t *testing.T, s *pyzmq.Socket) (parts []string) {
	t.Helper()
	got, err := s.Recv(patience)
	require.NoError(t, err)
	for _, p := range got {
		parts = append(parts, string(p))
	}
	return parts
}

func send(t *testing.T, s *pyzmq.Socket, parts ...string) {
	t.Helper()
	var all [][]byte
	for _, p := range parts {
		all = append(all, []byte(p))
	}
	require.NoError(t, s.Send(all...))
}

func TestPipeline(t *testing.T) {
	a, b := pyzmq.Start(t), pyzmq.Start(t)
	require.Regexp(t, `^4\.\d+\.\d+$`, a.Version())
	push, pull := a.Socket("PUSH"), b.Socket("PULL")
	for _, addr := range []string{"tcp://127.0.0.1:*", "ipc://" + filepath.Join(t.TempDir(), "s")} {
		endpoint, err := pull.Bind(addr)
		require.NoError(t, err)
		require.False(t, strings.HasSuffix(endpoint, "*"), endpoint)
		require.NoError(t, push.Connect(endpoint))
		send(t, push, "one")
		require.Equal(t, []string{"one"}, recv(t, pull))
		send(t, push, "", "\x00\xff", "", "end")
		require.Equal(t, []string{"", "\x00\xff", "", "end"}, recv(t, pull))
		require.NoError(t, push.Send(nil))
		require.Equal(t, []string{""}, recv(t, pull))
		require.NoError(t, push.Disconnect(endpoint))
		require.NoError(t, pull.Unbind(endpoint))
	}
}

func TestRequestReply(t *testing.T) {
	p := pyzmq.Start(t)
	req, rep := p.Socket("REQ", pyzmq.Options{"REQ_CORRELATE": true}), p.Socket("REP")
	join(t, rep, req)
	send(t, req, "q")
	require.Equal(t, []string{"q"}, recv(t, rep))
	send(t, rep, "a", "b")
	require.Equal(t, []string{"a", "b"}, recv(t, req))
}

func TestPublishSubscribe(t *testing.T) {
	p := pyzmq.Start(t)
	xpub, sub := p.Socket("XPUB"), p.Socket("SUB", pyzmq.Options{"SUBSCRIBE": "a"})
	join(t, xpub, sub)
	require.Equal(t, []string{"\x01a"}, recv(t, xpub))
	require.NoError(t, sub.Set("SUBSCRIBE", []byte("b")))
	require.Equal(t, []string{"\x01b"}, recv(t, xpub))
	send(t, xpub, "c")
	send(t, xpub, "b1", "text")
	require.Equal(t, []string{"b1", "text"}, recv(t, sub))
	require.NoError(t, sub.Set("UNSUBSCRIBE", "a"))
	require.Equal(t, []string{"\x00a"}, recv(t, xpub))
}

func TestRoutingID(t *testing.T) {
	p := pyzmq.Start(t)
	router, dealer := p.Socket("ROUTER"), p.Socket("DEALER", pyzmq.Options{"ROUTING_ID": "me"})
	join(t, router, dealer)
	send(t, dealer, "hello")
	require.Equal(t, []string{"me", "hello"}, recv(t, router))
	require.NoError(t, router.SendNumbers(3, 4, patience, []byte("me"), []byte("second")))
	require.Equal(t, []string{"second", "0   "}, recv(t, dealer))
	got, err := dealer.RecvNumbers(2, patience)
	require.NoError(t, err)
	require.Equal(t, []int{2, 1, 2}, []int{got.Count, got.First, got.Last})
	require.True(t, got.Ordered)
	require.False(t, got.Complete)
}

func TestLargeMessages(t *testing.T) {
	p := pyzmq.Start(t)
	push, pull := p.Socket("PUSH"), p.Socket("PULL")
	join(t, pull, push)
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for range 3 {
		require.NoError(t, push.Send(want, want[:1]))
		got, err := pull.Recv(patience)
		require.NoError(t, err)
		require.Len(t, got, 2)
		require.True(t, bytes.Equal(want, got[0]), "%d bytes", len(got[0]))
	}
}

func TestNumbers(t *testing.T) {
	const n, size = 50_000, 64
	p := pyzmq.Start(t)
	push, pull := p.Socket("PUSH"), p.Socket("PULL")
	join(t, pull, push)
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(t, push.SendNumbers(n, size, patience)) })
	got, err := pull.RecvNumbers(n, patience)
	wg.Wait()
	require.NoError(t, err)
	require.Positive(t, got.Elapsed)
	got.Elapsed = 0
	require.Equal(t, pyzmq.Numbers{
		Count: n, Distinct: n, Last: n - 1, Ordered: true, Complete: true, Bytes: n * size,
	}, got)

	for _, i := range []int{1, 0, 0, 2} {
		require.NoError(t, push.Send(pyzmq.Number(i, 3)))
	}
	got, err = pull.RecvNumbers(4, patience)
	require.NoError(t, err)
	got.Elapsed = 0
	require.Equal(t, pyzmq.Numbers{Count: 4, Distinct: 3, First: 1, Last: 2, Bytes: 12}, got)

	got, err = pull.RecvNumbers(1, 0)
	require.NoError(t, err)
	require.Equal(t, pyzmq.Numbers{First: -1, Last: -1, Ordered: true}, got)

	send(t, push, "no number")
	_, err = pull.RecvNumbers(1, patience)
	require.ErrorContains(t, err, "invalid literal")
	require.Equal(t, "12345", string(pyzmq.Number(12345, 2)))
}

func TestEcho(t *testing.T) {
	p := pyzmq.Start(t)
	for _, kinds := range [][2]string{{"REP", "REQ"}, {"ROUTER", "REQ"}, {"ROUTER", "DEALER"}, {"DEALER", "DEALER"}} {
		echo, s := p.Socket(kinds[0]), p.Socket(kinds[1])
		require.NoError(t, echo.Echo())
		join(t, echo, s) // a call while it echoes
		for range 100 {
			send(t, s, "hello", "you")
			require.Equal(t, []string{"hello", "you"}, recv(t, s))
		}
		require.NoError(t, echo.Close())
	}
	pull := p.Socket("PUSH")
	require.NoError(t, pull.Echo()) // nonsense, and no harm
	require.NoError(t, pull.Close())
}

func TestTimeouts(t *testing.T) {
	p := pyzmq.Start(t)
	push, pull := p.Socket("PUSH"), p.Socket("PULL")
	for _, timeout := range []time.Duration{0, time.Millisecond, quiet} {
		began := time.Now()
		_, err := pull.Recv(timeout)
		require.ErrorIs(t, err, pyzmq.ErrTimeout)
		require.ErrorIs(t, push.SendWithin(timeout, []byte("nobody is there")), pyzmq.ErrTimeout)
		require.ErrorIs(t, push.SendNumbers(1, 0, timeout), pyzmq.ErrTimeout)
		require.GreaterOrEqual(t, time.Since(began), 3*timeout)
	}
}

func TestErrorsAreThoseOfLibzmq(t *testing.T) {
	p := pyzmq.Start(t)
	pull := p.Socket("PULL")
	require.ErrorContains(t, pull.Send([]byte("x")), "ZMQError: Operation not supported")
	require.ErrorContains(t, pull.Send(), "IndexError")
	require.ErrorContains(t, pull.Connect("nonsense"), "Invalid argument")
	require.ErrorContains(t, pull.Set("NO_SUCH_OPTION", 1), "AttributeError")
	require.ErrorContains(t, pull.Set("LINGER", func() {}), "unsupported type")
	addr, err := pull.Bind("tcp://127.0.0.1:*")
	require.NoError(t, err)
	_, err = p.Socket("PULL").Bind(addr)
	require.ErrorContains(t, err, "Address already in use")
	_, err = p.Socket("REQ").Recv(patience)
	require.ErrorContains(t, err, "Operation cannot be accomplished in current state")
}
