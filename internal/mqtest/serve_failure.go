// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

var errHandler = errors.New("handler error")

// failing is a handler that fails in the way that the request says, or answers "re " and
// the request.
func failing(_ context.Context, m mq.Message) (mq.Message, error) {
	request := text(m)
	switch {
	case strings.HasPrefix(request, "error"):
		return mq.Text("never sent"), errHandler
	case strings.HasPrefix(request, "panic"):
		panic(request)
	case strings.HasPrefix(request, "exit"):
		runtime.Goexit()
	}
	return mq.Text("re " + request), nil
}

// failures are the events of failed handlers.
type failures struct {
	mu  sync.Mutex // protects the field below
	all []mq.Event
}

func (f *failures) hear(event mq.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if event.Kind == mq.EventHandlerFailed {
		f.all = append(f.all, event)
	}
}

// wants waits for the one failure there is since it was called last.
func (f *failures) wants(e *Env, how string) {
	e.t.Helper()
	e.Eventually(func() bool { return f.count() > 0 }, "no event")
	e.Settle()
	require.Equal(e.t, 1, f.count(), how)
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.all[0].Err
	f.all = nil
	p, panicked := errors.AsType[*mq.PanicError](err)
	switch how {
	case "error":
		require.ErrorIs(e.t, err, errHandler)
	case "panic":
		require.True(e.t, panicked, "want a PanicError: %v", err)
		require.Equal(e.t, "panic", p.Value)
		require.Contains(e.t, string(p.Stack), "failing", "where it panicked")
		require.Contains(e.t, err.Error(), "panic: panic")
	default:
		require.ErrorContains(e.t, err, "Goexit")
		require.False(e.t, panicked)
	}
}

func (f *failures) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.all)
}

// failing makes a REP of two handlers that fail, with a REQ.
func (e *Env) failing(opts ...mq.Option) (mq.Req, mq.Rep, *failures, *Call) {
	e.t.Helper()
	f := &failures{}
	req, rep := e.Req(), e.Rep(append(opts, mq.WithHandlers(2), mq.WithEvents(f.hear))...)
	e.Link(rep, req)
	serving := e.Go("Serve", func(ctx context.Context) (m mq.Message, err error) { return m, rep.Serve(ctx, failing) })
	return req, rep, f, serving
}

// waysToFail are more than there are handlers, so that one lost each time would be missed.
var waysToFail = []string{"error", "panic", "exit", "exit", "exit", "panic", "panic", "error", "error", "exit"}

// serveFailureLaws are about handlers that fail.
var serveFailureLaws = []Law{
	{
		ID: "MQ-SRV-05", Pattern: "Serve",
		Shall: "drop a request whose handler returns an error, panics or ends its goroutine, tell EventHandlerFailed, and live on",
		Run: func(t *testing.T, e *Env) {
			req, rep, f, serving := e.failing()
			var unanswered []*Call
			for i, how := range waysToFail {
				unanswered = append(unanswered, e.doing(req, how))
				f.wants(e, how)
				x := numbers(len(waysToFail))[i]
				e.does(req, x, "re "+x)
			}
			e.Blocked(append(unanswered, serving)...)
			e.Cancel(unanswered...)
			require.EqualValues(t, len(waysToFail), rep.Stats().Sent, "no reply to those that failed")
			e.Cancel(serving)
		},
	},
	{
		ID: "MQ-SRV-06", Pattern: "Serve",
		Shall: "answer a request whose handler has failed with what WithErrorReply makes of the error, to whoever asks",
		Run: func(t *testing.T, e *Env) {
			req, rep, f, serving := e.failing(mq.WithErrorReply(func(err error) mq.Message {
				if p, ok := errors.AsType[*mq.PanicError](err); ok {
					return mq.Text("sorry, panic", p.Value.(string))
				}
				return mq.Text("sorry", err.Error())
			}))
			turns, dealer := e.Req(), e.Dealer()
			e.Link(rep, turns, dealer)
			for _, how := range waysToFail {
				want := map[string]string{
					"error": "sorry|handler error",
					"panic": "sorry, panic|panic",
					"exit":  "sorry|the handler called runtime.Goexit",
				}[how]
				e.does(req, how, want)
				f.wants(e, how)
				e.Send(turns, how)
				e.Gets(turns, want)
				f.wants(e, how)
				e.Send(dealer, "id", "", how)
				e.Gets(dealer, "id||"+want)
				f.wants(e, how)
				e.does(req, "fine", "re fine")
			}
			e.Cancel(serving)
		},
	},
	{
		ID: "MQ-SRV-06", Pattern: "Serve",
		Shall: "drop the request and live on if the function of WithErrorReply panics too, or ends its goroutine",
		Run: func(t *testing.T, e *Env) {
			for _, exits := range []bool{false, true} {
				told := 2 // events for each
				req, rep, f, serving := e.failing(mq.WithErrorReply(func(err error) mq.Message {
					if exits {
						runtime.Goexit()
					}
					panic(err)
				}))
				if exits {
					told = 1
				}
				var unanswered []*Call
				for i, how := range waysToFail {
					unanswered = append(unanswered, e.doing(req, how))
					e.Eventually(func() bool { return f.count() >= told*(i+1) }, "want %d events", told*(i+1))
					e.does(req, "fine", "re fine")
				}
				e.Blocked(append(unanswered, serving)...)
				require.EqualValues(t, len(waysToFail), rep.Stats().Sent)
				e.Cancel(unanswered...)
				e.Cancel(serving)
			}
		},
	},
	{
		ID: "MQ-SRV-05 MQ-SRV-02", Pattern: "Serve",
		Shall: "end when its context or the socket does although handlers end their goroutines just then",
		Run: func(t *testing.T, e *Env) {
			e.manyTimes(func(i int) {
				req, rep, _, serving := e.failing()
				var unanswered []*Call
				for range 4 {
					unanswered = append(unanswered, e.doing(req, "exit"))
				}
				dither(i)
				if i%2 == 0 {
					serving.cancel()
					e.Failed(serving, context.Canceled)
					e.Cancel(unanswered...)
					return
				}
				rest(t, rep.Close()) // over a network it hands back what it has not received
				e.Failed(serving, mq.ErrClosed)
				e.Close(req)
			})
		},
	},
}
