package socket

// WithLegacyZMTP lets in peers that speak ZMTP 1.0 or 2.0, which are those of
// libzmq 2 and 3 and of JeroMQ 0.3; without it they are refused, with an
// event that names their version. Such peers know no security, so the option is
// refused with ErrOption beside WithSecurity, WithAuthenticator and
// WithAuthDomain (WT-17). They have no heartbeat, no properties and, those of
// 1.0, no socket type, so that nobody can tell a PUB that connects to a PULL. A
// subscriber of 1.0 that announces no version gets every message of a publisher,
// for it filters by itself (WT-19). Limits hold as for others. With this option
// the greeting goes out in steps, as libzmq's does, which costs a round trip.
// STREAM and the socket types that came after ZMTP 2.0 are as without it.
func WithLegacyZMTP() Option {
	return option(func(c *config) { c.legacy = true })
}
