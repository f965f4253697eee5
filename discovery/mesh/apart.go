package mesh

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// Of how many it is remembered that they are not linked. Of more than that
// nothing is told; the socket counts them.
const (
	maxApart      = 1024
	maxTurnedAway = 64
)

// noteTime is how long it is remembered, if there is no room for others.
const noteTime = 10 * time.Minute

// notes remembers what was told of whom, so that one who tries again and again
// is told of once. It is guarded by the node's lock.
type notes struct {
	max int
	all map[string]note
}

type note struct {
	what  string
	at    time.Time
	event Event // that was told
}

func newNotes(most int) notes { return notes{max: most, all: make(map[string]note)} }

// fresh reports whether what is news of whom, and remembers it.
func (s *notes) fresh(whom, what string, now time.Time) bool {
	before, known := s.all[whom]
	if known && before.what == what {
		return false
	}
	if !known && len(s.all) >= s.max {
		for other, n := range s.all {
			if now.Sub(n.at) > noteTime {
				delete(s.all, other)
			}
		}
		if len(s.all) >= s.max {
			return false
		}
	}
	s.all[whom] = note{what: what, at: now}
	return true
}

// forget has whatever comes next of whom be news.
func (s *notes) forget(whom string) { delete(s.all, whom) }

// events returns what was told and is not forgotten, but no more than most.
func (s *notes) events(most int) (all []Event) {
	for _, n := range s.all {
		if n.event.Kind != 0 && len(all) < most {
			all = append(all, n.event)
		}
	}
	slices.SortFunc(all, func(a, b Event) int { return a.Time.Compare(b.Time) })
	return all
}

// unwanted is told by the follower of an instance that is left alone, or is
// announced no more.
func (n *Node) unwanted(in discovery.Instance, why error) {
	if !errors.Is(why, discovery.ErrUnwanted) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.apart.forget(in.ID.String())
		return
	}
	if in.Realm == n.cfg.realm {
		if _, err := n.hint(&in); err != nil {
			why = err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.notLinked(Peer{ID: in.ID, Name: in.Name}, why, why.Error())
}

// Classes of reasons.
const (
	ended     = "ended"
	endedOnce = "ended once"
)

// notLinked tells, once, that an instance is not linked. The caller holds mu.
func (n *Node) notLinked(p Peer, why error, class string) {
	now := time.Now()
	whom := p.ID.String()
	if class == ended && n.apart.all[whom].what != ended && n.apart.fresh(whom, endedOnce, now) {
		return // perhaps it was just leaving
	}
	if n.apart.fresh(whom, class, now) {
		e := Event{Kind: NotLinked, Time: now, Peer: p, Err: why}
		n.apart.all[whom] = note{class, now, e}
		n.audience.tell(e)
	}
}

// unmet takes note of a handshake that has failed before it was known with whom.
func (n *Node) unmet(e socket.Event) {
	class, err := n.reason(e)
	if err == nil {
		return
	}
	instance := n.instanceAt(e.Endpoint)
	if instance != (discovery.ID{}) {
		if n.isLinked(instance) {
			return // it was one link too many
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		p := Peer{ID: instance}
		if m := n.roster.members[instance]; m != nil {
			p = m.outline()
		}
		n.notLinked(p, err, class)
		return
	}
	host, _, splitErr := net.SplitHostPort(e.Remote)
	if splitErr != nil {
		host = "this host"
	}
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.turnedAway.fresh(host+" "+class, class, now) {
		n.audience.tell(Event{Kind: NotLinked, Time: now, Err: fmt.Errorf("from %s: %w", host, err)})
	}
}

// reason returns why there is no link after a failed handshake, and what kind of
// reason that is; nil if it is not worth telling.
func (n *Node) reason(e socket.Event) (class string, err error) {
	dialed := n.instanceAt(e.Endpoint) != (discovery.ID{})
	switch {
	case errors.Is(e.Err, ErrKey):
		return e.Err.Error(), e.Err
	case errors.Is(e.Err, socket.ErrAuth):
		class = "refused"
	case errors.Is(e.Err, socket.ErrProtocol):
		class = "protocol"
	case dialed && n.keys != nil:
		class = ended
	default:
		return "", nil // a scanner, or somebody who has changed his mind
	}
	switch {
	case n.keys == nil:
		return class, e.Err
	case class == ended:
		return class, fmt.Errorf("%w, perhaps: it ended the handshake, as a node with another key does without a word: %w", ErrKey, e.Err)
	}
	return class, fmt.Errorf("%w: %w", ErrKey, e.Err)
}
