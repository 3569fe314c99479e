// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

var serveLaws = slices.Concat(serveManyLaws, serveEndLaws, serveFailureLaws)

// handlers are the handlers of a Serve, which answer when they are told to.
type handlers struct {
	env *Env

	mu     sync.Mutex // protects the fields below
	atWork map[string]chan struct{}
	most   int // at work at once
	ended  int // by the end of their context
}

// serving starts a Serve whose handlers answer with "re " and the request: at once if it
// begins with "now", and otherwise once they may.
func (e *Env) serving(rep mq.Rep) (*handlers, *Call) {
	h := &handlers{env: e, atWork: map[string]chan struct{}{}}
	return h, e.Go("Serve", func(ctx context.Context) (m mq.Message, err error) { return m, rep.Serve(ctx, h.handle) })
}

func (h *handlers) handle(ctx context.Context, m mq.Message) (mq.Message, error) {
	request := text(m)
	may := make(chan struct{})
	h.mu.Lock()
	h.atWork[request] = may
	h.most = max(h.most, len(h.atWork))
	h.mu.Unlock()
	if len(request) < 3 || request[:3] != "now" {
		select {
		case <-may:
		case <-ctx.Done():
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.atWork, request)
	if ctx.Err() != nil {
		h.ended++
	}
	return mq.Text("re " + request), ctx.Err()
}

// busy is which requests are at work, in order.
func (h *handlers) busy() (requests []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for request := range h.atWork {
		requests = append(requests, request)
	}
	slices.Sort(requests)
	return requests
}

// atOnce waits until n are at work, and none more.
func (h *handlers) atOnce(n int) {
	h.env.t.Helper()
	h.env.Eventually(func() bool { return len(h.busy()) == n }, "want %d at work", n)
	h.env.Settle()
	require.Len(h.env.t, h.busy(), n)
}

// works waits until these requests are at work.
func (h *handlers) works(requests ...string) {
	h.env.t.Helper()
	h.env.Eventually(func() bool { return slices.Equal(h.busy(), requests) }, "want at work: %v", requests)
}

// may has handlers answer.
func (h *handlers) may(requests ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, request := range requests {
		close(h.atWork[request])
	}
}

// serveManyLaws are about handlers at work at once.
var serveManyLaws = []Law{
	{
		ID: "MQ-SRV-01", Pattern: "Serve",
		Shall: "have as many handlers at work at once as WithHandlers says, and no more; a request more is received when one has done",
		Run: func(t *testing.T, e *Env) {
			for _, n := range []int{1, 3} {
				req, rep := e.Req(), e.Rep(mq.WithHandlers(n))
				e.Link(rep, req)
				h, _ := e.serving(rep)
				calls := map[string]*Call{}
				for _, x := range numbers(n + 3) {
					calls[x] = e.doing(req, x)
				}
				for left := n + 3; left > 0; left-- {
					h.atOnce(min(n, left))
					x := h.busy()[0]
					h.may(x)
					require.Equal(t, "re "+x, e.Returned(calls[x]))
				}
				require.Equal(t, n, h.most)
				require.EqualValues(t, n+3, rep.Stats().Received)
				require.EqualValues(t, n+3, rep.Stats().Sent)
			}
		},
	},
	{
		ID: "A-REP-02 A-REP-10", Pattern: "Serve",
		Shall: "not let a slow handler hold up others, and send replies as they are ready, each to its own request",
		Run: func(t *testing.T, e *Env) {
			one, two, rep := e.Req(), e.Req(), e.Rep(mq.WithHandlers(4))
			e.Link(rep, one, two)
			h, _ := e.serving(rep)
			slow := []*Call{e.doing(one, "slow 0"), e.doing(one, "slow 1"), e.doing(two, "slow 2")}
			h.works("slow 0", "slow 1", "slow 2")
			for _, x := range numbers(20, "now ") {
				e.does(one, x, "re "+x)
				e.does(two, x, "re "+x)
			}
			e.Blocked(slow...)
			for i, c := range slices.Backward(slow) {
				e.Blocked(slow[:i+1]...)
				h.may(fmt.Sprint("slow ", i))
				require.Equal(t, fmt.Sprint("re slow ", i), e.Returned(c))
			}
		},
	},
	{
		ID: "A-REP-01 A-REP-10", Pattern: "Serve",
		Shall: "serve many REQs that ask in turns",
		Run: func(t *testing.T, e *Env) {
			rep := e.Rep(mq.WithHandlers(8))
			addr, clients := e.Bind(rep), []*Call(nil)
			e.Go("Serve", func(ctx context.Context) (m mq.Message, err error) {
				return m, rep.Serve(ctx, func(_ context.Context, m mq.Message) (mq.Message, error) { return m, nil })
			})
			for i := range 8 {
				req := e.Req()
				e.Connect(addr, req)
				clients = append(clients, e.Go("client", func(ctx context.Context) (m mq.Message, err error) {
					for n := 0; n < 20 && err == nil; n++ {
						err = roundTrip(ctx, req, fmt.Sprint(i, " ", n))
					}
					return m, err
				}))
			}
			for _, c := range clients {
				e.Returned(c)
			}
		},
	},
	{
		ID: "D-REQ-08 A-REP-07", Pattern: "Serve",
		Shall: "give a DEALER its replies as they are ready, in the envelopes of their requests, and skip and count what has no delimiter",
		Run: func(t *testing.T, e *Env) {
			dealer, rep := e.Dealer(), e.Rep(mq.WithHandlers(4))
			e.Link(rep, dealer)
			h, _ := e.serving(rep)
			e.Send(dealer, "no delimiter")
			e.Send(dealer, "x", "y", "", "slow 0")
			e.Send(dealer, "and", "no more")
			e.Send(dealer, "", "slow 1")
			e.Send(dealer, "z", "")
			e.Send(dealer, "z", "", "slow 2", "", "part")
			h.works("slow 0", "slow 1", "slow 2||part")
			h.may("slow 2||part")
			e.Gets(dealer, "z||re slow 2||part")
			h.may("slow 0")
			e.Gets(dealer, "x|y||re slow 0")
			h.may("slow 1")
			e.Gets(dealer, "|re slow 1")
			require.EqualValues(t, 3, rep.Stats().Received)
			if e.scheme.Inproc { // over a network they do not come as far as the socket
				e.dropped(3, rep)
			}
		},
	},
	{
		ID: "D-REQ-09 A-REP-11 A-REP-12", Pattern: "Serve",
		Shall: "drop and count the reply to an asker that has gone, and serve the others",
		Run: func(t *testing.T, e *Env) {
			goes, stays, rep := e.Req(), e.Req(), e.Rep()
			e.Link(rep, goes, stays)
			h, serving := e.serving(rep)
			lost, call := e.doing(goes, "lost"), e.doing(stays, "stays")
			h.works("lost", "stays")
			e.Close(goes)
			e.Failed(lost, mq.ErrClosed)
			e.Peers(rep, 1)
			h.may("lost")
			e.dropped(1, rep)
			e.does(stays, "now", "re now")
			h.may("stays")
			require.Equal(t, "re stays", e.Returned(call))
			e.Blocked(serving)
		},
	},
}
