package discoverytest

import (
	"context"
	"sync"

	"github.com/brokerless/brokerless/discovery"
)

// A Network is a network in memory. All backends of one Network find what any
// of them announces, at once. The zero Network is ready to use; its methods are
// safe for concurrent use.
type Network struct {
	catalog discovery.Catalog
}

// Backend returns one more backend of the network. It leaves endpoints as they
// are: there are no hosts whose addresses could stand for a wildcard.
func (n *Network) Backend() discovery.Backend {
	return &backend{
		network:       n,
		announcements: make(map[*announcement]struct{}),
		watchers:      make(map[*discovery.Watcher]struct{}),
	}
}

// backend is a Backend of a Network.
type backend struct {
	network *Network

	mu            sync.Mutex
	closed        bool
	announcements map[*announcement]struct{}
	watchers      map[*discovery.Watcher]struct{}
}

func (b *backend) Announce(_ context.Context, in discovery.Instance) (discovery.Announcement, error) {
	a := &announcement{backend: b, id: in.ID}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, discovery.ErrClosed
	}
	if err := b.network.put(in); err != nil {
		return nil, err
	}
	b.announcements[a] = struct{}{}
	return a, nil
}

func (n *Network) put(in discovery.Instance) error {
	if in.Version == 0 {
		in.Version = discovery.Version
	}
	return n.catalog.Put(&in)
}

func (b *backend) Watch(ctx context.Context, service string) (*discovery.Watcher, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, discovery.ErrClosed
	}
	var w *discovery.Watcher
	w = b.network.catalog.Watch(ctx, service, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.watchers, w)
	})
	b.watchers[w] = struct{}{}
	return w, nil
}

func (b *backend) Close() error {
	b.mu.Lock()
	b.closed = true
	for a := range b.announcements {
		b.network.catalog.Remove(a.id, discovery.ErrLeft)
	}
	b.announcements = nil
	watchers := make([]*discovery.Watcher, 0, len(b.watchers))
	for w := range b.watchers {
		watchers = append(watchers, w)
	}
	b.mu.Unlock()
	for _, w := range watchers {
		_ = w.Close()
	}
	return nil
}

// announcement is an Announcement in a Network.
type announcement struct {
	backend *backend
	id      discovery.ID
}

func (a *announcement) Update(_ context.Context, in discovery.Instance) error {
	b := a.backend
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, there := b.announcements[a]; !there {
		return discovery.ErrClosed
	}
	in.ID = a.id
	return b.network.put(in)
}

func (a *announcement) Close() error {
	b := a.backend
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, there := b.announcements[a]; there {
		delete(b.announcements, a)
		b.network.catalog.Remove(a.id, discovery.ErrLeft)
	}
	return nil
}
