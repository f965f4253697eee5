package plot

import (
	"fmt"
	"math"
	"strconv"
)

// Axis is one direction of a chart.
type Axis struct {
	Label string
	Log   bool
	Span  float64 // at least so many decades of a logarithmic axis, so that what is flat looks flat
	Ticks []Tick  // nil: on a logarithmic axis round values, on a linear one none
}

// Tick is a labelled place of an axis.
type Tick struct {
	At    float64
	Label string
}

// scale maps values to pixels.
type scale struct {
	log      bool
	low, top float64 // of the values, or of their logarithms
	from, to float64 // pixels
}

// newScale spans all values and ticks, with a little room at either end.
func (a Axis) newScale(values []float64, from, to float64) scale {
	s := scale{log: a.Log, low: math.Inf(1), top: math.Inf(-1), from: from, to: to}
	include := func(v float64) {
		if a.Log {
			if v <= 0 {
				return
			}
			v = math.Log10(v)
		}
		s.low, s.top = min(s.low, v), max(s.top, v)
	}
	for _, v := range values {
		include(v)
	}
	for _, t := range a.Ticks {
		include(t.At)
	}
	if s.low > s.top { // no values
		s.low, s.top = 0, 1
	}
	if s.low == s.top {
		s.low, s.top = s.low-0.5, s.top+0.5
	}
	room := 0.04 * (s.top - s.low)
	if a.Log {
		room = max(room, (a.Span-(s.top-s.low))/2)
	}
	s.low, s.top = s.low-room, s.top+room
	return s
}

// at returns the pixel of a value. Zero and less have no place on a
// logarithmic axis; they are shown at its beginning.
func (s scale) at(v float64) float64 {
	if s.log {
		v = max(s.low, math.Log10(max(v, math.SmallestNonzeroFloat64)))
	}
	return s.from + (v-s.low)/(s.top-s.low)*(s.to-s.from)
}

// ticks returns those given, or else the round values of a logarithmic scale.
func (a Axis) ticks(s scale) []Tick {
	if a.Ticks != nil {
		return a.Ticks
	}
	if !a.Log {
		return nil
	}
	var list []Tick
	factors := []float64{1}
	if s.top-s.low < 2.2 {
		factors = []float64{1, 2, 5}
	}
	for decade := math.Floor(s.low); decade <= s.top; decade++ {
		for _, f := range factors {
			if v := f * math.Pow(10, decade); math.Log10(v) >= s.low && math.Log10(v) <= s.top {
				list = append(list, Tick{v, Number(v)})
			}
		}
	}
	return list
}

// Number writes v with at most three digits and the letter of its thousands, as
// in 1.5 k, 20 M or 0.25.
func Number(v float64) string {
	letter := ""
	for _, next := range []string{" k", " M", " G", " T"} {
		if math.Abs(v) < 999.5 {
			break
		}
		v, letter = v/1000, next
	}
	digits := 2
	if magnitude := math.Abs(v); magnitude >= 1 {
		digits = max(0, 2-int(math.Log10(magnitude*1.0005)))
	}
	rounded, err := strconv.ParseFloat(fmt.Sprintf("%.*f", digits, v), 64)
	if err != nil {
		return fmt.Sprint(v) // not a number, or without end
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64) + letter
}
