// SPDX-License-Identifier: MIT

package transport_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
	"github.com/seedmq/mq/internal/transport"
)

// peer is a party of links that writes down what it is told.
type peer struct {
	kind     transport.Kind
	in       transport.Inbox
	refuse   error                // the answer to Attach
	onAttach func(*transport.End) // in Attach; nil for nothing
	onReady  func()               // in Ready; nil for nothing

	mu   sync.Mutex // protects the fields below
	told []string
	end  *transport.End // attached last
}

func (p *peer) tell(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, what)
}

// heard returns what p was told since it was asked last.
func (p *peer) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	told := p.told
	p.told = nil
	return told
}

func (p *peer) Kind() transport.Kind    { return p.kind }
func (p *peer) HWM() (send, recv int)   { return 10, 10 }
func (p *peer) Inbox() *transport.Inbox { return &p.in }

func (p *peer) Attach(e *transport.End) error {
	p.tell("attach")
	if p.onAttach != nil {
		p.onAttach(e)
	}
	if p.refuse != nil {
		return p.refuse
	}
	p.end = e
	switch p.kind {
	case transport.Pull, transport.Sub:
	default:
		e.Out = transport.NewQueue(10)
	}
	return nil
}

func (p *peer) Ready(*transport.End) {
	p.tell("ready")
	if p.onReady != nil {
		p.onReady()
	}
}

func (p *peer) Detach(e *transport.End) {
	p.tell("detach")
	if e.Out != nil {
		e.Out.Close()
	}
}

func (p *peer) Subscription(*transport.End, string, bool) {}
func (p *peer) Missed(int)                                {}
func (p *peer) RoutingID() string                         { return "" }
func (p *peer) Taken(*transport.End, transport.Msg) bool  { return true }
func (p *peer) Answer(*transport.End, [][]byte, transport.Msg) (his, wanted bool) {
	return false, false
}
func (p *peer) Returned(*transport.End, []transport.Msg) {}

func pairs() (a, b *peer) { return &peer{kind: transport.Pair}, &peer{kind: transport.Pair} }

// requireNoTrace fails if a link that did not come up left something behind.
func requireNoTrace(t *testing.T, peers ...*peer) {
	t.Helper()
	for _, p := range peers {
		require.Zero(t, p.in.Sources())
		if p.end != nil && p.end.Out != nil {
			takers, idle := p.end.Out.Takers()
			require.Zero(t, takers)
			require.Zero(t, idle)
		}
	}
}

func TestLink(t *testing.T) {
	a, b := pairs()
	downs := 0
	link, err := transport.Join(a, b, "", func() { downs++ })
	require.NoError(t, err)
	require.Equal(t, []string{"attach", "ready"}, a.heard())
	require.Equal(t, []string{"attach", "ready"}, b.heard())
	require.Same(t, a.end, b.end.Far)
	require.Same(t, b.end, a.end.Far)
	require.Same(t, a, a.end.Peer)

	a.end.Out.TryPush(msg("to b"))
	b.end.Out.TryPush(msg("to a"))
	m, from, err := b.in.Recv(t.Context())
	require.NoError(t, err)
	require.Equal(t, "to b", text(m))
	require.Same(t, b.end, from.End)
	require.Equal(t, "to a", text(recv(t, &a.in)))

	a.end.Out.TryPush(msg("late"))
	link.Unlink()
	link.Unlink()
	b.end.Unlink()
	require.Equal(t, 1, downs)
	require.Equal(t, []string{"detach"}, a.heard())
	require.Equal(t, []string{"detach"}, b.heard())
	require.Zero(t, a.in.Sources(), "there is nothing for a")
	require.Equal(t, "late", text(recv(t, &b.in)), "b can still take it")
	b.in.Close(nil)
	requireNoTrace(t, a, b)
}

func TestLinkOneWay(t *testing.T) {
	push, pull := &peer{kind: transport.Push}, &peer{kind: transport.Pull}
	_, err := transport.Join(pull, push, "", nil)
	require.NoError(t, err)
	require.Nil(t, push.end.In)
	require.Nil(t, pull.end.Out)
	require.Zero(t, push.in.Sources())
	push.end.Out.TryPush(msg("x"))
	require.Equal(t, "x", text(recv(t, &pull.in)))
	require.Empty(t, pull.end.Reclaim(), "it sent nothing")
	pull.end.Unlink()
	requireNoTrace(t, push, pull)
}

// matrix is who talks to whom (37/ZMTP, The Socket Type Property).
var matrix = map[string][]string{
	"PAIR": {"PAIR"}, "PUSH": {"PULL"}, "PULL": {"PUSH"},
	"PUB": {"SUB", "XSUB"}, "XPUB": {"SUB", "XSUB"}, "SUB": {"PUB", "XPUB"}, "XSUB": {"PUB", "XPUB"},
	"REQ": {"REP", "ROUTER"}, "REP": {"REQ", "DEALER"},
	"DEALER": {"REP", "DEALER", "ROUTER"}, "ROUTER": {"REQ", "DEALER", "ROUTER"},
}

func TestKindsFitAsTheMatrixSays(t *testing.T) {
	require.Len(t, matrix, len(allKinds))
	for _, k := range allKinds {
		require.True(t, k.Fits(k.Peer()))
		for _, other := range allKinds {
			fits := slices.Contains(matrix[k.String()], other.String())
			require.Equal(t, fits, k.Fits(other), "%v and %v", k, other)
			require.Equal(t, fits, other.Fits(k), "%v and %v", other, k)
			require.Equal(t, fits, k.Accepts(other.String()))
			a, b := &peer{kind: k}, &peer{kind: other}
			link, err := transport.Join(a, b, "", nil)
			if fits {
				require.NoError(t, err)
				link.Unlink()
				continue
			}
			require.ErrorIs(t, err, transport.ErrIncompatible)
			require.Empty(t, a.heard())
			require.Empty(t, b.heard())
		}
		require.False(t, k.Accepts(""))
		require.False(t, k.Accepts("STREAM"))
	}
	a, _ := pairs()
	_, err := transport.Join(a, a, "", nil)
	require.ErrorIs(t, err, transport.ErrIncompatible)
}

var allKinds = []transport.Kind{
	transport.Pair, transport.Pub, transport.Sub, transport.Req, transport.Rep, transport.Dealer,
	transport.Router, transport.Pull, transport.Push, transport.XPub, transport.XSub,
}

// TestLinkHasTheName: a ROUTER may call the other side what it likes.
func TestLinkHasTheName(t *testing.T) {
	a, b := &peer{kind: transport.Router}, &peer{kind: transport.Router}
	link, err := transport.Join(a, b, "b", nil)
	require.NoError(t, err)
	defer link.Unlink()
	require.Equal(t, "b", a.end.Name)
	require.Empty(t, b.end.Name)
}

// TestSubIsReadyBeforePub: when a PUB has a peer, it knows what the peer wants.
func TestSubIsReadyBeforePub(t *testing.T) {
	for _, kinds := range [][2]transport.Kind{
		{transport.Pub, transport.Sub}, {transport.Sub, transport.Pub}, {transport.XPub, transport.XSub}, {transport.XSub, transport.XPub},
	} {
		a, b := &peer{kind: kinds[0]}, &peer{kind: kinds[1]}
		var ready []transport.Kind
		for _, p := range []*peer{a, b} {
			p.onReady = func() { ready = append(ready, p.kind) }
		}
		_, err := transport.Join(a, b, "", nil)
		require.NoError(t, err)
		require.Len(t, ready, 2)
		require.False(t, ready[0].Publishes())
		require.True(t, ready[1].Publishes())
	}
}

func TestLinkRefused(t *testing.T) {
	no := errors.New("no")
	down := func() { t.Error("down without having been up") }

	a, b := pairs()
	a.refuse = no
	_, err := transport.Join(a, b, "", down)
	require.ErrorIs(t, err, no)
	require.Equal(t, []string{"attach"}, a.heard())
	require.Empty(t, b.heard())

	a, b = pairs()
	b.refuse = no
	_, err = transport.Join(a, b, "", down)
	require.ErrorIs(t, err, no)
	require.Equal(t, []string{"attach", "detach"}, a.heard())
	require.Equal(t, []string{"attach"}, b.heard())
	a.end.Unlink()
	require.Empty(t, a.heard(), "detached twice")
	requireNoTrace(t, a, b)
}

// TestLinkToClosedInbox: a peer that receives no more may still have messages to be
// taken. What is sent to it stays in the queue.
func TestLinkToClosedInbox(t *testing.T) {
	for _, closed := range [][]int{{0}, {1}, {0, 1}} {
		a, b := pairs()
		for _, i := range closed {
			[]*peer{a, b}[i].in.Close(nil)
		}
		link, err := transport.Join(a, b, "", nil)
		require.NoError(t, err)
		for _, p := range []*peer{a, b} {
			require.Equal(t, ring.OK, p.end.Out.TryPush(msg("x")))
		}
		if len(closed) == 1 {
			require.Equal(t, "x", text(recv(t, &[]*peer{b, a}[closed[0]].in)))
		}
		link.Unlink()
		requireNoTrace(t, a, b)
	}
}

// TestUnlinkMeetsJoin ends a link from both sides at once while it comes up.
func TestUnlinkMeetsJoin(t *testing.T) {
	for range rounds(5000) {
		a, b := pairs()
		var ends sync.WaitGroup
		unlink := func(e *transport.End) { ends.Go(e.Unlink) }
		a.onAttach, b.onAttach = unlink, unlink
		downs := make(chan bool, 2)
		link, err := transport.Join(a, b, "", func() { downs <- true })
		require.NoError(t, err, "it was up, and then ended")
		ends.Wait()
		link.Unlink()
		require.LessOrEqual(t, len(downs), 1)
		require.Equal(t, []string{"attach", "ready", "detach"}, a.heard())
		require.Equal(t, []string{"attach", "ready", "detach"}, b.heard())
		requireNoTrace(t, a, b)
	}
}

// TestDownIsCalledWithoutLocks does in onDown what a transport does there.
func TestDownIsCalledWithoutLocks(t *testing.T) {
	a, b := pairs()
	again := 0
	var link *transport.Link
	var down func()
	down = func() {
		link.Unlink()
		if again++; again < 5 {
			link, _ = transport.Join(b, a, "", down)
			link.Unlink()
		}
	}
	link, err := transport.Join(a, b, "", down)
	require.NoError(t, err)
	link.Unlink()
	require.Equal(t, 5, again)
	requireNoTrace(t, a, b)
}

func TestReclaim(t *testing.T) {
	for _, unlinkFirst := range []bool{false, true} {
		a, b := pairs()
		link, err := transport.Join(a, b, "", nil)
		require.NoError(t, err)
		for _, s := range []string{"0", "1", "2"} {
			a.end.Out.TryPush(msg(s))
		}
		require.Equal(t, "0", text(recv(t, &b.in)))
		require.Empty(t, a.end.Out.Close())
		if unlinkFirst {
			link.Unlink()
		}
		require.Equal(t, []string{"1", "2"}, texts(a.end.Reclaim()))
		require.Empty(t, a.end.Reclaim(), "handed back twice")
		link.Unlink()
		b.in.Close(func(*transport.Source, []transport.Msg) { t.Error("taken twice") })
		requireNoTrace(t, a, b)
	}
}

// TestReclaimMeetsJoin takes back from a peer that is just coming, as the Close of
// a socket does that has heard of it.
func TestReclaimMeetsJoin(t *testing.T) {
	for range rounds(2000) {
		a, b := pairs()
		var back sync.WaitGroup
		a.onAttach = func(e *transport.End) { back.Go(func() { e.Reclaim() }) }
		_, err := transport.Join(a, b, "", nil)
		require.NoError(t, err)
		back.Wait()
		a.end.Unlink()
		requireNoTrace(t, a, b)
	}
}

// TestUnlinkMeetsTraffic ends links while messages go both ways: what was accepted
// is received, or still there for the receiver.
func TestUnlinkMeetsTraffic(t *testing.T) {
	for range rounds(1000) {
		a, b := pairs()
		link, err := transport.Join(a, b, "", nil)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		var senders, receivers sync.WaitGroup
		var sent, got [2]int
		for i, p := range []*peer{a, b} {
			senders.Go(func() {
				for p.end.Out.Send(ctx, msg("x")) == nil {
					sent[i]++
				}
			})
			receivers.Go(func() {
				for {
					if _, _, err := p.in.Recv(ctx); err != nil {
						assert.ErrorIs(t, err, context.Canceled)
						return
					}
					got[i]++
				}
			})
		}
		link.Unlink()
		senders.Wait()
		for a.in.Pending()+b.in.Pending() > 0 { // the receivers are at it
			runtime.Gosched()
		}
		cancel()
		receivers.Wait()
		require.Equal(t, sent[0], got[1])
		require.Equal(t, sent[1], got[0])
		a.in.Close(nil)
		b.in.Close(nil)
		requireNoTrace(t, a, b)
	}
}
