package zre

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/brokerless/brokerless/discovery"
)

// Whisper sends a message to one peer. The frames are copied before it returns.
// It waits while a thousand messages (WithOutbox), or 16 MiB, wait for the peer. It
// returns ErrUnknownPeer unless the peer is there, ErrTooLarge, ErrClosed or
// ctx's error, and then the message was not sent. That it returns nil does not
// mean that the peer has the message: if the peer is lost, so is what was on its
// way, and that it Exited tells of it.
//
// A peer that takes nothing of what waits for it for as long as it may be silent
// (WithSilence) has Exited as Unresponsive, so that nobody waits longer.
func (n *Node) Whisper(ctx context.Context, id discovery.ID, frames ...[]byte) error {
	p, err := n.parcel(message{kind: kindWhisper}, frames)
	if err != nil {
		return err
	}
	n.mu.Lock()
	l := n.links[id]
	if r := n.ring.peers[id]; r == nil || !r.ready {
		l = nil
	}
	leaving := n.leaving
	n.mu.Unlock()
	switch {
	case leaving:
		return ErrClosed
	case l == nil:
		return fmt.Errorf("%w: %v", ErrUnknownPeer, id)
	}
	return n.post(ctx, l, p)
}

// Shout sends a message to all peers in a group, and returns to how many. The
// frames are copied before it returns. Those that have room get it at once, then
// it waits for the others one by one, as Whisper does. The error joins those of
// the peers that did not get it; a group without other members is none. The node
// itself is not sent anything, and need not be in the group.
func (n *Node) Shout(ctx context.Context, group string, frames ...[]byte) (sent int, err error) {
	if err := checkName(group); err != nil {
		return 0, err
	}
	p, err := n.parcel(message{kind: kindShout, group: group}, frames)
	if err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n.mu.Lock()
	if n.leaving {
		n.mu.Unlock()
		return 0, ErrClosed
	}
	var full []*link
	for _, l := range n.membersOf(group) {
		if l.offer(p) {
			sent++
		} else {
			full = append(full, l)
		}
	}
	n.mu.Unlock()
	var failed []error
	for _, l := range full {
		if err := n.post(ctx, l, p); err != nil {
			failed = append(failed, fmt.Errorf("peer %v: %w", l.id, err))
			continue
		}
		sent++
	}
	return sent, errors.Join(failed...)
}

// membersOf returns the links to the peers in a group, ordered by ID. The caller
// holds mu.
func (n *Node) membersOf(group string) []*link {
	var all []*link
	for id, p := range n.ring.peers {
		if _, in := p.groups[group]; in && p.ready && n.links[id] != nil {
			all = append(all, n.links[id])
		}
	}
	slices.SortFunc(all, func(a, b *link) int { return a.id.Compare(b.id) })
	return all
}

// parcel copies the content of a message.
func (n *Node) parcel(m message, frames [][]byte) (parcel, error) {
	p := parcel{message: m, size: headSize + 1 + len(m.group), content: make([][]byte, len(frames))}
	for i, f := range frames {
		p.size += len(f)
		p.content[i] = bytes.Clone(f)
	}
	if int64(p.size) > n.cfg.limits.message {
		return parcel{}, fmt.Errorf("%w: %d octets, at most %d", ErrTooLarge, p.size, n.cfg.limits.message)
	}
	return p, nil
}

// post queues a message, when there is room.
func (n *Node) post(ctx context.Context, l *link, p parcel) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n.mu.Lock()
		switch {
		case n.leaving:
			n.mu.Unlock()
			return ErrClosed
		case l.closing:
			n.mu.Unlock()
			return fmt.Errorf("%w: %v", ErrUnknownPeer, l.id)
		case l.offer(p):
			n.mu.Unlock()
			return nil
		}
		room := l.roomy()
		n.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
		}
	}
}
