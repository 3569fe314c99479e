// SPDX-License-Identifier: MIT

package plots

import (
	"image/color"
	"math"
	"slices"
	"strings"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/seedmq/mq/bench/internal/measure"
	"github.com/seedmq/mq/bench/internal/stat"
)

// group is a few bars side by side. A bar that is NaN is missing.
type group struct {
	name string
	bars []float64
}

// bars draws groups of bars with the numbers above them.
type bars struct {
	groups []group
	colors []color.Color // by place in the group
	label  func(float64) string
}

// Plot implements plot.Plotter. The i-th group is around i on the axis.
func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	number := style(7, ink, font.WeightNormal)
	number.Rotation = math.Pi / 2
	number.YAlign = draw.YCenter
	for i, g := range b.groups {
		room := (x(float64(i)+0.5) - x(float64(i)-0.5)) * 0.86
		each := room / vg.Length(len(g.bars))
		left := x(float64(i)) - room/2
		for j, v := range g.bars {
			from, to := left+each*vg.Length(j), left+each*(vg.Length(j)+0.88)
			at := vg.Point{X: (from + to) / 2, Y: c.Min.Y + vg.Points(3)}
			if math.IsNaN(v) {
				missing := number
				missing.Color = pale
				c.FillText(missing, at, "cannot")
				continue
			}
			top := y(v)
			c.FillPolygon(b.colors[j], []vg.Point{{X: from, Y: c.Min.Y}, {X: to, Y: c.Min.Y}, {X: to, Y: top}, {X: from, Y: top}})
			at.Y = top + vg.Points(3)
			c.FillText(number, at, b.label(v))
		}
	}
}

// barChart makes a chart of groups, with a key for each place in them.
func barChart(file, title string, legend []key, groups []group, label, tick func(float64) string) *chart {
	var values []float64
	b := bars{groups: groups, label: label}
	for _, k := range legend {
		b.colors = append(b.colors, k.color)
	}
	var ticks []plot.Tick
	for i, g := range groups {
		for _, v := range g.bars {
			if !math.IsNaN(v) {
				values = append(values, v)
			}
		}
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: g.name})
	}
	if len(values) == 0 {
		return nil
	}
	lo, hi := decadesAround(values)
	p := newPlot(lo, hi, tick)
	p.X.Min, p.X.Max = -0.5, float64(len(groups))-0.5
	p.X.Tick.Marker = plot.ConstantTicks(ticks)
	p.X.Tick.LineStyle.Width = 0
	p.Add(rules{}, b)
	return &chart{file: file, title: title, legend: legend, draw: p.Draw}
}

// throughput shows one way, 16 bytes, by who sends and receives.
func throughput(results []*measure.Result) *chart {
	return rates(results, "throughput.svg", "One way, 16 bytes: messages per second (more is better)",
		func(r measure.Row) (string, bool) {
			name, isSmall := strings.CutSuffix(r.Lines[0].Name, ", 16 B")
			return name, isSmall && r.Table == measure.OneWay
		})
}

// wire shows one way over tcp, for three sizes of messages.
func wire(results []*measure.Result) *chart {
	return rates(results, "wire.svg", "One way over tcp: messages per second (more is better)",
		func(r measure.Row) (string, bool) {
			size, isTCP := strings.CutPrefix(r.Lines[0].Name, "tcp, ")
			return size, isTCP && r.Table == measure.WireOneWay && slices.Contains([]int{10, 1000, 100_000}, r.Size())
		})
}

// rates shows messages per second by contender, in groups: the rows for which named
// returns a name and true.
func rates(results []*measure.Result, file, title string, named func(measure.Row) (string, bool)) *chart {
	var legend []key
	var groups []group
	for _, r := range results {
		name, ok := named(r.Row)
		if !ok {
			continue
		}
		g := group{name: name}
		legend = legend[:0]
		for _, s := range r.Series {
			if s.Peer.Missing != "" {
				continue
			}
			k := contenderKey(s.Peer.Name)
			k.glyph = nil
			legend = append(legend, k)
			g.bars = append(g.bars, 1e9/stat.Median(s.Values(0)))
		}
		groups = append(groups, g)
	}
	return barChart(file, title, legend, groups, short, short)
}

// latency shows the percentiles of the round trips of a row by contender. The lines are
// the mean, the percentiles and perhaps something else.
func latency(results []*measure.Result, row, file, title string) *chart {
	shades := []color.Color{
		color.RGBA{0x9E, 0xCA, 0xE1, 0xFF}, color.RGBA{0x42, 0x92, 0xC6, 0xFF}, color.RGBA{0x08, 0x45, 0x94, 0xFF},
	}
	var legend []key
	var groups []group
	for _, r := range results {
		if r.Row.Name != row {
			continue
		}
		lines := r.Row.Lines[1:4]
		for i, line := range lines {
			legend = append(legend, key{name: strings.TrimPrefix(line.Name, "tcp, "), color: shades[i%len(shades)]})
		}
		for _, s := range r.Series {
			if s.Why != "" {
				continue
			}
			g := group{name: s.Peer.Name}
			for i := range lines {
				g.bars = append(g.bars, stat.Median(s.Values(i+1)))
			}
			groups = append(groups, g)
		}
	}
	return barChart(file, title, legend, groups, nanoseconds, nanoseconds)
}
