// SPDX-License-Identifier: MIT

// Command bench does the same work in one process through mq and through what a
// Go program would use in its place, and writes the comparison.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/seedmq/mq/bench/internal/measure"
	"github.com/seedmq/mq/bench/internal/peer"
	"github.com/seedmq/mq/bench/internal/plots"
	"github.com/seedmq/mq/bench/internal/report"
)

// fewest is how many rounds a comparison needs that is written down.
const fewest = 7

func main() {
	if measure.Child() {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	rounds      int
	time, limit time.Duration
	rows, peers *regexp.Regexp
	out, note   string
	command     string
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	var rows, peers string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&s.rounds, "rounds", fewest, "how often everything is measured; at least 7 if results are written")
	f.DurationVar(&s.time, "time", 100*time.Millisecond, "how long a measurement lasts, about")
	f.DurationVar(&s.limit, "limit", 20*time.Second, "a set-up or a measurement that takes longer is given up")
	f.StringVar(&rows, "rows", "", "only rows whose names match this regular expression; \"?\" lists them")
	f.StringVar(&peers, "peers", "", "only contenders whose names match this regular expression")
	f.StringVar(&s.out, "out", ".", "directory for RESULTS.md and plots/; empty to print only")
	f.StringVar(&s.note, "note", "", "what else the report is to say of this run")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if f.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if s.rounds < 1 || s.out != "" && s.rounds < fewest {
		return s, fmt.Errorf("-rounds %d: results that are written need at least %d; with -out '' they are only printed", s.rounds, fewest)
	}
	if s.time <= 0 || s.limit <= 0 {
		return s, fmt.Errorf("-time and -limit have to be above zero")
	}
	if rows == "?" {
		rows = "" // nothing is measured: see run
		s.rounds = 0
	}
	var err error
	if s.rows, err = regexp.Compile(rows); err != nil {
		return s, fmt.Errorf("-rows: %w", err)
	}
	if s.peers, err = regexp.Compile(peers); err != nil {
		return s, fmt.Errorf("-peers: %w", err)
	}
	s.command = command(f)
	return s, nil
}

// command is what to type for the same run. Where the results went is nobody's business.
func command(f *flag.FlagSet) string {
	words := []string{"go run"}
	if libzmqTag {
		words = append(words, "-tags libzmq")
	}
	words = append(words, ".")
	f.VisitAll(func(f *flag.Flag) {
		value := f.Value.String()
		always := f.Name == "rounds" || f.Name == "time"
		if f.Name == "out" || f.Name == "note" || value == f.DefValue && !always {
			return
		}
		if strings.ContainsAny(value, " |*()'\"$\\?[]") || value == "" {
			value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		}
		words = append(words, "-"+f.Name, value)
	})
	return strings.Join(words, " ")
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	rows, contenders := chosen(s)
	if s.rounds == 0 {
		for _, row := range rows {
			fmt.Fprintln(stdout, row.Name)
		}
		return nil
	}
	if len(rows) == 0 || len(contenders) == 0 {
		return fmt.Errorf("nothing to measure: %d rows and %d contenders match", len(rows), len(contenders))
	}
	description := report.NewRun(contenders, s.command, s.note, s.rounds, s.time)
	r := measure.Runner{Rounds: s.rounds, Time: s.time, Limit: s.limit, Scale: measure.Full(), Log: stderr}
	results, err := r.Run(ctx, rows, contenders)
	if err != nil {
		return err
	}
	description.Limits = r.Limits
	return write(s.out, stdout, description, results)
}

func chosen(s settings) (rows []measure.Row, contenders []peer.Contender) {
	for _, row := range measure.Rows(measure.Full()) {
		if s.rows.MatchString(row.Name) {
			rows = append(rows, row)
		}
	}
	for _, c := range peer.All() {
		if s.peers.MatchString(c.Info().Name) {
			contenders = append(contenders, c)
		}
	}
	return rows, contenders
}

// write prints the report, and puts it with its plots into dir unless that is empty.
func write(dir string, stdout io.Writer, run report.Run, results []*measure.Result) error {
	if dir == "" {
		report.Markdown(stdout, run, results, nil)
		return nil
	}
	const folder = "plots"
	if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
		return err
	}
	names, err := plots.Write(filepath.Join(dir, folder), run, results)
	if err != nil {
		return err
	}
	for i := range names {
		names[i] = folder + "/" + names[i]
	}
	file, err := os.Create(filepath.Join(dir, "RESULTS.md"))
	if err != nil {
		return err
	}
	report.Markdown(io.MultiWriter(file, stdout), run, results, names)
	return file.Close()
}
