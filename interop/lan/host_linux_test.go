package lan

import (
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// A host is a network namespace with interfaces eth0, eth1 and so on.
type host struct {
	lan       *lan
	name      string
	namespace string
	nics      []*nic
}

// A nic is an interface of a host, and the port of the switch that it is
// plugged into.
type nic struct {
	host    *host
	name    string // eth0
	address string // with the length of the prefix
	segment *segment
	port    string // in the namespace of the switch
}

// host makes a host that is plugged into the first segment.
func (l *lan) host(t testing.TB, name string) *host {
	t.Helper()
	h := l.bare(t, name)
	h.plug(t, l.segments[0])
	return h
}

// bare makes a host that has only its loopback interface.
func (l *lan) bare(t testing.TB, name string) *host {
	t.Helper()
	h := &host{lan: l, name: name, namespace: l.id + "-" + name}
	must(t, ip("netns", "add", h.namespace))
	t.Cleanup(func() { l.remove(t, h.namespace) })
	must(t, ip("-n", h.namespace, "link", "set", "lo", "up"))
	return h
}

// plug gives the host one more interface, on a segment, with an address.
func (h *host) plug(t testing.TB, s *segment) *nic {
	t.Helper()
	l := h.lan
	l.ports++
	n := &nic{
		host: h, name: fmt.Sprintf("eth%d", len(h.nics)), address: s.address(),
		segment: s, port: fmt.Sprintf("port%d", l.ports),
	}
	must(t, ip("-n", l.sw, "link", "add", n.port, "type", "veth",
		"peer", "name", n.name, "address", hardware(n.addr()), "netns", h.namespace))
	must(t, ipBatch(h.namespace, fmt.Sprintf("link set %s up\naddr add %s dev %[1]s\n", n.name, n.address)))
	must(t, ip("-n", l.sw, "link", "set", n.port, "master", s.bridge, "up"))
	h.nics = append(h.nics, n)
	n.awaitCarrier(t)
	return n
}

// awaitCarrier waits until the system has noticed that the interface is plugged
// in, which takes a moment.
func (n *nic) awaitCarrier(t testing.TB) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		out, err := exec.Command("ip", "-n", n.host.namespace, "-o", "link", "show", n.name).CombinedOutput()
		switch {
		case err == nil && strings.Contains(string(out), "state UP"):
			return
		case time.Now().After(deadline):
			t.Fatalf("%s of %s does not come up: %v: %s", n.name, n.host.name, err, out)
		}
	}
}

// eth0 returns the first interface.
func (h *host) eth0() *nic { return h.nics[0] }

// cut takes the port of the switch down: the interface loses its carrier.
func (n *nic) cut(t testing.TB) {
	t.Helper()
	must(t, ip("-n", n.host.lan.sw, "link", "set", n.port, "down"))
}

// restore undoes cut.
func (n *nic) restore(t testing.TB) {
	t.Helper()
	must(t, ip("-n", n.host.lan.sw, "link", "set", n.port, "up"))
}

// readdress gives the interface another address in place of the one it has.
func (n *nic) readdress(t testing.TB) {
	t.Helper()
	old := n.address
	n.address = n.segment.address()
	must(t, ipBatch(n.host.namespace, fmt.Sprintf("addr del %s dev %s\naddr add %s dev %[2]s\n", old, n.name, n.address)))
}

// addr returns the address of the interface.
func (n *nic) addr() netip.Addr { return netip.MustParsePrefix(n.address).Addr() }

// hardware returns the Ethernet address of the interface that begins its life
// with this IP address.
func hardware(a netip.Addr) string {
	b := a.As4()
	return fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3])
}

// acquaint tells hosts each other's Ethernet addresses. Those that a system finds
// out for itself are at most 1024 in all its namespaces together (gc_thresh3),
// and that is too few for many hosts that all talk to each other.
func acquaint(t testing.TB, hosts []*host) {
	t.Helper()
	for _, h := range hosts {
		var commands strings.Builder
		for _, other := range hosts {
			if a := other.eth0().addr(); other != h {
				fmt.Fprintf(&commands, "neigh replace %s lladdr %s dev eth0 nud permanent\n", a, hardware(a))
			}
		}
		must(t, ipBatch(h.namespace, commands.String()))
	}
}

// endpoint returns where an instance that is bound to all addresses is reached
// by this interface.
func (n *nic) endpoint(in discovery.Instance) string {
	return strings.Replace(in.Endpoints[0], "0.0.0.0", n.addr().String(), 1)
}

// multicast says whether the segment delivers multicast. Unicast and broadcast
// always are, so that connections live on. That is a flag of the bridge's ports;
// it needs no packet filter.
func (s *segment) multicast(t testing.TB, hosts []*host, on bool) {
	t.Helper()
	flag := map[bool]string{true: "on", false: "off"}[on]
	for _, h := range hosts {
		for _, n := range h.nics {
			if n.segment == s {
				must(t, ip("-n", s.lan.sw, "link", "set", n.port, "type", "bridge_slave", "mcast_flood", flag))
			}
		}
	}
}

// command returns a command that will run on the host, and not survive the test.
func (h *host) command(name string, args ...string) *exec.Cmd {
	return inNamespace(h.namespace, name, args...)
}

func inNamespace(namespace, name string, args ...string) *exec.Cmd {
	cmd := exec.Command("ip", append([]string{"netns", "exec", namespace, name}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}
