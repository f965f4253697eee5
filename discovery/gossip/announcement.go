package gossip

import (
	"context"
	"slices"

	"github.com/brokerless/brokerless/discovery"
)

// maxOwn is how many instances one node announces, so that its list stays below
// maxList however large they are.
const maxOwn = 1000

// An announcement is one instance of this node.
type announcement struct {
	backend *Backend

	// Guarded by the state's lock.
	said  discovery.Instance // as it was given
	in    discovery.Instance // what is told of it: without wildcards
	ended bool
}

var _ discovery.Announcement = (*announcement)(nil)

// Announce makes the instance known: to all nodes in about a second. See
// [discovery.Backend]. An ID that this backend announces already is refused with
// ErrConflict, and more than 1,000 instances with ErrFull.
func (b *Backend) Announce(ctx context.Context, in discovery.Instance) (discovery.Announcement, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a := &announcement{backend: b}
	if err := a.say(in); err != nil {
		return nil, err
	}
	if err := b.state.add(a); err != nil {
		return nil, err
	}
	return a, nil
}

// say takes in for what the announcement says. The caller holds the state's
// lock, unless nobody else knows of a yet.
func (a *announcement) say(in discovery.Instance) error {
	if err := in.Validate(); err != nil {
		return err
	}
	said := in.Clone()
	if said.Version == 0 {
		said.Version = discovery.Version
	}
	a.said, a.in = said, a.backend.host.expand(&said)
	return nil
}

// Update changes what is said of the instance.
func (a *announcement) Update(ctx context.Context, in discovery.Instance) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := a.backend.state
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed || a.ended:
		return discovery.ErrClosed
	}
	in.ID = a.said.ID
	if err := a.say(in); err != nil {
		return err
	}
	s.changed = true
	s.nudge()
	return nil
}

// Close withdraws the instance.
func (a *announcement) Close() error {
	s := a.backend.state
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.ended || s.closed {
		return nil
	}
	a.ended = true
	s.own = slices.DeleteFunc(s.own, func(other *announcement) bool { return other == a })
	s.changed = true
	s.nudge()
	return nil
}
