package socket

import "github.com/brokerless/brokerless/pattern"

// Server sends each message to the CLIENT peer it names, and receives from all
// of them, fairly (RFC 41). Each connection has an id, a number that the server
// chose (CS-02): RecvFrom returns it with a message, and SendTo takes it. Messages
// have one frame.
type Server struct {
	*socket
	*numbering
	receiving
}

// NewServer returns a SERVER socket. The error, if any, matches ErrOption.
func NewServer(opts ...ServerOption) (*Server, error) {
	c := newConfig()
	for _, o := range opts {
		o.forServer(c)
	}
	s, err := newSingle(pattern.SERVER, c)
	if err != nil {
		return nil, err
	}
	x := &Server{socket: s, numbering: newNumbering(s), receiving: receiving{s}}
	s.rules = x.numbering
	return x, nil
}
