package main

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"github.com/brokerless/brokerless/socket"
)

// A server answers requests and pings. Its identity is its endpoint, by which
// clients name it before they have heard of it.
type server struct {
	endpoint string
	hangs    atomic.Bool // it takes messages, and does nothing
	stop     func()
}

// startServer starts a server at an endpoint, or at a free one if that is empty.
func startServer(ctx context.Context, endpoint string) (*server, error) {
	if endpoint == "" { // the identity has to be known before the socket is there
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		endpoint = "tcp://" + l.Addr().String()
		l.Close()
	}
	router, err := socket.NewRouter(socket.WithIdentity([]byte(endpoint)), socket.WithLinger(0))
	if err != nil {
		return nil, err
	}
	if _, err := router.Bind(endpoint); err != nil {
		router.Close()
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &server{endpoint: endpoint}
	var running sync.WaitGroup
	running.Go(func() {
		defer router.Close()
		s.serve(ctx, router)
	})
	s.stop = func() {
		cancel()
		running.Wait()
	}
	return s, nil
}

func (s *server) serve(ctx context.Context, router *socket.Router) {
	for m, err := range router.Messages(ctx) {
		if err != nil {
			return
		}
		if s.hangs.Load() {
			continue
		}
		switch {
		case len(m) == 2 && string(m[1]) == ping:
			m[1] = []byte(pong)
		case len(m) == 3:
			m[2] = append([]byte("echo of "), m[2]...)
		default:
			continue
		}
		_ = router.Send(ctx, m...) // a client that has gone needs no answer
	}
}
