package mdns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// newOnLoopback opens a backend with real sockets that speaks to this host
// alone.
func newOnLoopback(t *testing.T, opts ...Option) *Backend {
	t.Helper()
	b, err := New(append([]Option{WithInterfaces(loopbackName(t))}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func loopbackName(t *testing.T) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 && i.Flags&net.FlagUp != 0 {
			return i.Name
		}
	}
	t.Skip("no loopback interface that is up")
	return ""
}

// next returns the next event that is no warning, of real time.
func next(t *testing.T, w *discovery.Watcher) discovery.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	e, err := w.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Two backends find each other through the sockets of this host.
func TestLoopback(t *testing.T) {
	a, b := newOnLoopback(t), newOnLoopback(t)
	in := discovery.Instance{
		ID: discovery.NewID(), Service: fmt.Sprintf("lo-%s", discovery.NewID()), Realm: "r", Name: "Büro \\ \"1\".x", SocketType: "PULL",
		Endpoints: []string{"tcp://127.0.0.1:5555", "ipc:///tmp/x"}, Host: discovery.Host(), Metadata: map[string]string{"k": "v=1", "K2": ""}, Version: 1,
	}
	w, err := b.Watch(t.Context(), in.Service)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if e := next(t, w); e.Kind != discovery.Synced {
		t.Fatalf("%v, want synced", e)
	}
	ann, err := a.Announce(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if e := next(t, w); e.Kind != discovery.Added || !e.Instance.Equal(&in) {
		t.Fatalf("%v, want added %+v", e.Instance, in)
	}
	t.Logf("added after %v", time.Since(start))
	in.Endpoints[0] = "tcp://127.0.0.1:5556"
	start = time.Now()
	if err := ann.Update(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if e := next(t, w); e.Kind != discovery.Updated || !e.Instance.Equal(&in) {
		t.Fatalf("%v, want updated %+v", e.Instance, in)
	}
	t.Logf("updated after %v", time.Since(start))
	late, err := newOnLoopback(t).Watch(t.Context(), in.Service)
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	start = time.Now()
	for e := next(t, late); ; e = next(t, late) {
		if e.Kind == discovery.Added && e.Instance.Equal(&in) {
			break
		}
	}
	t.Logf("found by a late one after %v", time.Since(start))
	start = time.Now()
	if err := ann.Close(); err != nil {
		t.Fatal(err)
	}
	if e := next(t, w); e.Kind != discovery.Removed || !errors.Is(e.Err, discovery.ErrLeft) {
		t.Fatalf("%v, want removed", e)
	}
	t.Logf("removed after %v", time.Since(start))
}
