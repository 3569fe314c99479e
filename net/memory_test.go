// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// TestIdleConnectionsAreSmall: ten thousand of them are some 200 MB on each side. It runs
// beside no other test.
func TestIdleConnectionsAreSmall(t *testing.T) {
	const connections = 500
	memory := func() (bytes uint64) {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	rt := mq.NewRuntime()
	pull := mq.NewPull(mq.WithRuntime(rt))
	require.NoError(t, pull.Bind("tcp://127.0.0.1:0"))
	before, goroutines := memory(), runtime.NumGoroutine()
	for range connections {
		require.NoError(t, mq.NewPush(mq.WithRuntime(rt)).Connect(pull.Addr()))
	}
	require.NoError(t, pull.WaitPeers(t.Context(), connections))
	eachSide := int(memory()-before) / connections / 2 // with its socket
	t.Logf("%d bytes, %d goroutines on both sides", eachSide, (runtime.NumGoroutine()-goroutines)/connections)
	require.Less(t, eachSide, 40_000)
	require.NoError(t, rt.Close())
}
