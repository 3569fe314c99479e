// SPDX-License-Identifier: MIT

package plots

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/seedmq/mq/bench/internal/measure"
	"github.com/seedmq/mq/bench/internal/stat"
)

// scaling shows how the cost grows with the number of peers, on two logarithmic axes.
func scaling(results []*measure.Result, table, file, title, across string) *chart {
	points := map[string]plotter.XYs{}
	var names []string // in the order of the contenders
	var counts []plot.Tick
	var values []float64
	for _, r := range results {
		if r.Row.Table != table || r.Row.Count == 0 {
			continue
		}
		counts = append(counts, plot.Tick{Value: float64(r.Row.Count), Label: short(float64(r.Row.Count))})
		for _, s := range r.Series {
			if s.Why != "" {
				continue
			}
			if _, known := points[s.Peer.Name]; !known {
				names = append(names, s.Peer.Name)
			}
			y := stat.Median(s.Values(0))
			points[s.Peer.Name] = append(points[s.Peer.Name], plotter.XY{X: float64(r.Row.Count), Y: y})
			values = append(values, y)
		}
	}
	if len(counts) < 2 || len(values) == 0 {
		return nil
	}
	lo, hi := decadesAround(values)
	p := newPlot(lo, hi, nanoseconds)
	p.X.Scale = plot.LogScale{}
	p.X.Tick.Marker = plot.ConstantTicks(counts)
	first, last := counts[0].Value, counts[len(counts)-1].Value
	p.X.Min, p.X.Max = first/1.15, last*1.15
	p.X.Label.Text = across
	p.Add(rules{})
	c := &chart{file: file, title: title, draw: p.Draw}
	for _, name := range names {
		k := contenderKey(name)
		c.legend = append(c.legend, k)
		p.Add(&plotter.Line{XYs: points[name], LineStyle: draw.LineStyle{Color: k.color, Width: vg.Points(1.5)}})
	}
	for _, name := range names { // over all lines
		k := contenderKey(name)
		p.Add(&plotter.Scatter{XYs: points[name], GlyphStyle: draw.GlyphStyle{Color: k.color, Radius: vg.Points(3.5), Shape: k.glyph}})
	}
	return c
}
