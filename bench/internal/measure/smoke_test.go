// SPDX-License-Identifier: MIT

package measure

import (
	"context"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seedmq/mq/bench/internal/peer"
)

func TestMain(m *testing.M) {
	if Child() {
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// tiny is a scale at which every row takes a moment.
func tiny() Scale {
	return Scale{
		Matching:    []int{10, 10_000},
		Prefixes:    1000,
		Subscribers: []int{1, 8, 64},
		Peers:       []int{1, 100},
		Routes:      []int{1, 100},
		Copies:      20,
		Settle:      time.Millisecond,
		Idle:        10 * time.Millisecond,
		Connected:   []int{1, 20},
		Lone:        20,
		Traced:      500,
	}
}

// expected are the rows, by the start of their names, that a contender cannot do.
var expected = map[string][]string{
	peer.MQBackground: {"subscribe", "memory/"},
	peer.ChanCtx:      {"subscribe", "memory/"},
	peer.NATS:         {"one-way/ipc/"},
	"libzmq":          {"one-way/PAIR both ways/16"},
	"go-zeromq":       {"one-way/1x1/1000", "one-way/4x1/1000", "one-way/1x4/1000", "one-way/16x16/1000", "one-way/1 PUSH 4 PULL", "memory/queued"},
	"watermill":       {"one-way/1 PUSH 4 PULL", "matching/", "subscribe", "memory/endpoint"},
}

func isExpected(name, row string) bool {
	for _, prefix := range expected[name] {
		if strings.HasPrefix(row, prefix) {
			return true
		}
	}
	return false
}

// TestEveryRowWithEveryContender passes a few messages each. That all of them
// arrive is a condition for a row to end.
func TestEveryRowWithEveryContender(t *testing.T) {
	temporary, err := os.MkdirTemp("", "") // not a longer one: it is a part of addresses
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(temporary)
	t.Setenv("TMPDIR", temporary)
	r := Runner{Rounds: 1, N: 100, Time: time.Millisecond, Limit: 10 * time.Second, Scale: tiny(), Log: t.Output()}
	rows := Rows(r.Scale)
	results, err := r.Run(t.Context(), rows, peer.All())
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(rows) {
		t.Fatalf("%d rows, but %d results", len(rows), len(results))
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("files stayed behind: %v, %v", left, err)
	}
	for _, result := range results {
		for _, s := range result.Series {
			t.Run(result.Row.Name+"/"+s.Peer.Name, func(t *testing.T) { checkSeries(t, result, s) })
		}
	}
}

func checkSeries(t *testing.T, result *Result, s *Series) {
	if s.Peer.Missing != "" {
		if s.Why != s.Peer.Missing {
			t.Errorf("missing, but the table says %q", s.Why)
		}
		if os.Getenv("MQ_REQUIRE_LIBZMQ") != "" {
			t.Fatal(s.Why)
		}
		t.Skip(s.Why)
	}
	if isExpected(s.Peer.Name, result.Row.Name) {
		if s.Why == "" {
			t.Error("can do what it could not, so far")
		}
		return
	}
	if s.Why != "" {
		t.Fatal(s.Why)
	}
	if s.Left != 0 && !s.Peer.Leaves {
		t.Errorf("%d goroutines stayed behind", s.Left)
	}
	for i, line := range result.Row.Lines {
		values := s.Values(i)
		if len(values) != 1 || math.IsNaN(values[0]) || values[0] <= 0 && !line.Bare {
			t.Errorf("%s: %v", line.Name, values)
		}
	}
}

func TestRowNamesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range Rows(Full()) {
		if seen[row.Name] {
			t.Errorf("two rows are called %q", row.Name)
		}
		seen[row.Name] = true
		if len(row.Lines) == 0 || (row.run == nil) == (row.do == nil) {
			t.Errorf("%s: %d lines, and one way to do it is needed", row.Name, len(row.Lines))
		}
	}
}

// Some have nothing to do with work inside the process. Over a network everybody is asked by
// name.
func TestWhoIsAsked(t *testing.T) {
	for _, row := range Rows(Full()) {
		var names []string
		for _, c := range peer.All() {
			if row.asks(c.Info()) {
				names = append(names, c.Info().Name)
			}
		}
		wire := strings.HasPrefix(row.Table, "Network")
		for _, name := range []string{peer.NetConn, peer.MQDealer, peer.MQRelease, peer.LibzmqC, peer.MQToLibzmq, peer.LibzmqToMQ} {
			if !wire && slices.Contains(names, name) {
				t.Errorf("%s: %s is asked", row.Name, name)
			}
		}
		if wire && !slices.Equal(names, row.Peers) { // in the order of the contenders, and all there are
			t.Errorf("%s: %q are asked, and %q answer", row.Name, row.Peers, names)
		}
	}
}

func TestTopicsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, topic := range makeTopics(20_000) {
		if seen[string(topic)] {
			t.Fatalf("%s twice", topic)
		}
		seen[string(topic)] = true
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := Runner{Rounds: 1, N: 1, Limit: time.Second, Scale: tiny(), Log: t.Output()}
	if _, err := r.Run(ctx, Rows(r.Scale)[:1], peer.All()[:1]); err == nil {
		t.Error("it went on")
	}
}
