// SPDX-License-Identifier: MIT

package pyzmq_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/pyzmq"
)

func TestProxy(t *testing.T) {
	broker, p := pyzmq.Start(t), pyzmq.Start(t)
	front, back := broker.Proxy(pyzmq.End{Kind: "ROUTER", Addr: "tcp://127.0.0.1:*"}, pyzmq.End{Kind: "DEALER", Addr: "tcp://127.0.0.1:*"})
	req, rep := p.Socket("REQ"), p.Socket("REP")
	require.NoError(t, req.Connect(front))
	require.NoError(t, rep.Connect(back))
	for _, text := range []string{"one", "two"} {
		send(t, req, text)
		require.Equal(t, []string{text}, recv(t, rep))
		send(t, rep, text, "back")
		require.Equal(t, []string{text, "back"}, recv(t, req))
	}
	broker.Kill()
	send(t, req, "nobody is there")
	_, err := rep.Recv(quiet)
	require.ErrorIs(t, err, pyzmq.ErrTimeout)
}
