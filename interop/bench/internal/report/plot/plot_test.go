package plot

import (
	"math"
	"strings"
	"testing"
)

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.25: "0.25", 1: "1", 9.994: "9.99", 10: "10", 100: "100", 999: "999", 999.6: "1 k", 1000: "1 k",
		1500: "1.5 k", 20e6: "20 M", 1.234e9: "1.23 G",
	} {
		if got := Number(v); got != want {
			t.Errorf("Number(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestScale(t *testing.T) {
	s := Axis{Log: true}.newScale([]float64{1, 100}, 0, 108)
	for v, want := range map[float64]float64{1: 4, 10: 54, 100: 104, 0: 0, -5: 0} {
		if got := s.at(v); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v is at %v, want %v", v, got, want)
		}
	}
}

func TestSpanKeepsFlatLinesFlat(t *testing.T) {
	s := Axis{Log: true, Span: 2}.newScale([]float64{90, 110}, 0, 100)
	if rise := s.at(110) - s.at(90); rise > 5 {
		t.Errorf("22 %% more is %v of 100 pixels higher", rise)
	}
}

func TestTicks(t *testing.T) {
	tests := []struct {
		axis   Axis
		values []float64
		want   string
	}{
		{Axis{Log: true}, []float64{1, 1e6}, "1,10,100,1 k,10 k,100 k,1 M"},
		{Axis{Log: true}, []float64{9, 110}, "10,20,50,100"},
		{Axis{}, []float64{0, 10}, ""},
		{Axis{Ticks: []Tick{{1, "one"}}}, []float64{0, 10}, "one"},
	}
	for _, tt := range tests {
		var labels []string
		for _, tick := range tt.axis.ticks(tt.axis.newScale(tt.values, 0, 100)) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, ","); got != tt.want {
			t.Errorf("ticks of %v: %s, want %s", tt.values, got, tt.want)
		}
	}
}

func TestPageWithoutCharts(t *testing.T) {
	var b strings.Builder
	p := Page{Title: "a < b"}
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "<title>a &lt; b</title>") {
		t.Errorf("the title is not there:\n%s", b.String())
	}
}

func TestLegendNamesEachSeriesOnce(t *testing.T) {
	chart := Chart{Series: []Series{
		{Name: "ours", Style: Style{Colour: "red", Mark: Cross}, Points: []Point{{X: 1, Y: 1}, {X: 2, Y: 2, Low: 1, High: 3}}},
		{Name: "theirs", Style: Style{Colour: "blue", Mark: Triangle}},
	}}
	var b strings.Builder
	p := Page{Columns: 2, Charts: []Chart{chart, chart, chart}}
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{">ours<", ">theirs<"} {
		if n := strings.Count(b.String(), name); n != 1 {
			t.Errorf("%s is there %d times", name, n)
		}
	}
	if strings.Contains(b.String(), "NaN") {
		t.Error("not a number is in the drawing")
	}
}
