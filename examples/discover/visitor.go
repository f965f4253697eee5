package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

const (
	patience  = 3 * time.Second // to get an answer in
	visitsMax = 16              // at a time: whoever is announced may be a stranger
)

// A visitor greets each instance of this program once, for what is found need
// not be there.
type visitor struct {
	backend discovery.Backend
	options options
	visits  sync.WaitGroup
	places  chan struct{} // one for each visit at a time
}

func newVisitor(b discovery.Backend, o options) *visitor {
	return &visitor{backend: b, options: o, places: make(chan struct{}, visitsMax)}
}

// wait waits for the visits under way.
func (v *visitor) wait() { v.visits.Wait() }

// visit greets an instance if it is one of this program, and returns at once.
func (v *visitor) visit(ctx context.Context, in *discovery.Instance) {
	if in.Metadata[exampleKey] != exampleValue || in.SocketType != "REP" || in.Realm != v.options.realm || in.ID == v.options.id {
		return
	}
	v.visits.Go(func() {
		select {
		case v.places <- struct{}{}:
			defer func() { <-v.places }()
		case <-ctx.Done():
			return
		}
		from, took, err := v.greet(ctx, in)
		switch {
		case err == nil:
			fmt.Printf("%-8s %-12s %-18q answers from %s in %v\n", "greeted", printable(in.Service), in.Name, from, took.Round(time.Microsecond))
		case ctx.Err() == nil: // else it is we who go
			fmt.Printf("%-8s %-12s %-18q %v\n", "silent", printable(in.Service), in.Name, reason(err))
		}
	})
}

// greet greets an instance. Which of its endpoints leads to it is for Follow to
// find out: this socket follows that one instance.
func (v *visitor) greet(ctx context.Context, in *discovery.Instance) (from string, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := socket.NewReq(socket.WithLinger(0))
	if err != nil {
		return "", 0, err
	}
	defer req.Close()
	events := req.Monitor()
	only := func(other *discovery.Instance) bool { return other.ID == in.ID }
	opts := []discovery.FollowOption{discovery.WithRealm(in.Realm), discovery.WithFilter(only)}
	if v.options.loopback {
		opts = append(opts, discovery.WithLoopback())
	}
	f, err := discovery.Follow(ctx, v.backend, in.Service, req, opts...)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	if err := connected(ctx, events); err != nil {
		return "", 0, err
	}
	start := time.Now()
	if err := req.Send(ctx, []byte("greetings from "+v.options.name)); err != nil {
		return "", 0, err
	}
	_, peer, err := req.RecvFrom(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return "", 0, fmt.Errorf("is there, but did not answer within %v", patience)
	}
	return peer.RemoteAddr, time.Since(start), err
}

// connected waits for the connection. If there is none in time, the reason is
// that of the last attempt; an attempt still under way has none yet.
func connected(ctx context.Context, events *socket.Monitor) error {
	err := fmt.Errorf("no connection within %v", patience)
	for e := range events.Events(ctx) {
		switch e.Kind {
		case socket.EventReady:
			return nil
		case socket.EventConnectFailed, socket.EventHandshakeFailed:
			err = e.Err
		}
	}
	return err
}
