// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

func TestImpossibleRoutingIDsPanic(t *testing.T) {
	for _, id := range []string{"", "\x00", "\x00\x01\x02\x03\x04", strings.Repeat("x", 256)} {
		require.Contains(t, panicOf(func() { mq.WithRoutingID(id) }), fmt.Sprintf("WithRoutingID(%q)", id))
	}
	for _, id := range []string{"x", "x\x00", "\xff", strings.Repeat("x", 255)} {
		require.Equal(t, "nothing", panicOf(func() { mq.WithRoutingID(id) }))
	}
}

// routeTo makes a ROUTER and a DEALER that it knows by id.
func routeTo(t *testing.T, id string, opts ...mq.Option) (mq.Router, mq.Socket) {
	t.Helper()
	rt := mq.NewRuntime()
	t.Cleanup(func() { rt.Close() })
	router := mq.NewRouter(append(opts, mq.WithRuntime(rt))...)
	dealer := mq.NewDealer(mq.WithRuntime(rt), mq.WithRoutingID(id))
	require.NoError(t, router.Bind("inproc://router"))
	require.NoError(t, dealer.Connect("inproc://router"))
	return router, dealer
}

// TestRouterAllocations counts what it takes to route: nothing on the way out, and on the
// way in the list of the parts that follow the routing id. A message of several parts
// takes one allocation more, as everywhere.
func TestRouterAllocations(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, id := range []string{"x", strings.Repeat("x", 255)} {
		router, dealer := routeTo(t, id)
		for _, c := range []struct {
			what     string
			from, to mq.Socket
			m        mq.Message
			want     float64
		}{
			{"send", router, dealer, mq.Text(id, "body"), 0},
			{"send two", router, dealer, mq.Text(id, "one", "two"), 1},
			{"receive", dealer, router, mq.Text("body"), 1},
			{"receive two", dealer, router, mq.Text("one", "two"), 2},
		} {
			var err error
			allocs := testing.AllocsPerRun(1000, func() {
				if err == nil {
					err = c.from.Send(ctx, c.m)
				}
				if err == nil {
					_, err = c.to.Recv(ctx)
				}
			})
			require.NoError(t, err)
			require.Equal(t, c.want, allocs, "%s, routing id of %d bytes", c.what, len(id))
		}
	}
}

// TestRouterKeepsWhatItIsGiven: the bytes of a message go through a ROUTER as they are, both
// ways.
func TestRouterKeepsWhatItIsGiven(t *testing.T) {
	router, dealer := routeTo(t, "id")
	body := [][]byte{[]byte("one"), []byte("two")}
	require.NoError(t, router.Send(t.Context(), mq.Message{Data: []byte("id"), More: body}))
	m, err := dealer.Recv(t.Context())
	require.NoError(t, err)
	require.Same(t, &body[0][0], &m.Data[0])
	require.Same(t, &body[1][0], &m.More[0][0])
	require.NoError(t, dealer.Send(t.Context(), m))
	back, err := router.Recv(t.Context())
	require.NoError(t, err)
	require.Same(t, &body[0][0], &back.Part(1)[0])
	require.Equal(t, "id", string(back.Data))
}

// TestHandoverInproc: who has lost its routing id has a link that nothing goes through,
// until it connects again.
func TestHandoverInproc(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := mq.NewRuntime()
		defer rt.Close()
		o, id := mq.WithRuntime(rt), mq.WithRoutingID("id")
		router, old, next := mq.NewRouter(o, mq.WithHandover()), mq.NewDealer(o, id), mq.NewDealer(o, id)
		silent := func(s mq.Socket) {
			t.Helper()
			ctx, cancel := timeout(t)
			defer cancel()
			_, err := s.Recv(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		require.NoError(t, router.Bind("inproc://router"))
		require.NoError(t, old.Connect("inproc://router"))
		require.NoError(t, next.Connect("inproc://router"))
		send(t, old, "never received")
		silent(router)
		require.NoError(t, next.Close())
		require.NoError(t, router.Send(t.Context(), mq.Text("id", "nobody")))
		silent(old)
		send(t, old, "never received")
		silent(router)
		require.Equal(t, uint64(3), router.Stats().Dropped)

		require.NoError(t, old.Disconnect("inproc://router"))
		require.NoError(t, old.Connect("inproc://router"))
		require.NoError(t, router.Send(t.Context(), mq.Text("id", "again")))
		m, err := old.Recv(t.Context())
		require.NoError(t, err)
		require.Equal(t, "again", m.String())
		send(t, old, "again")
		m, err = router.Recv(t.Context())
		require.NoError(t, err)
		require.Equal(t, mq.Text("id", "again"), m)
	})
}

// TestBlockedRouterSendsGoOnInTurn: of the Sends that are blocked for a peer, one goes on for each
// message that it receives, in the order in which they came.
func TestBlockedRouterSendsGoOnInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := mq.NewRuntime()
		defer rt.Close()
		router := mq.NewRouter(mq.WithRuntime(rt), mq.WithMandatory(), mq.WithSendHWM(1))
		dealer := mq.NewDealer(mq.WithRuntime(rt), mq.WithRoutingID("id"), mq.WithRecvHWM(1))
		require.NoError(t, router.Bind("inproc://router"))
		require.NoError(t, dealer.Connect("inproc://router"))
		for i := range 20 {
			go router.Send(t.Context(), mq.Text("id", fmt.Sprint(i)))
			synctest.Wait()
		}
		for i := range 20 {
			m, err := dealer.Recv(t.Context())
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(i), m.String())
			synctest.Wait()
		}
	})
}
