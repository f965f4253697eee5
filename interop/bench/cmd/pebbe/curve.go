package main

import (
	"github.com/pebbe/zmq4"

	"github.com/brokerless/brokerless/interop/bench/internal/child"
)

// secure makes a socket that binds the server of CURVE, which lets every client
// in as long as nobody has started the authentication of package zmq4, and one
// that connects a client with keys of its own.
func secure(s *zmq4.Socket, c *child.Config, kind child.Kind) error {
	if kind.Binds() {
		if err := s.SetCurveServer(1); err != nil {
			return err
		}
		return s.SetCurveSecretkey(c.ServerSecret)
	}
	public, secret, err := zmq4.NewCurveKeypair()
	if err != nil {
		return err
	}
	if err := s.SetCurveServerkey(c.ServerKey); err != nil {
		return err
	}
	if err := s.SetCurvePublickey(public); err != nil {
		return err
	}
	return s.SetCurveSecretkey(secret)
}
