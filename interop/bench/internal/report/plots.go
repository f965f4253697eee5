package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/brokerless/brokerless/interop/bench/internal/hist"
	"github.com/brokerless/brokerless/interop/bench/internal/plan"
	"github.com/brokerless/brokerless/interop/bench/internal/report/plot"
)

// Image is a plot and the name of its file.
type Image struct {
	Name    string
	Page    plot.Page
	section string // in which results.md shows it
}

// style is how an implementation looks in all plots. The colours are those of
// Okabe and Ito, which people with any kind of sight can tell apart.
func style(implementation string) plot.Style {
	switch implementation {
	case plan.Brokerless:
		return plot.Style{Colour: "#0072b2", Mark: plot.Circle, Width: 3}
	case plan.Libzmq:
		return plot.Style{Colour: "#d55e00", Mark: plot.Square, Width: 2.5}
	case "pebbe":
		return plot.Style{Colour: "#e69f00", Mark: plot.Diamond}
	case "gozeromq":
		return plot.Style{Colour: "#009e73", Mark: plot.Triangle}
	case "mangos":
		return plot.Style{Colour: "#cc79a7", Mark: plot.Cross}
	case plan.Plain:
		return plot.Style{Colour: "#4d4d4d", Mark: plot.Ring, Dashed: true}
	default:
		return plot.Style{Colour: "#56b4e9", Mark: plot.Ring}
	}
}

// Plots returns all plots that the results have numbers for.
func Plots(r *Results) []Image {
	s := summarise(r)
	var list []Image
	add := func(section, name, title, note string, columns int, charts ...plot.Chart) {
		var drawn []plot.Chart
		for _, c := range charts {
			if len(c.Series) > 0 {
				drawn = append(drawn, c)
			}
		}
		if len(drawn) > 0 {
			page := plot.Page{Title: title, Note: note, Columns: columns, Charts: drawn}
			list = append(list, Image{Name: name + ".svg", Page: page, section: section})
		}
	}
	add(titleThroughput, "throughput", "Throughput by size", "PUSH to PULL; median of the runs, with the least and the greatest", 2,
		s.throughput("throughput/", "tcp"), s.throughput("throughput/", "ipc"), s.throughput("throughput/", "inproc"))
	add(titleCurve, "curve", "Throughput by size under CURVE", "PUSH to PULL; median of the runs, with the least and the greatest", 1,
		s.throughput("curve/throughput/", "tcp"))
	for _, pattern := range []string{"reqrep", "dealerrouter"} {
		title := map[string]string{"reqrep": "REQ and REP", "dealerrouter": "DEALER and ROUTER"}[pattern]
		add(titleLatency, "latency-"+pattern, "Latency of round trips, "+title, "64 octets; all runs together", 2,
			s.latency(pattern, "tcp", "tcp"), s.latency(pattern, "tcp-at-5000", "tcp, 5,000 a second, from when each was due"),
			s.latency(pattern, "ipc", "ipc"), s.latency(pattern, "inproc", "inproc"))
	}
	add(titleGrowth, "growth", "Growth", "over tcp; median of the runs, with the least and the greatest", 2,
		s.growth("by sending sockets", "PUSH sockets", "message", "growth/peers/", "fan-in/"),
		s.growth("by subscribers", "subscribers", "delivery", "publish/"),
		s.growth("by subscriptions", "subscriptions of 10 subscribers", "delivery", "match/", "growth/subscriptions/"),
		s.growth("by size", "octets a message", "message", "throughput/tcp/"),
		s.growth("by depth of the queue", "high-water mark, messages", "message", "growth/depth/"),
		s.resident())
	return list
}

// points returns one number of each workload whose name begins with one of
// prefixes, converted, over what the workloads vary.
func (s *summary) points(implementation string, prefixes []string, m plan.Metric, convert func(float64) float64) []plot.Point {
	var list []plot.Point
	for _, w := range s.Workloads() {
		if !(section{names: prefixes}).has(w.Name) {
			continue
		}
		if v := s.spread(w.Name, implementation, m); v.N > 0 {
			one, other := convert(v.Min), convert(v.Max)
			list = append(list, plot.Point{X: w.Scale, Y: convert(v.Median), Low: min(one, other), High: max(one, other)})
		}
	}
	return list
}

func same(v float64) float64 { return v }

// throughput is a chart of the workloads of a transport whose names begin with
// prefix and that.
func (s *summary) throughput(prefix, transport string) plot.Chart {
	c := plot.Chart{
		Title: transport,
		X:     plot.Axis{Label: "octets a message", Log: true},
		Y:     plot.Axis{Label: "messages a second", Log: true},
	}
	for _, size := range []float64{16, 100, 1024, 8192, 65536, 262144, 1048576} {
		c.X.Ticks = append(c.X.Ticks, plot.Tick{At: size, Label: strings.Replace(octets(size), ".0", "", 1)})
	}
	for _, i := range s.Implementations() {
		if points := s.points(i.Name, []string{prefix + transport + "/"}, plan.Rate, same); len(points) > 0 {
			c.Series = append(c.Series, plot.Series{Name: i.Title, Style: style(i.Name), Points: points})
		}
	}
	return c
}

// latency is a chart of percentiles. Its axis is that of the odds: each step to
// the right is a request in ten times as many.
func (s *summary) latency(pattern, what, title string) plot.Chart {
	c := plot.Chart{Title: title, X: plot.Axis{Label: "percentile"}, Y: plot.Axis{Label: "latency, µs", Log: true}}
	for _, percent := range []float64{0, 50, 90, 99, 99.9, 99.99} {
		c.X.Ticks = append(c.X.Ticks, plot.Tick{At: odds(percent / 100), Label: fmt.Sprint(percent)})
	}
	for _, i := range s.Implementations() {
		var all hist.Histogram
		for n := range s.Samples {
			sample := &s.Samples[n]
			if sample.Workload != "latency/"+pattern+"/"+what || sample.Implementation != i.Name || sample.Failure != "" {
				continue
			}
			if h := sample.Processes[len(sample.Processes)-1].Hist; h != nil {
				all.Merge(h)
			}
		}
		if all.Count() == 0 {
			continue
		}
		line := style(i.Name)
		line.Mark = plot.NoMark
		series := plot.Series{Name: i.Title, Style: line}
		for _, q := range quantiles(all.Count()) {
			series.Points = append(series.Points, plot.Point{X: odds(q), Y: float64(all.Quantile(q)) / 1e3})
		}
		c.Series = append(c.Series, series)
	}
	return c
}

// odds is the place of a quantile on the axis of percentiles.
func odds(q float64) float64 { return -math.Log10(1 - q) }

// quantiles returns those that n values tell something about: up to the one
// that ten of them exceed, and no further than 99.99 %.
func quantiles(n uint64) []float64 {
	var list []float64
	for x := 0.0; x <= 4; x += 0.05 {
		q := 1 - math.Pow(10, -x)
		if float64(n)*(1-q) < 10 {
			break
		}
		list = append(list, q)
	}
	return list
}

// growth is a chart of the time that one message takes, by what the workloads
// with these prefixes vary.
func (s *summary) growth(title, label, unit string, prefixes ...string) plot.Chart {
	return s.trend(plot.Chart{
		Title: title,
		X:     plot.Axis{Label: label, Log: true},
		Y:     plot.Axis{Label: "ns a " + unit, Log: true, Span: 2},
	}, prefixes, plan.Rate, func(rate float64) float64 { return 1e9 / rate })
}

// resident is a chart of the memory of idle connections.
func (s *summary) resident() plot.Chart {
	return s.trend(plot.Chart{
		Title: "by idle connections",
		X:     plot.Axis{Label: "connections", Log: true},
		Y:     plot.Axis{Label: "RSS of the binding process, MB", Log: true, Span: 2},
	}, []string{"idle/"}, plan.BinderRSS, func(octets float64) float64 { return octets / 1e6 })
}

// trend adds the lines to a chart of growth, and one that shows what growth in
// proportion would be.
func (s *summary) trend(c plot.Chart, prefixes []string, m plan.Metric, convert func(float64) float64) plot.Chart {
	for _, i := range s.Implementations() {
		if i.Name != plan.Brokerless && i.Name != plan.Libzmq {
			continue
		}
		if points := s.points(i.Name, prefixes, m, convert); len(points) > 1 {
			c.Series = append(c.Series, plot.Series{Name: i.Title, Style: style(i.Name), Points: points})
		}
	}
	if len(c.Series) == 0 {
		return c
	}
	points := c.Series[0].Points
	first, last := points[0], points[len(points)-1]
	top := first.Y
	for _, series := range c.Series {
		for _, p := range series.Points {
			top = max(top, p.Y)
		}
	}
	// As far as it stays within what the others span.
	reach := min(last.X, first.X*top/first.Y)
	if reach > first.X {
		c.Series = append(c.Series, plot.Series{
			Name:   "in proportion",
			Style:  plot.Style{Colour: "#8c959f", Dashed: true, Width: 1.5},
			Points: []plot.Point{{X: first.X, Y: first.Y}, {X: reach, Y: first.Y * reach / first.X}},
		})
	}
	return c
}
