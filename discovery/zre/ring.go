package zre

import (
	"net/netip"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// A ring is what a node knows of its peers, and decides what is to be done about
// them: without goroutine, clock or socket. What it decides stands in acts.
type ring struct {
	self             discovery.ID
	name             string
	headers          map[string]string
	evasive, expired time.Duration
	limits           limits
	endpoint         func(peer netip.Addr) string // where that peer reaches us
	linked           func(discovery.ID) bool      // whether our connection to the peer is up

	peers  map[discovery.ID]*peer
	groups map[string]struct{} // that the node is in
	status byte                // of our groups (ZR-10)
	stats  Stats
	acts   []act
}

// A peer is somebody else in the ring.
type peer struct {
	id      discovery.ID
	at      netip.AddrPort // where our DEALER connects to
	ready   bool           // it has said HELLO
	name    string
	headers map[string]string
	groups  map[string]struct{}
	status  byte
	next    uint16    // the sequence of its next message
	line    time.Time // when the connection was made that its HELLO came by
	since   time.Time // when it was found; when it entered, once it is ready
	heard   time.Time
	home    time.Time // when a beacon of it came from at last
	pinged  time.Time // zero if not since it was heard
	dialed  time.Time // when we have said HELLO
}

// A deed is what an act does.
type deed uint8

const (
	connect    deed = iota + 1 // make a DEALER for the peer, in place of any there is
	disconnect                 // close it
	send                       // a message to the peer
	tell                       // an event
)

// An act is to be done by the node, in order.
type act struct {
	do      deed
	id      discovery.ID
	at      netip.AddrPort
	message message
	event   Event
}

// An origin is who has sent a message to the inbox, and by which connection.
type origin struct {
	id   discovery.ID
	addr netip.Addr
	line time.Time // when the connection was made
}

// beacon takes a beacon that came from an address.
func (r *ring) beacon(now time.Time, from netip.Addr, b beacon) {
	p := r.peers[b.id]
	at := netip.AddrPortFrom(from, b.port)
	switch {
	case b.id == r.self: // ZR-01
	case b.port == 0 && p == nil:
	case b.port == 0 && p.at.Addr() != from:
		r.stats.BeaconsRefuted++ // anybody can say it; it has to come from where the peer is
	case b.port == 0:
		r.drop(now, p, Goodbye)
	case p == nil && r.occupied(at): // of two that are at one place, the one that says HELLO from there is believed
		r.stats.BeaconsRefuted++
	case p == nil:
		r.stats.BeaconsReceived++
		r.require(now, b.id, at, false)
	case p.at == at:
		r.stats.BeaconsReceived++
		p.hear(now)
		p.home = now
	case r.moved(now, p, at):
		r.stats.BeaconsReceived++
		r.drop(now, p, Restarted)
		r.require(now, b.id, at, false)
	case p.at.Port() == b.port: // by another of its addresses
		r.stats.BeaconsReceived++
		p.hear(now)
	default:
		r.stats.BeaconsRefuted++
	}
}

func (r *ring) occupied(at netip.AddrPort) bool {
	for _, p := range r.peers {
		if p.at == at {
			return true
		}
	}
	return false
}

// moved reports whether a peer that shows itself somewhere has left the place
// where it was, rather than having two addresses. A connection that is up is
// believed more than any beacon.
func (r *ring) moved(now time.Time, p *peer, at netip.AddrPort) bool {
	if p.at == at || r.linked(p.id) {
		return false
	}
	return p.at.Port() != at.Port() || now.Sub(p.home) >= r.evasive
}

// hear notes that there was something of the peer.
func (p *peer) hear(now time.Time) { p.heard, p.pinged = now, time.Time{} }

// require makes a peer, connects to it and says HELLO, and returns it; or nil if
// there is no room. Who has said HELLO takes the place of one that has not; who was
// only heard by beacon does so when that one has had a while for it, so that no
// flood of beacons makes a flood of connections.
func (r *ring) require(now time.Time, id discovery.ID, at netip.AddrPort, greeted bool) *peer {
	pending, oldest := r.pending()
	if pending >= r.limits.pending || len(r.peers) >= r.limits.peers {
		r.stats.Refused++
		if oldest == nil || !greeted && now.Sub(oldest.since) < pendingTime {
			return nil
		}
		r.drop(now, oldest, 0)
	}
	p := &peer{id: id, at: at, since: now, heard: now, home: now, groups: make(map[string]struct{})}
	r.peers[id] = p
	r.dial(now, p)
	return p
}

func (r *ring) dial(now time.Time, p *peer) {
	p.dialed = now
	r.acts = append(r.acts, act{do: connect, id: p.id, at: p.at}, act{do: send, id: p.id, message: r.hello(p.at.Addr())})
}

// pending returns how many peers have not said HELLO, and the oldest of them.
func (r *ring) pending() (n int, oldest *peer) {
	for _, p := range r.peers {
		if p.ready {
			continue
		}
		if n++; oldest == nil || p.since.Before(oldest.since) {
			oldest = p
		}
	}
	return n, oldest
}

// drop forgets a peer. That it Exited is told if it has entered.
func (r *ring) drop(now time.Time, p *peer, why Reason) {
	delete(r.peers, p.id)
	r.acts = append(r.acts, act{do: disconnect, id: p.id})
	if p.ready {
		r.stats.Exited++
		r.tell(Event{Kind: Exited, Time: now, ID: p.id, Name: p.name, Reason: why})
	}
}

func (r *ring) tell(e Event) { r.acts = append(r.acts, act{do: tell, id: e.ID, event: e}) }

func (r *ring) say(p *peer, m message) { r.acts = append(r.acts, act{do: send, id: p.id, message: m}) }

// tick does what is due: PING to who is silent, the end of who was for too long.
func (r *ring) tick(now time.Time) {
	for _, p := range r.peers {
		switch silence := now.Sub(p.heard); {
		case silence >= r.expired || !p.ready && now.Sub(p.since) >= r.expired: // whose beacons come, but no HELLO, is tried anew
			r.drop(now, p, Silent)
		case p.ready && silence >= r.evasive && now.Sub(p.pinged) >= r.evasive: // ZR-08
			p.pinged = now
			r.say(p, message{kind: kindPing})
		}
	}
}

// excuse takes all peers for heard just now, after a time when nobody listened.
func (r *ring) excuse(now time.Time) {
	for _, p := range r.peers {
		p.hear(now)
	}
}

// unresponsive drops a peer that takes nothing.
func (r *ring) unresponsive(now time.Time, id discovery.ID) {
	if p := r.peers[id]; p != nil {
		r.drop(now, p, Unresponsive)
	}
}

// join puts the node into a group and tells all peers; leave takes it out. Both
// return false if it is as it was.
func (r *ring) join(group string) bool {
	if _, in := r.groups[group]; in {
		return false
	}
	r.groups[group] = struct{}{}
	r.news(kindJoin, group)
	return true
}

func (r *ring) leave(group string) bool {
	if _, in := r.groups[group]; !in {
		return false
	}
	delete(r.groups, group)
	r.news(kindLeave, group)
	return true
}

func (r *ring) news(k kind, group string) {
	r.status++ // mod 256 (ZR-10)
	for _, p := range r.peers {
		r.say(p, message{kind: k, group: group, status: r.status})
	}
}

// deliver tells of the content of a message.
func (r *ring) deliver(now time.Time, p *peer, k EventKind, group string, content socket.Message) {
	r.tell(Event{Kind: k, Time: now, ID: p.id, Name: p.name, Group: group, Frames: content})
}
