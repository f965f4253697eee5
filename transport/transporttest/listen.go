package transporttest

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/brokerless/brokerless/transport"
)

// The scheme makes an endpoint that parses back to itself.
func (s *suite) testScheme(t *testing.T) {
	want := transport.Endpoint{Scheme: s.transport.Scheme(), Address: s.Address(t)}
	got, err := transport.ParseEndpoint(want.String())
	if err != nil || got != want {
		t.Fatalf("ParseEndpoint(%q) = %q, %v", want, got, err)
	}
	if again := s.transport.Scheme(); again != want.Scheme {
		t.Errorf("Scheme() = %q, then %q", want.Scheme, again)
	}
}

// What Addr says can be dialled, and checked without dialling.
func (s *suite) testResolvedAddress(t *testing.T) {
	l := s.listen(t)
	e := transport.Endpoint{Scheme: s.transport.Scheme(), Address: l.Addr().String()}
	if got, err := transport.ParseEndpoint(e.String()); err != nil || got != e {
		t.Errorf("ParseEndpoint(%q) = %q, %v", e, got, err)
	}
	if checker, ok := s.transport.(transport.Checker); ok {
		if err := errors.Join(checker.CheckDial(e.Address), checker.CheckListen(e.Address)); err != nil {
			t.Errorf("checks of the resolved address: %v", err)
		}
	}
	talkOver(s, t, l)
}

// A second Listen on a bound address fails, says where, and leaves the first listener whole.
func (s *suite) testAddressInUse(t *testing.T) {
	l := s.listen(t)
	address := l.Addr().String()
	second, err := s.transport.Listen(s.context(t), address)
	if err == nil {
		second.Close()
		t.Fatalf("second Listen(%q) succeeded", address)
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("second Listen(%q): %v; want one that matches syscall.EADDRINUSE", address, err)
	}
	if !strings.Contains(err.Error(), address) {
		t.Errorf("the error does not name %q: %v", address, err)
	}
	talkOver(s, t, l)
}

// A closed listener's address can be bound again at once, time after time, also when it had connections.
func (s *suite) testListenAgain(t *testing.T) {
	address := s.Address(t)
	for round := range 5 {
		l := s.listenOn(t, address)
		address = l.Addr().String()
		talkOver(s, t, l)
		if err := l.Close(); err != nil {
			t.Fatalf("round %d: Close: %v", round, err)
		}
	}
}

// A done context ends Listen before it binds anything.
func (s *suite) testListenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	address := s.vacant(t)
	l, err := s.transport.Listen(ctx, address)
	if err == nil {
		l.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Listen with a cancelled context: %v; want one that matches context.Canceled", err)
	}
	s.listenOn(t, address)
}

// Close ends every blocked Accept, and an Accept that comes later, with net.ErrClosed.
func (s *suite) testCloseEndsAccept(t *testing.T) {
	l := s.listen(t)
	accepted := make(chan outcome[net.Conn], 4)
	accept := func() {
		conn, err := l.Accept()
		accepted <- outcome[net.Conn]{conn, err}
	}
	for range 3 {
		go accept()
	}
	// One connection first, so that Accept is known to run when Close comes.
	dialed, err := s.transport.Dial(s.context(t), l.Addr().String())
	if err != nil {
		t.Fatalf("Dial(%q): %v", l.Addr(), err)
	}
	defer dialed.Close()
	conn, err := await(s, t, "Accept", accepted)
	if err != nil {
		t.Fatalf("Accept: %v", err)
	}
	defer conn.Close()
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	go accept()
	for range 3 {
		if conn, err := await(s, t, "Accept after Close", accepted); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close: %v, %v; want an error that matches net.ErrClosed", conn, err)
		}
	}
}

// Connections outlive the listener that accepted them.
func (s *suite) testCloseListenerKeepsConns(t *testing.T) {
	l := s.listen(t)
	a, b := s.connect(t, l)
	if err := l.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	talk(t, a, b)
}

// What is wrong in its text is refused as such, by the calls and by the checks alike.
func (s *suite) testBadAddresses(t *testing.T) {
	check := func(what, address string, err error) {
		t.Helper()
		var bad *transport.EndpointError
		if !errors.As(err, &bad) {
			t.Errorf("%s(%q) = %v, want an *EndpointError", what, address, err)
			return
		}
		if want := s.transport.Scheme() + "://" + address; bad.Endpoint != want || bad.Reason == "" {
			t.Errorf("%s(%q) = %#v, want endpoint %q and a reason", what, address, *bad, want)
		}
	}
	checker, checks := s.transport.(transport.Checker)
	for _, address := range s.BadDial {
		conn, err := s.transport.Dial(s.context(t), address)
		if err == nil {
			conn.Close()
		}
		check("Dial", address, err)
		if checks {
			check("CheckDial", address, checker.CheckDial(address))
		}
	}
	for _, address := range s.BadListen {
		l, err := s.transport.Listen(s.context(t), address)
		if err == nil {
			l.Close()
		}
		check("Listen", address, err)
		if checks {
			check("CheckListen", address, checker.CheckListen(address))
		}
	}
}

// talkOver checks that l accepts and octets pass, and closes both ends.
func talkOver(s *suite, t *testing.T, l net.Listener) {
	t.Helper()
	a, b := s.connect(t, l)
	defer a.Close()
	defer b.Close()
	talk(t, a, b)
}
