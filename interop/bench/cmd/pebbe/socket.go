package main

import (
	"strings"
	"sync"

	"github.com/pebbe/zmq4"
)

// socket is a socket of one frame a message.
type socket struct{ *zmq4.Socket }

// Bind implements child.Binder.
func (s *socket) Bind(endpoint string) (string, error) {
	// libzmq chooses a port where there is a star.
	if addr, ok := strings.CutSuffix(endpoint, ":0"); ok {
		endpoint = addr + ":*"
	}
	if err := s.Socket.Bind(endpoint); err != nil {
		return "", err
	}
	return s.GetLastEndpoint()
}

// Subscribe implements child.Subscriber.
func (s *socket) Subscribe(topics []string) error {
	for _, t := range topics {
		if err := s.SetSubscribe(t); err != nil {
			return err
		}
	}
	return nil
}

// Send implements child.Sender.
func (s *socket) Send(frames [][]byte) error {
	last := len(frames) - 1
	for _, f := range frames[:last] {
		if _, err := s.SendBytes(f, zmq4.SNDMORE); err != nil {
			return err
		}
	}
	_, err := s.SendBytes(frames[last], 0)
	return err
}

// Recv implements child.Receiver.
func (s *socket) Recv() ([]byte, int, error) {
	m, err := s.RecvBytes(0)
	return m, len(m), err
}

// multipart is a socket of more than one frame a message, an identity among
// them: after each it has to ask whether there are more.
type multipart struct{ socket }

// Recv implements child.Receiver.
func (s *multipart) Recv() (first []byte, octets int, err error) {
	m, err := s.RecvMessageBytes(0)
	if err != nil {
		return nil, 0, err
	}
	for _, f := range m {
		octets += len(f)
	}
	return m[0], octets, nil
}

// Echo implements child.Echoer.
func (s *multipart) Echo() error {
	m, err := s.RecvMessageBytes(0)
	if err != nil {
		return err
	}
	return s.Send(m)
}

// shared is a socket that several goroutines send on.
type shared struct {
	socket
	mu sync.Mutex
}

// Send implements child.Sender.
func (s *shared) Send(frames [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.socket.Send(frames)
}
