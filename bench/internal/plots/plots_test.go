// SPDX-License-Identifier: MIT

package plots

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/seedmq/mq/bench/internal/measure"
	"github.com/seedmq/mq/bench/internal/peer"
	"github.com/seedmq/mq/bench/internal/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// results are made up, with a contender that cannot do anything.
func results() []*measure.Result {
	var all []*measure.Result
	for _, row := range measure.Rows(measure.Full()) {
		r := &measure.Result{Row: row}
		for i, c := range peer.All() {
			s := &measure.Series{Peer: c.Info()}
			s.Peer.Missing = ""
			if i == 5 {
				s.Why = "cannot"
			}
			for line := range row.Lines {
				v := 30 * math.Pow(3, float64(i)) * float64(1+line)
				s.Samples = append(s.Samples, []measure.Sample{{Value: v}, {Value: 2 * v}, {Value: v}})
			}
			r.Series = append(r.Series, s)
		}
		all = append(all, r)
	}
	return all
}

func TestWrite(t *testing.T) {
	run := report.Run{CPU: "Abacus", Cores: 9, Go: "Go 1", Date: "today", Command: "go run .", Rounds: 7}
	dir, again := t.TempDir(), t.TempDir()
	names, err := Write(dir, run, results())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"throughput.svg", "latency.svg", "fan-out.svg", "fan-in.svg", "matching.svg", "wire.svg", "wire-messages.svg", "wire-bytes.svg",
		"wire-latency.svg", "wire-latency-busy.svg", "wire-fan-out.svg", "wire-fan-out-1kB.svg",
	}
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	if _, err := Write(again, run, results()); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		svg, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		words := textOf(t, svg)
		for _, want := range []string{"Abacus", "today", "go run ."} {
			if !strings.Contains(words, want) {
				t.Errorf("%s: there is no %q in: %s", name, want, words)
			}
		}
		if same, err := os.ReadFile(filepath.Join(again, name)); err != nil || !bytes.Equal(svg, same) {
			t.Errorf("%s differs when it is drawn again (%v)", name, err)
		}
	}
}

// textOf returns the words in a picture, and fails if it is not XML.
func textOf(t *testing.T, svg []byte) string {
	t.Helper()
	var words strings.Builder
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return words.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			words.Write(text)
			words.WriteByte(' ')
		}
	}
}

// What a picture of the network is of can be read in it.
func TestWireWords(t *testing.T) {
	dir := t.TempDir()
	if _, err := Write(dir, report.Run{}, results()); err != nil {
		t.Fatal(err)
	}
	for name, all := range map[string][]string{
		"wire.svg":              {"10 B", "1 kB", "100 kB", peer.MQDealer, peer.NetConn},
		"wire-messages.svg":     {"1 B", "10 MB", "size of a message", "messages per second", peer.LibzmqC},
		"wire-bytes.svg":        {"1 B", "10 MB", "kB/s", "size of a message", peer.LibzmqToMQ},
		"wire-latency.svg":      {"p50", "p99", "p99.9", peer.MQToLibzmq},
		"wire-latency-busy.svg": {"p50", "p99.9", "beside a stream", peer.NetConn},
		"wire-fan-out.svg":      {"8", "64", "subscribers", "10 bytes"},
		"wire-fan-out-1kB.svg":  {"8", "64", "subscribers", "1 kB"},
	} {
		svg, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		words := textOf(t, svg)
		for _, want := range all {
			if !strings.Contains(words, want) {
				t.Errorf("%s: there is no %q in: %s", name, want, words)
			}
		}
	}
}

// Who takes part in the same picture can be told apart.
func TestContendersLookDifferent(t *testing.T) {
	for _, row := range measure.Rows(measure.Full()) {
		seen := map[color.Color]string{}
		for _, name := range row.Peers {
			c := contenderKey(name).color
			if seen[c] != "" {
				t.Errorf("%s: %s has the color of %s", row.Name, name, seen[c])
			}
			seen[c] = name
		}
	}
}

func TestNothingMeasuredDrawsNothing(t *testing.T) {
	names, err := Write(t.TempDir(), report.Run{}, nil)
	if err != nil || len(names) > 0 {
		t.Errorf("%v, %v", names, err)
	}
}

func TestNumbersOnAxes(t *testing.T) {
	for x, want := range map[float64]string{1: "1", 64: "64", 1000: "1k", 1_000_000: "1M", 5_500_000: "5.5M", 27_400_000: "27M"} {
		if got := short(x); got != want {
			t.Errorf("short(%v) = %q, want %q", x, got, want)
		}
	}
	for x, want := range map[float64]string{10: "10 ns", 842: "842 ns", 1230: "1.2 µs", 1e5: "100 µs", 2.5e7: "25 ms", 1e9: "1 s"} {
		if got := nanoseconds(x); got != want {
			t.Errorf("nanoseconds(%v) = %q, want %q", x, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	got := wrap("a bc def  ghij", func(s string) bool { return len(s) <= 6 })
	if want := []string{"a bc", "def", "ghij"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
