package conduct

import (
	"github.com/brokerless/brokerless/interop/bench/internal/hist"
	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

// Measure is what a child says of itself, since the last mark.
type Measure struct {
	Count      int64           `json:"count"`          // messages, deliveries or round trips
	Bytes      int64           `json:"bytes"`          // octets of payload
	NS         int64           `json:"ns"`             // nanoseconds since the mark
	CPU        int64           `json:"cpu_ns"`         // user and system time of the process, in nanoseconds
	RSS        int64           `json:"rss"`            // octets, now
	Heap       int64           `json:"heap,omitempty"` // octets, now; 0 where there is no Go
	Stacks     int64           `json:"stacks,omitempty"`
	Goroutines int64           `json:"goroutines,omitempty"`
	Threads    int64           `json:"threads"`
	Hist       *hist.Histogram `json:"hist,omitempty"` // of latencies in nanoseconds; role ask
}

// Process is what one process of a sample measured.
type Process struct {
	Roles  string   `json:"roles"`            // of the process, separated by commas
	Before *Measure `json:"before,omitempty"` // idle workloads: before there was a connection
	Measure
}

// Sample is one run of one workload by one implementation.
type Sample struct {
	Workload       string    `json:"workload"`
	Implementation string    `json:"implementation"`
	Run            int       `json:"run"`                  // from 1
	Failure        string    `json:"failure,omitempty"`    // why there are no numbers
	Elapsed        int64     `json:"elapsed_ns,omitempty"` // connections: from asking for them to having them all
	Processes      []Process `json:"processes,omitempty"`  // the one that binds first
}

// Receiver returns what the receiving process of a workload measured. It must
// only be called on a sample without a failure.
func (s *Sample) Receiver(w plan.Workload) *Measure {
	if w.ReceiverBinds() {
		return &s.Processes[0].Measure
	}
	return &s.Processes[len(s.Processes)-1].Measure
}

// Load returns how many processors all processes together kept busy. Each is
// taken over its own time since the mark, as they do not hear of it at once.
func (s *Sample) Load() float64 {
	var sum float64
	for i := range s.Processes {
		if p := &s.Processes[i]; p.NS > 0 {
			sum += float64(p.CPU) / float64(p.NS)
		}
	}
	return sum
}
