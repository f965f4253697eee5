package mesh

import (
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// roster is who is in the mesh, as seen from here. It is a state machine that
// does nothing by itself: it is told what happened and when, and tells the
// audience what that means. The caller of its methods holds the node's lock.
//
//	           announced            hello
//	(nobody) ────────────▶ Joining ───────▶ Up ──────────┐ goodbye, refused, replaced
//	                          │              │ ▲          │
//	                withdrawn │  unlinked or │ │ hello or │
//	                          ▼       silent ▼ │ heard    ▼
//	                         Gone ◀───────── Suspect ───▶ Gone
//	                                too long
type roster struct {
	members  map[discovery.ID]*member
	max      int
	patience time.Duration // how long one may be Suspect
	audience *audience
	full     bool
}

// member is a peer that is not Gone, or has just become so.
type member struct {
	id          discovery.ID
	name        string
	incarnation uint64
	is          State
	reason      Reason // why it is Gone
	since       time.Time
	err         error         // why it is Suspect or Gone, for people
	state       *state        // nil until it was Up
	announced   bool          // discovery knows it
	sign        time.Time     // of its life: when it was last linked
	idle        time.Duration // how long this process has stood still since it is Suspect
	linked      bool
	draining    bool  // it has said that it will leave
	told        State // the last that the audience was told of
}

func newRoster(most int, patience time.Duration, a *audience) *roster {
	return &roster{members: make(map[discovery.ID]*member), max: most, patience: patience, audience: a}
}

// add enters a peer as Joining, if there is room.
func (r *roster) add(id discovery.ID, name string, now time.Time) *member {
	if len(r.members) >= r.max {
		if !r.full {
			r.full = true
			r.audience.warn(Event{Time: now, Peer: Peer{ID: id, Name: name}, Err: ErrFull})
		}
		return nil
	}
	m := &member{id: id, name: name}
	r.members[id] = m
	r.move(m, Joining, 0, nil, now)
	return m
}

// move brings m into a state and tells of it.
func (r *roster) move(m *member, to State, why Reason, err error, now time.Time) {
	m.is, m.reason, m.err, m.since, m.idle = to, why, err, now, 0
	if to == Gone {
		delete(r.members, m.id)
		r.full = false
	}
	r.audience.changed(m)
}

// announced is told that discovery knows a peer.
func (r *roster) announced(id discovery.ID, name string, now time.Time) {
	m := r.members[id]
	if m == nil {
		if m = r.add(id, name, now); m == nil {
			return
		}
	}
	m.announced = true
	if m.state == nil && m.name != name {
		m.name = name
		r.audience.changed(m)
	}
}

// withdrawn is told that discovery does not know a peer any more, and whether
// because it left. That is no reason to give up a peer that is Up.
func (r *roster) withdrawn(id discovery.ID, left bool, now time.Time) {
	m := r.members[id]
	if m == nil {
		return
	}
	m.announced = false
	switch {
	case m.linked:
	case m.is == Joining:
		r.move(m, Gone, Withdrawn, nil, now)
	case m.is == Suspect && left:
		r.move(m, Gone, Left, nil, now)
	}
}

// linked is told that there is a link to a peer. One that is not known yet is
// entered once it has introduced itself.
func (r *roster) linked(id discovery.ID, now time.Time) {
	if m := r.members[id]; m != nil {
		m.linked, m.sign = true, now
	}
}

// unlinked is told that the link to a peer is lost.
func (r *roster) unlinked(id discovery.ID, err error, now time.Time) {
	m := r.members[id]
	if m == nil {
		return
	}
	m.linked = false
	switch {
	case m.is == Up:
		r.move(m, Suspect, 0, err, now)
	case m.is == Joining && !m.announced:
		r.move(m, Gone, Lost, err, now)
	}
}

// hello is told that a peer has introduced itself on its link. It reports
// whether there was room.
func (r *roster) hello(id discovery.ID, s *state, now time.Time) bool {
	m := r.members[id]
	if m != nil && m.incarnation != 0 && m.incarnation != s.incarnation {
		announced := m.announced
		r.move(m, Gone, Replaced, nil, now)
		if m = r.add(id, s.Name, now); m != nil {
			m.announced = announced
		}
	}
	if m == nil {
		if m = r.add(id, s.Name, now); m == nil {
			return false
		}
	}
	known := m.state != nil && m.state.sameAs(s)
	m.state, m.name, m.incarnation, m.linked, m.draining = s, s.Name, s.incarnation, true, s.Draining
	if m.is != Up {
		r.move(m, Up, 0, nil, now)
	} else if !known {
		r.audience.changed(m)
	}
	return true
}

// news is told that a peer tells something new of itself.
func (r *roster) news(id discovery.ID, s *state) {
	m := r.members[id]
	if m == nil || m.state == nil {
		return
	}
	known := m.state.sameAs(s)
	m.state, m.name, m.draining = s, s.Name, m.draining || s.Draining
	if !known {
		r.audience.changed(m)
	}
}

// drain is told that a peer is about to leave.
func (r *roster) drain(id discovery.ID) {
	if m := r.members[id]; m != nil && !m.draining {
		m.draining = true
		r.audience.changed(m)
	}
}

// silent is told that nothing has come over the link to a peer for too long.
func (r *roster) silent(id discovery.ID, err error, now time.Time) {
	if m := r.members[id]; m != nil && m.is == Up {
		r.move(m, Suspect, 0, err, now)
	}
}

// heard is told that something has come over a link on which the peer has
// introduced itself as s, and reports whether that is news.
func (r *roster) heard(id discovery.ID, s *state, now time.Time) {
	if m := r.members[id]; m == nil || m.is != Up && m.linked {
		r.hello(id, s, now)
	}
}

// gone is told that a peer is no part of the mesh any more. One that never was
// is told of too, if it was refused.
func (r *roster) gone(id discovery.ID, why Reason, err error, now time.Time) {
	m := r.members[id]
	if m == nil {
		if !why.Refused() {
			return
		}
		m = &member{id: id}
	}
	r.move(m, Gone, why, err, now)
}

// tick gives up those who have been Suspect for too long, and returns when it
// should be called again at the latest; the zero time if there is no need.
func (r *roster) tick(now time.Time) (next time.Time) {
	for _, m := range r.members {
		if m.is != Suspect {
			continue
		}
		end := r.end(m)
		switch {
		case !now.Before(end):
			r.move(m, Gone, Lost, m.err, now)
		case next.IsZero() || end.Before(next):
			next = end
		}
	}
	return next
}

// end returns until when m may be Suspect. A peer that was linked meanwhile is
// there, though it has not introduced itself: it refuses a second link for as
// long as it has not noticed the end of the first, and so gets as much again.
func (r *roster) end(m *member) time.Time {
	end := m.since.Add(r.patience + m.idle)
	if m.sign.After(m.since) {
		if end = end.Add(r.patience); end.After(m.sign.Add(r.patience)) {
			end = m.sign.Add(r.patience)
		}
	}
	return end
}

// stoodStill is told that this process did nothing for so long: what a peer has
// said meanwhile is still to be read.
func (r *roster) stoodStill(d time.Duration) {
	for _, m := range r.members {
		if m.is == Suspect {
			m.idle += d
		}
	}
}

// up returns how many peers are Up.
func (r *roster) up() int {
	n := 0
	for _, m := range r.members {
		if m.is == Up {
			n++
		}
	}
	return n
}
