package zre

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"

	"github.com/brokerless/brokerless/socket"
)

// The ports of inboxes (ZR-02), and how many are tried.
const (
	firstPort = 0xC000
	lastPort  = 0xFFFF
	portTries = 64
)

// bindInbox binds the inbox, unless it is told a port to a free one.
func bindInbox(r *socket.Router, at netip.AddrPort) (uint16, error) {
	if at.Port() != 0 {
		_, err := r.Bind("tcp://" + at.String())
		return at.Port(), err
	}
	var last error
	for range portTries {
		port := uint16(firstPort + rand.N(lastPort-firstPort+1))
		if _, last = r.Bind("tcp://" + netip.AddrPortFrom(at.Addr(), port).String()); last == nil {
			return port, nil
		}
	}
	return 0, last
}

// endpointFor returns where a peer at an address reaches the inbox: by the
// address from which the host sends there.
func (n *Node) endpointFor(peer netip.Addr) string {
	own := n.cfg.bind.Addr()
	if own.IsUnspecified() {
		if c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(peer, Port))); err == nil { // sends nothing
			if a, ok := c.LocalAddr().(*net.UDPAddr); ok {
				own = a.AddrPort().Addr().Unmap()
			}
			_ = c.Close()
		}
	}
	return "tcp://" + net.JoinHostPort(own.String(), strconv.Itoa(int(n.port)))
}
