package socket

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/transport"
)

// A session is one connection from the end of its handshake on. Two goroutines
// belong to it: the one that made the connection reads, another writes. In
// process there is one, and it only waits for the end.
type session struct {
	pipe        *pipe
	peer        Peer
	major       byte // of the ZMTP that the peer speaks, at most 3; 0 in process
	minor       byte // of the ZMTP 3 that the peer speaks
	unversioned bool // it has announced no version
	inlet       *inlet
	conn        net.Conn
	twin        *session      // the other end in process, else nil
	local       *introduction // what the other end in process was handed

	id     []byte   // the peer's identity, for the frame in front of its messages
	ousted *session // whose identity it took over (ROUTER)

	cipher   *zmtp.Cipher // nil if the traffic goes in the clear
	incoming translator   // belongs to whoever decodes; nil if frames come as they are queued
	outgoing outgoing     // belongs to whoever writes; nil if they go so

	writeNow *attempt    // nil if the connection cannot be written without waiting
	gather   net.Buffers // what the writer is at, here because it would be allocated each time

	wake  chan struct{} // of capacity 1: the writer is to look for work
	space chan struct{} // of capacity 1: the full incoming queue has room
	stop  chan struct{} // closed when the connection is to end
	bar   chan struct{} // closed when the peer is read from; nil if it is from the start
	once  sync.Once
	cause error // why it ended; set before stop is closed

	// The reader's, and while it is parked guarded by the incoming queue's lock.
	decoder *queue.Decoder
	readNow *attempt // nil if the connection cannot be read without waiting
	fault   error    // why nothing more is to be read

	// Guarded by the incoming queue's lock.
	parked   bool // the application's goroutines read in the reader's place
	watched  bool // the reader looks now and then whether they do
	refills  uint // how often they did
	wanted   bool // the reader is asked to park, because the application waits for messages
	ending   bool // whoever attended found the end of the connection, which the reader is to find too
	attended bool // one of the application's goroutines has the decoder, and waits on the connection

	// Guarded by the send lock.
	writing            bool         // somebody writes to the connection
	leaving            bool         // the writer is ending, and nobody else is to write any more
	rest               *queue.Batch // whose first taken octets have been written, and which goes first
	taken              int
	stirred            int64  // when a message last came for a writer that slept, as heard
	stirredAt          uint64 // messages queued by then
	control            []byte // commands to write before anything else
	pong               []byte // context of the PONG that is owed; of several PINGs the newest's
	pongDue            bool   // there is one to send
	pings              bool   // PINGs ask how far the peer has read (see load)
	barrier            uint64 // how many messages have left out before the one under way; 0: there is none
	topics             int    // what the peer has subscribed to
	octets             int    // of its topics
	replayed           bool   // it has been told our subscriptions, and is told of changes
	unread, unreadSize int    // its notices that the application has yet to receive (XPUB)
	held               bool   // it is not read from because of them
	left               bool   // it is gone, and they are what it left
	succeeded          bool   // another peer has its identity (ROUTER)
	inside             bool   // the rules have admitted it

	born  time.Time    // what heard counts from: the wall clock may jump
	heard atomic.Int64 // when octets last came, in nanoseconds
	ttl   atomic.Int64 // silence after which the peer wants to be given up, from its PING
	mute  atomic.Bool  // the socket is closed: what comes is thrown away
}

func (s *socket) newSession(p *pipe, conn net.Conn) *session {
	return &session{
		pipe:  p,
		conn:  conn,
		born:  time.Now(),
		wake:  make(chan struct{}, 1),
		space: make(chan struct{}, 1),
		stop:  make(chan struct{}),
	}
}

// Wake implements queue.Waker: the writer has something to do.
func (x *session) Wake() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// end ends the connection for the reason given, the first one counts.
func (x *session) end(why error) {
	x.once.Do(func() {
		x.cause = why
		close(x.stop)
		x.conn.Close()
	})
}

// hear notes that octets have come, or that none could.
func (x *session) hear() { x.heard.Store(int64(time.Since(x.born))) }

// silence returns for how long no octets have come.
func (x *session) silence() time.Duration {
	return time.Since(x.born) - time.Duration(x.heard.Load())
}

func (x *session) lastHeard() time.Time {
	if x.twin != nil {
		return time.Time{}
	}
	return x.born.Add(time.Duration(x.heard.Load()))
}

// describe fills in what is known of the peer.
func (x *session) describe(p zmtp.Peer) {
	x.major, x.minor, x.unversioned = min(p.Major, 3), p.Minor, p.Unversioned
	if p.Major > 3 {
		x.minor = 1 // higher versions speak ours (WT-11)
	}
	x.peer.SocketType = p.SocketType
	x.peer.ID = PeerID(p.Identity)
	x.peer.Mechanism = p.Mechanism
	x.peer.UserID = p.UserID
	x.peer.Version = string([]byte{'0' + min(p.Major, 9), '.', '0' + min(p.Minor, 9)})
	x.peer.properties = p.Properties
	if proven, ok := x.conn.(transport.Certified); ok {
		var name string
		x.peer.Certificate, name = proven.PeerCertificate()
		x.peer.UserID = cmp.Or(p.UserID, name)
	}
	x.addresses()
}

func (x *session) addresses() {
	x.peer.Endpoint = x.pipe.endpoint
	if a := x.conn.LocalAddr(); a != nil {
		x.peer.LocalAddr = a.String()
	}
	if a := x.conn.RemoteAddr(); a != nil {
		x.peer.RemoteAddr = a.String()
	}
	x.peer.Since = time.Now()
}

// attach makes the session part of the socket: from here on messages flow. It
// returns why the peer is refused.
func (s *socket) attach(x *session) error {
	p := x.pipe
	s.send.Lock()
	err := p.ctx.Err()
	var wake queue.Waker
	if err == nil && !p.draining { // a draining pipe only gets rid of what it has
		if err = s.rules.attach(x); err == nil {
			wake = s.greet(x)
			x.admitted()
		}
	}
	if err == nil {
		switch {
		case p.number != "": // it has it even while it is draining
			x.peer.ID = PeerID(p.number)
		case x.peer.ID == "":
			x.peer.ID = PeerID(binary.BigEndian.AppendUint32([]byte{0}, s.unnamed.Add(1)))
		}
		p.session = x // from here on others read x.peer
	}
	s.send.Unlock()
	if err != nil {
		return err
	}
	if wake != nil {
		wake.Wake()
	}
	if x.ousted != nil {
		x.ousted.end(fmt.Errorf("identity %q handed over to %s", x.peer.ID, x.peer.RemoteAddr))
	}
	x.id = []byte(x.peer.ID)
	if x.twin == nil { // in process the other side has to have attached too
		s.replay(x)
	}
	s.mu.Lock()
	s.sessions[x] = struct{}{}
	if s.closed {
		x.mute.Store(true)
	}
	s.handshakes.Add(1)
	s.recv.add(x.inlet) // under mu: who received from a peer finds it counted, who counts it finds what it sent
	s.peersChanged()
	s.mu.Unlock()
	s.monitors.emit(Event{Kind: EventReady, Endpoint: p.endpoint, Remote: x.peer.RemoteAddr, Peer: x.peer})
	return nil
}

// detach takes the session out again. What is queued for the peer stays if the
// pipe outlasts connections, and is dropped if not (RR-35, RR-36).
func (s *socket) detach(x *session) {
	p := x.pipe
	s.send.Lock()
	p.out.SetConsumer(nil)
	if x.twin != nil {
		p.shared = false
		p.out.SetMarks(p.marks())
		p.conflate()
	}
	p.session = nil
	s.rules.detach(x)
	p.slow = false
	if p.dialed && s.cfg.immediate && !p.draining {
		n, _ := p.out.Clear()
		p.lose(n, DropPeerGone)
	}
	last := s.lastOf(x)
	s.unlockSend()
	s.recv.end(x.inlet, last) // after the rules, so that who receives its last knows that it is gone
	s.mu.Lock()
	delete(s.sessions, x)
	s.peersChanged()
	s.mu.Unlock()
	s.lost.Add(1)
	why := classify(x.cause)
	s.monitors.emit(Event{Kind: EventDisconnected, Endpoint: p.endpoint, Remote: x.peer.RemoteAddr, Peer: x.peer, Err: why})
	s.journal.disconnected(p, x.peer.RemoteAddr, why)
}

// serve carries traffic over a connection whose handshake is done, until it
// ends. Early is what came with the handshake.
func (s *socket) serve(x *session, early []byte) error {
	q := queue.New(new(sync.Mutex), queue.Marks{}, s.cfg.conflate, x) // recvSide.add sets the marks
	x.inlet = newInlet(x, q)
	q.Lock()
	q.SetBudget(s.recv.budget)
	s.conflateTopics(q)
	q.SetConsumer(x.inlet)
	q.Unlock()
	x.hear()
	if t, ok := x.conn.(transport.Termed); ok {
		t.SetTerms(s.terms())
	}
	switch {
	case s.bare:
		x.outgoing = new(bareWriter)
	case x.cipher != nil || x.framedV1():
		x.outgoing = &sealer{cipher: x.cipher}
	}
	raw := rawConn(x.conn)
	x.writeNow = newWriteAttempt(raw)
	if _, publishes := s.rules.(subscribers); !publishes { // what a publisher reads is not for the application
		x.readNow = newReadAttempt(raw)
	}
	if err := s.crowd.sit(x); err != nil {
		x.refuse(err)
		return err
	}
	defer s.crowd.rise(x)
	if err := s.attach(x); err != nil {
		x.refuse(err)
		return err
	}
	if s.recv.budget.Hold(reading{x}) {
		x.bar = make(chan struct{})
	}
	x.subscribeAll()
	written := make(chan struct{})
	s.send.Lock()
	wake := x.pipe.out.SetConsumer(x)
	s.send.Unlock()
	if wake != nil {
		wake.Wake()
	}
	go func() {
		defer close(written)
		x.write()
	}()
	x.end(x.read(early))
	<-written
	s.detach(x)
	return nil
}

// refuse tells the peer why it is not let in though its handshake was in
// order. It is a courtesy, and not waited for long.
func (x *session) refuse(why error) {
	if x.pipe.ctx.Err() == nil && !x.pipe.s.bare && !x.legacy() && x.conn.SetWriteDeadline(time.Now().Add(partingTime)) == nil {
		_, _ = x.writeAll([][]byte{zmtp.AppendError(nil, why.Error())}, 0)
	}
}

// replay tells a new publisher what the socket has subscribed to.
func (s *socket) replay(x *session) {
	if b, ok := s.rules.(*subscribing); ok {
		b.replay(x)
	}
}

// errAbandoned is why a connection ends over which a reply might come that
// nobody waits for any more.
var errAbandoned = errors.New("request given up")

// errPeerClosed says that the peer ended the connection in good order.
var errPeerClosed = errors.New("peer closed the connection")

func readError(err error) error {
	if errors.Is(err, io.EOF) {
		return errPeerClosed
	}
	return err
}
