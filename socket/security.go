package socket

import (
	"fmt"

	"github.com/brokerless/brokerless/internal/zmtp"
)

// Security is a security mechanism with this side's part in it and what it
// has to prove who it is. Packages plain and curve make them. It holds for the
// connections of transports that leave the process; within it, there is nobody
// to be kept out. One with a method Validate() error has a new socket refused
// with ErrOption when that returns an error.
type Security interface {
	// Mechanism is the mechanism's name in the greeting, such as "CURVE".
	Mechanism() string
	// Serves reports whether this side is the server on some connection, and
	// so needs an Authenticator.
	Serves() bool
	// New returns the mechanism for one connection.
	New(c Connection) (zmtp.Mechanism, error)
}

// Connection is what a Security is told of a new connection.
type Connection struct {
	Dialed   bool   // Connect made it; else the peer did
	Endpoint string // as it was given to Connect or bound
}

// WithSecurity has every connection secured by s. The other end must be set up
// for the same mechanism, and for the other role in it; roles do not depend on
// who connects (WT-69). A server says with [WithAuthenticator] who may come; one
// without is refused with ErrOption. The default is NULL: no security.
func WithSecurity(s Security) Option {
	return option(func(c *config) { c.security, c.securityGiven = s, true })
}

// mechanism returns the security handshake for a new connection.
func (s *socket) mechanism(x *session) (zmtp.Mechanism, error) {
	switch {
	case s.cfg.security != nil:
		return s.cfg.security.New(Connection{Dialed: x.pipe.dialed, Endpoint: x.pipe.endpoint})
	case s.cfg.authenticator != nil:
		return zmtp.NullAsking(), nil
	}
	return zmtp.Null(), nil
}

// validateSecurity looks at the options of security together.
func (c *config) validateSecurity() error {
	switch {
	case c.securityGiven && c.security == nil:
		return fmt.Errorf("%w: WithSecurity(nil)", ErrOption)
	case c.authenticatorGiven && c.authenticator == nil:
		return fmt.Errorf("%w: WithAuthenticator(nil)", ErrOption)
	case c.security != nil && c.security.Serves() && c.authenticator == nil:
		return fmt.Errorf("%w: a server of %s without WithAuthenticator: say who may come, auth.Anyone() for everybody",
			ErrOption, c.security.Mechanism())
	}
	if c.legacy && (c.security != nil || c.authenticator != nil || c.domain != "") {
		return fmt.Errorf("%w: WithLegacyZMTP beside WithSecurity, WithAuthenticator or a domain: peers of ZMTP 1.0 and 2.0 would get around it", ErrOption)
	}
	if v, ok := c.security.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrOption, c.security.Mechanism(), err)
		}
	}
	return nil
}
