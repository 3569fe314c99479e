// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/seedmq/mq/bench/internal/measure"
	"github.com/seedmq/mq/bench/internal/peer"
	"github.com/seedmq/mq/bench/internal/stat"
)

// Markdown writes the whole report.
func Markdown(w io.Writer, run Run, results []*measure.Result, plots []string) {
	header(w, run)
	for _, p := range plots {
		fmt.Fprintf(w, "![%s](%s)\n\n", strings.TrimSuffix(p[strings.LastIndex(p, "/")+1:], ".svg"), p)
	}
	goals(w, Goals(results))
	for _, rows := range byTable(results) {
		table(w, run, rows)
	}
	contenders(w, run, results)
}

func header(w io.Writer, r Run) {
	fmt.Fprintf(w, "# mq side by side\n\n")
	fmt.Fprintf(w, "The same work in one process, through mq and through what a Go program would use in its place.\n\n")
	fmt.Fprintf(w, "- Machine: %s\n- Versions: %s\n- Date: %s\n- Command: `%s`\n", r.Machine(), r.Versions(), r.Date, r.Command)
	if r.Note != "" {
		fmt.Fprintf(w, "- Note: %s\n", r.Note)
	}
	fmt.Fprintf(w, `
How to read it: a number is the median of %d rounds, in which the contenders took turns, about %v each. Less is better.
"5.0x (4.1-6.2)" says that **mq is 5.0 times as fast as that contender** (or needs that many times less): the median of the
ratios within one round, and the least and the most of them. More is better for mq, and below 1x mq is slower. A "-" is
explained below its table. What each contender does, and where they are not alike, is at the end.

Where processors are shared with others, "2 cores" can mean less than two, and not the same all the time. Each table says how
much two goroutines got done that only compute: near 2 times as much as one, two that pass messages can be twice as fast as
one that does both; near 1, no way of passing messages gains anything from the second.

`, r.Rounds, r.Time)
}

// byTable groups results as they come.
func byTable(results []*measure.Result) [][]*measure.Result {
	var groups [][]*measure.Result
	for _, r := range results {
		if n := len(groups); n > 0 && groups[n-1][0].Row.Table == r.Row.Table {
			groups[n-1] = append(groups[n-1], r)
		} else {
			groups = append(groups, []*measure.Result{r})
		}
	}
	return groups
}

func table(w io.Writer, run Run, rows []*measure.Result) {
	name := rows[0].Row.Table
	fmt.Fprintf(w, "## %s\n\n%s\n\n", name, about[name])
	fmt.Fprint(w, run.shared(name))
	reasons := &footnotes{}
	medians(w, rows, reasons)
	ratios(w, rows)
	reasons.write(w)
	details(w, rows)
}

// eachLine calls f for every line that the rows have.
func eachLine(rows []*measure.Result, f func(r *measure.Result, i int, line measure.Line)) {
	for _, r := range rows {
		for i, line := range r.Row.Lines {
			f(r, i, line)
		}
	}
}

// heading writes the names of those contenders that keep wants.
func heading(w io.Writer, first string, rows []*measure.Result, keep func(name string) bool) {
	fmt.Fprintf(w, "| %s |", first)
	rule := "| --- |"
	for _, s := range rows[0].Series {
		if keep(s.Peer.Name) {
			fmt.Fprintf(w, " %s |", s.Peer.Name)
			rule += " ---: |"
		}
	}
	fmt.Fprintf(w, "\n%s\n", rule)
}

// oneUnit returns the unit of all lines, or "" if they have several.
func oneUnit(rows []*measure.Result) string {
	unit := rows[0].Row.Lines[0].Unit
	eachLine(rows, func(_ *measure.Result, _ int, line measure.Line) {
		if line.Unit != unit {
			unit = ""
		}
	})
	return unit
}

func medians(w io.Writer, rows []*measure.Result, reasons *footnotes) {
	unit := oneUnit(rows)
	first := unit
	if unit == "" {
		first = "what"
	}
	heading(w, first, rows, func(string) bool { return true })
	eachLine(rows, func(r *measure.Result, i int, line measure.Line) {
		fmt.Fprintf(w, "| %s", line.Name)
		if unit == "" {
			fmt.Fprintf(w, ", %s", line.Unit)
		}
		fmt.Fprint(w, " |")
		for _, s := range r.Series {
			cell := stat.Number(stat.Median(s.Values(i)))
			if s.Why != "" {
				cell = "- " + reasons.mark(s.Peer.Name, s.Why)
			}
			fmt.Fprintf(w, " %s |", cell)
		}
		fmt.Fprintln(w)
	})
	fmt.Fprintln(w)
}

// ratios says how many times as fast as the others mq is.
func ratios(w io.Writer, rows []*measure.Result) {
	others := func(name string) bool { return name != peer.MQ }
	if rows[0].Of(peer.MQ) == nil || len(rows[0].Series) < 2 || rows[0].Row.Table == measure.Idle {
		return
	}
	heading(w, "mq is, against", rows, others)
	eachLine(rows, func(r *measure.Result, i int, line measure.Line) {
		fmt.Fprintf(w, "| %s |", line.Name)
		for _, s := range r.Series {
			if others(s.Peer.Name) {
				fmt.Fprintf(w, " %s |", against(r, i, peer.MQ, s).Times())
			}
		}
		fmt.Fprintln(w)
	})
	fmt.Fprintln(w)
}

// against says how many times as fast as s a contender is.
func against(r *measure.Result, line int, name string, s *measure.Series) stat.Summary {
	return stat.Summarize(stat.Paired(s.Values(line), r.Of(name).Values(line)))
}

// details is the table with everything.
func details(w io.Writer, rows []*measure.Result) {
	fmt.Fprintf(w, "<details><summary>%s: ranges, rates and allocations</summary>\n\n", rows[0].Row.Table)
	fmt.Fprintln(w, "| work | contender | median | min - max | per second | allocs | bytes | mq is | mq-bg is |")
	fmt.Fprintln(w, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	eachLine(rows, func(r *measure.Result, i int, line measure.Line) {
		for _, s := range r.Series {
			if s.Why != "" {
				continue
			}
			sum := stat.Summarize(s.Values(i))
			rate, allocs, bytes := "", "", ""
			if !line.Bare {
				rate = stat.Number(1e9 / sum.Median)
				allocs = few(stat.Median(s.Allocs(i)))
				bytes = few(stat.Median(s.Bytes(i)))
			}
			fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", line.Name, s.Peer.Name,
				stat.Number(sum.Median), sum.Range(), rate, allocs, bytes,
				against(r, i, peer.MQ, s).Times(), against(r, i, peer.MQBackground, s).Times())
		}
	})
	fmt.Fprint(w, "\n</details>\n\n")
}

// few writes a number of allocations or bytes. Starting goroutines allocates a
// little, which is not the work's.
func few(x float64) string {
	if x < nearlyNone {
		return "0"
	}
	return stat.Number(x)
}

// footnotes are the reasons below a table, each once.
type footnotes struct{ texts []string }

func (f *footnotes) mark(name, why string) string {
	text := name + ": " + why
	for i, t := range f.texts {
		if t == text {
			return fmt.Sprintf("(%d)", i+1)
		}
	}
	f.texts = append(f.texts, text)
	return fmt.Sprintf("(%d)", len(f.texts))
}

func (f *footnotes) write(w io.Writer) {
	for i, t := range f.texts {
		fmt.Fprintf(w, "- (%d) %s\n", i+1, t)
	}
	if len(f.texts) > 0 {
		fmt.Fprintln(w)
	}
}

// contenders says what each of them does.
func contenders(w io.Writer, run Run, results []*measure.Result) {
	fmt.Fprintf(w, "## The contenders\n\n")
	for _, p := range run.Peers {
		fmt.Fprintf(w, "- **%s**", p.Name)
		if v := p.Versions(); v != "" {
			fmt.Fprintf(w, " (%s)", v)
		}
		fmt.Fprint(w, ": ")
		if p.Missing != "" {
			fmt.Fprint(w, p.Missing, ".\n")
			continue
		}
		fmt.Fprint(w, p.About)
		if n := leftBehind(results, p.Name); n > 0 {
			fmt.Fprintf(w, " In the worst row %d goroutines were still there after everything was closed.", n)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, method)
}

func leftBehind(results []*measure.Result, name string) int {
	most := 0
	for _, r := range results {
		if s := r.Of(name); s != nil {
			most = max(most, s.Left)
		}
	}
	return most
}
