// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// The only PULL is waited for, however long it is away: WithRedelivery says "While there are
// no others, the PUSH waits on". So nothing comes twice.
func TestPipelineWaitsForTheOnlyPull(t *testing.T) {
	eachPipe(t, func(t *testing.T, scheme, connects string) {
		p := newPipe(t, scheme, connects, mq.WithAck(), mq.WithRedelivery(time.Millisecond))
		p.connect(nil)
		var held []mq.Message
		for n := range 3 {
			require.NoError(t, p.push.Send(soon(t), numbered(n)))
			m, err := p.pull.Recv(soon(t))
			require.NoError(t, err)
			held = append(held, m)
		}
		eventually(t, func() bool { return p.push.Stats().InFlight == 3 }, "three are in hand")
		p.cutOff()
		refused := p.proxy.Refused()
		eventually(t, func() bool { return p.proxy.Refused() > refused+3 }, "the time of grace is over")
		p.proxy.Refuse(false)
		require.NoError(t, p.push.Send(soon(t), numbered(3)))
		m, err := p.pull.Recv(soon(t))
		require.NoError(t, err)
		require.Equal(t, 3, numberOf(t, m))
		for _, m := range append(held, m) {
			m.Ack()
		}
		p.close()
	})
}

// What Close hands back was not acknowledged.
func TestPipelineStatsAfterClose(t *testing.T) {
	eachPipe(t, func(t *testing.T, scheme, connects string) {
		p := newPipe(t, scheme, connects, mq.WithWindow(10), mq.WithLinger(100*time.Millisecond))
		p.partTaken(100, 20)
		p.cutOff()
		require.Error(t, p.push.Close())
		require.EqualValues(t, 20, p.push.Stats().Acknowledged)
	})
}

// Acknowledged never says more than was received.
func TestPipelineStatsAreNeverTooHigh(t *testing.T) {
	const messages = 50_000
	p := newPipe(t, "tcp", "PUSH")
	p.connect(nil)
	ctx := soon(t)
	var all sync.WaitGroup
	all.Go(func() {
		for n := range messages {
			assert.NoError(t, p.push.Send(ctx, numbered(n)))
		}
	})
	all.Go(func() {
		for range messages {
			_, err := p.pull.Recv(ctx)
			assert.NoError(t, err)
		}
	})
	for p.pull.Stats().Received < messages && !t.Failed() {
		acknowledged := p.push.Stats().Acknowledged
		require.LessOrEqual(t, acknowledged, p.pull.Stats().Received)
	}
	all.Wait()
	eventually(t, func() bool { return p.push.Stats().Acknowledged == messages }, "all is told")
	p.close()
}
