package socket

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// A crowd counts the accepted connections of a socket. Its lock is a leaf.
type crowd struct {
	mu     sync.Mutex
	seated int                // past their handshake
	from   map[netip.Addr]int // accepted, by address; only if that has a limit
}

// enter admits a connection that has just been accepted to its handshake. The
// address it returns is for leave.
func (k *crowd) enter(c *config, remote net.Addr) (from netip.Addr, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.maxConns > 0 && k.seated >= c.maxConns {
		return from, tooMany(c)
	}
	if c.maxConnsEach == 0 {
		return from, nil
	}
	from = addressOf(remote)
	if !from.IsValid() {
		return from, nil
	}
	if k.from[from] >= c.maxConnsEach {
		return from, fmt.Errorf("%w: %d from %v are there, as WithMaxConnectionsPerAddress allows", ErrCrowded, c.maxConnsEach, from)
	}
	if k.from == nil {
		k.from = make(map[netip.Addr]int)
	}
	k.from[from]++
	return from, nil
}

// leave is told that a connection that enter admitted has ended.
func (k *crowd) leave(from netip.Addr) {
	if !from.IsValid() {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.from[from]--; k.from[from] <= 0 {
		delete(k.from, from)
	}
}

// sit admits a connection to traffic. One that the socket has not accepted is its
// own affair.
func (k *crowd) sit(x *session) error {
	if x.pipe.listener == nil {
		return nil
	}
	c := x.pipe.s.cfg
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.maxConns > 0 && k.seated >= c.maxConns {
		return tooMany(c)
	}
	k.seated++
	return nil
}

// rise is told that a connection that was admitted to traffic has ended.
func (k *crowd) rise(x *session) {
	if x.pipe.listener == nil {
		return
	}
	k.mu.Lock()
	k.seated--
	k.mu.Unlock()
}

func tooMany(c *config) error {
	return fmt.Errorf("%w: %d are there, as WithMaxConnections allows", ErrCrowded, c.maxConns)
}

// addressOf returns the IP address of a peer, the zero Addr if it has none.
func addressOf(a net.Addr) netip.Addr {
	if a == nil {
		return netip.Addr{}
	}
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}
