package auth_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
)

func TestNetworks(t *testing.T) {
	for _, c := range []struct {
		networks, in, out string
	}{
		{"10.0.0.0/8", "10.0.0.0 10.255.255.255 ::ffff:10.1.2.3", "9.255.255.255 11.0.0.0 ::10.0.0.1 ::ffff:11.0.0.0"},
		{"::ffff:10.0.0.0/104", "10.1.2.3 ::ffff:10.1.2.3", "11.0.0.0"},
		{"::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"},
		{"192.0.2.7", "192.0.2.7", "192.0.2.6 192.0.2.8"},
		{"0.0.0.0/0", "0.0.0.0 255.255.255.255", "::1 fe80::1%eth0"},
		{"::/0", "::1 2001:db8::1 fe80::1%eth0", "127.0.0.1 ::ffff:127.0.0.1"},
		{"fe80::/10", "fe80::1 fe80::1%eth0 fe80::1%1", "2001:db8::1"},
		{"2001:db8::/32 127.0.0.0/8", "2001:db8:1::1 127.0.0.1", "2001:db9::1 128.0.0.1"},
		{"", "", "127.0.0.1 ::1"},
		{"0.0.0.0/0 ::/0", "127.0.0.1 ::1", "localhost 127.0.0.1:80 [::1] 127.1 a\nb"},
	} {
		networks, err := auth.ParseNetworks(strings.Fields(c.networks)...)
		if err != nil {
			t.Fatal(err)
		}
		a := auth.Networks(networks...)
		for address := range strings.FieldsSeq(c.in) {
			admits(t, a, null(address), "")
		}
		for address := range strings.SplitSeq(c.out, " ") {
			refuses(t, a, null(address), socket.AuthDenied, "address")
		}
		refuses(t, a, null(""), socket.AuthDenied, "no address")
	}
	refuses(t, auth.Networks(netip.Prefix{}), null("127.0.0.1"), socket.AuthDenied)
}

func TestParseNetworksRefuses(t *testing.T) {
	for _, n := range []string{"", "10.0.0.0/33", "10.0.0.1/8", "fe80::1%eth0/64", "localhost", "10.0.0", "10.0.0.0/", "/8"} {
		if got, err := auth.ParseNetworks("::1", n); err == nil || got != nil {
			t.Errorf("%q: %v, want an error", n, got)
		} else if !strings.Contains(err.Error(), n) {
			t.Errorf("%q: %v does not say which", n, err)
		}
	}
}

func TestLocal(t *testing.T) {
	at := func(endpoint, address string) socket.Credentials {
		return socket.Credentials{Mechanism: "NULL", Endpoint: endpoint, Address: address}
	}
	admits(t, auth.Local(), at("ipc:///run/x", ""), "")
	admits(t, auth.Local(), at("unix:///run/x", ""), "") // BindListener
	for _, c := range []socket.Credentials{
		at("tcp://127.0.0.1:5555", "127.0.0.1"), at("tcp://127.0.0.1:5555", ""), at("", ""), at("pipe://pipe", ""),
		at("ipc:///run/x", "127.0.0.1"), at("ipcx://", ""),
	} {
		refuses(t, auth.Local(), c, socket.AuthDenied, "want one of ipc")
	}
}
