package report

import (
	"math"
	"testing"

	"github.com/brokerless/brokerless/interop/bench/internal/conduct"
	"github.com/brokerless/brokerless/interop/bench/internal/hist"
	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

// pushed is a sample of a PUSH/PULL workload with that many messages a second.
func pushed(workload, implementation string, run int, rate int64) conduct.Sample {
	return conduct.Sample{
		Workload: workload, Implementation: implementation, Run: run,
		Processes: []conduct.Process{
			{Roles: "pull", Measure: conduct.Measure{Count: rate / 2, Bytes: 8 * rate, NS: 5e8, CPU: 4e8}},
			{Roles: "push", Measure: conduct.Measure{Count: rate, Bytes: 16 * rate, NS: 5e8, CPU: 1e8}},
		},
	}
}

// asked is a sample of round trips with these latencies in nanoseconds.
func asked(workload, implementation string, run int, latencies ...uint64) conduct.Sample {
	h := &hist.Histogram{}
	for _, l := range latencies {
		h.Add(l)
	}
	return conduct.Sample{
		Workload: workload, Implementation: implementation, Run: run,
		Processes: []conduct.Process{
			{Roles: "echo", Measure: conduct.Measure{NS: 1e9, CPU: 1e9}},
			{Roles: "ask", Measure: conduct.Measure{Count: int64(len(latencies)), NS: 1e9, CPU: 1e9, Hist: h}},
		},
	}
}

func failedSample(workload, implementation string, run int, reason string) conduct.Sample {
	return conduct.Sample{Workload: workload, Implementation: implementation, Run: run, Failure: reason}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) }

func equal(t *testing.T, what string, got, want Spread) {
	t.Helper()
	if got.N != want.N || !near(got.Median, want.Median) || !near(got.Min, want.Min) || !near(got.Max, want.Max) {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}

func TestSpread(t *testing.T) {
	tests := []struct {
		values []float64
		want   Spread
	}{
		{nil, Spread{}},
		{[]float64{4}, Spread{4, 4, 4, 1}},
		{[]float64{9, 1}, Spread{5, 1, 9, 2}},
		{[]float64{5, 100, 1}, Spread{5, 1, 100, 3}},
		{[]float64{4, 1, 2, 3}, Spread{2.5, 1, 4, 4}},
	}
	for _, tt := range tests {
		equal(t, "spread", spread(tt.values), tt.want)
	}
}

// The machine was half as fast in run 2 and twice as fast in run 3. That is no
// difference between the two, and a ratio of medians would make it one.
func TestRatiosAreMadeWithinRuns(t *testing.T) {
	const w = "throughput/tcp/16"
	s := summarise(&Results{Runs: 4, Samples: []conduct.Sample{
		pushed(w, plan.Brokerless, 1, 2000), pushed(w, plan.Libzmq, 1, 1000),
		pushed(w, plan.Brokerless, 2, 1000), pushed(w, plan.Libzmq, 2, 500),
		pushed(w, plan.Brokerless, 3, 6000), pushed(w, plan.Libzmq, 3, 2000),
		pushed(w, plan.Brokerless, 4, 9000), failedSample(w, plan.Libzmq, 4, "time-out"),
	}})
	equal(t, "brokerless", s.spread(w, plan.Brokerless, plan.Rate), Spread{4000, 1000, 9000, 4})
	equal(t, "libzmq", s.spread(w, plan.Libzmq, plan.Rate), Spread{1000, 500, 2000, 3})
	equal(t, "ratio", s.toLibzmq(w, plan.Brokerless, plan.Rate), Spread{2, 2, 3, 3})
	equal(t, "of nothing", s.toLibzmq(w, plan.Plain, plan.Rate), Spread{})
	if got, want := s.failed(w, plan.Libzmq), "time-out (1 of 4 runs)"; got != want {
		t.Errorf("failed: %q, want %q", got, want)
	}
}

func TestMetricsOfAWindow(t *testing.T) {
	s := pushed("throughput/tcp/16", plan.Brokerless, 1, 2e6)
	m := metrics(find(t, "throughput/tcp/16"), &s)
	for metric, want := range map[plan.Metric]float64{
		plan.Rate:      2e6, // the receiver's count, not the sender's
		plan.Megabytes: 32,
		plan.CPU:       0.5, // half a second of both processes for a million
	} {
		if !near(m[metric], want) {
			t.Errorf("%s is %v, want %v", metric, m[metric], want)
		}
	}
}

func TestMetricsOfRoundTrips(t *testing.T) {
	latencies := make([]uint64, 1000)
	for i := range latencies {
		latencies[i] = 50
	}
	latencies[0], latencies[1], latencies[2] = 60, 60, 60
	s := asked("latency/reqrep/tcp", plan.Brokerless, 1, latencies...)
	m := metrics(find(t, "latency/reqrep/tcp"), &s)
	for metric, want := range map[plan.Metric]float64{
		plan.Rate: 1000, plan.P50: 50, plan.P99: 50, plan.P999: 60, plan.CPU: 2000,
	} {
		if !near(m[metric], want) {
			t.Errorf("%s is %v, want %v", metric, m[metric], want)
		}
	}
}

// The sender watched for twice as long as the receiver, and was just as busy.
func TestProcessorTimeOfDifferentWindows(t *testing.T) {
	s := pushed("throughput/tcp/16", plan.Brokerless, 1, 2e6)
	s.Processes[1].NS, s.Processes[1].CPU = 2*s.Processes[1].NS, 2*s.Processes[1].CPU
	if got := metrics(find(t, "throughput/tcp/16"), &s)[plan.CPU]; !near(got, 0.5) {
		t.Errorf("%v s for a million messages, want 0.5", got)
	}
}

func TestMetricsOfConnections(t *testing.T) {
	s := pushed("connect/1000", plan.Brokerless, 1, 2000)
	s.Elapsed = 25e7
	m := metrics(find(t, "connect/1000"), &s)
	if !near(m[plan.Rate], 4000) {
		t.Errorf("%v connections a second, want 1000 in 250 ms", m[plan.Rate])
	}
}

func TestMetricsOfIdleConnections(t *testing.T) {
	process := func(before, after int64, goroutines int64) conduct.Process {
		return conduct.Process{
			Before: &conduct.Measure{RSS: before, Heap: before / 10, Stacks: 1000},
			Measure: conduct.Measure{
				Count: 1000, RSS: after, Heap: after / 10, Stacks: 5000, Goroutines: goroutines, Threads: 7,
			},
		}
	}
	s := conduct.Sample{Processes: []conduct.Process{process(1e6, 5e6, 2000), process(1e6, 3e6, 0), process(1e6, 3e6, 0)}}
	m := metrics(find(t, "idle/1000"), &s)
	for metric, want := range map[plan.Metric]float64{
		plan.BinderRSS: 5e6, plan.BinderEach: 4e3, plan.BinderHeap: 404, plan.BinderTasks: 2000,
		plan.ConnectorRSS: 6e6, plan.ConnectorEach: 4e3, plan.ConnectorHeap: 408, plan.ConnectorTasks: 14,
	} {
		if !near(m[metric], want) {
			t.Errorf("%s is %v, want %v", metric, m[metric], want)
		}
	}
	if _, ok := m[plan.Rate]; ok {
		t.Error("idle connections have a rate")
	}
}

func find(t *testing.T, name string) plan.Workload {
	t.Helper()
	for _, w := range plan.Workloads(plan.Full) {
		if w.Name == name {
			return w
		}
	}
	t.Fatalf("there is no workload %q", name)
	return plan.Workload{}
}

func TestVerdicts(t *testing.T) {
	const reqrep, tcp, inproc = "latency/reqrep/tcp", "throughput/tcp/16", "throughput/inproc/16"
	rates := func(w string, ours, libzmq, plain int64) []conduct.Sample {
		list := []conduct.Sample{pushed(w, plan.Brokerless, 1, ours), pushed(w, plan.Libzmq, 1, libzmq)}
		if plain > 0 {
			list = append(list, pushed(w, plan.Plain, 1, plain))
		}
		return list
	}
	times := func(ours, libzmq, plain uint64) []conduct.Sample {
		return []conduct.Sample{
			asked(reqrep, plan.Brokerless, 1, ours), asked(reqrep, plan.Libzmq, 1, libzmq), asked(reqrep, plan.Plain, 1, plain),
		}
	}
	tests := []struct {
		name     string
		workload string
		samples  []conduct.Sample
		met      bool
		note     string
	}{
		{"at the bound", tcp, rates(tcp, 2500, 1000, 0), true, ""},
		{"below it", tcp, rates(tcp, 2498, 1000, 0), false, ""},
		{"the limit is farther", tcp, rates(tcp, 2400, 1000, 2600), false, ""},
		{"near a limit that is nearer", tcp, rates(tcp, 1800, 1000, 2000), true, "plain Go has 2.00x; 90 % of it reached"},
		{"far from it", tcp, rates(tcp, 1700, 1000, 2000), false, "plain Go has 2.00x; 85 % of it reached"},
		{"no limit within a process", inproc, rates(inproc, 1800, 1000, 1800), false, ""},
		{"half the time", reqrep, times(30, 60, 20), true, ""},
		{"more than half", reqrep, times(40, 60, 20), false, ""},
		{"more than half, as plain Go", reqrep, times(40, 60, 38), true, "plain Go has 0.63x; 95 % of it reached"},
		{"no numbers", tcp, []conduct.Sample{failedSample(tcp, plan.Brokerless, 1, "time-out")}, false, "no numbers"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := summarise(&Results{Runs: 1, Samples: tt.samples})
			w := find(t, tt.workload)
			v := s.verdict(w, w.Targets[0], plan.Brokerless)
			if v.met != tt.met || v.note != tt.note {
				t.Errorf("met %v, note %q; want %v, %q", v.met, v.note, tt.met, tt.note)
			}
		})
	}
}

func TestVerdictAgainstAnotherWorkload(t *testing.T) {
	s := summarise(&Results{Runs: 2, Samples: []conduct.Sample{
		pushed("senders/1", plan.Brokerless, 1, 1000), pushed("senders/8", plan.Brokerless, 1, 1200),
		pushed("senders/1", plan.Brokerless, 2, 3000), pushed("senders/8", plan.Brokerless, 2, 3000),
	}})
	w := find(t, "senders/8")
	v := s.verdict(w, w.Targets[1], plan.Brokerless)
	equal(t, "scaling", v.value, Spread{1.1, 1, 1.2, 2})
	if !v.met {
		t.Error("missed")
	}
}

func TestVerdictOfAnAbsoluteTarget(t *testing.T) {
	w := find(t, "idle/1000")
	target := w.Targets[len(w.Targets)-2]
	if target.Metric != plan.BinderHeap {
		t.Fatalf("the target is %+v", target)
	}
	for heap, met := range map[int64]bool{16 << 20: false, 16000 << 10: true} {
		process := conduct.Process{Before: &conduct.Measure{}, Measure: conduct.Measure{Count: 1000, Heap: heap, Goroutines: 1}}
		s := summarise(&Results{Runs: 1, Samples: []conduct.Sample{{
			Workload: w.Name, Implementation: plan.Brokerless, Run: 1, Processes: []conduct.Process{process, process},
		}}})
		if v := s.verdict(w, target, plan.Brokerless); v.met != met {
			t.Errorf("%d octets of heap for 1,000 connections: met %v", heap, v.met)
		}
	}
}
