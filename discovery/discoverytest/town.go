package discoverytest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// A town is one subtest: its cluster, and which instances there are. Its
// methods are for the goroutine of the subtest.
type town struct {
	*testing.T
	Cluster
	homes     []discovery.Backend // those that announce
	truth     map[discovery.ID]discovery.Instance
	announced map[discovery.ID]discovery.Announcement
	ports     int
}

func newTown(t *testing.T, c Cluster) *town {
	t.Helper()
	if c.Backend == nil {
		t.Fatal("discoverytest: Cluster.Backend is missing")
	}
	if c.Seen == nil {
		c.Seen = func(in discovery.Instance) discovery.Instance { return in }
	}
	if c.Endpoints <= 0 {
		c.Endpoints = discovery.MaxEndpoints
	}
	if c.Steps <= 0 {
		c.Steps = 300
	}
	if c.Patience <= 0 {
		c.Patience = 15 * time.Second
	}
	return &town{
		T: t, Cluster: c, ports: 20000,
		truth:     make(map[discovery.ID]discovery.Instance),
		announced: make(map[discovery.ID]discovery.Announcement),
	}
}

// backend returns one more backend, which is closed with the test.
func (w *town) backend() discovery.Backend {
	w.Helper()
	b := w.Backend(w.T)
	w.Cleanup(func() {
		if err := b.Close(); err != nil {
			w.Errorf("Close: %v", err)
		}
	})
	return b
}

// home returns the backend that announces the instance, one of at most n.
func (w *town) home(id discovery.ID, n int) discovery.Backend {
	w.Helper()
	for len(w.homes) < n {
		w.homes = append(w.homes, w.backend())
	}
	return w.homes[int(id[0])%len(w.homes)]
}

// context is done when the suite's patience ends.
func (w *town) context() context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), w.Patience)
	w.Cleanup(cancel)
	return ctx
}

// service returns the name of a service of the cluster.
func (w *town) service() string {
	if w.Service != "" {
		return w.Service
	}
	return "orders"
}

// instance returns an instance that nobody has seen, at a port of its own.
func (w *town) instance() discovery.Instance {
	return discovery.Instance{
		ID: discovery.NewID(), Service: w.service(), Name: "worker", SocketType: "PULL",
		Endpoints: []string{w.endpoint()},
		Metadata:  map[string]string{"zone": "a"},
		Version:   discovery.Version,
	}
}

func (w *town) endpoint() string {
	w.ports++
	return fmt.Sprintf("tcp://127.0.0.1:%d", w.ports)
}

// put announces the instance, or says what it is now.
func (w *town) put(in discovery.Instance) {
	w.Helper()
	w.putIn(in, 1)
}

// putIn is put, with n backends that announce.
func (w *town) putIn(in discovery.Instance, n int) {
	w.Helper()
	w.truth[in.ID] = in.Clone()
	if w.Publish != nil {
		w.publish()
		return
	}
	if a := w.announced[in.ID]; a != nil {
		if err := a.Update(w.context(), in); err != nil {
			w.Fatalf("Update: %v", err)
		}
		return
	}
	a, err := w.home(in.ID, n).Announce(w.context(), in)
	if err != nil {
		w.Fatalf("Announce: %v", err)
	}
	w.announced[in.ID] = a
}

// putAll announces all of them.
func (w *town) putAll(all []discovery.Instance, n int) {
	w.Helper()
	if w.Publish == nil {
		for _, in := range all {
			w.putIn(in, n)
		}
		return
	}
	for _, in := range all {
		w.truth[in.ID] = in.Clone()
	}
	w.publish()
}

// remove withdraws the instance.
func (w *town) remove(id discovery.ID) {
	w.Helper()
	delete(w.truth, id)
	if w.Publish != nil {
		w.publish()
		return
	}
	if err := w.announced[id].Close(); err != nil {
		w.Fatalf("Close of the announcement: %v", err)
	}
	delete(w.announced, id)
}

func (w *town) publish() {
	w.Helper()
	all := make([]discovery.Instance, 0, len(w.truth))
	for _, in := range w.truth {
		all = append(all, in.Clone())
	}
	w.Publish(w.T, all)
}

// want returns what there is of a service, or of all, as watchers see it.
func (w *town) want(service string) map[discovery.ID]discovery.Instance {
	want := make(map[discovery.ID]discovery.Instance)
	for _, in := range w.truth {
		if seen := w.Seen(in.Clone()); service == "" || seen.Service == service {
			want[seen.ID] = seen
		}
	}
	return want
}

// instead replaces the instance by a process that starts anew: the one that
// announced it goes, and another one comes.
func (w *town) instead(in discovery.Instance) {
	w.Helper()
	if w.Publish == nil {
		if err := w.home(in.ID, 1).Close(); err != nil {
			w.Fatalf("Close: %v", err)
		}
		w.homes = nil
		delete(w.announced, in.ID)
	}
	w.put(in)
}
