package zre

import (
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// hello returns what the node says to a peer at an address first.
func (r *ring) hello(peer netip.Addr) message {
	return message{
		kind: kindHello, endpoint: r.endpoint(peer), groups: slices.Sorted(maps.Keys(r.groups)),
		status: r.status, name: r.name, headers: r.headers,
	}
}

// receive takes a message from the inbox. The content is the ring's to keep.
func (r *ring) receive(now time.Time, from origin, frame []byte, content socket.Message) {
	k, sequence, err := parseHead(frame)
	if err != nil || from.id == r.self {
		r.stats.Bad++ // discarded silently (ZR-07)
		return
	}
	if k == kindHello {
		r.greeted(now, from, frame)
		return
	}
	p := r.peers[from.id]
	switch {
	case p == nil || !p.ready:
		r.stats.Early++ // ZR-07
		return
	case from.line.Before(p.line):
		r.stats.Late++
		return
	case sequence != p.next:
		r.drop(now, p, OutOfSequence) // ZR-04
		return
	}
	m, err := parse(frame, r.limits)
	if err != nil {
		r.drop(now, p, Malformed)
		return
	}
	p.next++ // wraps
	p.hear(now)
	r.stats.Received++
	r.heard(now, p, &m, content)
}

// heard does what a message asks for.
func (r *ring) heard(now time.Time, p *peer, m *message, content socket.Message) {
	switch m.kind {
	case kindWhisper:
		r.deliver(now, p, Whispered, "", content)
	case kindShout:
		if _, in := r.groups[m.group]; !in {
			r.stats.Outside++ // we have left, and it did not know yet
			return
		}
		r.deliver(now, p, Shouted, m.group, content)
	case kindJoin, kindLeave:
		r.regroup(now, p, m)
	case kindPing:
		r.say(p, message{kind: kindPingOK}) // ZR-08
	case kindHello, kindPingOK:
	}
}

func (r *ring) regroup(now time.Time, p *peer, m *message) {
	if m.status != p.status+1 {
		r.stats.StatusMismatch++
	}
	p.status = m.status
	_, in := p.groups[m.group]
	switch {
	case m.kind == kindLeave && in:
		delete(p.groups, m.group)
		r.tell(Event{Kind: Left, Time: now, ID: p.id, Name: p.name, Group: m.group})
	case m.kind == kindJoin && !in && len(p.groups) >= r.limits.groups:
		r.drop(now, p, TooMuch)
	case m.kind == kindJoin && !in:
		p.groups[m.group] = struct{}{}
		r.tell(Event{Kind: Joined, Time: now, ID: p.id, Name: p.name, Group: m.group})
	}
}

// greeted takes a HELLO: of somebody new, of a peer that was found, or of one
// that begins anew.
func (r *ring) greeted(now time.Time, from origin, frame []byte) {
	p := r.peers[from.id]
	if p != nil && p.ready && from.line.Before(p.line) {
		r.stats.Late++
		return
	}
	m, err := parse(frame, r.limits)
	port, ok := portOf(m.endpoint)
	if err != nil || !ok || m.sequence != 1 {
		r.badHello(now, p, err)
		return
	}
	if p != nil && p.ready && from.line.Equal(p.line) {
		r.drop(now, p, OutOfSequence) // who begins anew does so by a new connection
		return
	}
	// The address is the one that the HELLO came from, so that nobody can have us
	// connect to somebody else.
	at := netip.AddrPortFrom(from.addr, port)
	switch {
	case p == nil:
		p = r.require(now, from.id, at, true)
	case p.ready && p.at == at && now.Sub(p.dialed) < replyTime && r.linked(p.id):
		r.renew(now, p)
	case p.ready:
		r.drop(now, p, Restarted)
		p = r.require(now, from.id, at, true)
	case p.at.Port() != port || r.moved(now, p, at):
		p.at, p.home = at, now // a beacon said something else
		r.dial(now, p)
	}
	if p != nil {
		r.replace(now, p)
		r.enter(now, p, &m, from.line)
	}
}

// replyTime is for how long after our HELLO another one, by a new connection, is
// taken for the answer to it.
const replyTime = time.Second

// renew begins a peer anew that has answered our HELLO by a HELLO, though it had
// said one before: it has dropped us in between. Our connection stays. One more
// HELLO of ours would be out of sequence to it, and the two would drop each other
// without end.
func (r *ring) renew(now time.Time, p *peer) {
	r.stats.Exited++
	r.tell(Event{Kind: Exited, Time: now, ID: p.id, Name: p.name, Reason: Restarted})
	p.groups = make(map[string]struct{})
}

// replace drops who was at the same place before: a node that was killed, and
// whose port somebody else has now.
func (r *ring) replace(now time.Time, by *peer) {
	for _, p := range r.peers {
		if p != by && p.at == by.at {
			r.drop(now, p, Replaced)
		}
	}
}

func (r *ring) badHello(now time.Time, p *peer, err error) {
	switch {
	case p == nil || !p.ready:
		r.stats.Bad++
	case errors.Is(err, errLimit):
		r.drop(now, p, TooMuch)
	default:
		r.drop(now, p, Malformed)
	}
}

func (r *ring) enter(now time.Time, p *peer, m *message, line time.Time) {
	p.ready, p.since, p.line, p.next = true, now, line, 2
	p.name, p.headers, p.status = m.name, m.headers, m.status
	p.hear(now)
	r.stats.Received++
	r.stats.Entered++
	r.tell(Event{Kind: Entered, Time: now, ID: p.id, Name: p.name, Headers: maps.Clone(p.headers)})
	for _, g := range m.groups {
		if _, in := p.groups[g]; !in {
			p.groups[g] = struct{}{}
			r.tell(Event{Kind: Joined, Time: now, ID: p.id, Name: p.name, Group: g})
		}
	}
}

// portOf returns the port of an endpoint of TCP.
func portOf(endpoint string) (uint16, bool) {
	const scheme = "tcp://"
	if len(endpoint) < len(scheme) || endpoint[:len(scheme)] != scheme {
		return 0, false
	}
	_, text, err := net.SplitHostPort(endpoint[len(scheme):])
	if err != nil {
		return 0, false
	}
	port, err := strconv.ParseUint(text, 10, 16)
	return uint16(port), err == nil && port != 0
}
