package call

import (
	"context"
	"errors"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// receive takes what comes, until the socket is closed.
func (s *Server) receive() {
	for {
		m, id, err := s.router.RecvFrom(context.Background())
		if err != nil {
			return
		}
		s.take(m, &id)
	}
}

// take does what a message asks for:
//
//	identity [hop…] "" method body [header]
//
// One that is no call, credit or cancellation is answered if it might be the
// request of somebody who waits for a reply, and ignored otherwise.
func (s *Server) take(m socket.Message, id *socket.Peer) {
	split := 1 // index of the delimiter
	for split < len(m) && len(m[split]) > 0 {
		split++
	}
	if split >= len(m) || split > maxHops {
		s.ignored.Add(1)
		return
	}
	envelope, m := m[:split+1], m[split+1:]
	in := &inbound{s: s, envelope: envelope, key: callKey{bare: true}}
	if len(m) < 2 || len(m) > 3 {
		in.refuse(Errorf(InvalidArgument, "a request of %d frames, want a method, a body and a header if any", len(m)))
		return
	}
	h := header{kind: kindCall}
	if len(m) == 3 {
		if err := h.parse(m[2]); err != nil {
			in.misread(h.id, err)
			return
		}
		in.key = callKey{id: h.id, route: route(envelope[1:])}
	}
	switch h.kind {
	case kindCall:
		s.call(in, id, m[0], m[1], &h)
	case kindHello:
		s.greet(in, id)
	case kindCancel, kindCredit, kindLeft:
		s.note(in.key, id, &h)
	default:
		s.ignored.Add(1)
	}
}

// misread refuses a message whose header is not understood.
func (in *inbound) misread(id uint64, err error) {
	if unspoken := versionError(0); errors.As(err, &unspoken) {
		in.key = callKey{id: id}
		in.refuse(Errorf(Unimplemented, "%w", err))
		return
	}
	in.refuse(Errorf(InvalidArgument, "%w", err))
}

// greet answers a client that wants to send calls.
func (s *Server) greet(in *inbound, id *socket.Peer) {
	answer := kindWelcome
	s.mu.Lock()
	p := s.from(id)
	if direct := in.key.route == ""; direct { // behind a proxy there may be other servers
		if p != nil {
			p.headed = true
		}
		if s.draining {
			answer = kindLeaving
		}
	}
	s.mu.Unlock()
	_ = s.router.TrySend(append(in.envelope, nil, nil, notice(answer))...) // one that does not read is not waited for
}

// note is told something about a call, or about a client.
func (s *Server) note(key callKey, id *socket.Peer, h *header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.peers[id.ID]
	if p == nil {
		return
	}
	if h.kind == kindLeft {
		s.left(p)
		return
	}
	in := p.calls[key]
	switch {
	case in == nil: // answered meanwhile
	case h.kind == kindCancel:
		in.end()
		s.withdraw(in)
	case h.kind == kindCredit:
		in.credit.grant(h.credit)
	}
}

// call takes a call in, or refuses it.
func (s *Server) call(in *inbound, id *socket.Peer, name, body []byte, h *header) {
	if in.method = (*s.methods.Load())[string(name)]; in.method != nil {
		in.request = Request{Method: in.method.name, Body: body}
	}
	in.metadata = h.metadata
	in.octets = socket.Message(in.envelope[1:]).Size() + len(in.key.route) + len(name) + len(body) + len(h.metadata)
	in.credit.items = h.credit
	if h.left > 0 {
		in.deadline = time.Now().Add(time.Duration(h.left) * time.Millisecond)
	}
	var err error
	switch {
	case in.method == nil:
		err = Errorf(Unimplemented, "no method %.255q", name)
	case in.key.bare && in.method.stream != nil:
		err = Errorf(Unimplemented, "the method %q answers with a stream, which takes a header", name)
	case in.method.stream != nil && h.credit == 0:
		err = Errorf(Unimplemented, "the method %q answers with a stream", name)
	case in.method.unary != nil && h.credit > 0:
		err = Errorf(Unimplemented, "the method %q answers once, not with a stream", name)
	}
	run := false
	if err == nil {
		s.mu.Lock()
		p := s.from(id)
		if p == nil {
			s.mu.Unlock()
			return
		}
		in.peer = p
		switch _, taken := p.calls[in.key]; {
		case in.key.bare:
			p.next++
			in.key.id = p.next
			fallthrough
		case !taken:
			p.headed = p.headed || !in.key.bare && in.key.route == ""
			run, err = s.admit(in)
		default:
			err = Errorf(FailedPrecondition, "the id %d is of a call in flight", in.key.id)
		}
		s.mu.Unlock()
	}
	switch {
	case err != nil:
		in.refuse(err)
	case run:
		s.workers.Add(1)
		go s.work(in)
	}
}
