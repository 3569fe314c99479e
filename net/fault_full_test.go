// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// A peer that goes away while nothing moves in either direction, because neither side
// receives, is noticed by who wants to send: the next peer gets what is queued. What
// had been taken in from the first is there still.
func TestFaultGoneWhileBothAreFull(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			var news news
			s := makers["PAIR"](t, mq.WithSendHWM(2), mq.WithRecvHWM(2), news.option())
			addr := scheme.addr(t)
			require.NoError(t, s.Bind(addr))
			b := dialBare(t, addr)
			b.shake("PAIR")
			for n := range 100 {
				b.say(zmtp.AppendFrame(nil, 0, fmt.Append(nil, "in", n))...)
			}
			eventually(t, func() bool { return s.Stats().Pending >= 2 }, "what came fills the queue")
			fill(t, s, make([]byte, 1<<20))
			if tcp, ok := b.Conn.(*net.TCPConn); ok {
				require.NoError(t, tcp.SetLinger(0))
			}
			require.NoError(t, b.Close())
			news.await(t, mq.EventDisconnected, 1)
			next := makers["PAIR"](t)
			require.NoError(t, next.Connect(addr))
			_, err := next.Recv(soon(t))
			require.NoError(t, err)
			for n := range 2 {
				m, err := s.Recv(soon(t))
				require.NoError(t, err)
				require.Equal(t, fmt.Sprint("in", n), string(m.Data))
			}
		})
	}
}
