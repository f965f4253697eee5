package report

import (
	"fmt"

	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

// verdict is a target and what was measured.
type verdict struct {
	workload plan.Workload
	by       string // the implementation that is held against it
	target   plan.Target
	value    Spread // of the ratio, or of the metric where the target has no base; N is 0 if there is none
	met      bool
	note     string // how it was met, or why there is no value
}

// verdicts holds brokerless against all targets, and by itself where it was
// measured so, brokerless with RecvInto.
func (s *summary) verdicts() []verdict {
	var list []verdict
	for _, w := range s.Workloads() {
		for _, t := range w.Targets {
			list = append(list, s.verdict(w, t, plan.Brokerless))
			if s.spread(w.Name, plan.RecvInto, t.Metric).N > 0 {
				list = append(list, s.verdict(w, t, plan.RecvInto))
			}
		}
	}
	return list
}

func (s *summary) verdict(w plan.Workload, t plan.Target, by string) verdict {
	v := verdict{workload: w, by: by, target: t}
	ours := key{w.Name, by, t.Metric}
	switch t.Against {
	case "":
		v.value = s.spread(w.Name, by, t.Metric)
	case plan.Libzmq:
		v.value = s.toLibzmq(w.Name, by, t.Metric)
	default:
		v.value = s.ratio(ours, key{t.Against, by, t.Metric})
	}
	if v.value.N == 0 {
		v.note = "no numbers"
		return v
	}
	v.met = reaches(t, v.value.Median)
	if v.met || t.Against != plan.Libzmq || w.Transport == "inproc" {
		return v
	}
	// What plain Go connections do not reach is not demanded, but most of what
	// they do. Within a process there is no such limit.
	limit := key{w.Name, plan.Plain, t.Metric}
	nearest := s.toLibzmq(w.Name, plan.Plain, t.Metric)
	if nearest.N == 0 || reaches(t, nearest.Median) {
		return v
	}
	part := s.ratio(ours, limit)
	if !t.AtLeast { // a time: the limit's part of ours
		part = s.ratio(limit, ours)
	}
	v.note = fmt.Sprintf("plain Go has %s; %.0f %% of it reached", times(nearest.Median), 100*part.Median)
	v.met = part.Median >= plan.NearLimit
	return v
}

// reaches reports whether a value is as good as the target.
func reaches(t plan.Target, value float64) bool {
	if t.AtLeast {
		return value >= t.Bound
	}
	return value <= t.Bound
}
