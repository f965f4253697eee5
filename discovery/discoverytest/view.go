package discoverytest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/brokerless/brokerless/discovery"
)

// A view is what somebody knows who does nothing but follow a watcher. It
// fails the test on events that do not follow from those before.
type view struct {
	*town
	watcher *discovery.Watcher
	service string
	have    map[discovery.ID]discovery.Instance
	synced  bool
	events  []discovery.Event // all so far
}

// watch returns a view of the service, of all if it is empty.
func (w *town) watch(b discovery.Backend, service string) *view {
	w.Helper()
	watcher, err := b.Watch(w.Context(), service)
	if err != nil {
		w.Fatalf("Watch(%q): %v", service, err)
	}
	w.Cleanup(func() { _ = watcher.Close() })
	return &view{town: w, watcher: watcher, service: service, have: make(map[discovery.ID]discovery.Instance)}
}

// next takes one event, and fails the test when none comes.
func (v *view) next(ctx context.Context, what string) discovery.Event {
	v.Helper()
	e, err := v.watcher.Next(ctx)
	if err != nil {
		v.Fatalf("Next, waiting for %s: %v\n%s", what, err, v.tell())
	}
	v.events = append(v.events, e)
	if err := v.apply(e); err != nil {
		v.Fatalf("event %q: %v\n%s", e, err, v.tell())
	}
	return e
}

// apply changes the view as the event says.
func (v *view) apply(e discovery.Event) error {
	in := e.Instance
	known, ok := v.have[in.ID]
	switch e.Kind {
	case discovery.Synced:
		if v.synced {
			return errors.New("told a second time")
		}
		v.synced = true
		return nil
	case discovery.Warning:
		if e.Err == nil {
			return errors.New("without an error")
		}
		return nil
	case discovery.Added:
		if ok {
			return errors.New("was there already")
		}
	case discovery.Updated:
		if !ok {
			return errors.New("was never added")
		}
		if same(known, in) {
			return errors.New("nothing of it has changed")
		}
	case discovery.Removed:
		if !ok {
			return errors.New("was not there")
		}
		if !errors.Is(e.Err, discovery.ErrLeft) && !errors.Is(e.Err, discovery.ErrExpired) {
			return fmt.Errorf("reason %w, want ErrLeft or ErrExpired", e.Err)
		}
		delete(v.have, in.ID)
		return nil
	default:
		return errors.New("unknown kind")
	}
	if err := in.Validate(); err != nil {
		return err
	}
	if v.service != "" && in.Service != v.service {
		return fmt.Errorf("of service %q, watching %q", in.Service, v.service)
	}
	v.have[in.ID] = in
	return nil
}

// until takes events up to one of that kind about the instance, and returns it.
func (v *view) until(kind discovery.Kind, id discovery.ID) discovery.Event {
	v.Helper()
	ctx := v.context()
	for {
		if e := v.next(ctx, kind.String()); e.Kind == kind && e.Instance.ID == id {
			return e
		}
	}
}

// untilSynced takes events up to Synced.
func (v *view) untilSynced() {
	v.Helper()
	for ctx := v.context(); !v.synced; {
		v.next(ctx, "synced")
	}
}

// becomes takes events until the view is that of the truth.
func (v *view) becomes(what string) {
	v.Helper()
	want := v.want(v.service)
	for ctx := v.context(); ; {
		if v.synced && v.differs(want) == "" {
			return
		}
		e, err := v.watcher.Next(ctx)
		if err != nil {
			v.Fatalf("%s: %v\n%s\n%s", what, err, v.differs(want), v.tell())
		}
		v.events = append(v.events, e)
		if err := v.apply(e); err != nil {
			v.Fatalf("%s: event %q: %v\n%s", what, e, err, v.tell())
		}
	}
}

// differs says in what the view differs from what is wanted.
func (v *view) differs(want map[discovery.ID]discovery.Instance) string {
	var text strings.Builder
	for id, in := range want {
		switch have, ok := v.have[id]; {
		case !ok:
			fmt.Fprintf(&text, "missing: %+v\n", in)
		case !same(have, in):
			fmt.Fprintf(&text, "have: %+v\nwant: %+v\n", have, in)
		}
	}
	for id, in := range v.have {
		if _, ok := want[id]; !ok {
			fmt.Fprintf(&text, "too many: %+v\n", in)
		}
	}
	return text.String()
}

// tell returns the last events.
func (v *view) tell() string {
	const most = 30
	var text strings.Builder
	last := v.events
	if len(last) > most {
		fmt.Fprintf(&text, "%d events before these\n", len(last)-most)
		last = last[len(last)-most:]
	}
	for _, e := range last {
		fmt.Fprintf(&text, "event: %s\n", e)
	}
	return text.String()
}

// count returns how many events there were about the instance.
func (v *view) count(kind discovery.Kind, id discovery.ID) int {
	n := 0
	for _, e := range v.events {
		if e.Kind == kind && e.Instance.ID == id {
			n++
		}
	}
	return n
}

// same reports whether two instances say the same. Backends put the endpoints
// that are best reached first, so that their order does not count here.
func same(a, b discovery.Instance) bool {
	ordered := func(in discovery.Instance) discovery.Instance {
		in.Endpoints = slices.Sorted(slices.Values(in.Endpoints))
		in.Metadata = maps.Clone(in.Metadata)
		return in
	}
	a, b = ordered(a), ordered(b)
	return a.Equal(&b)
}
