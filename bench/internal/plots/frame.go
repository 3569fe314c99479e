// SPDX-License-Identifier: MIT

package plots

import (
	"fmt"
	"image/color"
	"strings"

	"golang.org/x/image/font"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/seedmq/mq/bench/internal/peer"
	"github.com/seedmq/mq/bench/internal/report"
)

// key is an entry of a legend.
type key struct {
	name  string
	color color.Color
	glyph draw.GlyphDrawer
}

// colors can be told apart by everybody, also by who does not see red and green.
var colors = map[string]color.Color{
	peer.MQ:           color.RGBA{0x00, 0x72, 0xB2, 0xFF},
	peer.MQBackground: color.RGBA{0x7A, 0xC4, 0xEE, 0xFF},
	peer.MQDealer:     color.RGBA{0x7A, 0xC4, 0xEE, 0xFF},
	peer.MQRelease:    color.RGBA{0x00, 0x3F, 0x66, 0xFF},
	peer.Chan:         color.RGBA{0x33, 0x33, 0x33, 0xFF},
	peer.ChanCtx:      color.RGBA{0x9A, 0x9A, 0x9A, 0xFF},
	peer.Libzmq:       color.RGBA{0xE6, 0x9F, 0x00, 0xFF},
	peer.LibzmqC:      color.RGBA{0xB0, 0x8A, 0x00, 0xFF},
	peer.MQToLibzmq:   color.RGBA{0xB8, 0x5C, 0x9E, 0xFF},
	peer.LibzmqToMQ:   color.RGBA{0x6A, 0x3D, 0x9A, 0xFF},
	peer.GoZeroMQ:     color.RGBA{0xC8, 0x46, 0x0A, 0xFF},
	"nats":            color.RGBA{0x00, 0x9E, 0x73, 0xFF},
	peer.NetConn:      color.RGBA{0x9A, 0x9A, 0x9A, 0xFF},
	"watermill":       color.RGBA{0xB8, 0x5C, 0x9E, 0xFF},
}

var glyphs = map[string]draw.GlyphDrawer{
	peer.MQ:           draw.CircleGlyph{},
	peer.MQBackground: draw.RingGlyph{},
	peer.MQDealer:     draw.RingGlyph{},
	peer.MQRelease:    draw.SquareGlyph{},
	peer.Chan:         draw.SquareGlyph{},
	peer.ChanCtx:      draw.BoxGlyph{},
	peer.Libzmq:       draw.TriangleGlyph{},
	peer.LibzmqC:      draw.SquareGlyph{},
	peer.MQToLibzmq:   draw.PlusGlyph{},
	peer.LibzmqToMQ:   draw.CrossGlyph{},
	peer.GoZeroMQ:     draw.PyramidGlyph{},
	"nats":            draw.CrossGlyph{},
	peer.NetConn:      draw.BoxGlyph{},
	"watermill":       draw.PlusGlyph{},
}

func contenderKey(name string) key {
	k := key{name: name, color: colors[name], glyph: glyphs[name]}
	if k.color == nil {
		k.color, k.glyph = color.Black, draw.CircleGlyph{}
	}
	return k
}

var (
	ink  = color.RGBA{0x22, 0x22, 0x22, 0xFF}
	pale = color.RGBA{0x66, 0x66, 0x66, 0xFF}
	grid = color.RGBA{0xDD, 0xDD, 0xDD, 0xFF}
)

// style is text of a size, from its lower left corner unless aligned otherwise.
func style(size float64, c color.Color, weight font.Weight) text.Style {
	return text.Style{
		Color:   c,
		Font:    plotfont.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight, Size: vg.Points(size)},
		Handler: text.Plain{Fonts: plotfont.DefaultCache},
	}
}

const margin = 12 * vg.Inch / 72

// frame draws all around the chart, and the chart into what is left: the title and
// the legend above, so that they cover nothing, and below how it was measured.
func (c *chart) frame(canvas draw.Canvas, caption string) {
	canvas.SetColor(color.White)
	canvas.Fill(canvas.Rectangle.Path())
	c1 := draw.Crop(canvas, margin, -margin, margin, -margin)
	title := style(13, ink, font.WeightBold)
	top := c1.Max.Y - title.Height(c.title)
	c1.FillText(title, vg.Point{X: c1.Min.X, Y: top}, c.title)
	top = drawLegend(c1, top-vg.Points(8), c.legend)
	small := style(7.5, pale, font.WeightNormal)
	lines := wrap(caption, func(s string) bool { return small.Width(s) <= c1.Max.X-c1.Min.X })
	bottom := c1.Min.Y
	for i := len(lines) - 1; i >= 0; i-- {
		c1.FillText(small, vg.Point{X: c1.Min.X, Y: bottom}, lines[i])
		bottom += vg.Points(10)
	}
	c.draw(draw.Crop(c1, 0, 0, bottom+vg.Points(6)-c1.Min.Y, top-vg.Points(8)-c1.Max.Y))
}

// drawLegend writes the keys from left to right below top, and returns its lower edge.
func drawLegend(c draw.Canvas, top vg.Length, legend []key) vg.Length {
	label := style(9, ink, font.WeightNormal)
	const box = 9 * vg.Inch / 72
	x, y := c.Min.X, top-box
	for _, k := range legend {
		w := box + vg.Points(4) + label.Width(k.name)
		if x > c.Min.X && x+w > c.Max.X {
			x, y = c.Min.X, y-box-vg.Points(5)
		}
		if k.glyph != nil {
			c.StrokeLine2(draw.LineStyle{Color: k.color, Width: vg.Points(1.5)}, x-vg.Points(2), y+box/2, x+box+vg.Points(2), y+box/2)
			c.DrawGlyphNoClip(draw.GlyphStyle{Color: k.color, Radius: vg.Points(3), Shape: k.glyph}, vg.Point{X: x + box/2, Y: y + box/2})
		} else {
			c.FillPolygon(k.color, []vg.Point{{X: x, Y: y}, {X: x + box, Y: y}, {X: x + box, Y: y + box}, {X: x, Y: y + box}})
		}
		c.FillText(label, vg.Point{X: x + box + vg.Points(4), Y: y + vg.Points(1)}, k.name)
		x += w + vg.Points(14)
	}
	return y
}

func caption(r report.Run) string {
	return fmt.Sprintf("%s. %s. %s, medians of %d rounds: %s", r.Machine(), r.Versions(), r.Date, r.Rounds, r.Command)
}

// wrap breaks a text into lines that fit.
func wrap(s string, fits func(string) bool) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		switch longer := line + " " + word; {
		case line == "":
			line = word
		case fits(longer):
			line = longer
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}
