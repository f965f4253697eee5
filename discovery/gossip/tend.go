package gossip

import (
	"fmt"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/brokerless/brokerless/discovery"
)

// chores are what a state has to be done for it.
type chores struct {
	ask   []memberlist.Node // send these a want
	reply []memberlist.Node // send these our list
	next  time.Time         // when to look again; zero: not before a nudge
}

// tend does what is due, and tells what else there is to do. It has at most
// room members replied to, and is to be called again when there is more room.
func (s *state) tend(now time.Time, room int) (c chores) {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := func(t time.Time) bool {
		if t.IsZero() {
			return false
		}
		if t.After(now) && (c.next.IsZero() || t.Before(c.next)) {
			c.next = t
		}
		return !t.After(now)
	}
	if s.closed {
		return c
	}
	if s.changed && due(s.told.Add(s.spacing)) {
		s.tell(now)
	}
	for _, n := range s.nodes {
		if due(n.expires) {
			n.expires = time.Time{}
			s.hide(n, discovery.ErrExpired)
		}
		if due(n.forget) {
			s.forget(n)
			continue
		}
		if !n.behind() {
			n.ask = time.Time{}
		} else if due(n.ask) {
			n.ask = now.Add(n.pause.Next())
			due(n.ask)
			c.ask = append(c.ask, n.peer)
		}
		if n.wants && len(c.reply) < room {
			n.wants = false
			c.reply = append(c.reply, n.peer)
		}
	}
	return c
}

// tell makes a new version of our list if there is news. The caller holds mu.
func (s *state) tell(now time.Time) {
	if !s.changed || s.closed {
		return
	}
	s.changed, s.told = false, now
	all := s.instances()
	s.say(encodeList(s.self, s.me.list.version+1, false, all))
	s.show(s.me, all)
}

// say makes l our list. The caller holds mu.
func (s *state) say(l list) {
	s.octets += len(l.octets) - len(s.me.list.octets)
	s.me.list = l
	s.spread(&l)
}

// instances returns our own. The caller holds mu.
func (s *state) instances() []discovery.Instance {
	all := make([]discovery.Instance, len(s.own))
	for i, a := range s.own {
		all[i] = a.in
	}
	return all
}

// message returns our list as a message.
func (s *state) message() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]byte{kindList}, s.me.list.octets...)
}

// goodbye replaces our list by one that says that this node leaves, and returns
// the message. From then on nothing changes the state.
func (s *state) goodbye() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = nil
	s.say(encodeList(s.self, s.me.list.version+1, true, nil))
	s.closed = true
	return append([]byte{kindList}, s.me.list.octets...)
}

// add announces one more instance.
func (s *state) add(a *announcement) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return discovery.ErrClosed
	}
	for _, other := range s.own {
		if other.in.ID == a.in.ID {
			return fmt.Errorf("%w: %s is announced already", discovery.ErrConflict, a.in.ID)
		}
	}
	if len(s.own) >= maxOwn {
		return fmt.Errorf("%w: a node announces at most %d", discovery.ErrFull, maxOwn)
	}
	s.own = append(s.own, a)
	s.changed = true
	s.nudge()
	return nil
}

// respeak tells of our instances with the addresses that the host has now.
func (s *state) respeak(h *host) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.own {
		in := h.expand(&a.said)
		if !in.Equal(&a.in) {
			a.in, s.changed = in, true
		}
	}
	if s.changed {
		s.nudge()
	}
}
