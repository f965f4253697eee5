package main

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/dnssrv"
	"github.com/brokerless/brokerless/discovery/gossip"
	"github.com/brokerless/brokerless/discovery/mdns"
	"github.com/brokerless/brokerless/discovery/static"
)

// places is where to look. With none chosen that is the local network.
type places struct {
	mdns       bool
	interfaces string // for mDNS, with commas
	gossip     string // address to gossip at
	seeds      string // nodes to gossip with, with commas
	file       string // a list of instances
	dns        string // a name to ask the DNS for
}

func (p *places) flags(f *flag.FlagSet) {
	f.BoolVar(&p.mdns, "mdns", false, "look by mDNS; so it does if no other place is given")
	f.StringVar(&p.interfaces, "interface", "", "look by mDNS, on these interfaces only: eth0,wlan0")
	f.StringVar(&p.gossip, "gossip", "", "gossip, at this address: 0.0.0.0:7946")
	f.StringVar(&p.seeds, "seeds", "", "gossip, and find the others by these nodes: host:port,...")
	f.StringVar(&p.file, "file", "", "read the list in this file, whenever it changes")
	f.StringVar(&p.dns, "dns", "", "ask the DNS for the SRV records of this name, or for the addresses of name:port")
}

// open returns a backend that looks in all places at once.
func (p *places) open() (discovery.Backend, error) {
	var backends []discovery.Backend
	add := func(b discovery.Backend, err error) error {
		if err != nil {
			for _, b := range backends {
				err = errors.Join(err, b.Close())
			}
			return err
		}
		backends = append(backends, b)
		return nil
	}
	if p.mdns || p.interfaces != "" || p.gossip+p.seeds+p.file+p.dns == "" {
		if err := add(openMDNS(list(p.interfaces))); err != nil {
			return nil, err
		}
	}
	if p.gossip != "" || p.seeds != "" {
		if err := add(openGossip(p.gossip, list(p.seeds))); err != nil {
			return nil, err
		}
	}
	if p.file != "" {
		if err := add(static.File(p.file)); err != nil {
			return nil, err
		}
	}
	if p.dns != "" {
		if err := add(openDNS(p.dns)); err != nil {
			return nil, err
		}
	}
	return discovery.Merge(backends...), nil
}

func openMDNS(interfaces []string) (discovery.Backend, error) {
	var opts []mdns.Option
	if len(interfaces) > 0 {
		opts = append(opts, mdns.WithInterfaces(interfaces...))
	}
	b, err := mdns.New(opts...)
	if none := new(mdns.NoInterfaceError); errors.As(err, &none) {
		return nil, noInterface(none)
	}
	return b, err
}

// openGossip tells the address, for others to have as their seed.
func openGossip(bind string, seeds []string) (discovery.Backend, error) {
	var opts []gossip.Option
	if bind != "" {
		opts = append(opts, gossip.WithBind(bind))
	}
	if len(seeds) > 0 {
		opts = append(opts, gossip.WithSeeds(seeds...))
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
	fmt.Fprint(s, "For this host alone there is -interface lo -loopback; for others, -gossip, -seeds, -file or -dns.")
	return errors.New(s.String())
}

// openDNS asks for SRV records, which have the ports, unless one is given.
func openDNS(name string) (discovery.Backend, error) {
	host, port, found := strings.Cut(name, ":")
	if !found {
		return dnssrv.New(name)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("-dns %q: want a name, or name:port", name)
	}
	return dnssrv.New(host, dnssrv.WithPort(uint16(n)))
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}
