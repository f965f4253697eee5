package mesh

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// How a node behaves unless told otherwise.
const (
	defaultHeartbeat = 2 * time.Second
	defaultTimeout   = 8 * time.Second
	defaultSuspect   = 8 * time.Second
	defaultInbox     = 1000
	defaultMaxPeers  = 1024
)

type config struct {
	human     string
	realm     string
	metadata  map[string]string
	backend   discovery.Backend
	bind      []string
	id        discovery.ID
	heartbeat time.Duration
	timeout   time.Duration
	suspect   time.Duration
	inbox     int
	loopback  bool
	maxPeers  int
}

// Option changes how a node behaves.
type Option func(*config)

// WithName sets the name that people see. The default is none. At most 120
// octets of UTF-8.
func WithName(name string) Option { return func(c *config) { c.human = name } }

// WithRealm sets who may meet: nodes of one mesh that have different realms
// never link. The default is the empty realm.
func WithRealm(realm string) Option { return func(c *config) { c.realm = realm } }

// WithMetadata sets what peers see of the node; see SetMetadata.
func WithMetadata(metadata map[string]string) Option {
	return func(c *config) { c.metadata = maps.Clone(metadata) }
}

// WithBackend sets how nodes find each other. It stays the caller's to close,
// after the node. The default is package mdns on all links of the host, which
// the node makes and closes. A backend that only reads is no hindrance: the
// node is found if it is on the others' lists.
func WithBackend(b discovery.Backend) Option { return func(c *config) { c.backend = b } }

// WithBind sets where the node is reached. The default is tcp://0.0.0.0:0, any
// free port, and on Linux an abstract ipc name for nodes of the same host.
func WithBind(endpoints ...string) Option {
	return func(c *config) { c.bind = slices.Clone(endpoints) }
}

// WithID sets the id of the node. The default is a new one each time, and is
// right unless a list names the node by its id. Two nodes must not have one id:
// whoever comes second is not let in.
func WithID(id discovery.ID) Option { return func(c *config) { c.id = id } }

// WithHeartbeat sets how often a silent link is probed, and the silence after
// which it is given up and the peer is Suspect. The default is 2 s and 8 s.
func WithHeartbeat(interval, timeout time.Duration) Option {
	return func(c *config) { c.heartbeat, c.timeout = interval, timeout }
}

// WithSuspect sets how long a peer stays Suspect before it is Gone. The default
// is 8 s.
func WithSuspect(d time.Duration) Option { return func(c *config) { c.suspect = d } }

// WithInbox sets how many messages wait for Recv. The default is 1000. Of one
// more, it is the newest that is dropped; see Recv.
func WithInbox(messages int) Option { return func(c *config) { c.inbox = messages } }

// WithLoopback also connects to loopback addresses, for tests.
func WithLoopback() Option { return func(c *config) { c.loopback = true } }

// WithMaxPeers sets how many peers the node knows at most. The default is 1024.
// More are left alone, with a Warning that matches ErrFull.
func WithMaxPeers(n int) Option { return func(c *config) { c.maxPeers = n } }

func newConfig(opts []Option) (*config, error) {
	c := &config{
		heartbeat: defaultHeartbeat, timeout: defaultTimeout, suspect: defaultSuspect,
		inbox: defaultInbox, maxPeers: defaultMaxPeers,
	}
	for _, o := range opts {
		o(c)
	}
	if c.id == (discovery.ID{}) {
		c.id = discovery.NewID()
	}
	switch {
	case c.heartbeat <= 0 || c.timeout <= c.heartbeat:
		return nil, fmt.Errorf("%w: WithHeartbeat(%v, %v): want 0 < interval < timeout", ErrOption, c.heartbeat, c.timeout)
	case c.suspect < 0:
		return nil, fmt.Errorf("%w: WithSuspect(%v): want 0 or more", ErrOption, c.suspect)
	case c.inbox <= 0:
		return nil, fmt.Errorf("%w: WithInbox(%d): want more than 0", ErrOption, c.inbox)
	case c.maxPeers <= 0:
		return nil, fmt.Errorf("%w: WithMaxPeers(%d): want more than 0", ErrOption, c.maxPeers)
	}
	return c, nil
}
