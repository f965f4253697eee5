package call

// ServerStats is what a server is at, and what it has done so far.
type ServerStats struct {
	Clients int // that have called or said hello, and are connected
	Calls   int // in flight: waiting, running, or held up by a slow caller
	Running int // handlers that run

	Taken   uint64 // calls, in all
	Refused uint64 // messages that were refused: calls beyond a limit, of no method, malformed
	Ignored uint64 // messages that made no sense, and to which no answer is due
}

// Stats returns what the server is at, and what it has done so far.
func (s *Server) Stats() ServerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ServerStats{
		Clients: len(s.peers),
		Calls:   s.calls,
		Running: s.running,
		Taken:   s.taken,
		Refused: s.refused.Load(),
		Ignored: s.ignored.Load(),
	}
}
