package dnssrv

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/discoverytest"
)

// port returns the port of the only endpoint.
func port(t testing.TB, in *discovery.Instance) int {
	t.Helper()
	_, p, err := net.SplitHostPort(in.Endpoints[0][len("tcp://"):])
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(p)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// cluster returns a cluster whose zone has the lines for each instance.
func cluster(t *testing.T, name string, line func(port int) []string, seen func(s *settings, port int) discovery.Instance, opts ...Option) discoverytest.Cluster {
	t.Helper()
	z := new(zone)
	opts = append(opts, WithServer(z.serve(t)), WithMaxAge(10*time.Millisecond), WithTimeout(10*time.Second))
	s, err := newSettings(name, opts)
	if err != nil {
		t.Fatal(err)
	}
	return discoverytest.Cluster{
		Service:   "orders",
		Endpoints: 1,
		Backend: func(t testing.TB) discovery.Backend {
			t.Helper()
			b, err := New(name, opts...)
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
		Publish: func(t testing.TB, all []discovery.Instance) {
			t.Helper()
			var lines []string
			for _, in := range all {
				lines = append(lines, line(port(t, &in))...)
			}
			z.set(t, lines...)
		},
		Seen: func(in discovery.Instance) discovery.Instance { return seen(&s, port(t, &in)) },
	}
}

func TestSRVConforms(t *testing.T) {
	const name = "_orders._tcp.example."
	discoverytest.Run(t, func(t *testing.T) discoverytest.Cluster {
		return cluster(t, name, func(port int) []string {
			return []string{
				fmt.Sprintf("%s 0 SRV 1 2 %d h%d.example.", name, port, port),
				fmt.Sprintf("h%d.example. 0 A 127.0.0.1", port),
			}
		}, func(s *settings, port int) discovery.Instance {
			target := fmt.Sprintf("h%d.example", port)
			in := s.instance(name, target+".", strconv.Itoa(port))
			in.Name = target
			in.Endpoints = []string{fmt.Sprintf("tcp://127.0.0.1:%d", port)}
			in.Metadata = map[string]string{"priority": "1", "weight": "2"}
			return in
		})
	})
}

func TestAddressesConform(t *testing.T) {
	const name = "orders.example."
	address := func(port int) string { return fmt.Sprintf("10.7.%d.%d", port>>8, port&255) }
	discoverytest.Run(t, func(t *testing.T) discoverytest.Cluster {
		return cluster(t, name, func(port int) []string {
			return []string{fmt.Sprintf("%s 0 A %s", name, address(port))}
		}, func(s *settings, port int) discovery.Instance {
			in := s.instance(name, address(port), "5555")
			in.Name = address(port)
			in.Endpoints = []string{fmt.Sprintf("tcp://%s:5555", address(port))}
			return in
		}, WithPort(5555))
	})
}
