package mesh

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// hub is where nodes of a test find each other: one catalog for all.
type hub struct{ discovery.Catalog }

// hubBackend announces to a hub, and watches it.
type hubBackend struct {
	*hub
	mu   sync.Mutex
	mine map[discovery.ID]struct{}
}

func (h *hub) backend(t testing.TB) *hubBackend {
	t.Helper()
	b := &hubBackend{hub: h, mine: make(map[discovery.ID]struct{})}
	t.Cleanup(func() { b.Close() })
	return b
}

func (b *hubBackend) Announce(_ context.Context, in discovery.Instance) (discovery.Announcement, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	in.Version = discovery.Version
	b.mine[in.ID] = struct{}{}
	return &hubEntry{b, in.ID}, b.Put(&in)
}

func (b *hubBackend) Watch(ctx context.Context, service string) (*discovery.Watcher, error) {
	return b.Catalog.Watch(ctx, service, nil), nil
}

func (b *hubBackend) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id := range b.mine {
		b.Remove(id, discovery.ErrLeft)
	}
	return nil
}

type hubEntry struct {
	b  *hubBackend
	id discovery.ID
}

func (e *hubEntry) Update(_ context.Context, in discovery.Instance) error { return e.b.Put(&in) }
func (e *hubEntry) Close() error                                          { e.b.Remove(e.id, discovery.ErrLeft); return nil }

// join makes a node on the loopback interface that is closed with the test.
func (h *hub) join(t testing.TB, opts ...Option) *Node {
	t.Helper()
	all := append([]Option{WithBackend(h.backend(t)), WithBind("tcp://127.0.0.1:0"), WithLoopback()}, opts...)
	n, err := Join(t.Context(), "test", all...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// full makes a mesh of so many nodes that all are Up to each other.
func (h *hub) full(t testing.TB, nodes int, opts ...Option) []*Node {
	t.Helper()
	all := make([]*Node, nodes)
	for i := range all {
		all[i] = h.join(t, opts...)
	}
	for _, n := range all {
		wait(t, n, nodes-1)
	}
	return all
}

func wait(t testing.TB, n *Node, peers int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := n.WaitPeers(ctx, peers); err != nil {
		t.Fatal(err)
	}
}

// within returns a context for what should come soon.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until ok holds of n, which is asked whenever something has
// changed there.
func eventually(t testing.TB, n *Node, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	w := n.Presence(ctx)
	defer w.Close()
	for !ok() {
		if _, err := w.Next(ctx); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// hasService reports whether n knows so many instances of a service.
func hasService(n *Node, service string, instances int) func() bool {
	return func() bool {
		have := 0
		for _, s := range n.Services() {
			if s.Service == service && !s.Draining {
				have++
			}
		}
		return have == instances
	}
}

func inGroup(n *Node, group string, members int) func() bool {
	return func() bool { return len(n.Members(group)) == members }
}

// next returns the next event of a kind and state about a peer.
func next(t testing.TB, w *Presence, id discovery.ID, states ...State) Event {
	t.Helper()
	ctx := within(t)
	for {
		e, err := w.Next(ctx)
		if err != nil {
			t.Fatalf("waiting for %v to be %v: %v", id, states, err)
		}
		if e.Kind == Changed && e.Peer.ID == id && slices.Contains(states, e.Peer.State) {
			return e
		}
	}
}
