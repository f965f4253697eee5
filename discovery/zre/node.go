package zre

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
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
		socket.WithMaxConnections(2*c.limits.peers+spareConnections),
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

// spareConnections is how many connections there may be to the inbox beside two of
// each peer: those of peers that come back, and of strangers.
const spareConnections = 256

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
