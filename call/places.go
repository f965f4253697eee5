package call

import "slices"

// This file is about who runs: a server has a number of places for handlers,
// and calls wait for one, each peer's in the order they came, the peers in
// turn.

// admit takes a call in, to run at once or to wait. It returns why not. The
// caller holds mu, and starts the call if run is set.
func (s *Server) admit(in *inbound) (run bool, err error) {
	p := in.peer
	switch {
	case s.draining:
		return false, Errorf(Unavailable, "the server is shutting down")
	case len(p.calls) >= s.cfg.peerCalls:
		return false, Errorf(ResourceExhausted, "the client has %d calls in flight here, the limit is %d", len(p.calls), s.cfg.peerCalls)
	case s.calls >= s.cfg.concurrency+s.cfg.backlog:
		return false, Errorf(ResourceExhausted, "the server has %d calls in flight, the limit is %d", s.calls, s.cfg.concurrency+s.cfg.backlog)
	case s.calls > 0 && s.octets+in.octets > s.cfg.backlogBytes:
		return false, Errorf(ResourceExhausted, "the server has requests of %d octets, the limit is %d", s.octets, s.cfg.backlogBytes)
	}
	p.calls[in.key] = in
	s.calls++
	s.taken++
	s.octets += in.octets
	if s.running < s.cfg.concurrency {
		s.running++
		return true, nil
	}
	if len(p.waiting) == 0 {
		s.turn = append(s.turn, p)
	}
	p.waiting = append(p.waiting, in)
	return false, nil
}

// withdraw takes a cancelled call out that still waits for a place, so that it
// takes none from others. Nobody waits for its answer. The caller holds mu.
func (s *Server) withdraw(in *inbound) {
	p := in.peer
	i := slices.Index(p.waiting, in)
	if i < 0 {
		return
	}
	p.waiting = slices.Delete(p.waiting, i, i+1)
	s.remove(in)
	if len(p.waiting) == 0 {
		p.waiting = nil
		s.untake(p)
	}
}

// remove takes a call out of the table. The caller holds mu.
func (s *Server) remove(in *inbound) {
	delete(in.peer.calls, in.key)
	s.calls--
	s.octets -= in.octets
	if s.draining && s.calls == 0 {
		close(s.drained)
	}
}

// work serves a call, and then others that wait.
func (s *Server) work(in *inbound) {
	defer s.workers.Done()
	var buf []byte
	for in != nil {
		buf = in.serve(buf)
		s.mu.Lock()
		s.remove(in)
		in = s.pass()
		s.mu.Unlock()
	}
}

// pass gives a place to whoever is next: a handler that goes on, or a call that
// waits, which is returned to be served. The caller holds mu.
func (s *Server) pass() *inbound {
	if len(s.resuming) > 0 {
		close(s.resuming[0])
		s.resuming = s.resuming[1:]
		return nil
	}
	if len(s.turn) == 0 {
		s.running--
		return nil
	}
	p := s.turn[0]
	last := len(s.turn) - 1
	copy(s.turn, s.turn[1:])
	s.turn[last] = p
	in := p.waiting[0]
	p.waiting[0] = nil
	if p.waiting = p.waiting[1:]; len(p.waiting) == 0 {
		p.waiting = nil
		s.turn[last] = nil
		s.turn = s.turn[:last]
	}
	return in
}

// pause gives up the place of a handler that is about to wait for its caller.
func (s *Server) pause() {
	s.mu.Lock()
	in := s.pass()
	s.mu.Unlock()
	if in != nil {
		s.workers.Add(1)
		go s.work(in)
	}
}

// resume waits for a place to go on.
func (s *Server) resume() {
	s.mu.Lock()
	if s.running < s.cfg.concurrency {
		s.running++
		s.mu.Unlock()
		return
	}
	place := make(chan struct{})
	s.resuming = append(s.resuming, place)
	s.mu.Unlock()
	<-place
}
