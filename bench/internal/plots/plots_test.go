// SPDX-License-Identifier: MIT

package plots

import (
	"bytes"
	"encoding/xml"
	"errors"
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
	if want := []string{"throughput.svg", "latency.svg", "fan-out.svg", "fan-in.svg", "matching.svg", "wire.svg"}; !slices.Equal(names, want) {
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
