// SPDX-License-Identifier: MIT

package measure

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/seedmq/mq/bench/internal/peer"
)

// Runner makes the measurements of a run.
type Runner struct {
	Rounds int
	Time   time.Duration // how long a measurement lasts
	Limit  time.Duration // how long a set-up may last, and a measurement
	Scale  Scale
	N      int // times of each, in place of as many as last Time; 0 to try. Fewer of large messages
	Log    io.Writer
	Limits map[string]*Limits // by table, as seen so far; filled in by Run
}

// Run measures the rows. Those of one table take turns: in each round, every row
// is done once by every contender, one after the other, so that what changes on
// the machine meanwhile changes for all of them.
func (r *Runner) Run(ctx context.Context, rows []Row, peers []peer.Contender) ([]*Result, error) {
	var all []*Result
	r.Limits = map[string]*Limits{}
	for len(rows) > 0 {
		n := slices.IndexFunc(rows, func(row Row) bool { return row.Table != rows[0].Table })
		if n < 0 {
			n = len(rows)
		}
		results, err := r.table(ctx, rows[:n], peers)
		all = append(all, results...)
		if err != nil {
			return all, err
		}
		rows = rows[n:]
	}
	return all, nil
}

func (r *Runner) table(ctx context.Context, rows []Row, peers []peer.Contender) ([]*Result, error) {
	results := make([]*Result, len(rows))
	for i, row := range rows {
		results[i] = &Result{Row: row}
		for _, c := range peers {
			if info := c.Info(); row.asks(info) {
				s := &Series{Peer: info, Why: info.Missing, Samples: make([][]Sample, len(row.Lines))}
				results[i].Series = append(results[i].Series, s)
			}
		}
	}
	limits := &Limits{}
	r.Limits[rows[0].Table] = limits
	for round := range r.Rounds + 1 { // the first is to find out how many times
		r.say(rows[0].Table, round)
		limits.look()
		for _, result := range results {
			if err := r.round(ctx, result, peers, round); err != nil {
				return nil, err
			}
		}
	}
	return results, nil
}

func (r *Runner) say(table string, round int) {
	what := fmt.Sprintf("round %d of %d", round, r.Rounds)
	if round == 0 {
		what = "trying"
	}
	fmt.Fprintf(r.Log, "%s  %s: %s\n", time.Now().Format(time.TimeOnly), table, what)
}

// round measures a row with everybody.
func (r *Runner) round(ctx context.Context, result *Result, peers []peer.Contender, round int) error {
	row := result.Row
	row.prepare()
	for _, c := range peers {
		s := result.Of(c.Info().Name)
		tryOnly := round == 0 && (r.N > 0 || row.Fixed > 0)
		if s == nil || s.Why != "" || tryOnly || row.Most > 0 && round > row.Most {
			continue
		}
		if round > 0 && r.N > 0 {
			s.N = min(r.N, max(20, row.work.Queue()))
		}
		res, err := r.once(ctx, row, c, s.N)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.Why = reason(err)
			fmt.Fprintf(r.Log, "          %s, %s: %s\n", row.Name, s.Peer.Name, s.Why)
			continue
		}
		s.N, s.Left = res.N, max(s.Left, res.Left)
		if round > 0 {
			for i := range row.Lines {
				s.Samples[i] = append(s.Samples[i], res.Samples[i])
			}
		}
	}
	return nil
}

func (r *Runner) once(ctx context.Context, row Row, c peer.Contender, n int) (result, error) {
	o := options{Scale: r.Scale, Time: r.Time, Limit: r.Limit}
	if row.Slow {
		o.Limit *= 3
	}
	if row.Alone || c.Info().Leaves || c.Info().Apart {
		return apart(ctx, row, c, o, n)
	}
	return measure(ctx, row, c, o, n)
}
