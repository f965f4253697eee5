package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/mesh"
	"github.com/brokerless/brokerless/socket"
)

// takePart joins the mesh, works, and does what is typed until the standard
// input ends or ctx is done. Then it leaves.
func takePart(ctx context.Context, o options) (err error) {
	backend, err := o.places.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()
	opts := []mesh.Option{
		mesh.WithBackend(backend), mesh.WithName(o.name), mesh.WithRealm(o.realm), mesh.WithSuspect(o.suspect),
	}
	if o.loopback {
		opts = append(opts, mesh.WithLoopback())
	}
	if o.keyFile != "" {
		passphrase, err := os.ReadFile(o.keyFile)
		if err != nil {
			return err
		}
		opts = append(opts, mesh.WithRealmKey(strings.TrimSpace(string(passphrase))))
	}
	node, err := mesh.Join(ctx, o.mesh, opts...)
	if err != nil {
		return err
	}
	fmt.Printf("is here, with id %.8s, at %s\n", node.ID(), strings.Join(node.Endpoints(), " "))

	if err := errors.Join(vote(node, o.vote), serve(node)); err != nil {
		return errors.Join(err, node.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts sync.WaitGroup
	c := &caller{node: node, answered: make(map[string]int)}
	parts.Go(func() { c.run(ctx, o.every) })
	parts.Go(func() { watch(ctx, node) })
	parts.Go(func() { listen(ctx, node) })
	obey(ctx, node)
	cancel()
	parts.Wait()

	// What others have asked us to count is finished, and nothing new comes.
	err = node.Close()
	fmt.Printf("left, after %d calls of which %d failed\n", c.made, c.failed)
	return err
}

// watch tells who is seen how.
func watch(ctx context.Context, node *mesh.Node) {
	for e := range node.Presence(ctx).Events(ctx) {
		switch e.Kind {
		case mesh.Changed:
			s := fmt.Sprintf("sees %s %v", who(e.Peer), e.Peer.State)
			if e.Reason != 0 {
				s += ", " + e.Reason.String()
			}
			if e.Err != nil {
				s += ": " + printable(e.Err.Error())
			}
			fmt.Println(s)
		case mesh.Warning:
			fmt.Println("is warned:", printable(e.Err.Error()))
		case mesh.NotLinked:
			whom := "somebody"
			if e.Peer.ID != (discovery.ID{}) {
				whom = who(e.Peer)
			}
			fmt.Printf("is not linked with %s: %s\n", whom, printable(e.Err.Error()))
		}
	}
}

// listen tells what others shout and whisper.
func listen(ctx context.Context, node *mesh.Node) {
	for m, err := range node.Messages(ctx) {
		if err != nil {
			return // the end
		}
		how := "says"
		if m.Group == "" {
			how = "whispers"
		}
		fmt.Printf("hears that %s %s: %s\n", printable(m.Name), how, text(m.Frames))
	}
}

// who returns what to call a peer, if need be by its id.
func who(p mesh.Peer) string {
	if p.Name == "" {
		return p.ID.String()[:8]
	}
	return printable(p.Name)
}

// text returns a message as a line.
func text(m socket.Message) string { return printable(string(bytes.Join(m, []byte(" ")))) }

// printable returns s so that it cannot play tricks on the terminal: others
// chose it.
func printable(s string) string {
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}
