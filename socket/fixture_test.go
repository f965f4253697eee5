package socket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// patience bounds what never takes that long, so that a test of something that
// hangs fails instead.
const patience = 30 * time.Second

// bounded returns a context that ends with the test, or after patience.
func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// must returns v. It is for calls whose failure no test asks about.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A node is what all types of sockets have in common.
type node interface {
	io.Closer
	Bind(endpoint string) (string, error)
	Connect(endpoint string) error
	Disconnect(endpoint string) error
	Unbind(endpoint string) error
	WaitPeers(ctx context.Context, n int) error
	Monitor() *Monitor
	Stats() Stats
	Shutdown(ctx context.Context) error
}

// closing closes s at the end of the test. That messages are left unsent is no
// failure there.
func closing[S io.Closer](t testing.TB, s S) S {
	t.Helper()
	t.Cleanup(func() {
		var unsent *UnsentError
		if err := s.Close(); err != nil && !errors.As(err, &unsent) {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// linked connects one to other over a new endpoint of the scheme, and waits
// until both have met.
func linked(t testing.TB, scheme string, one, other node) (endpoint string) {
	t.Helper()
	endpoint = must(one.Bind(anywhere(t, scheme)))
	if err := other.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	for _, n := range []node{one, other} {
		if err := n.WaitPeers(bounded(t), 1); err != nil {
			t.Fatal(err)
		}
	}
	return endpoint
}

// anywhere returns an endpoint to bind that nobody else has.
func anywhere(t testing.TB, scheme string) string {
	t.Helper()
	switch scheme {
	case "tcp":
		return "tcp://127.0.0.1:0"
	case "ipc":
		return "ipc://*"
	}
	return fmt.Sprintf("inproc://%s %p", t.Name(), new(int))
}

// A watcher waits for events of a socket, in whatever order they come.
type watcher struct {
	t    testing.TB
	m    *Monitor
	seen []Event
}

func watch(t testing.TB, s node) *watcher {
	t.Helper()
	return &watcher{t: t, m: s.Monitor()}
}

// await returns the first event that matches, of all since the watch began.
func (w *watcher) await(what string, match func(Event) bool) Event {
	w.t.Helper()
	for _, e := range w.seen {
		if match(e) {
			return e
		}
	}
	ctx := bounded(w.t)
	for {
		e, err := w.m.Next(ctx)
		if err != nil {
			w.t.Fatalf("no event: %s (%v); there were%s", what, err, w.log())
		}
		w.seen = append(w.seen, e)
		if match(e) {
			return e
		}
	}
}

func (w *watcher) log() string {
	var b strings.Builder
	for _, e := range w.seen {
		b.WriteString("\n\t" + e.String())
	}
	return b.String()
}

// kind matches events of a kind.
func kind(k EventKind) func(Event) bool {
	return func(e Event) bool { return e.Kind == k }
}

// about matches events of a kind that concern the peer at an address.
func about(k EventKind, remote string) func(Event) bool {
	return func(e Event) bool { return e.Kind == k && e.Remote == remote }
}

// balanced fails the test unless the figures of both directions add up.
func balanced(t testing.TB, who string, st Stats) {
	t.Helper()
	for _, d := range []struct {
		name string
		f    Flow
	}{{"out", st.Out}, {"in", st.In}} {
		if f := d.f; f.Messages != f.Delivered+f.Dropped.Total()+uint64(f.Queued) || f.Queued < 0 || f.Bytes < 0 {
			t.Errorf("%s, %s: %d messages, but %d delivered + %d dropped + %d queued (%d octets); dropped by reason %v",
				who, d.name, f.Messages, f.Delivered, f.Dropped.Total(), f.Queued, f.Bytes, f.Dropped)
		}
	}
}
