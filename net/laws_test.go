// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/internal/mqtest"
	_ "github.com/seedmq/mq/net"
)

// The promises of the patterns, over tcp and ipc.
func TestLaws(t *testing.T) {
	for _, s := range schemes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			mqtest.Run(t, mqtest.Scheme{Name: s.name, Addr: s.addr, Options: []mq.Option{quick}})
		})
	}
}

// schemes are what all tests here run over. addr returns an address that was never used
// before.
var schemes = []struct {
	name string
	addr func(testing.TB) string
}{
	{"tcp", func(t testing.TB) string { return "tcp://127.0.0.1:" + fmt.Sprint(freePort(t)) }},
	{"ipc", func(t testing.TB) string { return "ipc://" + freePath(t) }},
}

// quick lets tests not wait for a second attempt.
var quick = mq.WithReconnect(time.Millisecond, 20*time.Millisecond)

// The ports for tests lie below those that the system gives to connections.
const firstPort, lastPort = 10_000, 32_000

var ports atomic.Int64

func init() { ports.Store(int64(os.Getpid()) * 97 % (lastPort - firstPort)) }

// freePort finds a port by connecting to it. A listener that tried it out would live on
// for a moment in processes that other tests are just starting.
func freePort(t testing.TB) int {
	for range lastPort - firstPort {
		port := firstPort + int(ports.Add(1))%(lastPort-firstPort)
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return port
		}
		conn.Close()
	}
	t.Fatal("no port is free")
	return 0
}

var paths atomic.Int64

// freePath is short, whatever the name of the test: the path of a socket may have 100
// bytes or so.
func freePath(t testing.TB) string {
	dir, err := os.MkdirTemp("", "mq")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, fmt.Sprint(paths.Add(1)))
}
