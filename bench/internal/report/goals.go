// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/seedmq/mq/bench/internal/measure"
	"github.com/seedmq/mq/bench/internal/peer"
	"github.com/seedmq/mq/bench/internal/stat"
)

// Verdict says whether a goal was reached.
type Verdict string

// The verdicts. Unknown is for what was not measured in this run.
const (
	Yes     Verdict = "yes"
	No      Verdict = "no"
	Unknown Verdict = "not measured"
)

// Goal is what mq wants to be, and what it is.
type Goal struct {
	What, Want, Got string
	Met             Verdict
}

// nearlyNone is how many allocations for each message count as none: those that
// start the goroutines of a measurement are in the number.
const nearlyNone = 0.005

// measured finds results by the names of their rows.
type measured map[string]*measure.Result

func index(results []*measure.Result) measured {
	m := measured{}
	for _, r := range results {
		m[r.Row.Name] = r
	}
	return m
}

// values of a contender in a line of a row; nil if there are none.
func (m measured) values(row string, line int, name string) []float64 {
	if r := m[row]; r != nil {
		return r.Of(name).Values(line)
	}
	return nil
}

// times says how many times as fast as theirs ours is.
func (m measured) times(row string, line int, ours, theirs string) stat.Summary {
	return stat.Summarize(stat.Paired(m.values(row, line, theirs), m.values(row, line, ours)))
}

// cost says how many times what theirs costs ours costs.
func (m measured) cost(row string, line int, ours, theirs string) stat.Summary {
	return stat.Summarize(stat.Paired(m.values(row, line, ours), m.values(row, line, theirs)))
}

// growth says how many times what it costs in one row a contender costs in another.
func (m measured) growth(from, to string, line int, name string) stat.Summary {
	return stat.Summarize(stat.Paired(m.values(to, line, name), m.values(from, line, name)))
}

// atLeast and atMost judge. What is NaN was not measured.
func atLeast(x, bound float64) Verdict { return judge(x, x >= bound) }
func atMost(x, bound float64) Verdict  { return judge(x, x <= bound) }

func judge(x float64, met bool) Verdict {
	switch {
	case math.IsNaN(x):
		return Unknown
	case met:
		return Yes
	}
	return No
}

// all is Yes if everything is, and No if anything is.
func all(verdicts ...Verdict) Verdict {
	result := Yes
	for _, v := range verdicts {
		if v == No {
			return No
		}
		if v == Unknown {
			result = Unknown
		}
	}
	return result
}

// The contenders that every goal is asked of: with a context, and without.
var both = []string{peer.MQ, peer.MQBackground}

// Goals judges what was measured.
func Goals(results []*measure.Result) []Goal {
	m := index(results)
	var goals []Goal
	for _, part := range []func(measured) []Goal{
		oneWayGoals, roundTripGoals, requestGoals, fanOutGoals, matchingGoals, fanInGoals, routeGoals, processorGoals,
		restGoals, wireGoals, wireRequestGoals,
	} {
		goals = append(goals, part(m)...)
	}
	return goals
}

func oneWayGoals(m measured) (goals []Goal) {
	for _, name := range both {
		for _, work := range []string{"1x1", "4x1", "1x4", "16x16", "PAIR"} {
			row := "one-way/" + work + "/16"
			ctx, bare := m.times(row, 0, name, peer.ChanCtx), m.times(row, 0, name, peer.Chan)
			allocs := math.NaN()
			if r := m[row]; r != nil {
				allocs = stat.Median(r.Of(name).Allocs(0))
			}
			goals = append(goals, Goal{
				What: fmt.Sprintf("One way, %s, 16 B, %s", work, name),
				Want: "3x chan-ctx, 1.5x chan, no allocation",
				Got:  fmt.Sprintf("%s, %s, %s", ctx.Times(), bare.Times(), count(allocs)),
				Met:  all(atLeast(ctx.Median, 3), atLeast(bare.Median, 1.5), atMost(allocs, nearlyNone)),
			})
		}
	}
	return goals
}

func count(allocs float64) string {
	if math.IsNaN(allocs) {
		return "-"
	}
	return few(allocs)
}

func roundTripGoals(m measured) (goals []Goal) {
	for _, name := range both {
		mean, p99 := m.cost("round-trip", 0, name, peer.Chan), m.cost("round-trip", 2, name, peer.Chan)
		goals = append(goals, Goal{
			What: "Round trip, " + name, Want: "costs at most 1.5x of two unbuffered channels, and p99 2x",
			Got: mean.Times() + ", " + p99.Times(),
			Met: all(atMost(mean.Median, 1.5), atMost(p99.Median, 2)),
		})
	}
	return goals
}

func fanOutGoals(m measured) (goals []Goal) {
	for _, name := range both {
		for _, n := range []int{1, 8, 64} {
			c := m.cost(fmt.Sprint("fan-out/", n), 0, name, peer.Chan)
			goals = append(goals, Goal{
				What: fmt.Sprintf("Fan-out to %d, %s", n, name), Want: "costs at most 0.6x of a loop over channels",
				Got: c.Times(), Met: atMost(c.Median, 0.6),
			})
		}
		goals = append(goals, m.scaling("Fan-out to 1000 against 8", "fan-out/8", "fan-out/1000", 0, name, 1.5))
	}
	return goals
}

// scaling is the goal that a row costs little more than another.
func (m measured) scaling(what, from, to string, line int, name string, bound float64) Goal {
	g := m.growth(from, to, line, name)
	return Goal{
		What: what + ", " + name, Want: fmt.Sprintf("costs at most %vx", bound),
		Got: g.Times(), Met: atMost(g.Median, bound),
	}
}

func matchingGoals(m measured) (goals []Goal) {
	for _, name := range both {
		for line, topics := range []string{"topics over all", "256 topics"} {
			goals = append(goals, m.scaling("Matching, 1,000,000 subscriptions against 10, "+topics,
				"matching/10", "matching/1000000", line, name, 3))
		}
	}
	for line, what := range []string{"Subscribe", "Unsubscribe"} {
		ns := stat.Summarize(m.values("subscribe", line, peer.MQ))
		goals = append(goals, Goal{
			What: what + " of 1,000,000 prefixes", Want: "at most 2,000 ns each",
			Got: stat.Number(ns.Median) + " ns", Met: atMost(ns.Median, 2000),
		})
	}
	return goals
}

func fanInGoals(m measured) (goals []Goal) {
	for _, name := range both {
		goals = append(goals,
			m.scaling("Fan-in from 1000 peers against 1", "fan-in/1", "fan-in/1000", 0, name, 1.5),
			// That something costs nothing cannot be measured more closely than this.
			m.scaling("1000 idle peers beside a busy one", "fan-in/1", "fan-in/1-busy", 0, name, 1.1))
	}
	return goals
}

// processorGoals looks at the rows that are measured with one processor and with all.
func processorGoals(m measured) (goals []Goal) {
	for _, name := range both {
		for _, suffix := range []string{"/procs=1", ""} {
			worst, below, seen := math.NaN(), []string{}, 0
			for _, row := range measure.Rows(measure.Full()) {
				if row.Procs != 1 {
					continue
				}
				work := strings.TrimSuffix(row.Name, "/procs=1")
				x := m.times(work+suffix, 0, name, peer.Chan).Median
				if math.IsNaN(x) {
					continue
				}
				if seen++; seen == 1 || x < worst {
					worst = x
				}
				if x < 1 {
					below = append(below, fmt.Sprintf("%s %s", work, stat.Number(x)+"x"))
				}
			}
			goals = append(goals, Goal{
				What: map[string]string{"/procs=1": "GOMAXPROCS=1, ", "": "All processors, "}[suffix] + name,
				Want: "no row slower than a bare channel",
				Got:  slower(seen, worst, below),
				Met:  atLeast(worst, 1),
			})
		}
	}
	return goals
}

func slower(rows int, worst float64, below []string) string {
	if rows == 0 {
		return "-"
	}
	text := fmt.Sprintf("%d rows, the slowest %sx", rows, stat.Number(worst))
	if len(below) > 0 {
		text += "; below 1x: " + strings.Join(below, ", ")
	}
	return text
}

func restGoals(m measured) []Goal {
	// This close to the channels is none: so much the measurement itself takes.
	const noise = 1000
	waiting, channels := stat.Median(m.values("idle", 0, peer.MQ)), stat.Median(m.values("idle", 0, peer.Chan))
	one := func(what, want, row, unit string, bound float64) Goal {
		x := stat.Median(m.values(row, 0, peer.MQ))
		return Goal{What: what, Want: want, Got: stat.Number(x) + unit, Met: atMost(x, bound)}
	}
	return []Goal{
		{
			What: "100 goroutines in Recv",
			Want: "no processor time: the same as channels, within 0.1 % of a processor",
			Got:  fmt.Sprintf("%s us per second, channels %s us", stat.Number(waiting), stat.Number(channels)),
			Met:  atMost(waiting-channels, noise),
		},
		one("Idle PUSH-PULL link", "below 4,096 bytes", "memory/link", " bytes", math.Nextafter(4096, 0)),
		one("Queued 16-byte message", "at most 48 bytes besides its payload", "memory/queued", " bytes", 48),
	}
}

func goals(w io.Writer, goals []Goal) {
	fmt.Fprint(w, "## Goals\n\nThe median of the ratios within one round, and the least and the most of them.\n\n")
	fmt.Fprint(w, "| goal | wanted | measured | reached |\n| --- | --- | --- | --- |\n")
	for _, g := range goals {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", g.What, g.Want, g.Got, g.Met)
	}
	fmt.Fprintln(w)
}
