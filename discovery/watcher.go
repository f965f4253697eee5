package discovery

import (
	"context"
	"fmt"
	"iter"
	"sync"
)

// maxWarnings is how many warnings wait for a watcher that does not read.
const maxWarnings = 64

// A Watcher tells of the instances of a service as they come, change and go.
// Its methods are safe for concurrent use; each event goes to one caller.
type Watcher struct {
	catalog *Catalog
	service string
	onEnd   func()
	wake    chan struct{} // of capacity 1: there may be something to tell
	ended   chan struct{}
	once    sync.Once

	// Guarded by the catalog's lock.
	told     map[ID]*Instance // what the reader knows
	stale    map[ID]error     // to look at again, and why they went if they did
	queue    []ID             // in which order; those not in stale any more are passed over
	unsynced int              // how many of queue come before Synced; -1 after it
	warnings []Event
	lost     int // warnings there was no room for
	err      error
	stop     func() bool // ends the wait for the end of its context
}

// Next waits for the next event and returns it. The instance is the caller's
// to keep. It returns ctx's error, or, once the watcher has ended, why:
// ErrClosed or the error of the context given to Watch.
func (w *Watcher) Next(ctx context.Context) (Event, error) {
	for {
		e, ok, err := w.take()
		if ok || err != nil {
			return e, err
		}
		select {
		case <-w.wake:
		case <-w.ended:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

// Events returns the events to range over, until ctx is done, the loop is
// left or the watcher ends. The last pair has the error, if there is one.
func (w *Watcher) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			e, err := w.Next(ctx)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Close ends the watcher: Next returns ErrClosed from now on. Again: nil.
func (w *Watcher) Close() error {
	w.end(ErrClosed)
	return nil
}

// take returns the next event, if there is one.
func (w *Watcher) take() (Event, bool, error) {
	c := w.catalog
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.err != nil {
		return Event{}, false, w.err
	}
	for {
		if w.unsynced == 0 {
			w.unsynced = -1
			w.signal()
			return Event{Kind: Synced}, true, nil
		}
		if len(w.warnings) > 0 {
			e := w.warnings[0]
			w.warnings = w.warnings[1:]
			if len(w.warnings) == 0 && w.lost > 0 {
				e.Err = fmt.Errorf("%w (and %d more warnings)", e.Err, w.lost)
				w.lost = 0
			}
			w.signal()
			return e, true, nil
		}
		if len(w.queue) == 0 {
			return Event{}, false, nil
		}
		id := w.queue[0]
		w.queue = w.queue[1:]
		if w.unsynced > 0 {
			w.unsynced--
		}
		why, ok := w.stale[id]
		if !ok {
			continue // came and went unseen
		}
		delete(w.stale, id)
		if e, ok := w.difference(id, why); ok {
			w.signal()
			return e, true, nil
		}
	}
}

// difference returns what is new about an instance since the reader was last
// told of it.
func (w *Watcher) difference(id ID, why error) (Event, bool) {
	known, now := w.told[id], w.catalog.instances[id]
	if now != nil && w.service != "" && now.Service != w.service {
		now, why = nil, ErrLeft // for another service
	}
	switch {
	case known == nil && now == nil:
		return Event{}, false
	case known == nil:
		w.told[id] = now
		return Event{Kind: Added, Instance: now.Clone()}, true
	case now == nil:
		delete(w.told, id)
		return Event{Kind: Removed, Instance: known.Clone(), Err: why}, true
	case known.Equal(now):
		w.told[id] = now
		return Event{}, false
	default:
		w.told[id] = now
		return Event{Kind: Updated, Instance: now.Clone()}, true
	}
}

// look puts id among what is to be told, or takes it out if there is nothing
// to tell any more. The caller holds the catalog's lock.
func (w *Watcher) look(id ID, why error) {
	now := w.catalog.instances[id]
	if w.told[id] == nil && (now == nil || w.service != "" && now.Service != w.service) {
		delete(w.stale, id)
		w.compact()
		return
	}
	if _, queued := w.stale[id]; !queued {
		w.queue = append(w.queue, id)
	}
	w.stale[id] = why
	w.signal()
}

// compact frees the places in the queue of what came and went unseen, once they
// are most of it.
func (w *Watcher) compact() {
	if len(w.queue) < 2*len(w.stale)+64 {
		return
	}
	kept := make([]ID, 0, len(w.stale))
	placed := make(map[ID]struct{}, len(w.stale))
	unsynced := 0
	for i, id := range w.queue {
		_, twice := placed[id]
		if _, queued := w.stale[id]; !queued || twice {
			continue
		}
		placed[id] = struct{}{}
		kept = append(kept, id)
		if i < w.unsynced {
			unsynced++
		}
	}
	w.queue = kept
	if w.unsynced > 0 {
		w.unsynced = unsynced
		w.signal() // if none are left, for Synced
	}
}

// warn puts a warning among what is to be told, if there is room. The caller
// holds the catalog's lock.
func (w *Watcher) warn(e Event) {
	if w.service != "" && e.Instance.Service != "" && e.Instance.Service != w.service {
		return
	}
	if len(w.warnings) >= maxWarnings {
		w.lost++
		return
	}
	w.warnings = append(w.warnings, e)
	w.signal()
}

func (w *Watcher) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// end ends the watcher, once.
func (w *Watcher) end(err error) {
	w.once.Do(func() {
		c := w.catalog
		c.mu.Lock()
		w.err = err
		delete(c.watchers, w)
		w.told, w.stale, w.queue, w.warnings = nil, nil, nil, nil
		stop := w.stop
		c.mu.Unlock()
		if stop != nil {
			stop()
		}
		close(w.ended)
		if w.onEnd != nil {
			w.onEnd()
		}
	})
}
