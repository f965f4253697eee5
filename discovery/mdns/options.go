package mdns

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/lan"
)

// An Option changes what New makes.
type Option func(*config)

type config struct {
	interfaces   []string
	maxInstances int
	first        time.Duration // between the first two questions of a series
	longest      time.Duration // between two questions, at the end
	listen       time.Duration // how long a round waits for answers

	// What tests put others in place of.
	open   func(receive func(packet)) (network, error)
	browse browseFunc
	links  func(lan.Options) ([]lan.Link, []lan.Refused, error)
	watch  func(ctx context.Context, every time.Duration, o lan.Options, changed func([]lan.Link))
}

func newConfig(opts []Option) (config, error) {
	c := config{
		maxInstances: discovery.DefaultMaxInstances,
		first:        time.Second,
		longest:      30 * time.Second,
		listen:       1500 * time.Millisecond,
		open:         openSockets,
		browse:       browse,
		links:        lan.Links,
		watch:        lan.Watch,
	}
	for _, o := range opts {
		o(&c)
	}
	if c.maxInstances < 1 {
		return c, fmt.Errorf("brokerless: mdns: at most %d instances: want 1 or more", c.maxInstances)
	}
	if c.first < 100*time.Millisecond || c.longest < c.first || c.longest > time.Hour {
		return c, fmt.Errorf("brokerless: mdns: rounds every %v to %v: want 100ms to 1h", c.first, c.longest)
	}
	return c, nil
}

// WithInterfaces uses only the interfaces with these names, and these even if
// they are loopback or virtual. The default are all that lead to other hosts.
func WithInterfaces(names ...string) Option {
	return func(c *config) { c.interfaces = names }
}

// WithMaxInstances bounds how many instances of all services are kept; the
// default is discovery.DefaultMaxInstances.
func WithMaxInstances(n int) Option { return func(c *config) { c.maxInstances = n } }

// WithRound sets how long after the first question the second one follows, and
// up to what the time between questions then grows, doubling. The default is 1 s
// and 30 s.
func WithRound(first, longest time.Duration) Option {
	return func(c *config) { c.first, c.longest = first, longest }
}

// ErrNoInterface is what the error of New matches when there is no interface
// by which others could be found.
var ErrNoInterface = errors.New("brokerless: no interface for multicast DNS")

// A NoInterfaceError says of each interface why it cannot be used. It matches
// ErrNoInterface.
type NoInterfaceError struct {
	Interfaces []Interface
}

// An Interface is one that cannot be used, and why.
type Interface struct{ Name, Reason string }

// Error says what was found and what to do about it.
func (e *NoInterfaceError) Error() string {
	why := make([]string, 0, len(e.Interfaces))
	for _, i := range e.Interfaces {
		why = append(why, i.Name+": "+i.Reason)
	}
	if len(why) == 0 {
		why = append(why, "there is none at all")
	}
	return fmt.Sprintf("%v (%s); name one with mdns.WithInterfaces, or use discovery/static, discovery/dnssrv or discovery/gossip",
		ErrNoInterface, strings.Join(why, "; "))
}

// Is reports whether target is ErrNoInterface.
func (e *NoInterfaceError) Is(target error) bool { return target == ErrNoInterface }
