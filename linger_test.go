// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/internal/transport"
)

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

// seeker is the hold of a socket on an address that it goes on seeking.
type seeker struct{ wireHold }

func (seeker) Seeks() {}

// TestCloseWaitsForThePeerThatIsSought: D-LNG-02. What was sent before the peer is there
// waits for it while the socket closes, as long as the linger lasts; calls do not.
func TestCloseWaitsForThePeerThatIsSought(t *testing.T) {
	for name, c := range map[string]struct {
		make        func(...mq.Option) mq.Socket
		comes, dies bool
	}{
		"PUSH, comes":          {mq.NewPush, true, false},
		"PAIR, comes":          {mq.NewPair, true, false},
		"REQ, comes":           {newReq, true, false},
		"PUSH, stays away":     {mq.NewPush, false, false},
		"PAIR, stays away":     {mq.NewPair, false, false},
		"PUSH, comes and dies": {mq.NewPush, true, true},
		"PAIR, comes and dies": {mq.NewPair, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := c.make(mq.WithRuntime(mq.NewRuntime()), mq.WithLinger(time.Minute))
				theWire.seeks.Store(true)
				require.NoError(t, s.Connect("wire://sought"))
				theWire.seeks.Store(false)
				send(t, s, "x")
				var back []string
				var took time.Duration
				closed := make(chan struct{})
				go func() {
					back, took = closing(s)
					close(closed)
				}()
				synctest.Wait()
				require.ErrorIs(t, s.Send(t.Context(), mq.Text("late")), mq.ErrClosed)
				if !c.comes {
					<-closed
					require.Equal(t, time.Minute, took)
					require.Equal(t, []string{"x"}, back)
					return
				}
				time.Sleep(10 * time.Second)
				far := &session{}
				far.flush = func(context.Context) {
					taken := far.take(t, 1)
					if c.dies { // and gives it back
						far.end.Far.Peer.Returned(far.end.Far, []transport.Msg{transport.NewMsg([]byte(taken[0]), nil)})
						far.in.Close(func(_ *transport.Source, rest []transport.Msg) {
							far.end.Far.Peer.Returned(far.end.Far, rest)
						})
						far.end.Unlink()
					}
				}
				require.NoError(t, theWire.come("wire://sought", far))
				if c.dies {
					time.Sleep(10 * time.Second)
					next := &session{}
					next.flush = func(context.Context) { next.take(t, 1) }
					require.NoError(t, theWire.come("wire://sought", next))
				}
				<-closed
				require.Empty(t, back)
				require.Less(t, took, 21*time.Second)
			})
		})
	}
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
		send(t, push, "0", "1")
		lost := make(chan struct{})
		far.flush = func(context.Context) { <-lost }
		go func() {
			far.in.Close(func(_ *transport.Source, rest []transport.Msg) {
				far.end.Far.Peer.Returned(far.end.Far, rest)
			})
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
		second := &session{flush: first.flush}
		back := make(chan []string, 1)
		second.joins = func() {
			go func() {
				all, _ := closing(push)
				back <- all
			}()
			for !errors.Is(push.WaitPeers(t.Context(), 0), mq.ErrClosed) {
				runtime.Gosched()
			}
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
		asked.end.Far.Peer.Taken(asked.end.Far, transport.Msg{})
		other.give(t, "not asked")
		asked.give(t, "answer")
		m, err := req.Recv(t.Context())
		require.NoError(t, err)
		require.Equal(t, "answer", m.String())
		send(t, req, "question")
		asked.take(t, 1)
		asked.end.Far.Peer.Taken(asked.end.Far, transport.Msg{})
		asked.end.Unlink()
		_, err = req.Recv(t.Context())
		require.ErrorIs(t, err, mq.ErrPeerGone)
		require.EqualValues(t, 1, req.Stats().Received)
		require.NoError(t, req.Close())
	})
}
