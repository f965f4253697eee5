package tcp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/brokerless/brokerless/transport"
)

// hostPort is host:port as written. The port stands after the last colon (EP-05).
type hostPort struct {
	host    string     // without brackets
	ip      netip.Addr // valid when host is an IP address
	port    uint16     // 0 for 0 and *
	anyPort bool       // the port was written *
}

// target is where Dial goes, and from where if the caller said so.
type target struct {
	source *hostPort
	remote hostPort
}

// wildcard reports whether the host is *, every address of this machine.
func (h hostPort) wildcard() bool { return h.host == "*" }

// String returns the numeric form that package net takes.
func (h hostPort) String() string { return net.JoinHostPort(h.host, strconv.Itoa(int(h.port))) }

// parseListen parses {*|IP|interface}:{port|0|*} (EP-01, EP-02).
func parseListen(address string) (hostPort, error) {
	if strings.Contains(address, ";") {
		return hostPort{}, refuse(address, errors.New("a source address is for dialling only"))
	}
	h, err := parseHostPort(address)
	if err != nil {
		return hostPort{}, refuse(address, err)
	}
	return h, nil
}

// parseDial parses [{*|IP|interface}:{port|0|*};]{IP|name}:port (EP-03, EP-04).
func parseDial(address string) (target, error) {
	var t target
	from, to, sourced := strings.Cut(address, ";")
	if sourced {
		source, err := parseHostPort(from)
		if err != nil {
			return target{}, refuse(address, fmt.Errorf("source: %w", err))
		}
		t.source = &source
	} else {
		to = address
	}
	remote, err := parseHostPort(to)
	if err != nil {
		return target{}, refuse(address, err)
	}
	t.remote = remote
	switch {
	case remote.wildcard():
		err = errors.New("the host * is for listening only")
	case remote.anyPort:
		err = errors.New("the port * is for listening only")
	case remote.ip.IsValid():
	default:
		err = checkName(remote.host)
	}
	if err != nil {
		return target{}, refuse(address, err)
	}
	return t, nil
}

func refuse(address string, reason error) error {
	return &transport.EndpointError{Endpoint: scheme + "://" + address, Reason: reason.Error()}
}

func parseHostPort(s string) (hostPort, error) {
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 || strings.HasSuffix(s, "]") {
		return hostPort{}, errors.New("missing port")
	}
	h := hostPort{host: s[:colon]}
	if h.host == "" {
		return hostPort{}, errors.New("empty host")
	}
	inner, open := strings.CutPrefix(h.host, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if open != closed || strings.ContainsAny(inner, "[]") {
		return hostPort{}, errors.New("unbalanced brackets")
	}
	h.host = inner
	ip, err := netip.ParseAddr(h.host)
	switch {
	case err == nil:
		h.ip = ip
	case open:
		return hostPort{}, fmt.Errorf("want an IP address in the brackets, not %q", h.host)
	case strings.Contains(h.host, ":"):
		return hostPort{}, fmt.Errorf("%q is no IPv6 address", h.host)
	}
	port := s[colon+1:]
	if port == "*" {
		h.anyPort = true
		return h, nil
	}
	// Strictly a number (EP-08): neither "567bad" nor a service name, which would mean something else elsewhere.
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return hostPort{}, fmt.Errorf("bad port %q, want a number from 0 to 65535", port)
	}
	h.port = uint16(n)
	return h, nil
}

// checkName returns an error unless name has the form of a host name (RFC 1123 section 2.1; "_" occurs in practice).
func checkName(name string) error {
	name = strings.TrimSuffix(name, ".")
	if len(name) > 253 {
		return fmt.Errorf("host name of %d octets, want at most 253", len(name))
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return fmt.Errorf("bad host name %q: want labels of 1 to 63 octets", name)
		}
		for _, c := range label {
			switch {
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
			default:
				return fmt.Errorf("bad host name %q: %q is not a letter, digit or hyphen", name, c)
			}
		}
	}
	// A name cannot end in a number, so this was meant as an IPv4 address; asking a resolver for it would only hide that.
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		return fmt.Errorf("%q is no IPv4 address", name)
	}
	return nil
}
