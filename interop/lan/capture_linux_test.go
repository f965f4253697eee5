package lan

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const portMDNS = 5353

// watchWire starts a guest in the switch that counts mDNS packets: each once,
// as it comes in from the host that sent it.
func (l *lan) watchWire(t testing.TB) *process {
	t.Helper()
	p := startGuest(t, inNamespace(l.sw, os.Args[0]))
	p.call(t, "Capture", nil, nil)
	return p
}

// packets returns how many packets there were in the busiest second, sliding,
// and in all.
func packets(t testing.TB, wire *process) (busiest, total int) {
	t.Helper()
	var times []time.Time
	wire.call(t, "Captured", nil, &times)
	first := 0
	for i, at := range times {
		for at.Sub(times[first]) >= time.Second {
			first++
		}
		busiest = max(busiest, i-first+1)
	}
	return busiest, len(times)
}

// A capture is when mDNS packets passed the switch.
type capture struct {
	mu    sync.Mutex
	times []time.Time
}

// Capture begins to count the mDNS packets that come into any interface of the
// namespace.
func (a *guest) Capture(none, *none) error {
	const all = 0x0300 // ETH_P_ALL in network order
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, all)
	if err != nil {
		return fmt.Errorf("open a packet socket: %w", err)
	}
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8<<20) // the default will do at a pinch
	a.capture = new(capture)
	go a.capture.run(fd)
	return nil
}

// Captured returns when the packets came.
func (a *guest) Captured(_ none, times *[]time.Time) error {
	if a.capture == nil {
		return errors.New("nothing is captured")
	}
	a.capture.mu.Lock()
	defer a.capture.mu.Unlock()
	*times = append([]time.Time{}, a.capture.times...) // JSON has no nil result
	return nil
}

func (c *capture) run(fd int) {
	b := make([]byte, 64)
	ports := make(ports)
	for {
		n, from, err := syscall.Recvfrom(fd, b, 0)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return
		}
		link, ok := from.(*syscall.SockaddrLinklayer)
		if !ok || link.Pkttype == syscall.PACKET_OUTGOING || !isMDNS(b[:n]) || !ports.has(link.Ifindex) {
			continue
		}
		c.mu.Lock()
		c.times = append(c.times, time.Now())
		c.mu.Unlock()
	}
}

// ports tells the ports of the switch from its bridges, on which multicast is
// seen a second time.
type ports map[int]bool

func (p ports) has(index int) bool {
	is, known := p[index]
	if !known {
		ifi, err := net.InterfaceByIndex(index)
		is = err == nil && strings.HasPrefix(ifi.Name, "port")
		p[index] = is
	}
	return is
}

// isMDNS reports whether an IP packet is one of UDP to the port of mDNS.
func isMDNS(b []byte) bool {
	switch {
	case len(b) >= 28 && b[0]>>4 == 4 && b[9] == syscall.IPPROTO_UDP:
		header := int(b[0]&15) * 4
		return len(b) >= header+4 && binary.BigEndian.Uint16(b[header+2:]) == portMDNS
	case len(b) >= 48 && b[0]>>4 == 6 && b[6] == syscall.IPPROTO_UDP:
		return binary.BigEndian.Uint16(b[42:]) == portMDNS
	}
	return false
}
