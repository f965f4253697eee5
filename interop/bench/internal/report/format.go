package report

import (
	"fmt"
	"strings"

	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

// times writes a ratio.
func times(v float64) string {
	if v >= 10 {
		return fmt.Sprintf("%.1fx", v)
	}
	return fmt.Sprintf("%.2fx", v)
}

// duration writes nanoseconds.
func duration(ns float64) string {
	switch {
	case ns < 1e3:
		return fmt.Sprintf("%.0f ns", ns)
	case ns < 1e5:
		return fmt.Sprintf("%.1f µs", ns/1e3)
	case ns < 1e6:
		return fmt.Sprintf("%.0f µs", ns/1e3)
	default:
		return fmt.Sprintf("%.3g ms", ns/1e6)
	}
}

// octets writes a size in memory.
func octets(v float64) string {
	switch {
	case v < 0:
		return "-" + octets(-v)
	case v < 1<<10:
		return fmt.Sprintf("%.0f B", v)
	case v < 1<<20:
		return fmt.Sprintf("%.1f KiB", v/(1<<10))
	case v < 100<<20:
		return fmt.Sprintf("%.1f MiB", v/(1<<20))
	default:
		return fmt.Sprintf("%.0f MiB", v/(1<<20))
	}
}

// value writes a number of a metric.
func value(m plan.Metric, v float64) string {
	switch m {
	case plan.P50, plan.P99, plan.P999:
		return duration(v)
	case plan.BinderRSS, plan.ConnectorRSS, plan.BinderEach, plan.ConnectorEach, plan.BinderHeap, plan.ConnectorHeap:
		return octets(v)
	case plan.CPU:
		return digits(v) + " s"
	case plan.BinderTasks, plan.ConnectorTasks:
		return fmt.Sprintf("%.0f", v)
	default:
		return thousands(v)
	}
}

// digits writes v, which is positive, with three digits that count; more where
// it has more before the point.
func digits(v float64) string {
	switch {
	case v >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case v >= 9.995:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.9995:
		return fmt.Sprintf("%.2f", v)
	default:
		return fmt.Sprintf("%.3f", v)
	}
}

// thousands writes v with three digits and the letter of its thousands.
func thousands(v float64) string {
	for _, letter := range []string{"", " k", " M"} {
		if v < 999.5 {
			return digits(v) + letter
		}
		v /= 1000
	}
	return digits(v) + " G"
}

// middle writes the median of a metric, or a dash where there is none.
func middle(m plan.Metric, s Spread) string {
	if s.N == 0 {
		return "–"
	}
	return value(m, s.Median)
}

// ratio writes a ratio with its ends, or a dash where there is none.
func ratio(s Spread) string {
	if s.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%s (%s – %s)", times(s.Median), times(s.Min), times(s.Max))
}

// code writes a name as it is typed.
func code(name string) string { return "`" + name + "`" }

// demand writes what a target asks for.
func demand(t plan.Target) string {
	sign := "≤"
	if t.AtLeast {
		sign = "≥"
	}
	switch t.Against {
	case "":
		return sign + " " + value(t.Metric, t.Bound)
	case plan.Libzmq:
		return sign + " " + times(t.Bound)
	default:
		return sign + " " + times(t.Bound) + " of " + code(t.Against)
	}
}

// outcome writes whether a target was met.
func (v verdict) outcome() string {
	word := "**missed**"
	switch {
	case v.met:
		word = "met"
	case v.value.N == 0:
		word = "**no numbers**"
		return word
	}
	if v.note != "" {
		word += ": " + v.note
	}
	return word
}

// measured writes what a target was held against.
func (v verdict) measured() string {
	if v.target.Against != "" {
		return ratio(v.value)
	}
	if v.value.N == 0 {
		return "–"
	}
	m := v.target.Metric
	return fmt.Sprintf("%s (%s – %s)", value(m, v.value.Median), value(m, v.value.Min), value(m, v.value.Max))
}

// table is a table of Markdown. Its first column is aligned left, and so are
// those that left names.
type table struct {
	head []string
	left int // columns from the start that are words, not numbers
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// String returns the table as it stands in a document, with the empty line
// behind it; a table without rows is nothing.
func (t *table) String() string {
	if len(t.rows) == 0 {
		return ""
	}
	var b strings.Builder
	line := func(cells []string) {
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	line(t.head)
	rule := make([]string, len(t.head))
	for i := range rule {
		rule[i] = "--:"
		if i < t.left {
			rule[i] = ":--"
		}
	}
	line(rule)
	for _, row := range t.rows {
		line(row)
	}
	b.WriteString("\n")
	return b.String()
}
