// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// Unbind, by whichever name, ends what came through the address, and lets it be bound
// again at once, again and again: F-CON-13, F-CON-15, D-EPT-02.
func TestAddressUnbindAndRebind(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			var pullNews, pushNews news
			pull, push := makers["PULL"](t, pullNews.option()), makers["PUSH"](t, pushNews.option())
			addr := scheme.addr(t)
			require.NoError(t, push.Connect(addr))
			const rounds = 30
			for n := 1; n <= rounds; n++ {
				require.NoError(t, pull.Bind(addr))
				require.Equal(t, addr, pull.Addr())
				if n%3 > 0 { // else the peer may be anywhere in its handshake
					require.NoError(t, pull.WaitPeers(soon(t), 1))
				}
				require.NoError(t, pull.Unbind(addr))
				require.Zero(t, pull.Stats().Peers, "peers are cut before Unbind returns")
				require.Equal(t, n, pullNews.count(mq.EventUnbound))
				require.Empty(t, pull.Addr())
			}
			require.NoError(t, pull.Bind(addr))
			eventually(t, func() bool { return push.Stats().Peers == 1 && pull.Stats().Peers == 1 }, "the peer is back")
			require.Positive(t, push.Stats().Reconnects)
			eventually(t, func() bool { // a peer is here before that is told
				return pullNews.count(mq.EventAttached)-1 == pullNews.count(mq.EventDisconnected)
			}, "all but the last were disconnected")
		})
	}
}

// Only the peers of the address that is let go are cut: D-EPT-10.
func TestAddressSeveral(t *testing.T) {
	pull := makers["PULL"](t)
	var pushes []mq.Socket
	for _, addr := range []string{"tcp://127.0.0.1:0", "ipc://*", "tcp://127.0.0.1:0", "inproc://several"} {
		require.NoError(t, pull.Bind(addr))
		push := makers["PUSH"](t)
		require.NoError(t, push.Connect(pull.Addr()))
		require.NoError(t, push.WaitPeers(soon(t), 1)) // it hears of its peer after its peer of it
		pushes = append(pushes, push)
	}
	require.NoError(t, pull.WaitPeers(soon(t), 4))
	require.NoError(t, pull.Unbind("ipc://*"))
	require.Equal(t, 3, pull.Stats().Peers)
	require.NoError(t, pull.Unbind("tcp://127.0.0.1:0"), "the first of that name")
	require.Equal(t, 2, pull.Stats().Peers)
	eventually(t, func() bool { return pushes[0].Stats().Peers+pushes[1].Stats().Peers == 0 }, "two are told")
	require.Equal(t, 1, pushes[2].Stats().Peers)
	require.Equal(t, 1, pushes[3].Stats().Peers)
}

// Connect is no wait and no failure, whatever is there; Disconnect ends the seeking.
func TestAddressAbsent(t *testing.T) {
	for _, addr := range []string{
		fmt.Sprint("tcp://127.0.0.1:", freePort(t)), "ipc://" + freePath(t), "ipc:///no/such/directory/x",
		"tcp://no-such-host.invalid:5555", "tcp://192.0.2.1:5555",
	} {
		t.Run(addr, func(t *testing.T) {
			t.Parallel()
			var news news
			s := makers["PUSH"](t, news.option(), mq.WithHandshakeTimeout(50*time.Millisecond))
			require.NoError(t, s.Connect(addr))
			require.NoError(t, s.Connect(addr), "a second time changes nothing")
			for n := range 3 {
				e := news.await(t, mq.EventRetrying, n+1)
				require.Error(t, e.Err)
				require.Positive(t, e.Delay)
			}
			require.NoError(t, s.Disconnect(addr))
			tried := news.count(mq.EventRetrying)
			require.ErrorIs(t, s.Disconnect(addr), mq.ErrBadAddr)
			require.Never(t, func() bool { return news.count(mq.EventRetrying) > tried }, 100*time.Millisecond, 10*time.Millisecond)
			require.NoError(t, s.Close())
		})
	}
}

// Disconnect cuts the peer, and it is not sought again.
func TestAddressDisconnect(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			s := besiege(t, "PULL", scheme.addr(t))
			require.NoError(t, s.honest.Disconnect(s.addr))
			require.Zero(t, s.honest.Stats().Peers)
			s.news.await(t, mq.EventDisconnected, 1)
			require.Never(t, func() bool { return s.news.count(mq.EventAccepted) > 1 }, 100*time.Millisecond, 10*time.Millisecond)
			require.NoError(t, s.honest.Connect(s.addr))
			s.requirePeace()
		})
	}
}

// A PUSH that closes waits its linger for a peer that it seeks. What is not delivered in
// that time comes back.
func TestAddressLingerForAbsent(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name+"/none comes", func(t *testing.T) {
			t.Parallel()
			const linger = 200 * time.Millisecond
			push := mq.NewPush(quick, mq.WithLinger(linger))
			require.NoError(t, push.Connect(scheme.addr(t)))
			for n := range 3 {
				require.NoError(t, push.Send(t.Context(), mq.Text(fmt.Sprint(n))))
			}
			start := time.Now()
			err := push.Close()
			require.GreaterOrEqual(t, time.Since(start), linger)
			var left *mq.UndeliveredError
			require.ErrorAs(t, err, &left)
			require.Len(t, left.Messages, 3)
			for n, m := range left.Messages {
				require.Equal(t, fmt.Sprint(n), string(m.Data))
			}
		})
		t.Run(scheme.name+"/one comes", func(t *testing.T) {
			t.Parallel()
			var news news
			push := mq.NewPush(quick, mq.WithLinger(never), news.option())
			addr := scheme.addr(t)
			require.NoError(t, push.Connect(addr))
			for n := range 3 {
				require.NoError(t, push.Send(t.Context(), mq.Text(fmt.Sprint(n))))
			}
			closed := make(chan error)
			go func() { closed <- push.Close() }()
			tried := news.count(mq.EventRetrying)
			news.await(t, mq.EventRetrying, tried+3)
			pull := makers["PULL"](t)
			require.NoError(t, pull.Bind(addr))
			for n := range 3 {
				m, err := pull.Recv(soon(t))
				require.NoError(t, err)
				require.Equal(t, fmt.Sprint(n), string(m.Data))
			}
			require.NoError(t, <-closed)
		})
	}
}

// Many that connect to one address at once all get in, and nobody is cut who has got in.
func TestAddressManyConnections(t *testing.T) {
	many := 2000
	switch limit := openFiles(t); {
	case testing.Short() || limit < 2*2000+200:
		many = min(500, limit/2-100)
	case limit > 2*10_000+200:
		many = 10_000
	}
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			var news news
			pull := makers["PULL"](t, news.option())
			addr := scheme.addr(t)
			require.NoError(t, pull.Bind(addr))
			pushes := make([]mq.Socket, many)
			for n := range pushes {
				pushes[n] = mq.NewPush(mq.WithReconnect(time.Millisecond, 200*time.Millisecond))
				closing(t, pushes[n])
				require.NoError(t, pushes[n].Connect(addr))
				require.NoError(t, pushes[n].Send(t.Context(), mq.Text(fmt.Sprint(n))))
			}
			came := make(map[string]bool)
			for range pushes {
				m, err := pull.Recv(soon(t))
				require.NoError(t, err)
				require.False(t, came[string(m.Data)])
				came[string(m.Data)] = true
			}
			require.Equal(t, many, pull.Stats().Peers)
			require.Empty(t, news.of(mq.EventDisconnected))
			var all sync.WaitGroup
			for _, push := range pushes {
				all.Go(func() { assert.NoError(t, push.Close()) })
			}
			all.Wait()
			eventually(t, func() bool { return pull.Stats().Peers == 0 }, "all have gone")
		})
	}
}
