package dnssrv

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/backoff"
)

// A Backend knows the instances that the DNS has under a name.
type Backend struct {
	settings settings
	catalog  discovery.Catalog
	resolver *resolver
	stop     context.CancelFunc
	asking   sync.WaitGroup

	// Of the goroutine that asks.
	failing    bool            // the last round failed, and watchers know
	complaints map[string]bool // what was wrong with the last answers, which watchers know
	pauses     backoff.Backoff // after rounds that failed
}

var _ discovery.Backend = (*Backend)(nil)

// New returns a backend that asks for the name, from now on. It does not wait
// for the first answer. A name that is none, an option that makes no sense and a
// system without a list of servers are an error.
func New(name string, opts ...Option) (*Backend, error) {
	s, err := newSettings(name, opts)
	if err != nil {
		return nil, err
	}
	r := &resolver{settings: s, client: client{timeout: s.timeout, dial: (&net.Dialer{}).DialContext}}
	if err := r.configure(); err != nil {
		return nil, err
	}
	b := newBackend(s, r)
	b.start()
	return b, nil
}

// newBackend returns a backend that does not ask yet.
func newBackend(s settings, r *resolver) *Backend {
	return &Backend{settings: s, resolver: r, pauses: backoff.Backoff{Min: min(minAge, s.maxAge), Max: s.maxAge}}
}

// start begins with the first round.
func (b *Backend) start() {
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	b.asking.Go(func() { b.run(ctx) })
}

// run asks round after round until ctx is done.
func (b *Backend) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		found, err := b.resolver.round(ctx)
		if ctx.Err() != nil {
			return // what failed then says nothing about the servers
		}
		timer.Reset(b.take(found, err))
	}
}

// take makes what a round found known, and returns when the next one is due.
func (b *Backend) take(found found, err error) time.Duration {
	if err != nil {
		if !b.failing {
			b.failing = true
			b.catalog.Warn(discovery.Instance{}, fmt.Errorf("brokerless: looking up %q: %w", b.settings.name, err))
		}
		return b.pauses.Next()
	}
	b.failing = false
	b.pauses.Reset()
	known := b.complaints
	b.complaints = make(map[string]bool)
	for _, err := range found.wrong {
		if text := err.Error(); !known[text] && !b.complaints[text] {
			b.catalog.Warn(discovery.Instance{}, err)
		}
		b.complaints[err.Error()] = true
	}
	for _, in := range b.catalog.Instances("") { // first, for the room
		if _, there := found.instances[in.ID]; !there && !found.unsure(&in) {
			b.catalog.Remove(in.ID, discovery.ErrLeft)
		}
	}
	for _, in := range found.ordered() {
		_ = b.catalog.Put(in) // valid; that there is no room is told to watchers
	}
	return b.due(found.age)
}

// due returns when to ask again: when the answers are too old, and a little
// later, or, if they must not grow as old as that, a little sooner, so that not
// all ask at once.
func (b *Backend) due(age time.Duration) time.Duration {
	oldest := b.settings.maxAge
	age = min(max(age, minAge), oldest)
	age += rand.N(age/10 + 1)
	if age > oldest {
		age = oldest - rand.N(oldest/10+1)
	}
	return age
}

// Announce returns discovery.ErrUnsupported: the zone is not ours to change.
func (b *Backend) Announce(context.Context, discovery.Instance) (discovery.Announcement, error) {
	return nil, discovery.ErrUnsupported
}

// Watch tells of the instances of a service, or of all if it is empty, as
// discovery.Backend says. It does not wait, not even for the first answer.
func (b *Backend) Watch(ctx context.Context, service string) (*discovery.Watcher, error) {
	return b.catalog.Watch(ctx, service, nil), nil
}

// Close ends the questions, and all watchers with discovery.ErrClosed. Again:
// nil.
func (b *Backend) Close() error {
	b.stop()
	b.asking.Wait()
	b.catalog.Close(nil)
	return nil
}
