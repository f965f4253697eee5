package child

import (
	"errors"
	"fmt"
	"io"
)

// bind makes a socket, binds it, and runs loop on it, or on each connection of
// an acceptor, in a goroutine. T is what loop needs it to be.
func bind[T any](c *child, role string, kind Kind, loop func(T) error) (endpoint string, err error) {
	if endpoint, err = c.binding(); err != nil {
		return "", err
	}
	s, err := c.open(c.Config, kind)
	if err != nil {
		return "", err
	}
	b, err := as[Binder](s, kind)
	if err != nil {
		return "", err
	}
	resolved, err := b.Bind(endpoint)
	if err != nil {
		return "", fmt.Errorf("bind %s: %w", endpoint, err)
	}
	if a, ok := s.(Acceptor); ok {
		c.run(role, func() error { return accept(c, role, kind, a, loop) })
		return resolved, nil
	}
	t, err := as[T](s, kind)
	if err != nil {
		return "", err
	}
	c.run(role, func() error { return loop(t) })
	return resolved, nil
}

// accept runs loop on each connection.
func accept[T any](c *child, role string, kind Kind, a Acceptor, loop func(T) error) error {
	for {
		conn, err := a.Accept()
		if err != nil {
			return err
		}
		t, err := as[T](conn, kind)
		if err != nil {
			return err
		}
		c.run(role, func() error {
			if err := loop(t); !errors.Is(err, io.EOF) {
				return err
			}
			return nil // the peer has left
		})
	}
}

// connect makes a socket, subscribes it to topics if there are any, and connects
// it. T is what the role needs it to be.
func connect[T any](c *child, kind Kind, topics ...string) (t T, err error) {
	if c.Endpoint == "" {
		return t, errors.New("needs an -endpoint to connect to")
	}
	s, err := c.open(c.Config, kind)
	if err != nil {
		return t, err
	}
	if len(topics) > 0 {
		sub, err := as[Subscriber](s, kind)
		if err != nil {
			return t, err
		}
		if err := sub.Subscribe(topics); err != nil {
			return t, fmt.Errorf("subscribe to %d topics: %w", len(topics), err)
		}
	}
	conn, err := as[Connector](s, kind)
	if err != nil {
		return t, err
	}
	if err := conn.Connect(c.Endpoint); err != nil {
		return t, fmt.Errorf("connect %s: %w", c.Endpoint, err)
	}
	return as[T](s, kind)
}
