package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// patience is how long anything may take that ought to happen soon. The machine
// may be busy; no test measures time.
const patience = 30 * time.Second

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// end is one end of a conversation, ours or another implementation's.
type end interface {
	Bind(endpoint string) (resolved string, err error)
	Connect(endpoint string) error
	Close() error
}

// ours is what all our sockets can do.
type ours interface {
	end
	WaitPeers(ctx context.Context, n int) error
	Monitor() *socket.Monitor
	Stats() socket.Stats
}

// own closes a socket when the test is over.
func own[S end](t *testing.T, s S, err error) S {
	t.Helper()
	must(t, err)
	t.Cleanup(func() {
		// What is left unsent by then is what the test meant to leave.
		if err := s.Close(); err != nil && !errors.As(err, new(*socket.UnsentError)) {
			t.Error(err)
		}
	})
	return s
}

// quick bounds what a test that went wrong makes Close wait for, and lost
// connections come back without delay.
func quick() socket.Option {
	return socket.WithOptions(socket.WithLinger(time.Second), socket.WithRedial(10*time.Millisecond, 100*time.Millisecond))
}

// newOurs makes a socket of ours of a kind. Identity, if not empty, is what it
// announces; kinds that announce none ignore it.
func newOurs(t *testing.T, kind, identity string, opts ...socket.Option) ours {
	t.Helper()
	all := socket.WithOptions(append([]socket.Option{quick()}, opts...)...)
	req, dealer, router := []socket.ReqOption{all}, []socket.DealerOption{all}, []socket.RouterOption{all}
	if identity != "" {
		id := socket.WithIdentity([]byte(identity))
		req, dealer, router = append(req, id), append(dealer, id), append(router, id)
	}
	var s ours
	var err error
	switch kind {
	case "PUSH":
		s, err = socket.NewPush(all)
	case "PULL":
		s, err = socket.NewPull(all)
	case "PUB":
		s, err = socket.NewPub(all)
	case "SUB":
		s, err = socket.NewSub(all)
	case "XPUB":
		s, err = socket.NewXPub(all)
	case "XSUB":
		s, err = socket.NewXSub(all)
	case "REQ":
		s, err = socket.NewReq(req...)
	case "REP":
		s, err = socket.NewRep(all)
	case "DEALER":
		s, err = socket.NewDealer(dealer...)
	case "ROUTER":
		s, err = socket.NewRouter(router...)
	case "PAIR":
		s, err = socket.NewPair(all)
	default:
		s, err = newDraft(kind, all)
	}
	return own(t, s, err)
}

// theirs makes a socket of another implementation.
func theirs(t *testing.T, p *process, kind string, opts ...peer.Option) *peer.Socket {
	t.Helper()
	s, err := p.Socket(kind, opts...)
	must(t, err)
	t.Cleanup(func() { s.Close() }) // its process may be gone
	return s
}

// address returns an endpoint to bind that nobody else has.
func address(t *testing.T, scheme string, e end) string {
	switch _, they := e.(*peer.Socket); {
	case scheme == "ws" && they:
		return "ws://127.0.0.1:*/path"
	case scheme == "ws":
		return "ws://127.0.0.1:0/path"
	case scheme == "ipc":
		return "ipc://" + filepath.Join(t.TempDir(), "s")
	case they:
		return "tcp://127.0.0.1:*"
	default:
		return "tcp://127.0.0.1:0"
	}
}

// bind binds an end.
func bind(t *testing.T, e end, endpoint string) (resolved string) {
	t.Helper()
	resolved, err := e.Bind(endpoint)
	must(t, err)
	return resolved
}

// link binds one end and connects the other to it.
func link(t *testing.T, scheme string, binder, connecter end) (endpoint string) {
	t.Helper()
	endpoint = bind(t, binder, address(t, scheme, binder))
	must(t, connecter.Connect(endpoint))
	return endpoint
}

// waitPeers waits until s has n peers.
func waitPeers(t *testing.T, s ours, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	must(t, s.WaitPeers(ctx, n))
}

func send(t *testing.T, to any, frames ...[]byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	must(t, to.(socket.Sender).Send(ctx, frames...))
}

func recv(t *testing.T, from any) socket.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	m, err := from.(socket.Receiver).Recv(ctx)
	must(t, err)
	return m
}

// recvWithin is recv that tells when nothing came in the time given.
func recvWithin(t *testing.T, from any, d time.Duration) (m socket.Message, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	m, err := from.(socket.Receiver).Recv(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, false
	}
	must(t, err)
	return m, true
}

// expect receives one message and compares it.
func expect(t *testing.T, from any, frames ...[]byte) {
	t.Helper()
	if got := recv(t, from); !slices.EqualFunc(got, frames, bytes.Equal) {
		t.Fatalf("got %v, want %v", got, socket.Message(frames))
	}
}

// text makes a message of strings.
func text(frames ...string) socket.Message {
	m := make(socket.Message, len(frames))
	for i, f := range frames {
		m[i] = []byte(f)
	}
	return m
}

// awaitEvent waits for an event of one of these kinds and returns it.
func awaitEvent(t *testing.T, m *socket.Monitor, kinds ...socket.EventKind) socket.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		e, err := m.Next(ctx)
		if err != nil {
			t.Fatalf("waiting for %v: %v", kinds, err)
		}
		if slices.Contains(kinds, e.Kind) {
			return e
		}
	}
}

// awaitTheirs waits for an event of such a socket, one of these.
func awaitTheirs(t *testing.T, s *peer.Socket, names ...string) peer.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		e, err := s.Event(ctx)
		if err != nil {
			t.Fatalf("waiting for %v: %v", names, err)
		}
		if slices.Contains(names, e.Name) {
			return e
		}
	}
}

// numbered returns the i-th message of a series.
func numbered(i int) []byte { return fmt.Appendf(nil, "%08d", i) }

// eventually waits until something that nobody announces has become true.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}
