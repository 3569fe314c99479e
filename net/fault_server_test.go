// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// Who connects to something bad tries again, more and more slowly, and says why; it
// still gets through once an honest peer is there: F-CON-07, F-GRT-08.
func TestFaultBadServer(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer []byte
		reason error // in the event
		text   string
	}{
		{"closes", nil, nil, ""},
		{"HTTP", []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), mq.ErrProtocol, "0x48"},
		{"mechanism", greets(3, 1, "CURVE"), mq.ErrProtocol, "CURVE"},
		{"type", join(greeting, ready("Socket-Type", "PUB")), mq.ErrIncompatible, "PUB"},
		{"garbage later", join(greeting, ready("Socket-Type", "PULL"), []byte{0xff}), mq.ErrProtocol, "reserved"},
	} {
		for _, scheme := range schemes {
			t.Run(c.name+"/"+scheme.name, func(t *testing.T) {
				t.Parallel()
				addr := scheme.addr(t)
				network, at := socketAddr(addr)
				ln, err := net.Listen(network, at)
				require.NoError(t, err)
				done := make(chan struct{})
				go func() {
					defer close(done)
					serveBare(t, ln, c.answer)
				}()
				var news news
				push := closing(t, mq.NewPush(mq.WithReconnect(4*time.Millisecond, 64*time.Millisecond), news.option()))
				require.NoError(t, push.Connect(addr))
				require.NoError(t, push.Send(t.Context(), mq.Text("x")))
				for nth, most := 1, 4*time.Millisecond; nth <= 6; nth, most = nth+1, min(2*most, 64*time.Millisecond) {
					e := news.await(t, mq.EventRetrying, nth)
					require.Equal(t, addr, e.Addr)
					if c.reason != nil {
						require.ErrorIs(t, e.Err, c.reason)
						require.ErrorContains(t, e.Err, c.text)
					}
					if c.name != "garbage later" { // that one has stayed for a while
						require.Error(t, e.Err)
						require.LessOrEqual(t, e.Delay, most)
						require.GreaterOrEqual(t, e.Delay, most/2-1)
					}
				}
				require.NoError(t, ln.Close())
				<-done
				if c.name == "garbage later" {
					return // the message may have gone there
				}
				pull := makers["PULL"](t)
				require.NoError(t, pull.Bind(addr))
				m, err := pull.Recv(soon(t))
				require.NoError(t, err)
				require.Equal(t, "x", string(m.Data))
			})
		}
	}
}

// serveBare gives the same answer to everybody, and hangs up.
func serveBare(t testing.TB, ln net.Listener, answer []byte) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		if _, err := conn.Write(answer); err == nil && len(answer) > 0 {
			_ = conn.SetReadDeadline(time.Now().Add(never))
			for err == nil {
				_, err = conn.Read(make([]byte, 1<<10))
			}
		}
		conn.Close()
	}
}
