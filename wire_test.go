// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/internal/transport"
)

// wire is a transport under the scheme "wire" of which the tests play the far end:
// they let a session come to an address, as a connection does that was accepted or
// dialled.
type wire struct {
	mu      sync.Mutex                    // protects the fields below
	peers   map[string]transport.Peer     // the sockets, by the address they are bound or connected to
	options map[string]*transport.Options // theirs

	seeks atomic.Bool // Connect goes on seeking while the socket closes
}

var theWire = &wire{peers: map[string]transport.Peer{}, options: map[string]*transport.Options{}}

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
func (w *wire) Bind(addr string, p transport.Peer, o *transport.Options) (transport.Binding, error) {
	if host, ok := strings.CutSuffix(addr, ":0"); ok {
		addr = host + ":5555"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.peers[addr] != nil {
		return nil, transport.ErrAddrInUse
	}
	w.peers[addr], w.options[addr] = p, o
	return wireHold(addr), nil
}

func (w *wire) Connect(addr string, p transport.Peer, _ string, o *transport.Options) (transport.Binding, error) {
	b, err := w.Bind(addr, p, o)
	if err == nil && w.seeks.Load() {
		b = seeker{b.(wireHold)}
	}
	return b, err
}

// come joins a session to the socket at addr.
func (w *wire) come(addr string, s *session) error {
	w.mu.Lock()
	p := w.peers[addr]
	w.mu.Unlock()
	s.kind = p.Kind().Peer()
	_, err := transport.Join(p, s, "", nil)
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
func (s *session) RoutingID() string                         { return "" }
func (s *session) Taken(*transport.End, transport.Msg) bool  { return true }
func (s *session) Answer(*transport.End, [][]byte, transport.Msg) (his, wanted bool) {
	return false, false
}
func (s *session) Returned(*transport.End, []transport.Msg) {}

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

func TestAddrIsResolved(t *testing.T) {
	s := mq.NewPush(mq.WithRuntime(mq.NewRuntime()))
	defer s.Close()
	for range 2 {
		require.NoError(t, s.Bind("wire://host:0"))
		require.Equal(t, "wire://host:5555", s.Addr())
		require.ErrorIs(t, s.Bind("wire://host:5555"), mq.ErrAddrInUse)
		require.NoError(t, s.Bind("inproc://x"))
		require.Equal(t, "inproc://x", s.Addr(), "the last")
		require.NoError(t, s.Unbind("inproc://x"))
		require.Equal(t, "wire://host:5555", s.Addr())
		require.NoError(t, s.Unbind(s.Addr()))
		require.Empty(t, s.Addr())
	}
	require.NoError(t, s.Bind("wire://host:0"))
	require.NoError(t, s.Unbind("wire://host:0"), "as it was asked for")
}

// A subscriber that goes takes its subscriptions along, whether it takes them back or
// not, and leaves those of others.
func TestSubscriptionsEndWithTheirPeer(t *testing.T) {
	for _, takesBack := range []bool{true, false} {
		s, stays := onWire(t, newPub)
		pub := s.(mq.Pub)
		goes := &session{}
		goes.leaves = func() {
			if takesBack {
				goes.end.Far.Peer.Subscription(goes.end.Far, "a", false)
			}
		}
		require.NoError(t, theWire.come("wire://x", goes))
		for _, far := range []*session{stays, goes} {
			for _, prefix := range []string{"a", "ab"} {
				far.end.Far.Peer.Subscription(far.end.Far, prefix, true)
			}
		}
		require.NoError(t, pub.WaitSubscribers(t.Context(), "abc", 2))
		goes.end.Unlink()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Error(t, pub.WaitSubscribers(ctx, "abc", 2))
		send(t, pub, "abc")
		require.Equal(t, mq.Stats{Sent: 1, Queued: 1, Peers: 1}, pub.Stats())
		require.Equal(t, []string{"abc"}, stays.take(t, 1))
		stays.end.Unlink()
		closing(pub)
	}
}

// What remote peers sent, and nobody has received, comes back from Close.
func TestCloseHandsBackWhatRemotePeersSent(t *testing.T) {
	for name, make := range map[string]func(...mq.Option) mq.Socket{"PULL": mq.NewPull, "PAIR": mq.NewPair} {
		s, far := onWire(t, make, mq.WithLinger(0))
		far.give(t, "0")
		far.give(t, "1")
		back, _ := closing(s)
		require.Equal(t, []string{"0", "1"}, back, name)
		require.ErrorIs(t, far.end.Out.Send(t.Context(), transport.Msg{}), mq.ErrClosed)
	}
}
