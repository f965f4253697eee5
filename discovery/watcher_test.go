package discovery

import (
	"context"
	"testing"
)

// known returns an instance of a service that is valid.
func known(service string) *Instance {
	return &Instance{ID: NewID(), Service: service, Endpoints: []string{"tcp://192.0.2.1:5555"}, Version: Version}
}

// What comes and goes while nobody reads leaves nothing behind.
func TestUnreadWatcherCostsNoMemory(t *testing.T) {
	var c Catalog
	idle := c.Watch(t.Context(), "", nil)
	other := c.Watch(t.Context(), "bills", nil)
	defer idle.Close()
	defer other.Close()
	stays := known("orders")
	if err := c.Put(stays); err != nil {
		t.Fatal(err)
	}
	for range 30_000 {
		in := known("orders")
		if err := c.Put(in); err != nil {
			t.Fatal(err)
		}
		c.Remove(in.ID, ErrExpired)
	}
	for _, w := range []*Watcher{idle, other} {
		if n := len(w.queue) + len(w.stale) + len(w.told) + len(w.warnings); n > 100 {
			t.Errorf("watching %q: %d entries are kept for a reader that never comes", w.service, n)
		}
	}
	for _, want := range []Kind{Synced, Added} {
		if e, err := idle.Next(t.Context()); err != nil || e.Kind != want {
			t.Fatalf("event %v, error %v, want %v", e, err, want)
		}
	}
}

// Those that go before the reader came to them do not hold up Synced.
func TestSyncedThoughAllLeft(t *testing.T) {
	for _, n := range []int{1, 63, 64, 500} { // below and above what is worth compacting
		var c Catalog
		var all []*Instance
		for range n {
			all = append(all, known("orders"))
			if err := c.Put(all[len(all)-1]); err != nil {
				t.Fatal(err)
			}
		}
		w := c.Watch(t.Context(), "orders", nil)
		for _, in := range all {
			c.Remove(in.ID, ErrLeft)
		}
		late := known("orders")
		if err := c.Put(late); err != nil {
			t.Fatal(err)
		}
		for _, want := range []Kind{Synced, Added} {
			if e, err := w.Next(t.Context()); err != nil || e.Kind != want {
				t.Fatalf("%d that left: event %v, error %v, want %v", n, e, err, want)
			}
		}
		w.Close()
	}
}

// A catalog does not keep watchers that have ended.
func TestCatalogForgetsWatchers(t *testing.T) {
	var c Catalog
	ended := make(chan struct{}, 2)
	ctx, cancel := context.WithCancel(t.Context())
	c.Watch(ctx, "", func() { ended <- struct{}{} })
	c.Watch(t.Context(), "", func() { ended <- struct{}{} }).Close()
	cancel()
	<-ended
	<-ended
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.watchers); n != 0 {
		t.Errorf("%d watchers are kept", n)
	}
}
