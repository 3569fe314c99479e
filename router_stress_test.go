// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// TestStressRouter has many DEALERs get everything back from a ROUTER: in order, if one
// goroutine does the work there.
func TestStressRouter(t *testing.T) {
	const dealers = 16
	for _, workers := range []int{1, 4} {
		t.Run(fmt.Sprint("workers=", workers), func(t *testing.T) {
			rt := mq.NewRuntime()
			o, each := mq.WithRuntime(rt), rounds(2000)
			router := mq.NewRouter(o, mq.WithMandatory(), mq.WithSendHWM(3))
			require.NoError(t, router.Bind("inproc://router"))
			var echo, clients sync.WaitGroup
			for range workers {
				echo.Go(func() {
					for m, err := range mq.Messages(context.Background(), router) {
						assert.NoError(t, errors.Join(err, router.Send(context.Background(), m)))
					}
				})
			}
			for i := range dealers {
				dealer := mq.NewDealer(o, mq.WithRecvHWM(1+i), mq.WithRoutingID(fmt.Sprint(i)))
				require.NoError(t, dealer.Connect("inproc://router"))
				clients.Go(func() {
					for n := range each {
						assert.NoError(t, dealer.Send(t.Context(), mq.Text(fmt.Sprint(i, " ", n))))
					}
				})
				clients.Go(func() {
					seen := map[string]bool{}
					for n := range each {
						m, err := dealer.Recv(t.Context())
						assert.NoError(t, err)
						text := m.String()
						assert.True(t, strings.HasPrefix(text, fmt.Sprint(i, " ")), "%d got %s", i, text)
						assert.False(t, seen[text], "%s came twice", text)
						assert.True(t, workers > 1 || text == fmt.Sprint(i, " ", n), "%d. got %s", n, text)
						seen[text] = true
					}
				})
			}
			finish(t, &clients)
			require.NoError(t, rt.Close())
			finish(t, &echo)
			require.Equal(t, mq.Stats{Sent: uint64(dealers * each), Received: uint64(dealers * each)}, router.Stats())
		})
	}
}

// passers are DEALERs that come and go, of a few routing ids, while a ROUTER sends to
// all of these.
type passers struct {
	t      *testing.T
	option mq.Option
	router mq.Router
	echo   bool // they send too

	received, dropped, sent atomic.Uint64 // by those that have gone
}

func id(i int) string { return fmt.Sprint("id", i) }

// pass lets a DEALER come, receive a few messages, and go.
func (p *passers) pass(random *rand.Rand) {
	i := random.IntN(4)
	dealer := mq.NewDealer(p.option, mq.WithRoutingID(id(i)), mq.WithRecvHWM(1+random.IntN(3)))
	var err error
	if random.IntN(3) == 0 {
		err = dealer.Bind("inproc://" + id(i))
	} else {
		err = dealer.Connect("inproc://router")
	}
	assertPromised(p.t, err)
	for range random.IntN(5) {
		ctx, cancel := (&chaos{t: p.t}).context(random)
		if p.echo {
			assertPromised(p.t, dealer.Send(ctx, mq.Text("echo")))
		}
		_, err := dealer.Recv(ctx)
		assertPromised(p.t, err)
		cancel()
	}
	if err := dealer.Close(); !p.echo {
		assert.NoError(p.t, err)
	}
	stats := dealer.Stats()
	p.received.Add(stats.Received)
	p.dropped.Add(stats.Dropped)
}

// send sends to one of the routing ids, or changes who the ROUTER seeks under it.
func (p *passers) send(random *rand.Rand) {
	i := random.IntN(5)
	ctx, cancel := (&chaos{t: p.t}).context(random)
	defer cancel()
	switch random.IntN(20) {
	case 0:
		assertPromised(p.t, p.router.ConnectAs("inproc://"+id(i), id(i)))
	case 1:
		assertPromised(p.t, p.router.Disconnect("inproc://"+id(i)))
	case 2:
		assertPromised(p.t, p.router.Connect("inproc://"+id(i)))
	case 3:
		p.router.Stats()
	default:
		err := p.router.Send(ctx, mq.Text(id(i), "x", "y"))
		assertPromised(p.t, err)
		if err == nil {
			p.sent.Add(1)
		}
	}
}

// TestPeersOfRouterComeAndGo: nothing panics or hangs, and each message that Send has taken
// is received or counted as dropped.
func TestPeersOfRouterComeAndGo(t *testing.T) {
	for name, opts := range map[string][]mq.Option{
		"default":            nil,
		"mandatory":          {mq.WithMandatory()},
		"handover":           {mq.WithHandover()},
		"mandatory handover": {mq.WithMandatory(), mq.WithHandover()},
	} {
		for _, echo := range []bool{false, true} {
			t.Run(fmt.Sprint(name, "/echo=", echo), func(t *testing.T) {
				seed := rand.Uint64()
				t.Log("seed", seed)
				rt := mq.NewRuntime()
				p := &passers{t: t, option: mq.WithRuntime(rt), echo: echo}
				p.router = mq.NewRouter(append(opts, p.option, mq.WithSendHWM(2))...)
				require.NoError(t, p.router.Bind("inproc://router"))
				var work, reading sync.WaitGroup
				for g := range 16 {
					work.Go(func() {
						random, do := rand.New(rand.NewPCG(seed, uint64(g))), p.pass
						if g%2 == 0 {
							do = p.send
						}
						for range rounds(300) {
							do(random)
						}
					})
				}
				reading.Go(func() {
					for m, err := range mq.Messages(context.Background(), p.router) {
						assert.NoError(t, err)
						assert.Equal(t, "echo", string(m.Part(1)))
					}
				})
				finish(t, &work)
				err := p.router.Close()
				if _, left := errors.AsType[*mq.UndeliveredError](err); !left || !echo {
					require.NoError(t, err)
				}
				finish(t, &reading)
				stats := p.router.Stats()
				require.Equal(t, p.sent.Load(), stats.Sent)
				require.Zero(t, stats.Queued)
				if !echo { // or messages of both directions are among the dropped
					require.Equal(t, p.sent.Load(), p.received.Load()+p.dropped.Load()+stats.Dropped)
				}
				require.NoError(t, rt.Close())
				requireEmpty(t, rt)
				require.Zero(t, mq.Ends(p.router))
			})
		}
	}
}
