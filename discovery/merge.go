package discovery

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Merge returns a backend that is all of these at once. It owns them: its
// Close closes them all.
//
// What is announced is announced by all, at the same time. One that returns
// ErrUnsupported is left out; that others fail is an error if none took the
// instance, and else a Warning to those who watch the service. The same holds
// for Update.
//
// A watcher sees one set. An instance is there while any of the backends says
// so, and is Removed for the reason that the last one gives. It is as the first
// of them, in the order given, says; endpoints that others know follow its own,
// as far as there is room. A backend whose watch ends is a Warning, and what it
// alone knew is Removed with ErrExpired; when the last one's ends, so does the
// watcher, with the errors of all.
func Merge(backends ...Backend) Backend {
	return &merged{backends: backends, unions: make(map[*union]struct{})}
}

// merged is several backends.
type merged struct {
	backends []Backend
	pumps    sync.WaitGroup // one for each backend and watcher

	mu     sync.Mutex
	closed bool
	unions map[*union]struct{} // what is being watched
}

// Announce announces the instance on all backends that can.
func (m *merged) Announce(ctx context.Context, in Instance) (Announcement, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	if m.isClosed() {
		return nil, ErrClosed
	}
	took := make([]Announcement, len(m.backends))
	failed := m.each(len(m.backends), func(i int) (err error) {
		if took[i], err = m.backends[i].Announce(ctx, in); err != nil {
			took[i] = nil // whatever came beside the error
			err = of(m.backends[i], err)
		}
		return err
	})
	a := &mergedAnnouncement{merged: m}
	for i, announcement := range took {
		if announcement != nil {
			a.all = append(a.all, announcement)
			a.by = append(a.by, m.backends[i])
		}
	}
	switch {
	case len(a.all) == 0 && failed == nil:
		return nil, ErrUnsupported
	case len(a.all) == 0:
		return nil, failed
	}
	m.warn(in, failed)
	return a, nil
}

// each calls f for 0 to n-1, at the same time, and joins the errors that are
// not ErrUnsupported.
func (m *merged) each(n int, f func(i int) error) error {
	failed := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			if err := f(i); !errors.Is(err, ErrUnsupported) {
				failed[i] = err
			}
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

// of says which backend an error is of.
func of(b Backend, err error) error { return fmt.Errorf("brokerless: %T: %w", b, err) }

// warn tells those who watch the instance's service of an error, unless it is
// nil.
func (m *merged) warn(in Instance, err error) {
	if err == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for u := range m.unions {
		u.catalog.Warn(in, err)
	}
}

func (m *merged) isClosed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}

// Close closes all backends and returns their errors.
func (m *merged) Close() error {
	m.mu.Lock()
	again := m.closed
	m.closed = true
	unions := make([]*union, 0, len(m.unions))
	for u := range m.unions {
		unions = append(unions, u)
	}
	m.mu.Unlock()
	for _, u := range unions { // before their sources end with less to say
		u.catalog.Close(nil)
	}
	var failed error
	if !again {
		failed = m.each(len(m.backends), func(i int) error { return m.backends[i].Close() })
	}
	m.pumps.Wait()
	return failed
}

// A mergedAnnouncement is an instance that several backends announce.
type mergedAnnouncement struct {
	merged *merged
	all    []Announcement
	by     []Backend // of the same length
}

// Update changes what all of them say.
func (a *mergedAnnouncement) Update(ctx context.Context, in Instance) error {
	took := make([]bool, len(a.all))
	failed := a.merged.each(len(a.all), func(i int) error {
		err := a.all[i].Update(ctx, in)
		if took[i] = err == nil; !took[i] {
			err = of(a.by[i], err)
		}
		return err
	})
	for _, ok := range took {
		if ok {
			a.merged.warn(in, failed)
			return nil
		}
	}
	return failed
}

// Close withdraws the instance everywhere, and returns the errors of all.
func (a *mergedAnnouncement) Close() error {
	return a.merged.each(len(a.all), func(i int) error { return a.all[i].Close() })
}
