package zmq4adapter

import (
	"net"
	"net/netip"
	"strings"
)

// Listen binds an endpoint: tcp://, ipc:// or inproc://. In tcp://host:port, *
// or nothing for the host is all addresses of the machine, and * or nothing for
// the port, or 0, is one that is free, which [net.Addr] of Addr then tells. When
// Listen returns, peers can dial. The error matches socket.ErrEndpoint, or is
// the operating system's.
func (a *adapter) Listen(endpoint string) error {
	eng, err := a.engine()
	if err != nil {
		return err
	}
	resolved, err := eng.Bind(fill(endpoint, "*", "0"))
	if err != nil {
		return a.plain(a.fail("listen", endpoint, cause(err)))
	}
	a.mu.Lock()
	a.addr = address(resolved)
	a.mu.Unlock()
	return nil
}

// Addr returns the address that the last Listen bound, a *net.TCPAddr for tcp
// and a *net.UnixAddr for ipc, and nil before.
func (a *adapter) Addr() net.Addr {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.addr
}

// fill puts host and port in place of what a tcp endpoint leaves out, which
// package socket refuses.
func fill(endpoint, host, port string) string {
	rest, ok := strings.CutPrefix(endpoint, "tcp://")
	if !ok {
		return endpoint
	}
	h, p, err := net.SplitHostPort(rest)
	if err != nil {
		return endpoint // to be refused with a reason
	}
	if h == "" || h == "*" {
		h = host
	}
	if p == "" {
		p = port
	}
	return "tcp://" + net.JoinHostPort(h, p)
}

// address makes the address of a bound endpoint.
func address(endpoint string) net.Addr {
	scheme, at, _ := strings.Cut(endpoint, "://")
	switch scheme {
	case "ipc":
		return &net.UnixAddr{Name: at, Net: "unix"}
	case "tcp":
		if ap, err := netip.ParseAddrPort(at); err == nil {
			return net.TCPAddrFromAddrPort(ap)
		}
	}
	return name{scheme, at}
}

// name is the address of an endpoint that the operating system does not know.
type name struct{ network, address string }

// Network returns the scheme of the endpoint.
func (n name) Network() string { return n.network }

// String returns the endpoint without the scheme.
func (n name) String() string { return n.address }
