package discovery

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// DefaultMaxInstances is how many instances a catalog takes unless told
// otherwise.
const DefaultMaxInstances = 4096

// A Catalog is the set of instances that a backend knows, and tells watchers
// of it. It is for those who write backends. The zero Catalog is ready to use.
// All methods are safe for concurrent use, and none waits.
//
// A watcher is told of the difference between what it was last told and what
// is there, so that one that does not keep up costs no memory, and learns of
// what came and went meanwhile only what still matters.
type Catalog struct {
	Max int // how many instances at most; 0 means DefaultMaxInstances. Set before first use

	mu        sync.Mutex
	instances map[ID]*Instance // the instances pointed to never change
	watchers  map[*Watcher]struct{}
	full      bool // the last Put of an unknown instance was refused
	closed    error
}

// Put says that the instance is there. It keeps a copy. An instance that is
// not valid, or one too many, changes nothing: the error matches ErrInstance
// or ErrFull. That the catalog is full is also told to the watchers, once until
// there is room again.
func (c *Catalog) Put(in *Instance) error {
	if err := in.Validate(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed != nil {
		return c.closed
	}
	old := c.instances[in.ID]
	if old != nil && old.Equal(in) {
		return nil
	}
	if old == nil && len(c.instances) >= c.max() {
		err := fmt.Errorf("%w: more than %d", ErrFull, c.max())
		if !c.full {
			c.full = true
			c.warn(Event{Kind: Warning, Err: err})
		}
		return err
	}
	if c.instances == nil {
		c.instances = make(map[ID]*Instance)
	}
	kept := in.Clone()
	c.instances[in.ID] = &kept
	c.changed(in.ID, nil)
	return nil
}

func (c *Catalog) max() int {
	if c.Max > 0 {
		return c.Max
	}
	return DefaultMaxInstances
}

// Remove says that the instance is not there any more, and why: ErrLeft or
// ErrExpired. One that is not known is no change.
func (c *Catalog) Remove(id ID, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.instances[id] == nil {
		return
	}
	delete(c.instances, id)
	c.full = false
	c.changed(id, why)
}

// Lookup returns the instance, and whether it is known.
func (c *Catalog) Lookup(id ID) (Instance, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := c.instances[id]
	if in == nil {
		return Instance{}, false
	}
	return in.Clone(), true
}

// Instances returns those of a service, or all if it is empty, ordered by ID.
func (c *Catalog) Instances(service string) []Instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Instance
	for _, in := range c.instances {
		if service == "" || in.Service == service {
			all = append(all, in.Clone())
		}
	}
	slices.SortFunc(all, func(a, b Instance) int { return a.ID.Compare(b.ID) })
	return all
}

// Warn tells all watchers that something is wrong. The instance may be the
// zero Instance.
func (c *Catalog) Warn(in Instance, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.warn(Event{Kind: Warning, Instance: in, Err: err})
}

// warn tells all watchers. The caller holds mu.
func (c *Catalog) warn(e Event) {
	for w := range c.watchers {
		w.warn(e)
	}
}

// changed tells the watchers that they should look at id. The caller holds mu.
func (c *Catalog) changed(id ID, why error) {
	for w := range c.watchers {
		w.look(id, why)
	}
}

// Watch returns a watcher of the instances of a service, or of all if it is
// empty. It ends when ctx is done, when it is closed, or with the catalog. When
// it has ended, onEnd is called, unless it is nil.
func (c *Catalog) Watch(ctx context.Context, service string, onEnd func()) *Watcher {
	w := &Watcher{
		catalog: c,
		service: service,
		told:    make(map[ID]*Instance),
		stale:   make(map[ID]error),
		wake:    make(chan struct{}, 1),
		ended:   make(chan struct{}),
		onEnd:   onEnd,
	}
	c.mu.Lock()
	for id := range c.instances {
		w.look(id, nil)
	}
	w.unsynced = len(w.queue)
	w.signal()
	if c.closed == nil {
		if c.watchers == nil {
			c.watchers = make(map[*Watcher]struct{})
		}
		c.watchers[w] = struct{}{}
	}
	closed := c.closed
	c.mu.Unlock()
	if closed != nil {
		w.end(closed)
		return w
	}
	stop := context.AfterFunc(ctx, func() { w.end(context.Cause(ctx)) })
	c.mu.Lock()
	w.stop = stop
	over := w.err != nil
	c.mu.Unlock()
	if over { // ended before there was something to stop
		stop()
	}
	return w
}

// Close ends all watchers with the error, or ErrClosed if it is nil. From then
// on the catalog takes nothing more.
func (c *Catalog) Close(err error) {
	if err == nil {
		err = ErrClosed
	}
	c.mu.Lock()
	if c.closed == nil {
		c.closed = err
	}
	watchers := make([]*Watcher, 0, len(c.watchers))
	for w := range c.watchers {
		watchers = append(watchers, w)
	}
	c.mu.Unlock()
	for _, w := range watchers {
		w.end(err)
	}
}
