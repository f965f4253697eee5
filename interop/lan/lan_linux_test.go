package lan

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// prefix begins the name of each network namespace made here. The pid of the
// process that made it follows.
const prefix = "brokerless-"

// A lan is a network of its own: hosts, which are network namespaces, and
// segments that join them, which are bridges in one more namespace, the switch.
// Nothing of it is in the namespace of the test. It is gone when the test ends.
type lan struct {
	id       string // what the names of its namespaces begin with
	sw       string // the namespace of the switch
	segments []*segment
	ports    int
}

// A segment is one Ethernet, of the subnet 10.77.number.0/24.
type segment struct {
	lan    *lan
	number int
	bridge string
	last   int // last octet of the youngest address
}

// lans counts the networks of this process.
var lans atomic.Int32

// newLAN makes a network with one segment. Where that is not possible, it skips
// the test, or fails it if BROKERLESS_INTEROP=require.
func newLAN(t testing.TB) *lan {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil {
		missing(t, "no command ip to make hosts with: apt-get install iproute2")
	}
	if os.Geteuid() != 0 {
		missing(t, "hosts are network namespaces, and only root can make them")
	}
	if _, err := os.Stat("/proc/self/ns/net"); err != nil {
		missing(t, "the system has no network namespaces to make hosts of: %v", err)
	}
	id := fmt.Sprintf("%s%d-%d", prefix, os.Getpid(), lans.Add(1))
	l := &lan{id: id, sw: id + "-switch"}
	if err := ip("netns", "add", l.sw); err != nil {
		missing(t, "no network namespaces to make hosts of: %v", err)
	}
	t.Cleanup(func() { l.remove(t, l.sw) })
	if err := ip("-n", l.sw, "link", "add", "probe", "type", "bridge"); err != nil {
		missing(t, "no bridges to join hosts with: %v", err)
	}
	l.segment(t)
	return l
}

// segment adds a segment, with nothing on it.
func (l *lan) segment(t testing.TB) *segment {
	t.Helper()
	n := len(l.segments)
	s := &segment{lan: l, number: n, bridge: fmt.Sprintf("bridge%d", n)}
	// Without snooping, multicast goes to all ports or, where a test says so, to
	// none, and does not depend on who has joined when.
	must(t, ip("-n", l.sw, "link", "add", s.bridge, "type", "bridge", "mcast_snooping", "0"))
	must(t, ip("-n", l.sw, "link", "set", s.bridge, "up"))
	l.segments = append(l.segments, s)
	return s
}

// A trunk joins two segments to one, as long as it is up.
type trunk struct {
	lan  *lan
	port string
}

// extend adds a segment of the same subnet, and the trunk between the two.
func (s *segment) extend(t testing.TB) (*segment, *trunk) {
	t.Helper()
	l := s.lan
	far := l.segment(t)
	far.number, far.last = s.number, s.last+100
	l.ports++
	k := &trunk{l, fmt.Sprintf("trunk%d", l.ports)}
	must(t, ip("-n", l.sw, "link", "add", k.port, "type", "veth", "peer", "name", k.port+"far"))
	must(t, ip("-n", l.sw, "link", "set", k.port, "master", s.bridge, "up"))
	must(t, ip("-n", l.sw, "link", "set", k.port+"far", "master", far.bridge, "up"))
	return far, k
}

// cut parts the segments. The hosts do not see anything of that, but that the
// others are silent.
func (k *trunk) cut(t testing.TB) {
	t.Helper()
	must(t, ip("-n", k.lan.sw, "link", "set", k.port, "down"))
}

// restore undoes cut.
func (k *trunk) restore(t testing.TB) {
	t.Helper()
	must(t, ip("-n", k.lan.sw, "link", "set", k.port, "up"))
}

// remove removes a namespace, and with it the ends of links that are in it.
func (l *lan) remove(t testing.TB, namespace string) {
	t.Helper()
	if err := ip("netns", "del", namespace); err != nil {
		t.Errorf("left behind: %v", err)
	}
}

// address returns an address of the segment that no host has had, with the
// length of the prefix.
func (s *segment) address() string {
	s.last++
	return fmt.Sprintf("10.77.%d.%d/24", s.number, s.last)
}

// sweep removes the namespaces of processes that were killed before they could.
func sweep() {
	entries, err := os.ReadDir("/run/netns")
	if err != nil {
		return
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), prefix)
		first, _, _ := strings.Cut(rest, "-")
		if pid, err := strconv.Atoi(first); ours && err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = ip("netns", "del", e.Name()) // another run may be about to
		}
	}
}

// ip runs the command of that name.
func ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// ipBatch runs commands of ip, one a line, in a namespace.
func ipBatch(namespace, commands string) error {
	cmd := exec.Command("ip", "-n", namespace, "-batch", "-")
	cmd.Stdin = strings.NewReader(commands)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip -n %s: %w: %s", namespace, err, strings.TrimSpace(string(out)))
	}
	return nil
}
