// SPDX-License-Identifier: MIT

// Package measure runs pieces of work through all contenders in turn, round after
// round, and collects what each of them took.
package measure

import (
	"context"
	"slices"
	"time"

	"github.com/seedmq/mq/bench/internal/peer"
)

// Row is one piece of work. It is measured at once, and may yield several lines.
type Row struct {
	Table string // the table that shows it; rows of one table take turns
	Name  string // for the command line; unique
	Lines []Line
	Count int      // of what grows from row to row, such as peers; 0 if nothing does
	Procs int      // GOMAXPROCS; 0 for all there are
	Peers []string // who is asked; nil for everybody but those who want to be named
	Fixed int      // how many times, if that is not chosen by time
	Least int      // times of a measurement, so that it is more than the start of one
	Most  int      // how many rounds are enough; 0 for all there are
	Alone bool     // in a process of its own, so that memory and idle time are its own
	Slow  bool     // takes so long to set up that it may take three times as long as others
	Warm  bool     // done once before it is measured, so that what grows with use has its size

	work   peer.Work
	size   int       // of a payload, in bytes
	beside peer.Work // what a stream beside it is for; nothing if Over is ""
	run    func(l *live, n int) (result, error)
	// do is run for rows that have to look before and after set-up.
	do func(c peer.Contender, o options, n int) (result, error)
}

// Size is that of a payload, in bytes.
func (r Row) Size() int { return r.size }

// asks reports whether a contender is asked to do the row.
func (r Row) asks(info peer.Info) bool {
	if r.Peers == nil {
		return !info.ByName
	}
	return slices.Contains(r.Peers, info.Name)
}

// Line is a number that a row yields. Less is better.
type Line struct {
	Name string
	Unit string
	// Bare lines are of something else than work: nothing is said of allocations.
	Bare bool
}

// Sample is what one measurement of a line came to.
type Sample struct {
	Value  float64 // in the unit of the line
	Allocs float64 // for each message, delivery or round trip
	Bytes  float64 // allocated, likewise
}

// result is one measurement.
type result struct {
	Samples []Sample      // one for each line
	Took    time.Duration // the part that was timed, or the longest of them
	N       int           // how many times
	Left    int           // goroutines that were still there afterwards
}

// options are the same for all measurements of a run.
type options struct {
	Scale Scale
	Time  time.Duration // how long a measurement is to last
	Limit time.Duration // how long a set-up may last, and a measurement
}

// Series is all that was measured of one contender in one row.
type Series struct {
	Peer    peer.Info
	Why     string // why there are no numbers; "" if there are
	N       int
	Left    int        // the most goroutines that stayed behind
	Samples [][]Sample // by line, then by round
}

// Result is a row with what was measured.
type Result struct {
	Row    Row
	Series []*Series // in the order of the contenders
}

// Of returns the series of a contender; nil if it was not asked.
func (r *Result) Of(name string) *Series {
	for _, s := range r.Series {
		if s.Peer.Name == name {
			return s
		}
	}
	return nil
}

// Values of one line, by round; nil if there are none.
func (s *Series) Values(line int) []float64 {
	return s.all(line, func(x Sample) float64 { return x.Value })
}

// Allocs are the allocations of one line, by round.
func (s *Series) Allocs(line int) []float64 {
	return s.all(line, func(x Sample) float64 { return x.Allocs })
}

// Bytes are the allocated bytes of one line, by round.
func (s *Series) Bytes(line int) []float64 {
	return s.all(line, func(x Sample) float64 { return x.Bytes })
}

func (s *Series) all(line int, f func(Sample) float64) []float64 {
	if s == nil || s.Why != "" || line >= len(s.Samples) {
		return nil
	}
	var values []float64
	for _, x := range s.Samples[line] {
		values = append(values, f(x))
	}
	return values
}

// measure does a row once with a contender; n times, or, if n is 0, as often as
// lasts about as long as it should, after trying.
func measure(ctx context.Context, row Row, c peer.Contender, o options, n int) (result, error) {
	restore := setProcs(row.Procs)
	defer restore()
	if row.Fixed > 0 {
		n = row.Fixed
	}
	if row.do != nil {
		return row.do(c, o, n)
	}
	l, err := open(ctx, c, row, o)
	if err != nil {
		return result{}, err
	}
	var res result
	if n > 0 {
		res, err = l.measured(n)
	} else {
		l, res, err = tried(ctx, l, c, row, o)
	}
	if l != nil {
		res.Left = l.close()
	}
	return res, err
}

// tried runs a row in growing numbers until one lasts long enough to tell how many
// are needed, and returns that number. Rigs that are used up are opened anew.
func tried(ctx context.Context, l *live, c peer.Contender, row Row, o options) (*live, result, error) {
	n := max(1, row.Least)
	for {
		res, err := l.measured(n)
		if err != nil {
			return l, res, err
		}
		// What lasts a moment only is mostly goroutines that wake up, so it says little
		// of how long more would last.
		enough := res.Took >= o.Time/2
		n = max(1, row.Least, int(float64(n)*min(20, float64(o.Time)/float64(max(res.Took, 1)))))
		if enough {
			res.N = n
			return l, res, nil
		}
		if !l.rig.Uneven {
			continue
		}
		l.close()
		if l, err = open(ctx, c, row, o); err != nil {
			return nil, res, err
		}
	}
}
