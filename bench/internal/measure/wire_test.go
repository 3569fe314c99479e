// SPDX-License-Identifier: MIT

package measure

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seedmq/mq/bench/internal/peer"
)

func TestCallCounts(t *testing.T) {
	const table = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000600           6       100        10 write
 40.00    0.000400           4        40           readv
  0.00    0.000000           0         3           futex
------ ----------- ----------- --------- --------- ----------------
100.00    0.001000           7       143        10 total
`
	counts, err := callCounts(table)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		names []string
		want  int
	}{{writing, 100}, {reading, 40}, {nil, 143}} {
		if got := sum(counts, c.names); got != c.want {
			t.Errorf("%d calls of %v, want %d", got, c.names, c.want)
		}
	}
	if _, err := callCounts("strace: not allowed"); err == nil {
		t.Error("nothing is counted, and nobody says so")
	}
}

// A measurement with large messages has as many as fill the queues, and 20.
func TestLargeMessagesAreEnough(t *testing.T) {
	for _, row := range wireOneWayRows() {
		if row.Least < 20 || row.Least < row.work.Queue() {
			t.Errorf("%s: at least %d messages", row.Name, row.Least)
		}
		if row.size > 100 && row.Least*row.size > 10*64_000_000 {
			t.Errorf("%s: %d messages are more than it takes", row.Name, row.Least)
		}
	}
}

// Who has functions for many messages at once is asked for them.
func TestManyAtOnce(t *testing.T) {
	var sent, received atomic.Int64
	messages := make(chan int, 10)
	c := fake(func(context.Context) (*peer.Rig, error) {
		return &peer.Rig{
			Send:     []func([]byte) error{func([]byte) error { return errors.New("one by one") }},
			Recv:     []func() ([]byte, error){func() ([]byte, error) { return nil, errors.New("one by one") }},
			SendMany: []func(int, []byte) error{func(n int, _ []byte) error { sent.Add(int64(n)); messages <- n; return nil }},
			RecvMany: []func(int, int) error{func(n, _ int) error { received.Add(int64(<-messages)); return nil }},
		}, nil
	})
	if _, err := measure(t.Context(), row(), c, options{Limit: 10 * time.Second}, 70); err != nil {
		t.Fatal(err)
	}
	if sent.Load() != 70 || received.Load() != 70 {
		t.Errorf("%d sent, %d received", sent.Load(), received.Load())
	}
}

// busyRow is one of round trips beside a stream, of a contender that fails after so
// many messages of the stream.
func busyRow(failsAfter int) (Row, peer.Contender) {
	passed := make(chan struct{}) // a message of the stream
	c := fake(func(context.Context) (*peer.Rig, error) {
		left, messages, stopped := failsAfter, make(chan []byte, 10), make(chan struct{})
		return &peer.Rig{
			Send: []func([]byte) error{func(p []byte) error {
				if left--; left == -1 {
					return errors.New("broken off")
				}
				select {
				case messages <- p:
					return nil
				case <-stopped:
					return errors.New("stopped")
				}
			}},
			Recv: []func() ([]byte, error){func() ([]byte, error) {
				select {
				case p := <-messages:
					select {
					case passed <- struct{}{}:
					default:
					}
					return p, nil
				case <-stopped:
					return nil, errors.New("stopped")
				}
			}},
			Ask: func([]byte) error {
				select {
				case <-passed:
					return nil
				case <-stopped:
					return errors.New("stopped")
				}
			},
			Stop: sync.OnceFunc(func() { close(stopped) }),
		}, nil
	})
	r := besideStream(Row{Name: "test", run: roundTrip, work: peer.Work{Pattern: peer.Request, Over: "tcp"}})
	return r, c
}

func TestStreamGoesOnBesideRoundTrips(t *testing.T) {
	r, c := busyRow(1 << 30)
	res, err := measure(t.Context(), r, c, options{Limit: 10 * time.Second}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(res.Samples); n != len(percentiles)+2 || res.Samples[n-1].Value <= 0 || res.Left != 0 {
		t.Errorf("%+v", res)
	}
}

func TestStreamThatBreaksOffIsNamed(t *testing.T) {
	r, c := busyRow(500)
	_, err := measure(t.Context(), r, c, options{Limit: 10 * time.Second}, 100_000)
	if err == nil || !strings.Contains(reason(err), "broken off") {
		t.Errorf("got %v", err)
	}
}

// The goals ask for peers by number, also where there may be fewer.
func TestManyPeersKeepTheirNames(t *testing.T) {
	var names []string
	for _, row := range wireFanInRows(Full()) {
		names = append(names, row.Name)
		if row.work.N > fits(1<<40) || row.Least < perPeer*row.work.N {
			t.Errorf("%s: %d peers, at least %d messages", row.Name, row.work.N, row.Least)
		}
	}
	if want := []string{
		"fan-in/tcp/1", "fan-in/tcp/1000", "fan-in/tcp/10000", "fan-in/tcp/10000/bursts", "fan-in/tcp/10000/busy",
	}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}
