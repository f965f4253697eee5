package udp

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/brokerless/brokerless/transport"
)

// place is [iface;]host:port as written.
type place struct {
	iface string     // before the semicolon; empty if there is none
	host  string     // without brackets
	ip    netip.Addr // valid when host is an IP address
	port  uint16     // 0 for 0 and *
}

func (p place) wildcard() bool { return p.host == "*" }

func (p place) multicast() bool { return p.ip.IsMulticast() }

// parseListen parses {*|IP|interface}:{port|0|*} or [iface;]group:{port|0|*} (EP-40).
func parseListen(address string) (place, error) {
	p, err := parse(address)
	if err == nil && p.iface != "" && !p.multicast() {
		err = errors.New("an interface in front is for multicast groups; name it in place of the address")
	}
	if err != nil {
		return place{}, refuse(address, err)
	}
	return p, nil
}

// parseDial parses [iface;]{IP|name|group}:port (EP-40, EP-41).
func parseDial(address string) (place, error) {
	p, err := parse(address)
	switch {
	case err != nil:
	case p.wildcard():
		err = errors.New("the host * is for listening only")
	case p.port == 0:
		err = errors.New("want a port from 1 to 65535 to send to")
	case !p.ip.IsValid() && strings.ContainsAny(p.host, " /%"):
		err = fmt.Errorf("bad host name %q", p.host)
	}
	if err != nil {
		return place{}, refuse(address, err)
	}
	return p, nil
}

func refuse(address string, reason error) error {
	return &transport.EndpointError{Endpoint: scheme + "://" + address, Reason: reason.Error()}
}

func parse(address string) (place, error) {
	var p place
	rest := address
	if iface, behind, found := strings.Cut(address, ";"); found {
		if iface == "" {
			return place{}, errors.New("empty interface")
		}
		p.iface, rest = strings.TrimSuffix(strings.TrimPrefix(iface, "["), "]"), behind
	}
	colon := strings.LastIndexByte(rest, ':')
	if colon < 0 || strings.HasSuffix(rest, "]") {
		return place{}, errors.New("missing port")
	}
	host, port := rest[:colon], rest[colon+1:]
	inner, open := strings.CutPrefix(host, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if open != closed || strings.ContainsAny(inner, "[]") {
		return place{}, errors.New("unbalanced brackets")
	}
	if p.host = inner; p.host == "" {
		return place{}, errors.New("empty host")
	}
	ip, err := netip.ParseAddr(p.host)
	switch {
	case err == nil:
		p.ip = ip.Unmap()
	case open || strings.Contains(p.host, ":"):
		return place{}, fmt.Errorf("%q is no IPv6 address", p.host)
	}
	if port == "*" {
		return p, nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return place{}, fmt.Errorf("bad port %q, want a number from 0 to 65535", port)
	}
	p.port = uint16(n)
	return p, nil
}
