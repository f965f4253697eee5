package zre

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// checkName returns nil if a group can be called so.
func checkName(group string) error {
	if group == "" || len(group) > maxString {
		return fmt.Errorf("%w: %q: want 1 to %d octets", ErrName, group, maxString)
	}
	return nil
}

// fits reports whether others with the same limits take the message.
func (m *message) fits(l *limits) bool {
	return len(m.groups) <= l.groups && len(m.headers) <= l.headers && len(m.encode())+maxString <= l.hello
}

// JoinGroup puts the node into a group, and tells all peers. It does not wait.
// Again does nothing. It returns ErrName, ErrClosed, or ErrTooLarge if the groups
// do not fit into a HELLO.
func (n *Node) JoinGroup(group string) error {
	if err := checkName(group); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.leaving {
		return ErrClosed
	}
	hello := n.ring.hello(netip.IPv4Unspecified())
	if !slices.Contains(hello.groups, group) {
		hello.groups = append(hello.groups, group)
	}
	if !hello.fits(&n.cfg.limits) {
		return fmt.Errorf("%w: group %q", ErrTooLarge, group)
	}
	n.ring.join(group)
	n.act()
	return nil
}

// LeaveGroup takes the node out of a group, and tells all peers. It does not
// wait. If the node is not in it, it does nothing.
func (n *Node) LeaveGroup(group string) error {
	if err := checkName(group); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.leaving {
		return ErrClosed
	}
	n.ring.leave(group)
	n.act()
	return nil
}

// Groups returns the groups that the node is in, in order.
func (n *Node) Groups() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.ring.groups))
}
