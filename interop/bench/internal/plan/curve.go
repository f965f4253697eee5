package plan

import "fmt"

// The keys of the server in all workloads under CURVE, in Z85: everybody may
// know them. Clients make their own.
const (
	serverKey    = "8YEO#Z[SS/Nyz<6aN.[QiXLzS55UR(vVh(hqJq$R"
	serverSecret = "cg-eGNP?l98il?E!hhKAwA@%^g&)OTV7nLKA)=W#"
)

// curve returns workloads of throughput and latency again, encrypted.
func curve() []Workload {
	var all []Workload
	for _, size := range []int{16, 100, 1024, 8192, 65536} {
		all = append(all, push(fmt.Sprintf("curve/throughput/tcp/%d", size), "tcp", size, faster(1)))
	}
	all = append(all,
		push("curve/throughput/ipc/1024", "ipc", 1024, faster(1)),
		ask("curve/latency/reqrep/tcp", "reqrep", "tcp", lower(P50, 1), lower(P99, 1+behind)))
	for i := range all {
		all[i].Curve = true
	}
	return all
}
