package mesh

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// Request is a call that a handler executes. It is the handler's to keep and
// change.
type Request struct {
	Service string
	From    discovery.ID // who calls; the node's own id if it does itself
	Name    string       // of who calls, for people
	Frames  socket.Message
}

// Handler executes a request and returns the reply, which it must not change
// afterwards. Its context is done when the caller's is, when the caller is lost,
// or when the node gives up waiting for the handler on leaving. An error goes to
// the caller as a *CallError with its text, or, if it is a *CallError with a code
// from CodeUser on, with its code. A handler that panics ends the program, as any
// goroutine that does.
type Handler func(ctx context.Context, r Request) (socket.Message, error)

// Service is one that the node serves.
type Service struct {
	node       *Node
	name       string
	version    string
	metadata   map[string]string
	idempotent bool
	handler    Handler
	pool       *pool
	options    error
}

// ServeOption changes how a service is served.
type ServeOption func(*Service)

// WithServiceVersion sets the version that callers see.
func WithServiceVersion(version string) ServeOption {
	return func(s *Service) { s.version = version }
}

// WithServiceMetadata sets the metadata that callers see.
func WithServiceMetadata(metadata map[string]string) ServeOption {
	return func(s *Service) { s.metadata = maps.Clone(metadata) }
}

// WithConcurrency sets how many requests are executed at a time. The default is
// 8 for each processor.
func WithConcurrency(n int) ServeOption {
	return func(s *Service) {
		if s.pool.limit = n; n <= 0 {
			s.options = fmt.Errorf("%w: WithConcurrency(%d): want more than 0", ErrOption, n)
		}
	}
}

// WithQueue sets how many more requests wait. The default is 1000. One more is
// declined, and goes to another instance.
func WithQueue(n int) ServeOption {
	return func(s *Service) {
		if s.pool.max = n; n < 0 {
			s.options = fmt.Errorf("%w: WithQueue(%d): want 0 or more", ErrOption, n)
		}
	}
}

// Idempotent says that a request may be executed twice without harm: one whose
// instance is lost is given to another.
func Idempotent() ServeOption { return func(s *Service) { s.idempotent = true } }

// Serve offers a service to the mesh, and has the handler execute what is
// called, several requests at a time, until the service is closed or the node
// leaves. Several nodes may offer the same service; callers choose. It returns
// ErrTaken if this node serves it already.
func (n *Node) Serve(name string, h Handler, opts ...ServeOption) (*Service, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if h == nil {
		return nil, fmt.Errorf("%w: no handler", ErrOption)
	}
	s := &Service{node: n, name: name, handler: h, pool: newPool(n, defaultConcurrency(), defaultQueue)}
	for _, o := range opts {
		o(s)
	}
	if err := errors.Join(s.options, checkMetadata(s.metadata), checkMetadata(map[string]string{"version": s.version})); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed || n.leaving:
		return nil, ErrClosed
	case n.services[name] != nil && !n.services[name].over():
		return nil, fmt.Errorf("%w: service %q", ErrTaken, name)
	}
	n.services[name] = s
	if err := n.tell(func() { delete(n.services, name) }); err != nil {
		return nil, err
	}
	n.somethingChanged()
	return s, nil
}

// Close drains the service, for at most 5 s; see Shutdown.
func (s *Service) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	return s.Shutdown(ctx)
}

// Shutdown ends the service: it takes no more requests, so that they go to
// other instances, and waits for those it has. When ctx is done first, it
// returns ctx's error; they go on, and after them the name is free for Serve.
// Again, or at the same time: it waits too.
func (s *Service) Shutdown(ctx context.Context) error {
	n := s.node
	n.mu.Lock()
	if !s.pool.draining {
		s.pool.draining = true
		n.publish()
		n.somethingChanged()
	}
	n.mu.Unlock()
	return n.until(ctx, func() bool {
		if s.pool.load() > 0 {
			return false
		}
		if n.services[s.name] == s {
			delete(n.services, s.name)
			n.publish()
		}
		return true
	})
}

// over reports whether the service has drained, be it after Shutdown gave up
// waiting. The caller holds mu.
func (s *Service) over() bool { return s.pool.draining && s.pool.load() == 0 }

// until waits until done reports true, which is called with mu held whenever
// something has changed.
func (n *Node) until(ctx context.Context, done func() bool) error {
	for {
		n.mu.Lock()
		if done() {
			n.mu.Unlock()
			return nil
		}
		changed := n.changed
		n.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// called has a request of a peer executed. The caller holds mu.
func (n *Node) called(l *link, h header, frames socket.Message) {
	s := n.services[h.name]
	if s == nil {
		n.decline(l, h, nil, CodeNoService, "no service "+h.name)
		return
	}
	r := Request{Service: h.name, From: l.id, Name: l.state.Name, Frames: frames}
	code := n.offer(l, h, s.pool, func(ctx context.Context) (socket.Message, error) { return s.handler(ctx, r) })
	if code != 0 {
		n.decline(l, h, s.pool, code, "not executed")
	}
}

// failure returns what a caller is told of a handler's error.
func failure(ctx context.Context, err error) (Code, string) {
	var e *CallError
	switch {
	case errors.As(err, &e) && e.Code >= CodeUser:
		return e.Code, e.Text
	case errors.Is(err, context.DeadlineExceeded) && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return CodeExpired, err.Error()
	}
	return CodeFailed, err.Error()
}

// ServiceInfo is one instance of a service.
type ServiceInfo struct {
	Service    string
	Version    string
	Metadata   map[string]string
	Idempotent bool
	Draining   bool // it takes no more requests
	Peer       discovery.ID
	Name       string // of the peer, for people
	Local      bool   // it is this node's own
	Load       int    // requests it has, as far as is known here
}

// Services returns who offers what, the node's own included, ordered by service
// and ID.
func (n *Node) Services() []ServiceInfo {
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []ServiceInfo
	for name, s := range n.services {
		all = append(all, ServiceInfo{
			Service: name, Version: s.version, Metadata: maps.Clone(s.metadata), Idempotent: s.idempotent,
			Draining: s.pool.draining || n.leaving, Peer: n.id, Name: n.cfg.human, Local: true, Load: s.pool.load(),
		})
	}
	for id, m := range n.roster.members {
		l := n.reachable(id)
		if l == nil {
			continue
		}
		for _, v := range m.state.services {
			all = append(all, ServiceInfo{
				Service: v.Name, Version: v.Version, Metadata: maps.Clone(v.Metadata), Idempotent: v.Idempotent,
				Draining: v.Draining || m.draining, Peer: id, Name: m.name, Load: int(l.gauge(v).load(now)),
			})
		}
	}
	slices.SortFunc(all, func(a, b ServiceInfo) int {
		if a.Service != b.Service {
			if a.Service < b.Service {
				return -1
			}
			return 1
		}
		return a.Peer.Compare(b.Peer)
	})
	return all
}
