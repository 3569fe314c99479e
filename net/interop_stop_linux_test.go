// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// pid asks the system who is at the other end of a connection of the process.
func pid(t *testing.T, p *pyzmq.Process) int {
	t.Helper()
	at := freePath(t)
	ln, err := net.Listen("unix", at)
	require.NoError(t, err)
	defer ln.Close()
	s := p.Socket("PUSH", endless)
	require.NoError(t, s.Connect("ipc://"+at))
	conn, err := ln.Accept()
	require.NoError(t, err)
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	require.NoError(t, err)
	var who *syscall.Ucred
	require.NoError(t, raw.Control(func(fd uintptr) {
		who, err = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return int(who.Pid)
}

// A peer that is stopped, and so does not close its connection, is noticed by its
// silence (B-CMD-13, F-CON-03), and is a peer again when it goes on.
func TestLibzmqStopped(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	process := pid(t, p)
	beats := mq.WithHeartbeat(pulse, deadline/2)
	var lines []*line
	for i, pair := range pairs {
		l := newLine(t, p, pair, beats)
		// libzmq's PAIR takes the new connection for a second peer if it is bound (F-CON-09).
		l.join(t, i%2 == 0, schemes[i/2%len(schemes)].addr(t))
		l.round(t, parts("before")...)
		lines = append(lines, l)
		if l.own == "REQ" {
			sendOwn(t, l.mq, []byte("question"))
			require.Eventually(t, func() bool { return l.mq.Stats().Queued == 0 }, longest, time.Millisecond)
		}
	}
	require.NoError(t, syscall.Kill(process, syscall.SIGSTOP))
	for _, l := range lines {
		e := l.heard.wait(t, mq.EventDisconnected, 1)
		require.Error(t, e.Err, "%s-%s", l.own, l.theirs)
		if l.own == "REQ" {
			_, err := l.mq.Recv(t.Context())
			require.ErrorIs(t, err, mq.ErrPeerGone)
		}
	}
	require.NoError(t, syscall.Kill(process, syscall.SIGCONT))
	for _, l := range lines {
		l.heard.wait(t, mq.EventAttached, 2)
		if l.own == "REQ" {
			_, err := l.zmq.Recv(longest) // what it had before
			require.NoError(t, err)
			continue
		}
		l.resume(t)
		l.round(t, parts("after")...)
	}
}

// resume waits until messages go through again.
func (l *line) resume(t *testing.T) {
	t.Helper()
	switch l.own {
	case "PUB":
		l.rouse(t, "", 1)
	case "SUB":
		l.probe(t)
	}
}
