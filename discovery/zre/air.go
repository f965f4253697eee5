package zre

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/brokerless/brokerless/internal/lan"
)

// air is what carries beacons: a UDP socket, and where to send to.
type air struct {
	conn    *net.UDPConn
	port    uint16
	unicast bool

	mu       sync.Mutex
	prefixes []netip.Prefix   // of the host, on the links
	targets  []netip.AddrPort // broadcast addresses, or those of WithBeaconTo
}

// openAir opens the socket.
func openAir(c *config) (*air, error) {
	a := &air{port: c.port, unicast: c.unicast, targets: c.targets}
	// Asked for an address of the multicast range, package net binds the port on
	// all addresses and lets others share it. Each of them gets what is broadcast.
	at := &net.UDPAddr{IP: net.IPv4(224, 0, 0, 0), Port: int(c.port)}
	if c.unicast {
		at = net.UDPAddrFromAddrPort(netip.AddrPortFrom(c.bind.Addr(), c.port))
	} else {
		choice := lan.Options{Names: c.interfaces}
		links, refused, err := lan.Links(choice)
		if err != nil {
			return nil, fmt.Errorf("brokerless: zre: %w", err)
		}
		if a.set(links); len(a.targets) == 0 {
			return nil, noInterface(refused)
		}
	}
	conn, err := net.ListenUDP("udp4", at)
	if err != nil {
		return nil, fmt.Errorf("brokerless: zre: beacons: %w", err)
	}
	if u, ok := conn.LocalAddr().(*net.UDPAddr); ok {
		a.port = u.AddrPort().Port()
	}
	a.conn = conn
	return a, nil
}

func noInterface(refused []lan.Refused) error {
	why := make([]string, 0, len(refused))
	for _, r := range refused {
		why = append(why, r.String())
	}
	return fmt.Errorf("%w (%s); name one with zre.WithInterfaces, or use zre.WithBeaconTo", ErrNoInterface, strings.Join(why, "; "))
}

// follow keeps to the links as they come and go, and calls changed after each
// change, until ctx is done.
func (a *air) follow(ctx context.Context, names []string, changed func()) {
	lan.Watch(ctx, 0, lan.Options{Names: names}, func(links []lan.Link) {
		if a.set(links) {
			changed()
		}
	})
}

// set takes the links as they are now, and reports whether that is news.
func (a *air) set(links []lan.Link) bool {
	var prefixes []netip.Prefix
	var targets []netip.AddrPort
	for i := range links {
		for _, p := range links[i].Prefixes {
			if b, ok := broadcastOf(p); ok && links[i].Flags&(net.FlagBroadcast|net.FlagLoopback) != 0 {
				prefixes = append(prefixes, p)
				targets = append(targets, netip.AddrPortFrom(b, a.port))
			}
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.Equal(prefixes, a.prefixes) {
		return false
	}
	a.prefixes, a.targets = prefixes, targets
	return true
}

// broadcastOf returns the broadcast address of a subnet, if it has one.
func broadcastOf(p netip.Prefix) (netip.Addr, bool) {
	if !p.Addr().Is4() || p.Bits() > 30 {
		return netip.Addr{}, false
	}
	b := p.Addr().As4()
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])|math.MaxUint32>>p.Bits())
	return netip.AddrFrom4(b), true
}

// send sends a beacon to everywhere. What the system does not take is lost, as
// packets are.
func (a *air) send(data []byte) (sent, failed int) {
	a.mu.Lock()
	targets := a.targets
	a.mu.Unlock()
	for _, t := range targets {
		if _, err := a.conn.WriteToUDPAddrPort(data, t); err != nil {
			failed++
			continue
		}
		sent++
	}
	return sent, failed
}

const (
	maxPacket  = 1500        // more than a beacon has
	maxBackoff = time.Second // between reads that fail
)

// read hands over packets until the socket is closed. A read that fails is tried
// again after a while, longer each time.
func (a *air) read(ctx context.Context, take func(from netip.Addr, data []byte, ours bool)) {
	buf := make([]byte, maxPacket)
	pause := time.Duration(0)
	for {
		k, from, err := a.conn.ReadFromUDPAddrPort(buf)
		if err == nil {
			pause = 0
			addr := from.Addr().Unmap()
			take(addr, buf[:k], a.ours(addr))
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		pause = min(max(2*pause, time.Millisecond), maxBackoff)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// ours reports whether beacons from an address are believed.
func (a *air) ours(addr netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.unicast || slices.ContainsFunc(a.prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func (a *air) close() { _ = a.conn.Close() }
