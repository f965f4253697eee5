package discovery

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
)

// A union is what several backends know of a service, for one watcher.
type union struct {
	catalog Catalog

	mu      sync.Mutex
	said    []map[ID]Instance // by each backend
	ended   []error           // of those whose watch has ended
	watched bool              // there is a watcher
	early   []Event           // warnings from before there was
}

// Watch watches all backends. It has read what they know when it returns, for
// the watcher to have it before Synced; no backend makes anybody wait for that.
func (m *merged) Watch(ctx context.Context, service string) (*Watcher, error) {
	u := &union{said: make([]map[ID]Instance, len(m.backends))}
	u.catalog.Max = math.MaxInt // each backend has its own limit
	pumping, stop := context.WithCancel(context.WithoutCancel(ctx))
	sources := make([]*Watcher, len(m.backends))
	for i, b := range m.backends {
		u.said[i] = make(map[ID]Instance)
		source, err := b.Watch(pumping, service)
		if err == nil {
			err = u.fill(ctx, i, source)
		}
		if ctx.Err() != nil {
			stop()
			return nil, context.Cause(ctx)
		}
		if err != nil {
			u.end(i, of(b, err))
			continue
		}
		sources[i] = source
	}
	if err := u.over(); err != nil {
		stop()
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		stop()
		return nil, ErrClosed
	}
	w := u.catalog.Watch(ctx, service, func() {
		stop()
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.unions, u)
	})
	m.unions[u] = struct{}{}
	u.begin()
	for i, source := range sources {
		if source != nil {
			m.pumps.Go(func() { u.pump(pumping, i, source, m.backends[i]) })
		}
	}
	return w, nil
}

// fill takes what a backend knows already.
func (u *union) fill(ctx context.Context, i int, source *Watcher) error {
	for {
		e, err := source.Next(ctx)
		if err != nil {
			return err
		}
		if e.Kind == Synced {
			return nil
		}
		u.take(i, e)
	}
}

// pump takes what a backend comes to know, until nobody wants it any more.
func (u *union) pump(ctx context.Context, i int, source *Watcher, b Backend) {
	for {
		e, err := source.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			u.end(i, of(b, err))
			if err := u.over(); err != nil {
				u.catalog.Close(err)
			}
			return
		}
		u.take(i, e)
	}
}

// take takes an event of a backend.
func (u *union) take(i int, e Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch e.Kind {
	case Added, Updated:
		u.said[i][e.Instance.ID] = e.Instance
		u.settle(e.Instance.ID, nil)
	case Removed:
		delete(u.said[i], e.Instance.ID)
		u.settle(e.Instance.ID, e.Err)
	case Warning:
		u.warn(e)
	}
}

// end forgets what a backend said whose watch ended, unless it was the last
// one: then the watcher ends.
func (u *union) end(i int, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ended = append(u.ended, err)
	if len(u.ended) == len(u.said) {
		return
	}
	said := u.said[i]
	u.said[i] = nil
	u.warn(Event{Kind: Warning, Err: err})
	for id := range said {
		u.settle(id, ErrExpired)
	}
}

// over returns why the watch of the last backend ended, and of those before.
func (u *union) over() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.ended) == 0 || len(u.ended) < len(u.said) {
		return nil
	}
	return errors.Join(u.ended...)
}

// warn tells the watcher, or keeps it for the watcher to come. The caller holds
// mu.
func (u *union) warn(e Event) {
	if u.watched {
		u.catalog.Warn(e.Instance, e.Err)
	} else {
		u.early = append(u.early, e)
	}
}

// begin tells the watcher that is there now of the warnings from before.
func (u *union) begin() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.watched = true
	for _, e := range u.early {
		u.warn(e)
	}
	u.early = nil
}

// settle makes the instance what all backends together say of it. The caller
// holds mu.
func (u *union) settle(id ID, why error) {
	var all Instance
	known := false
	for _, said := range u.said {
		in, ok := said[id]
		switch {
		case !ok:
		case !known:
			all, known = in.Clone(), true
		default:
			all.reach(in.Endpoints)
		}
	}
	if !known {
		u.catalog.Remove(id, why)
		return
	}
	_ = u.catalog.Put(&all) // valid, and there is room
}

// reach adds the endpoints that are not there, as far as the instance stays
// valid.
func (in *Instance) reach(endpoints []string) {
	for _, e := range endpoints {
		if slices.Contains(in.Endpoints, e) {
			continue
		}
		in.Endpoints = append(in.Endpoints, e)
		if in.Validate() != nil { // too many, or too long
			in.Endpoints = in.Endpoints[:len(in.Endpoints)-1]
		}
	}
}
