package socket

import "github.com/brokerless/brokerless/internal/queue"

// single is the filter of the sockets whose messages have one frame: CLIENT,
// SERVER, SCATTER, GATHER, PEER and CHANNEL. A message of more is dropped and
// counted, and the peer stays (TS-03).
type single struct{}

// mayReceive implements filter.
func (single) mayReceive() error { return nil }

// accept implements filter.
func (single) accept(_ *inlet, m *queue.Raw) (prefix []byte, skip int, drop DropReason, ok bool) {
	return nil, 0, DropMalformed, m.Frames() == 1
}

// newSingle returns a socket for messages of one frame.
func newSingle(kind string, c *config) (*socket, error) {
	c.single = true
	s, err := newSocket(kind, c)
	if err != nil {
		return nil, err
	}
	s.recv.filter = single{}
	return s, nil
}
