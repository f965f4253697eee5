package discovery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/discoverytest"
)

func TestMergeConforms(t *testing.T) {
	discoverytest.Run(t, func(*testing.T) discoverytest.Cluster {
		var one, two discoverytest.Network
		return discoverytest.Cluster{
			Gradual: true, // one network may know before the other
			Backend: func(testing.TB) discovery.Backend { return discovery.Merge(one.Backend(), two.Backend()) },
		}
	})
}

// Backends of which one announces and the others read are one that announces.
func TestMergeWithReaderConforms(t *testing.T) {
	discoverytest.Run(t, func(*testing.T) discoverytest.Cluster {
		var network discoverytest.Network
		return discoverytest.Cluster{
			Backend: func(testing.TB) discovery.Backend { return discovery.Merge(new(board), network.Backend()) },
		}
	})
}

func TestMergeOfReadersConforms(t *testing.T) {
	discoverytest.Run(t, func(*testing.T) discoverytest.Cluster {
		var network discoverytest.Network
		writer := network.Backend()
		announced := make(map[discovery.ID]discovery.Announcement)
		return discoverytest.Cluster{
			Gradual: true,
			Backend: func(testing.TB) discovery.Backend {
				return discovery.Merge(reader{network.Backend()}, reader{network.Backend()})
			},
			Publish: func(t testing.TB, all []discovery.Instance) {
				t.Helper()
				left := make(map[discovery.ID]bool)
				for id := range announced {
					left[id] = true
				}
				for _, in := range all {
					delete(left, in.ID)
					if a := announced[in.ID]; a != nil {
						if err := a.Update(t.Context(), in); err != nil {
							t.Error(err)
						}
						continue
					}
					announced[in.ID] = must(writer.Announce(t.Context(), in))
				}
				for id := range left {
					announced[id].Close()
					delete(announced, id)
				}
			},
		}
	})
}

// reader is a backend that only reads.
type reader struct{ discovery.Backend }

func (reader) Announce(context.Context, discovery.Instance) (discovery.Announcement, error) {
	return nil, discovery.ErrUnsupported
}

func instance(endpoints ...string) discovery.Instance {
	return discovery.Instance{
		ID: discovery.NewID(), Service: "orders", Endpoints: endpoints, Version: discovery.Version,
		Metadata: map[string]string{"by": endpoints[0]},
	}
}

// expect wants an event of the kind, of an instance with these endpoints.
func expect(t *testing.T, w *discovery.Watcher, kind discovery.Kind, endpoints ...string) discovery.Event {
	t.Helper()
	e, err := w.Next(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	if e.Kind != kind || !slices.Equal(e.Instance.Endpoints, endpoints) {
		t.Fatalf("event %q with %v, want %s with %v", e, e.Instance.Endpoints, kind, endpoints)
	}
	return e
}

// An instance is there while any backend says so, as the first one says.
func TestMergeUnion(t *testing.T) {
	one, two := new(board), new(board)
	m := discovery.Merge(one, two)
	defer m.Close()
	w := must(m.Watch(t.Context(), "orders"))
	expect(t, w, discovery.Synced)
	first := instance("tcp://a.example:1", "tcp://b.example:1")
	second := first.Clone()
	second.Endpoints, second.Metadata = []string{"tcp://c.example:1", "tcp://a.example:1"}, map[string]string{"by": "two"}

	two.put(t, second)
	expect(t, w, discovery.Added, "tcp://c.example:1", "tcp://a.example:1")
	one.put(t, first)
	e := expect(t, w, discovery.Updated, "tcp://a.example:1", "tcp://b.example:1", "tcp://c.example:1")
	if e.Instance.Metadata["by"] != "tcp://a.example:1" {
		t.Errorf("metadata %v, want that of the first backend", e.Instance.Metadata)
	}
	late := must(m.Watch(t.Context(), ""))
	expect(t, late, discovery.Added, "tcp://a.example:1", "tcp://b.example:1", "tcp://c.example:1")
	expect(t, late, discovery.Synced)

	one.Remove(first.ID, discovery.ErrLeft)
	e = expect(t, w, discovery.Updated, "tcp://c.example:1", "tcp://a.example:1")
	if e.Instance.Metadata["by"] != "two" {
		t.Errorf("metadata %v, want that of the other backend", e.Instance.Metadata)
	}
	two.Remove(first.ID, discovery.ErrExpired)
	e = expect(t, w, discovery.Removed, "tcp://c.example:1", "tcp://a.example:1")
	if !errors.Is(e.Err, discovery.ErrExpired) {
		t.Errorf("reason %v, want that of the last backend", e.Err)
	}
}

// The endpoints of all are no more than an instance may have.
func TestMergeBounds(t *testing.T) {
	one, two := new(board), new(board)
	m := discovery.Merge(one, two)
	defer m.Close()
	w := must(m.Watch(t.Context(), "orders"))
	expect(t, w, discovery.Synced)
	long := func(i int) string { return fmt.Sprintf("ipc:///%d/%s", i, strings.Repeat("x", 180)) }
	first := instance(long(1), long(2), long(3))
	second := first.Clone()
	second.Endpoints = []string{long(4), long(5), "tcp://a.example:1"}
	one.put(t, first)
	expect(t, w, discovery.Added, first.Endpoints...)
	two.put(t, second)
	expect(t, w, discovery.Updated, append(first.Endpoints, "tcp://a.example:1")...) // there is no room for longer ones
}

// A backend that ends takes along what it alone knew, and the last one the
// watcher.
func TestMergeBackendEnds(t *testing.T) {
	one, two := new(board), new(board)
	m := discovery.Merge(one, two)
	defer m.Close()
	w := must(m.Watch(t.Context(), "orders"))
	expect(t, w, discovery.Synced)
	alone, both := instance("tcp://a.example:1"), instance("tcp://b.example:1")
	one.put(t, alone)
	expect(t, w, discovery.Added, "tcp://a.example:1")
	one.put(t, both)
	expect(t, w, discovery.Added, "tcp://b.example:1")
	more := both.Clone()
	more.Endpoints = append(more.Endpoints, "tcp://c.example:1")
	two.put(t, more)
	expect(t, w, discovery.Updated, "tcp://b.example:1", "tcp://c.example:1")

	broken := errors.New("cable eaten")
	one.Catalog.Close(broken)
	if e := expect(t, w, discovery.Warning); !errors.Is(e.Err, broken) {
		t.Errorf("warning %v, want %v", e.Err, broken)
	}
	if e := expect(t, w, discovery.Removed, "tcp://a.example:1"); !errors.Is(e.Err, discovery.ErrExpired) {
		t.Errorf("reason %v, want ErrExpired", e.Err)
	}
	late := must(m.Watch(t.Context(), "orders"))
	if e := expect(t, late, discovery.Warning); !errors.Is(e.Err, broken) {
		t.Errorf("warning of a later watcher %v, want %v", e.Err, broken)
	}
	expect(t, late, discovery.Added, "tcp://b.example:1", "tcp://c.example:1")

	worse := errors.New("host on fire")
	two.Catalog.Close(worse)
	for {
		if _, err := w.Next(bounded(t)); err != nil {
			if !errors.Is(err, broken) || !errors.Is(err, worse) {
				t.Errorf("watcher ended with %v, want both errors", err)
			}
			break
		}
	}
	if _, err := m.Watch(t.Context(), ""); !errors.Is(err, broken) || !errors.Is(err, worse) {
		t.Errorf("Watch: %v, want both errors", err)
	}
}

// A warning of one backend reaches the watchers of all.
func TestMergeWarnings(t *testing.T) {
	one, two := new(board), new(board)
	m := discovery.Merge(one, two)
	defer m.Close()
	w := must(m.Watch(t.Context(), "orders"))
	expect(t, w, discovery.Synced)
	two.Warn(discovery.Instance{}, discovery.ErrMalformed)
	if e := expect(t, w, discovery.Warning); !errors.Is(e.Err, discovery.ErrMalformed) {
		t.Errorf("warning %v, want ErrMalformed", e.Err)
	}
}

// failing is a backend that cannot announce, or not any more.
type failing struct {
	discovery.Backend
	announce, update error
}

func (f *failing) Announce(ctx context.Context, in discovery.Instance) (discovery.Announcement, error) {
	if f.announce != nil {
		return nil, f.announce
	}
	a, err := f.Backend.Announce(ctx, in)
	return &failingAnnouncement{a, f}, err
}

func (f *failing) Close() error { return errors.Join(f.Backend.Close(), f.announce) }

type failingAnnouncement struct {
	discovery.Announcement
	by *failing
}

func (a *failingAnnouncement) Update(ctx context.Context, in discovery.Instance) error {
	if a.by.update != nil {
		return a.by.update
	}
	return a.Announcement.Update(ctx, in)
}

func TestMergeAnnounceFails(t *testing.T) {
	var network discoverytest.Network
	broken := errors.New("no network")
	one, two := &failing{Backend: network.Backend()}, &failing{Backend: network.Backend()}
	m := discovery.Merge(one, new(board), two)
	w := must(m.Watch(t.Context(), "orders"))
	bills := must(m.Watch(t.Context(), "bills"))
	expect(t, w, discovery.Synced)
	in := instance("tcp://a.example:1")

	one.announce = broken
	a := must(m.Announce(t.Context(), in))
	seen := make(map[discovery.Kind]bool)
	for range 2 { // in any order
		e := must(w.Next(bounded(t)))
		seen[e.Kind] = e.Kind == discovery.Added || errors.Is(e.Err, broken)
	}
	if !seen[discovery.Added] || !seen[discovery.Warning] {
		t.Errorf("told of %v, want the instance and a warning of the backend that failed", seen)
	}
	two.update = broken
	if err := a.Update(t.Context(), in); !errors.Is(err, broken) {
		t.Errorf("Update: %v, want %v", err, broken)
	}
	if err := a.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	expect(t, w, discovery.Removed, "tcp://a.example:1")

	two.announce = errors.New("neither")
	if _, err := m.Announce(t.Context(), in); !errors.Is(err, broken) || !errors.Is(err, two.announce) {
		t.Errorf("Announce: %v, want both errors", err)
	}
	one.announce, two.announce = discovery.ErrUnsupported, discovery.ErrUnsupported
	if _, err := m.Announce(t.Context(), in); !errors.Is(err, discovery.ErrUnsupported) {
		t.Errorf("Announce: %v, want ErrUnsupported", err)
	}
	expect(t, bills, discovery.Synced) // and nothing of what concerns orders
	one.announce, two.announce = broken, nil
	if err := m.Close(); !errors.Is(err, broken) {
		t.Errorf("Close: %v, want %v", err, broken)
	}
	if err := m.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
	for _, w := range []*discovery.Watcher{w, bills} {
		if _, err := w.Next(bounded(t)); !errors.Is(err, discovery.ErrClosed) {
			t.Errorf("Next: %v, want ErrClosed", err)
		}
	}
}

func TestMergeOfNone(t *testing.T) {
	m := discovery.Merge()
	w := must(m.Watch(t.Context(), ""))
	expect(t, w, discovery.Synced)
	if _, err := m.Announce(t.Context(), instance("tcp://a.example:1")); !errors.Is(err, discovery.ErrUnsupported) {
		t.Errorf("Announce: %v, want ErrUnsupported", err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}
