package peer_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/brokerless/brokerless/internal/leakcheck"
	"github.com/brokerless/brokerless/interop/peer"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// peers are the ways to start a peer.
var peers = map[string]func(context.Context) (*peer.Peer, error){
	"libzmq": peer.Start, "zeromq.js": peer.StartNode, "JeroMQ": peer.StartJeroMQ,
}

// each runs a test with each of the peers.
func each(t *testing.T, test func(t *testing.T, p *peer.Peer)) {
	for name, run := range peers {
		t.Run(name, func(t *testing.T) { test(t, start(t, run)) })
	}
}

func start(t *testing.T, run func(context.Context) (*peer.Peer, error)) *peer.Peer {
	t.Helper()
	p, err := run(t.Context())
	if errors.Is(err, peer.ErrMissing) && os.Getenv("BROKERLESS_INTEROP") != "require" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestErrors(t *testing.T) { each(t, testErrors) }

func testErrors(t *testing.T, p *peer.Peer) {
	if _, err := p.Socket("PULL", peer.Bytes("SUBSCRIBE", "")); !errors.Is(err, peer.Errno("EINVAL")) {
		t.Errorf("option of another kind: error %v, want EINVAL", err)
	}
	s, err := p.Socket("PULL")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(t.Context()); err == nil {
		t.Error("Recv without a deadline succeeded")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.Recv(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Recv of nothing: error %v, want the deadline", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestKill ends the process while a request is under way, and asks for more.
func TestKill(t *testing.T) { each(t, testKill) }

func testKill(t *testing.T, p *peer.Peer) {
	s, err := p.Socket("PULL")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	failed := make(chan error)
	go func() {
		_, err := s.Recv(ctx)
		failed <- err
	}()
	p.Kill()
	if err := <-failed; err == nil || ctx.Err() != nil {
		t.Errorf("Recv of a killed process: error %v", err)
	}
	if _, err := p.Socket("PULL"); err == nil {
		t.Error("a killed process made a socket")
	}
	p.Close()
}
