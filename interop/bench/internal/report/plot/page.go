// Package plot draws line charts as SVG: text that a browser shows, white
// behind whatever the page around it looks like, and alike for the same data.
package plot

import (
	"fmt"
	"html"
	"io"
	"strings"
)

// Page is a figure of one or more charts with one legend. Series of the same
// name in different charts are the same thing, and should have the same style.
type Page struct {
	Title   string
	Note    string // one line below the title
	Columns int    // charts side by side; 0 means 1
	Charts  []Chart
}

// Style is how a series is drawn.
type Style struct {
	Colour string // as SVG names it
	Mark   Mark
	Dashed bool
	Width  float64 // of the line; 0 means 2
}

// Mark is the shape of a point, so that series differ by more than colour.
type Mark int

// The shapes. NoMark leaves the line alone.
const (
	NoMark Mark = iota
	Circle
	Square
	Diamond
	Triangle
	Cross
	Ring
)

// The measures of a page, in pixels.
const (
	chartWidth  = 460
	chartHeight = 340
	margin      = 16
	headHeight  = 58
	legendRow   = 20
)

const (
	ink   = "#1f2328"
	faint = "#59636e"
	grid  = "#e3e6ea"
)

// WriteTo writes the page as an SVG document.
func (p *Page) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	columns := max(1, min(p.Columns, len(p.Charts)))
	rows := (len(p.Charts) + columns - 1) / columns
	width := columns*chartWidth + 2*margin
	legend, legendHeight := p.legend(width)
	height := headHeight + legendHeight + rows*chartHeight + margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" `+
		`font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(p.Title))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	text(&b, margin, 28, 17, ink, "start", `font-weight="600"`, p.Title)
	text(&b, margin, 47, 12, faint, "start", "", p.Note)
	b.WriteString(legend)
	for i := range p.Charts {
		x := margin + i%columns*chartWidth
		y := headHeight + legendHeight + i/columns*chartHeight
		fmt.Fprintf(&b, `<g transform="translate(%d %d)">`+"\n", x, y)
		p.Charts[i].draw(&b)
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// legend draws the names of all series in rows, and returns their height too.
func (p *Page) legend(width int) (string, int) {
	var b strings.Builder
	seen := map[string]bool{}
	x, y := margin, headHeight+legendRow/2
	for i := range p.Charts {
		for _, s := range p.Charts[i].Series {
			if seen[s.Name] || s.Name == "" {
				continue
			}
			seen[s.Name] = true
			need := 44 + 7*len([]rune(s.Name))
			if x > margin && x+need > width-margin {
				x, y = margin, y+legendRow
			}
			fmt.Fprintf(&b, `<line x1="%d" y1="%d" x2="%d" y2="%d" %s/>`+"\n", x, y, x+26, y, s.Style.stroke())
			s.Style.mark(&b, float64(x+13), float64(y))
			text(&b, float64(x+32), float64(y+4), 12, ink, "start", "", s.Name)
			x += need
		}
	}
	return b.String(), y - headHeight + legendRow/2 + 8
}

// text writes one line of text.
func text(b *strings.Builder, x, y float64, size int, colour, anchor, more, words string) {
	if words != "" {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" font-size="%d" fill="%s" text-anchor="%s" %s>%s</text>`+"\n",
			x, y, size, colour, anchor, more, html.EscapeString(words))
	}
}

// stroke returns the attributes of a line.
func (s Style) stroke() string {
	width := s.Width
	if width == 0 {
		width = 2
	}
	dashes := ""
	if s.Dashed {
		dashes = ` stroke-dasharray="6 4"`
	}
	return fmt.Sprintf(`fill="none" stroke=%q stroke-width="%g" stroke-linejoin="round"%s`, s.Colour, width, dashes)
}

// mark draws a point.
func (s Style) mark(b *strings.Builder, x, y float64) {
	filled := fmt.Sprintf(`fill=%q`, s.Colour)
	hollow := fmt.Sprintf(`fill="#ffffff" stroke=%q stroke-width="1.8"`, s.Colour)
	switch s.Mark {
	case NoMark:
	case Circle:
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="4" %s/>`+"\n", x, y, filled)
	case Ring:
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3.6" %s/>`+"\n", x, y, hollow)
	case Square:
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="7" height="7" %s/>`+"\n", x-3.5, y-3.5, filled)
	case Diamond:
		fmt.Fprintf(b, `<path d="M%.1f %.1fl4.6 4.6-4.6 4.6-4.6-4.6z" %s/>`+"\n", x, y-4.6, filled)
	case Triangle:
		fmt.Fprintf(b, `<path d="M%.1f %.1fl4.6 8h-9.2z" %s/>`+"\n", x, y-5, filled)
	case Cross:
		fmt.Fprintf(b, `<path d="M%.1f %.1fl7 7m0-7l-7 7" fill="none" stroke="%s" stroke-width="2"/>`+"\n", x-3.5, y-3.5, s.Colour)
	}
}
