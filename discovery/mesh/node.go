package mesh

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// Node is one member of a mesh. Its methods are safe for concurrent use.
type Node struct {
	name        string
	id          discovery.ID
	incarnation uint64
	cfg         *config
	keys        *keys // nil if the links are not secured
	endpoints   []string
	router      *socket.Router
	backend     discovery.Backend
	owned       bool // the backend is ours to close
	follower    *discovery.Follower
	announced   discovery.Announcement // nil if the backend only reads

	ctx    context.Context // done when the node has left, or gives up leaving
	cancel context.CancelFunc
	wg     sync.WaitGroup // every goroutine of the node
	done   chan struct{}  // closed when Leave has finished
	awake  chan struct{}  // of capacity 1: the keeper has something to do
	inbox  *inbox

	received atomic.Uint64 // messages that were taken from the socket and dealt with

	// All below is guarded by mu, which is held for moments only and never while
	// something waits. The lock of the socket's sending side may be taken under it.
	mu          sync.Mutex
	roster      *roster
	audience    *audience
	links       map[discovery.ID]*link
	aliases     map[discovery.ID]alias // what discovery calls them -> who they are
	excluded    []discovery.ID         // to be told to the follower
	changed     chan struct{}          // closed and replaced when a choice may be another
	apart       notes                  // instances of which was told that they are not linked
	turnedAway  notes                  // hosts of which was told that they were refused
	metadata    map[string]string
	groups      map[string]struct{}
	sequence    uint64
	unpublished bool
	services    map[string]*Service
	askers      map[string]*asker
	pending     map[uint64]*pending // requests of ours that wait for an answer
	lastID      uint64
	jobs        map[jobKey]*job // requests of peers
	leaving     bool            // no new requests
	parting     bool            // nothing more is said
	closed      bool
	stats       counters
}

// Join makes a node of the mesh called name, and returns when it is announced;
// WaitPeers waits for others. The node stays until Leave or Close; ctx limits
// only how long Join may take.
func Join(ctx context.Context, name string, opts ...Option) (*Node, error) {
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(checkName(name), checkMetadata(cfg.metadata)); err != nil {
		return nil, err
	}
	secured, err := newKeys(cfg)
	if err != nil {
		return nil, err
	}
	n := &Node{
		name:        name,
		id:          cfg.id,
		incarnation: rand.Uint64() | 1,
		cfg:         cfg,
		keys:        secured,
		backend:     cfg.backend,
		done:        make(chan struct{}),
		awake:       make(chan struct{}, 1),
		inbox:       newInbox(cfg.inbox),
		links:       make(map[discovery.ID]*link),
		aliases:     make(map[discovery.ID]alias),
		changed:     make(chan struct{}),
		apart:       newNotes(maxApart),
		turnedAway:  newNotes(maxTurnedAway),
		metadata:    cfg.metadata,
		groups:      make(map[string]struct{}),
		services:    make(map[string]*Service),
		askers:      make(map[string]*asker),
		pending:     make(map[uint64]*pending),
		jobs:        make(map[jobKey]*job),
	}
	n.audience = newAudience(&n.mu, n.somethingChanged)
	n.roster = newRoster(cfg.maxPeers, cfg.suspect, n.audience)
	if _, err := n.describe().encode(); err != nil {
		return nil, err
	}
	if err := n.open(); err != nil {
		return nil, err
	}
	if err := n.start(ctx); err != nil {
		n.abort()
		return nil, err
	}
	return n, nil
}

// open makes the socket and binds it.
func (n *Node) open() error {
	c := n.cfg
	r, err := socket.NewRouter(
		socket.WithIdentity([]byte(n.id.String())),
		socket.WithMandatory(),
		socket.WithHeartbeat(c.heartbeat, c.timeout),
		socket.WithRedial(redialMin, redialMax),
		socket.WithProperty("X-Brokerless-Mesh", fmt.Sprint(wireVersion)),
		n.security(),
	)
	if err != nil {
		return err
	}
	bind := c.bind
	if len(bind) == 0 {
		bind = []string{"tcp://0.0.0.0:0"}
	}
	for _, e := range bind {
		resolved, err := r.Bind(e)
		if err != nil {
			_ = r.Close()
			return err
		}
		n.endpoints = append(n.endpoints, resolved)
	}
	if len(c.bind) == 0 && runtime.GOOS == "linux" {
		if e, err := r.Bind(discovery.LocalEndpoint(n.id)); err == nil { // if not, there is tcp
			n.endpoints = append(n.endpoints, e)
		}
	}
	n.router = r
	return nil
}

// How long a lost link waits to be made again: well below the time for which a
// peer may be Suspect.
const (
	redialMin = 100 * time.Millisecond
	redialMax = 2 * time.Second
)

// start announces the node and sets it going.
func (n *Node) start(ctx context.Context) error {
	if n.backend == nil {
		b, err := newBackend()
		if err != nil {
			return err
		}
		n.backend, n.owned = b, true
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	monitor := n.router.Monitor()
	n.wg.Go(func() { n.observe(monitor) })
	n.wg.Go(n.receive)
	opts := []discovery.FollowOption{
		discovery.WithSelf(n.id),
		discovery.WithRealm(n.cfg.realm),
		discovery.WithSocketType("ROUTER"),
		discovery.WithMaxPeers(n.cfg.maxPeers),
		discovery.WithTieBreak(n.isLinked),
		discovery.WithEvents(n.discovered),
		discovery.WithFilter(n.fits),
		discovery.WithOthers(n.unwanted),
	}
	if n.cfg.loopback {
		opts = append(opts, discovery.WithLoopback())
	}
	f, err := discovery.Follow(n.ctx, n.backend, n.name, n.router, opts...)
	if err != nil {
		return err
	}
	n.follower = f
	n.wg.Go(n.keep)
	a, err := n.backend.Announce(ctx, discovery.Instance{
		ID:         n.id,
		Service:    n.name,
		Realm:      n.cfg.realm,
		Name:       n.cfg.human,
		SocketType: "ROUTER",
		Endpoints:  n.endpoints,
		Host:       discovery.Host(),
		Metadata:   n.keys.metadata(),
	})
	if err != nil && !errors.Is(err, discovery.ErrUnsupported) {
		return err
	}
	n.announced = a
	return nil
}

// abort undoes what Join has done so far.
func (n *Node) abort() {
	n.mu.Lock()
	n.leaving, n.parting, n.closed = true, true, true
	n.mu.Unlock()
	_ = n.shut(context.Background(), false)
}

// ID returns the id of the node.
func (n *Node) ID() discovery.ID { return n.id }

// Mesh returns the name of the mesh.
func (n *Node) Mesh() string { return n.name }

// Name returns the name that people see.
func (n *Node) Name() string { return n.cfg.human }

// Realm returns the realm of the node.
func (n *Node) Realm() string { return n.cfg.realm }

// Endpoints returns where the node is bound, with the real ports.
func (n *Node) Endpoints() []string { return slices.Clone(n.endpoints) }

// WaitPeers waits until at least so many peers are Up at the same time. It
// returns ctx's error, or ErrClosed.
func (n *Node) WaitPeers(ctx context.Context, peers int) error {
	for {
		n.mu.Lock()
		up, closed, changed := n.roster.up(), n.closed, n.changed
		n.mu.Unlock()
		switch {
		case closed:
			return ErrClosed
		case up >= peers:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("brokerless: %d of %d peers: %w", up, peers, context.Cause(ctx))
		}
	}
}

// somethingChanged wakes those who wait for peers, members or instances. The
// caller holds mu.
func (n *Node) somethingChanged() {
	close(n.changed)
	n.changed = make(chan struct{})
}
