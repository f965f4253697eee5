package tcp

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/transport"
)

func TestParseListen(t *testing.T) {
	tests := []struct{ rule, in, want string }{
		{"EP-01", "*:*", "*:0"},
		{"EP-01", "*:5555", "*:5555"},
		{"EP-01", "127.0.0.1:0", "127.0.0.1:0"},
		{"EP-01", "127.0.0.1:65535", "127.0.0.1:65535"},
		{"EP-02", "eth0:*", "eth0:0"},
		{"EP-02", "Ethernet 2:5555", "Ethernet 2:5555"},
		{"EP-05", "[::1]:5555", "[::1]:5555"},
		{"EP-05", "::1:5555", "[::1]:5555"},
		{"EP-05", "[127.0.0.1]:5555", "127.0.0.1:5555"},
		{"EP-05", "[fe80::1%eth0]:5555", "[fe80::1%eth0]:5555"},
		{"EP-05", "[fe80::1%2]:5555", "[fe80::1%2]:5555"},
		{"EP-06", "[::]:*", "[::]:0"},
	}
	for _, tt := range tests {
		t.Run(tt.rule+" "+tt.in, func(t *testing.T) {
			h, err := parseListen(tt.in)
			if err != nil || h.String() != tt.want {
				t.Errorf("parseListen(%q) = %q, %v; want %q", tt.in, h, err, tt.want)
			}
		})
	}
}

func TestParseDial(t *testing.T) {
	tests := []struct{ rule, in, source, remote string }{
		{"EP-03", "example.org:5555", "", "example.org:5555"},
		{"EP-03", "example.org.:5555", "", "example.org.:5555"},
		{"EP-03", "a_b-c.1d:5555", "", "a_b-c.1d:5555"},
		{"EP-03", "127.0.0.1:0", "", "127.0.0.1:0"},
		{"EP-04", "127.0.0.1:0;host:5555", "127.0.0.1:0", "host:5555"},
		{"EP-04", "eth0:*;host:5555", "eth0:0", "host:5555"},
		{"EP-04", "*:5556;host:5555", "*:5556", "host:5555"},
		{"EP-04", "localhost:5555;host:5556", "localhost:5555", "host:5556"},
		{"EP-04", "[fe80::1%eth0]:1;[fe80::2%eth0]:2", "[fe80::1%eth0]:1", "[fe80::2%eth0]:2"},
		{"EP-05", "[::1]:5555", "", "[::1]:5555"},
	}
	for _, tt := range tests {
		t.Run(tt.rule+" "+tt.in, func(t *testing.T) {
			got, err := parseDial(tt.in)
			if err != nil {
				t.Fatalf("parseDial(%q): %v", tt.in, err)
			}
			source := ""
			if got.source != nil {
				source = got.source.String()
			}
			if source != tt.source || got.remote.String() != tt.remote {
				t.Errorf("parseDial(%q) = from %q to %q, want from %q to %q", tt.in, source, got.remote, tt.source, tt.remote)
			}
		})
	}
}

func TestRefusedAddresses(t *testing.T) {
	var (
		tr     = New()
		both   = []func(string) error{tr.CheckDial, tr.CheckListen}
		dial   = []func(string) error{tr.CheckDial}
		listen = []func(string) error{tr.CheckListen}
	)
	tests := []struct {
		rule, in, reason string
		checks           []func(string) error
	}{
		{"EP-01", "", "missing port", both},
		{"EP-01", "127.0.0.1", "missing port", both},
		{"EP-01", "[::1]", "missing port", both},
		{"EP-01", ":5555", "empty host", both},
		{"EP-01", "127.0.0.1:", `bad port "", want a number from 0 to 65535`, both},
		{"EP-03", "*:5555", "the host * is for listening only", dial},
		{"EP-03", "127.0.0.1:*", "the port * is for listening only", dial},
		{"EP-03", "host:http", `bad port "http", want a number from 0 to 65535`, both},
		{"EP-03", "my host:5555", `bad host name "my host": ' ' is not a letter, digit or hyphen`, dial},
		{"EP-03", "höst:5555", `bad host name "höst": 'ö' is not a letter, digit or hyphen`, dial},
		{"EP-03", "a..b:5555", `bad host name "a..b": want labels of 1 to 63 octets`, dial},
		{"EP-03", ".:5555", `bad host name "": want labels of 1 to 63 octets`, dial},
		{"EP-03", "192.0.2.256:5555", `"192.0.2.256" is no IPv4 address`, dial},
		{"EP-03", "192.0.2:5555", `"192.0.2" is no IPv4 address`, dial},
		{"EP-04", ";host:5555", "source: missing port", dial},
		{"EP-04", "eth0;host:5555", "source: missing port", dial},
		{"EP-04", "127.0.0.1:0;", "missing port", dial},
		{"EP-04", "127.0.0.1:0;127.0.0.1:*", "the port * is for listening only", dial},
		{"EP-04", "a:1;b:2;c:3", `bad host name "b:2;c": ':' is not a letter, digit or hyphen`, nil},
		{"EP-04", "127.0.0.1:0;127.0.0.1:0", "a source address is for dialling only", listen},
		{"EP-05", "[::1:5555", "unbalanced brackets", both},
		{"EP-05", "::1]:5555", "unbalanced brackets", both},
		{"EP-05", "[lo]:5555", `want an IP address in the brackets, not "lo"`, both},
		{"EP-05", "[]:5555", `want an IP address in the brackets, not ""`, both},
		{"EP-05", "[::1%]:5555", `want an IP address in the brackets, not "::1%"`, both},
		{"EP-05", "fe80::1", `"fe80:" is no IPv6 address`, both},
		{"EP-08", "127.0.0.1:567bad", `bad port "567bad", want a number from 0 to 65535`, both},
		{"EP-08", "127.0.0.1:65536", `bad port "65536", want a number from 0 to 65535`, both},
		{"EP-08", "127.0.0.1:-1", `bad port "-1", want a number from 0 to 65535`, both},
		{"EP-08", "127.0.0.1:+1", `bad port "+1", want a number from 0 to 65535`, both},
		{"EP-08", "127.0.0.1: 1", `bad port " 1", want a number from 0 to 65535`, both},
		{"EP-08", "127.0.0.1:0x10", `bad port "0x10", want a number from 0 to 65535`, both},
		{"EP-08", "127.0.0.1:1_0", `bad port "1_0", want a number from 0 to 65535`, both},
	}
	for _, tt := range tests {
		t.Run(tt.rule+" "+tt.in, func(t *testing.T) {
			for _, check := range tt.checks {
				var bad *transport.EndpointError
				if err := check(tt.in); !errors.As(err, &bad) {
					t.Errorf("check of %q: %v, want an *EndpointError", tt.in, err)
				} else if bad.Reason != tt.reason || bad.Endpoint != "tcp://"+tt.in {
					t.Errorf("check of %q: %+v, want reason %s", tt.in, *bad, tt.reason)
				}
			}
		})
	}
	t.Run("EP-03 long names", func(t *testing.T) {
		label := strings.Repeat("a", 63)
		longest := strings.Join([]string{label, label, label, label[:61]}, ".")
		for host, ok := range map[string]bool{
			label: true, label + "a": false, longest: true, longest + ".": true, longest + "a": false,
		} {
			if err := tr.CheckDial(host + ":1"); (err == nil) != ok {
				t.Errorf("CheckDial of a name of %d octets: %v", len(host), err)
			}
		}
	})
}

func TestChoose(t *testing.T) {
	network := func(ip string) net.Addr { return &net.IPNet{IP: net.ParseIP(ip)} }
	all := []net.Addr{
		network("fe80::1"), &net.UnixAddr{}, network("2001:db8::1"), network("192.0.2.1"), network("192.0.2.2"),
		network("2001:db8::2"),
	}
	tests := []struct {
		name    string
		addrs   []net.Addr
		prefer6 bool
		want    string
	}{
		{"first IPv4", all, false, "192.0.2.1"},
		{"first IPv6 of the world", all, true, "2001:db8::1"},
		{"IPv6 for want of IPv4", all[:3], false, "2001:db8::1"},
		{"link-local with its zone", all[:1], false, "fe80::1%eth0"},
		{"IPv4 for want of IPv6", all[3:5], true, "192.0.2.1"},
		{"none", all[1:2], false, "invalid IP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := choose(tt.addrs, "eth0", tt.prefer6); got.String() != tt.want {
				t.Errorf("choose = %v, want %s", got, tt.want)
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		"", ":", "*:*", "127.0.0.1:0", "[::1]:5555", "::1:5555", "[fe80::1%eth0]:1", "lo:1;host:2", ";", "a;b", "]:1", "[:1", "]0:0",
		"1.2.3.4:567bad", "\x00:1", "[::ffff:1.2.3.4]:1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if to, err := parseDial(s); err == nil {
			wellFormed(t, s, to.remote)
			if to.remote.wildcard() || to.remote.anyPort {
				t.Errorf("parseDial(%q) let a wildcard pass", s)
			}
			if to.source != nil {
				wellFormed(t, s, *to.source)
			}
		}
		if h, err := parseListen(s); err == nil {
			wellFormed(t, s, h)
		}
	})
}

// wellFormed checks that package net would read h as it was meant.
func wellFormed(t *testing.T, s string, h hostPort) {
	t.Helper()
	host, _, err := net.SplitHostPort(h.String())
	if err != nil || host != h.host || host == "" {
		t.Errorf("%q became %q, of which the host is %q, %v", s, h, host, err)
	}
	if ip, err := netip.ParseAddr(host); (err == nil) != h.ip.IsValid() || ip != h.ip {
		t.Errorf("%q became %q with IP %v", s, h, h.ip)
	}
}
