package interop

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/internal/leakcheck"
	"github.com/brokerless/brokerless/interop/peer"
)

// met is the peers that the run has met, for the line at its end.
var met struct {
	sync.Mutex
	names map[string]bool
}

// meet notes a peer, by its name and version.
func meet(t *testing.T, name string) {
	t.Log("peer: " + name)
	met.Lock()
	defer met.Unlock()
	if met.names == nil {
		met.names = make(map[string]bool)
	}
	met.names[name] = true
}

func TestMain(m *testing.M) {
	code := m.Run()
	if len(met.names) > 0 {
		fmt.Println("interop: met " + strings.Join(slices.Sorted(maps.Keys(met.names)), ", "))
	}
	os.Exit(code)
}

// required reports whether a missing peer is a failure, and whether tests that
// get better by lasting take their time.
func required() bool { return os.Getenv("BROKERLESS_INTEROP") == "require" }

// startLibzmq starts a process for libzmq sockets, which ends with the test. A
// machine without libzmq skips the test, or fails it if that was asked for.
// The test must not leave goroutines behind.
func startLibzmq(t *testing.T) *peer.Peer {
	t.Helper()
	leakcheck.Check(t)
	return restartLibzmq(t)
}

// restartLibzmq is startLibzmq for another process in the course of a test.
func restartLibzmq(t *testing.T) *peer.Peer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p, err := peer.Start(ctx)
	if errors.Is(err, peer.ErrMissing) && !required() {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(p.Close)
	meet(t, p.Versions().String())
	return p
}

// zmq4Version returns the version of go-zeromq/zmq4 that go.mod asks for. The
// build information of a test does not have it.
func zmq4Version(t *testing.T) string {
	t.Helper()
	const path = "github.com/go-zeromq/zmq4"
	text, err := os.ReadFile("../go.mod")
	must(t, err)
	_, rest, found := strings.Cut(string(text), path+" ")
	if !found {
		t.Fatalf("go.mod does not ask for %s", path)
	}
	version, _, _ := strings.Cut(rest, "\n")
	return path + " " + version
}
