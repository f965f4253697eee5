package socket

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/brokerless/brokerless/internal/queue"
)

// socket is what all socket types have in common: endpoints, connections and
// their life. A socket type embeds it, and gives it its rules.
//
// Its locks, and the order they are taken in, are in docs/architecture.md.
type socket struct {
	kind     string // the Socket-Type of the handshake
	bare     bool   // there is none: connections carry octets without ZMTP
	cfg      *config
	rules    rules
	packing  *packing // nil: the type has no endpoints of datagrams
	monitors monitors
	journal  journal
	crowd    crowd

	ctx    context.Context // done when Close gives up waiting
	cancel context.CancelFunc
	wg     sync.WaitGroup // every goroutine of the socket
	done   chan struct{}  // closed when Close has finished
	asking chan struct{}  // a place for each call of the authenticator

	mu        sync.Mutex
	closed    bool
	listeners map[*listener]struct{}
	dialers   map[*pipe]struct{}    // the pipes that Connect made
	sessions  map[*session]struct{} // past the handshake
	conns     map[*session]struct{} // in the handshake
	changed   chan struct{}         // closed and replaced when sessions changes

	handshakes, refused, denied, lost, redials atomic.Uint64
	unnamed                                    atomic.Uint32 // peers that were given an id

	send sendSide
	recv recvSide
}

// rules is what differs between the socket types on the sending side and in
// the life of a peer. All methods are called with the send lock held.
type rules interface {
	// open admits a pipe that Connect has just made, before it is connected.
	open(p *pipe)
	// attach admits a connected peer, or refuses it with the reason.
	attach(s *session) error
	// detach is told that the connection of an attached peer has ended.
	detach(s *session)
	// drop removes a pipe for good.
	drop(p *pipe)
	// room is told that p's queue, which was full, has room again.
	room(p *pipe)
}

// sendSide is the sending half of a socket. Its lock guards all outgoing
// queues, the rules, and what is counted here.
type sendSide struct {
	sync.Mutex
	closed   bool
	waiters  waitlist // for room, or for a peer
	watchers waitlist // for subscribers
	pipes    map[*pipe]struct{}
	finished Flow    // of pipes that are no more
	drops    Drops   // of messages that never got to a queue
	unsent   int     // messages that Close had to abandon
	kept     *keeper // what those get who subscribe later; nil if nothing

	late []queue.Waker // consumers to wake once the lock is given up
}

func newSocket(kind string, c *config) (*socket, error) {
	if err := c.validate(); err != nil {
		return nil, &OpError{Op: "new", Socket: kind, Err: err}
	}
	s := &socket{
		kind:      kind,
		cfg:       c,
		done:      make(chan struct{}),
		asking:    make(chan struct{}, maxAsking),
		listeners: make(map[*listener]struct{}),
		dialers:   make(map[*pipe]struct{}),
		sessions:  make(map[*session]struct{}),
		conns:     make(map[*session]struct{}),
		changed:   make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.send.pipes = make(map[*pipe]struct{})
	s.send.kept = newKeeper(c)
	s.journal.s = s
	s.recv.budget = queue.NewBudget(c.maxBuffered)
	return s, nil
}

// fail wraps err as the error of a method.
func (s *socket) fail(op, endpoint string, err error) error {
	return &OpError{Op: op, Socket: s.kind, Endpoint: endpoint, Err: err}
}

// Monitor returns a view of what happens to the socket's endpoints and peers
// from now on. There may be any number of them.
func (s *socket) Monitor() *Monitor { return s.monitors.add() }

// WaitPeers waits until at least n peers are connected, past their handshake,
// at the same time. It returns ctx's error, or ErrClosed.
func (s *socket) WaitPeers(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		have, closed, changed := len(s.sessions), s.closed, s.changed
		s.mu.Unlock()
		if closed {
			return s.fail("wait for peers", "", ErrClosed)
		}
		if have >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return s.fail("wait for peers", "", ctx.Err())
		}
	}
}

// peersChanged wakes those who wait for peers. The caller holds mu.
func (s *socket) peersChanged() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// A pipe is the outgoing queue for one peer. One that Connect made lives from
// then on and outlasts connections (HW-08); one of an accepted connection ends
// with it. Its fields after out are guarded by the send lock.
type pipe struct {
	s        *socket
	endpoint string // as given to Connect, or where the connection was accepted
	dialed   bool
	out      *queue.Queue
	ctx      context.Context // done when the pipe is given up
	cancel   context.CancelFunc
	hurry    chan struct{} // of capacity 1, if dialed: the next attempt shall not wait
	listener *listener     // that accepted it, if any
	accepted net.Conn      // if it was
	since    time.Time     // when it was accepted
	greeted  atomic.Bool   // its greeting has come
	evicted  atomic.Bool   // its handshake is to end rather than wait for the peer

	name     PeerID      // that the application has given its peer; empty: none (ConnectAs)
	session  *session    // present connection, if any
	shared   bool        // in process: out is the incoming queue of the peer, too,
	far      queue.Marks // which adds its marks
	draining bool        // nothing more comes; ends once out is empty
	final    bool        // no connection is made for it any more (StopAfterDisconnect)
	slow     bool        // it is disconnected because it was full, and nothing more is for it
	dropping bool        // messages have been dropped since it last had room
	answers  bool        // it is known what its peer has dealt with
	answered uint64      // of the messages that left out, how many it has
	purging  bool        // what it has belongs to a request that was given up (REQ)
	dropped  Drops
	spoiled  uint64  // of dropped, those that had left the queue
	caster   *caster // that sends what it has as datagrams, if it does; set before others see the pipe
	mark     uint64  // of the last message that was queued: tells a second match of the same one
	number   string  // the id of its peer (SERVER, PEER)
	hello    uint64  // one more than had left out when the hello that may wait in it was put in front; 0: there was none
}

func (s *socket) newPipe(endpoint string, dialed bool) *pipe {
	p := &pipe{s: s, endpoint: endpoint, dialed: dialed}
	p.ctx, p.cancel = context.WithCancel(s.ctx)
	if dialed {
		p.hurry = make(chan struct{}, 1)
	}
	p.out = queue.New(&s.send.Mutex, queue.Marks{}, false, p) // enter sets the marks
	p.conflate()
	return p
}

// marks returns the high-water marks of out (HW-02). The caller holds the send
// lock.
func (p *pipe) marks() queue.Marks {
	c := p.s.cfg
	m := c.sendMarks
	if c.maxLoad > 0 && (m.Messages == 0 || m.Messages > c.maxLoad) {
		m.Messages = c.maxLoad
	}
	if p.shared && (c.maxLoad == 0 || c.replies) { // what nobody answers is done when it is taken
		return m.Add(p.far)
	}
	return m
}

// Room implements queue.Producer.
func (p *pipe) Room(*queue.Queue) {
	p.dropping = false
	p.s.rules.room(p)
}

// Refill implements queue.Producer: what a socket sends comes from its
// application alone.
func (p *pipe) Refill(*queue.Queue) {}

// lose counts n messages for p as dropped, and raises an event the first time
// since p had room. The caller holds the send lock.
func (p *pipe) lose(n int, why DropReason) {
	if n == 0 {
		return
	}
	p.dropped[why] += uint64(n)
	if (why == DropFull || why == DropEvicted) && !p.dropping {
		p.dropping = true
		e := Event{Kind: EventDropping, Endpoint: p.endpoint, Reason: why}
		if p.session != nil {
			e.Peer, e.Remote = p.session.peer, p.session.peer.RemoteAddr
		}
		p.s.monitors.emit(e)
	}
}

// spoil counts n messages as dropped that have left the queue. The caller holds
// the send lock.
func (p *pipe) spoil(n int, why DropReason) {
	p.dropped[why] += uint64(n)
	p.spoiled += uint64(n)
}

// forfeit drops what p has: its peer is gone, or its time is over. The caller
// holds the send lock.
func (p *pipe) forfeit() {
	n, _ := p.out.Clear()
	if p.s.send.closed {
		p.s.send.unsent += n
	}
	switch {
	case p.draining:
		p.lose(n, DropClosed)
	case p.slow:
		p.lose(n, DropSlow)
	default:
		p.lose(n, DropPeerGone)
	}
}

// flow returns what has gone through p. The caller holds the send lock.
func (p *pipe) flow() Flow {
	d := p.out.Depth()
	f := Flow{Messages: d.Total, Delivered: d.Left - p.spoiled, Dropped: p.dropped, Queued: d.Messages, Bytes: d.Bytes}
	f.Dropped[DropConflated] += d.Conflated
	f.Messages += p.dropped[DropFull] // these never got into the queue
	return f
}

// retire takes p out of the socket for good, and counts what it still had.
func (p *pipe) retire() {
	p.cancel()
	s := p.s
	s.send.Lock()
	defer s.unlockSend()
	if _, ok := s.send.pipes[p]; !ok {
		return
	}
	s.rules.drop(p)
	p.forfeit()
	s.send.finished.add(p.flow())
	delete(s.send.pipes, p)
}

func (f *Flow) add(g Flow) {
	f.Messages += g.Messages
	f.Delivered += g.Delivered
	f.Queued += g.Queued
	f.Bytes += g.Bytes
	for i, n := range g.Dropped {
		f.Dropped[i] += n
	}
}

// register enters a new pipe, or reports false because the socket is closed.
func (s *socket) register(p *pipe) bool {
	s.send.Lock()
	defer s.send.Unlock()
	if s.send.closed {
		return false
	}
	s.send.enter(p)
	if p.dialed {
		s.rules.open(p)
	}
	return true
}

// enter makes p one of the pipes, with the marks of now. The caller holds the lock.
func (d *sendSide) enter(p *pipe) {
	d.pipes[p] = struct{}{}
	p.out.SetMarks(p.marks())
}

// unlockSend gives up the send lock, and wakes whom that had to wait for.
func (s *socket) unlockSend() {
	late := s.send.late
	s.send.late = nil
	s.send.Unlock()
	for _, w := range late {
		w.Wake()
	}
}

// Stats returns what the socket has done so far, in one consistent picture of
// each direction.
func (s *socket) Stats() Stats {
	st := Stats{
		Handshakes: s.handshakes.Load(),
		Refused:    s.refused.Load(),
		Denied:     s.denied.Load(),
		Lost:       s.lost.Load(),
		Redials:    s.redials.Load(),
	}
	each := make(map[*session]*PeerStats)
	s.mu.Lock()
	st.Peers, st.Pending = len(s.sessions), len(s.conns)
	for x := range s.sessions {
		each[x] = &PeerStats{Peer: x.peer, LastHeard: x.lastHeard()}
	}
	s.mu.Unlock()

	s.send.Lock()
	st.Out = s.send.finished
	st.Out.Dropped = addDrops(st.Out.Dropped, s.send.drops)
	st.Out.Messages += s.send.drops.Total()
	for p := range s.send.pipes {
		f := p.flow()
		st.Out.add(f)
		if e := each[p.session]; e != nil && p.session != nil {
			e.Out, e.OutBytes = f.Queued, f.Bytes
		}
	}
	if k := s.send.kept; k != nil {
		st.Kept = k.stats
	}
	s.send.Unlock()

	s.recv.Lock()
	st.In = s.recv.flow
	s.recv.held(&st.In)
	for in := range s.recv.turn.All() {
		received, f := in.flow()
		st.In.Messages += received
		st.In.add(f)
		if e := each[in.session]; e != nil {
			e.In, e.InBytes = f.Queued, f.Bytes
		}
	}
	s.recv.Unlock()

	for _, e := range each {
		st.Each = append(st.Each, *e)
	}
	return st
}

func addDrops(a, b Drops) Drops {
	for i, n := range b {
		a[i] += n
	}
	return a
}
