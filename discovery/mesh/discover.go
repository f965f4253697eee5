package mesh

import (
	"errors"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// alias is who an instance turned out to be. A list that names only endpoints
// gives them ids of its own, which are not those of the nodes there.
type alias struct {
	id    discovery.ID
	since time.Time // it is known
}

// aliasTime is how long a node leaves it to the other side to connect, once it
// has learned that the other's id is the lower one.
const aliasTime = 3 * time.Second

// alias notes who an instance is. The caller holds mu.
func (n *Node) alias(instance, id discovery.ID) {
	if instance == (discovery.ID{}) || instance == id {
		return
	}
	if n.aliases[instance].id == id {
		return
	}
	n.aliases[instance] = alias{id, time.Now()}
	n.roster.gone(instance, Replaced, nil, time.Now())
}

// discovered is told what the follower learns from discovery, in order. It is
// called without locks.
func (n *Node) discovered(e discovery.Event) {
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	id := e.Instance.ID
	if a, ok := n.aliases[id]; ok && id != (discovery.ID{}) {
		id = a.id
	}
	switch e.Kind {
	case discovery.Added, discovery.Updated:
		n.apart.forget(e.Instance.ID.String())
		if id == n.id {
			return
		}
		n.roster.announced(id, e.Instance.Name, now)
		if l := n.links[id]; l != nil && l.ended.IsZero() {
			n.roster.linked(id, now)
		}
	case discovery.Removed:
		delete(n.aliases, e.Instance.ID)
		n.apart.forget(e.Instance.ID.String())
		n.keys.forget(e.Instance.ID)
		n.roster.withdrawn(id, errors.Is(e.Err, discovery.ErrLeft), now)
	case discovery.Warning:
		n.audience.warn(Event{Time: now, Peer: Peer{ID: id, Name: e.Instance.Name}, Err: e.Err})
	}
}

// exclude has the follower leave the peer of a link alone until it is announced
// anew. The caller holds mu.
func (n *Node) exclude(l *link) {
	n.excluded = append(n.excluded, l.id)
	if l.via != (discovery.ID{}) && l.via != l.id {
		n.excluded = append(n.excluded, l.via)
	}
	n.wake()
}
