package static_test

import (
	"errors"
	"testing"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/static"
)

func TestNew(t *testing.T) {
	own := discovery.Instance{
		ID: discovery.NewID(), Service: "bills", Name: "own", Endpoints: []string{"ipc:///run/bills"},
		Metadata: map[string]string{"zone": "a"},
	}
	orders := static.Endpoints("orders", "PULL", "tcp://a.example:1", "tcp://b.example:1")
	b, err := static.New(append(orders, own)...)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	own.Metadata["zone"] = "changed"
	w, err := b.Watch(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[discovery.ID]discovery.Instance)
	for e, err := range w.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == discovery.Synced {
			break
		}
		seen[e.Instance.ID] = e.Instance
	}
	own.Metadata["zone"], own.Version = "a", discovery.Version
	for _, want := range append(orders, own) {
		if got := seen[want.ID]; !got.Equal(&want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d instances, want 3", len(seen))
	}
	if _, err := b.Announce(t.Context(), own); !errors.Is(err, discovery.ErrUnsupported) {
		t.Errorf("Announce: %v, want ErrUnsupported", err)
	}
}

func TestNewRefuses(t *testing.T) {
	one := static.Endpoints("orders", "PULL", "tcp://a.example:1")[0]
	for name, list := range map[string][]discovery.Instance{
		"twice":       {one, one},
		"bad port":    static.Endpoints("orders", "PULL", "tcp://a.example:0"),
		"no service":  static.Endpoints("", "PULL", "tcp://a.example:1"),
		"half an URL": static.Endpoints("orders", "PULL", "a.example:1"),
	} {
		if b, err := static.New(list...); !errors.Is(err, discovery.ErrInstance) || b != nil {
			t.Errorf("%s: %v, %v, want nil and ErrInstance", name, b, err)
		}
	}
	if _, err := static.New(make([]discovery.Instance, discovery.DefaultMaxInstances+1)...); !errors.Is(err, discovery.ErrFull) {
		t.Errorf("too many: %v, want ErrFull", err)
	}
}

// The ids of entries without one are part of what users rely on: the same on
// each host, for good.
func TestDerivedIDs(t *testing.T) {
	id := func(service string, endpoints ...string) string {
		b, err := static.New(discovery.Instance{Service: service, Endpoints: endpoints})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		w, _ := b.Watch(t.Context(), "")
		e, err := w.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return e.Instance.ID.String()
	}
	const want = "b9ad34243b669fb0f0146c81662f483f"
	if got := id("orders", "tcp://a.example:5555"); got != want {
		t.Errorf("id %s, want %s as ever", got, want)
	}
	seen := make(map[string]bool)
	for _, got := range []string{
		id("orders", "tcp://a.example:5555"), id("orders", "tcp://a.example:5556"), id("bills", "tcp://a.example:5555"),
		id("orders", "tcp://a.example:5555", "ipc:///x"), id("orders", "ipc:///x", "tcp://a.example:5555"),
	} {
		if seen[got] {
			t.Errorf("id %s twice", got)
		}
		seen[got] = true
	}
}
