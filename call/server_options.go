package call

import (
	"fmt"
	"runtime"

	"github.com/brokerless/brokerless/socket"
)

const (
	defaultConcurrency  = 256      // handlers at once, at least
	defaultBacklog      = 16384    // calls
	defaultBacklogBytes = 64 << 20 // octets of their requests
	defaultPeerCalls    = 4096
	maxHops             = 16 // frames of an envelope
)

// An Option fits clients and servers.
type Option interface {
	ClientOption
	ServerOption
}

// A ClientOption is an option of NewClient.
type ClientOption interface{ forClient(*clientConfig) }

// A ServerOption is an option of NewServer.
type ServerOption interface{ forServer(*serverConfig) }

type (
	clientOption func(*clientConfig)
	serverOption func(*serverConfig)
)

func (o clientOption) forClient(c *clientConfig) { o(c) }
func (o serverOption) forServer(c *serverConfig) { o(c) }

// bothOption is an Option: what it does to either.
type bothOption struct {
	clientOption
	serverOption
}

// WithInterceptors puts interceptors around all calls of the client or server,
// the first one outermost, inside of those given before.
func WithInterceptors(all ...Interceptor) Option {
	return bothOption{
		func(c *clientConfig) { c.interceptors = append(c.interceptors, all...) },
		func(c *serverConfig) { c.interceptors = append(c.interceptors, all...) },
	}
}

// WithSocket gives options to the sockets underneath: limits, heartbeats, the
// linger time, transports. The messages of a call are larger than its body by
// its method, its metadata and less than 100 octets.
func WithSocket(opts ...socket.Option) Option {
	return bothOption{
		func(c *clientConfig) { c.socket = append(c.socket, opts...) },
		func(c *serverConfig) { c.socket = append(c.socket, opts...) },
	}
}

// serverConfig is what the options of a server come to.
type serverConfig struct {
	interceptors []Interceptor
	socket       []socket.Option
	concurrency  int
	backlog      int
	backlogBytes int
	peerCalls    int
}

func newServerConfig(opts []ServerOption) (*serverConfig, error) {
	c := &serverConfig{
		concurrency:  max(defaultConcurrency, 4*runtime.GOMAXPROCS(0)),
		backlog:      defaultBacklog,
		backlogBytes: defaultBacklogBytes,
		peerCalls:    defaultPeerCalls,
	}
	for _, o := range opts {
		o.forServer(c)
	}
	switch {
	case c.concurrency < 1:
		return nil, fmt.Errorf("call: %w: WithConcurrency(%d), want at least 1", socket.ErrOption, c.concurrency)
	case c.backlog < 0 || c.backlogBytes < 0:
		return nil, fmt.Errorf("call: %w: WithBacklog(%d, %d), want numbers", socket.ErrOption, c.backlog, c.backlogBytes)
	case c.peerCalls < 1:
		return nil, fmt.Errorf("call: %w: WithPeerCalls(%d), want at least 1", socket.ErrOption, c.peerCalls)
	}
	return c, nil
}

// WithConcurrency sets how many handlers run at once. A handler of a stream
// does not count while it waits for its caller to take items. The default is
// 256, or four for each processor if that is more.
func WithConcurrency(handlers int) ServerOption {
	return serverOption(func(c *serverConfig) { c.concurrency = handlers })
}

// WithBacklog sets how many calls may wait beside those whose handlers run,
// streams whose callers are slow among them, and how many octets the requests
// of all may have together, with what proxies put in front; what is alone may
// have any number. Calls beyond that are refused with ResourceExhausted, and not
// executed. Peers take turns. The default is 16,384 calls and 64 MiB.
func WithBacklog(calls, octets int) ServerOption {
	return serverOption(func(c *serverConfig) { c.backlog, c.backlogBytes = calls, octets })
}

// WithPeerCalls sets how many calls of one peer may wait or run. Those beyond
// are refused with ResourceExhausted, and not executed. The default is 4096.
func WithPeerCalls(calls int) ServerOption {
	return serverOption(func(c *serverConfig) { c.peerCalls = calls })
}
