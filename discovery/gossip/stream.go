package gossip

import (
	"fmt"
	"net"
	"sync"
)

// maxStream is how many octets a stream may bring. Neighbours compare all they
// know in one stream of at most 20 MiB for the instances, and the members.
const maxStream = 32 << 20

// A stream is a connection of which its transport knows, until it is closed.
type stream struct {
	net.Conn
	left    int // octets that may still come; only the one reader looks
	once    sync.Once
	release func(*stream)
}

// Read reads, and fails when more came than anybody has to say.
func (s *stream) Read(b []byte) (int, error) {
	if s.left <= 0 {
		return 0, fmt.Errorf("stream of more than %d octets", maxStream)
	}
	n, err := s.Conn.Read(b[:min(len(b), s.left)])
	s.left -= n
	return n, err
}

// Close closes the connection. Again: nil.
func (s *stream) Close() (err error) {
	s.once.Do(func() {
		s.release(s)
		err = s.Conn.Close()
	})
	return err
}
