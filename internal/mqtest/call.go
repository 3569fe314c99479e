// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// Call is a call that may block, in a goroutine of its own.
type Call struct {
	what   string             // for failures
	cancel context.CancelFunc // ends its context
	done   chan struct{}      // closed when the call has returned

	// What it returned; read after done.
	msg mq.Message
	err error
}

// Go starts a call. Its ctx is done after Cancel.
func (e *Env) Go(what string, f func(ctx context.Context) (mq.Message, error)) *Call {
	ctx, cancel := context.WithCancel(e.ctx)
	c := &Call{what: what, cancel: cancel, done: make(chan struct{})}
	e.calls = append(e.calls, c)
	go func() {
		defer close(c.done)
		c.msg, c.err = f(ctx)
	}()
	return c
}

// Sending starts a Send of the given parts.
func (e *Env) Sending(s mq.Sender, parts ...string) *Call {
	return e.Go("Send of "+strings.Join(parts, "|"), func(ctx context.Context) (mq.Message, error) {
		return mq.Message{}, s.Send(ctx, mq.Text(parts...))
	})
}

// Receiving starts a Recv.
func (e *Env) Receiving(s mq.Receiver) *Call { return e.Go("Recv", s.Recv) }

// returned reports whether the call has returned by now.
func (c *Call) returned() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// finished reports whether c has returned once all have settled or, over a
// network, in time.
func (e *Env) finished(c *Call) bool {
	if e.scheme.Inproc {
		e.Settle()
		return c.returned()
	}
	select {
	case <-c.done:
		return true
	case <-time.After(patience):
		return false
	}
}

// Blocked proves that the calls do not return as things stand.
func (e *Env) Blocked(calls ...*Call) {
	e.t.Helper()
	e.Settle()
	for _, c := range calls {
		if c.returned() {
			require.Fail(e.t, "does not block", "%s returned %q, %v", c.what, text(c.msg), c.err)
		}
	}
}

// count is how many of the calls have returned once all have settled.
func (e *Env) count(calls []*Call) (returned int) {
	e.Settle()
	for _, c := range calls {
		if c.returned() {
			returned++
		}
	}
	return returned
}

// Returned is what a call that succeeds returned.
func (e *Env) Returned(c *Call) string {
	e.t.Helper()
	require.True(e.t, e.finished(c), "%s is blocked", c.what)
	require.NoError(e.t, c.err, c.what)
	return text(c.msg)
}

// Failed wants a call to fail with an error that is want.
func (e *Env) Failed(c *Call, want error) {
	e.t.Helper()
	require.True(e.t, e.finished(c), "%s is blocked", c.what)
	require.ErrorIs(e.t, c.err, want, c.what)
}

// Cancel ends the context of blocked calls, and so the calls.
func (e *Env) Cancel(calls ...*Call) {
	e.t.Helper()
	for _, c := range calls {
		c.cancel()
		e.Failed(c, context.Canceled)
	}
}

// Send sends a message that there is room for.
func (e *Env) Send(s mq.Sender, parts ...string) {
	e.t.Helper()
	ctx, cancel := e.patient()
	defer cancel()
	start := time.Now()
	require.NoError(e.t, s.Send(ctx, mq.Text(parts...)), "Send of %s", strings.Join(parts, "|"))
	e.atOnce(start)
}

// SendAll sends messages of one part, in order.
func (e *Env) SendAll(s mq.Sender, texts ...string) {
	e.t.Helper()
	for _, x := range texts {
		e.Send(s, x)
	}
}

// Recv takes a message that is there or on its way.
func (e *Env) Recv(s mq.Receiver) mq.Message {
	e.t.Helper()
	ctx, cancel := e.patient()
	defer cancel()
	start := time.Now()
	m, err := s.Recv(ctx)
	require.NoError(e.t, err, "Recv")
	e.atOnce(start)
	return m
}

// Gets wants s to receive messages of these texts, in this order.
func (e *Env) Gets(s mq.Receiver, want ...string) {
	e.t.Helper()
	for i, w := range want {
		require.Equal(e.t, w, text(e.Recv(s)), "message %d of %d", i, len(want))
	}
}

// Empty proves that there is nothing for s to receive.
func (e *Env) Empty(s mq.Receiver) {
	e.t.Helper()
	c := e.Receiving(s)
	e.Blocked(c)
	e.Cancel(c)
}

// Full proves that s cannot send now.
func (e *Env) Full(s mq.Sender) {
	e.t.Helper()
	c := e.Sending(s, "one too many")
	e.Blocked(c)
	e.Cancel(c)
}

// Holds proves that s accepts exactly n messages more. They are called 0, 1, ...
func (e *Env) Holds(s mq.Sender, n int) {
	e.t.Helper()
	e.SendAll(s, numbers(n)...)
	e.Full(s)
}

// Close closes s, and wants exactly these messages back as undelivered.
func (e *Env) Close(s mq.Socket, undelivered ...string) {
	e.t.Helper()
	start := time.Now()
	require.Equal(e.t, undelivered, rest(e.t, s.Close()))
	e.atOnce(start)
}

// atOnce wants no time to have passed in-process, where no timer has a part.
func (e *Env) atOnce(start time.Time) {
	e.t.Helper()
	if e.scheme.Inproc {
		require.Zero(e.t, time.Since(start), "time passed")
	}
}

// rest is what a Close handed back; nil if nothing.
func rest(t *testing.T, err error) (texts []string) {
	t.Helper()
	if err == nil {
		return nil
	}
	u, ok := errors.AsType[*mq.UndeliveredError](err)
	require.True(t, ok, "close: %v", err)
	require.NotEmpty(t, u.Messages)
	for _, m := range u.Messages {
		texts = append(texts, text(m))
	}
	return texts
}

// text is a message as laws write it: its parts, with bars between.
func text(m mq.Message) string {
	parts := make([]string, m.Len())
	for i, p := range m.Parts() {
		parts[i] = string(p)
	}
	return strings.Join(parts, "|")
}

// numbers are the texts 0, 1, ... up to n, with a prefix if one is given.
func numbers(n int, prefix ...string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.Join(prefix, "") + strconv.Itoa(i)
	}
	return all
}

// requireError wants an *mq.Error of the given operation and address around want.
func requireError(t *testing.T, err, want error, op, addr string) {
	t.Helper()
	require.ErrorIs(t, err, want, "%s %s", op, addr)
	e, ok := errors.AsType[*mq.Error](err)
	require.True(t, ok, "%s %s: want an *mq.Error, got %s", op, addr, fmt.Sprintf("%T", err))
	require.Equal(t, []string{op, addr}, []string{e.Op, e.Addr})
}
