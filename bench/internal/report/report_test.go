// SPDX-License-Identifier: MIT

package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seedmq/mq/bench/internal/measure"
	"github.com/seedmq/mq/bench/internal/peer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// made returns results of all rows, in which value says what a contender came to.
func made(value func(row string, line int, name string) float64) []*measure.Result {
	var results []*measure.Result
	for _, row := range measure.Rows(measure.Full()) {
		r := &measure.Result{Row: row}
		names := []string{peer.MQ, peer.MQBackground, peer.Chan, peer.ChanCtx}
		if row.Peers != nil {
			names = row.Peers
		}
		for _, name := range names {
			s := &measure.Series{Peer: peer.Info{Name: name, About: "About " + name + "."}}
			for line := range row.Lines {
				v := value(row.Name, line, name)
				s.Samples = append(s.Samples, []measure.Sample{{Value: v}, {Value: v}, {Value: v}})
			}
			r.Series = append(r.Series, s)
		}
		results = append(results, r)
	}
	return results
}

// ideal is a world in which all goals are reached.
func ideal(row string, line int, name string) float64 {
	switch {
	case strings.HasPrefix(row, "memory/queued"):
		return 40
	case row == "memory/tcp-idle":
		return 24_576
	case name == peer.Chan:
		return 200
	case name == peer.ChanCtx:
		return 500
	case name == peer.Libzmq, name == peer.NATS:
		return 510
	case name == peer.NetConn:
		return 80
	}
	return 100
}

// Every goal finds the rows that it is about.
func TestGoalsReached(t *testing.T) {
	for _, g := range Goals(made(ideal)) {
		if g.Met != Yes {
			t.Errorf("%s, %s: %s, %s", g.What, g.Want, g.Got, g.Met)
		}
	}
}

func TestGoalsMissed(t *testing.T) {
	for _, c := range []struct {
		row   string
		line  int
		value float64
		what  string
	}{
		{"one-way/4x1/16", 0, 190, "One way, 4x1, 16 B, mq"},
		{"round-trip", 0, 310, "Round trip, mq"},
		{"round-trip", 2, 410, "Round trip, mq"},
		{"requests/256", 0, 501, "256 requests under way, mq"},
		{"requests/tcp/16", 0, 511, "Requests over tcp, 16 under way"},
		{"requests/tcp/256", 0, 256, "Requests over tcp, 256 under way"},
		{"routing/10000", 0, 310, "Routing to 10,000 peers against 1, mq"},
		{"fan-out/8", 0, 130, "Fan-out to 8, mq"},
		{"fan-out/1000", 0, 160, "Fan-out to 1000 against 8, mq"},
		{"matching/1000000", 1, 310, "Matching, 1,000,000 subscriptions against 10, 256 topics, mq"},
		{"subscribe", 1, 2001, "Unsubscribe of 1,000,000 prefixes"},
		{"fan-in/1000", 0, 160, "Fan-in from 1000 peers against 1, mq"},
		{"fan-in/1-busy", 0, 120, "1000 idle peers beside a busy one, mq"},
		{"one-way/16x16/16/procs=1", 0, 201, "GOMAXPROCS=1, mq"},
		{"one-way/16x16/1000", 0, 201, "All processors, mq"},
		{"idle", 0, 1201, "100 goroutines in Recv"},
		{"memory/link", 0, 4096, "Idle PUSH-PULL link"},
		{"memory/queued", 0, 48.1, "Queued 16-byte message"},
		{"one-way/tcp/10", 0, 128, "One way over tcp, 10 B"},
		{"one-way/tcp/1000", 0, 301, "One way over tcp, 1 kB"},
		{"one-way/tcp/100000", 0, 115, "One way over tcp, 100 kB"},
		{"one-way/tcp/10000000", 0, 101, "One way over tcp, 10 MB"},
		{"one-way/ipc/10", 0, 128, "One way over ipc, 10 B"},
		{"one-way/ipc/1000", 0, 104, "Not losing messages, one way over ipc, 1 kB"},
		{"round-trip/tcp", 1, 104, "Round trip over tcp, 10 B, p50"},
		{"round-trip/tcp", 2, 161, "Round trip over tcp, 10 B, p99"},
		{"round-trip/tcp/busy", 1, 104, "Round trip over tcp, 10 B, beside a stream, p50"},
		{"round-trip/tcp/busy", 2, 161, "Round trip over tcp, 10 B, beside a stream, p99"},
		{"fan-out/tcp/64/1000", 0, 256, "Fan-out over tcp to 64, 1 kB"},
		{"memory/tcp-idle", 0, 24_577, "Idle connection over tcp, each side"},
		{"fan-in/tcp/1000", 0, 201, "Fan-in over tcp from 1,000 peers against 1, mq"},
		{"routing/tcp/10000", 0, 201, "Routing over tcp to 10,000 peers against 1, mq"},
		{"routing/tcp/10000/bursts", 0, 201, "Routing over tcp to 10,000 peers in bursts against 1, mq"},
		{"fan-in/tcp/10000/busy", 0, 151, "Fan-in over tcp from 1 busy peer of 10,000 against 1, mq"},
	} {
		worse := func(row string, line int, name string) float64 {
			if row == c.row && line == c.line && name == peer.MQ {
				return c.value
			}
			return ideal(row, line, name)
		}
		if v := verdict(t, Goals(made(worse)), c.what); v != No {
			t.Errorf("%s, line %d is %v, and %q is %q", c.row, c.line, c.value, c.what, v)
		}
	}
}

// The ends that are of two implementations are judged by their own numbers.
func TestInteropMissesTheGoal(t *testing.T) {
	slow := func(row string, line int, name string) float64 {
		if row == "one-way/tcp/1000" && name == peer.LibzmqToMQ {
			return 511
		}
		return ideal(row, line, name)
	}
	if v := verdict(t, Goals(made(slow)), "One way over tcp, 1 kB, libzmq->mq"); v != No {
		t.Errorf("slower than libzmq: %v", v)
	}
}

func verdict(t *testing.T, goals []Goal, what string) Verdict {
	t.Helper()
	for _, g := range goals {
		if g.What == what {
			return g.Met
		}
	}
	t.Fatalf("no goal %q", what)
	return Unknown
}

func TestAllocationsMissTheGoal(t *testing.T) {
	results := made(ideal)
	for _, r := range results {
		if r.Row.Name == "one-way/PAIR/16" {
			for i := range r.Of(peer.MQ).Samples[0] {
				r.Of(peer.MQ).Samples[0][i].Allocs = 1
			}
		}
	}
	if v := verdict(t, Goals(results), "One way, PAIR, 16 B, mq"); v != No {
		t.Errorf("one allocation for each message: %v", v)
	}
}

func TestAllocationsOverANetwork(t *testing.T) {
	for _, c := range []struct {
		row    string
		allocs float64
		what   string
		want   Verdict
	}{
		{"one-way/tcp/100", 0.1, "Allocations, one way over tcp, 100 B", No},
		{"one-way/tcp/1000", 0.9, "Allocations, one way over tcp, 1 kB", Yes},
		{"one-way/ipc/10000000", 1.1, "Allocations, one way over ipc, 10 MB", No},
	} {
		results := made(ideal)
		for _, r := range results {
			if r.Row.Name == c.row {
				for i := range r.Of(peer.MQ).Samples[0] {
					r.Of(peer.MQ).Samples[0][i].Allocs = c.allocs
				}
			}
		}
		if v := verdict(t, Goals(results), c.what); v != c.want {
			t.Errorf("%v in %s: %v", c.allocs, c.row, v)
		}
	}
}

func TestGoalsWithoutMeasurements(t *testing.T) {
	for _, g := range Goals(nil) {
		if g.Met != Unknown {
			t.Errorf("%s: %s, %s", g.What, g.Got, g.Met)
		}
	}
}

func TestMarkdownNamesWhoCannotAndWhy(t *testing.T) {
	results := made(ideal)[:1]
	results[0].Of(peer.ChanCtx).Why = "has a day off"
	run := Run{CPU: "a processor", Go: "Go 1", Rounds: 7, Time: time.Second, Command: "go run .", Note: "by hand"}
	for _, s := range results[0].Series {
		run.Peers = append(run.Peers, s.Peer)
	}
	var b strings.Builder
	Markdown(&b, run, results, []string{"plots/x.svg"})
	for _, want := range []string{
		"a processor", "`go run .`", "by hand", "![x](plots/x.svg)",
		"| ns per message | mq | mq-bg | chan | chan-ctx |",
		"| 1x1, 16 B | 100 | 100 | 200 | - (1) |",
		"| 1x1, 16 B | 1.0x (1.0-1.0) | 2.0x (2.0-2.0) | - |",
		"- (1) chan-ctx: has a day off",
		"**chan-ctx**: About chan-ctx.",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in:\n%s", want, b.String())
		}
	}
}

func TestEveryTableHasWords(t *testing.T) {
	for _, row := range measure.Rows(measure.Full()) {
		if about[row.Table] == "" {
			t.Errorf("nothing is said about %q", row.Table)
		}
	}
}

func TestCPUModel(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cpuinfo")
	if err := os.WriteFile(file, []byte("processor\t: 0\nmodel name\t: Abacus: 9000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := cpuModel(file); got != "Abacus: 9000" {
		t.Errorf("got %q", got)
	}
	if got := cpuModel(file + "-missing"); got != "unknown processor" {
		t.Errorf("without the file: %q", got)
	}
}
