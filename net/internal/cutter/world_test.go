// SPDX-License-Identifier: MIT

package cutter_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/cutter"
)

const (
	patience = 2 * time.Minute       // when something that should happen counts as never happening
	quiet    = 20 * time.Millisecond // how long is waited for what should not happen
)

// A world is a target that listens, and a proxy in front of it.
type world struct {
	t     *testing.T
	proxy *cutter.Proxy
	near  string        // the network of the proxy
	conns chan net.Conn // what the target accepted
}

func newWorld(t *testing.T, near, far string) *world {
	t.Helper()
	w := &world{t: t, near: near, conns: make(chan net.Conn, 100)}
	target, err := net.Listen(far, place(t, far))
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := target.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			w.conns <- c
		}
	}()
	t.Cleanup(func() {
		_ = target.Close()
		<-done
	})
	w.proxy, err = cutter.New(near, place(t, near), far, target.Addr().String())
	require.NoError(t, err)
	t.Cleanup(w.proxy.Close)
	return w
}

// place is an address where nobody listens.
func place(t *testing.T, network string) string {
	if network == "unix" {
		return filepath.Join(t.TempDir(), "s")
	}
	return "127.0.0.1:0"
}

// dial connects to the proxy.
func (w *world) dial() net.Conn {
	w.t.Helper()
	c, err := w.tryDial()
	require.NoError(w.t, err)
	return c
}

// tryDial is for a proxy that resets at once: then connecting may find it out.
func (w *world) tryDial() (net.Conn, error) {
	w.t.Helper()
	c, err := net.Dial(w.near, w.proxy.Addr())
	if err != nil {
		return nil, err
	}
	w.t.Cleanup(func() { _ = c.Close() })
	require.NoError(w.t, c.SetDeadline(time.Now().Add(patience)))
	return c, nil
}

// isClosed requires that connecting leads nowhere.
func (w *world) isClosed() {
	w.t.Helper()
	c, err := w.tryDial()
	if err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	require.True(w.t, err == io.EOF || isReset(err), "%v", err)
}

// accepted is the next connection at the target.
func (w *world) accepted() net.Conn {
	w.t.Helper()
	select {
	case c := <-w.conns:
		require.NoError(w.t, c.SetDeadline(time.Now().Add(patience)))
		return c
	case <-time.After(patience):
		require.Fail(w.t, "the target gets no connection")
		return nil
	}
}

// connect returns both ends of a connection through the proxy under a plan.
func (w *world) connect(plan cutter.Plan) (near, far net.Conn) {
	w.t.Helper()
	w.proxy.SetPlan(func(int) cutter.Plan { return plan })
	near = w.dial()
	return near, w.accepted()
}

// exchange sends a text and requires that it arrives.
func exchange(t *testing.T, from, to net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(from, text)
	require.NoError(t, err)
	got := make([]byte, len(text))
	_, err = io.ReadFull(to, got)
	require.NoError(t, err)
	require.Equal(t, text, string(got))
}

// silent requires that nothing arrives, and no end either.
func silent(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(quiet)))
	n, err := c.Read(make([]byte, 1))
	require.Zero(t, n)
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout(), err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
}

// isReset tells whether the other side closed with a reset, which a write may
// find out as well as a read.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b) // never fails
	return b
}
