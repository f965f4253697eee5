package zre

import (
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// Port is the UDP port of ZRE beacons.
const Port = 5670

// How a node behaves unless told otherwise.
const (
	defaultInterval = time.Second
	defaultEvasive  = 5 * time.Second
	defaultExpired  = 30 * time.Second
	defaultInbox    = 1000
	defaultOutbox   = 1000
)

type config struct {
	name       string
	headers    map[string]string
	id         discovery.ID
	port       uint16
	interfaces []string
	beaconTo   []string
	unicast    bool
	targets    []netip.AddrPort
	bind       netip.AddrPort
	bindText   string
	interval   time.Duration
	evasive    time.Duration
	expired    time.Duration
	inbox      int
	outbox     int
	stall      time.Duration // how long a peer may take nothing of what waits for it; expired if not told
	logger     *slog.Logger
	limits     limits
}

// Option changes how a node behaves.
type Option func(*config)

// WithName sets the name that peers see. The default is the first six digits of
// the id. At most 255 octets.
func WithName(name string) Option { return func(c *config) { c.name = name } }

// WithHeader adds a header that peers see when the node enters: a key of 1 to 255
// octets and any value. Zyre's own begin with "X-".
func WithHeader(key, value string) Option {
	return func(c *config) {
		c.headers = maps.Clone(c.headers)
		if c.headers == nil {
			c.headers = make(map[string]string)
		}
		c.headers[key] = value
	}
}

// WithID sets the UUID of the node. The default is a new one each time. A node
// that comes back with the id that it had is known again, and Restarted.
func WithID(id discovery.ID) Option { return func(c *config) { c.id = id } }

// WithPort sets the UDP port of the beacons, by which rings keep apart. The
// default is 5670, shared with the other nodes of the host. 0 takes any free
// one, that only WithBeaconTo of others can name; see Node.BeaconPort.
func WithPort(port uint16) Option { return func(c *config) { c.port = port } }

// WithInterfaces has beacons sent and believed on these interfaces only, and on
// them even if they are loopback or virtual. The default is all that lead to
// other hosts. The inbox is bound to all addresses even so, unless WithBind
// says where.
func WithInterfaces(names ...string) Option {
	return func(c *config) { c.interfaces = slices.Clone(names) }
}

// WithBeaconTo sends beacons to these IPv4 addresses with ports, such as
// "192.0.2.7:5670", in place of broadcasting them, for networks that carry no
// broadcast; and believes beacons from anywhere. One of two nodes that names
// the other is enough. Without an address the node sends none.
func WithBeaconTo(addresses ...string) Option {
	return func(c *config) { c.beaconTo, c.unicast = slices.Clone(addresses), true }
}

// WithBind sets the IPv4 address, with port, at which peers reach the node. The
// default is 0.0.0.0:0: all addresses. Port 0 means a free one of C000 to FFFF
// hexadecimal, as RFC 36 wants it.
func WithBind(address string) Option { return func(c *config) { c.bindText = address } }

// WithInterval sets how often a beacon is sent. The default is 1 s.
func WithInterval(d time.Duration) Option { return func(c *config) { c.interval = d } }

// WithSilence sets after which silence, of beacons and messages alike, a peer is
// asked by PING whether it is there, and after which it has Exited. The default
// is 5 s and 30 s, as other nodes have it.
func WithSilence(evasive, expired time.Duration) Option {
	return func(c *config) { c.evasive, c.expired = evasive, expired }
}

// WithInbox sets how many events wait for Next before no more messages are
// received. The default is 1000. See Node.Next.
func WithInbox(events int) Option { return func(c *config) { c.inbox = events } }

// WithOutbox sets how many messages wait for each peer before Whisper and Shout
// wait. The default is 1000, and 16 MiB.
func WithOutbox(messages int) Option { return func(c *config) { c.outbox = messages } }

// WithLogger sets where the sockets of the node say what somebody should know who
// runs it, as socket.WithLogger does. The default is slog's own. The inbox says
// there that it is open to everybody, since ZRE has no keys. Nil logs nothing.
func WithLogger(l *slog.Logger) Option {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return func(c *config) { c.logger = l }
}

func newConfig(opts []Option) (*config, error) {
	c := &config{
		port: Port, interval: defaultInterval, evasive: defaultEvasive, expired: defaultExpired,
		inbox: defaultInbox, outbox: defaultOutbox, limits: defaultLimits, bindText: "0.0.0.0:0",
	}
	for _, o := range opts {
		o(c)
	}
	if c.id == (discovery.ID{}) {
		c.id = discovery.NewID()
	}
	if c.stall == 0 {
		c.stall = c.expired
	}
	if c.name == "" {
		c.name = c.id.String()[:6]
	}
	if err := c.addresses(); err != nil {
		return nil, err
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	return c, nil
}

// addresses reads those that were given as text.
func (c *config) addresses() error {
	var err error
	if c.bind, err = netip.ParseAddrPort(c.bindText); err != nil || !c.bind.Addr().Is4() {
		return fmt.Errorf("%w: WithBind(%q): want an IPv4 address and a port", ErrOption, c.bindText)
	}
	for _, s := range c.beaconTo {
		a, err := netip.ParseAddrPort(s)
		if err != nil || !a.Addr().Is4() || a.Port() == 0 {
			return fmt.Errorf("%w: WithBeaconTo(%q): want an IPv4 address and a port", ErrOption, s)
		}
		c.targets = append(c.targets, a)
	}
	return nil
}

func (c *config) validate() error {
	switch {
	case len(c.name) > maxString:
		return fmt.Errorf("%w: WithName: %d octets, at most %d", ErrOption, len(c.name), maxString)
	case c.interval <= 0:
		return fmt.Errorf("%w: WithInterval(%v): want more than 0", ErrOption, c.interval)
	case c.evasive <= 0 || c.expired <= c.evasive:
		return fmt.Errorf("%w: WithSilence(%v, %v): want 0 < evasive < expired", ErrOption, c.evasive, c.expired)
	case c.inbox <= 0:
		return fmt.Errorf("%w: WithInbox(%d): want more than 0", ErrOption, c.inbox)
	case c.outbox <= 0:
		return fmt.Errorf("%w: WithOutbox(%d): want more than 0", ErrOption, c.outbox)
	case c.port == 0 && !c.unicast:
		return fmt.Errorf("%w: WithPort(0) needs WithBeaconTo: nobody else broadcasts to a port of its own", ErrOption)
	case c.unicast && len(c.interfaces) > 0:
		return fmt.Errorf("%w: WithInterfaces and WithBeaconTo exclude each other", ErrOption)
	}
	for key := range c.headers {
		if key == "" || len(key) > maxString {
			return fmt.Errorf("%w: WithHeader(%q): want a key of 1 to %d octets", ErrOption, key, maxString)
		}
	}
	return c.limits.validate()
}

// log returns the option of the sockets for WithLogger.
func (c *config) log() socket.Option {
	if c.logger == nil {
		return socket.WithOptions()
	}
	return socket.WithLogger(c.logger)
}
