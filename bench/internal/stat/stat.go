// SPDX-License-Identifier: MIT

// Package stat is the little statistics that a comparison needs: medians, ranges
// and ratios of values that were measured side by side.
package stat

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Summary is what is told of several values.
type Summary struct{ Median, Min, Max float64 }

// Summarize returns NaN for everything if there is no value.
func Summarize(values []float64) Summary {
	if len(values) == 0 {
		return Summary{math.NaN(), math.NaN(), math.NaN()}
	}
	return Summary{Median(values), slices.Min(values), slices.Max(values)}
}

// Median is the value in the middle, or the mean of the two there; NaN of nothing.
func Median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Paired divides what was measured in the same round: a[i] by b[i]. Rounds that
// only one of them has, and those that divide by nothing, have no ratio.
func Paired(a, b []float64) []float64 {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		if b[i] != 0 {
			ratios = append(ratios, a[i]/b[i])
		}
	}
	return ratios
}

// Percentile of values that are sorted; p is from 0 to 100. It is one of the
// values: the least that at least p percent do not exceed.
func Percentile[T any](sorted []T, p float64) T {
	i := int(math.Ceil(float64(len(sorted))*p/100)) - 1
	return sorted[max(0, min(i, len(sorted)-1))]
}

// Number writes three significant digits, and thousands apart.
func Number(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return "-"
	case a == 0:
		return "0"
	case a < 0.01:
		return strconv.FormatFloat(x, 'g', 1, 64)
	case a < 9.995:
		return strconv.FormatFloat(x, 'f', 2, 64)
	case a < 99.95:
		return strconv.FormatFloat(x, 'f', 1, 64)
	default:
		return thousands(strconv.FormatFloat(x, 'f', 0, 64))
	}
}

// Count writes a whole number with thousands apart.
func Count(n int) string { return thousands(strconv.Itoa(n)) }

func thousands(digits string) string {
	var groups []string
	for len(digits) > 3 && digits[len(digits)-4] != '-' {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, groups...), ",")
}

// Times writes how many times, such as "2.9x (2.5-3.1)".
func (s Summary) Times() string {
	if math.IsNaN(s.Median) {
		return "-"
	}
	return fmt.Sprintf("%sx (%s-%s)", factor(s.Median), factor(s.Min), factor(s.Max))
}

func factor(x float64) string {
	switch {
	case x < 0.095:
		return strconv.FormatFloat(x, 'f', 3, 64)
	case x < 0.995:
		return strconv.FormatFloat(x, 'f', 2, 64)
	case x < 9.95:
		return strconv.FormatFloat(x, 'f', 1, 64)
	default:
		return thousands(strconv.FormatFloat(x, 'f', 0, 64))
	}
}

// Range writes the least and the most.
func (s Summary) Range() string { return Number(s.Min) + " - " + Number(s.Max) }
