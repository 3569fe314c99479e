// SPDX-License-Identifier: MIT

package plots

import (
	"fmt"
	"math"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// newPlot has a logarithmic vertical axis from lo to hi, labelled at the decades.
// What it is of says the title of the chart.
func newPlot(lo, hi float64, label func(float64) string) *plot.Plot {
	p := plot.New()
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = decades(label)
	p.Y.Min, p.Y.Max = lo, hi
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle = style(9, ink, font.WeightNormal)
		axis.Label.TextStyle.XAlign, axis.Label.TextStyle.YAlign = draw.XCenter, draw.YBottom
		axis.Label.Padding = vg.Points(4)
		axis.Tick.Label.Font = style(8.5, ink, font.WeightNormal).Font
		axis.Tick.Label.Color = ink
		axis.LineStyle.Color, axis.Tick.LineStyle.Color = pale, pale
		axis.LineStyle.Width, axis.Tick.LineStyle.Width = vg.Points(0.5), vg.Points(0.5)
		axis.Tick.Length = vg.Points(4)
		axis.Padding = 0
	}
	return p
}

// decades marks the powers of ten with labels, and what lies between without.
func decades(label func(float64) string) plot.Ticker {
	return plot.TickerFunc(func(lo, hi float64) []plot.Tick {
		var ticks []plot.Tick
		for e := math.Floor(math.Log10(lo)); e <= math.Ceil(math.Log10(hi)); e++ {
			for m := 1.0; m < 10; m++ {
				x := m * math.Pow(10, e)
				if x < lo*0.999 || x > hi*1.001 {
					continue
				}
				t := plot.Tick{Value: x}
				if m == 1 {
					t.Label = label(x)
				}
				ticks = append(ticks, t)
			}
		}
		return ticks
	})
}

// lines across the plot at the decades.
type rules struct{}

func (rules) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if t.Label != "" {
			c.StrokeLine2(draw.LineStyle{Color: grid, Width: vg.Points(0.5)}, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}

// decadesAround returns the powers of ten around values, with room above for labels.
func decadesAround(values []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), 0
	for _, v := range values {
		lo, hi = min(lo, v), max(hi, v)
	}
	lo = math.Pow(10, math.Floor(math.Log10(lo*0.9)))
	return lo, hi * math.Pow(hi/lo, 0.12)
}

// short writes a number with k and M, and few digits.
func short(x float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e6, "M"}, {1e3, "k"}, {1, ""}} {
		if x >= unit.size*0.9995 {
			return digits(x/unit.size) + unit.name
		}
	}
	return digits(x)
}

// digits writes two digits, or all there are before the point.
func digits(x float64) string {
	if x >= 9.95 || math.Abs(x-math.Round(x)) < 0.05 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.1f", x)
}

// inBytes writes a size.
func inBytes(x float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, " GB"}, {1e6, " MB"}, {1e3, " kB"}} {
		if x >= unit.size*0.9995 {
			return digits(x/unit.size) + unit.name
		}
	}
	return digits(x) + " B"
}

func bytesPerSecond(x float64) string { return inBytes(x) + "/s" }

// nanoseconds writes a time.
func nanoseconds(x float64) string {
	switch {
	case x >= 999.5e6:
		return digits(x/1e9) + " s"
	case x >= 999.5e3:
		return digits(x/1e6) + " ms"
	case x >= 999.5:
		return digits(x/1e3) + " µs"
	}
	return digits(x) + " ns"
}
