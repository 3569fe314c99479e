// SPDX-License-Identifier: MIT

package measure

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seedmq/mq/bench/internal/peer"
)

// fake is a contender as a test wants it.
type fake func(ctx context.Context) (*peer.Rig, error)

func (fake) Info() peer.Info { return peer.Info{Name: "fake"} }

func (f fake) Open(ctx context.Context, _ peer.Work) (*peer.Rig, error) { return f(ctx) }

// queue is a contender that does something to the messages on their way.
func queue(change func(p []byte) []byte) fake {
	return func(context.Context) (*peer.Rig, error) {
		c, stopped := make(chan []byte, 10), make(chan struct{})
		return &peer.Rig{
			Send: []func([]byte) error{func(p []byte) error {
				if p = change(p); p != nil {
					c <- p
				}
				return nil
			}},
			Recv: []func() ([]byte, error){func() ([]byte, error) {
				select {
				case p := <-c:
					return p, nil
				case <-stopped:
					return nil, errors.New("stopped")
				}
			}},
			Stop: sync.OnceFunc(func() { close(stopped) }),
		}, nil
	}
}

func row() Row { return oneWayRow("test", small, peer.Work{}) }

func TestSetUpThatTakesTooLongIsNamed(t *testing.T) {
	slow := fake(func(ctx context.Context) (*peer.Rig, error) { <-ctx.Done(); return nil, ctx.Err() })
	_, err := measure(t.Context(), row(), slow, options{Limit: time.Millisecond}, 1)
	if want := "set-up took over 1ms"; err == nil || reason(err) != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestLostMessagesDoNotHang(t *testing.T) {
	odd := false
	lossy := queue(func(p []byte) []byte {
		if odd = !odd; odd {
			return nil
		}
		return p
	})
	_, err := measure(t.Context(), row(), lossy, options{Limit: time.Second}, 10)
	if want := "10 messages took over 1s"; err == nil || reason(err) != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestDamagedMessagesAreNamed(t *testing.T) {
	damaging := queue(func(p []byte) []byte { return p[:3] })
	_, err := measure(t.Context(), row(), damaging, options{Limit: 10 * time.Second}, 5)
	if err == nil || !strings.Contains(reason(err), "3 bytes arrived where one of 16 was sent") {
		t.Errorf("got %v", err)
	}
}

func TestTryingFindsHowManyLastLongEnough(t *testing.T) {
	honest := queue(func(p []byte) []byte { return p })
	o := options{Limit: 10 * time.Second, Time: 100 * time.Millisecond}
	for _, c := range []struct {
		each  time.Duration
		least int
		want  int
	}{
		{time.Microsecond, 1, 100_000},
		{time.Microsecond, 1000, 100_000},
		{30 * time.Millisecond, 1, 3},
		{time.Second, 1, 1},
		{time.Second, 5, 5},
	} {
		r := row()
		r.Least = c.least
		r.run = func(_ *live, n int) (result, error) { return result{Took: time.Duration(n) * c.each}, nil }
		res, err := measure(t.Context(), r, honest, o, 0)
		if err != nil {
			t.Fatal(err)
		}
		if res.N < c.want-1 || res.N > c.want+1 {
			t.Errorf("at %v each and at least %d: %d times are to last %v, want about %d", c.each, c.least, res.N, o.Time, c.want)
		}
	}
}

func TestShareIsFair(t *testing.T) {
	for _, c := range [][2]int{{0, 3}, {1, 4}, {10, 3}, {100, 16}, {7, 7}} {
		n, k := c[0], c[1]
		sum := 0
		for i := range k {
			s := share(n, k, i)
			if s < n/k || s > n/k+1 {
				t.Errorf("share %d of %d of %d is %d", i, k, n, s)
			}
			sum += s
		}
		if sum != n {
			t.Errorf("%d shares of %d are %d together", k, n, sum)
		}
	}
}

func TestFailedContendersAreDropped(t *testing.T) {
	times := 0
	c := fake(func(ctx context.Context) (*peer.Rig, error) {
		if times++; times == 2 {
			return nil, errors.New("no more")
		}
		return queue(func(p []byte) []byte { return p })(ctx)
	})
	r := Runner{Rounds: 3, N: 10, Limit: time.Second, Scale: tiny(), Log: t.Output()}
	results, err := r.Run(t.Context(), []Row{row()}, []peer.Contender{c})
	if err != nil {
		t.Fatal(err)
	}
	s := results[0].Of("fake")
	if s.Why != "failed: no more" || s.Values(0) != nil || times != 2 {
		t.Errorf("after %d times: %q, %v", times, s.Why, s.Values(0))
	}
}

func TestLimitsAreLookedAt(t *testing.T) {
	var l Limits
	l.look()
	want := min(1, runtime.GOMAXPROCS(0)-1) // with a single processor there is nothing to see
	if len(l.Together) != want || len(l.Line) != want {
		t.Fatalf("%d looks, %d of them at a line; want %d", len(l.Together), len(l.Line), want)
	}
	for _, n := range append(l.Together, l.Line...) {
		if n <= 0 {
			t.Errorf("looked, and saw %v", n)
		}
	}
}
