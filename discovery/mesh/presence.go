package mesh

import (
	"context"
	"iter"
	"sync"
	"time"
)

// audience is who is told of presence. It is guarded by the node's lock.
type audience struct {
	mu       *sync.Mutex
	watchers map[*Presence]struct{}
	history  history
	onChange func()
	closed   bool
}

func newAudience(mu *sync.Mutex, onChange func()) *audience {
	return &audience{mu: mu, watchers: make(map[*Presence]struct{}), onChange: onChange}
}

// changed tells of m as it is now. The caller holds mu.
func (a *audience) changed(m *member) {
	e := Event{Kind: Updated, Time: time.Now(), Peer: m.outline(), Reason: m.reason, Err: m.err}
	if m.told != m.is {
		m.told = m.is
		e.Kind, e.Time = Changed, m.since
	}
	a.history.add(e)
	for w := range a.watchers {
		w.look(m)
	}
	a.onChange()
}

// warn tells that something is wrong. The caller holds mu.
func (a *audience) warn(e Event) {
	e.Kind = Warning
	a.tell(e)
}

// tell tells of something that is no change of a member. The caller holds mu.
func (a *audience) tell(e Event) {
	a.history.add(e)
	for w := range a.watchers {
		w.warn(e)
	}
}

// close ends all watchers. The caller holds mu.
func (a *audience) close() {
	a.closed = true
	for w := range a.watchers {
		w.end(ErrClosed)
	}
}

const (
	maxWarnings = 64  // that wait for a watcher that does not read
	minQueue    = 256 // members that may wait for one, however few there are
)

// Presence is a watch of who is in the mesh. Its methods are safe for
// concurrent use; each event goes to one caller.
type Presence struct {
	audience *audience
	signal   chan struct{} // of capacity 1: there may be something to tell
	ended    chan struct{}

	// Guarded by the audience's lock.
	told     map[*member]seen
	queue    []*member // to look at again, each once
	queued   map[*member]bool
	limit    int // of the queue, at which it is thinned
	unsynced int // how many of queue come before Synced; -1 after it
	warnings []Event
	err      error
	stop     func() bool
}

// seen is what a watcher knows of a member.
type seen struct {
	is       State
	state    *state
	name     string
	draining bool
}

func (m *member) seen() seen { return seen{m.is, m.state, m.name, m.draining} }

// Presence returns a watch that first tells of the peers that are there now and
// of up to 64 that are NotLinked, then Synced, then of each change, until ctx is done, it is closed or the node
// has left. A watcher that does not keep up is told what has become of each
// peer, but not each step; it costs no memory and holds nobody up.
func (n *Node) Presence(ctx context.Context) *Presence {
	n.mu.Lock()
	w := n.audience.watch(n.roster, n.apart.events(maxWarnings))
	n.mu.Unlock()
	stop := context.AfterFunc(ctx, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		w.end(context.Cause(ctx))
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	if w.stop = stop; w.err != nil {
		stop()
	}
	return w
}

// watch returns a new watcher of r, which is told of some events first. The
// caller holds mu.
func (a *audience) watch(r *roster, first []Event) *Presence {
	w := &Presence{
		audience: a,
		signal:   make(chan struct{}, 1),
		ended:    make(chan struct{}),
		told:     make(map[*member]seen),
		queued:   make(map[*member]bool),
		limit:    minQueue,
		warnings: first,
	}
	for _, m := range r.members {
		w.look(m)
	}
	w.unsynced = len(w.queue)
	w.wake()
	if a.closed {
		w.end(ErrClosed)
	} else {
		a.watchers[w] = struct{}{}
	}
	return w
}

// Next waits for the next event and returns it; or ctx's error; or, once the
// watch has ended, why: ErrClosed or the error of the context given to Presence.
func (w *Presence) Next(ctx context.Context) (Event, error) {
	for {
		e, ok, err := w.take()
		if ok || err != nil {
			return e, err
		}
		select {
		case <-w.signal:
		case <-w.ended:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

// Events returns the events to range over, until ctx is done, the loop is left
// or the watch has ended.
func (w *Presence) Events(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			e, err := w.Next(ctx)
			if err != nil || !yield(e) {
				return
			}
		}
	}
}

// Close ends the watch: Next returns ErrClosed from now on. Again: nothing.
func (w *Presence) Close() {
	w.audience.mu.Lock()
	defer w.audience.mu.Unlock()
	w.end(ErrClosed)
}

// take returns the next event, if there is one.
func (w *Presence) take() (Event, bool, error) {
	w.audience.mu.Lock()
	defer w.audience.mu.Unlock()
	if w.err != nil {
		return Event{}, false, w.err
	}
	for {
		switch {
		case len(w.warnings) > 0:
			e := w.warnings[0]
			w.warnings = w.warnings[1:]
			w.wake()
			return e, true, nil
		case w.unsynced == 0:
			w.unsynced = -1
			w.wake()
			return Event{Kind: Synced, Time: time.Now()}, true, nil
		case len(w.queue) == 0:
			return Event{}, false, nil
		}
		m := w.queue[0]
		w.queue = w.queue[1:]
		delete(w.queued, m)
		if w.unsynced > 0 {
			w.unsynced--
		}
		if e, ok := w.difference(m); ok {
			w.wake()
			return e, true, nil
		}
	}
}

// difference returns what is new about m since the reader was last told of it.
func (w *Presence) difference(m *member) (Event, bool) {
	before, known := w.told[m]
	now := m.seen()
	if !known && m.is == Gone && !m.reason.Refused() || known && before == now {
		return Event{}, false // came and went unseen, or is back to what it was
	}
	w.told[m] = now
	if m.is == Gone {
		delete(w.told, m)
	}
	e := Event{Kind: Changed, Time: m.since, Peer: m.snapshot(), Reason: m.reason, Err: m.err}
	if known && before.is == m.is {
		e.Kind, e.Time, e.Err = Updated, time.Now(), nil
	}
	return e, true
}

// look puts m among what is to be told. The caller holds mu.
func (w *Presence) look(m *member) {
	if !w.queued[m] {
		w.queued[m] = true
		if w.queue = append(w.queue, m); len(w.queue) >= w.limit {
			w.thin()
		}
	}
	w.wake()
}

// thin takes out of the queue who came and went untold, so that it is as long
// as there are peers, told and present.
func (w *Presence) thin() {
	kept := w.queue[:0]
	unsynced := w.unsynced
	for i, m := range w.queue {
		if _, known := w.told[m]; m.is == Gone && !known {
			delete(w.queued, m)
			if i < unsynced {
				w.unsynced--
			}
			continue
		}
		kept = append(kept, m)
	}
	clear(w.queue[len(kept):])
	w.queue = kept
	w.limit = 2*len(kept) + minQueue
}

func (w *Presence) warn(e Event) {
	if len(w.warnings) < maxWarnings {
		w.warnings = append(w.warnings, e)
		w.wake()
	}
}

func (w *Presence) wake() {
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

// end ends the watch, once. The caller holds mu.
func (w *Presence) end(err error) {
	if w.err != nil {
		return
	}
	w.err = err
	delete(w.audience.watchers, w)
	w.told, w.queue, w.queued, w.warnings = nil, nil, nil, nil
	if w.stop != nil {
		w.stop()
	}
	close(w.ended)
}
