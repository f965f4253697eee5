package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// trouble is what happens to a server when it sees a request for the first time.
type trouble int

const (
	crash    trouble = iota + 1 // it is gone without a reply, and soon there again
	overload                    // it takes longer than anybody waits
)

// A server answers each request but for its troubles.
type server struct {
	endpoint string
	patience time.Duration // of the clients
	troubles map[string]trouble
	stop     func() // and waits until it has ended
}

func startServer(ctx context.Context, endpoint string, patience time.Duration, troubles map[string]trouble) (*server, error) {
	rep, endpoint, err := bind(endpoint)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &server{endpoint: endpoint, patience: patience, troubles: troubles}
	var running sync.WaitGroup
	running.Go(func() { s.live(ctx, rep) })
	s.stop = func() {
		cancel()
		running.Wait()
	}
	return s, nil
}

func bind(endpoint string) (*socket.Rep, string, error) {
	rep, err := socket.NewRep()
	if err != nil {
		return nil, "", err
	}
	endpoint, err = rep.Bind(endpoint)
	if err != nil {
		rep.Close()
		return nil, "", err
	}
	return rep, endpoint, nil
}

// live serves, and after a crash serves again at the same endpoint.
func (s *server) live(ctx context.Context, rep *socket.Rep) {
	for {
		again := s.serve(ctx, rep)
		rep.Close()
		if !again {
			return
		}
		var err error
		if rep, _, err = bind(s.endpoint); err != nil {
			fmt.Println("the server does not come back:", err)
			return
		}
	}
}

// serve answers requests until ctx is done, or until it crashes.
func (s *server) serve(ctx context.Context, rep *socket.Rep) (crashed bool) {
	for request, err := range rep.Messages(ctx) {
		if err != nil {
			return false
		}
		name := string(request[0])
		what := s.troubles[name]
		delete(s.troubles, name)
		switch what {
		case crash:
			fmt.Println("the server crashes")
			return true
		case overload:
			fmt.Println("the server is busy")
			wait(ctx, s.patience*3/2)
		}
		if rep.Send(ctx, []byte("done")) != nil {
			return false
		}
	}
	return false
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
