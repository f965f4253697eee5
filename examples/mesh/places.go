package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/gossip"
	"github.com/brokerless/brokerless/discovery/mdns"
)

// places is where nodes find each other: by multicast on the local network, or
// by gossip where that does not work.
type places struct {
	interfaces string // for mDNS, with commas; all if empty
	gossip     string // address to gossip at
	seeds      string // nodes to gossip with, with commas
}

func (p *places) byGossip() bool { return p.gossip != "" || p.seeds != "" }

func (p *places) open() (discovery.Backend, error) {
	if p.byGossip() {
		return p.openGossip()
	}
	var opts []mdns.Option
	if p.interfaces != "" {
		opts = append(opts, mdns.WithInterfaces(list(p.interfaces)...))
	}
	b, err := mdns.New(opts...)
	if none := new(mdns.NoInterfaceError); errors.As(err, &none) {
		return nil, noInterface(none)
	}
	return b, err
}

// openGossip tells the address, for others to have as their seed.
func (p *places) openGossip() (discovery.Backend, error) {
	opts := []gossip.Option{gossip.WithSeeds(list(p.seeds)...)}
	if p.gossip != "" {
		opts = append(opts, gossip.WithBind(p.gossip))
	}
	b, err := gossip.New(opts...)
	if err != nil {
		return nil, err
	}
	fmt.Println("gossiping at", b.Addr())
	return b, nil
}

// noInterface says why no interface will do, and what will.
func noInterface(none *mdns.NoInterfaceError) error {
	s := new(strings.Builder)
	fmt.Fprintln(s, "nobody can be found by multicast here:")
	for _, i := range none.Interfaces {
		fmt.Fprintf(s, "    %-10s %s\n", i.Name, i.Reason)
	}
	fmt.Fprint(s, "For this host alone there is -interface lo -loopback; for others, -gossip and -seeds.")
	return errors.New(s.String())
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}
