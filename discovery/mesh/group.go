package mesh

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// JoinGroup makes the node a member of a group: it receives what is shouted
// there. Peers learn of it soon after; JoinGroup does not wait for them. To join
// again does nothing.
func (n *Node) JoinGroup(group string) error {
	if err := checkName(group); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.joinGroup(group)
}

func (n *Node) joinGroup(group string) error {
	if n.closed {
		return ErrClosed
	}
	if _, member := n.groups[group]; member {
		return nil
	}
	n.groups[group] = struct{}{}
	return n.tell(func() { delete(n.groups, group) })
}

// LeaveGroup ends the membership, and with it what HandleAsk began. To leave a
// group that the node is not in does nothing.
func (n *Node) LeaveGroup(group string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return ErrClosed
	}
	if _, member := n.groups[group]; !member {
		return nil
	}
	delete(n.groups, group)
	delete(n.askers, group)
	n.publish()
	return nil
}

// Groups returns the groups the node is in, ordered.
func (n *Node) Groups() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.groups))
}

// Members returns the peers in a group that are Up, ordered by ID. The node
// itself is not among them.
func (n *Node) Members(group string) []Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []Peer
	for _, l := range n.members(group) {
		all = append(all, n.roster.members[l.id].snapshot())
	}
	return all
}

// members returns the links to the peers in a group, ordered by ID. The caller
// holds mu.
func (n *Node) members(group string) []*link {
	var all []*link
	for id, m := range n.roster.members {
		if m.is == Up && m.state.groups[group] && n.links[id].live() {
			all = append(all, n.links[id])
		}
	}
	slices.SortFunc(all, func(a, b *link) int { return a.id.Compare(b.id) })
	return all
}

// Whisper sends a message to one peer. The frames are copied before it returns.
// It waits while the peer's queue is full. It returns ErrUnknownPeer unless the
// peer is Up, ctx's error, or that of a message that is too large. That it
// returns nil does not mean that the peer has the message: if the link is lost,
// so is what was on its way.
func (n *Node) Whisper(ctx context.Context, id discovery.ID, frames ...[]byte) error {
	n.mu.Lock()
	l, closed := n.reachable(id), n.closed
	n.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case l == nil:
		return fmt.Errorf("%w: %v", ErrUnknownPeer, id)
	}
	return n.send(ctx, l, header{kind: kindWhisper}, frames)
}

// reachable returns the link to a peer that is Up, or nil. The caller holds mu.
func (n *Node) reachable(id discovery.ID) *link {
	m, l := n.roster.members[id], n.links[id]
	if m == nil || m.is != Up || !l.live() {
		return nil
	}
	return l
}

// send sends what the application gives, and waits for room. The caller does
// not hold mu.
func (n *Node) send(ctx context.Context, l *link, h header, frames [][]byte) error {
	all := make([][]byte, 0, 1+len(frames))
	all = append(append(all, h.encode()), frames...)
	return n.sendError(n.router.SendTo(ctx, socket.PeerID(l.id.String()), all...), l)
}

func (n *Node) sendError(err error, l *link) error {
	switch {
	case errors.Is(err, socket.ErrNoRoute):
		return fmt.Errorf("%w: %v", ErrUnknownPeer, l.id)
	case errors.Is(err, socket.ErrClosed):
		return ErrClosed
	}
	return err
}

// Shout sends a message to all peers in a group that are Up, and returns to how
// many. The frames are copied before it returns. Those that have room get it at
// once, then it waits for the others one by one, as ctx allows. The error joins
// those of the peers that did not get it; a group without other members is none.
// The node itself is not sent anything, and need not be a member.
func (n *Node) Shout(ctx context.Context, group string, frames ...[]byte) (sent int, err error) {
	if err := checkName(group); err != nil {
		return 0, err
	}
	n.mu.Lock()
	links, closed := n.members(group), n.closed
	n.mu.Unlock()
	if closed {
		return 0, ErrClosed
	}
	all := make([][]byte, 0, 2+len(frames))
	all = append(append(all, nil, header{kind: kindShout, name: group}.encode()), frames...)
	var full []*link
	var failed []error
	note := func(l *link, err error) {
		if err == nil {
			sent++
			return
		}
		failed = append(failed, fmt.Errorf("peer %v: %w", l.id, n.sendError(err, l)))
	}
	for _, l := range links {
		all[0] = []byte(l.id.String())
		if err := n.router.TrySend(all...); errors.Is(err, socket.ErrWouldBlock) {
			full = append(full, l)
		} else {
			note(l, err)
		}
	}
	for _, l := range full {
		note(l, n.router.SendTo(ctx, socket.PeerID(l.id.String()), all[1:]...))
	}
	return sent, errors.Join(failed...)
}
