package call

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net"
	"sync"
	"sync/atomic"

	"github.com/brokerless/brokerless/socket"
)

// maxMethod is how long the name of a method may be, in octets.
const maxMethod = 255

// A Server answers calls that clients make over any number of endpoints. All
// methods are safe for concurrent use.
//
// A handler that panics ends the program, as a panic does in any goroutine: the
// state it leaves behind is unknown. A server that prefers to go on has an
// interceptor that recovers.
type Server struct {
	cfg     *serverConfig
	router  *socket.Router
	monitor *socket.Monitor
	methods atomic.Pointer[map[string]*method] // replaced whole, under mu
	loops   sync.WaitGroup                     // of the goroutines that receive and watch
	workers sync.WaitGroup                     // of those that run handlers
	refused atomic.Uint64                      // messages
	ignored atomic.Uint64

	mu       sync.Mutex
	peers    map[socket.PeerID]*peer // those that have called and are connected
	turn     []*peer                 // those with calls that wait, the next one first
	resuming []chan struct{}         // handlers that go on when there is a place
	running  int                     // handlers that have a place
	calls    int                     // of all peers, waiting, running or held up by a slow caller
	octets   int                     // of their requests, hops included
	taken    uint64                  // calls so far
	draining bool                    // new calls are refused
	drained  chan struct{}           // closed when draining and there are none
	farewell chan struct{}           // closed when all clients told of it send no more
	unheard  int                     // clients that have not said so yet
}

// A method is one that callers can call: it answers once, or with a stream.
type method struct {
	name     string
	unary    func(ctx context.Context, r *Request, buf []byte) ([]byte, error)
	stream   func(ctx context.Context, r *Request) iter.Seq2[[]byte, error]
	buffered bool // what unary returns may be used as buf again
}

// A Request is what a raw handler is given. It belongs to the handler.
type Request struct {
	Method string
	Body   []byte
}

// NewServer returns a server without methods or endpoints. The error, if any,
// matches socket.ErrOption.
func NewServer(opts ...ServerOption) (*Server, error) {
	cfg, err := newServerConfig(opts)
	if err != nil {
		return nil, err
	}
	r, err := socket.NewRouter(socket.WithMandatory(), socket.WithOptions(cfg.socket...))
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg:      cfg,
		router:   r,
		monitor:  r.Monitor(),
		peers:    make(map[socket.PeerID]*peer),
		drained:  make(chan struct{}),
		farewell: make(chan struct{}),
	}
	s.methods.Store(new(map[string]*method))
	s.loops.Go(s.receive)
	s.loops.Go(s.watch)
	return s, nil
}

// Bind listens on an endpoint, and returns it with what was left open filled
// in. See the sockets' Bind.
func (s *Server) Bind(endpoint string) (resolved string, err error) { return s.router.Bind(endpoint) }

// BindListener serves the connections of a listener that somebody else made.
// The server closes it.
func (s *Server) BindListener(l net.Listener) error { return s.router.BindListener(l) }

// Handle lets h answer the calls of a method: with octets, of which nothing is
// kept once they are sent, or with an error; see [Errorf] for its code. H runs
// in a goroutine of its own, many at a time. Its context is done at the caller's
// deadline, when the caller gives up or is lost, and when the server is closed;
// then the answer is for nobody, and h is to return. For values of Go types see
// the function [Handle].
func (s *Server) Handle(name string, h func(ctx context.Context, r *Request) ([]byte, error)) error {
	return s.add(name, &method{unary: func(ctx context.Context, r *Request, _ []byte) ([]byte, error) { return h(ctx, r) }})
}

// HandleStream lets h answer the calls of a method with any number of items.
// The loop over what h returns waits while the caller has not taken what was
// sent to it, and ends early when the caller is gone. An error ends the stream
// for the caller too, with its code.
func (s *Server) HandleStream(name string, h func(ctx context.Context, r *Request) iter.Seq2[[]byte, error]) error {
	return s.add(name, &method{stream: h})
}

// add makes a method known. A name is taken once.
func (s *Server) add(name string, m *method) error {
	if name == "" || len(name) > maxMethod {
		return fmt.Errorf("call: %w: method %.64q of %d octets, want 1 to %d", socket.ErrOption, name, len(name), maxMethod)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := *s.methods.Load()
	if old[name] != nil {
		return fmt.Errorf("call: %w: method %q has a handler", socket.ErrOption, name)
	}
	all := maps.Clone(old)
	if all == nil {
		all = make(map[string]*method)
	}
	m.name = name
	all[name] = m
	s.methods.Store(&all)
	return nil
}

// watch cancels the calls of peers that are gone.
func (s *Server) watch() {
	var lost uint64
	for e := range s.monitor.Events(context.Background()) {
		if e.Kind == socket.EventDisconnected {
			s.mu.Lock()
			if p := s.peers[e.Peer.ID]; p != nil && p.Since.Equal(e.Peer.Since) {
				s.forget(p)
			}
			s.mu.Unlock()
		}
		if n := s.monitor.Lost(); n != lost {
			lost = n
			s.sweep()
		}
	}
}

// sweep looks which peers are gone, of which no event told.
func (s *Server) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.peers {
		if !s.connected(p.ID) {
			s.forget(p)
		}
	}
}

// connected reports whether a peer can be answered. A message of only an
// identity is looked up, and goes nowhere (RR-48).
func (s *Server) connected(id socket.PeerID) bool {
	return !errors.Is(s.router.TrySend([]byte(id)), socket.ErrNoRoute)
}
