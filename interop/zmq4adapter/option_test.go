package zmq4adapter_test

import (
	"bytes"
	"context"
	"errors"
	"log"
	"strings"
	"sync"
	"testing"

	"github.com/go-zeromq/zmq4/security/null"
	"github.com/go-zeromq/zmq4/security/plain"

	"github.com/brokerless/brokerless/interop/zmq4adapter"
	"github.com/brokerless/brokerless/socket"
)

// TestHWM finds that a PUSH waits when its mark is reached, and not before. Who
// has no peer yet but dials one queues for it.
func TestHWM(t *testing.T) {
	push := newSocket(t, zmq4adapter.Push, zmq4adapter.WithTimeout(0))
	must(t, push.SetOption(zmq4adapter.OptionHWM, 3))
	pull := newSocket(t, zmq4adapter.Pull)
	must(t, pull.SetOption(zmq4adapter.OptionHWM, 2))
	link(t, "inproc", pull, push) // where the two queues are one
	sent := 0
	var err error
	for err == nil && sent < 100 {
		if err = push.Send(zmq4adapter.NewMsgString("x")); err == nil {
			sent++
		}
	}
	if !errors.Is(err, context.DeadlineExceeded) || sent < 3 || sent > 5 {
		t.Errorf("%d messages until %v, want at least the 3 of the sender and at most 2 more", sent, err)
	}
}

// TestProperties sets and gets options, good ones and bad ones.
func TestProperties(t *testing.T) {
	for kind := range constructors() {
		s := newSocket(t, kind)
		if _, err := s.GetOption(zmq4adapter.OptionHWM); !errors.Is(err, zmq4adapter.ErrBadProperty) {
			t.Errorf("%s: HWM before it was set: %v", kind, err)
		}
		for _, bad := range []any{-1, "10", int64(10), nil} {
			if err := s.SetOption(zmq4adapter.OptionHWM, bad); !errors.Is(err, zmq4adapter.ErrBadProperty) {
				t.Errorf("%s: HWM of %v: %v", kind, bad, err)
			}
		}
		must(t, s.SetOption(zmq4adapter.OptionHWM, 10))
		if v, err := s.GetOption(zmq4adapter.OptionHWM); err != nil || v != 10 {
			t.Errorf("%s: HWM %v, %v", kind, v, err)
		}
		if err := s.SetOption("SNDBUF", 10); !errors.Is(err, zmq4adapter.ErrBadProperty) {
			t.Errorf("%s: an option there is not: %v", kind, err)
		}
		err := s.SetOption(zmq4adapter.OptionSubscribe, "a")
		if ok := kind == zmq4adapter.Sub; ok != (err == nil) || !ok && !errors.Is(err, zmq4adapter.ErrBadProperty) {
			t.Errorf("%s: to subscribe: %v", kind, err)
		}
		must(t, s.Listen("tcp://127.0.0.1:0"))
		if err := s.SetOption(zmq4adapter.OptionHWM, 20); !errors.Is(err, zmq4adapter.ErrBadProperty) {
			t.Errorf("%s: HWM after Listen: %v", kind, err)
		}
		if v, _ := s.GetOption(zmq4adapter.OptionHWM); v != 10 {
			t.Errorf("%s: HWM %v after a refused one", kind, v)
		}
	}
}

// TestBadTopics subscribes to what is none.
func TestBadTopics(t *testing.T) {
	sub := newSocket(t, zmq4adapter.Sub)
	if err := sub.SetOption(zmq4adapter.OptionSubscribe, []byte("a")); !errors.Is(err, zmq4adapter.ErrBadProperty) {
		t.Errorf("octets: %v", err)
	}
	if err := sub.SetOption(zmq4adapter.OptionSubscribe, strings.Repeat("a", 1<<20)); !errors.Is(err, socket.ErrTooLarge) {
		t.Errorf("a mebibyte: %v", err)
	}
	if topics := topicsOf(sub); len(topics) != 0 {
		t.Errorf("topics %q", topics)
	}
}

// TestSecurity gives sockets mechanisms of the original.
func TestSecurity(t *testing.T) {
	pull := newSocket(t, zmq4adapter.Pull, zmq4adapter.WithSecurity(null.Security()))
	push := newSocket(t, zmq4adapter.Push, zmq4adapter.WithSecurity(nil))
	link(t, "tcp", pull, push)
	s := newSocket(t, zmq4adapter.Push, zmq4adapter.WithSecurity(plain.Security("user", "secret")))
	for call, err := range map[string]error{
		"Listen": s.Listen("tcp://127.0.0.1:0"), "Dial": s.Dial("tcp://127.0.0.1:1"), "Send": s.Send(zmq4adapter.NewMsgString("x")),
	} {
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "PLAIN") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s under PLAIN: %v", call, err)
		}
	}
	if s.Addr() != nil {
		t.Errorf("it listens on %v", s.Addr())
	}
}

// TestID announces an identity that is too long, and one that is none.
func TestID(t *testing.T) {
	router := newSocket(t, zmq4adapter.Router)
	endpoint := listen(t, router, address(t, "tcp"))
	dealer := newSocket(t, zmq4adapter.Dealer, zmq4adapter.WithID(bytes.Repeat([]byte("i"), 300)))
	must(t, dealer.Dial(endpoint))
	send(t, dealer, "x")
	expect(t, router, strings.Repeat("i", 255), "x")
	if err := newSocket(t, zmq4adapter.Dealer, zmq4adapter.WithID([]byte{0, 1})).Dial(endpoint); !errors.Is(err, socket.ErrOption) {
		t.Errorf("an identity that begins with 0: %v", err)
	}
	anonymous := newSocket(t, zmq4adapter.Dealer, zmq4adapter.WithID(nil))
	must(t, anonymous.Dial(endpoint))
	send(t, anonymous, "x")
	m, err := router.Recv()
	must(t, err)
	if id := m.Frames[0]; len(id) != 5 || id[0] != 0 {
		t.Errorf("identity %x, want 5 octets that the ROUTER made up", id)
	}
}

// lines is a writer that goroutines share.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// TestLogger has a peer of the wrong type refused.
func TestLogger(t *testing.T) {
	var out lines
	pull := newSocket(t, zmq4adapter.Pull, zmq4adapter.WithLogger(log.New(&out, "zmq4: ", 0)))
	endpoint := listen(t, pull, address(t, "tcp"))
	if err := newSocket(t, zmq4adapter.Pair).Dial(endpoint); err == nil {
		t.Error("a PAIR dialed a PULL")
	}
	eventually(t, "the line", func() bool {
		return strings.HasPrefix(out.String(), "zmq4: PULL handshake failed "+endpoint)
	})
}

// TestSocketOptions finds that options passed on are heeded, and go before those
// of the adapter.
func TestSocketOptions(t *testing.T) {
	push := newSocket(t, zmq4adapter.Push, zmq4adapter.WithSocketOptions(socket.WithMaxMessageSize(10)))
	pull := newSocket(t, zmq4adapter.Pull)
	link(t, "tcp", pull, push)
	if err := push.Send(zmq4adapter.NewMsg(make([]byte, 11))); !errors.Is(err, socket.ErrTooLarge) {
		t.Errorf("11 octets where 10 are the limit: %v", err)
	}
	bad := newSocket(t, zmq4adapter.Push, zmq4adapter.WithSocketOptions(socket.WithMaxFrames(-1)))
	if err := bad.Listen("tcp://127.0.0.1:0"); !errors.Is(err, socket.ErrOption) {
		t.Errorf("an option that makes no sense: %v", err)
	}
	must(t, bad.Close())
}
