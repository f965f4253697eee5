package discovery_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/leakcheck"
)

// A model is what a watcher's events say, checked one by one.
type model struct {
	*testing.T
	watcher *discovery.Watcher
	service string
	have    map[discovery.ID]discovery.Instance
	synced  int
}

func newModel(t *testing.T, c *discovery.Catalog, service string) *model {
	t.Helper()
	m := &model{t, c.Watch(t.Context(), service, nil), service, make(map[discovery.ID]discovery.Instance), 0}
	t.Cleanup(func() { m.watcher.Close() })
	return m
}

// apply takes an event that must follow from those before.
func (m *model) apply(e discovery.Event) {
	m.Helper()
	id := e.Instance.ID
	known, ok := m.have[id]
	switch {
	case e.Kind == discovery.Synced && m.synced == 0:
		m.synced++
	case e.Kind == discovery.Added && !ok, e.Kind == discovery.Updated && ok && !known.Equal(&e.Instance):
		if m.service != "" && e.Instance.Service != m.service {
			m.Fatalf("watching %q: %q", m.service, e)
		}
		m.have[id] = e.Instance
	case e.Kind == discovery.Removed && ok && known.Equal(&e.Instance) && e.Err != nil:
		delete(m.have, id)
	default:
		m.Fatalf("event %q, where %+v was known", e, known)
	}
}

// read takes at most n of the events that are there.
func (m *model) read(n int) {
	m.Helper()
	now, cancel := context.WithCancel(m.Context())
	cancel()
	for range n {
		e, err := m.watcher.Next(now)
		if errors.Is(err, context.Canceled) {
			return
		}
		if err != nil {
			m.Fatal(err)
		}
		m.apply(e)
	}
}

func (m *model) is(truth map[discovery.ID]discovery.Instance) {
	m.Helper()
	want := maps.Clone(truth)
	maps.DeleteFunc(want, func(_ discovery.ID, in discovery.Instance) bool { return m.service != "" && in.Service != m.service })
	equal := func(a, b discovery.Instance) bool { return a.Equal(&b) }
	if !maps.EqualFunc(m.have, want, equal) {
		m.Errorf("watching %q: have %v, want %v", m.service, m.have, want)
	}
	if m.synced != 1 {
		m.Errorf("watching %q: synced %d times, want once", m.service, m.synced)
	}
}

// After any changes, read as slowly as may be, each watcher's view is the truth.
func TestCatalogModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var c discovery.Catalog
	truth := make(map[discovery.ID]discovery.Instance)
	var pool []discovery.ID
	for range 30 {
		pool = append(pool, discovery.NewID())
	}
	services := []string{"orders", "bills", ""}
	var models []*model
	for step := range 1000 {
		id := pool[random.IntN(len(pool))]
		if random.IntN(20) == 0 {
			id = discovery.NewID() // one that comes once
		}
		if _, there := truth[id]; there && random.IntN(2) == 0 {
			delete(truth, id)
			c.Remove(id, []error{discovery.ErrLeft, discovery.ErrExpired}[random.IntN(2)])
		} else {
			in := instance(fmt.Sprintf("tcp://a.example:%d", 1+random.IntN(3)))
			in.ID, in.Service = id, services[random.IntN(2)]
			truth[id] = in
			if err := c.Put(&in); err != nil {
				t.Fatal(err)
			}
		}
		if step%50 == 0 {
			models = append(models, newModel(t, &c, services[random.IntN(3)]))
		}
		models[random.IntN(len(models))].read(random.IntN(20)) // the first ones are seldom read
		if step%100 == 99 {
			m := models[random.IntN(len(models))]
			m.read(10_000)
			m.is(truth)
		}
	}
	for _, m := range models {
		m.read(10_000)
		m.is(truth)
	}
	if got := c.Instances(""); len(got) != len(truth) {
		t.Errorf("%d instances, want %d", len(got), len(truth))
	}
}

// What was known comes before Synced, what comes then after it.
func TestSyncedOnce(t *testing.T) {
	for _, n := range []int{0, 1, 100} {
		var c discovery.Catalog
		for range n {
			in := instance("tcp://a.example:1")
			if err := c.Put(&in); err != nil {
				t.Fatal(err)
			}
		}
		m := newModel(t, &c, "orders")
		for range n {
			in := instance("tcp://b.example:1")
			if err := c.Put(&in); err != nil {
				t.Fatal(err)
			}
		}
		for i := range n {
			if m.read(1); m.synced != 0 {
				t.Fatalf("synced after %d of %d", i, n)
			}
		}
		if m.read(1); m.synced != 1 {
			t.Fatalf("not synced after %d", n)
		}
		if m.read(10_000); len(m.have) != 2*n {
			t.Errorf("%d instances, want %d", len(m.have), 2*n)
		}
	}
}

// Warnings that nobody reads are counted, and the last one tells how many.
func TestWarningsAreBounded(t *testing.T) {
	var c discovery.Catalog
	w := c.Watch(t.Context(), "orders", nil)
	defer w.Close()
	c.Warn(discovery.Instance{Service: "bills"}, errors.New("not of concern"))
	for i := range 10_000 {
		c.Warn(discovery.Instance{}, fmt.Errorf("warning %d", i))
	}
	expect(t, w, discovery.Synced)
	var last discovery.Event
	for i := range 64 {
		last = expect(t, w, discovery.Warning)
		if i == 0 && last.Err.Error() != "warning 0" {
			t.Errorf("first warning %q", last.Err)
		}
	}
	if want := "warning 63 (and 9936 more warnings)"; last.Err.Error() != want {
		t.Errorf("last warning %q, want %q", last.Err, want)
	}
	c.Warn(discovery.Instance{}, errors.New("another"))
	if e := expect(t, w, discovery.Warning); e.Err.Error() != "another" {
		t.Errorf("warning %q, want the next one", e.Err)
	}
}

// A full catalog refuses the next one and says so, once until there is room.
func TestCatalogFull(t *testing.T) {
	c := discovery.Catalog{Max: 2}
	w := c.Watch(t.Context(), "", nil)
	defer w.Close()
	var all []discovery.Instance
	for range 5 {
		all = append(all, instance("tcp://a.example:1"))
	}
	put := func(i int, want error) {
		t.Helper()
		if err := c.Put(&all[i]); !errors.Is(err, want) {
			t.Errorf("Put: %v, want %v", err, want)
		}
	}
	put(0, nil)
	put(1, nil)
	for range 3 {
		put(2, discovery.ErrFull)
	}
	put(0, nil) // known
	all[1].Name = "changed"
	put(1, nil)
	c.Remove(all[0].ID, discovery.ErrLeft)
	put(3, nil)
	put(4, discovery.ErrFull)
	full := 0
	for range 5 {
		if e := must(w.Next(bounded(t))); errors.Is(e.Err, discovery.ErrFull) {
			full++
		}
	}
	if full != 2 {
		t.Errorf("%d warnings, want one each time that it was full", full)
	}
	if _, ok := c.Lookup(all[4].ID); ok {
		t.Error("one too many is known")
	}
	if in, ok := c.Lookup(all[1].ID); !ok || !in.Equal(&all[1]) {
		t.Errorf("have %+v, want %+v", in, all[1])
	}
}

// Whoever ends it, a watcher ends once, gives its reason for good, and lets go
// of all it knew.
func TestWatcherEnds(t *testing.T) {
	cause := errors.New("enough")
	for name, end := range map[string]func(w *discovery.Watcher, c *discovery.Catalog, cancel context.CancelCauseFunc){
		"Close":   func(w *discovery.Watcher, _ *discovery.Catalog, _ context.CancelCauseFunc) { w.Close() },
		"Catalog": func(_ *discovery.Watcher, c *discovery.Catalog, _ context.CancelCauseFunc) { c.Close(nil) },
		"Reason":  func(_ *discovery.Watcher, c *discovery.Catalog, _ context.CancelCauseFunc) { c.Close(cause) },
		"Context": func(_ *discovery.Watcher, _ *discovery.Catalog, cancel context.CancelCauseFunc) { cancel(cause) },
	} {
		t.Run(name, func(t *testing.T) {
			leakcheck.Check(t)
			var c discovery.Catalog
			in := instance("tcp://a.example:1")
			if err := c.Put(&in); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			ended := make(chan struct{}, 10)
			w := c.Watch(ctx, "", func() { ended <- struct{}{} })
			expect(t, w, discovery.Added, "tcp://a.example:1")
			expect(t, w, discovery.Synced)
			waiting := make(chan error)
			for range 3 {
				go func() {
					_, err := w.Next(context.Background())
					waiting <- err
				}()
			}
			want := discovery.ErrClosed
			if name == "Reason" || name == "Context" {
				want = cause
			}
			end(w, &c, cancel)
			for range 3 {
				if err := <-waiting; !errors.Is(err, want) {
					t.Errorf("Next: %v, want %v", err, want)
				}
			}
			<-ended
			w.Close()
			cancel(nil)
			if _, err := w.Next(t.Context()); !errors.Is(err, want) {
				t.Errorf("Next after the end: %v, want %v", err, want)
			}
			if len(ended) != 0 {
				t.Error("ended twice")
			}
		})
	}
}

// A closed catalog takes nothing, and its watchers have ended.
func TestCatalogClosed(t *testing.T) {
	var c discovery.Catalog
	c.Close(nil)
	c.Close(errors.New("later"))
	in := instance("tcp://a.example:1")
	if err := c.Put(&in); !errors.Is(err, discovery.ErrClosed) {
		t.Errorf("Put: %v, want ErrClosed", err)
	}
	c.Remove(in.ID, nil)
	ended := 0
	w := c.Watch(t.Context(), "", func() { ended++ })
	if _, err := w.Next(t.Context()); !errors.Is(err, discovery.ErrClosed) || ended != 1 {
		t.Errorf("Next: %v, ended %d times, want ErrClosed and once", err, ended)
	}
}

// Two thousand watchers that were left to their contexts leave nothing.
func TestEndedWatchersAreForgotten(t *testing.T) {
	leakcheck.Check(t)
	var c discovery.Catalog
	for range 100 {
		in := instance("tcp://a.example:1")
		if err := c.Put(&in); err != nil {
			t.Fatal(err)
		}
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	var group sync.WaitGroup
	for i := range 2000 {
		ctx, cancel := context.WithCancel(t.Context())
		group.Add(1)
		w := c.Watch(ctx, "", group.Done)
		for range i % 120 {
			if _, err := w.Next(ctx); err != nil {
				t.Fatal(err)
			}
			if i%120 > 100 {
				break
			}
		}
		cancel()
	}
	group.Wait()
	if after := heap(); after > before+2<<20 {
		t.Errorf("%d octets of heap more than before", after-before)
	}
	runtime.KeepAlive(&c)
}

// All methods at once. The race detector is the judge, and at last the truth.
func TestCatalogConcurrently(t *testing.T) {
	leakcheck.Check(t)
	var c discovery.Catalog
	var group sync.WaitGroup
	const writers, readers, steps = 8, 8, 300
	done := make(chan struct{})
	for range readers {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				ctx, cancel := context.WithCancel(context.Background())
				w := c.Watch(ctx, "", nil)
				for range 10 { // two callers of one watcher
					var pair sync.WaitGroup
					for range 2 {
						pair.Go(func() {
							now, stop := context.WithCancel(ctx)
							stop()
							_, _ = w.Next(now)
						})
					}
					pair.Wait()
				}
				cancel()
				w.Close()
			}
		})
	}
	var mu sync.Mutex
	truth := make(map[discovery.ID]discovery.Instance)
	watching := newModel(t, &c, "")
	var writing sync.WaitGroup
	for range writers {
		writing.Go(func() {
			own := make(map[discovery.ID]discovery.Instance)
			for i := range steps {
				in := instance(fmt.Sprintf("tcp://a.example:%d", i+1))
				if err := c.Put(&in); err != nil {
					t.Error(err)
				}
				own[in.ID] = in
				for id := range own {
					if len(own) > 5 {
						delete(own, id)
						c.Remove(id, discovery.ErrLeft)
					}
				}
				c.Lookup(in.ID)
				c.Instances("orders")
			}
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(truth, own)
		})
	}
	writing.Wait()
	close(done)
	group.Wait()
	watching.read(1_000_000)
	watching.is(truth)
}
