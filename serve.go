// SPDX-License-Identifier: MIT

package mq

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/seedmq/mq/internal/transport"
)

// Handler makes the reply to a request, for Serve.
type handler = func(context.Context, Message) (Message, error)

// PanicError is what a handler of Serve has failed with that has panicked.
type PanicError struct {
	Value any    // what it panicked with
	Stack []byte // where
}

// Error tells the value and the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v\n\n%s", e.Value, e.Stack) }

// errExit is why a request has no reply whose handler has ended its goroutine.
var errExit = errors.New("the handler called runtime.Goexit")

func (r *rep) Serve(ctx context.Context, h func(context.Context, Message) (Message, error)) error {
	if ctx == nil {
		return nilContext("serve")
	}
	if h == nil {
		panic("mq: Serve with a nil handler")
	}
	if err := r.begin(repServing); err != nil {
		return opError("serve", "", err)
	}
	r.in.InStep.Store(false)
	handling, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(r.ended, cancel)
	s := &server{rep: r, ctx: ctx, handling: handling, handler: h, room: r.config.handlerCount()}
	s.hire()
	s.all.Wait()
	stop()
	cancel()
	r.turn.Lock()
	r.state = repIdle
	r.turn.Unlock()
	return opError("serve", "", s.why)
}

// server is one Serve. It has up to as many workers as there may be handlers: each
// receives a request and handles it. While all are busy with that and there is room,
// another comes.
type server struct {
	rep      *rep
	ctx      context.Context // of receiving
	handling context.Context // of handlers
	handler  handler
	all      sync.WaitGroup // workers
	free     atomic.Int64   // workers that receive

	mu   sync.Mutex // protects the fields below
	room int        // for further workers
	why  error      // that made receiving end; nil before
}

// hire starts a worker.
func (s *server) hire() {
	s.room--
	s.free.Add(1)
	s.all.Go(s.work)
}

func (s *server) work() {
	exited := true
	defer func() {
		if exited { // a handler has ended the goroutine: the worker is replaced
			s.mu.Lock()
			defer s.mu.Unlock()
			s.room++
			if s.free.Load() == 0 && s.why == nil {
				s.hire()
			}
		}
	}()
	for {
		m, from, err := s.rep.next(s.ctx)
		if err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.why == nil {
				s.why = err
			}
			exited = false
			return
		}
		s.busy()
		s.handle(m, from)
		s.free.Add(1)
	}
}

// busy has another worker receive, if nobody does any more.
func (s *server) busy() {
	if s.free.Add(-1) > 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free.Load() == 0 && s.room > 0 && s.why == nil {
		s.hire()
	}
}

// handle makes the reply to a request, and sends it.
func (s *server) handle(m transport.Msg, from *transport.End) {
	exited := true
	defer func() {
		if exited {
			s.failed(m, from, errExit)
		}
	}()
	var request Message
	request.unpack(m)
	reply, err := try(func() (Message, error) { return s.handler(s.handling, request) })
	exited = false
	if err != nil {
		s.failed(m, from, err)
		return
	}
	s.rep.answer(from, m.Envelope(), pack(&reply))
}

// failed sends the reply to a request whose handler made none, if there is one for that.
func (s *server) failed(m transport.Msg, from *transport.End, err error) {
	s.rep.tell(Event{Kind: EventHandlerFailed, Err: err})
	errorReply := s.rep.config.errorReply
	if errorReply == nil {
		return
	}
	reply, err := try(func() (Message, error) { return errorReply(err), nil })
	if err != nil {
		s.rep.tell(Event{Kind: EventHandlerFailed, Err: err})
		return
	}
	s.rep.answer(from, m.Envelope(), pack(&reply))
}

// try calls f, and makes an error of a panic.
func try(f func() (Message, error)) (m Message, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, debug.Stack()}
		}
	}()
	return f()
}
