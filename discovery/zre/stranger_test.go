package zre

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// patience is how long anything may take that ought to happen soon.
const patience = 30 * time.Second

func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A stranger speaks ZRE by hand: an inbox, a DEALER for the node that it talks
// to, and a UDP socket.
type stranger struct {
	t      testing.TB
	id     discovery.ID
	inbox  *socket.Router
	port   uint16
	dealer *socket.Dealer
	air    *net.UDPConn
}

func newStranger(t testing.TB, opts ...socket.RouterOption) *stranger {
	t.Helper()
	s := &stranger{t: t, id: discovery.NewID()}
	var err error
	s.inbox, err = socket.NewRouter(append(opts, socket.WithHandover(), socket.WithLinger(0))...)
	must(t, err)
	t.Cleanup(func() { _ = s.inbox.Close() })
	endpoint, err := s.inbox.Bind("tcp://127.0.0.1:0")
	must(t, err)
	s.port, _ = portOf(endpoint)
	s.air, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	t.Cleanup(func() { _ = s.air.Close() })
	return s
}

// node joins with a node that sends its beacons to the strangers, and for which
// nobody is silent however slow the machine is, unless the options say so.
func node(t testing.TB, strangers []*stranger, opts ...Option) *Node {
	t.Helper()
	to := make([]string, len(strangers))
	for i, s := range strangers {
		to[i] = s.air.LocalAddr().String()
	}
	opts = append([]Option{WithName("node"), WithBind("127.0.0.1:0"), WithPort(0), WithBeaconTo(to...), WithSilence(time.Minute, time.Hour)}, opts...)
	n, err := Join(within(t), opts...)
	must(t, err)
	t.Cleanup(func() { _ = n.Close() })
	return n
}

// beacon sends a beacon to the node.
func (s *stranger) beacon(n *Node, b []byte) {
	s.t.Helper()
	_, err := s.air.WriteToUDP(b, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(n.BeaconPort())})
	must(s.t, err)
}

// hears returns the next beacon.
func (s *stranger) hears() []byte {
	s.t.Helper()
	must(s.t, s.air.SetReadDeadline(time.Now().Add(patience)))
	buf := make([]byte, 100)
	k, _, err := s.air.ReadFromUDP(buf)
	must(s.t, err)
	return buf[:k]
}

// dial connects to the node, anew if it was before.
func (s *stranger) dial(n *Node) {
	s.t.Helper()
	if s.dealer != nil {
		_ = s.dealer.Close()
	}
	d, err := socket.NewDealer(socket.WithIdentity(append([]byte{1}, s.id[:]...)), socket.WithLinger(0))
	must(s.t, err)
	s.t.Cleanup(func() { _ = d.Close() })
	must(s.t, d.Connect(fmt.Sprintf("tcp://127.0.0.1:%d", n.InboxPort())))
	s.dealer = d
}

func (s *stranger) greeting() message {
	return message{kind: kindHello, sequence: 1, endpoint: fmt.Sprintf("tcp://127.0.0.1:%d", s.port), name: "stranger"}
}

// say sends a message.
func (s *stranger) say(m message, content ...[]byte) {
	s.raw(append([][]byte{m.encode()}, content...)...)
}

func (s *stranger) raw(frames ...[]byte) {
	s.t.Helper()
	must(s.t, s.dealer.Send(within(s.t), frames...))
}

// got returns the next message, and what it has of content.
func (s *stranger) got() (message, socket.Message) {
	s.t.Helper()
	frames, _, err := s.inbox.RecvFrom(within(s.t))
	must(s.t, err)
	if len(frames) < 2 {
		s.t.Fatalf("%d frames", len(frames))
	}
	m, err := parse(frames[1], defaultLimits)
	must(s.t, err)
	return m, frames[2:]
}

// expect returns the next message, which is of a kind and has a sequence.
func (s *stranger) expect(k kind, sequence uint16) (message, socket.Message) {
	s.t.Helper()
	m, content := s.got()
	if m.kind != k || m.sequence != sequence {
		s.t.Fatalf("%v %d, want %v %d", m.kind, m.sequence, k, sequence)
	}
	return m, content
}

// enter introduces the stranger, and takes the HELLO and the event that come of
// it.
func (s *stranger) enter(n *Node) {
	s.t.Helper()
	s.dial(n)
	s.say(s.greeting())
	s.expect(kindHello, 1)
	next(s.t, n, Entered, s.id)
}

// next returns the next event, which is of a kind and about a peer.
func next(t testing.TB, n *Node, k EventKind, id discovery.ID) Event {
	t.Helper()
	e, err := n.Next(within(t))
	must(t, err)
	if e.Kind != k || e.ID != id {
		t.Fatalf("%v, want %v of %v", e, k, id)
	}
	return e
}

// alive shows that the node serves the stranger, and that nothing else was told.
func (s *stranger) alive(n *Node, sequence uint16) {
	s.t.Helper()
	s.say(message{kind: kindWhisper, sequence: sequence}, []byte("there?"))
	if e := next(s.t, n, Whispered, s.id); string(e.Frames[0]) != "there?" {
		s.t.Fatalf("%v", e)
	}
}

// gone waits until no connection to the stranger's inbox is left.
func (s *stranger) gone(m *socket.Monitor) {
	s.t.Helper()
	for s.inbox.Stats().Peers > 0 {
		if _, err := m.Next(within(s.t)); err != nil && !errors.Is(err, context.Canceled) {
			s.t.Fatal(err)
		}
	}
}
