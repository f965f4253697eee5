package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/brokerless/brokerless/interop/bench/internal/conduct"
	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

// Spread is the middle and the ends of what several runs gave.
type Spread struct {
	Median, Min, Max float64
	N                int // runs
}

// spread sorts values in place.
func spread(values []float64) Spread {
	n := len(values)
	if n == 0 {
		return Spread{}
	}
	slices.Sort(values)
	return Spread{Median: (values[(n-1)/2] + values[n/2]) / 2, Min: values[0], Max: values[n-1], N: n}
}

// summary is the numbers of all samples by what they are of.
type summary struct {
	*Results
	values   map[key]map[int]float64 // by run
	failures map[key][]failure       // the key without a metric
}

// key names a number: a metric of an implementation in a workload.
type key struct {
	workload, implementation string
	metric                   plan.Metric
}

// failure is why samples have no numbers, and of how many runs.
type failure struct {
	reason string
	runs   int
}

func summarise(r *Results) *summary {
	s := &summary{Results: r, values: map[key]map[int]float64{}, failures: map[key][]failure{}}
	workloads := map[string]plan.Workload{}
	for _, w := range r.Workloads() {
		workloads[w.Name] = w
	}
	for i := range r.Samples {
		sample := &r.Samples[i]
		w, ok := workloads[sample.Workload]
		if !ok {
			continue // of a plan that had other workloads
		}
		if sample.Failure != "" {
			s.fail(sample)
			continue
		}
		for metric, value := range metrics(w, sample) {
			k := key{sample.Workload, sample.Implementation, metric}
			if s.values[k] == nil {
				s.values[k] = map[int]float64{}
			}
			s.values[k][sample.Run] = value
		}
	}
	return s
}

// fail counts a failure, with others of the same reason.
func (s *summary) fail(sample *conduct.Sample) {
	k := key{workload: sample.Workload, implementation: sample.Implementation}
	list := s.failures[k]
	i := slices.IndexFunc(list, func(f failure) bool { return f.reason == sample.Failure })
	if i < 0 {
		i = len(list)
		list = append(list, failure{reason: sample.Failure})
	}
	list[i].runs++
	s.failures[k] = list
}

// spread returns what the runs gave for a number; its N is 0 if there is none.
func (s *summary) spread(workload, implementation string, metric plan.Metric) Spread {
	var values []float64
	for _, v := range s.values[key{workload, implementation, metric}] {
		values = append(values, v)
	}
	return spread(values)
}

// ratio returns a number divided by another, run by run: what was measured
// close together is compared, and a run in which the machine was slower weighs
// on both. Runs that lack one of the two do not count.
func (s *summary) ratio(of, to key) Spread {
	var values []float64
	for run, v := range s.values[of] {
		if base, ok := s.values[to][run]; ok && base != 0 {
			values = append(values, v/base)
		}
	}
	return spread(values)
}

// toLibzmq is the ratio of a number to that of libzmq.
func (s *summary) toLibzmq(workload, implementation string, metric plan.Metric) Spread {
	return s.ratio(key{workload, implementation, metric}, key{workload, plan.Libzmq, metric})
}

// reasonSize bounds the characters of a reason in tables; results.json has all.
const reasonSize = 300

// failed says why runs of a cell have no numbers, in one line that may stand in
// a table. It is empty if all have.
func (s *summary) failed(workload, implementation string) string {
	var parts []string
	for _, f := range s.failures[key{workload: workload, implementation: implementation}] {
		reason := []rune(strings.Join(strings.Fields(f.reason), " "))
		if len(reason) > reasonSize {
			reason = append(reason[:reasonSize], '…')
		}
		line := strings.ReplaceAll(string(reason), "|", `\|`)
		parts = append(parts, fmt.Sprintf("%s (%d of %d runs)", line, f.runs, s.Runs))
	}
	return strings.Join(parts, "; ")
}

// metrics returns all numbers of a sample that has not failed.
func metrics(w plan.Workload, s *conduct.Sample) map[plan.Metric]float64 {
	receiver := s.Receiver(w)
	count := float64(receiver.Count)
	m := map[plan.Metric]float64{}
	if w.Kind == plan.Idle {
		idle(m, s, count)
		return m
	}
	elapsed := receiver.NS
	if w.Kind == plan.Connect {
		elapsed = s.Elapsed
	}
	m[plan.Rate] = count / (float64(elapsed) / 1e9)
	m[plan.CPU] = s.Load() * float64(receiver.NS) / 1e9 / (count / 1e6)
	if w.Kind == plan.Window {
		m[plan.Megabytes] = float64(receiver.Bytes) / 1e6 / (float64(elapsed) / 1e9)
	}
	if receiver.Hist != nil && receiver.Hist.Count() > 0 {
		m[plan.P50] = float64(receiver.Hist.Quantile(0.5))
		m[plan.P99] = float64(receiver.Hist.Quantile(0.99))
		m[plan.P999] = float64(receiver.Hist.Quantile(0.999))
	}
	return m
}

// idle adds the numbers of so many idle connections.
func idle(m map[plan.Metric]float64, s *conduct.Sample, connections float64) {
	side := func(list []conduct.Process, rss, each, heap, tasks plan.Metric) {
		var octets, grown, heapGrown, running, heaps float64
		for i := range list {
			p := &list[i]
			octets += float64(p.RSS)
			grown += float64(p.RSS - p.Before.RSS)
			heapGrown += float64(p.Heap + p.Stacks - p.Before.Heap - p.Before.Stacks)
			heaps += float64(p.Heap)
			if p.Goroutines > 0 {
				running += float64(p.Goroutines)
			} else {
				running += float64(p.Threads)
			}
		}
		m[rss], m[each], m[tasks] = octets, grown/connections, running
		if heaps > 0 {
			m[heap] = heapGrown / connections
		}
	}
	side(s.Processes[:1], plan.BinderRSS, plan.BinderEach, plan.BinderHeap, plan.BinderTasks)
	side(s.Processes[1:], plan.ConnectorRSS, plan.ConnectorEach, plan.ConnectorHeap, plan.ConnectorTasks)
}
