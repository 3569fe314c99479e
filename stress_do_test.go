// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// rush is many goroutines that call Do over one REQ, and servers of all kinds that come and
// go.
type rush struct {
	t   *testing.T
	rt  *mq.Runtime
	req mq.Req

	over    atomic.Bool // the last servers stay
	replies atomic.Int64
	given   atomic.Int64 // up, by their contexts
	lost    atomic.Int64 // with their servers
}

// serve has server i come and go, until it is told to stay.
func (r *rush) serve(ctx context.Context, random *rand.Rand, i int) {
	addr := fmt.Sprint("inproc://server", i)
	for life := 0; ; life++ {
		s, work := r.server(random, (i+life)%3)
		assert.NoError(r.t, s.Bind(addr))
		stay := r.over.Load()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			err := work(ctx)
			if !errors.Is(err, mq.ErrClosed) {
				assert.ErrorIs(r.t, err, context.Canceled)
			}
		}()
		if stay {
			<-ctx.Done()
		} else {
			for range random.IntN(2000) {
				runtime.Gosched()
			}
		}
		assert.NoError(r.t, s.Close())
		<-ended
		if stay {
			return
		}
	}
}

// server makes one of three kinds, which answers with "re " and the request.
func (r *rush) server(random *rand.Rand, kind int) (mq.Socket, func(context.Context) error) {
	o := mq.WithRuntime(r.rt)
	dither := func() {
		for range rand.IntN(8) {
			runtime.Gosched()
		}
	}
	switch kind {
	case 0:
		rep := mq.NewRep(o, mq.WithHandlers(1+random.IntN(8)))
		return rep, func(ctx context.Context) error {
			return rep.Serve(ctx, func(_ context.Context, m mq.Message) (mq.Message, error) {
				dither()
				return mq.Text("re " + m.String()), nil
			})
		}
	case 1:
		rep := mq.NewRep(o)
		return rep, func(ctx context.Context) error {
			for {
				m, err := rep.Recv(ctx)
				if err == nil {
					dither()
					err = rep.Send(ctx, mq.Text("re "+m.String()))
				}
				if err != nil {
					return err
				}
			}
		}
	}
	router := mq.NewRouter(o)
	return router, func(ctx context.Context) error {
		var kept []mq.Message // answered later, in another order
		for {
			m, err := router.Recv(ctx)
			if err != nil {
				return err
			}
			m.More[2] = []byte("re " + string(m.More[2]))
			kept = append(kept, m)
			for len(kept) > 0 && (len(kept) > 2 || router.Stats().Pending == 0) {
				i := rand.IntN(len(kept))
				if err := router.Send(ctx, kept[i]); err != nil {
					return err
				}
				kept = append(kept[:i], kept[i+1:]...)
			}
		}
	}
}

// call is one Do, with a context that may end any time.
func (r *rush) call(random *rand.Rand, text string) {
	ctx, cancel := r.t.Context(), context.CancelFunc(func() {})
	switch random.IntN(4) {
	case 0:
		ctx, cancel = context.WithTimeout(ctx, time.Duration(random.IntN(300))*time.Microsecond)
	case 1:
		ctx, cancel = context.WithCancel(ctx)
		go cancel()
	}
	defer cancel()
	m, err := r.req.Do(ctx, mq.Text(text))
	assertPromised(r.t, err)
	switch {
	case err == nil:
		assert.Equal(r.t, "re "+text, m.String())
		r.replies.Add(1)
	case errors.Is(err, mq.ErrPeerGone):
		r.lost.Add(1)
	default:
		assert.ErrorIs(r.t, err, ctx.Err(), "neither a reply nor a loss nor the end of the context")
		r.given.Add(1)
	}
}

func TestStressDo(t *testing.T) {
	const servers, clients = 4, 64
	for _, retries := range []int{0, 2} {
		t.Run(fmt.Sprint("retries ", retries), func(t *testing.T) {
			seed := rand.Uint64()
			rt := mq.NewRuntime()
			r := &rush{t: t, rt: rt, req: mq.NewReq(mq.WithRuntime(rt), mq.WithRetry(retries), mq.WithSendHWM(20))}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var serving, calling sync.WaitGroup
			for i := range servers {
				require.NoError(t, r.req.Connect(fmt.Sprint("inproc://server", i)))
				serving.Go(func() { r.serve(ctx, rand.New(rand.NewPCG(seed, uint64(i))), i) })
			}
			for g := range clients {
				calling.Go(func() {
					random := rand.New(rand.NewPCG(seed, uint64(servers+g)))
					for n := range rounds(200) {
						r.call(random, fmt.Sprint(g, " ", n))
					}
				})
			}
			finish(t, &calling)
			r.over.Store(true)
			under, _ := mq.Calls(r.req)
			require.Zero(t, under, "calls that nobody makes any more")
			m, err := r.req.Do(t.Context(), mq.Text("last")) // behind all that was given up
			for errors.Is(err, mq.ErrPeerGone) {
				m, err = r.req.Do(t.Context(), mq.Text("last"))
			}
			require.NoError(t, err)
			require.Equal(t, "re last", m.String())
			cancel()
			finish(t, &serving)
			require.NoError(t, r.req.Close())
			require.NoError(t, rt.Close())
			requireEmpty(t, rt)
			require.EqualValues(t, clients*rounds(200), r.replies.Load()+r.given.Load()+r.lost.Load())
			require.NotZero(t, r.replies.Load())
			t.Log("seed", seed, r.replies.Load(), "replies,", r.given.Load(), "given up,", r.lost.Load(), "lost")
		})
	}
}
