// SPDX-License-Identifier: MIT

package plots

import (
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/seedmq/mq/bench/internal/measure"
	"github.com/seedmq/mq/bench/internal/stat"
)

// inTable chooses the rows of a table.
func inTable(name string) func(measure.Row) bool {
	return func(r measure.Row) bool { return r.Table == name }
}

// wireFanOut chooses the rows of one size of messages.
func wireFanOut(size int) func(measure.Row) bool {
	return func(r measure.Row) bool { return r.Table == measure.WireFanOut && r.Size() == size }
}

// scaling shows how the cost grows with the number of peers.
func scaling(results []*measure.Result, chosen func(measure.Row) bool, file, title, across string) *chart {
	l := lines{x: short, y: nanoseconds, of: func(ns, _ float64) float64 { return ns }}
	l.collect(results, chosen)
	return l.chart(file, title, across)
}

// bySize shows what of makes of the time per message over tcp and the size of messages.
func bySize(results []*measure.Result, file, title string, label func(float64) string, of func(ns, size float64) float64) *chart {
	l := lines{x: inBytes, y: label, of: of}
	l.collect(results, func(r measure.Row) bool {
		return r.Table == measure.WireOneWay && strings.HasPrefix(r.Name, "one-way/tcp/")
	})
	return l.chart(file, title, "size of a message")
}

// lines has one for each contender, over what grows from row to row, on two
// logarithmic axes.
type lines struct {
	x, y func(float64) string        // write labels
	of   func(ns, n float64) float64 // what is shown of the time that a row takes at n

	points map[string]plotter.XYs
	names  []string // in the order of the contenders
	counts []plot.Tick
	values []float64
}

func (l *lines) collect(results []*measure.Result, chosen func(measure.Row) bool) {
	l.points = map[string]plotter.XYs{}
	for _, r := range results {
		if r.Row.Count == 0 || !chosen(r.Row) {
			continue
		}
		n := float64(r.Row.Count)
		l.counts = append(l.counts, plot.Tick{Value: n, Label: l.x(n)})
		for _, s := range r.Series {
			if s.Why != "" {
				continue
			}
			if _, known := l.points[s.Peer.Name]; !known {
				l.names = append(l.names, s.Peer.Name)
			}
			y := l.of(stat.Median(s.Values(0)), n)
			l.points[s.Peer.Name] = append(l.points[s.Peer.Name], plotter.XY{X: n, Y: y})
			l.values = append(l.values, y)
		}
	}
}

// chart is nil if there is nothing that grows.
func (l *lines) chart(file, title, across string) *chart {
	if len(l.counts) < 2 || len(l.values) == 0 {
		return nil
	}
	lo, hi := decadesAround(l.values)
	p := newPlot(lo, hi, l.y)
	p.X.Scale = plot.LogScale{}
	p.X.Tick.Marker = plot.ConstantTicks(l.counts)
	first, last := l.counts[0].Value, l.counts[len(l.counts)-1].Value
	p.X.Min, p.X.Max = first/1.15, last*1.15
	p.X.Label.Text = across
	p.Add(rules{})
	c := &chart{file: file, title: title, draw: p.Draw}
	for _, name := range l.names {
		k := contenderKey(name)
		c.legend = append(c.legend, k)
		p.Add(&plotter.Line{XYs: l.points[name], LineStyle: draw.LineStyle{Color: k.color, Width: vg.Points(1.5)}})
	}
	for _, name := range l.names { // over all lines
		k := contenderKey(name)
		p.Add(&plotter.Scatter{XYs: l.points[name], GlyphStyle: draw.GlyphStyle{Color: k.color, Radius: vg.Points(3.5), Shape: k.glyph}})
	}
	return c
}
