package gossip

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/brokerless/brokerless/discovery"
)

const (
	// maxQueue is how many packets of gossip wait at most. Who misses one asks.
	maxQueue = 1024

	// maxPassOn is how many lists that came all at once are passed on. More come
	// when clusters meet: then all nodes hear of each other at the same time, and
	// ask.
	maxPassOn = 16
)

// A broadcast is a packet of gossip. A later one of its name replaces it.
type broadcast struct {
	name   string
	octets []byte
}

var _ memberlist.NamedBroadcast = (*broadcast)(nil)

func (b *broadcast) Name() string    { return b.name }
func (b *broadcast) Message() []byte { return b.octets }
func (b *broadcast) Finished()       {}

func (b *broadcast) Invalidates(other memberlist.Broadcast) bool {
	o, ok := other.(*broadcast)
	return ok && o.name == b.name
}

// spread puts a list into the gossip. The caller holds mu.
func (s *state) spread(l *list) {
	for i, b := range l.packets() {
		s.queue.QueueBroadcast(&broadcast{name: fmt.Sprintf("%s/%d", l.owner, i), octets: b})
	}
	s.queue.Prune(maxQueue)
}

// receive takes a message. The octets remain the caller's.
func (s *state) receive(b []byte, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	c := cursor{rest: b}
	var err error
	switch kind := c.octet(); kind {
	case kindList:
		var l list
		if l, _, err = decodeList(c.rest); err == nil && s.adopt(&l, now) && len(b) <= maxPacket {
			s.spread(&l)
		}
	case kindPart:
		var p part
		if p, err = decodePart(c.rest); err == nil {
			err = s.collect(&p, b, now)
		}
	case kindWant:
		c := cursor{rest: c.rest}
		if n := s.nodes[c.id()]; n != nil && n.member && n != s.me {
			n.wants = true
			s.nudge()
		}
		err = c.err
	default:
		err = fmt.Errorf("message of kind %d", kind)
	}
	if err != nil {
		s.malformed("", err)
	}
}

// collect takes a part of a list, and the list when it is complete. The caller
// holds mu, and keeps the message of which p is the meaning.
func (s *state) collect(p *part, message []byte, now time.Time) error {
	if p.owner == s.self {
		return nil
	}
	n := s.node(p.owner, now)
	if n == nil || n.left || p.version <= n.list.version || p.version < n.newest {
		return nil
	}
	if p.count > maxParts {
		if p.version > n.newest { // a notice: others need it too
			s.queue.QueueBroadcast(&broadcast{name: p.owner.String() + "/0", octets: bytes.Clone(message)})
			s.queue.Prune(maxQueue)
		}
		s.heard(n, p.version, now)
		return nil
	}
	s.heard(n, p.version, now)
	octets := n.parts.add(p)
	if octets == nil {
		return nil
	}
	l, _, err := decodeList(octets)
	if err != nil {
		return err
	}
	if l.owner != p.owner || l.version != p.version {
		return errors.New("parts of different lists")
	}
	if s.adopt(&l, now) {
		s.spread(&l)
	}
	return nil
}

// merge takes what a neighbour knows.
func (s *state) merge(b []byte, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	var fresh []list
	err := decodeState(b, func(l list, err error) {
		if err != nil {
			s.malformed("", err)
		} else if s.adopt(&l, now) {
			fresh = append(fresh, l)
		}
	})
	if err != nil {
		s.malformed("", err)
	}
	if len(fresh) > maxPassOn {
		return
	}
	for i := range fresh {
		s.spread(&fresh[i])
	}
}

// exchange returns what this node knows, for a neighbour.
func (s *state) exchange(now time.Time) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell(now)
	var all []list
	for _, n := range s.nodes {
		if n.member && !n.left && n.list.octets != nil {
			all = append(all, n.list)
		}
	}
	return encodeState(all)
}

// latest returns the version of our list, for whoever probes us.
func (s *state) latest(now time.Time) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell(now)
	return binary.AppendUvarint([]byte{format}, s.me.list.version)
}

// probed takes the version of a node's list that its answer to a probe has.
func (s *state) probed(name string, b []byte, now time.Time) {
	c := cursor{rest: b}
	if c.octet() != format {
		return
	}
	version := c.uint()
	id, err := discovery.ParseID(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.nodes[id]; err == nil && c.err == nil && n != nil && n.member && !s.closed {
		s.heard(n, version, now)
	}
}
