package plan

import "fmt"

// Size tells the full plan from one for looking only whether everything works.
type Size int

// The sizes.
const (
	Full  Size = iota
	Small      // what is counted in thousands is counted in hundreds
)

// count is a number of sockets, subscribers or subscriptions in a plan of this
// size.
func (s Size) count(full int) int {
	switch {
	case s == Full || full <= 100:
		return full
	case full <= 1000:
		return 100
	default:
		return 200
	}
}

// transports in the order of the tables.
var transports = []string{"tcp", "ipc", "inproc"}

// Workloads returns everything that is measured, in the order in which it is.
// Those that are held against each other are neighbours.
func Workloads(size Size) []Workload {
	var all []Workload
	all = append(all, throughput()...)
	all = append(all, peers(size)...)
	all = append(all, latency()...)
	all = append(all, curve()...)
	all = append(all, publish(size)...)
	all = append(all, connections(size)...)
	all = append(all, depth()...)
	return all
}

// push is a PUSH/PULL workload with bodies of size octets.
func push(name, transport string, size int, targets ...Target) Workload {
	return Workload{
		Name: name, Binder: "pull", Connector: "push", Transport: transport,
		Size: size, Scale: float64(size), Targets: targets,
	}
}

func throughput() []Workload {
	demanded := map[string]float64{"tcp/16": 2.5, "tcp/100": 1.4, "tcp/1024": 1.15, "tcp/65536": 1}
	var all []Workload
	for _, transport := range transports {
		for _, size := range []int{16, 100, 1024, 8192, 65536, 262144, 1048576} {
			name := fmt.Sprintf("%s/%d", transport, size)
			ratio, ok := demanded[name]
			switch {
			case ok:
			case transport == "inproc":
				ratio = 2
			default:
				ratio = 1 - behind
			}
			all = append(all, push("throughput/"+name, transport, size, faster(ratio)))
		}
	}
	multipart := push("multipart/4x32", "tcp", 32, faster(1-behind))
	multipart.Frames = 4
	return append(all, multipart)
}

// peers returns the workloads with several senders: in one socket, and in many.
func peers(size Size) []Workload {
	one := push("senders/1", "tcp", 100, faster(1-behind))
	one.Senders, one.Scale = 1, 1
	eight := push("senders/8", "tcp", 100, faster(1-behind), scaling(1, one.Name))
	eight.Senders, eight.Scale = 8, 8
	all := []Workload{one, eight}
	for _, n := range []int{1, 10, 100, 1000} {
		name, ratio := fmt.Sprintf("growth/peers/%d", n), 1-behind
		if n == 1000 {
			name, ratio = "fan-in/1000", 1
		}
		w := push(name, "tcp", 100, faster(ratio))
		w.Sockets, w.Scale = size.count(n), float64(n)
		all = append(all, w)
	}
	return all
}

// ask is a workload of round trips with bodies of 64 octets.
func ask(name, pattern, transport string, targets ...Target) Workload {
	return Workload{
		Name: name, Binder: "echo", Connector: "ask", Transport: transport,
		Size: 64, Pattern: pattern, Targets: targets,
	}
}

func latency() []Workload {
	var all []Workload
	for _, pattern := range []string{"reqrep", "dealerrouter"} {
		for _, transport := range transports {
			ratio := 1 + behind
			if pattern == "reqrep" && transport != "inproc" {
				ratio = 0.5
			}
			all = append(all, ask("latency/"+pattern+"/"+transport, pattern, transport,
				lower(P50, ratio), lower(P99, 1+behind)))
		}
		fixed := ask("latency/"+pattern+"/tcp-at-5000", pattern, "tcp",
			lower(P50, 1+behind), lower(P99, 1+behind))
		fixed.Rate = 5000
		all = append(all, fixed)
	}
	pipelined := ask("pipelined/1000", "dealerrouter", "tcp", faster(1-behind))
	pipelined.Inflight = 1000
	return append(all, pipelined)
}

func publish(size Size) []Workload {
	base := Workload{Binder: "pub", Connector: "sub", Transport: "tcp", Size: 100}
	var all []Workload
	for _, n := range []int{1, 10, 100, 1000} {
		ratio := 1 - behind
		if n == 100 {
			ratio = 1.5
		}
		w := base
		w.Name, w.Targets, w.Scale = fmt.Sprintf("publish/%d", n), []Target{faster(ratio)}, float64(n)
		w.Subscribers, w.Subscriptions = size.count(n), 1
		all = append(all, w)
	}
	for _, n := range []int{10, 1000, 100_000, 1_000_000} {
		w := base
		w.Name, w.Targets, w.Scale = fmt.Sprintf("match/%d", n), []Target{faster(1 - behind)}, float64(n)
		switch n {
		case 100_000:
			w.Name = fmt.Sprintf("growth/subscriptions/%d", n)
		case 1_000_000:
			w.Targets = append(w.Targets, scaling(0.5, "match/1000"))
		}
		w.Subscribers, w.Subscriptions = 10, size.count(n)
		all = append(all, w)
	}
	return all
}

// heapEach is what a connection may cost in heap and stacks on either side.
const heapEach = 16 << 10

func connections(size Size) []Workload {
	connect := push("connect/1000", "tcp", 16, faster(1-behind))
	connect.Kind, connect.Sockets, connect.Scale = Connect, size.count(1000), 1000
	all := []Workload{connect}
	for _, n := range []int{1, 1000, 10_000} {
		ratio := 1 + behind
		if n == 10_000 {
			ratio = 1
		}
		w := push(fmt.Sprintf("idle/%d", n), "tcp", 16, lower(BinderRSS, ratio), lower(ConnectorRSS, ratio))
		if n > 1 {
			w.Targets = append(w.Targets, within(BinderHeap, heapEach), within(ConnectorHeap, heapEach))
		}
		w.Kind, w.Sockets, w.Scale = Idle, size.count(n), float64(n)
		all = append(all, w)
	}
	return all
}

// depth varies the high-water marks.
func depth() []Workload {
	var all []Workload
	for _, n := range []int{10, 100, 1000, 10_000, 100_000} {
		w := push(fmt.Sprintf("growth/depth/%d", n), "tcp", 100, faster(1-behind))
		w.HWM, w.Scale = n, float64(n)
		all = append(all, w)
	}
	return all
}
