// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/cutter"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// A PULL of libzmq confirms nothing: what was written when a connection breaks is lost. None
// comes torn or twice, what was not written completely is sent to the next connection, and
// the work goes on. How much was lost is logged, beside what libzmq loses to libzmq in the
// same way (D-CON-11). Order is that of each connection: libzmq takes from the old and the
// new one in turn.
func TestLibzmqThroughCuts(t *testing.T) {
	messages := 200_000
	if testing.Short() {
		messages = 20_000
	}
	for _, from := range []string{"mq", "libzmq"} {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			pull := newTheirs(t, pyzmq.Start(t), "PULL")
			at, err := pull.Bind("tcp://127.0.0.1:0")
			require.NoError(t, err)
			proxy, front := proxied(t, "tcp", at)
			proxy.SetPlan(func(int) cutter.Plan {
				return cutter.Plan{CutUp: cutter.After(20_000 + rand.Int64N(380_000)), Break: cutter.RST}
			})
			received := make(chan pyzmq.Numbers, 1)
			go func() {
				got, err := pull.RecvNumbers(messages, 5*time.Second)
				assert.NoError(t, err)
				received <- got
			}()
			sendThroughCuts(t, from, front, messages)
			got := <-received
			t.Logf("%d of %d lost, %.1f %%, in %d connections", messages-got.Count, messages,
				100*float64(messages-got.Count)/float64(messages), proxy.Connections())
			require.Greater(t, proxy.Connections(), 1)
			require.Positive(t, got.Count)
			require.Equal(t, got.Count, got.Distinct)
		})
	}
}

func sendThroughCuts(t *testing.T, from, front string, messages int) {
	if from == "libzmq" {
		push := newTheirs(t, pyzmq.Start(t), "PUSH")
		require.NoError(t, push.Connect(front))
		require.NoError(t, push.SendNumbers(messages, 100, never))
		return
	}
	push := makers["PUSH"](t, mq.WithLinger(never))
	require.NoError(t, push.Connect(front))
	for n := range messages {
		require.NoError(t, push.Send(soon(t), mq.NewMessage(pyzmq.Number(n, 100))))
	}
}
