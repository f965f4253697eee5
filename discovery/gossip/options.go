package gossip

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/brokerless/brokerless/discovery"
)

// DefaultBind is where a node listens unless told otherwise.
const DefaultBind = "0.0.0.0:7946"

// A Profile says how patient a cluster is. All its nodes should have the same.
type Profile uint8

// The profiles. The times are those for some tens of nodes; they grow with the
// logarithm of their number.
const (
	LAN   Profile = iota // one site: a change is known in about 1 s, a dead node gone in 5 to 15 s. The default
	WAN                  // sites apart: 3 s, and 30 to 90 s
	Local                // one host, as in tests: 0.5 s, and 4 to 8 s
)

// config returns what memberlist knows the profile as. In small clusters its own
// settings repeat news so rarely that somebody often misses some, and it takes
// long until neighbours compare what they know; both cost little.
func (p Profile) config() (*memberlist.Config, error) {
	var c *memberlist.Config
	switch p {
	case LAN:
		c = memberlist.DefaultLANConfig()
		c.PushPullInterval = 10 * time.Second
	case WAN:
		c = memberlist.DefaultWANConfig()
		c.PushPullInterval = 30 * time.Second
	case Local:
		c = memberlist.DefaultLocalConfig()
		c.PushPullInterval = 5 * time.Second
	default:
		return nil, fmt.Errorf("brokerless: gossip profile %d: want LAN, WAN or Local", p)
	}
	c.RetransmitMult = 6
	return c, nil
}

// An Option changes what New makes.
type Option func(*settings) error

type settings struct {
	seeds     []string
	bind      netip.AddrPort
	advertise netip.AddrPort // the zero AddrPort: found out
	config    *memberlist.Config
	max       int
}

func newSettings(opts []Option) (*settings, error) {
	s := new(settings)
	for _, o := range append([]Option{WithProfile(LAN), WithBind(DefaultBind)}, opts...) {
		if err := o(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// WithSeeds names nodes by which to find the cluster, as "host:port". Names are
// resolved at each try, and all their addresses used. The default is none: the
// first node of a cluster.
func WithSeeds(seeds ...string) Option {
	return func(s *settings) error {
		for _, seed := range seeds {
			host, port, err := net.SplitHostPort(seed)
			if err != nil {
				return fmt.Errorf("brokerless: gossip seed %q: %w", seed, err)
			}
			if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" {
				return fmt.Errorf("brokerless: gossip seed %q: want host:port, the port from 1 to 65535", seed)
			}
			s.seeds = append(s.seeds, seed)
		}
		return nil
	}
}

// WithBind says where to listen, by UDP and by TCP: "0.0.0.0:7946" unless this
// is given. With port 0 the system chooses one, which Addr tells.
func WithBind(address string) Option {
	return func(s *settings) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("brokerless: gossip bind %q: want an IP address and a port: %w", address, err)
		}
		if a.Addr().Zone() != "" {
			return fmt.Errorf("brokerless: gossip bind %q: want an address without a zone, as others have other zones", address)
		}
		s.bind = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
		return nil
	}
}

// WithAdvertise says at which address others reach this node, "ip" or "ip:port",
// where that is not the one it is bound to, as behind NAT. It also stands for
// the wildcards of announced endpoints. The default is the address bound to or,
// if that is a wildcard, the first of this host that leads elsewhere.
func WithAdvertise(address string) Option {
	return func(s *settings) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil {
			ip, ipErr := netip.ParseAddr(address)
			if ipErr != nil {
				return fmt.Errorf("brokerless: gossip advertise %q: want an IP address, or one with a port: %w", address, err)
			}
			a = netip.AddrPortFrom(ip, 0)
		}
		if a.Addr().IsUnspecified() || a.Addr().Zone() != "" {
			return fmt.Errorf("brokerless: gossip advertise %q: want an address that others can use", address)
		}
		s.advertise = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
		return nil
	}
}

// WithKey encrypts all gossip with a key of 16, 24 or 32 octets, for AES-128,
// -192 or -256. The default is no encryption.
func WithKey(key []byte) Option { return WithKeys(key) }

// WithKeys encrypts with the primary key, and also understands nodes that
// encrypt with one of the others. It is for the time of a change of keys.
func WithKeys(primary []byte, others ...[]byte) Option {
	return func(s *settings) error {
		for i, key := range append([][]byte{primary}, others...) {
			if memberlist.ValidateKey(key) != nil {
				return fmt.Errorf("brokerless: gossip key %d has %d octets: want 16, 24 or 32", i+1, len(key))
			}
		}
		copies := make([][]byte, len(others))
		for i, key := range others {
			copies[i] = bytes.Clone(key)
		}
		ring, err := memberlist.NewKeyring(copies, bytes.Clone(primary))
		if err != nil {
			return fmt.Errorf("brokerless: gossip keys: %w", err)
		}
		s.config.Keyring = ring
		return nil
	}
}

// WithProfile chooses how patient the node is. The default is LAN.
func WithProfile(p Profile) Option {
	return func(s *settings) error {
		c, err := p.config()
		if err != nil {
			return err
		}
		if s.config != nil {
			c.Keyring = s.config.Keyring
		}
		s.config = c
		return nil
	}
}

// WithMaxInstances bounds how many instances the node knows. The default is
// discovery.DefaultMaxInstances.
func WithMaxInstances(n int) Option {
	return func(s *settings) error {
		if n < 1 {
			return fmt.Errorf("brokerless: at most %d instances: want 1 or more", n)
		}
		s.max = n
		return nil
	}
}

// maxOctets is how much all lists together may hold: 1 KiB an instance, within
// what nodes can exchange.
func (s *settings) maxOctets() int {
	n := s.max
	if n == 0 {
		n = discovery.DefaultMaxInstances
	}
	return min(n, maxState>>10)<<10 + 64<<10
}
