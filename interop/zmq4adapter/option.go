package zmq4adapter

import (
	"fmt"
	"log"
	"time"

	"github.com/go-zeromq/zmq4"

	"github.com/brokerless/brokerless/socket"
)

// The defaults are those of the original, but for the high-water mark, which it
// does not have.
const (
	defaultRetry      = 250 * time.Millisecond
	defaultMaxRetries = 10
	defaultTimeout    = 5 * time.Minute
	defaultHWM        = 1000
)

// Option configures a socket when it is made.
type Option func(*config)

// config is what the options of one socket come to.
type config struct {
	id          zmq4.SocketIdentity
	security    zmq4.Security
	retry       time.Duration
	maxRetries  int
	dialTimeout time.Duration
	timeout     time.Duration
	log         *log.Logger
	hwm         int
	extra       []socket.Option
}

func newConfig(opts []Option) *config {
	c := &config{retry: defaultRetry, maxRetries: defaultMaxRetries, timeout: defaultTimeout, hwm: defaultHWM}
	for _, o := range opts {
		o(c)
	}
	return c
}

// WithID sets the identity that the socket announces, by which a ROUTER peer
// addresses it: 1 to 255 octets, the first not zero; what is longer is cut. REQ,
// REP, DEALER and ROUTER sockets announce one; others have no use for it, and
// ignore it. The default is none.
func WithID(id SocketIdentity) Option { return func(c *config) { c.id = id } }

// WithSecurity sets the security mechanism. It takes nil and NULL. Other
// mechanisms of the original keep what they know to themselves, so all methods
// of a socket that is given one return an error that matches
// errors.ErrUnsupported; give the socket one of package socket by
// [WithSocketOptions].
func WithSecurity(sec Security) Option { return func(c *config) { c.security = sec } }

// WithDialerRetry sets the pause after a failed attempt to dial, before the
// next: within Dial, and whenever a connection was lost later. Each pause is
// between half of it and all of it. The default is 250 ms; less than 1 ms
// counts as that.
func WithDialerRetry(retry time.Duration) Option { return func(c *config) { c.retry = retry } }

// WithDialerMaxRetries sets after how many attempts more than the first Dial
// gives up; -1 is never. The default is 10.
func WithDialerMaxRetries(maxRetries int) Option {
	return func(c *config) { c.maxRetries = maxRetries }
}

// WithDialerTimeout sets how long one attempt to dial may take, and how long its
// handshake, and that of an accepted connection. The default is 10 s, and so is
// what 0 stands for.
func WithDialerTimeout(timeout time.Duration) Option {
	return func(c *config) { c.dialTimeout = timeout }
}

// WithTimeout sets how long Send may wait for a peer, or for room in its queue.
// The default is 5 minutes; at 0 it does not wait. Recv waits as long as the
// socket lives.
func WithTimeout(timeout time.Duration) Option { return func(c *config) { c.timeout = timeout } }

// WithLogger sets where the socket writes that an endpoint failed to accept, a
// handshake failed, or messages are being dropped. The default, and nil, is
// nowhere.
func WithLogger(l *log.Logger) Option { return func(c *config) { c.log = l } }

// WithAutomaticReconnect changes nothing: connections that Dial made are always
// made again when they are lost.
func WithAutomaticReconnect(bool) Option { return func(*config) {} }

// WithSocketOptions passes options on to the socket of package socket that does
// the work. They take precedence over what the options here say.
func WithSocketOptions(opts ...socket.Option) Option {
	return func(c *config) { c.extra = append(c.extra, opts...) }
}

// common returns what every socket type is given.
func (c *config) common() socket.Option {
	retry := max(c.retry, time.Millisecond)
	opts := []socket.Option{socket.WithRedial(retry, retry)}
	if c.dialTimeout > 0 {
		opts = append(opts, socket.WithHandshakeTimeout(c.dialTimeout))
	}
	return socket.WithOptions(append(opts, c.extra...)...)
}

// validate looks at what package socket does not see.
func (c *config) validate() error {
	if c.security != nil && c.security.Type() != zmq4.NullSecurity {
		return fmt.Errorf("%w: the mechanism %s of go-zeromq/zmq4; want NULL, or WithSocketOptions with one of package socket",
			errUnsupported, c.security.Type())
	}
	return nil
}
