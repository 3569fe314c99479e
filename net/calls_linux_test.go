// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// writeCalls is how often this process has called the system to write.
func writeCalls(t *testing.T) int {
	t.Helper()
	counts, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip("this system does not count calls:", err)
	}
	_, rest, _ := strings.Cut(string(counts), "syscw: ")
	number, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.Atoi(number)
	require.NoError(t, err)
	return n
}

// A message into an idle connection is written at once, by a call of its own, and waits for
// no other: each of these is received before the next is sent.
func TestLoneMessageIsWritten(t *testing.T) {
	const count = 1_000
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			from, to := dealers(t, scheme.addr(t))
			before := writeCalls(t)
			for range count {
				require.NoError(t, from.Send(soon(t), mq.Text("hello")))
				_, err := to.Recv(soon(t))
				require.NoError(t, err)
			}
			require.GreaterOrEqual(t, writeCalls(t)-before, count)
		})
	}
}

// A stream is written many messages at a time: what waits goes out together. Here all waits
// before the peer comes, so it is 1,000 messages of 12 bytes in one call, and the handshake.
func TestStreamIsBatched(t *testing.T) {
	const count = 1_000
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			from, to := closing(t, mq.NewDealer()), closing(t, mq.NewDealer())
			addr := scheme.addr(t)
			require.NoError(t, to.Bind(addr))
			for range count {
				require.NoError(t, from.Send(soon(t), mq.Text("0123456789")))
			}
			before := writeCalls(t)
			require.NoError(t, from.Connect(to.Addr()))
			for range count {
				_, err := to.Recv(soon(t))
				require.NoError(t, err)
			}
			require.Less(t, writeCalls(t)-before, 50)
		})
	}
}

func dealers(t *testing.T, addr string) (from, to mq.Socket) {
	t.Helper()
	from, to = closing(t, mq.NewDealer()), closing(t, mq.NewDealer())
	require.NoError(t, to.Bind(addr))
	require.NoError(t, from.Connect(to.Addr()))
	require.NoError(t, from.WaitPeers(soon(t), 1))
	require.NoError(t, to.WaitPeers(soon(t), 1))
	return from, to
}
