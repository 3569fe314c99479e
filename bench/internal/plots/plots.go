// SPDX-License-Identifier: MIT

// Package plots draws the results as SVG.
package plots

import (
	"bytes"
	"os"
	"path/filepath"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/seedmq/mq/bench/internal/measure"
	"github.com/seedmq/mq/bench/internal/report"
)

// chart is one picture.
type chart struct {
	file   string
	title  string
	legend []key
	draw   func(draw.Canvas)
}

// Write draws what was measured into dir, and returns the names of the files. What
// was not measured has no picture.
func Write(dir string, run report.Run, results []*measure.Result) ([]string, error) {
	var names []string
	for _, c := range []*chart{
		throughput(results),
		latency(results, "round-trip", "latency.svg", "Round trip, 16 bytes: time of one (less is better)"),
		scaling(results, inTable(measure.FanOut), "fan-out.svg", "Fan-out: time per delivery (less is better)", "subscribers"),
		scaling(results, inTable(measure.FanIn), "fan-in.svg", "Fan-in: time per message, peers sending in turn (less is better)", "peers"),
		scaling(results, inTable(measure.Matching), "matching.svg", "Matching: time per message, topics over all subscriptions (less is better)",
			"subscriptions of one subscriber"),
		wire(results),
		bySize(results, "wire-messages.svg", "One way over tcp: messages per second (more is better)", short,
			func(ns, _ float64) float64 { return 1e9 / ns }),
		bySize(results, "wire-bytes.svg", "One way over tcp: bytes per second (more is better)", bytesPerSecond,
			func(ns, size float64) float64 { return size * 1e9 / ns }),
		latency(results, "round-trip/tcp", "wire-latency.svg", "Round trip over tcp, 10 bytes: time of one (less is better)"),
		latency(results, "round-trip/tcp/busy", "wire-latency-busy.svg",
			"Round trip over tcp beside a stream of 1 kB: time of one (less is better)"),
		scaling(results, wireFanOut(10), "wire-fan-out.svg", "Fan-out over tcp, 10 bytes: time per delivery (less is better)", "subscribers"),
		scaling(results, wireFanOut(1000), "wire-fan-out-1kB.svg", "Fan-out over tcp, 1 kB: time per delivery (less is better)",
			"subscribers"),
	} {
		if c == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, c.file), c.svg(run), 0o644); err != nil {
			return names, err
		}
		names = append(names, c.file)
	}
	return names, nil
}

// The size of a picture. 600 points are 800 pixels.
const (
	width  = 600 * vg.Inch / 72
	height = 400 * vg.Inch / 72
)

// svg writes the chart. Where Liberation Sans is missing, fonts of the same
// measures take its place.
func (c *chart) svg(run report.Run) []byte {
	canvas := vgsvg.New(width, height)
	c.frame(draw.New(canvas), caption(run))
	var b bytes.Buffer
	canvas.WriteTo(&b) // a bytes.Buffer takes everything
	return bytes.ReplaceAll(b.Bytes(),
		[]byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arimo,Arial,Helvetica,sans-serif;"))
}
