package report

import (
	"strings"

	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

// section is a chapter of results.md: the workloads that are read together.
type section struct {
	title, text string
	names       []string // what the names of its workloads begin with
	table       func(*document, []plan.Workload)
}

// has reports whether a workload belongs to the section.
func (s section) has(workload string) bool {
	for _, prefix := range s.names {
		if strings.HasPrefix(workload, prefix) {
			return true
		}
	}
	return false
}

// The titles of the sections that have plots.
const (
	titleThroughput = "Throughput"
	titleLatency    = "Round trips"
	titleCurve      = "Throughput under CURVE"
	titleGrowth     = "Growth"
)

func sections() []section {
	return []section{
		{
			titleThroughput, "PUSH to PULL, one of each; messages a second by transport and octets a message.",
			[]string{"throughput/", "multipart/"},
			rates,
		},
		{
			"Several senders", "PUSH to PULL, 100 octets, TCP: one and eight threads that send on one socket, and a thousand sockets that " +
				"send to one; messages a second.",
			[]string{"senders/", "fan-in/"},
			rates,
		},
		{
			titleLatency, "Requests of 64 octets, one under way at a time: as fast as replies come, and at a fixed rate of 5,000 a second, " +
				"where time counts from the moment at which the request was due, not from that at which it got its turn.",
			[]string{"latency/"},
			roundTrips,
		},
		{
			titleCurve, "PUSH to PULL, one of each, encrypted: messages a second by transport and octets a message.",
			[]string{"curve/throughput/"},
			rates,
		},
		{
			"Round trips under CURVE", "REQ to REP over TCP, encrypted, 64 octets, one under way at a time.",
			[]string{"curve/latency/"},
			roundTrips,
		},
		{
			"Pipelined", "DEALER to ROUTER over TCP, 64 octets, with 1,000 requests under way; round trips a second.",
			[]string{"pipelined/"},
			rates,
		},
		{
			"Publishing", "PUB to SUB over TCP, 100 octets: to 1 to 1,000 subscribers of everything, and to 10 subscribers who have 10 to " +
				"1,000,000 subscriptions between them, of which each message matches one; messages that reached a subscriber, a second.",
			[]string{"publish/", "match/"},
			rates,
		},
		{
			"Connecting", "A thousand PUSH connect to one PULL, and each sends one message; connections a second, from asking for the first to the " +
				"arrival of the last message.",
			[]string{"connect/"},
			rates,
		},
		{
			"Idle connections", "Memory of the process that binds and of those that connect (at most 2,500 sockets each), once all connections are there and " +
				"the process has given back what it does not need. Each is what one connection added; heap and stacks are Go's own count.",
			[]string{"idle/"},
			memory,
		},
		{
			titleGrowth, "PUSH to PULL over TCP, 100 octets, by sending sockets and by high-water mark, and PUB to 10 SUB by subscriptions; " +
				"messages a second. The plots show the time that " +
				"one message takes, so that a line that rises as steeply as the dashed one grows in proportion.",
			[]string{"growth/"},
			rates,
		},
	}
}

// rates writes a row for each workload and a column for each implementation,
// with the ratio to libzmq and the target beside it.
func rates(d *document, workloads []plan.Workload) {
	t := d.byImplementation(workloads, plan.Rate)
	t.head = append(t.head, "brokerless ÷ libzmq", "target", "")
	for i, w := range workloads {
		target := w.Targets[0]
		v := d.verdict(w, target, plan.Brokerless)
		t.rows[i] = append(t.rows[i], ratio(v.value), demand(target), v.outcome())
	}
	if into := d.toLibzmq(workloads[0].Name, plan.RecvInto, plan.Rate); into.N > 0 {
		t.head = append(t.head, "RecvInto ÷ libzmq")
		for i, w := range workloads {
			t.rows[i] = append(t.rows[i], ratio(d.toLibzmq(w.Name, plan.RecvInto, plan.Rate)))
		}
	}
	d.printf("%s", t.String())
}

// byImplementation returns a table of a metric with a row for each workload and
// a column for each implementation that takes part in any of them.
func (d *document) byImplementation(workloads []plan.Workload, m plan.Metric) *table {
	t := &table{head: []string{"workload"}, left: 1}
	var columns []plan.Implementation
	for _, i := range d.Implementations() {
		for _, w := range workloads {
			if w.Absent(i.Name) == "" {
				columns = append(columns, i)
				t.head = append(t.head, i.Title)
				break
			}
		}
	}
	for _, w := range workloads {
		row := []string{code(w.Name)}
		for _, i := range columns {
			row = append(row, d.cell(w, i, m))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// roundTrips writes a row for each workload and implementation.
func roundTrips(d *document, workloads []plan.Workload) {
	t := &table{head: []string{
		"workload", "implementation", "p50", "p99", "p99.9", "round trips/s", "p50 ÷ libzmq", "p99 ÷ libzmq",
	}, left: 2}
	for _, w := range workloads {
		d.each(w, func(i plan.Implementation, name string) {
			t.add(name, i.Title, d.cell(w, i, plan.P50),
				middle(plan.P99, d.spread(w.Name, i.Name, plan.P99)),
				middle(plan.P999, d.spread(w.Name, i.Name, plan.P999)),
				middle(plan.Rate, d.spread(w.Name, i.Name, plan.Rate)),
				d.beside(w, i, plan.P50), d.beside(w, i, plan.P99))
		})
	}
	d.printf("%s", t.String())
}

// memory writes a row for each workload and implementation, with what binds and
// what connects in one cell.
func memory(d *document, workloads []plan.Workload) {
	t := &table{head: []string{
		"workload", "implementation", "RSS binding", "RSS connecting", "RSS each, binding / connecting",
		"heap and stacks each", "goroutines (C: threads)", "RSS binding ÷ libzmq", "RSS connecting ÷ libzmq",
	}, left: 2}
	for _, w := range workloads {
		d.each(w, func(i plan.Implementation, name string) {
			both := func(one, other plan.Metric) string {
				return middle(one, d.spread(w.Name, i.Name, one)) + " / " + middle(other, d.spread(w.Name, i.Name, other))
			}
			t.add(name, i.Title, d.cell(w, i, plan.BinderRSS), middle(plan.ConnectorRSS, d.spread(w.Name, i.Name, plan.ConnectorRSS)),
				both(plan.BinderEach, plan.ConnectorEach), both(plan.BinderHeap, plan.ConnectorHeap),
				both(plan.BinderTasks, plan.ConnectorTasks),
				d.beside(w, i, plan.BinderRSS), d.beside(w, i, plan.ConnectorRSS))
		})
	}
	d.printf("%s", t.String())
}

// each calls row for all implementations that take part in a workload. The name
// of the workload stands in the first row only.
func (d *document) each(w plan.Workload, row func(i plan.Implementation, name string)) {
	name := code(w.Name)
	for _, i := range d.Implementations() {
		if w.Absent(i.Name) == "" {
			row(i, name)
			name = ""
		}
	}
}
