package call

import (
	"fmt"

	"github.com/brokerless/brokerless/socket"
)

const defaultMaxPending = 65536

// clientConfig is what the options of a client come to.
type clientConfig struct {
	interceptors []Interceptor
	socket       []socket.Option
	maxPending   int
	call         callConfig
}

func newClientConfig(opts []ClientOption) (*clientConfig, error) {
	c := &clientConfig{maxPending: defaultMaxPending, call: newCallConfig()}
	for _, o := range opts {
		o.forClient(c)
	}
	if c.maxPending < 1 {
		return nil, fmt.Errorf("call: %w: WithMaxPending(%d), want at least 1", socket.ErrOption, c.maxPending)
	}
	if err := c.call.validate(); err != nil {
		return nil, err
	}
	return c, nil
}

// WithMaxPending sets how many calls of the client may be under way, those that
// wait for a server among them. One more fails with ResourceExhausted. The
// default is 65,536.
func WithMaxPending(calls int) ClientOption {
	return clientOption(func(c *clientConfig) { c.maxPending = calls })
}

// WithDefaults gives options to every call of the client, before those of the
// call itself.
func WithDefaults(opts ...CallOption) ClientOption {
	return clientOption(func(c *clientConfig) { c.call = c.call.with(opts) })
}
