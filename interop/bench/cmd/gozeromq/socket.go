package main

import (
	"bytes"

	"github.com/go-zeromq/zmq4"
)

// socket is a socket of any type.
type socket struct{ zmq4.Socket }

// Bind implements child.Binder.
func (s *socket) Bind(endpoint string) (string, error) {
	if err := s.Listen(endpoint); err != nil {
		return "", err
	}
	if a := s.Addr(); a.Network() == "tcp" {
		return "tcp://" + a.String(), nil
	}
	return endpoint, nil
}

// Connect implements child.Connector. It returns when the peers have greeted
// each other.
func (s *socket) Connect(endpoint string) error { return s.Dial(endpoint) }

// Subscribe implements child.Subscriber.
func (s *socket) Subscribe(topics []string) error {
	for _, t := range topics {
		if err := s.SetOption(zmq4.OptionSubscribe, t); err != nil {
			return err
		}
	}
	return nil
}

// Send implements child.Sender. SendMulti writes a message with one call to the
// system, of one frame too, where Send makes two of each frame.
func (s *socket) Send(frames [][]byte) error { return s.SendMulti(zmq4.NewMsgFrom(frames...)) }

// Recv implements child.Receiver.
func (s *socket) Recv() (first []byte, octets int, err error) {
	m, err := s.Socket.Recv()
	if err != nil {
		return nil, 0, err
	}
	for _, f := range m.Frames {
		octets += len(f)
	}
	return m.Frames[0], octets, nil
}

// Echo implements child.Echoer.
func (s *socket) Echo() error {
	m, err := s.Socket.Recv()
	if err != nil {
		return err
	}
	return s.SendMulti(m)
}

// pub is a PUB. It queues messages as they are, and does not copy them.
type pub struct {
	socket
	changing bool // the next message has another topic
}

// Send implements child.Sender.
func (s *pub) Send(frames [][]byte) error {
	if !s.changing {
		return s.socket.Send(frames)
	}
	m := make([][]byte, len(frames))
	for i, f := range frames {
		m[i] = bytes.Clone(f)
	}
	return s.socket.Send(m)
}
