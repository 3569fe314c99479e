// SPDX-License-Identifier: MIT

package measure

import (
	"slices"
	"time"

	"github.com/seedmq/mq/bench/internal/stat"
)

// mostTrips bounds the memory for the times of single round trips.
const mostTrips = 1_000_000

// roundTrip asks n questions one after the other without looking at the clock, for
// the mean, and n more with a look at it after each, for the percentiles.
func roundTrip(l *live, n int) (result, error) {
	payload := l.payload()
	m := start()
	if err := produce(l.rig.Ask, n, payload); err != nil {
		return result{}, err
	}
	mean, took := m.stop(n)
	times := make([]time.Duration, min(n, mostTrips))
	m = start()
	last := m.started
	for i := range times {
		if err := l.rig.Ask(payload); err != nil {
			return result{}, err
		}
		now := time.Now()
		times[i] = now.Sub(last)
		last = now
	}
	stamped, _ := m.stop(len(times))
	slices.Sort(times)
	samples := []Sample{mean}
	for _, p := range percentiles {
		s := stamped
		s.Value = float64(stat.Percentile(times, p))
		samples = append(samples, s)
	}
	return result{Samples: samples, Took: took}, nil
}

var percentiles = []float64{50, 99, 99.9}
