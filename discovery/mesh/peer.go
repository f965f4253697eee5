package mesh

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket/curve"
)

// State is how a peer is seen from here.
type State uint8

// The states of a peer.
const (
	Joining State = iota + 1 // found, and being connected to
	Up                       // linked, and introduced
	Suspect                  // the link is lost or silent; it may come back
	Gone                     // not in the mesh any more; the reason is told
)

var stateNames = [...]string{Joining: "joining", Up: "up", Suspect: "suspect", Gone: "gone"}

// String returns the state in one word.
func (s State) String() string {
	if int(s) < len(stateNames) && stateNames[s] != "" {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// Reason says why a peer is Gone.
type Reason uint8

// Why a peer is Gone. Those that begin with Refused are of a peer that was
// turned away, or that turned us away; their numbers go over the wire.
const (
	Left            Reason = iota + 1 // it said goodbye
	Lost                              // it was Suspect for too long
	Replaced                          // another process has its id now
	Withdrawn                         // it was announced, never reached, and is announced no more
	RefusedMesh                       // it is of another mesh
	RefusedRealm                      // it is of another realm
	RefusedVersion                    // it speaks another version
	RefusedIdentity                   // it is not who it says it is
	RefusedState                      // what it tells of itself makes no sense
	reasons
)

var reasonNames = [reasons]string{
	Left: "left", Lost: "lost", Replaced: "replaced", Withdrawn: "withdrawn",
	RefusedMesh: "refused: another mesh", RefusedRealm: "refused: another realm", RefusedVersion: "refused: another version",
	RefusedIdentity: "refused: identity", RefusedState: "refused: malformed state",
}

// String returns the reason in words.
func (r Reason) String() string {
	if r < reasons && reasonNames[r] != "" {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

// Refused reports whether the peer was turned away, or turned us away.
func (r Reason) Refused() bool { return r >= RefusedMesh && r < reasons }

// Peer is another node as it was seen at one moment. It is a value of its own,
// to keep and change.
type Peer struct {
	ID       discovery.ID
	Name     string // for people; what it was announced as, or tells itself
	State    State
	Since    time.Time // when it came into this state
	Key      curve.Key // that it has proven, with WithNodeKeys; from when it is Up, as the next three are
	Metadata map[string]string
	Groups   []string
	Services []string
	Draining bool // it is about to leave, and chosen for no more calls
}

// snapshot returns m as it is now.
func (m *member) snapshot() Peer {
	p := m.outline()
	if s := m.state; s != nil {
		p.Key = s.key
		p.Metadata, p.Groups = maps.Clone(s.Metadata), slices.Clone(s.Groups)
		for _, v := range s.Services {
			p.Services = append(p.Services, v.Name)
		}
		p.Draining = s.Draining || m.draining
	}
	return p
}

// outline is snapshot without what may be large.
func (m *member) outline() Peer {
	return Peer{ID: m.id, Name: m.name, State: m.is, Since: m.since}
}

// Peers returns those that are not Gone, ordered by ID.
func (n *Node) Peers() []Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]Peer, 0, len(n.roster.members))
	for _, m := range n.roster.members {
		all = append(all, m.snapshot())
	}
	slices.SortFunc(all, func(a, b Peer) int { return a.ID.Compare(b.ID) })
	return all
}

// Peer returns the peer with this id, and whether there is one that is not
// Gone.
func (n *Node) Peer(id discovery.ID) (Peer, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := n.roster.members[id]
	if m == nil {
		return Peer{}, false
	}
	return m.snapshot(), true
}
