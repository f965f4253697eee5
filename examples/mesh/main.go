// Mesh shows three nodes that find each other and work together, while one is
// killed, one joins, and one leaves.
//
// Without a role it starts the nodes as processes of their own, and tells them
// what to say. With -role node it is one of them, on this machine or another,
// and you tell it. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

type options struct {
	role     string
	mesh     string
	name     string
	realm    string
	keyFile  string
	places   places
	loopback bool
	suspect  time.Duration
	vote     string
	every    time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "mesh:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var o options
	flag.StringVar(&o.role, "role", "", "node; none starts three nodes and one more")
	flag.StringVar(&o.mesh, "mesh", "example", "name of the mesh")
	flag.StringVar(&o.name, "name", "", "node: a name for people to read (default the process id)")
	flag.StringVar(&o.realm, "realm", "", "node: who may meet; without a role, one of its own")
	flag.StringVar(&o.keyFile, "key-file", "", "node: a file with the passphrase that all nodes of the realm have")
	flag.StringVar(&o.places.interfaces, "interface", "", "look on these interfaces only: eth0,wlan0")
	flag.StringVar(&o.places.gossip, "gossip", "", "node: gossip at this address, and do without multicast: 0.0.0.0:7946")
	flag.StringVar(&o.places.seeds, "seeds", "", "node: gossip, and find the others by these nodes: host:port,...")
	flag.BoolVar(&o.loopback, "loopback", false, "connect to loopback addresses too, if all are on this host")
	flag.DurationVar(&o.suspect, "suspect", 2*time.Second, "for how long a node that is not heard may come back")
	flag.StringVar(&o.vote, "vote", "yes", "node: what to say when asked")
	flag.DurationVar(&o.every, "every", 20*time.Millisecond, "node: pause between calls; 0 makes none")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case o.suspect < 0 || o.every < 0:
		return errors.New("-suspect and -every want 0 or more")
	case o.role == "" && (o.places.byGossip() || o.every == 0 || o.keyFile != ""):
		return errors.New("-gossip, -seeds, -key-file and -every 0 are for -role node")
	}
	switch o.role {
	case "":
		return perform(ctx, o)
	case "node":
		if o.name == "" {
			o.name = fmt.Sprintf("node-%d", os.Getpid())
		}
		return takePart(ctx, o)
	}
	return fmt.Errorf("-role %q: want node", o.role)
}
