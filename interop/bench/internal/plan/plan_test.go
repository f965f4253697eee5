package plan

import (
	"slices"
	"strings"
	"testing"
)

func workload(t *testing.T, size Size, name string) Workload {
	t.Helper()
	all := Workloads(size)
	i := slices.IndexFunc(all, func(w Workload) bool { return w.Name == name })
	if i < 0 {
		t.Fatalf("there is no workload %q", name)
	}
	return all[i]
}

func TestNamesAreUnique(t *testing.T) {
	for _, size := range []Size{Full, Small} {
		seen := map[string]bool{}
		for _, w := range Workloads(size) {
			if seen[w.Name] {
				t.Errorf("two workloads are called %q", w.Name)
			}
			seen[w.Name] = true
		}
	}
}

func TestSmallPlanHasTheSameWorkloads(t *testing.T) {
	full, small := Workloads(Full), Workloads(Small)
	if len(full) != len(small) {
		t.Fatalf("%d workloads, and %d in the small plan", len(full), len(small))
	}
	for i, w := range small {
		if w.Name != full[i].Name {
			t.Errorf("%q stands where the full plan has %q", w.Name, full[i].Name)
		}
		if w.Sockets > 200 || w.Subscribers > 100 || w.Subscriptions > 200 {
			t.Errorf("%q is not small: %+v", w.Name, w)
		}
	}
}

func TestEachWorkloadHasTargets(t *testing.T) {
	names := map[string]bool{}
	for _, w := range Workloads(Full) {
		names[w.Name] = true
		if len(w.Targets) == 0 {
			t.Errorf("%q is held against nothing", w.Name)
		}
	}
	for _, w := range Workloads(Full) {
		for _, target := range w.Targets {
			if target.Against != "" && target.Against != Libzmq && !names[target.Against] {
				t.Errorf("%q is held against %q, which does not exist", w.Name, target.Against)
			}
		}
	}
}

func TestProcesses(t *testing.T) {
	tests := []struct {
		workload string
		want     []string
	}{
		{"throughput/tcp/16", []string{
			"-roles pull -transport tcp -size 16",
			"-roles push -transport tcp -size 16",
		}},
		{"throughput/inproc/100", []string{
			"-roles pull,push -transport inproc -size 100",
		}},
		{"multipart/4x32", []string{
			"-roles pull -transport tcp -size 32 -frames 4",
			"-roles push -transport tcp -size 32 -frames 4",
		}},
		{"fan-in/1000", []string{
			"-roles pull -transport tcp -size 100",
			"-roles push -transport tcp -size 100 -sockets 1000",
		}},
		{"latency/reqrep/tcp-at-5000", []string{
			"-roles echo -transport tcp -size 64 -rate 5000 -pattern reqrep",
			"-roles ask -transport tcp -size 64 -rate 5000 -pattern reqrep",
		}},
		{"match/1000000", []string{
			"-roles pub -transport tcp -size 100 -subscribers 10 -subscriptions 1000000",
			"-roles sub -transport tcp -size 100 -subscribers 10 -subscriptions 1000000",
		}},
		{"idle/10000", []string{
			"-roles pull -transport tcp -size 16 -expect 10000",
			"-roles push -transport tcp -size 16 -sockets 2500 -once",
			"-roles push -transport tcp -size 16 -sockets 2500 -once",
			"-roles push -transport tcp -size 16 -sockets 2500 -once",
			"-roles push -transport tcp -size 16 -sockets 2500 -once",
		}},
		{"curve/throughput/ipc/1024", []string{
			"-roles pull -transport ipc -size 1024 -server-key " + serverKey + " -server-secret " + serverSecret,
			"-roles push -transport ipc -size 1024 -server-key " + serverKey + " -server-secret " + serverSecret,
		}},
		{"growth/depth/10", []string{
			"-roles pull -transport tcp -size 100 -hwm 10",
			"-roles push -transport tcp -size 100 -hwm 10",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.workload, func(t *testing.T) {
			var got []string
			for _, p := range workload(t, Full, tt.workload).Processes() {
				got = append(got, strings.Join(p.Flags, " "))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("processes:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestUnits(t *testing.T) {
	for name, want := range map[string]string{
		"throughput/ipc/16": "messages", "pipelined/1000": "round trips",
		"publish/10": "deliveries", "connect/1000": "connections", "idle/1": "connections",
	} {
		if got := workload(t, Full, name).Unit(); got != want {
			t.Errorf("%s counts %s, want %s", name, got, want)
		}
	}
}

func TestAbsent(t *testing.T) {
	tests := []struct {
		workload, implementation string
		absent                   bool
	}{
		{"latency/dealerrouter/tcp", "mangos", true},
		{"latency/reqrep/tcp", "mangos", false},
		{"multipart/4x32", "mangos", true},
		{"throughput/inproc/100", "gozeromq", false},
		{"throughput/inproc/1024", "gozeromq", true},
		{"publish/1", Plain, true},
		{"latency/dealerrouter/tcp", Plain, false},
		{"growth/depth/10", "pebbe", true},
		{"growth/depth/10", Libzmq, false},
		{"fan-in/1000", "pebbe", false},
		{"throughput/tcp/16", RecvInto, false},
		{"senders/8", RecvInto, true},
		{"curve/throughput/tcp/16", RecvInto, false},
		{"curve/latency/reqrep/tcp", RecvInto, true},
		{"curve/throughput/tcp/16", "pebbe", false},
		{"curve/throughput/tcp/16", "gozeromq", true},
		{"curve/throughput/tcp/16", "mangos", true},
		{"curve/latency/reqrep/tcp", Plain, true},
	}
	for _, tt := range tests {
		if reason := workload(t, Full, tt.workload).Absent(tt.implementation); (reason != "") != tt.absent {
			t.Errorf("%s without %s: %q", tt.workload, tt.implementation, reason)
		}
	}
	for _, w := range Workloads(Full) {
		for _, name := range []string{Brokerless, Libzmq} {
			if reason := w.Absent(name); reason != "" {
				t.Errorf("%s is without %s: %s", w.Name, name, reason)
			}
		}
	}
}
