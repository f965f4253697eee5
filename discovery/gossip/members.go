package gossip

import (
	"bytes"
	"fmt"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/brokerless/brokerless/discovery"
)

// join notes that the node is a member, and where it is reached.
func (s *state) join(m *memberlist.Node, now time.Time) {
	id, err := discovery.ParseID(m.Name)
	if err != nil || id == s.self {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	n := s.nodes[id]
	if n == nil {
		n = newNode(id, s.asking)
		s.nodes[id] = n
	}
	if !n.member {
		n.member, s.alone = true, nil
		s.members.Add(1)
	}
	n.peer = *m
	n.peer.Addr, n.peer.Meta = bytes.Clone(m.Addr), nil
	n.expires, n.forget = time.Time{}, time.Time{}
	if n.left {
		return
	}
	if n.list.version > 0 {
		s.reveal(n)
	}
	s.heard(n, 0, now)
}

// leave notes that the node is no member any more. What it said of itself may
// not have come yet: so its instances stay a little longer.
func (s *state) leave(name string, now time.Time) {
	id, err := discovery.ParseID(name)
	if err != nil || id == s.self {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.nodes[id]
	if s.closed || n == nil || !n.member {
		return
	}
	n.member = false
	n.ask, n.wants = time.Time{}, false
	s.members.Add(-1)
	if n.left {
		n.forget = now.Add(rememberLeft)
		return
	}
	n.expires, n.forget = now.Add(s.grace), now.Add(rememberLost)
	s.forgetLost()
	s.nudge()
	signal(s.lost)
}

// forgetLost keeps the number of lost nodes within its bound. The caller holds
// mu.
func (s *state) forgetLost() {
	var oldest *node
	count := 0
	for _, n := range s.nodes {
		if !n.lost() {
			continue
		}
		count++
		if oldest == nil || n.forget.Before(oldest.forget) {
			oldest = n
		}
	}
	if count > maxLost {
		s.hide(oldest, discovery.ErrExpired)
		s.forget(oldest)
	}
}

// admit returns an error if the node shall not become a member.
func (s *state) admit(m *memberlist.Node) error {
	id, err := discovery.ParseID(m.Name)
	if err != nil {
		s.warning("name", fmt.Errorf("%w: node at %s: %w", discovery.ErrMalformed, m.Address(), err))
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.nodes[id]; n != nil && n.member || int(s.members.Load()) < maxNodes {
		return nil
	}
	err = fmt.Errorf("%w: more than %d nodes", discovery.ErrFull, maxNodes)
	s.warn(discovery.Instance{}, "nodes", err)
	return err
}

// addresses returns where the members are reached, this node not among them,
// and where those may be that are lost.
func (s *state) addresses() (members map[string]struct{}, lost []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	members = make(map[string]struct{}, len(s.nodes))
	for _, n := range s.nodes {
		if n.member && n != s.me {
			members[n.peer.Address()] = struct{}{}
		}
	}
	for _, n := range s.nodes {
		if !n.lost() {
			continue
		}
		if _, again := members[n.peer.Address()]; !again { // else a newer node is there
			lost = append(lost, n.peer.Address())
		}
	}
	return members, lost
}

// some returns at most count members, any.
func (s *state) some(count int) []memberlist.Node {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []memberlist.Node
	for _, n := range s.nodes { // in random order
		if len(all) == count {
			break
		}
		if n.member && n != s.me {
			all = append(all, n.peer)
		}
	}
	return all
}
