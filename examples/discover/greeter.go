package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// The metadata of an instance of this program, which others greet.
const (
	exampleKey   = "example"
	exampleValue = "discover"
)

// A greeter is a socket that answers greetings, and is announced.
type greeter struct {
	rep          *socket.Rep
	name         string
	announcement discovery.Announcement
	served       chan error
}

// announce makes this program known, and answers those whom that brings. What
// is bound to every address of the host is announced with those that lead to it.
func announce(ctx context.Context, b discovery.Backend, o options) (*greeter, error) {
	rep, err := socket.NewRep()
	if err != nil {
		return nil, err
	}
	endpoint, err := rep.Bind(o.bind)
	if err != nil {
		rep.Close()
		return nil, err
	}
	g := &greeter{rep: rep, name: o.name, served: make(chan error, 1)}
	g.announcement, err = b.Announce(ctx, discovery.Instance{
		ID:         o.id,
		Service:    o.announce,
		Realm:      o.realm,
		Name:       o.name,
		SocketType: "REP",
		Endpoints:  []string{endpoint},
		Host:       discovery.Host(),
		Metadata:   map[string]string{exampleKey: exampleValue},
	})
	if err != nil {
		rep.Close()
		if errors.Is(err, discovery.ErrUnsupported) {
			return nil, fmt.Errorf("%w: a file or the DNS is written by somebody else; add -mdns or -gossip", err)
		}
		return nil, err
	}
	fmt.Printf("here is %s %q at %s\n", printable(o.announce), o.name, endpoint)
	go func() { g.served <- rep.Serve(context.WithoutCancel(ctx), g.answer) }()
	return g, nil
}

func (g *greeter) answer(_ context.Context, greeting socket.Message) (socket.Message, error) {
	return socket.Message{[]byte("welcome to " + g.name)}, nil
}

// close says goodbye first, so that nobody comes any more, and then answers no
// longer.
func (g *greeter) close() error {
	err := g.announcement.Close()
	fmt.Printf("goodbye from %q\n", g.name)
	return errors.Join(err, g.rep.Close(), <-g.served)
}
