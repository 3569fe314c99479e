// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// doing starts a Do.
func (e *Env) doing(req mq.Req, parts ...string) *Call {
	return e.Go("Do of "+strings.Join(parts, "|"), func(ctx context.Context) (mq.Message, error) {
		return req.Do(ctx, mq.Text(parts...))
	})
}

// does wants a Do to bring that reply without being blocked for long.
func (e *Env) does(req mq.Req, request, reply string) {
	e.t.Helper()
	require.Equal(e.t, reply, e.Returned(e.doing(req, request)))
}

// desk is a server that answers when it is told to: a ROUTER that keeps what it was asked,
// by the last part.
type desk struct {
	mq.Router
	env *Env

	mu    sync.Mutex // protects the field below
	asked map[string]mq.Message
}

// desk makes a desk.
func (e *Env) desk(opts ...mq.Option) *desk {
	d := &desk{Router: e.Router(opts...), env: e, asked: map[string]mq.Message{}}
	e.Go("Recv of a desk", func(ctx context.Context) (mq.Message, error) {
		for {
			m, err := d.Recv(ctx)
			if err != nil {
				return m, err
			}
			d.mu.Lock()
			d.asked[string(m.Part(m.Len()-1))] = m
			d.mu.Unlock()
		}
	})
	return d
}

// has returns what it was asked, and nothing if it was not.
func (d *desk) has(request string) mq.Message {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked[request]
}

// requests returns all that it was asked.
func (d *desk) requests() (all []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for request := range d.asked {
		all = append(all, request)
	}
	return all
}

// gets waits until it was asked that, and returns it.
func (d *desk) gets(request string) mq.Message {
	d.env.t.Helper()
	d.env.Eventually(func() bool { return d.has(request).More != nil }, "%s is not asked", request)
	return d.has(request)
}

// answers sends a reply to what it was asked: "re " and the request, in its envelope.
func (d *desk) answers(requests ...string) {
	d.env.t.Helper()
	for _, request := range requests {
		m := d.gets(request)
		last := m.Len() - 2 // in More
		reply := append(append([][]byte{}, m.More[:last]...), []byte("re "+request))
		require.NoError(d.env.t, d.Send(d.env.ctx, mq.Message{Data: m.Data, More: reply}))
	}
}

// answered waits until one of the desks was asked that, and has it answer.
func (e *Env) answered(request string, desks ...*desk) {
	e.t.Helper()
	i := -1
	e.Eventually(func() bool {
		i = slices.IndexFunc(desks, func(d *desk) bool { return d.has(request).More != nil })
		return i >= 0
	}, "%s is not asked", request)
	desks[i].answers(request)
}

// sends sends a message of these parts to who has asked that.
func (d *desk) sends(request string, parts ...string) {
	d.env.t.Helper()
	m := mq.Text(parts...)
	m.More = append([][]byte{m.Data}, m.More...)
	m.Data = d.gets(request).Data
	require.NoError(d.env.t, d.Send(d.env.ctx, m))
}

// echo answers all that comes with itself.
func echo(ctx context.Context, s mq.Socket) (m mq.Message, err error) {
	for err == nil {
		if m, err = s.Recv(ctx); err == nil {
			err = s.Send(ctx, m)
		}
	}
	return m, err
}

// servers are all that can answer a Do. Each begins to serve at the address it returns, and
// answers a request with itself.
var servers = []struct {
	name  string
	start func(*Env) (addr string)
}{
	{"REP with Serve", func(e *Env) string {
		rep := e.Rep()
		e.Go("Serve", func(ctx context.Context) (m mq.Message, err error) {
			return m, rep.Serve(ctx, func(_ context.Context, m mq.Message) (mq.Message, error) { return m, nil })
		})
		return e.Bind(rep)
	}},
	{"REP in turns", func(e *Env) string { return e.startEcho(e.Rep()) }},
	{"ROUTER", func(e *Env) string { return e.startEcho(e.Router()) }},
	{"DEALER behind a Proxy", func(e *Env) string {
		front, back, worker := e.Router(), e.Dealer(), e.Dealer()
		e.Link(back, worker)
		e.Go("worker", func(ctx context.Context) (mq.Message, error) { return echo(ctx, worker) })
		e.Go("Proxy", func(ctx context.Context) (m mq.Message, err error) { return m, mq.Proxy(ctx, front, back) })
		return e.Bind(front)
	}},
	{"REP behind a Proxy", func(e *Env) string {
		front, back, rep := e.Router(), e.Dealer(), e.Rep()
		e.Link(back, rep)
		e.Go("worker", func(ctx context.Context) (mq.Message, error) { return echo(ctx, rep) })
		e.Go("Proxy", func(ctx context.Context) (m mq.Message, err error) { return m, mq.Proxy(ctx, front, back) })
		return e.Bind(front)
	}},
}

func (e *Env) startEcho(s mq.Socket) (addr string) {
	e.Go("server", func(ctx context.Context) (mq.Message, error) { return echo(ctx, s) })
	return e.Bind(s)
}

// everybodyDoes has many goroutines call Do over one REQ, and wants each to get its own
// replies, which are what it asked.
func (e *Env) everybodyDoes(req mq.Req, goroutines, rounds int) {
	e.t.Helper()
	calls := make([]*Call, goroutines)
	for i := range calls {
		calls[i] = e.Go("client", func(ctx context.Context) (m mq.Message, err error) {
			for n := 0; n < rounds && err == nil; n++ {
				want := fmt.Sprint(i, " ", n, "||x") // with an empty part
				m, err = req.Do(ctx, mq.Text(strings.Split(want, "|")...))
				if err == nil && text(m) != want {
					err = fmt.Errorf("asked %s, was answered %s", want, text(m))
				}
			}
			return m, err
		})
	}
	for _, c := range calls {
		e.Returned(c)
	}
}

// everyServer runs f over each kind of server by itself, and over two of each at once.
func everyServer(f func(t *testing.T, e *Env, req mq.Req)) func(t *testing.T, e *Env) {
	return func(t *testing.T, e *Env) {
		all := e.Req()
		for _, s := range servers {
			req := e.Req()
			e.Connect(s.start(e), req)
			f(t, e, req)
			for range 2 {
				e.Connect(s.start(e), all)
			}
		}
		e.Peers(all, 2*len(servers))
		f(t, e, all)
	}
}
