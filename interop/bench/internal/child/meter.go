package child

import (
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/brokerless/brokerless/interop/bench/internal/hist"
)

// sample is what a child did since the mark, and what it holds now. Sizes are
// octets.
type sample struct {
	Count      uint64          `json:"count"` // messages that came: to PULL, SUB, and replies
	Bytes      uint64          `json:"bytes"` // their octets
	NS         int64           `json:"ns"`    // time since the mark
	CPU        int64           `json:"cpu_ns"`
	RSS        uint64          `json:"rss"`
	Heap       uint64          `json:"heap"`   // spans in use
	Stacks     uint64          `json:"stacks"` // spans in use
	Goroutines int             `json:"goroutines"`
	Threads    int             `json:"threads"`
	Hist       *hist.Histogram `json:"hist,omitempty"` // round trips in ns, of an asker
}

// meter adds up what the loops of a process count.
type meter struct {
	octets int    // of one message
	mask   uint64 // of counters that need not be exact

	mu       sync.Mutex
	counters []*counter
	trips    *hist.Recorder // nil unless the process asks

	start time.Time // the mark
	count uint64    // at the mark
	cpu   time.Duration
	past  *hist.Snapshot
}

func newMeter(c *Config) *meter {
	m := &meter{octets: c.octets(), start: time.Now(), cpu: cpuTime(), past: new(hist.Snapshot)}
	if c.Expect == 0 && c.Subscribers == 1 && c.octets() <= 1024 {
		m.mask = batch - 1
	}
	return m
}

// counter returns a new counter for a goroutine that receives.
func (m *meter) counter() *counter { return m.add(&counter{mask: m.mask}) }

// exact returns a new counter that shows each message.
func (m *meter) exact() *counter { return m.add(new(counter)) }

func (m *meter) add(c *counter) *counter {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counters = append(m.counters, c)
	return c
}

// recorder returns the histogram for the goroutine that asks.
func (m *meter) recorder() *hist.Recorder {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trips = new(hist.Recorder)
	return m.trips
}

// mark starts a new measurement.
func (m *meter) mark() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cpu = cpuTime()
	if m.trips != nil {
		m.past = m.trips.Snapshot()
	}
	m.count = m.counted()
	m.start = time.Now()
}

// measure reports what happened since the mark, which stays where it is. What
// is compared with the clock is looked at first, what takes time to find out
// last.
func (m *meter) measure() sample {
	m.mu.Lock()
	defer m.mu.Unlock()
	count, now := m.counted()-m.count, time.Now()
	s := sample{
		Count: count,
		Bytes: count * uint64(m.octets),
		NS:    now.Sub(m.start).Nanoseconds(),
		CPU:   (cpuTime() - m.cpu).Nanoseconds(),
	}
	if m.trips != nil {
		s.Hist = m.trips.Snapshot().Since(m.past)
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	s.RSS, s.Threads = residentSize(), threads()
	s.Heap, s.Stacks, s.Goroutines = mem.HeapInuse, mem.StackInuse, runtime.NumGoroutine()
	return s
}

// settle gives memory that is not in use back to the system.
func settle() {
	runtime.GC()
	debug.FreeOSMemory()
}

// counted returns what all counters show. The caller holds mu.
func (m *meter) counted() (sum uint64) {
	for _, c := range m.counters {
		sum += c.shown.Load()
	}
	return sum
}
