package zre

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// Peer is another node of the ring, as it was when it was asked for.
type Peer struct {
	ID       discovery.ID
	Name     string
	Headers  map[string]string
	Groups   []string  // that it is in, in order
	Endpoint string    // where the node connects to it
	Since    time.Time // when it entered
	Heard    time.Time // when there was a beacon or message of it last
}

func (p *peer) snapshot() Peer {
	return Peer{
		ID: p.id, Name: p.name, Headers: maps.Clone(p.headers), Groups: slices.Sorted(maps.Keys(p.groups)),
		Endpoint: "tcp://" + p.at.String(), Since: p.since, Heard: p.heard,
	}
}

// Peers returns the peers that are there, ordered by ID.
func (n *Node) Peers() []Peer { return n.peersThat(func(*peer) bool { return true }) }

// Members returns the peers in a group, ordered by ID. The node itself is not
// among them.
func (n *Node) Members(group string) []Peer {
	return n.peersThat(func(p *peer) bool {
		_, in := p.groups[group]
		return in
	})
}

func (n *Node) peersThat(fit func(*peer) bool) []Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []Peer
	for _, p := range n.ring.peers {
		if p.ready && fit(p) {
			all = append(all, p.snapshot())
		}
	}
	slices.SortFunc(all, func(a, b Peer) int { return a.ID.Compare(b.ID) })
	return all
}

// Peer returns the peer with an id, or false if it is not there.
func (n *Node) Peer(id discovery.ID) (Peer, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.ring.peers[id]; p != nil && p.ready {
		return p.snapshot(), true
	}
	return Peer{}, false
}

// WaitPeers waits until at least so many peers are there. It returns ctx's
// error, or ErrClosed.
func (n *Node) WaitPeers(ctx context.Context, peers int) error {
	return n.until(ctx, func() bool { return n.ready(func(*peer) bool { return true }) >= peers })
}

// WaitMembers waits until at least so many peers are in a group, as one would
// before the first Shout.
func (n *Node) WaitMembers(ctx context.Context, group string, peers int) error {
	return n.until(ctx, func() bool {
		return n.ready(func(p *peer) bool {
			_, in := p.groups[group]
			return in
		}) >= peers
	})
}

// ready counts the peers that are there. The caller holds mu.
func (n *Node) ready(fit func(*peer) bool) (count int) {
	for _, p := range n.ring.peers {
		if p.ready && fit(p) {
			count++
		}
	}
	return count
}

func (n *Node) until(ctx context.Context, ok func() bool) error {
	for {
		n.mu.Lock()
		yes, leaving, changed := ok(), n.leaving, n.changed
		n.mu.Unlock()
		switch {
		case leaving:
			return ErrClosed
		case yes:
			return nil
		}
		select {
		case <-changed:
		case <-n.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Stats returns what the node has done so far.
func (n *Node) Stats() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.ring.stats
	s.Peers = n.ready(func(*peer) bool { return true })
	s.Pending = len(n.ring.peers) - s.Peers
	s.Waiting = len(n.inbox.events)
	for _, l := range n.links {
		s.Unsent += len(l.queue)
	}
	return s
}
