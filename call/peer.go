package call

import (
	"encoding/binary"

	"github.com/brokerless/brokerless/socket"
)

// A peer is one connection over which calls come. It is in the server's table
// from its first call until the connection ends. Guarded by the server's mu.
type peer struct {
	socket.Peer
	calls   map[callKey]*inbound
	waiting []*inbound // the next one first
	next    uint64     // to tell apart the calls without a header
	headed  bool       // it speaks headers and no proxy is between, so it can be told that the server leaves
	told    bool       // it was
}

// A callKey names a call among those of its peer. Behind a proxy there are
// several clients, told apart by the route, whose ids are their own.
type callKey struct {
	route string
	id    uint64
	bare  bool // without a header: the id is ours
}

// route returns what an envelope adds to the peer: nothing for a client that is
// connected itself, else its frames but the last, which is the empty delimiter.
func route(envelope [][]byte) string {
	if len(envelope) == 1 {
		return ""
	}
	var b []byte
	for _, hop := range envelope[:len(envelope)-1] {
		b = binary.AppendUvarint(b, uint64(len(hop)))
		b = append(b, hop...)
	}
	return string(b)
}

// from returns the table's entry for a connection, or nil if that has ended.
// An identity may have come back on another one. The caller holds mu.
func (s *Server) from(id *socket.Peer) *peer {
	p := s.peers[id.ID]
	if p != nil && p.Since.Equal(id.Since) {
		return p
	}
	if p != nil {
		s.forget(p)
	}
	p = &peer{Peer: *id, calls: make(map[callKey]*inbound)}
	s.peers[id.ID] = p
	// Its end may have been told before it was in the table. If not, it will be.
	if !s.connected(id.ID) {
		delete(s.peers, id.ID)
		return nil
	}
	return p
}

// forget cancels all calls of a peer that is gone. The caller holds mu.
func (s *Server) forget(p *peer) {
	delete(s.peers, p.ID)
	for _, in := range p.calls {
		in.end()
	}
	for _, in := range p.waiting {
		s.remove(in)
	}
	if p.waiting != nil {
		p.waiting = nil
		s.untake(p)
	}
	s.left(p)
}

// untake takes a peer out of the turns. The caller holds mu.
func (s *Server) untake(p *peer) {
	for i, other := range s.turn {
		if other == p {
			s.turn = append(s.turn[:i], s.turn[i+1:]...)
			return
		}
	}
}

// left notes that a peer sends no more calls. The caller holds mu.
func (s *Server) left(p *peer) {
	if !p.told {
		return
	}
	p.told = false
	if s.unheard--; s.unheard == 0 {
		close(s.farewell)
	}
}
