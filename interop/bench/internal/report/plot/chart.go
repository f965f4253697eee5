package plot

import (
	"fmt"
	"strings"
)

// Chart is one pair of axes with lines.
type Chart struct {
	Title  string
	X, Y   Axis
	Series []Series
}

// Series is one line.
type Series struct {
	Name   string // in the legend; an empty one is not listed
	Style  Style
	Points []Point
}

// Point is one value, and the range in which it was found when that is known.
type Point struct {
	X, Y      float64
	Low, High float64 // of Y; both 0: unknown
}

// The frame of a chart within its area, in pixels.
const (
	frameLeft   = 62
	frameTop    = 30
	frameRight  = chartWidth - 18
	frameBottom = chartHeight - 52
)

func (c *Chart) draw(b *strings.Builder) {
	var xs, ys []float64
	for _, s := range c.Series {
		for _, p := range s.Points {
			xs, ys = append(xs, p.X), append(ys, p.Y)
			if p.High != 0 {
				ys = append(ys, p.Low, p.High)
			}
		}
	}
	x := c.X.newScale(xs, frameLeft, frameRight)
	y := c.Y.newScale(ys, frameBottom, frameTop)
	c.drawFrame(b, x, y)
	for _, s := range c.Series {
		s.draw(b, x, y)
	}
}

// drawFrame draws the axes with their grid, ticks and labels.
func (c *Chart) drawFrame(b *strings.Builder, x, y scale) {
	const middle = (frameLeft + frameRight) / 2
	text(b, middle, 18, 13, ink, "middle", `font-weight="600"`, c.Title)
	line := func(x1, y1, x2, y2 float64, colour string) {
		fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, colour)
	}
	for _, t := range c.X.ticks(x) {
		at := x.at(t.At)
		line(at, frameTop, at, frameBottom, grid)
		text(b, at, frameBottom+17, 11, faint, "middle", "", t.Label)
	}
	for _, t := range c.Y.ticks(y) {
		at := y.at(t.At)
		line(frameLeft, at, frameRight, at, grid)
		text(b, frameLeft-7, at+4, 11, faint, "end", "", t.Label)
	}
	line(frameLeft, frameBottom, frameRight, frameBottom, faint)
	line(frameLeft, frameTop, frameLeft, frameBottom, faint)
	text(b, middle, frameBottom+38, 12, ink, "middle", "", c.X.Label)
	const half = (frameTop + frameBottom) / 2
	text(b, 14, half, 12, ink, "middle", fmt.Sprintf(`transform="rotate(-90 14 %d)"`, half), c.Y.Label)
}

// draw draws the line, with a bar over the range of each point and its mark.
func (s Series) draw(b *strings.Builder, x, y scale) {
	if len(s.Points) == 0 {
		return
	}
	var line strings.Builder
	for _, p := range s.Points {
		fmt.Fprintf(&line, "%.1f,%.1f ", x.at(p.X), y.at(p.Y))
	}
	fmt.Fprintf(b, `<polyline points="%s" %s/>`+"\n", strings.TrimSpace(line.String()), s.Style.stroke())
	for _, p := range s.Points {
		if p.High != 0 {
			fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-opacity="0.55"/>`+"\n",
				x.at(p.X), y.at(p.Low), x.at(p.X), y.at(p.High), s.Style.Colour)
		}
		s.Style.mark(b, x.at(p.X), y.at(p.Y))
	}
}
