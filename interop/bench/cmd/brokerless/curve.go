package main

import (
	"fmt"

	"github.com/brokerless/brokerless/interop/bench/internal/child"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
	"github.com/brokerless/brokerless/socket/curve"
)

// secured returns the options of CURVE, if c asks for it: a socket that binds is a
// server that lets every client in, as those of the others, and one that connects
// a client with keys of its own.
func secured(c *child.Config, kind child.Kind) ([]socket.Option, error) {
	if c.ServerKey == "" {
		return nil, nil
	}
	server, err := curve.ParseKey(c.ServerKey)
	if err != nil {
		return nil, fmt.Errorf("-server-key: %w", err)
	}
	if kind.Binds() {
		secret, err := curve.ParseSecretKey(c.ServerSecret)
		if err != nil {
			return nil, fmt.Errorf("-server-secret: %w", err)
		}
		own := curve.KeyPair{Public: server, Secret: secret}
		return []socket.Option{socket.WithSecurity(curve.Server(own)), socket.WithAuthenticator(auth.Anyone())}, nil
	}
	own, err := curve.NewKeyPair()
	if err != nil {
		return nil, err
	}
	return []socket.Option{socket.WithSecurity(curve.Client(server, own))}, nil
}
