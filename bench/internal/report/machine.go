// SPDX-License-Identifier: MIT

// Package report writes down what was measured: on which machine, in tables, and
// whether the goals were reached.
package report

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/seedmq/mq/bench/internal/measure"
	"github.com/seedmq/mq/bench/internal/peer"
	"github.com/seedmq/mq/bench/internal/stat"
)

// Run is what is to be known of a run besides its numbers.
type Run struct {
	CPU      string
	Cores    int
	Procs    int    // GOMAXPROCS, where a row does not set it
	Platform string // OS/architecture
	Go       string
	Date     string
	Command  string
	Note     string
	Rounds   int
	Time     time.Duration
	Peers    []peer.Info
	Limits   map[string]*measure.Limits // by table
}

// NewRun describes this machine and this moment.
func NewRun(peers []peer.Contender, command, note string, rounds int, each time.Duration) Run {
	r := Run{
		CPU:      cpuModel("/proc/cpuinfo"),
		Cores:    runtime.NumCPU(),
		Procs:    runtime.GOMAXPROCS(0),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Go:       strings.Replace(runtime.Version(), "go", "Go ", 1),
		Date:     time.Now().Format(time.DateOnly),
		Command:  command,
		Note:     note,
		Rounds:   rounds,
		Time:     each,
	}
	for _, p := range peers {
		r.Peers = append(r.Peers, p.Info())
	}
	return r
}

// cpuModel reads the name of the processor where Linux has it.
func cpuModel(file string) string {
	const unknown = "unknown processor"
	f, err := os.Open(file)
	if err != nil {
		return unknown
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return unknown
}

// Machine is one line.
func (r Run) Machine() string {
	return fmt.Sprintf("%s, %d cores, GOMAXPROCS=%d, %s", r.CPU, r.Cores, r.Procs, r.Platform)
}

// shared says how far the processors were the run's own during a table.
func (r Run) shared(table string) string {
	l := r.Limits[table]
	if l == nil || len(l.Line) == 0 {
		return ""
	}
	together, line := stat.Summarize(l.Together), stat.Summarize(l.Line)
	return fmt.Sprintf("The machine meanwhile: two goroutines that only compute got %.1f times (%.1f-%.1f) as much done as one; a cache line\n"+
		"went from one to the other and back in %.0f ns (%.0f-%.0f).\n\n",
		together.Median, together.Min, together.Max, line.Median, line.Min, line.Max)
}

// Versions is one line: what was compared.
func (r Run) Versions() string {
	all := []string{r.Go}
	for _, p := range r.Peers {
		// Two contenders can be the same module.
		if v := p.Versions(); v != "" && v != all[len(all)-1] {
			all = append(all, v)
		}
	}
	return strings.Join(all, "; ")
}
