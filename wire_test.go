// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/internal/transport"
)

// wire is a transport under the scheme "wire" of which the tests play the far end:
// they let a session come to an address, as a connection does that was accepted or
// dialled.
type wire struct {
	mu    sync.Mutex                // protects the field below
	peers map[string]transport.Peer // the sockets, by the address they are bound or connected to
}

var theWire = &wire{peers: map[string]transport.Peer{}}

func init() { transport.Register("wire", theWire) }

// wireHold is the hold of a socket on an address.
type wireHold string

func (h wireHold) Addr() string { return string(h) }

func (h wireHold) Close() error {
	theWire.mu.Lock()
	defer theWire.mu.Unlock()
	delete(theWire.peers, string(h))
	return nil
}

// Bind resolves what ends in :0, as tcp does with a port.
func (w *wire) Bind(addr string, p transport.Peer) (transport.Binding, error) {
	if host, ok := strings.CutSuffix(addr, ":0"); ok {
		addr = host + ":5555"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.peers[addr] != nil {
		return nil, transport.ErrAddrInUse
	}
	w.peers[addr] = p
	return wireHold(addr), nil
}

func (w *wire) Connect(addr string, p transport.Peer) (transport.Binding, error) {
	return w.Bind(addr, p)
}

// come joins a session to the socket at addr.
func (w *wire) come(addr string, s *session) error {
	w.mu.Lock()
	p := w.peers[addr]
	w.mu.Unlock()
	s.kind = p.Kind().Peer()
	_, err := transport.Join(p, s, nil)
	return err
}

// session is a remote peer. It takes nothing from its inbox by itself.
type session struct {
	kind   transport.Kind
	in     transport.Inbox
	end    *transport.End
	joins  func()                // called in Attach; nil for nothing
	leaves func()                // called in Detach; nil for nothing
	flush  func(context.Context) // Flush; nil waits for ctx
}

func (s *session) Kind() transport.Kind    { return s.kind }
func (s *session) HWM() (send, recv int)   { return 1, 1 }
func (s *session) Inbox() *transport.Inbox { return &s.in }

func (s *session) Attach(e *transport.End) error {
	s.end = e
	if s.kind != transport.Sub && s.kind != transport.Pull {
		e.Out = transport.NewQueue(10)
	}
	if s.joins != nil {
		s.joins()
	}
	return nil
}

func (s *session) Ready(*transport.End) {}

func (s *session) Detach(e *transport.End) {
	if e.Out != nil {
		e.Out.Close()
	}
	if s.leaves != nil {
		s.leaves()
	}
}

func (s *session) Subscription(*transport.End, string, bool) {}
func (s *session) Missed(int)                                {}
func (s *session) Taken(*transport.End)                      {}

func (s *session) Flush(ctx context.Context) {
	if s.flush == nil {
		<-ctx.Done()
		return
	}
	s.flush(ctx)
}

// take takes n messages from the socket.
func (s *session) take(t *testing.T, n int) (texts []string) {
	t.Helper()
	for range n {
		m, _, err := s.in.Recv(t.Context())
		require.NoError(t, err)
		texts = append(texts, string(m.First()))
	}
	return texts
}

// give sends a message to the socket.
func (s *session) give(t *testing.T, text string) {
	t.Helper()
	require.NoError(t, s.end.Out.Send(t.Context(), transport.NewMsg([]byte(text), nil)))
}

func send(t *testing.T, s mq.Sender, texts ...string) {
	t.Helper()
	for _, text := range texts {
		require.NoError(t, s.Send(t.Context(), mq.Text(text)))
	}
}

// closing closes s and tells what came back, and how long it took.
func closing(s mq.Socket) (back []string, took time.Duration) {
	start := time.Now()
	if u, ok := errors.AsType[*mq.UndeliveredError](s.Close()); ok {
		for _, m := range u.Messages {
			back = append(back, string(m.Data))
		}
	}
	return back, time.Since(start)
}

// onWire makes a socket with a session at addr, in a runtime of its own.
func onWire(t *testing.T, make func(...mq.Option) mq.Socket, opts ...mq.Option) (mq.Socket, *session) {
	t.Helper()
	s, far := make(append(opts, mq.WithRuntime(mq.NewRuntime()))...), &session{}
	require.NoError(t, s.Connect("wire://x"))
	require.NoError(t, theWire.come("wire://x", far))
	require.NoError(t, s.WaitPeers(t.Context(), 1))
	return s, far
}

func newReq(opts ...mq.Option) mq.Socket { return mq.NewReq(opts...) }
func newRep(opts ...mq.Option) mq.Socket { return mq.NewRep(opts...) }
func newPub(opts ...mq.Option) mq.Socket { return mq.NewPub(opts...) }
func newSub(opts ...mq.Option) mq.Socket { return mq.NewSub(opts...) }

func TestCloseWaitsTheLingerForRemotePeers(t *testing.T) {
	for name, c := range map[string]struct {
		make   func(...mq.Option) mq.Socket
		linger time.Duration
	}{
		"PUSH": {mq.NewPush, 3 * time.Second},
		"PAIR": {mq.NewPair, time.Millisecond},
		"REQ":  {newReq, time.Hour},
		"none": {mq.NewPush, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, far := onWire(t, c.make, mq.WithLinger(c.linger))
				sent := []string{"0", "1", "2"}
				if name == "REQ" {
					sent = sent[:1]
				}
				send(t, s, sent...)
				taken := len(sent) / 2
				far.flush = func(ctx context.Context) {
					require.Equal(t, sent[:taken], append([]string{}, far.take(t, taken)...))
					<-ctx.Done()
				}
				back, took := closing(s)
				require.Equal(t, sent[taken:], back)
				require.Equal(t, c.linger, took)
				far.in.Close(func(*transport.Source, []transport.Msg) { t.Error("handed back, and still there") })
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s, _ := onWire(t, mq.NewPush)
		send(t, s, "x")
		back, took := closing(s)
		require.Equal(t, []string{"x"}, back)
		require.Equal(t, time.Second, took, "the default")
	})
}

func TestCloseReturnsWhenAllIsDelivered(t *testing.T) {
	for _, make := range []func(...mq.Option) mq.Socket{mq.NewPush, mq.NewPair, newReq, newRep, newPub, newSub, mq.NewPull} {
		synctest.Test(t, func(t *testing.T) {
			s, far := onWire(t, make, mq.WithLinger(time.Minute))
			sent := 0
			for sent < 3 && s.Send(t.Context(), mq.Text("x")) == nil && s.Stats().Queued > sent {
				sent++
			}
			far.flush = func(context.Context) {
				time.Sleep(time.Second) // the network's; of the bubble's clock
				far.take(t, sent)
			}
			back, took := closing(s)
			require.Empty(t, back)
			require.Equal(t, time.Second, took)
		})
	}
}

func TestCloseDoesNotWaitForInprocPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := mq.WithRuntime(mq.NewRuntime())
		push, pull := mq.NewPush(rt), mq.NewPull(rt)
		require.NoError(t, pull.Bind("inproc://x"))
		require.NoError(t, push.Connect("inproc://x"))
		send(t, push, "0", "1")
		back, took := closing(push)
		require.Empty(t, back)
		require.Zero(t, took)
		m, err := pull.Recv(t.Context())
		require.NoError(t, err)
		require.Equal(t, "0", m.String())
		back, took = closing(pull)
		require.Equal(t, []string{"1"}, back)
		require.Zero(t, took)
	})
}

// TestCloseWithManyRemotePeers shares one linger among all, and leaves to an inproc
// peer what it can take.
func TestCloseWithManyRemotePeers(t *testing.T) {
	for _, inproc := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			rt := mq.WithRuntime(mq.NewRuntime())
			push, pull := mq.NewPush(rt, mq.WithLinger(time.Second)), mq.NewPull(rt)
			require.NoError(t, push.Bind("wire://x"))
			require.NoError(t, push.Bind("inproc://x"))
			for range 3 {
				require.NoError(t, theWire.come("wire://x", &session{}))
			}
			if inproc {
				require.NoError(t, pull.Connect("inproc://x"))
			}
			send(t, push, "0", "1")
			back, took := closing(push)
			require.Equal(t, time.Second, took)
			if inproc {
				require.Empty(t, back)
				back, _ = closing(pull)
			}
			require.Equal(t, []string{"0", "1"}, back)
			pull.Close()
		})
	}
}

// TestCloseMeetsLossOfTheConnection loses the remote peer at different moments of
// a Close. What it had not taken comes back.
func TestCloseMeetsLossOfTheConnection(t *testing.T) {
	for range 1000 {
		push, far := onWire(t, mq.NewPush)
		far.flush = func(context.Context) {}
		send(t, push, "0", "1")
		lost := make(chan struct{})
		go func() {
			far.end.Unlink()
			close(lost)
		}()
		back, _ := closing(push)
		<-lost
		require.Equal(t, []string{"0", "1"}, back)
	}
	synctest.Test(t, func(t *testing.T) {
		push, far := onWire(t, mq.NewPush)
		far.flush = func(context.Context) { far.end.Unlink() }
		send(t, push, "0", "1")
		back, _ := closing(push)
		require.Equal(t, []string{"0", "1"}, back)
	})
}

// TestCloseWhileARemotePeerJoins closes a socket that has heard of a peer whose link
// is not up yet.
func TestCloseWhileARemotePeerJoins(t *testing.T) {
	for range 200 {
		push, first := onWire(t, mq.NewPush)
		first.flush = func(context.Context) {}
		send(t, push, "0", "1")
		second, flushed := &session{flush: first.flush}, make(chan struct{})
		back := make(chan []string, 1)
		second.flush = func(context.Context) { close(flushed) }
		second.joins = func() {
			go func() {
				all, _ := closing(push)
				back <- all
			}()
			<-flushed
		}
		theWire.come("wire://x", second)
		require.Equal(t, []string{"0", "1"}, <-back)
		for _, s := range []*session{first, second} {
			s.in.Close(func(*transport.Source, []transport.Msg) { t.Error("handed back, and still there") })
		}
	}
}

// TestReqHearsOnlyWhomItAsked: 28/REQREP; and what it does not hear, it does not count.
func TestReqHearsOnlyWhomItAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req, asked := onWire(t, newReq, mq.WithLinger(0))
		other := &session{}
		require.NoError(t, theWire.come("wire://x", other))
		other.give(t, "unasked")
		send(t, req, "question")
		asked.take(t, 1)
		asked.end.Far.Peer.Taken(asked.end.Far)
		other.give(t, "not asked")
		asked.give(t, "answer")
		m, err := req.Recv(t.Context())
		require.NoError(t, err)
		require.Equal(t, "answer", m.String())
		send(t, req, "question")
		asked.take(t, 1)
		asked.end.Far.Peer.Taken(asked.end.Far)
		asked.end.Unlink()
		_, err = req.Recv(t.Context())
		require.ErrorIs(t, err, mq.ErrPeerGone)
		require.EqualValues(t, 1, req.Stats().Received)
		require.NoError(t, req.Close())
	})
}
