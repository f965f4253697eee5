package main

import (
	"context"

	"github.com/brokerless/brokerless/socket"
)

// background is the context of all that waits: nothing here is ever cancelled.
var background = context.Background()

// inbox is how a socket receives. Each of the types below calls the methods of
// its own socket, as a program would, with no interface between.
type inbox struct {
	reuse bool
	m     socket.Message // with reuse, filled again and again
}

// took returns what child.Receiver asks for.
func took(m socket.Message, err error) ([]byte, int, error) {
	if err != nil {
		return nil, 0, err
	}
	return m[0], m.Size(), nil
}

// push is a PUSH.
type push struct{ *socket.Push }

// Send implements child.Sender.
func (s *push) Send(frames [][]byte) error { return s.Push.Send(background, frames...) }

// pull is a PULL.
type pull struct {
	*socket.Pull
	inbox
}

// Recv implements child.Receiver.
func (s *pull) Recv() ([]byte, int, error) {
	if s.reuse {
		err := s.RecvInto(background, &s.m)
		return took(s.m, err)
	}
	return took(s.Pull.Recv(background))
}

// req is a REQ.
type req struct {
	*socket.Req
	inbox
}

// Send implements child.Sender.
func (s *req) Send(frames [][]byte) error { return s.Req.Send(background, frames...) }

// Recv implements child.Receiver.
func (s *req) Recv() ([]byte, int, error) {
	if s.reuse {
		err := s.RecvInto(background, &s.m)
		return took(s.m, err)
	}
	return took(s.Req.Recv(background))
}

// rep is a REP.
type rep struct {
	*socket.Rep
	inbox
}

// Echo implements child.Echoer.
func (s *rep) Echo() error {
	if s.reuse {
		if err := s.RecvInto(background, &s.m); err != nil {
			return err
		}
		return s.Send(background, s.m...)
	}
	m, err := s.Recv(background)
	if err != nil {
		return err
	}
	return s.Send(background, m...)
}

// dealer is a DEALER.
type dealer struct {
	*socket.Dealer
	inbox
}

// Send implements child.Sender.
func (s *dealer) Send(frames [][]byte) error { return s.Dealer.Send(background, frames...) }

// Recv implements child.Receiver.
func (s *dealer) Recv() ([]byte, int, error) {
	if s.reuse {
		err := s.RecvInto(background, &s.m)
		return took(s.m, err)
	}
	return took(s.Dealer.Recv(background))
}

// router is a ROUTER.
type router struct {
	*socket.Router
	inbox
}

// Echo implements child.Echoer. The first frame is the identity of the peer, in
// both directions.
func (s *router) Echo() error {
	if s.reuse {
		if err := s.RecvInto(background, &s.m); err != nil {
			return err
		}
		return s.Send(background, s.m...)
	}
	m, err := s.Recv(background)
	if err != nil {
		return err
	}
	return s.Send(background, m...)
}

// pub is a PUB.
type pub struct{ *socket.Pub }

// Send implements child.Sender.
func (s *pub) Send(frames [][]byte) error { return s.Pub.Send(background, frames...) }

// sub is a SUB.
type sub struct {
	*socket.Sub
	inbox
}

// Subscribe implements child.Subscriber.
func (s *sub) Subscribe(topics []string) error { return s.Sub.Subscribe(topics...) }

// Recv implements child.Receiver.
func (s *sub) Recv() ([]byte, int, error) {
	if s.reuse {
		err := s.RecvInto(background, &s.m)
		return took(s.m, err)
	}
	return took(s.Sub.Recv(background))
}
