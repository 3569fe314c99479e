// SPDX-License-Identifier: MIT

package mq_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// serving has a REP serve until the function it returns is called.
func serving(rep mq.Rep, h func(context.Context, mq.Message) (mq.Message, error)) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- rep.Serve(ctx, h) }()
	return func() error {
		cancel()
		return <-ended
	}
}

// TestServeHandlesManyByDefault: 16 for each of GOMAXPROCS.
func TestServeHandlesManyByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req, rep := reqWith(t, mq.NewRep)
		want := 16 * runtime.GOMAXPROCS(0)
		var atWork atomic.Int32
		may := make(chan struct{})
		stop := serving(rep, func(_ context.Context, m mq.Message) (mq.Message, error) {
			atWork.Add(1)
			<-may
			return m, nil
		})
		var calls []<-chan error
		for range want + 10 {
			calls = append(calls, doing(req, "q"))
		}
		synctest.Wait()
		require.EqualValues(t, want, atWork.Load())
		close(may)
		for _, ended := range calls {
			require.NoError(t, <-ended)
		}
		require.ErrorIs(t, stop(), context.Canceled)
	})
}

// TestServeStartsNoMoreThanItNeeds: one handler at a time needs two goroutines, one of which
// receives.
func TestServeStartsNoMoreThanItNeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req, rep := reqWith(t, mq.NewRep)
		before := runtime.NumGoroutine()
		stop := serving(rep, func(_ context.Context, m mq.Message) (mq.Message, error) { return m, nil })
		for range 100 {
			_, err := req.Do(t.Context(), mq.Text("q"))
			require.NoError(t, err)
			synctest.Wait()
		}
		require.LessOrEqual(t, runtime.NumGoroutine()-before, 3, "Serve, and what it has started")
		require.ErrorIs(t, stop(), context.Canceled)
	})
}

// TestFailedHandlersAreLogged as warnings, and events say what has happened.
func TestFailedHandlersAreLogged(t *testing.T) {
	var log bytes.Buffer
	heard := make(chan mq.Event, 1)
	req, rep := reqWith(t, mq.NewRep,
		mq.WithErrorReply(func(err error) mq.Message { return mq.Text(err.Error()) }),
		mq.WithEvents(func(e mq.Event) { heard <- e }),
		mq.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	stop := serving(rep, func(context.Context, mq.Message) (m mq.Message, err error) { return m, errors.New("cause") })
	m, err := req.Do(t.Context(), mq.Text("q"))
	require.NoError(t, err)
	require.Equal(t, "cause", m.String())
	require.Equal(t, "handler failed: cause", (<-heard).String())
	require.ErrorIs(t, stop(), context.Canceled)
	require.Contains(t, log.String(), `level=WARN msg="mq: handler failed" socket=REP err=cause`)
}

// TestAnswersOnceWhateverTheError: also if a handler returns the error that it was told of
// when another had ended its goroutine.
func TestAnswersOnceWhateverTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var exit atomic.Value
		var events atomic.Int32
		req, rep := reqWith(t, mq.NewRep,
			mq.WithErrorReply(func(err error) mq.Message { return mq.Text(err.Error()) }),
			mq.WithEvents(func(e mq.Event) {
				exit.Store(e.Err)
				events.Add(1)
			}))
		stop := serving(rep, func(context.Context, mq.Message) (m mq.Message, err error) {
			if err, told := exit.Load().(error); told {
				return m, err
			}
			runtime.Goexit()
			return m, err
		})
		for n := range 2 {
			_, err := req.Do(t.Context(), mq.Text("q"))
			require.NoError(t, err)
			synctest.Wait()
			assert.EqualValues(t, n+1, events.Load())
			assert.EqualValues(t, n+1, rep.Stats().Sent)
		}
		require.Zero(t, rep.Stats().Dropped)
		require.ErrorIs(t, stop(), context.Canceled)
	})
}
