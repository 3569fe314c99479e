// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// inFlight is how many requests are under way at once.
const inFlight = 1000

// crowd runs f in many goroutines at once, and waits for them.
func crowd(f func(n int)) {
	var wg sync.WaitGroup
	for n := range inFlight {
		wg.Go(func() { f(n) })
	}
	wg.Wait()
}

// echoed has a request answered that is sent back as it is.
func echoed(ctx context.Context, t *testing.T, req mq.Req, text string) error {
	want := mq.Text(text, "", "\x00")
	reply, err := req.Do(ctx, want)
	if err == nil {
		assert.Equal(t, want.String(), reply.String())
	}
	return err
}

// askMany has many goroutines ask some times. All are answered.
func askMany(t *testing.T, req mq.Req, times int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	crowd(func(n int) {
		for i := range times {
			assert.NoError(t, echoed(ctx, t, req, fmt.Sprint(n, " ", i)))
		}
	})
}

// theirEcho is a socket of libzmq that sends back all that it gets.
func theirEcho(t *testing.T, p *pyzmq.Process, kind, addr string) {
	t.Helper()
	s := newTheirs(t, p, kind)
	require.NoError(t, s.Connect(addr))
	require.NoError(t, s.Echo())
}

// Servers of libzmq answer the requests of Do, without knowing of it: a REP, and a ROUTER
// that keeps envelopes. Send and Recv go on in turn meanwhile (D-REQ-04, A-REP-06).
func TestLibzmqDo(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			req, _ := made(t, mq.NewReq)
			require.NoError(t, req.Bind(scheme.addr(t)))
			for _, kind := range []string{"REP", "ROUTER", "REP", "ROUTER"} {
				theirEcho(t, pyzmq.Start(t), kind, req.Addr())
			}
			require.NoError(t, req.WaitPeers(t.Context(), 4))
			over := make(chan struct{})
			var inTurn sync.WaitGroup
			inTurn.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-over:
						return
					default:
					}
					text := mq.Text(fmt.Sprint("in turn ", n))
					assert.NoError(t, req.Send(t.Context(), text))
					reply, err := req.Recv(t.Context())
					if !assert.NoError(t, err) || !assert.Equal(t, text.String(), reply.String()) {
						return
					}
				}
			})
			askMany(t, req, 3)
			close(over)
			inTurn.Wait()
			stats := req.Stats()
			require.Zero(t, stats.Pending)
			require.Zero(t, stats.Queued)
		})
	}
}

// Requests go through a queue of libzmq, and more, to all kinds of workers.
func TestLibzmqDoThroughQueue(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			broker, p := pyzmq.Start(t), pyzmq.Start(t)
			at, behind := broker.Proxy(pyzmq.End{Kind: "ROUTER", Addr: scheme.addr(t)}, pyzmq.End{Kind: "DEALER", Addr: scheme.addr(t)})
			for _, kind := range []string{"REP", "DEALER", "ROUTER"} {
				theirEcho(t, p, kind, behind)
			}
			rep, _ := made(t, mq.NewRep)
			require.NoError(t, rep.Connect(behind))
			require.NoError(t, rep.WaitPeers(t.Context(), 1)) // or it has no share
			done := serving(t, rep, func(_ context.Context, m mq.Message) (mq.Message, error) { return m, nil })
			defer done()

			req, _ := made(t, mq.NewReq)
			require.NoError(t, req.Connect(at))
			require.NoError(t, req.WaitPeers(t.Context(), 1))
			askMany(t, req, 3)
			require.Positive(t, rep.Stats().Sent, "it has had its share")

			// A worker is killed. Nobody tells who asks, but nobody else has a wrong answer.
			killed := pyzmq.Start(t)
			theirEcho(t, killed, "REP", behind)
			var once sync.Once
			crowd(func(n int) {
				for i := 0; ; i++ {
					ctx, cancel := context.WithTimeout(t.Context(), moment*20)
					err := echoed(ctx, t, req, fmt.Sprint("again ", n, " ", i))
					cancel()
					once.Do(killed.Kill)
					if err == nil || !assert.ErrorIs(t, err, context.DeadlineExceeded) {
						return
					}
				}
			})
		})
	}
}

// serving has rep serve until the function that it returns is called.
func serving(t *testing.T, rep mq.Rep, handler func(context.Context, mq.Message) (mq.Message, error)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- rep.Serve(ctx, handler) }()
	return func() {
		cancel()
		assert.ErrorIs(t, <-done, context.Canceled)
	}
}

// The server that has all requests is killed: each of them ends, or is sent again to the
// server that comes next, and has its answer.
func TestLibzmqDoServerKilled(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		for _, retry := range []bool{false, true} {
			t.Run(fmt.Sprint(scheme.name, "/retry=", retry), func(t *testing.T) {
				t.Parallel()
				var opts []mq.Option
				if retry {
					opts = append(opts, mq.WithRetry(1))
				}
				req, heard := made(t, mq.NewReq, opts...)
				require.NoError(t, req.Bind(scheme.addr(t)))
				p := pyzmq.Start(t)
				server := newTheirs(t, p, "ROUTER")
				require.NoError(t, server.Connect(req.Addr()))
				require.NoError(t, req.WaitPeers(t.Context(), 1))
				ctx, cancel := context.WithTimeout(t.Context(), longest)
				defer cancel()
				var all sync.WaitGroup
				all.Go(func() {
					crowd(func(n int) {
						reply, err := req.Do(ctx, mq.NewMessage(pyzmq.Number(n, numberSize)))
						if retry {
							assert.NoError(t, err)
							assert.Equal(t, pyzmq.Number(n, numberSize), reply.Data)
						} else {
							assert.ErrorIs(t, err, mq.ErrPeerGone)
						}
					})
				})
				got, err := server.RecvNumbers(inFlight, longest)
				require.NoError(t, err)
				require.True(t, got.Complete, "%+v", got)
				p.Kill()
				if retry {
					heard.wait(t, mq.EventDisconnected, 1)
					theirEcho(t, pyzmq.Start(t), "REP", req.Addr())
				}
				all.Wait()
				require.NoError(t, ctx.Err())
				require.Zero(t, req.Stats().Queued)
			})
		}
	}
}

// Servers come and are killed while many ask. There is no other error than that one, none
// at all with retries, and never a wrong answer.
func TestLibzmqDoServersComeAndGo(t *testing.T) {
	t.Parallel()
	const kills = 6
	for _, scheme := range schemes {
		for _, retry := range []bool{false, true} {
			t.Run(fmt.Sprint(scheme.name, "/retry=", retry), func(t *testing.T) {
				t.Parallel()
				var opts []mq.Option
				if retry {
					opts = append(opts, mq.WithRetry(kills))
				}
				req, heard := made(t, mq.NewReq, opts...)
				require.NoError(t, req.Bind(scheme.addr(t)))
				var answered atomic.Int64
				servers := []*pyzmq.Process{pyzmq.Start(t), pyzmq.Start(t)}
				for i, p := range servers {
					theirEcho(t, p, []string{"REP", "ROUTER"}[i%2], req.Addr())
				}
				ctx, cancel := context.WithTimeout(t.Context(), kills*longest) // each process takes its time to start
				defer cancel()
				over := make(chan struct{})
				var all sync.WaitGroup
				all.Go(func() {
					crowd(func(n int) { askUntil(ctx, t, over, req, n, retry, &answered) })
				})
				for i := range kills {
					before := answered.Load()
					until(t, func() bool { return answered.Load() > before+inFlight/2 }, "answers")
					servers[i%2].Kill()
					heard.wait(t, mq.EventDisconnected, i+1)
					servers[i%2] = pyzmq.Start(t)
					theirEcho(t, servers[i%2], []string{"REP", "ROUTER"}[i/2%2], req.Addr())
				}
				close(over)
				all.Wait()
			})
		}
	}
}

// askUntil asks until over is closed.
func askUntil(ctx context.Context, t *testing.T, over <-chan struct{}, req mq.Req, n int, retry bool, answered *atomic.Int64) {
	for i := 0; ; i++ {
		select {
		case <-over:
			return
		default:
		}
		err := echoed(ctx, t, req, fmt.Sprint(n, " ", i))
		if err == nil {
			answered.Add(1)
		} else if !assert.False(t, retry || !errors.Is(err, mq.ErrPeerGone), err) {
			return
		}
	}
}
