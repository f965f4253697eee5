package socket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// The files rfc_*_test.go show the rules of the RFCs and of libzmq that
// docs/conformance.md lists, each in a subtest that begins with its ID.

// patience is how long a step of a rule may take on a busy machine before the
// rule counts as broken.
const patience = 30 * time.Second

// A stage is where a rule is shown: over one transport, within a time.
type stage struct {
	*testing.T
	ctx    context.Context
	scheme string
}

var (
	everywhere = []string{"tcp", "ipc", "inproc"}
	onWire     = []string{"tcp", "ipc"} // where there are octets to look at
)

// show runs a rule over every transport.
func show(t *testing.T, name string, rule func(s *stage)) { showOver(t, everywhere, name, rule) }

// showWire runs a rule over the transports that have octets.
func showWire(t *testing.T, name string, rule func(s *stage)) { showOver(t, onWire, name, rule) }

// showInproc runs a rule in process, where the figures are exact.
func showInproc(t *testing.T, name string, rule func(s *stage)) {
	showOver(t, []string{"inproc"}, name, rule)
}

func showOver(t *testing.T, schemes []string, name string, rule func(s *stage)) {
	t.Run(name, func(t *testing.T) {
		for _, scheme := range schemes {
			t.Run(scheme, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				rule(&stage{T: t, ctx: ctx, scheme: scheme})
			})
		}
	})
}

// anySocket is what all sockets have.
type anySocket interface {
	Bind(endpoint string) (string, error)
	Connect(endpoint string) error
	Unbind(endpoint string) error
	Disconnect(endpoint string) error
	BindListener(l net.Listener) error
	AttachConn(c net.Conn) error
	WaitPeers(ctx context.Context, n int) error
	Monitor() *socket.Monitor
	Stats() socket.Stats
	Close() error
	Shutdown(ctx context.Context) error
}

type trySender interface {
	socket.Sender
	TrySend(frames ...[]byte) error
}

type tryReceiver interface {
	socket.Receiver
	TryRecv() (socket.Message, error)
}

// open returns a socket that is closed, without linger, when the rule is shown.
func open[S anySocket, O any](s *stage, create func(...O) (S, error), opts []O) S {
	s.Helper()
	x, err := create(opts...)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { drop(x) })
	return x
}

func (s *stage) push(opts ...socket.PushOption) *socket.Push { return open(s, socket.NewPush, opts) }

func (s *stage) pull(opts ...socket.PullOption) *socket.Pull { return open(s, socket.NewPull, opts) }
func (s *stage) pub(opts ...socket.PubOption) *socket.Pub    { return open(s, socket.NewPub, opts) }
func (s *stage) sub(opts ...socket.SubOption) *socket.Sub    { return open(s, socket.NewSub, opts) }
func (s *stage) xpub(opts ...socket.XPubOption) *socket.XPub { return open(s, socket.NewXPub, opts) }

func (s *stage) xsub(opts ...socket.XSubOption) *socket.XSub { return open(s, socket.NewXSub, opts) }
func (s *stage) req(opts ...socket.ReqOption) *socket.Req    { return open(s, socket.NewReq, opts) }
func (s *stage) rep(opts ...socket.RepOption) *socket.Rep    { return open(s, socket.NewRep, opts) }
func (s *stage) dealer(opts ...socket.DealerOption) *socket.Dealer {
	return open(s, socket.NewDealer, opts)
}

func (s *stage) router(opts ...socket.RouterOption) *socket.Router {
	return open(s, socket.NewRouter, opts)
}

func (s *stage) pair(opts ...socket.PairOption) *socket.Pair { return open(s, socket.NewPair, opts) }

func (s *stage) radio(opts ...socket.RadioOption) *socket.Radio {
	return open(s, socket.NewRadio, opts)
}

func (s *stage) dish(opts ...socket.DishOption) *socket.Dish { return open(s, socket.NewDish, opts) }

// drop closes a socket without linger.
func drop(x anySocket) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	x.Shutdown(over)
}

// quick is a redial that keeps nobody waiting.
func quick() socket.Option { return socket.WithRedial(time.Millisecond, 10*time.Millisecond) }

// never is a redial that comes after every rule has been shown.
func never() socket.Option { return socket.WithRedial(time.Hour, time.Hour) }

var names atomic.Int64

// fresh returns an endpoint to bind that nobody uses.
func (s *stage) fresh() string {
	switch s.scheme {
	case "tcp":
		return "tcp://127.0.0.1:0"
	case "ipc":
		return "ipc://*"
	}
	return fmt.Sprintf("inproc://rfc-%d", names.Add(1))
}

// nowhere returns an endpoint to connect to where nobody listens yet.
func (s *stage) nowhere() string {
	s.Helper()
	switch s.scheme {
	case "tcp":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			s.Fatal(err)
		}
		defer l.Close()
		return "tcp://" + l.Addr().String()
	case "ipc":
		return "ipc://" + filepath.Join(s.TempDir(), "s")
	}
	return s.fresh()
}

// bind binds x to a fresh endpoint and returns it.
func (s *stage) bind(x anySocket) string {
	s.Helper()
	endpoint, err := x.Bind(s.fresh())
	if err != nil {
		s.Fatal(err)
	}
	return endpoint
}

// bindAt binds x where peers already look for it. Where a socket has just
// left, the operating system may need a moment to let go.
func (s *stage) bindAt(x anySocket, endpoint string) {
	s.Helper()
	if _, err := x.Bind(endpoint); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) connect(x anySocket, endpoints ...string) {
	s.Helper()
	for _, e := range endpoints {
		if err := x.Connect(e); err != nil {
			s.Fatal(err)
		}
	}
}

// peers waits until x has n peers.
func (s *stage) peers(x anySocket, n int) {
	s.Helper()
	if err := x.WaitPeers(s.ctx, n); err != nil {
		s.Fatal(err)
	}
}

// star binds hub and connects the others to it, one after the other, so that
// the hub has its peers in this order.
func (s *stage) star(hub anySocket, others ...anySocket) (endpoint string) {
	s.Helper()
	endpoint = s.bind(hub)
	n := hub.Stats().Peers
	for i, x := range others {
		s.connect(x, endpoint)
		s.peers(hub, n+i+1)
		s.peers(x, 1)
	}
	return endpoint
}

func octets(frames []string) [][]byte {
	m := make([][]byte, len(frames))
	for i, f := range frames {
		m[i] = []byte(f)
	}
	return m
}

func text(m socket.Message) []string {
	frames := make([]string, len(m))
	for i, f := range m {
		frames[i] = string(f)
	}
	return frames
}

func (s *stage) send(x socket.Sender, frames ...string) {
	s.Helper()
	if err := x.Send(s.ctx, octets(frames)...); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) recv(x socket.Receiver) []string {
	s.Helper()
	m, err := x.Recv(s.ctx)
	if err != nil {
		s.Fatal(err)
	}
	return text(m)
}

// want receives a message and fails the rule if it is another.
func (s *stage) want(x socket.Receiver, frames ...string) {
	s.Helper()
	if got := s.recv(x); !slices.Equal(got, frames) {
		s.Fatalf("received %.300q, want %.300q", got, frames)
	}
}

// empty fails the rule if x has a message now.
func (s *stage) empty(x tryReceiver) {
	s.Helper()
	if m, err := x.TryRecv(); !errors.Is(err, socket.ErrWouldBlock) {
		s.Fatalf("received %v, %v, want nothing", m, err)
	}
}

// blocked fails the rule if x takes a message now.
func (s *stage) blocked(x trySender, frames ...string) {
	s.Helper()
	if err := x.TrySend(octets(frames)...); !errors.Is(err, socket.ErrWouldBlock) {
		s.Fatalf("sending returned %v, want ErrWouldBlock", err)
	}
}

// fill sends until x takes no more, and returns how many it took; at most limit.
func (s *stage) fill(x trySender, limit int, frames ...string) int {
	s.Helper()
	m := octets(frames)
	for n := range limit {
		switch err := x.TrySend(m...); {
		case errors.Is(err, socket.ErrWouldBlock):
			return n
		case err != nil:
			s.Fatal(err)
		}
	}
	return limit
}

// matches fails the rule if err does not match target.
func (s *stage) matches(err, target error) {
	s.Helper()
	if !errors.Is(err, target) {
		s.Fatalf("got error %v, want one that matches %q", err, target)
	}
}

// says fails the rule if err is nil or does not mention part.
func (s *stage) says(err error, part string) {
	s.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		s.Fatalf("got error %v, want one that says %q", err, part)
	}
}

// event returns the next event of a kind.
func (s *stage) event(m *socket.Monitor, kind socket.EventKind) socket.Event {
	s.Helper()
	for {
		e, err := m.Next(s.ctx)
		if err != nil {
			s.Fatalf("waiting for the event %q: %v", kind, err)
		}
		if e.Kind == kind {
			return e
		}
	}
}

// until waits for what no event tells.
func (s *stage) until(what string, so func() bool) {
	s.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			s.Fatalf("waiting until %s: %v", what, s.ctx.Err())
		}
	}
}

// arrived waits until n messages wait in x to be received.
func (s *stage) arrived(x anySocket, n int) {
	s.Helper()
	s.until(fmt.Sprintf("%d messages are there", n), func() bool { return x.Stats().In.Queued >= n })
}

// equal fails the rule if what is not as it should be.
func equal[T comparable](s *stage, what string, got, want T) {
	s.Helper()
	if got != want {
		s.Fatalf("%s: %v, want %v", what, got, want)
	}
}
