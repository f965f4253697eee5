package mesh

import (
	"errors"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// receive takes what peers send, until the socket is closed. It never waits for
// anybody: handlers run in goroutines of their own, and what it says itself goes
// by control.
func (n *Node) receive() {
	for {
		m, p, err := n.router.RecvFrom(n.ctx)
		if err != nil {
			return
		}
		n.dispatch(m, p)
		n.received.Add(1)
	}
}

// dispatch does what a message asks for.
func (n *Node) dispatch(m socket.Message, p socket.Peer) {
	id, ok := peerID(p.ID)
	n.mu.Lock()
	defer n.mu.Unlock()
	if !ok || len(m) < 2 {
		n.stats.Ignored++
		return
	}
	l := n.linkOf(id, p)
	if l == nil || l.refused {
		n.stats.Ignored++
		return
	}
	h, err := parseHeader(m[1])
	if errors.Is(err, errVersion) && l.state == nil {
		n.refuse(l, RefusedVersion, err)
	}
	if err != nil {
		n.stats.Malformed++
		return
	}
	if !n.handle(l, h, m[2:]) {
		n.stats.Ignored++
	}
}

// handle does what a message over l asks for. It reports whether it made sense.
// The caller holds mu.
func (n *Node) handle(l *link, h header, body [][]byte) bool {
	switch h.kind {
	case kindHello:
		return n.hello(l, body)
	case kindRefuse:
		n.refused(l, h)
		return true
	case kindParted:
		l.parted = true
		n.somethingChanged()
		return true
	}
	if l.state == nil || l.left {
		return false // who are you? Or: you said that was all
	}
	switch h.kind {
	case kindState:
		return n.news(l, body)
	case kindDrain:
		n.roster.drain(l.id)
		l.drainOwed = true
		n.acknowledge(l)
	case kindDrained:
		l.drained = true
		n.somethingChanged()
	case kindGoodbye:
		l.left = true
		n.roster.gone(l.id, Left, nil, time.Now())
		n.forsake(l)
		n.control(l, header{kind: kindParted})
	case kindWhisper:
		n.deliver(l, "", body)
	case kindShout:
		if _, member := n.groups[h.name]; !member {
			return false
		}
		n.deliver(l, h.name, body)
	case kindAsk:
		n.asked(l, h, body)
	case kindCall:
		n.called(l, h, body)
	case kindReply:
		return n.answered(l, h, outcome{frames: body})
	case kindFail:
		return n.answered(l, h, outcome{code: Code(min(h.code, 1<<32-1)), text: h.text})
	case kindCancel:
		if j := n.jobs[jobKey{l.id, h.id}]; j != nil {
			j.cancel(errCanceled)
		}
	default:
		return false
	}
	return true
}

// errCanceled is why a handler's context is done when who asked has given up.
var errCanceled = errors.New("brokerless: given up by who asked")

// acknowledge answers a DRAIN as soon as no call is on its way for which the
// peer was chosen before. The caller holds mu.
func (n *Node) acknowledge(l *link) {
	if l.drainOwed && l.sending == 0 {
		l.drainOwed = false
		n.control(l, header{kind: kindDrained})
	}
}

// hello takes note of a peer that introduces itself. The caller holds mu.
func (n *Node) hello(l *link, body [][]byte) bool {
	if l.state != nil || len(body) != 1 || !l.ended.IsZero() || n.parting {
		return false
	}
	s, err := decodeState(body[0])
	why := n.judge(l, s, err)
	switch {
	case why == 0:
	case why == RefusedIdentity && s.ID == n.id.String() && s.incarnation == n.incarnation:
		l.refused = true // it is us, under another name
		n.exclude(l)
		return true
	default:
		if err == nil {
			err = fmt.Errorf("mesh %.60q, realm %.60q, version %d, id %.32q", s.Mesh, s.Realm, s.Version, s.ID)
		}
		n.refuse(l, why, err)
		return true
	}
	l.state = s
	s.key = l.key
	if !n.roster.hello(l.id, s, time.Now()) {
		l.refused = true
	}
	return true
}

// judge returns why a peer that introduces itself as s cannot be let in.
func (n *Node) judge(l *link, s *state, err error) Reason {
	switch {
	case err != nil:
		return RefusedState
	case s.Version != wireVersion:
		return RefusedVersion
	case s.Mesh != n.name:
		return RefusedMesh
	case s.Realm != n.cfg.realm:
		return RefusedRealm
	case s.ID != l.id.String() || l.id == n.id:
		return RefusedIdentity
	}
	if m := n.roster.members[l.id]; m != nil && m.state != nil && m.state.key != l.key {
		return RefusedIdentity // whose it is has shown another key
	}
	return 0
}

// refuse turns a peer away. The caller holds mu.
func (n *Node) refuse(l *link, why Reason, err error) {
	l.refused = true
	n.control(l, header{kind: kindRefuse, code: uint64(why), text: err.Error()})
	if l.id == n.id {
		n.audience.warn(Event{Time: time.Now(), Err: fmt.Errorf("%w: %v", ErrConflict, l.id)})
		return
	}
	n.roster.gone(l.id, why, err, time.Now())
	n.exclude(l)
}

// refused takes note that a peer has turned us away. The caller holds mu.
func (n *Node) refused(l *link, h header) {
	l.refused = true
	why := Reason(min(h.code, uint64(reasons)))
	if !why.Refused() {
		why = RefusedState
	}
	n.roster.gone(l.id, why, fmt.Errorf("the peer says: %.200q", h.text), time.Now())
	n.forsake(l)
	n.exclude(l)
}

// news takes note of what a peer tells of itself. The caller holds mu.
func (n *Node) news(l *link, body [][]byte) bool {
	if len(body) != 1 || !l.ended.IsZero() {
		return false
	}
	s, err := decodeState(body[0])
	if err != nil || n.judge(l, s, nil) != 0 || s.incarnation != l.state.incarnation || s.Sequence <= l.state.Sequence {
		return false
	}
	l.state = s
	s.key = l.key
	n.roster.news(l.id, s)
	return true
}

// outcome is how a request ended.
type outcome struct {
	frames socket.Message
	code   Code // 0: with the frames as the answer
	text   string
	peer   discovery.ID
}

// pending is a request that waits for its answer.
type pending struct {
	link  *link
	gauge *gauge       // of a call
	done  chan outcome // with room for it
}

// answered passes an answer to who waits for it. It reports false if nobody
// does. The caller holds mu.
func (n *Node) answered(l *link, h header, o outcome) bool {
	p := n.pending[h.id]
	if p == nil || p.link != l || h.kind == kindFail && o.code == 0 {
		return false
	}
	if p.gauge != nil {
		p.gauge.report(h.load)
	}
	n.settle(h.id, o)
	return true
}

// settle ends a request. The caller holds mu.
func (n *Node) settle(id uint64, o outcome) {
	p := n.pending[id]
	if p == nil {
		return
	}
	delete(n.pending, id)
	if p.gauge != nil {
		p.gauge.own--
	}
	o.peer = p.link.id
	p.done <- o
}

// expect enters a request over l that waits for its answer. The caller holds
// mu.
func (n *Node) expect(l *link, g *gauge, done chan outcome) (id uint64) {
	n.lastID++
	if g != nil {
		g.own++
	}
	n.pending[n.lastID] = &pending{link: l, gauge: g, done: done}
	return n.lastID
}
