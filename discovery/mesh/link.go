package mesh

import (
	"errors"
	"strings"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
)

// link is one connection to a peer, from its handshake to its end, whoever of
// the two made it. It is guarded by the node's lock, but for id, since and via.
type link struct {
	id    discovery.ID
	since time.Time    // of the handshake, by which links to one peer are told apart
	via   discovery.ID // of the instance that was dialed; zero if the peer dialed us
	ended time.Time    // zero while it lasts

	key     curve.Key // that the peer has proven, if each has its own
	state   *state    // as what the peer has introduced itself; nil before its HELLO
	refused bool      // nothing that comes over it counts
	left    bool      // the peer has said goodbye
	missing int       // surveys in which the socket did not have it

	sending   int  // calls for which the peer was chosen, and that are not queued yet
	drainOwed bool // the peer awaits DRAINED, when there are none any more
	drained   bool // the peer has answered our DRAIN
	parted    bool // the peer has answered our GOODBYE

	gauges  map[string]*gauge // of its services
	backlog []parcel          // what it had no room for
	weight  int               // octets of that
	posting bool              // a goroutine sends the backlog
}

// live reports whether the link is there and counts.
func (l *link) live() bool { return l != nil && l.ended.IsZero() && !l.refused && !l.left }

// endedKept is how long an ended link is remembered: longer than it can take to
// receive what has come over it.
const endedKept = 10 * time.Second

// peerID returns the id in a peer's identity, and whether it is one.
func peerID(p socket.PeerID) (discovery.ID, bool) {
	id, err := discovery.ParseID(string(p))
	return id, err == nil && id.String() == string(p)
}

// instance returns the id of the instance that was dialed to reach p, or zero.
func (n *Node) instance(p socket.Peer) discovery.ID { return n.instanceAt(p.Endpoint) }

// instanceAt returns the id of the instance that the follower knows by this
// name, or zero.
func (n *Node) instanceAt(endpoint string) discovery.ID {
	s, ok := strings.CutPrefix(endpoint, n.name+"/")
	if !ok {
		return discovery.ID{}
	}
	id, _ := discovery.ParseID(s)
	return id
}

// linkOf returns the link over which something has come, making it if that is
// the first we hear of it; nil if it is a link of the past, or one too many.
// The caller holds mu.
func (n *Node) linkOf(id discovery.ID, p socket.Peer) *link {
	l := n.links[id]
	switch {
	case l == nil || p.Since.After(l.since):
		return n.linkUp(id, p)
	case p.Since.Before(l.since):
		return nil
	}
	return l
}

// linkUp notes a new link and introduces the node over it. The caller holds mu.
func (n *Node) linkUp(id discovery.ID, p socket.Peer) *link {
	if old := n.links[id]; old != nil {
		n.linkDown(old, errSuperseded)
	} else if len(n.links) >= 2*n.cfg.maxPeers+defaultMaxPeers {
		return nil
	}
	l := &link{id: id, since: p.Since, via: n.instance(p), gauges: make(map[string]*gauge)}
	l.drained, l.parted = n.leaving, n.parting // who learns it from the HELLO, or gets none, need not answer
	l.key = n.proven(l, p)
	n.links[id] = l
	n.apart.forget(l.via.String())
	n.alias(l.via, id)
	n.roster.linked(id, time.Now())
	if n.parting {
		return l // it gets no answer, and so does not take us for a member
	}
	if b, err := n.describe().encode(); err == nil {
		n.control(l, header{kind: kindHello}, b)
	}
	return l
}

// errSuperseded is why a link ends in whose place there is another.
var errSuperseded = errors.New("linked anew")

// linkDown notes that a link has ended. The caller holds mu.
func (n *Node) linkDown(l *link, err error) {
	if !l.ended.IsZero() {
		return
	}
	now := time.Now()
	l.ended = now
	l.backlog, l.weight = nil, 0
	n.roster.unlinked(l.id, err, now)
	n.forsake(l)
	for key, j := range n.jobs {
		if key.from == l.id {
			j.cancel(ErrPeerLost)
		}
	}
	n.somethingChanged()
}

// forsake fails the requests that wait for an answer over l. The caller holds
// mu.
func (n *Node) forsake(l *link) {
	for id, p := range n.pending {
		if p.link == l {
			n.settle(id, outcome{code: CodePeerLost})
		}
	}
}

// isLinked reports whether there is a link to an instance: whether another one
// would be a second. It is called by the follower.
func (n *Node) isLinked(instance discovery.ID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	id := instance
	if a, ok := n.aliases[instance]; ok {
		id = a.id
		if id == n.id {
			return true
		}
		if n.id.Compare(id) > 0 && time.Since(a.since) < aliasTime {
			return true // it is for the other side to connect, as is known only now
		}
	}
	l := n.links[id]
	return l != nil && l.ended.IsZero()
}

// observe follows the links as they come and go, until the socket is closed.
func (n *Node) observe(m *socket.Monitor) {
	defer m.Close()
	for e := range m.Events(n.ctx) {
		id, ok := peerID(e.Peer.ID)
		switch {
		case !ok && e.Kind == socket.EventHandshakeFailed:
			n.unmet(e)
			continue
		case !ok:
			continue
		}
		switch e.Kind {
		case socket.EventReady:
			n.mu.Lock()
			n.linkOf(id, e.Peer)
			n.mu.Unlock()
		case socket.EventDisconnected:
			n.mu.Lock()
			l := n.links[id]
			if l != nil && !l.since.Equal(e.Peer.Since) {
				l = nil
			}
			waits := l != nil && n.awaited(l)
			n.mu.Unlock()
			if waits {
				n.catchUp()
			}
			if l != nil {
				n.mu.Lock()
				n.linkDown(l, e.Err)
				n.mu.Unlock()
			}
		case socket.EventHandshakeFailed:
			n.mu.Lock()
			n.alias(n.instance(e.Peer), id) // it was refused because we have met already
			n.mu.Unlock()
		}
	}
}

// awaited reports whether an answer may come over l. The caller holds mu.
func (n *Node) awaited(l *link) bool {
	for _, p := range n.pending {
		if p.link == l {
			return true
		}
	}
	return false
}

// catchUp waits until all that has come before was received, for at most
// 100 ms: the end of a link may be noticed before the last that came over it,
// and a request whose answer is there has not failed.
func (n *Node) catchUp() {
	const patience, pause = 100 * time.Millisecond, 2 * time.Millisecond
	timer := time.NewTimer(0)
	defer timer.Stop()
	for begin := time.Now(); time.Since(begin) < patience; {
		select {
		case <-timer.C:
		case <-n.ctx.Done():
			return
		}
		if in := n.router.Stats().In; in.Queued == 0 && n.received.Load() >= in.Delivered {
			return
		}
		timer.Reset(pause)
	}
}
