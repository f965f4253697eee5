package interop

import (
	"context"
	"errors"
	"testing"

	"github.com/brokerless/brokerless/internal/leakcheck"
	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/transport/ws"
)

// An implementation is one that runs in processes of package peer.
type implementation struct {
	name    string
	run     func(ctx context.Context) (*peer.Peer, error)
	schemes []string // over which it can be met
	more    []string // the same, for the matrix alone
	silent  bool     // it tells no events of handshakes
	legacy  bool     // it speaks ZMTP 2.0
}

var (
	libzmq   = implementation{name: "libzmq", run: peer.Start, schemes: []string{"tcp", "ipc"}}
	zeromqJS = implementation{name: "zeromq.js", run: peer.StartNode, schemes: []string{"tcp", "ipc"}, more: []string{"ws"}}
	jeroMQ   = implementation{name: "JeroMQ", run: peer.StartJeroMQ, schemes: []string{"tcp"}, silent: true, legacy: true}
)

// A process is one with sockets of an implementation in it.
type process struct {
	*peer.Peer
	implementation
}

// we is what our sockets are told to meet it.
func (i implementation) we() socket.Option {
	if i.legacy {
		return socket.WithLegacyZMTP()
	}
	return socket.WithTransport(ws.New())
}

// awaitHandshake waits until a socket of the implementation has taken note of a
// new peer, if it tells.
func (i implementation) awaitHandshake(t *testing.T, s *peer.Socket) {
	t.Helper()
	if !i.silent {
		awaitTheirs(t, s, "HANDSHAKE_SUCCEEDED")
	}
}

// start starts a process, which ends with the test. A machine without the
// implementation skips the test, or fails it if that was asked for. The test must
// not leave goroutines behind.
func (i implementation) start(t *testing.T) *process {
	t.Helper()
	leakcheck.Check(t)
	return i.restart(t)
}

// restart is start for another process in the course of a test.
func (i implementation) restart(t *testing.T) *process {
	t.Helper()
	p, err := i.try(t)
	if err != nil {
		t.Skip(err)
	}
	return p
}

// try is restart that returns the error when the implementation is missing.
func (i implementation) try(t *testing.T) (*process, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p, err := i.run(ctx)
	if errors.Is(err, peer.ErrMissing) && !required() {
		return nil, err
	}
	must(t, err)
	t.Cleanup(p.Close)
	meet(t, p.Versions().String())
	return &process{p, i}, nil
}

// installed starts a process of each of the implementations that this machine has,
// for a test that waits only once for all. If it has none, the test is skipped.
func installed(t *testing.T, all []implementation) (running []*process) {
	t.Helper()
	leakcheck.Check(t)
	for _, i := range all {
		p, err := i.try(t)
		if err != nil {
			t.Log(err)
			continue
		}
		running = append(running, p)
	}
	if len(running) == 0 {
		t.Skip("none of the peers is installed")
	}
	return running
}

// startLibzmq is start for what only libzmq is asked.
func startLibzmq(t *testing.T) *process {
	t.Helper()
	return libzmq.start(t)
}

// eachPeer runs a test against a process of each of the implementations. It shows a
// row of the table, unless that is empty and the test itself says what it shows.
func eachPeer(t *testing.T, row string, all []implementation, test func(t *testing.T, p *process)) {
	t.Helper()
	for _, i := range all {
		t.Run(i.name, func(t *testing.T) {
			p := i.start(t)
			if row != "" {
				p.shows(t, row, "tcp")
			}
			test(t, p)
		})
	}
}

// eachScheme is eachPeer over each of the ways to meet it, with a process for
// each.
func eachScheme(t *testing.T, row string, all []implementation, test func(t *testing.T, p *process, scheme string)) {
	t.Helper()
	for _, i := range all {
		for _, scheme := range i.schemes {
			t.Run(i.name+"/"+scheme, func(t *testing.T) {
				p := i.start(t)
				p.shows(t, row, scheme)
				test(t, p, scheme)
			})
		}
	}
}

// The implementations that a subject is tried with.
var (
	bothLibzmqs = []implementation{libzmq, zeromqJS}
	drafted     = []implementation{zeromqJS} // with the socket types that libzmq has as drafts
	everyPeer   = []implementation{libzmq, zeromqJS, jeroMQ}
)
