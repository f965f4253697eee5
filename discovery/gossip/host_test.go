package gossip

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/lan"
)

func TestAddress(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	both := append(single(six), single(four)...)
	for _, c := range []struct {
		name string
		bind netip.Addr
		have []lan.Link
		want netip.Addr
	}{
		{"both", netip.IPv6Unspecified(), both, four},
		{"six", netip.IPv6Unspecified(), single(six), six},
		{"six is not heard", netip.IPv4Unspecified(), single(six), netip.Addr{}},
		{"none", netip.IPv4Unspecified(), nil, netip.Addr{}},
	} {
		got, err := address(c.bind, c.have, nil)
		if got != c.want || errors.Is(err, ErrAddress) == c.want.IsValid() {
			t.Errorf("%s: %v, %v: want %v", c.name, got, err, c.want)
		}
	}
}

// However many addresses a host has, what is told of an instance is valid.
func TestExpandKeepsWithinBounds(t *testing.T) {
	var h host
	var links []lan.Link
	for i := range 20 {
		links = append(links, single(netip.MustParseAddr(fmt.Sprintf("2001:db8:1111:2222:3333:4444:5555:%x", 0x1000+i)))...)
	}
	h.setLinks(links)
	small := instance("orders")
	small.Endpoints = []string{"tcp://[::]:5555"}
	large := largest(t)
	large.Endpoints = small.Endpoints
	for large.Validate() == nil {
		large.Metadata["zone"] += "z"
	}
	large.Metadata["zone"] = strings.TrimSuffix(large.Metadata["zone"], strings.Repeat("z", 100))
	for name, c := range map[string]struct {
		in   discovery.Instance
		want int
	}{
		"room for 8": {small, discovery.MaxEndpoints},
		"room for 2": {large, 2},
	} {
		got := h.expand(&c.in)
		if err := got.Validate(); err != nil || len(got.Endpoints) != c.want {
			t.Errorf("%s: %d endpoints, %v: want %d", name, len(got.Endpoints), err, c.want)
		}
	}
}
