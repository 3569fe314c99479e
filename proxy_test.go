// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

func TestProxyRefusesNonsense(t *testing.T) {
	front, back := mq.NewPull(), mq.NewPush()
	defer front.Close()
	defer back.Close()
	var none context.Context
	err := mq.Proxy(none, front, back)
	require.ErrorIs(t, err, fs.ErrInvalid)
	require.EqualError(t, err, "mq: proxy: nil context, pass context.Background(): invalid argument")
	ctx := t.Context()
	for what, call := range map[string]func(){
		"mq: WithCapture(nil)":      func() { mq.WithCapture(nil) },
		"mq: WithControl(nil)":      func() { mq.WithControl(nil) },
		"mq: nil ProxyOption":       func() { mq.Proxy(ctx, front, back, nil) },
		"mq: Proxy of a nil Socket": func() { mq.Proxy(ctx, front, nil) },
	} {
		require.PanicsWithValue(t, what, call)
	}
}

func TestProxyErrorTexts(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	option := mq.WithRuntime(rt)
	for _, c := range []struct {
		front, back mq.Socket
		want        string
	}{
		{mq.NewReq(option), mq.NewRep(option), "mq: proxy: incompatible socket types: REQ keeps to turns, use DEALER"},
		{mq.NewRouter(option), mq.NewRep(option), "mq: proxy: incompatible socket types: REP keeps to turns, use ROUTER or DEALER"},
		{mq.NewPub(option), mq.NewPush(option), "mq: proxy: incompatible socket types: nothing can pass between PUB and PUSH"},
	} {
		require.EqualError(t, mq.Proxy(t.Context(), c.front, c.back), c.want)
	}
}

// eras runs a Proxy again and again until ctx is done, each for a random while. What one
// has in hand at its end is given to resend before the next begins.
func eras(ctx context.Context, t *testing.T, front, back mq.Socket, resend func(mq.Message) error, opts ...mq.ProxyOption) (inHand int) {
	for ctx.Err() == nil {
		era, cancel := context.WithTimeout(ctx, rand.N(2*time.Millisecond))
		err := mq.Proxy(era, front, back, opts...)
		cancel()
		assertPromised(t, err)
		assert.ErrorIs(t, err, era.Err())
		if left, ok := errors.AsType[*mq.UndeliveredError](err); ok {
			for _, m := range left.Messages {
				inHand++
				assert.NoError(t, resend(m))
			}
		}
	}
	return inHand
}

// Whenever a Proxy is ended, the message in hand comes back: sent on, it is in its place.
// The receiver stalls now and then for longer than a Proxy waits at its end.
func TestProxyEndsAnyTimeWithoutLoss(t *testing.T) {
	n := rounds(3000)
	rt := mq.NewRuntime()
	defer rt.Close()
	opts := []mq.Option{mq.WithRuntime(rt), mq.WithSendHWM(2)}
	source, front, back, sink := mq.NewPush(opts...), mq.NewPull(opts...), mq.NewPush(opts...), mq.NewPull(opts...)
	require.NoError(t, errors.Join(
		source.Bind("inproc://in"), front.Connect("inproc://in"),
		back.Bind("inproc://out"), sink.Connect("inproc://out"),
	))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	var both sync.WaitGroup
	both.Go(func() {
		for i := range n {
			assert.NoError(t, source.Send(ctx, mq.Text(fmt.Sprint(i), "part")))
		}
	})
	ended := make(chan struct{}, 1) // says that a Proxy has ended with a message in hand
	all, done := context.WithCancel(ctx)
	both.Go(func() {
		defer done()
		for i := range n {
			if i%(n/20) == n/40 {
				select {
				case <-ended:
				case <-ctx.Done():
				}
			}
			m, err := sink.Recv(ctx)
			if !assert.NoError(t, err) || !assert.Equal(t, fmt.Sprint(i, "|part"), m.String()) {
				return
			}
		}
	})
	inHand := eras(all, t, front, back, func(m mq.Message) error {
		select {
		case ended <- struct{}{}:
		default:
		}
		return back.Send(ctx, m)
	})
	both.Wait()
	assert.GreaterOrEqual(t, inHand, 20)
}

// Requests go on while the broker between is stopped, started, paused and resumed at
// random, by several goroutines.
func TestProxyRestartsUnderRequests(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	option := mq.WithRuntime(rt)
	req, front, back, rep := mq.NewReq(option), mq.NewRouter(option), mq.NewDealer(option), mq.NewRep(option)
	require.NoError(t, errors.Join(
		front.Bind("inproc://front"), req.Connect("inproc://front"),
		back.Bind("inproc://back"), rep.Connect("inproc://back"),
	))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	all, done := context.WithCancel(ctx)

	var server, clients, brokers sync.WaitGroup
	server.Go(func() {
		assert.ErrorIs(t, rep.Serve(all, func(_ context.Context, m mq.Message) (mq.Message, error) {
			return mq.Text("reply", m.String()), nil
		}), context.Canceled)
	})
	for i := range 8 {
		clients.Go(func() {
			for j := range rounds(2000) {
				request := fmt.Sprint(i, " ", j)
				m, err := req.Do(ctx, mq.Text(request))
				if !assert.NoError(t, err) || !assert.Equal(t, "reply|"+request, m.String()) {
					return
				}
			}
		})
	}
	control := new(mq.ProxyControl)
	resend := func(m mq.Message) error {
		if strings.Contains(m.String(), "reply|") {
			return front.Send(ctx, m)
		}
		return back.Send(ctx, m)
	}
	for range 2 {
		brokers.Go(func() { eras(all, t, front, back, resend, mq.WithControl(control)) })
		brokers.Go(func() {
			for all.Err() == nil {
				control.Pause()
				control.Stats()
				control.Resume()
				wait, cancel := context.WithTimeout(all, rand.N(time.Millisecond))
				<-wait.Done()
				cancel()
			}
		})
	}
	clients.Wait()
	done()
	brokers.Wait()
	server.Wait()
	got, n := control.Stats(), uint64(8*rounds(2000))
	assert.Equal(t, []uint64{got.Front.Received, got.Back.Received}, []uint64{got.Back.Sent, got.Front.Sent})
	assert.LessOrEqual(t, max(got.Front.Received, got.Back.Received), n)
	assert.Zero(t, got.Front.Dropped+got.Back.Dropped)
}

// A Proxy confirms what it has sent on, and nothing that it still has in hand.
func TestProxyConfirms(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	option := mq.WithRuntime(rt)
	from, front := mq.NewPush(option), mq.NewPull(option, mq.WithAck())
	back, to := mq.NewPush(option, mq.WithSendHWM(3)), mq.NewPull(option)
	require.NoError(t, from.Bind("inproc://from"))
	require.NoError(t, front.Connect("inproc://from"))
	for n := range 5 {
		require.NoError(t, from.Send(t.Context(), mq.Text(fmt.Sprint(n))))
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- mq.Proxy(ctx, front, back) }()
	require.Eventually(t, func() bool {
		s := from.Stats()
		return s.Acknowledged == 3 && s.InFlight == 1 && s.Queued == 1
	}, time.Minute, time.Millisecond, "the fourth finds no room")
	cancel()
	left, ok := errors.AsType[*mq.UndeliveredError](<-ended)
	require.True(t, ok)
	require.Len(t, left.Messages, 1)
	require.EqualValues(t, 3, from.Stats().Acknowledged, "it may go to another")
	left.Messages[0].Ack()
	require.EqualValues(t, 4, from.Stats().Acknowledged)
	require.Zero(t, from.Stats().InFlight)
	require.NoError(t, to.Close())
}
