package zre

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// Node is one node of a ring. Its methods are safe for concurrent use.
type Node struct {
	cfg    *config
	router *socket.Router // the inbox: only ever received from (ZR-02)
	port   uint16         // of the inbox
	air    *air

	ctx    context.Context // done when the node has left, or gives up leaving
	cancel context.CancelFunc
	wg     sync.WaitGroup // every goroutine of the node
	done   chan struct{}  // closed when Leave has finished

	// All below is guarded by mu, which is held for moments only and never while
	// something waits. The locks of sockets may be taken under it.
	mu      sync.Mutex
	ring    *ring
	links   map[discovery.ID]*link
	writers sync.WaitGroup // of links; added to only while not leaving
	inbox   inbox
	changed chan struct{} // closed and replaced when a peer has come or gone
	unsent  int           // messages that were abandoned
	leaving bool
}

// Join makes a node and sends its first beacon. The others have entered about a
// second later; WaitPeers waits for them. The node stays until Leave or Close;
// ctx limits only how long Join may take.
func Join(ctx context.Context, opts ...Option) (*Node, error) {
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n := &Node{
		cfg:     cfg,
		done:    make(chan struct{}),
		links:   make(map[discovery.ID]*link),
		changed: make(chan struct{}),
		inbox:   newInbox(cfg.inbox),
	}
	n.ring = &ring{
		self: cfg.id, name: cfg.name, headers: maps.Clone(cfg.headers),
		evasive: cfg.evasive, expired: cfg.expired, limits: cfg.limits,
		endpoint: n.endpointFor, linked: n.linked,
		peers: make(map[discovery.ID]*peer), groups: make(map[string]struct{}),
	}
	if hello := n.ring.hello(netip.IPv4Unspecified()); !hello.fits(&cfg.limits) {
		return nil, fmt.Errorf("%w: the headers make a HELLO of more than %d octets", ErrOption, cfg.limits.hello)
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	if err := n.open(); err != nil {
		n.cancel()
		return nil, err
	}
	n.wg.Go(n.receive)
	n.wg.Go(n.listen)
	n.wg.Go(n.beat)
	if !cfg.unicast {
		n.wg.Go(func() { n.air.follow(n.ctx, cfg.interfaces, n.beacon) })
	}
	return n, nil
}

// open opens the inbox and the socket for beacons.
func (n *Node) open() error {
	c := n.cfg
	r, err := socket.NewRouter(
		socket.WithHandover(), // a peer that was cut off is let in again while its old connection hangs
		socket.WithMaxMessageSize(c.limits.message),
		socket.WithMaxConnections(2*c.limits.peers),
		socket.WithLinger(0),
		c.log(),
	)
	if err != nil {
		return err
	}
	if n.port, err = bindInbox(r, c.bind); err != nil {
		_ = r.Close()
		return err
	}
	if n.air, err = openAir(c); err != nil {
		_ = r.Close()
		return err
	}
	n.router = r
	return nil
}

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

// ID returns the UUID of the node.
func (n *Node) ID() discovery.ID { return n.cfg.id }

// Name returns the name that peers see.
func (n *Node) Name() string { return n.cfg.name }

// InboxPort returns the TCP port at which peers reach the node.
func (n *Node) InboxPort() uint16 { return n.port }

// BeaconPort returns the UDP port at which the node hears beacons, for
// WithBeaconTo of others.
func (n *Node) BeaconPort() uint16 { return n.air.port }

// receive takes messages from the inbox until the node has left.
func (n *Node) receive() {
	for n.awaitRoom() {
		m, p, err := n.router.RecvFrom(n.ctx)
		if err != nil {
			return
		}
		from, ok := originOf(p)
		n.mu.Lock()
		switch {
		case n.leaving: // nobody is answered any more
		case ok && len(m) >= 2:
			n.ring.receive(time.Now(), from, m[1], m[2:])
			n.act()
		default:
			n.ring.stats.Bad++
		}
		n.mu.Unlock()
	}
}

// originOf reads an identity: 1 and a UUID (ZR-03).
func originOf(p socket.Peer) (origin, bool) {
	at, err := netip.ParseAddrPort(p.RemoteAddr)
	if err != nil || len(p.ID) != identitySize || p.ID[0] != 1 {
		return origin{}, false
	}
	return origin{id: discovery.ID([]byte(p.ID[1:])), addr: at.Addr().Unmap(), line: p.Since}, true
}

const identitySize = 1 + len(discovery.ID{})

// listen takes beacons.
func (n *Node) listen() {
	n.air.read(n.ctx, func(from netip.Addr, data []byte, ours bool) {
		n.mu.Lock()
		defer n.mu.Unlock()
		b, ok := parseBeacon(data)
		switch {
		case n.leaving:
		case !ok:
			n.ring.stats.BeaconsBad++
		case !ours:
			n.ring.stats.BeaconsForeign++
		default:
			n.ring.beacon(time.Now(), from, b)
			n.act()
		}
	})
}

// beat sends a beacon in each interval, and has the ring do what is due.
func (n *Node) beat() {
	ticker := time.NewTicker(n.cfg.interval)
	defer ticker.Stop()
	n.beacon()
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-ticker.C:
		}
		n.beacon()
		n.mu.Lock()
		if !n.leaving && !n.inbox.stalled {
			n.ring.tick(time.Now())
			n.act()
		}
		n.mu.Unlock()
	}
}

// beacon sends a beacon to everywhere, unless the node is leaving.
func (n *Node) beacon() {
	n.mu.Lock()
	leaving := n.leaving
	n.mu.Unlock()
	if !leaving {
		n.broadcast(n.port)
	}
}

func (n *Node) broadcast(port uint16) {
	sent, failed := n.air.send(beacon{id: n.cfg.id, port: port}.encode())
	n.mu.Lock()
	n.ring.stats.BeaconsSent += uint64(sent)
	n.ring.stats.BeaconsUnsent += uint64(failed)
	n.mu.Unlock()
}

// act does what the ring has decided. The caller holds mu.
func (n *Node) act() {
	acts := n.ring.acts
	n.ring.acts = nil
	for i := range acts {
		switch a := &acts[i]; a.do {
		case connect:
			n.closeLink(a.id)
			n.openLink(a.id, a.at)
		case disconnect:
			n.closeLink(a.id)
		case send:
			if l := n.links[a.id]; l != nil {
				l.put(parcel{message: a.message})
			}
		case tell:
			n.inbox.put(a.event)
			if k := a.event.Kind; k != Whispered && k != Shouted {
				close(n.changed)
				n.changed = make(chan struct{})
			}
		}
	}
}

// Leave says goodbye and ends the node, after what was sent has gone to the
// system, for which it waits until ctx is done. It returns an error that has a
// *socket.UnsentError if messages to peers that were there had to be abandoned.
// Events that wait can still be had by Next. Again: nil, once the node has left.
func (n *Node) Leave(ctx context.Context) error {
	n.mu.Lock()
	if n.leaving {
		n.mu.Unlock()
		<-n.done
		return nil
	}
	n.leaving = true
	for id, l := range n.links {
		if l.finish(); !n.ring.peers[id].ready {
			l.cancel() // who has never been there is not waited for
		}
	}
	n.mu.Unlock()
	stop := context.AfterFunc(ctx, n.giveUp)
	n.writers.Wait()
	stop()
	n.broadcast(0) // only now: whoever hears it drops what comes later
	n.cancel()
	n.air.close()
	err := n.router.Close()
	n.wg.Wait()
	n.mu.Lock()
	n.inbox.close()
	close(n.changed)
	unsent := n.unsent
	n.mu.Unlock()
	close(n.done)
	if unsent > 0 {
		err = errors.Join(err, fmt.Errorf("brokerless: left the ring: %w", &socket.UnsentError{Messages: unsent}))
	}
	return err
}

// giveUp ends all links.
func (n *Node) giveUp() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.links {
		l.cancel()
	}
}

// linger is how long Close goes on sending.
const linger = time.Second

// Close is Leave that waits for a second at most.
func (n *Node) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), linger)
	defer cancel()
	return n.Leave(ctx)
}
