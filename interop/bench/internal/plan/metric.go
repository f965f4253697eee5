package plan

// Metric is a number that comes of a workload in one run.
type Metric string

// The metrics of a rate, of latency (in nanoseconds), and of memory (in octets).
const (
	Rate      Metric = "rate"      // what Workload.Unit counts, a second
	Megabytes Metric = "megabytes" // 10^6 octets of payload a second
	CPU       Metric = "cpu"       // seconds of all processes for a million of what Rate counts

	P50  Metric = "p50"
	P99  Metric = "p99"
	P999 Metric = "p99.9"

	BinderRSS      Metric = "binder rss"          // of the process that binds
	ConnectorRSS   Metric = "connector rss"       // of those that connect, in all
	BinderEach     Metric = "binder rss each"     // what one connection added to it
	ConnectorEach  Metric = "connector rss each"  //
	BinderHeap     Metric = "binder heap each"    // what one connection added to Go's heap and stacks
	ConnectorHeap  Metric = "connector heap each" //
	BinderTasks    Metric = "binder tasks"        // goroutines; threads where there are none
	ConnectorTasks Metric = "connector tasks"     //
)

// Target is a bound for a metric of brokerless.
type Target struct {
	Metric  Metric
	AtLeast bool    // otherwise at most
	Bound   float64 // of the ratio to what Against names; of the metric itself if that is empty
	Against string  // Libzmq in the same workload, or the name of another workload of brokerless
}

// behind is how far brokerless may be behind libzmq where nothing else is
// demanded: 10 %.
const behind = 0.1

// NearLimit is the part of plain Go's rate that meets a target too, where the
// limit is nearer than the target.
const NearLimit = 0.9

// faster demands that many times the rate of libzmq.
func faster(ratio float64) Target {
	return Target{Metric: Rate, AtLeast: true, Bound: ratio, Against: Libzmq}
}

// lower demands at most that many times libzmq's value.
func lower(metric Metric, ratio float64) Target {
	return Target{Metric: metric, Bound: ratio, Against: Libzmq}
}

// scaling demands that many times the rate of another workload.
func scaling(ratio float64, workload string) Target {
	return Target{Metric: Rate, AtLeast: true, Bound: ratio, Against: workload}
}

// within demands a value of at most that much.
func within(metric Metric, octets float64) Target {
	return Target{Metric: metric, Bound: octets}
}
