package main

import (
	"fmt"
	"net"
	"strings"

	"github.com/brokerless/brokerless/interop/bench/internal/child"
)

// end is a listener, or a dialer with the connection that it made.
type end struct {
	listener net.Listener
	*conn
	buffer int  // octets of a connection's buffers
	shared bool // several goroutines send
}

// newEnd returns an end of tcp or ipc that is neither bound nor connected.
func newEnd(c *child.Config, kind child.Kind) *end {
	e := &end{buffer: 64 << 10, shared: kind == child.Push && c.Senders > 1}
	if c.Sockets > 1 || c.Once || c.Expect > 0 {
		e.buffer = 4 << 10 // one of many
	}
	return e
}

// Bind implements child.Binder.
func (e *end) Bind(endpoint string) (string, error) {
	network, addr, err := split(endpoint)
	if err != nil {
		return "", err
	}
	e.listener, err = net.Listen(network, addr)
	if err != nil {
		return "", err
	}
	scheme, _, _ := strings.Cut(endpoint, "://")
	return scheme + "://" + e.listener.Addr().String(), nil
}

// Accept implements child.Acceptor.
func (e *end) Accept() (child.Socket, error) {
	c, err := e.listener.Accept()
	if err != nil {
		return nil, err
	}
	return newConn(c, e.buffer, false), nil
}

// Connect implements child.Connector.
func (e *end) Connect(endpoint string) error {
	network, addr, err := split(endpoint)
	if err != nil {
		return err
	}
	c, err := net.Dial(network, addr)
	if err != nil {
		return err
	}
	e.conn = newConn(c, e.buffer, e.shared)
	return nil
}

// split returns the network and the address of an endpoint.
func split(endpoint string) (network, addr string, err error) {
	scheme, addr, _ := strings.Cut(endpoint, "://")
	switch scheme {
	case "tcp":
		return "tcp", addr, nil
	case "ipc":
		return "unix", addr, nil
	}
	return "", "", fmt.Errorf("endpoint %q, want tcp:// or ipc://", endpoint)
}
