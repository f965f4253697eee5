package gossip

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/lan"
)

const (
	maxReplies  = 4 // lists on their way to those who asked
	maxFarewell = 8 // members that are told of a goodbye at once; the others hear of it by gossip
)

// A Backend is a node of a cluster. All methods are safe for concurrent use.
type Backend struct {
	seeds     []string
	transport *transport
	host      host
	state     *state
	list      *memberlist.Memberlist
	farewell  time.Duration // how long Close waits for the goodbye to spread

	cancel  context.CancelFunc
	loops   sync.WaitGroup
	replies atomic.Int32
	once    sync.Once
}

var _ discovery.Backend = (*Backend)(nil)

// New starts a node. It returns as soon as it listens, and joins its cluster in
// the background. The error is that of a wrong option, of listening, or matches
// ErrAddress.
func New(opts ...Option) (*Backend, error) {
	s, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	t, err := listen(s.bind)
	if err != nil {
		return nil, err
	}
	return open(s, t)
}

// open starts a node on the transport, which it closes if it fails.
func open(s *settings, t *transport) (*Backend, error) {
	b := &Backend{
		seeds:     s.seeds,
		transport: t,
		state:     newState(s),
		farewell:  max(time.Second, 6*s.config.GossipInterval),
	}
	if err := b.locate(s); err != nil {
		t.Shutdown() //nolint:errcheck // never fails
		return nil, err
	}
	c := *s.config
	c.Name = b.state.self.String()
	c.Label = "brokerless" // keeps other users of memberlist out, and what is none of it
	c.BindPort = int(t.advertise.Port())
	c.Transport = t
	c.Logger = log.New(journal{b.state}, "", 0)
	d := delegate{b.state}
	c.Delegate, c.Events, c.Alive, c.Ping = d, d, d, d
	t.start()
	list, err := memberlist.Create(&c)
	if err != nil {
		t.Shutdown() //nolint:errcheck // never fails
		return nil, fmt.Errorf("brokerless: gossip: %w", err)
	}
	b.list = list
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	b.loops.Go(func() { b.keepTended(ctx) })
	b.loops.Go(func() { b.keepJoined(ctx) })
	if s.bind.Addr().IsUnspecified() && !s.advertise.Addr().IsValid() {
		b.loops.Go(func() { lan.Watch(ctx, 0, lan.Options{}, b.moved) })
	}
	return b, nil
}

// locate finds out what address others shall use.
func (b *Backend) locate(s *settings) error {
	at := &b.transport.advertise
	switch {
	case s.advertise.Addr().IsValid():
		port := at.Port()
		if s.advertise.Port() != 0 {
			port = s.advertise.Port()
		}
		*at = netip.AddrPortFrom(s.advertise.Addr(), port)
		b.host.setLinks(single(at.Addr()))
	case s.bind.Addr().IsUnspecified():
		links, refused, err := lan.Links(lan.Options{})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrAddress, err)
		}
		a, err := address(s.bind.Addr(), links, refused)
		if err != nil {
			return err
		}
		*at = netip.AddrPortFrom(a, at.Port())
		b.host.setLinks(links)
	default:
		b.host.setLinks(single(at.Addr()))
	}
	return nil
}

// Addr returns the address of this node, as others may have it for a seed.
func (b *Backend) Addr() string { return b.transport.advertise.String() }

// Watch tells of the instances of a service, those of this node among them. See
// [discovery.Backend]. What other nodes announce comes after Synced if this
// node has not joined them yet.
func (b *Backend) Watch(ctx context.Context, service string) (*discovery.Watcher, error) {
	return b.state.watch(ctx, service)
}

// moved takes note of other links of this host.
func (b *Backend) moved(links []lan.Link) {
	b.host.setLinks(links)
	b.state.respeak(&b.host)
}

// keepTended does what the state has to be done, until ctx is done.
func (b *Backend) keepTended(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-b.state.wake:
		}
		c := b.state.tend(time.Now(), maxReplies-int(b.replies.Load()))
		want := encodeWant(b.state.self)
		for i := range c.ask {
			b.send(&c.ask[i], want)
		}
		for i := range c.reply {
			b.replies.Add(1)
			b.loops.Go(func() {
				defer b.state.nudge()
				defer b.replies.Add(-1)
				_ = b.list.SendReliable(&c.reply[i], b.state.message()) // he will ask again
			})
		}
		if c.next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(c.next))
		}
	}
}

// send sends a message that may be lost.
func (b *Backend) send(to *memberlist.Node, message []byte) {
	_ = b.list.SendBestEffort(to, message) // as good as lost
}

// Close says goodbye and ends the node: others know within about a second, and
// Close waits as long, if there are others. See [discovery.Backend]. One probe
// of memberlist that is under way may outlast it, by the interval between probes
// or, on a machine that is overloaded, several times that.
func (b *Backend) Close() error {
	b.once.Do(func() {
		b.cancel()
		b.transport.closeStreams()
		b.state.catalog.Close(nil)
		b.loops.Wait()
		goodbye := b.state.goodbye()
		members := b.state.some(maxFarewell)
		for i := range members {
			b.send(&members[i], goodbye)
		}
		_ = b.list.Leave(b.farewell) // whoever does not hear of it finds out
		_ = b.list.Shutdown()        // never fails
	})
	return nil
}
