package gossip

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/brokerless/brokerless/discovery"
)

// A state is what this node knows of all nodes and their instances. Its methods
// are safe for concurrent use, and never wait: memberlist calls them while it
// holds locks of its own. For the same reason none calls memberlist.
type state struct {
	self    discovery.ID
	catalog *discovery.Catalog
	queue   memberlist.TransmitLimitedQueue
	members atomic.Int32  // without self
	wake    chan struct{} // of capacity 1: tend has something to do
	lost    chan struct{} // of capacity 1: a member went
	grace   time.Duration // by how much a goodbye may come after the news that its node went
	asking  time.Duration // how long gossip has before a missing list is asked for
	spacing time.Duration // of new versions of our own list
	max     int           // octets of all lists

	mu       sync.Mutex
	closed   bool
	nodes    map[discovery.ID]*node
	owners   map[discovery.ID]discovery.ID // whose instance is in the catalog
	octets   int                           // of all lists
	full     bool                          // a list was refused
	warnings limiter
	alone    error // why this node has not found its cluster; nil if it has

	me      *node // it is a member, and in nodes
	own     []*announcement
	changed bool      // our list says less than own
	told    time.Time // when the last version of our list was made
}

func newState(s *settings) *state {
	st := &state{
		self:    discovery.NewID(),
		catalog: &discovery.Catalog{Max: s.max},
		wake:    make(chan struct{}, 1),
		lost:    make(chan struct{}, 1),
		grace:   max(500*time.Millisecond, 2*s.config.GossipInterval),
		asking:  5 * s.config.GossipInterval,
		spacing: s.config.GossipInterval / 4,
		max:     s.maxOctets(),
		nodes:   make(map[discovery.ID]*node),
		owners:  make(map[discovery.ID]discovery.ID),
		changed: true, // even an empty list is told: so nobody needs to ask for it
	}
	st.me = &node{id: st.self, member: true}
	st.nodes[st.self] = st.me
	st.queue.RetransmitMult = s.config.RetransmitMult
	st.queue.NumNodes = func() int { return int(st.members.Load()) + 1 }
	return st
}

// node returns what is known of a node, or begins to know it if there is room.
// The caller holds mu.
func (s *state) node(id discovery.ID, now time.Time) *node {
	if n := s.nodes[id]; n != nil {
		return n
	}
	if len(s.nodes)-1-int(s.members.Load()) >= maxStrangers+maxLost {
		return nil
	}
	n := newNode(id, s.asking)
	n.forget = now.Add(rememberStranger)
	s.nodes[id] = n
	return n
}

// adopt takes a list if it is newer than what is known, and reports whether it
// was. It keeps a copy of the octets. The caller holds mu.
func (s *state) adopt(l *list, now time.Time) bool {
	if l.owner == s.self {
		return false // an echo
	}
	n := s.node(l.owner, now)
	if n == nil || n.left || l.version <= n.list.version {
		return false
	}
	s.heard(n, l.version, now)
	var all []discovery.Instance
	var bad []error
	err := l.instances(func(in *discovery.Instance, err error) {
		if err != nil {
			bad = append(bad, err)
			return
		}
		all = append(all, *in)
	})
	if err != nil {
		s.malformed(l.owner.String(), err)
		return false
	}
	if len(bad) > 0 {
		s.malformed(l.owner.String(), fmt.Errorf("%d instances: %w", len(bad), bad[0]))
	}
	if more := len(l.octets) - len(n.list.octets); s.octets+more > s.max {
		if !s.full {
			s.full = true
			s.catalog.Warn(discovery.Instance{}, fmt.Errorf("%w: their announcements exceed %d octets", discovery.ErrFull, s.max))
		}
		return false
	}
	s.octets += len(l.octets) - len(n.list.octets)
	n.list, n.left = *l, l.left
	n.list.octets = bytes.Clone(l.octets)
	if !n.behind() {
		n.ask = time.Time{}
		n.parts = assembly{}
		n.pause.Reset()
	}
	if n.left {
		n.expires = time.Time{}
		s.hide(n, discovery.ErrLeft)
	} else if n.visible() {
		s.show(n, all)
	}
	return true
}

// heard notes that a version of the node's list exists. Gossip then has some
// time to bring it, before it is asked for. The caller holds mu.
func (s *state) heard(n *node, version uint64, now time.Time) {
	n.newest = max(n.newest, version)
	if n.behind() && n.ask.IsZero() {
		n.ask = now.Add(s.asking + n.pause.Next())
		s.nudge()
	}
}

// nudge has tend called.
func (s *state) nudge() { signal(s.wake) }

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// show makes the catalog hold these instances of the node and no others. The
// caller holds mu.
func (s *state) show(n *node, all []discovery.Instance) {
	before := n.shown
	n.shown, n.hidden = nil, 0
	for i := range all {
		in := &all[i]
		if owner, ok := s.owners[in.ID]; ok && owner != n.id {
			n.hidden++
			s.warn(*in, "conflict "+n.id.String()+in.ID.String(),
				fmt.Errorf("%w: %s is announced by node %s, and now by %s too", discovery.ErrConflict, in.ID, owner, n.id))
			continue
		}
		if err := s.catalog.Put(in); err != nil && !slices.Contains(before, in.ID) {
			n.hidden++
			continue
		}
		s.owners[in.ID] = n.id
		n.shown = append(n.shown, in.ID)
	}
	s.drop(n.id, before, n.shown, discovery.ErrLeft)
}

// hide takes all instances of the node out of the catalog. The caller holds mu.
func (s *state) hide(n *node, why error) {
	before := n.shown
	n.shown, n.hidden = nil, 0
	s.drop(n.id, before, nil, why)
}

// drop takes those of before that are not in now out of the catalog, and lets
// others in for them. The caller holds mu.
func (s *state) drop(owner discovery.ID, before, now []discovery.ID, why error) {
	keep := make(map[discovery.ID]struct{}, len(now))
	for _, id := range now {
		keep[id] = struct{}{}
	}
	room := false
	for _, id := range before {
		if _, ok := keep[id]; !ok && s.owners[id] == owner {
			delete(s.owners, id)
			s.catalog.Remove(id, why)
			room = true
		}
	}
	if !room {
		return
	}
	for _, n := range s.nodes {
		if n.hidden > 0 && n.id != owner && n.visible() {
			s.reveal(n)
		}
	}
}

// reveal shows what the node has said. The caller holds mu.
func (s *state) reveal(n *node) {
	if n == s.me {
		s.show(n, s.instances())
		return
	}
	var all []discovery.Instance
	_ = n.list.instances(func(in *discovery.Instance, err error) { // it was adopted, so it is well-formed
		if err == nil {
			all = append(all, *in)
		}
	})
	s.show(n, all)
}

// forget lets go of all that is known of a node. The caller holds mu.
func (s *state) forget(n *node) {
	s.octets -= len(n.list.octets)
	s.full = false
	delete(s.nodes, n.id)
}
