package main

import (
	"fmt"
	"os"
	"time"

	"github.com/brokerless/brokerless/interop/bench/internal/conduct"
	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

// progress tells on the standard error how far the bench has come.
type progress struct {
	workloads           map[string]plan.Workload
	total, done, failed int
	started             time.Time
}

func newProgress(workloads []plan.Workload, implementations []plan.Implementation, runs int) *progress {
	p := &progress{workloads: map[string]plan.Workload{}, started: time.Now()}
	for _, w := range workloads {
		p.workloads[w.Name] = w
		for _, i := range implementations {
			if w.Absent(i.Name) == "" {
				p.total += runs
			}
		}
	}
	return p
}

// report writes one line for a sample.
func (p *progress) report(s conduct.Sample) {
	p.done++
	outcome := "failed: " + s.Failure
	if s.Failure == "" {
		w := p.workloads[s.Workload]
		outcome = fmt.Sprintf("%d %s", s.Receiver(w).Count, w.Unit())
	} else {
		p.failed++
	}
	fmt.Fprintf(os.Stderr, "%5.0f s  %d/%d  run %d  %-28s %-20s %s\n",
		time.Since(p.started).Seconds(), p.done, p.total, s.Run, s.Workload, s.Implementation, outcome)
}

// end writes the closing line.
func (p *progress) end() {
	fmt.Fprintf(os.Stderr, "%d passed, %d failed\n", p.done-p.failed, p.failed)
}
