package main

import (
	"fmt"

	"go.nanomsg.org/mangos/v3"

	"github.com/brokerless/brokerless/interop/bench/internal/child"
)

// socket is a socket of any type.
type socket struct {
	mangos.Socket
	last *mangos.Message // received, and not yet given back to the pool
}

// newSocket makes a socket whose queue, if the option for its length is named,
// is as long as those of the other libraries.
func newSocket(c *child.Config, open func() (mangos.Socket, error), queue string) (*socket, error) {
	s, err := open()
	if err != nil {
		return nil, err
	}
	if queue != "" {
		length := 1000
		if c.HWM > 0 {
			length = c.HWM
		}
		if err := s.SetOption(queue, length); err != nil {
			return nil, fmt.Errorf("set %s: %w", queue, err)
		}
	}
	return &socket{Socket: s}, nil
}

// Bind implements child.Binder.
func (s *socket) Bind(endpoint string) (string, error) {
	l, err := s.NewListener(endpoint, nil)
	if err != nil {
		return "", err
	}
	if err := l.Listen(); err != nil {
		return "", err
	}
	return l.Address(), nil
}

// Connect implements child.Connector. It does not wait for the peer, which makes
// setting up many sockets faster.
func (s *socket) Connect(endpoint string) error {
	return s.DialOptions(endpoint, map[string]any{mangos.OptionDialAsynch: true})
}

// Subscribe implements child.Subscriber.
func (s *socket) Subscribe(topics []string) error {
	for _, t := range topics {
		if err := s.SetOption(mangos.OptionSubscribe, t); err != nil {
			return err
		}
	}
	return nil
}

// Send implements child.Sender. The library gives the message back to the pool
// when it is sent.
func (s *socket) Send(frames [][]byte) error {
	m := mangos.NewMessage(len(frames[0]))
	m.Body = append(m.Body, frames[0]...)
	return s.SendMsg(m)
}

// Recv implements child.Receiver. What it returned before goes back to the pool.
func (s *socket) Recv() (first []byte, octets int, err error) {
	if s.last != nil {
		s.last.Free()
	}
	s.last, err = s.RecvMsg()
	if err != nil {
		return nil, 0, err
	}
	return s.last.Body, len(s.last.Body), nil
}

// Echo implements child.Echoer.
func (s *socket) Echo() error {
	m, err := s.RecvMsg()
	if err != nil {
		return err
	}
	return s.SendMsg(m)
}
