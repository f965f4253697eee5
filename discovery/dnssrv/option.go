package dnssrv

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/miekg/dns"
)

const (
	defaultMaxAge  = 30 * time.Second
	defaultTimeout = 2 * time.Second
	minAge         = time.Second
	maxEmptyAge    = 5 * time.Second // there is nobody: whoever comes should not wait for long
)

// An Option changes how New looks for instances.
type Option func(*settings) error

// settings is what the options change.
type settings struct {
	name       string // as it was given
	port       uint16 // 0: by SRV
	service    string
	socketType string
	realm      string
	servers    []string // empty: those of the system
	maxAge     time.Duration
	timeout    time.Duration
}

// WithPort looks for the addresses of the name, in place of SRV records. Each
// is an instance at this port.
func WithPort(port uint16) Option {
	return func(s *settings) error {
		if port == 0 {
			return fmt.Errorf("brokerless: port 0: want 1 to 65535")
		}
		s.port = port
		return nil
	}
}

// WithService sets the service that the instances are of. Default: the first
// label of the name, without a leading underscore.
func WithService(service string) Option {
	return func(s *settings) error { s.service = service; return nil }
}

// WithSocketType sets the socket type of the instances. Default: none.
func WithSocketType(socketType string) Option {
	return func(s *settings) error { s.socketType = socketType; return nil }
}

// WithRealm sets the realm of the instances. Default: none.
func WithRealm(realm string) Option {
	return func(s *settings) error { s.realm = realm; return nil }
}

// WithServer sets the servers to ask, in this order, each an IP address with or
// without a port. The search list of the system is not used with them.
func WithServer(servers ...string) Option {
	return func(s *settings) error {
		for _, server := range servers {
			host, port, err := net.SplitHostPort(server)
			if err != nil {
				host, port = strings.Trim(server, "[]"), "53"
			}
			if address, _, _ := strings.Cut(host, "%"); net.ParseIP(address) == nil {
				return fmt.Errorf("brokerless: server %q: want an IP address, and perhaps a port", server)
			}
			s.servers = append(s.servers, net.JoinHostPort(host, port))
		}
		return nil
	}
}

// WithMaxAge sets after which time there is another round of questions,
// whatever the answers' time to live. Default: 30 s. With less than 1 s there are
// that many rounds.
func WithMaxAge(age time.Duration) Option {
	return func(s *settings) error {
		if age <= 0 {
			return fmt.Errorf("brokerless: age %v: want more than 0", age)
		}
		s.maxAge = age
		return nil
	}
}

// WithTimeout sets how long to wait for the answer of one server. Default: 2 s.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) error {
		if timeout <= 0 {
			return fmt.Errorf("brokerless: timeout %v: want more than 0", timeout)
		}
		s.timeout = timeout
		return nil
	}
}

// newSettings applies the options, and checks the whole.
func newSettings(name string, opts []Option) (settings, error) {
	s := settings{name: name, maxAge: defaultMaxAge, timeout: defaultTimeout}
	if _, ok := dns.IsDomainName(name); !ok || name == "" || name == "." {
		return s, fmt.Errorf("brokerless: %q: want a domain name", name)
	}
	for _, o := range opts {
		if err := o(&s); err != nil {
			return s, err
		}
	}
	if s.service == "" {
		s.service = strings.TrimPrefix(dns.SplitDomainName(name)[0], "_")
	}
	example := s.instance("a.example", "1")
	example.Endpoints = []string{"tcp://a.example:1"}
	if err := example.Validate(); err != nil {
		return s, err
	}
	return s, nil
}

// instance returns the instance that these texts stand for, without endpoints.
func (s *settings) instance(identity ...string) discovery.Instance {
	return discovery.Instance{
		ID: derive(identity...), Service: s.service, Realm: s.realm, SocketType: s.socketType, Version: discovery.Version,
	}
}
