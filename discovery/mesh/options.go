package mesh

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
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

	passphrase *string       // of WithRealmKey
	own        curve.KeyPair // of one of the others
	known      []curve.Key
	auth       socket.Authenticator
	nodeKeys   bool
	nodeAuth   bool
}

// Option changes how a node behaves.
type Option func(*config)

// WithName sets the name that people see. The default is none. At most 120
// octets of UTF-8.
func WithName(name string) Option { return func(c *config) { c.human = name } }

// WithRealm sets who may meet: nodes of one mesh that have different realms
// never link. The default is the empty realm. A realm is a name and no secret;
// WithRealmKey is one.
func WithRealm(realm string) Option { return func(c *config) { c.realm = realm } }

// WithRealmKey has every link of the node encrypted and authenticated by CURVE
// (RFC 26), with one pair of keys that all nodes of the realm have, and that each
// of them makes of the passphrase: X25519 keys from Argon2id (RFC 9106) with
// 3 passes over 64 MiB in 4 lanes, salted with the realm's name. That takes Join
// a moment and the 64 MiB. A node with another passphrase, another realm or none
// never links, whoever of the two connects, which both are told as NotLinked.
//
// Whoever has the passphrase is a node of the realm, and may call himself any of
// them; whoever sees a handshake, or the announcement, can try passphrases at the
// pace of Argon2id. Choose one that nobody guesses, such as six random words.
// What was sent before it became known stays secret. WithNodeKeys tells
// nodes apart. An empty passphrase is refused with ErrOption.
func WithRealmKey(passphrase string) Option {
	return func(c *config) { c.passphrase = &passphrase }
}

// WithNodeKeys has every link of the node encrypted and authenticated by CURVE
// (RFC 26) with a pair of keys of the node's own, and links it only with nodes
// that have one of these keys; its own may be among them, so that all nodes may
// have one list. Peer.Key tells which peer has which.
//
// A node announces its public key with its address (KeyMetadata), so that others
// know which key to expect. That is a hint: a key that is not on the list is not
// tried. A list of instances has to name the key of each as metadata; a
// node whose key it does not name is not connected to, but may connect itself.
func WithNodeKeys(own curve.KeyPair, keys ...curve.Key) Option {
	return func(c *config) { c.own, c.known, c.nodeKeys = own, slices.Clone(keys), true }
}

// WithNodeAuthenticator is WithNodeKeys with somebody to ask in place of a list,
// such as auth.KeyFile. He is asked about each node that comes in, as for a
// socket with WithAuthenticator, and also about each that is to be connected
// to, before that is done: with the key that it announces, its name of
// discovery.ConnectName as the Endpoint, and no Address. The Domain is the realm.
func WithNodeAuthenticator(own curve.KeyPair, a socket.Authenticator) Option {
	return func(c *config) { c.own, c.auth, c.nodeAuth = own, a, true }
}

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
