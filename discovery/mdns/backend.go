package mdns

import (
	"context"
	"fmt"
	"sync"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/lan"
)

// A Backend announces and finds instances by multicast DNS. Its methods are
// safe for concurrent use.
type Backend struct {
	station *station
	cancel  context.CancelFunc
	done    sync.WaitGroup // the goroutines of the backend
	closing sync.Once
}

var _ discovery.Backend = (*Backend)(nil)

// New opens a backend: its sockets on port 5353, which it shares with other
// responders of the host, and its goroutines. When no interface can be used the
// error is a *NoInterfaceError; interfaces that come and go later are followed. A
// program that starts with the system should try again: a link that has no
// carrier yet, or no address, cannot be used.
func New(opts ...Option) (*Backend, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	choice := lan.Options{Names: c.interfaces}
	links, refused, err := c.links(choice)
	if err != nil {
		return nil, fmt.Errorf("brokerless: mdns: %w", err)
	}
	usable, deaf := multicast(links, c.interfaces)
	if len(usable) == 0 {
		e := &NoInterfaceError{}
		for _, r := range append(refused, deaf...) {
			e.Interfaces = append(e.Interfaces, Interface{Name: r.Name, Reason: r.Reason})
		}
		return nil, e
	}
	s := newStation(c)
	if s.net, err = c.open(s.receive); err != nil {
		return nil, fmt.Errorf("brokerless: mdns: %w", err)
	}
	s.setLinks(usable)
	ctx, cancel := context.WithCancel(context.Background())
	b := &Backend{station: s, cancel: cancel}
	b.done.Go(func() { s.run(ctx) })
	b.done.Go(func() { s.rounds(ctx) })
	b.done.Go(func() {
		c.watch(ctx, 0, choice, func(links []lan.Link) {
			usable, _ := multicast(links, c.interfaces)
			s.setLinks(usable)
		})
	})
	return b, nil
}

// Announce makes the instance known on every link, now and on those that come
// up later. It does not wait. An endpoint tcp://0.0.0.0:port or tcp://[::]:port
// stands for the addresses of the host on the link where it is read.
func (b *Backend) Announce(ctx context.Context, in discovery.Instance) (discovery.Announcement, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o, err := newOffer(in)
	if err != nil {
		return nil, err
	}
	if err := b.station.announce(o); err != nil {
		return nil, err
	}
	return &announcement{station: b.station, id: in.ID}, nil
}

// Watch tells of the instances of a service. What has been heard already comes
// first; then it asks the links, soon and then less and less often.
func (b *Backend) Watch(ctx context.Context, service string) (*discovery.Watcher, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !b.station.watching() {
		return nil, discovery.ErrClosed
	}
	return b.station.watch(ctx, service), nil
}

// Close says goodbye for all instances, twice and 50 ms apart, and ends the
// backend. Again: nil.
func (b *Backend) Close() error {
	b.closing.Do(func() {
		b.station.shut()
		b.cancel()
		b.done.Wait()
		b.station.catalog.Close(nil)
	})
	return nil
}

// An announcement is an instance that this backend announces.
type announcement struct {
	station *station
	id      discovery.ID
	mu      sync.Mutex
	closed  bool
}

func (a *announcement) Update(ctx context.Context, in discovery.Instance) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	in.ID = a.id
	o, err := newOffer(in)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return discovery.ErrClosed
	}
	return a.station.change(o)
}

func (a *announcement) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.closed = true
		a.station.withdraw(a.id)
	}
	return nil
}
