package discoverytest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/discovery"
)

// ends reads a watcher in a goroutine of its own until it ends, and returns a
// function that waits for that and returns why.
func (w *town) ends(watcher *discovery.Watcher) (why func() error) {
	done := make(chan error, 1)
	go func() {
		var last error
		for _, err := range watcher.Events(context.Background()) {
			last = err
		}
		done <- last
	}()
	return func() error {
		w.Helper()
		select {
		case err := <-done:
			return err
		case <-w.context().Done():
			w.Fatalf("Next still waits")
			return nil
		}
	}
}

func wantError(t *testing.T, what string, err error, want ...error) {
	t.Helper()
	for _, e := range want {
		if errors.Is(err, e) {
			return
		}
	}
	t.Errorf("%s: error %v, want %v", what, err, want)
}

// testWatcherCloses: Close ends one watcher, whoever waits, and no other.
func testWatcherCloses(w *town) {
	b := w.backend()
	v, other := w.watch(b, ""), w.watch(b, "")
	v.untilSynced()
	why := w.ends(v.watcher)
	for range 2 {
		if err := v.watcher.Close(); err != nil {
			w.Errorf("Close: %v", err)
		}
	}
	wantError(w.T, "Next", why(), discovery.ErrClosed)
	_, err := v.watcher.Next(w.Context())
	wantError(w.T, "Next after the end", err, discovery.ErrClosed)
	w.put(w.instance())
	other.becomes("an instance, seen by the other watcher")
}

// testContextOfWatch: the context given to Watch ends the watcher.
func testContextOfWatch(w *town) {
	b := w.backend()
	ctx, cancel := context.WithCancel(w.Context())
	watcher, err := b.Watch(ctx, w.service())
	if err != nil {
		w.Fatalf("Watch: %v", err)
	}
	why := w.ends(watcher)
	cancel()
	wantError(w.T, "Next", why(), context.Canceled)
	if watcher, err = b.Watch(ctx, w.service()); err == nil {
		err = w.ends(watcher)()
	}
	wantError(w.T, "Watch with a context that is done", err, context.Canceled)
	w.put(w.instance())
	w.watch(b, "").becomes("an instance, seen by another watcher")
}

// testContextOfNext: the context given to Next ends that call alone.
func testContextOfNext(w *town) {
	v := w.watch(w.backend(), w.service())
	v.untilSynced()
	done, cancel := context.WithCancel(w.Context())
	cancel()
	_, err := v.watcher.Next(done)
	wantError(w.T, "Next with a context that is done", err, context.Canceled)
	w.put(w.instance())
	v.becomes("an instance")
}

// testCloseEndsWatchers: a backend that is closed ends its watchers with
// ErrClosed, and those of no other.
func testCloseEndsWatchers(w *town) {
	b := w.backend()
	in := w.instance()
	w.put(in)
	other := w.watch(w.backend(), w.service())
	var why []func() error
	for _, service := range []string{"", w.service()} {
		v := w.watch(b, service)
		v.becomes("an instance")
		why = append(why, w.ends(v.watcher))
	}
	if err := b.Close(); err != nil {
		w.Errorf("Close: %v", err)
	}
	for _, why := range why {
		wantError(w.T, "Next", why(), discovery.ErrClosed)
	}
	w.put(w.instance())
	other.becomes("instances, seen by another backend")
}

// testClosed: a closed backend says so, and can be closed again.
func testClosed(w *town) {
	b := w.backend()
	for range 3 {
		if err := b.Close(); err != nil {
			w.Errorf("Close: %v, want nil each time", err)
		}
	}
	_, err := b.Announce(w.context(), w.instance())
	want := []error{discovery.ErrClosed}
	if w.Publish != nil {
		want = append(want, discovery.ErrUnsupported)
	}
	wantError(w.T, "Announce", err, want...)
	watcher, err := b.Watch(w.context(), "")
	if err == nil {
		_, err = watcher.Next(w.context())
	}
	wantError(w.T, "Watch", err, discovery.ErrClosed)
}

// testAnnouncementCloses: an announcement can be closed again and again, and
// changes nothing after that.
func testAnnouncementCloses(w *town) {
	if w.Publish != nil {
		w.Skip("the backend only reads")
	}
	v := w.watch(w.backend(), "")
	b := w.backend()
	in, last := w.instance(), w.instance()
	var announcements []discovery.Announcement
	for _, in := range []discovery.Instance{in, last} {
		a, err := b.Announce(w.context(), in)
		if err != nil {
			w.Fatalf("Announce: %v", err)
		}
		announcements = append(announcements, a)
	}
	for range 2 {
		if err := announcements[0].Close(); err != nil {
			w.Errorf("Close: %v", err)
		}
	}
	wantError(w.T, "Update of a closed announcement", announcements[0].Update(w.context(), in), discovery.ErrClosed)
	w.truth[last.ID] = last
	v.becomes("the one that is still announced")
	if err := b.Close(); err != nil {
		w.Errorf("Close of the backend: %v", err)
	}
	wantError(w.T, "Update in a closed backend", announcements[1].Update(w.context(), last), discovery.ErrClosed)
	if err := announcements[1].Close(); err != nil {
		w.Errorf("Close in a closed backend: %v", err)
	}
	clear(w.truth)
	v.becomes("nobody")
}

// testBadInstance: what nobody could carry is refused, and changes nothing.
func testBadInstance(w *town) {
	if w.Publish != nil {
		w.Skip("the backend only reads")
	}
	good := w.instance()
	v := w.watch(w.backend(), "")
	w.put(good)
	for what, edit := range map[string]func(*discovery.Instance){
		"no id":        func(in *discovery.Instance) { in.ID = discovery.ID{} },
		"no service":   func(in *discovery.Instance) { in.Service = "" },
		"not UTF-8":    func(in *discovery.Instance) { in.Name = "\xff" },
		"bad endpoint": func(in *discovery.Instance) { in.Endpoints = []string{"tcp://127.0.0.1:0"} },
		"bad key":      func(in *discovery.Instance) { in.Metadata = map[string]string{"a=b": ""} },
	} {
		in := w.instance()
		edit(&in)
		_, err := w.home(good.ID, 1).Announce(w.context(), in)
		wantError(w.T, "Announce with "+what, err, discovery.ErrInstance)
		if in.ID != (discovery.ID{}) {
			in.ID = good.ID
			wantError(w.T, "Update with "+what, w.announced[good.ID].Update(w.context(), in), discovery.ErrInstance)
		}
	}
	w.put(w.instance())
	v.becomes("the good ones")
	if n := v.count(discovery.Updated, good.ID); n != 0 {
		w.Errorf("updated %d times, want never", n)
	}
}

// testReadOnly: a backend that only reads says so.
func testReadOnly(w *town) {
	if w.Publish == nil {
		w.Skip("the backend announces")
	}
	a, err := w.backend().Announce(w.context(), w.instance())
	wantError(w.T, "Announce", err, discovery.ErrUnsupported)
	if a != nil {
		w.Errorf("Announce returned %v beside its error", a)
	}
}

// testConcurrentUse: all methods at once. The race detector is the judge, and
// in the end the truth.
func testConcurrentUse(w *town) {
	const workers, rounds = 4, 20
	b := w.backend()
	v := w.watch(b, "")
	var last [workers]discovery.Instance
	for i := range last {
		last[i] = w.instance()
	}
	var group sync.WaitGroup
	for i := range last {
		group.Go(func() {
			if err := w.use(b, last[i], rounds); err != nil {
				w.Errorf("worker %d: %v", i, err)
			}
		})
	}
	if w.Publish != nil {
		w.putAll(last[:], 0)
	}
	group.Wait()
	for _, in := range last {
		w.truth[in.ID] = in
	}
	v.becomes("what the workers left")
}

// use calls all methods of b some times. Unless b only reads, the instance is
// announced in the end.
func (w *town) use(b discovery.Backend, in discovery.Instance, rounds int) error {
	for i := range rounds {
		watcher, err := b.Watch(w.Context(), w.service())
		if err != nil {
			return fmt.Errorf("Watch: %w", err)
		}
		if _, err := watcher.Next(w.Context()); err != nil {
			return fmt.Errorf("first event: %w", err)
		}
		a, err := b.Announce(w.Context(), in)
		switch {
		case w.Publish != nil && !errors.Is(err, discovery.ErrUnsupported):
			return fmt.Errorf("Announce: %w, want ErrUnsupported", err)
		case w.Publish == nil && err != nil:
			return fmt.Errorf("Announce: %w", err)
		case w.Publish == nil:
			changed := in.Clone()
			changed.Name = fmt.Sprint("round ", i)
			if err := errors.Join(a.Update(w.Context(), changed), a.Update(w.Context(), in)); err != nil {
				return fmt.Errorf("Update: %w", err)
			}
			if i < rounds-1 {
				if err := a.Close(); err != nil {
					return fmt.Errorf("Close: %w", err)
				}
			}
		}
		_ = watcher.Close()
	}
	return nil
}
