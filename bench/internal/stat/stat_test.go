// SPDX-License-Identifier: MIT

package stat_test

import (
	"math"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/seedmq/mq/bench/internal/stat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{3, 1}, 2},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		before := slices.Clone(c.values)
		if got := stat.Median(c.values); got != c.want {
			t.Errorf("Median(%v) = %v, want %v", c.values, got, c.want)
		}
		if !slices.Equal(before, c.values) {
			t.Errorf("Median reordered %v to %v", before, c.values)
		}
	}
	if got := stat.Median(nil); !math.IsNaN(got) {
		t.Errorf("Median of nothing is %v", got)
	}
}

func TestSummarize(t *testing.T) {
	if got, want := stat.Summarize([]float64{2, 8, 4}), (stat.Summary{Median: 4, Min: 2, Max: 8}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := stat.Summarize(nil); !math.IsNaN(got.Median) || !math.IsNaN(got.Min) || !math.IsNaN(got.Max) {
		t.Errorf("of nothing: %v", got)
	}
}

// The median of paired ratios is not the ratio of medians: a round in which the
// whole machine was slow counts as any other.
func TestPairedComparesWithinRounds(t *testing.T) {
	theirs, ours := []float64{20, 200, 30}, []float64{10, 100, 10}
	got := stat.Paired(theirs, ours)
	if !slices.Equal(got, []float64{2, 2, 3}) {
		t.Errorf("got %v", got)
	}
	if got := stat.Paired([]float64{1, 2, 3}, []float64{1, 0}); !slices.Equal(got, []float64{1}) {
		t.Errorf("with rounds missing and a zero: %v", got)
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	for p, want := range map[float64]int{0: 1, 50: 50, 99: 99, 99.9: 100, 100: 100} {
		if got := stat.Percentile(hundred, p); got != want {
			t.Errorf("Percentile(1..100, %v) = %v, want %v", p, got, want)
		}
	}
	if got := stat.Percentile([]int{7}, 99.9); got != 7 {
		t.Errorf("of one value: %v", got)
	}
}

func TestNumber(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 0.004: "0.004", 0.5: "0.50", 3.14159: "3.14", 9.996: "10.0", 31.25: "31.2", 99.96: "100", 1234.4: "1,234",
		1e6: "1,000,000", -1234: "-1,234", -12: "-12.0", -123456: "-123,456", math.NaN(): "-", math.Inf(1): "-",
	} {
		if got := stat.Number(x); got != want {
			t.Errorf("Number(%v) = %q, want %q", x, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 1_000_000: "1,000,000", -1000: "-1,000"} {
		if got := stat.Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		s    stat.Summary
		want string
	}{
		{stat.Summary{Median: 2.94, Min: 2.5, Max: 3.1}, "2.9x (2.5-3.1)"},
		{stat.Summary{Median: 0.5, Min: 0.042, Max: 12.3}, "0.50x (0.042-12)"},
		{stat.Summary{Median: 1500, Min: 999, Max: 2000.2}, "1,500x (999-2,000)"},
		{stat.Summarize(nil), "-"},
	} {
		if got := c.s.Times(); got != c.want {
			t.Errorf("Times of %v = %q, want %q", c.s, got, c.want)
		}
	}
}
