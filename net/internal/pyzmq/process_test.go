// SPDX-License-Identifier: MIT

package pyzmq_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/pyzmq"
)

func TestKillEndsCalls(t *testing.T) {
	p := pyzmq.Start(t)
	idle := p.Socket("PULL")
	require.NoError(t, idle.Monitor())
	_, err := idle.Bind("tcp://127.0.0.1:*")
	require.NoError(t, err)
	listening, err := idle.WaitEvent("LISTENING", 1, patience)
	require.NoError(t, err)

	var wg sync.WaitGroup
	for range 5 {
		s := p.Socket("PULL")
		wg.Go(func() {
			_, err := s.Recv(time.Hour)
			assert.ErrorIs(t, err, pyzmq.ErrDead)
		})
	}
	wg.Go(func() {
		_, err := idle.WaitEvent("ACCEPTED", 1, time.Hour)
		assert.ErrorIs(t, err, pyzmq.ErrDead)
	})
	p.Kill()
	wg.Wait()
	p.Kill()
	require.ErrorIs(t, idle.Connect(listening.Addr), pyzmq.ErrDead)
	require.ErrorIs(t, idle.Close(), pyzmq.ErrDead)
	require.Equal(t, []pyzmq.Event{listening}, idle.Events())
	require.ErrorContains(t, idle.Close(), "killed")
}

func TestPeersSeeAKilledProcess(t *testing.T) {
	p, other := pyzmq.Start(t), pyzmq.Start(t)
	push, pull := p.Socket("PUSH"), other.Socket("PULL", pyzmq.Options{"LINGER": 0})
	require.NoError(t, push.Monitor())
	addr := join(t, pull, push)
	_, err := push.WaitEvent("HANDSHAKE_SUCCEEDED", 1, patience)
	require.NoError(t, err)
	other.Kill()
	_, err = push.WaitEvent("DISCONNECTED", 1, patience)
	require.NoError(t, err)

	pull = pyzmq.Start(t).Socket("PULL")
	_, err = pull.Bind(addr)
	require.NoError(t, err)
	_, err = push.WaitEvent("HANDSHAKE_SUCCEEDED", 2, patience)
	require.NoError(t, err)
	send(t, push, "hello again")
	require.Equal(t, []string{"hello again"}, recv(t, pull))
}

func TestMonitor(t *testing.T) {
	p := pyzmq.Start(t)
	push, pull := p.Socket("PUSH"), p.Socket("PULL")
	for _, s := range []*pyzmq.Socket{push, pull} {
		require.NoError(t, s.Monitor())
		require.NoError(t, s.Monitor()) // it goes on
		require.Empty(t, s.Events())
	}
	addr := join(t, pull, push)
	e, err := pull.WaitEvent("HANDSHAKE_SUCCEEDED", 1, patience)
	require.NoError(t, err)
	require.Equal(t, addr, e.Addr)
	_, err = pull.WaitEvent("HANDSHAKE_SUCCEEDED", 2, quiet)
	require.ErrorIs(t, err, pyzmq.ErrTimeout)
	var names []string
	for _, e := range pull.Events() {
		names = append(names, e.Name)
	}
	require.Equal(t, []string{"LISTENING", "ACCEPTED", "HANDSHAKE_SUCCEEDED"}, names)
	require.NoError(t, push.Disconnect(addr))
	_, err = pull.WaitEvent("DISCONNECTED", 1, patience)
	require.NoError(t, err)
	require.NoError(t, pull.Close())
	_, err = pull.WaitEvent("CLOSED", 1, patience)
	require.NoError(t, err)
}

func TestSocketsDoNotWaitForEachOther(t *testing.T) {
	p := pyzmq.Start(t)
	push, pull, echo, req := p.Socket("PUSH"), p.Socket("PULL"), p.Socket("REP"), p.Socket("REQ")
	addr, err := pull.Bind("tcp://127.0.0.1:*")
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			_, err := pull.Recv(time.Hour)
			assert.NoError(t, err)
		})
	}
	require.NoError(t, echo.Echo())
	join(t, echo, req)
	send(t, req, "hello") // while pull waits
	require.Equal(t, []string{"hello"}, recv(t, req))
	require.NoError(t, push.Connect(addr))
	require.NoError(t, push.SendNumbers(2, 0, patience))
	wg.Wait()
}

func TestCloseEndsCalls(t *testing.T) {
	p := pyzmq.Start(t)
	push, pull := p.Socket("PUSH"), p.Socket("PULL")
	var wg sync.WaitGroup
	began := make(chan struct{}, 2)
	wg.Go(func() {
		began <- struct{}{}
		_, err := pull.Recv(time.Hour)
		assert.ErrorContains(t, err, "the socket was closed")
	})
	wg.Go(func() {
		began <- struct{}{}
		assert.ErrorContains(t, push.SendWithin(time.Hour, nil), "the socket was closed")
	})
	<-began
	<-began
	require.NoError(t, pull.Close())
	require.NoError(t, push.Close())
	wg.Wait()
	require.ErrorContains(t, pull.Close(), "the socket was closed")
	require.ErrorContains(t, push.Connect("tcp://127.0.0.1:1"), "the socket was closed")
}

// fakeT records how a test would have ended.
type fakeT struct {
	testing.TB
	ended string
}

func (f *fakeT) Helper()      {}
func (f *fakeT) Skip(...any)  { f.ended = "skipped" }
func (f *fakeT) Fatal(...any) { f.ended = "failed" }

func TestRequire(t *testing.T) {
	for _, c := range []struct{ python, env, want string }{
		{"", "", "skipped"},
		{"", "1", "failed"},
		{"/usr/bin/python3", "", ""},
		{"/usr/bin/python3", "1", ""},
	} {
		pyzmq.SetInterpreter(t, c.python)
		t.Setenv("MQ_REQUIRE_LIBZMQ", c.env)
		f := &fakeT{TB: t}
		pyzmq.Require(f)
		require.Equal(t, c.want, f.ended, "%+v", c)
	}
}
