package socket

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/transport"
	"github.com/brokerless/brokerless/transport/udp"
)

// A logbook is a log that a test can read.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logbook) option() Option { return WithLogger(slog.New(slog.NewTextHandler(l, nil))) }

// lines returns the lines so far that have the part.
func (l *logbook) lines(part string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		if strings.Contains(line, part) {
			found = append(found, line)
		}
	}
	return found
}

// with waits until a line has the part. A line is written after the event.
func (l *logbook) with(t *testing.T, part string) string {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	ctx := bounded(t)
	for {
		if found := l.lines(part); len(found) > 0 {
			return found[0]
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("no line has %q; there are:\n%s", part, strings.Join(l.lines(""), ""))
		}
	}
}

// A somewhere is a listener at an address that needs not exist.
type somewhere struct {
	net.Listener
	at     net.Addr
	closed chan struct{}
}

func (l somewhere) Accept() (net.Conn, error) { <-l.closed; return nil, net.ErrClosed }
func (l somewhere) Addr() net.Addr            { return l.at }
func (l somewhere) Close() error              { close(l.closed); return nil }

// A place is a transport that listens somewhere.
type place struct {
	scheme string
	at     net.Addr
}

func (p place) Scheme() string                                 { return p.scheme }
func (p place) Dial(context.Context, string) (net.Conn, error) { return nil, errNobody }
func (p place) Listen(context.Context, string) (net.Listener, error) {
	return somewhere{at: p.at, closed: make(chan struct{})}, nil
}

// TestLogWarnsOfOpenPort: a port that other hosts reach, bound without anything
// that keeps somebody out, is told of once; one that is not so is not.
func TestLogWarnsOfOpenPort(t *testing.T) {
	tcp := func(ip string) place { return place{"tcp", &net.TCPAddr{IP: net.ParseIP(ip), Port: 5555}} }
	for _, tt := range []struct {
		name string
		at   place
		opt  Option
		want int
	}{
		{"every address", tcp("0.0.0.0"), WithOptions(), 1},
		{"every address of IPv6", tcp("::"), WithOptions(), 1},
		{"a private network", tcp("192.168.1.7"), WithOptions(), 1},
		{"link-local", tcp("fe80::1"), WithOptions(), 1},
		{"this host", tcp("127.0.0.1"), WithOptions(), 0},
		{"this host by another name", tcp("127.9.9.9"), WithOptions(), 0},
		{"this host by IPv6", tcp("::1"), WithOptions(), 0},
		{"ipc", place{"ipc", &net.UnixAddr{Name: "x", Net: "unix"}}, WithOptions(), 0},
		{"a transport of which nothing is known", place{"tls", &net.TCPAddr{IP: net.IPv4zero}}, WithOptions(), 0},
		{"an authenticator", tcp("0.0.0.0"), denying(AuthDenied), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log := new(logbook)
			pull := closing(t, must(NewPull(log.option(), tt.opt, WithTransport(tt.at))))
			for range 3 {
				must(pull.Bind(tt.at.scheme + "://127.0.0.1:1"))
			}
			lines := log.lines("bound without security")
			if len(lines) != tt.want || len(log.lines("")) != tt.want {
				t.Fatalf("the log says %q, want %d lines", log.lines(""), tt.want)
			}
			if tt.want == 0 {
				return
			}
			for _, part := range []string{"WARN", "socket=PULL", "endpoint=tcp://", tt.at.at.String(), "WithSecurity", "WithAuthenticator"} {
				if !strings.Contains(lines[0], part) {
					t.Errorf("%q does not say %q", lines[0], part)
				}
			}
		})
	}
}

// A packetPlace is a transport of packets whose conversations say they are bound
// where they are not.
type packetPlace struct {
	*udp.Transport
	at net.Addr
}

func (p packetPlace) ListenPacket(ctx context.Context, address string) (transport.PacketConn, error) {
	c, err := p.Transport.ListenPacket(ctx, address)
	return elsewhere{c, p.at}, err
}

type elsewhere struct {
	transport.PacketConn
	at net.Addr
}

func (e elsewhere) LocalAddr() net.Addr { return e.at }

// A groupAddr is the address of a multicast group, with its interface.
type groupAddr string

func (groupAddr) Network() string  { return "udp" }
func (g groupAddr) String() string { return string(g) }

// TestLogWarnsOfOpenDatagrams: over udp anybody can send, in any name.
func TestLogWarnsOfOpenDatagrams(t *testing.T) {
	at := func(ip string) net.Addr { return &net.UDPAddr{IP: net.ParseIP(ip), Port: 5555} }
	for at, want := range map[net.Addr]int{at("0.0.0.0"): 1, at("192.168.1.7"): 1, groupAddr("eth0;239.1.2.3:5555"): 1, at("127.0.0.1"): 0, at("::1"): 0} {
		t.Run(at.String(), func(t *testing.T) {
			log := new(logbook)
			dish := closing(t, must(NewDish(log.option(), WithPacketTransport(packetPlace{udp.New(), at}))))
			for range 3 {
				must(dish.Bind("udp://127.0.0.1:0"))
			}
			if lines := log.lines("in anybody's name"); len(lines) != want || len(log.lines("")) != want {
				t.Errorf("the log says %q, want %d lines", log.lines(""), want)
			}
		})
	}
}

// TestLogTellsOfRefusals: each line says which socket and endpoint, which peer,
// why, and what to do.
func TestLogTellsOfRefusals(t *testing.T) {
	hello := greeting(3, 1, "NULL")
	met := append(greeting(3, 1, "NULL"), ready("Socket-Type", "PUSH")...)
	for _, tt := range []struct {
		name   string
		opt    PullOption
		octets []byte
		says   []string
	}{
		{"denied", denying(AuthDenied), hello, []string{"peer refused", "unknown in these parts", "let the authenticator of this socket know it"}},
		{"authenticator failed", denying(AuthInternal), hello, []string{"peer refused", "see why the authenticator"}},
		{"mechanism", WithOptions(), greeting(3, 1, "CURVE"), []string{"peer refused", "CURVE", "WithSecurity"}},
		{"version", WithOptions(), []byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x08\x00\x00"), []string{"peer refused", "ZMTP 2.0", "libzmq 4"}},
		{"not ZeroMQ", WithOptions(), []byte("GET / HTTP/1.1\r\n\r\n"), []string{"peer refused", "first octet", "see what it is that connects"}},
		{"type", WithOptions(), append(greeting(3, 1, "NULL"), ready("Socket-Type", "PULL")...), []string{"peer refused", "PULL", "go with this one"}},
		{"the peer's refusal", WithOptions(), append(greeting(3, 1, "NULL"), command("ERROR", "\x04away")...), []string{"peer refused", "away", "log of the peer"}},
		{"the peer's denial", WithOptions(), append(greeting(3, 1, "NULL"), command("ERROR", "\x03400")...), []string{"peer refused", "does not know us", "its authenticator"}},
		{"too slow", WithHandshakeTimeout(10 * time.Millisecond), hello, []string{"peer refused", "not done within 10ms", "WithHandshakeTimeout"}},
		{"READY too large", WithOptions(), append(greeting(3, 1, "NULL"), longHeader(control, 1<<20)...), []string{"peer refused", "at most 16384", "raise the limit"}},
		{"message too large", WithMaxMessageSize(10), slices.Concat(met, message("twelve chars")), []string{"peer disconnected", "the limit is 10", "raise the limit"}},
		{"malformed", WithOptions(), slices.Concat(met, []byte{0xff, 0xff}), []string{"peer disconnected", "see what it is that connects"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log := new(logbook)
			pull := closing(t, must(NewPull(log.option(), tt.opt)))
			endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
			r := dialRaw(t, endpoint)
			r.send(tt.octets)
			line := log.with(t, tt.says[0])
			for _, part := range append(tt.says, "WARN", "socket=PULL", "endpoint="+endpoint, "peer="+r.address(), "reason=", "advice=") {
				if !strings.Contains(line, part) {
					t.Errorf("%q does not say %q", line, part)
				}
			}
			r.ended()
			if n := len(log.lines("")); n != 1 {
				t.Errorf("%d lines: %q", n, log.lines(""))
			}
		})
	}
}

// TestLogIsSilentAboutOrdinaryEnds: peers come and go, and try whether somebody
// listens, without a line.
func TestLogIsSilentAboutOrdinaryEnds(t *testing.T) {
	log := new(logbook)
	pull := closing(t, must(NewPull(log.option())))
	events := watch(t, pull)
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
	for _, octets := range [][]byte{nil, greeting(3, 1, "NULL")[:11], append(greeting(3, 1, "NULL"), ready("Socket-Type", "PUSH")...)} {
		r := dialRaw(t, endpoint)
		r.send(octets)
		r.finish()
		r.ended()
		events.await("ended", func(e Event) bool {
			return e.Remote == r.address() && (e.Kind == EventHandshakeFailed || e.Kind == EventDisconnected)
		})
	}
	pull.Close()
	if lines := log.lines(""); len(lines) > 0 {
		t.Errorf("the log says %q", lines)
	}
}

// TestLogIsLimited: however many peers are refused, there is a line a second, and
// each says how many had none. None is forgotten.
func TestLogIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(logbook)
		pull := must(NewPull(log.option()))
		refuse := func(n int) {
			for range n {
				r := piped(t, pull)
				r.drain()
				r.send([]byte("GET / HTTP/1.1\r\n\r\n"))
				synctest.Wait()
			}
		}
		refuse(10)
		pass(logInterval - 1)
		refuse(5)
		if lines := log.lines(""); len(lines) != 1 || strings.Contains(lines[0], "omitted") {
			t.Fatalf("within a second the log says %q", lines)
		}
		pass(1)
		refuse(1)
		if lines := log.lines(""); len(lines) != 2 || !strings.Contains(lines[1], "omitted=14") {
			t.Fatalf("after a second the log says %q", lines)
		}
		refuse(3)
		pull.Close()
		if lines := log.lines(""); len(lines) != 3 || !strings.Contains(lines[2], "omitted=3") {
			t.Fatalf("in the end the log says %q", lines)
		}
	})
}

// TestLogDefault: without the option the log is the default one of the time; nil
// is none.
func TestLogDefault(t *testing.T) {
	log, before := new(logbook), slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	for name, want := range map[string]int{"default": 1, "nil": 0} {
		t.Run(name, func(t *testing.T) {
			log.b.Reset()
			at := place{"tcp", &net.TCPAddr{IP: net.IPv4zero, Port: 1}}
			opt := WithTransport(at)
			if want == 0 {
				opt = WithOptions(opt, WithLogger(nil))
			}
			pull := closing(t, must(NewPull(opt)))
			slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
			must(pull.Bind("tcp://127.0.0.1:1"))
			if lines := log.lines(""); len(lines) != want {
				t.Errorf("the log says %q, want %d lines", lines, want)
			}
		})
	}
}

// TestLogOfPanic: the panic of an authenticator takes one line, without the stack.
func TestLogOfPanic(t *testing.T) {
	log := new(logbook)
	pull := closing(t, must(NewPull(log.option(), WithAuthenticator(AuthenticatorFunc(
		func(context.Context, Credentials) (Admission, error) { panic(fmt.Sprint("out of ", "order")) })))))
	r := dialRaw(t, must(pull.Bind("tcp://127.0.0.1:0")))
	r.send(greeting(3, 1, "NULL"))
	line := log.with(t, "peer refused")
	if !strings.Contains(line, "out of order") || strings.Contains(line, "goroutine") {
		t.Errorf("the log says %q", line)
	}
}
