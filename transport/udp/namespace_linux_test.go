package udp

import (
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// namespace gives the goroutine of the test a network of its own, with an
// interface named d0 whose other end nobody has. Connections that are made on other
// goroutines are not in it.
func namespace(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // and never unlocked: the thread ends with the test
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		t.Skipf("no network of its own without privileges: %v", err)
	}
	for _, command := range []string{
		"link set lo up",
		"link add d0 type veth peer name d1",
		"link set d1 up",
		"addr add 10.9.0.1/24 dev d0",
		"-6 addr add fd09::1/64 dev d0 nodad",
		"link set d0 up multicast on",
	} {
		if out, err := exec.CommandContext(t.Context(), "ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			t.Skipf("ip %s: %v: %s", command, err, out)
		}
	}
	// The system notices a moment later that the interface is plugged in.
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		out, err := exec.CommandContext(t.Context(), "ip", "-6", "route", "show", "table", "local").CombinedOutput()
		switch {
		case err == nil && strings.Contains(string(out), "ff00::/8 dev d0"):
			return
		case time.Now().After(deadline):
			t.Fatalf("no route for groups: %v: %s", err, out)
		}
	}
}

// TestNamespaceMulticast: on an interface that does not send everything back by
// itself, the loop decides whether this host hears what it sends to a group.
func TestNamespaceMulticast(t *testing.T) {
	for name, tt := range map[string]struct{ iface, group string }{
		"EP-43 IPv4, by name":       {"d0", "239.77.2.1"},
		"EP-43 IPv4, by address":    {"10.9.0.1", "239.77.2.1"},
		"EP-43 IPv6, by name":       {"d0", "[ff02::4d01]"},
		"EP-43 IPv6, by address":    {"[fd09::1]", "[ff05::4d01]"},
		"EP-43 IPv6, interface own": {"d0", "[ff01::4d01]"},
	} {
		t.Run(name, func(t *testing.T) {
			namespace(t)
			server := listen(t, New(), tt.iface+";"+tt.group+":0")
			address := tt.iface + ";" + tt.group + ":" + port(server)
			deaf, to := dial(t, New(WithMulticastLoop(false)), address)
			loud, _ := dial(t, New(), address)
			send(t, deaf, to, "not for this host")
			send(t, loud, to, "for all")
			want(t, server, "for all")
		})
	}
}

// TestNamespaceDefault: where no interface is named, that of the option counts,
// and without it the system's choice, if it has one.
func TestNamespaceDefault(t *testing.T) {
	namespace(t)
	if c, err := New().ListenPacket(t.Context(), "239.77.2.2:0"); err == nil {
		c.Close()
		t.Error("joined a group where no route leads")
	}
	tr := New(WithInterface("d0"))
	server := listen(t, tr, "239.77.2.2:0")
	c, to := dial(t, tr, "239.77.2.2:"+port(server))
	send(t, c, to, "by d0")
	if from := want(t, server, "by d0"); from.Addr().String() != "10.9.0.1" {
		t.Errorf("it came from %v", from)
	}
	out, err := exec.CommandContext(t.Context(), "ip", "route", "add", "224.0.0.0/4", "dev", "d0").CombinedOutput()
	if err != nil {
		t.Skipf("no route: %v: %s", err, out)
	}
	server = listen(t, New(), "239.77.2.2:0")
	c, to = dial(t, New(), "239.77.2.2:"+port(server))
	send(t, c, to, "by the route")
	want(t, server, "by the route")
}
