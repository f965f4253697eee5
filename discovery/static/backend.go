package static

import (
	"context"
	"sync"

	"github.com/brokerless/brokerless/discovery"
)

// A Backend knows the instances of a list or of a file.
type Backend struct {
	catalog discovery.Catalog
	stop    context.CancelFunc // ends the reading of the file
	reading sync.WaitGroup
}

var _ discovery.Backend = (*Backend)(nil)

// New returns a backend that knows these instances, for good. One without an id
// gets the id that an entry of a file would have. An instance that is not valid,
// and two with one id, are an error that matches discovery.ErrInstance.
func New(instances ...discovery.Instance) (*Backend, error) {
	set, err := newSet(instances)
	if err != nil {
		return nil, err
	}
	b := &Backend{stop: func() {}}
	if err := b.become(set); err != nil {
		return nil, err
	}
	return b, nil
}

// become makes the set the one that is known.
func (b *Backend) become(set map[discovery.ID]discovery.Instance) error {
	for _, in := range b.catalog.Instances("") { // first, for the room
		if _, stays := set[in.ID]; !stays {
			b.catalog.Remove(in.ID, discovery.ErrLeft)
		}
	}
	for _, in := range set {
		if err := b.catalog.Put(&in); err != nil {
			return err
		}
	}
	return nil
}

// Announce returns discovery.ErrUnsupported: the list is not ours to change.
func (b *Backend) Announce(context.Context, discovery.Instance) (discovery.Announcement, error) {
	return nil, discovery.ErrUnsupported
}

// Watch tells of the instances of a service, or of all if it is empty, as
// discovery.Backend says. It does not wait.
func (b *Backend) Watch(ctx context.Context, service string) (*discovery.Watcher, error) {
	return b.catalog.Watch(ctx, service, nil), nil
}

// Close ends all watchers with discovery.ErrClosed, and the reading of the
// file. Again: nil.
func (b *Backend) Close() error {
	b.stop()
	b.reading.Wait()
	b.catalog.Close(nil)
	return nil
}
