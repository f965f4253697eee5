package socket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// showClock runs a rule on a clock of its own, which jumps to the next thing
// that is due, over a connection without an operating system.
func showClock(t *testing.T, name string, rule func(s *stage)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			defer cancel()
			rule(&stage{T: t, ctx: ctx, scheme: "pipe"})
		})
	})
}

// plug connects x to a wire within the process.
func (s *stage) plug(x anySocket) *wire {
	s.Helper()
	near, far := net.Pipe()
	if err := x.AttachConn(near); err != nil {
		s.Fatal(err)
	}
	w := s.wire(far)
	w.SetDeadline(time.Time{})
	return w
}

// silent fails the rule if anything comes within d.
func (w *wire) silent(d time.Duration) {
	w.s.Helper()
	w.SetReadDeadline(time.Now().Add(d))
	defer w.SetReadDeadline(time.Time{})
	if n, err := w.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		w.s.Fatalf("read %d octets, %v, want silence", n, err)
	}
}

// drain takes and forgets what comes.
func (w *wire) drain() { go io.Copy(io.Discard, w) }

// matching is a type of peer for each type of socket.
var matching = map[string]string{
	"PUSH": "PULL", "PULL": "PUSH", "PUB": "SUB", "SUB": "PUB", "XPUB": "XSUB", "XSUB": "XPUB",
	"REQ": "REP", "REP": "REQ", "DEALER": "ROUTER", "ROUTER": "DEALER", "PAIR": "PAIR",
	"CLIENT": "SERVER", "SERVER": "CLIENT", "SCATTER": "GATHER", "GATHER": "SCATTER", "PEER": "PEER", "CHANNEL": "CHANNEL",
}

func TestRFC37Heartbeat(t *testing.T) {
	showClock(t, "WT-108 PING comes only after the handshake, with a TTL in tenths of a second", func(s *stage) {
		x := s.push(socket.WithHeartbeat(time.Second, 15*time.Second))
		w := s.plug(x)
		w.write(greeting(3, 1))
		w.greeted()
		w.silent(9 * time.Second)
		w.write(ready(property("Socket-Type", "PULL")))
		w.expect("\x04\x07\x04PING\x00\x96")
	})

	showClock(t, "WT-109 a peer that gave a TTL is dropped when it is silent for so long", func(s *stage) {
		x := s.push(socket.WithHeartbeat(0, 0))
		m := x.Monitor()
		w := s.plug(x)
		w.greet("PULL", 1)
		w.ping() // with a TTL of 0
		w.silent(time.Hour)
		for range 5 {
			w.write(command("PING", "\x00\x0a"))
			w.expect(command("PONG", ""))
			w.silent(900 * time.Millisecond)
		}
		last := time.Now()
		e := s.event(m, socket.EventDisconnected)
		s.says(e.Err, "no sign of life")
		equal(s, "dropped after", e.Time.Sub(last).Round(time.Millisecond), 100*time.Millisecond)
	})

	showClock(t, "WT-110 our TTL is at most 65.5 s, which libzmq 4.3.4 can count", func(s *stage) {
		x := s.push(socket.WithHeartbeat(time.Second, time.Hour))
		w := s.plug(x)
		w.greet("PULL", 1)
		w.expect(command("PING", "\x02\x8f"))
	})

	showWire(t, "WT-111 PONG has the context of its PING, at most 16 octets", func(s *stage) {
		x := s.push()
		w := s.wireTo(x, "PULL", 1)
		for _, size := range []int{0, 3, 16, 17, 58} {
			echo := strings.Repeat("c", size)
			w.write(command("PING", "\x00\x00"+echo))
			w.expect(command("PONG", echo[:min(size, 16)]))
		}
	})

	showClock(t, "WT-112 our PING has an empty context", func(s *stage) {
		x := s.pull(socket.WithHeartbeat(time.Second, 2*time.Second))
		w := s.plug(x)
		w.greet("PUSH", 1)
		w.expect(command("PING", "\x00\x14"))
	})

	showClock(t, "WT-113 any frame is a sign of life, and silence ends the connection", func(s *stage) {
		x := s.dealer(socket.WithHeartbeat(time.Second, 3*time.Second))
		m := x.Monitor()
		w := s.plug(x)
		w.greet("DEALER", 1)
		w.drain()
		for range 30 {
			w.write(message("alive"))
			s.want(x, "alive")
			<-time.After(2900 * time.Millisecond)
		}
		equal(s, "peers", x.Stats().Peers, 1)
		w.write(command("FOO", ""))
		last := time.Now()
		e := s.event(m, socket.EventDisconnected)
		s.says(e.Err, "no sign of life")
		equal(s, "dropped after", e.Time.Sub(last).Round(time.Millisecond), 3*time.Second)
	})

	showClock(t, "WT-114 a peer of 3.0 is not sent PING and may be silent", func(s *stage) {
		x := s.push()
		w := s.plug(x)
		w.greet("PULL", 0)
		w.silent(time.Hour)
		s.send(x, "m")
		w.expect(message("m"))
	})

	showWire(t, "WT-115 PONG comes in the middle of data", func(s *stage) {
		x := s.push()
		w := s.wireTo(x, "PULL", 1)
		ctx, stop := context.WithCancel(s.ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for x.Send(ctx, make([]byte, 200)) == nil {
			}
		}()
		w.write(command("PING", "\x00\x00now"))
		for flags := byte(0); flags != 4; {
			flags, _ = w.frame()
		}
		stop()
		<-ended
	})

	showClock(t, "WT-116 sockets of every type send PING and answer it", func(s *stage) {
		beats := socket.WithHeartbeat(time.Second, 2*time.Second)
		for kind, x := range map[string]anySocket{
			"PUSH": s.push(beats), "PULL": s.pull(beats), "PUB": s.pub(beats), "SUB": s.sub(beats),
			"XPUB": s.xpub(beats), "XSUB": s.xsub(beats), "REQ": s.req(beats), "REP": s.rep(beats),
			"DEALER": s.dealer(beats), "ROUTER": s.router(beats), "PAIR": s.pair(beats),
			"CLIENT": s.client(beats), "SERVER": s.server(beats), "SCATTER": s.scatter(beats), "GATHER": s.gather(beats),
			"PEER": s.peer(beats), "CHANNEL": s.channel(beats),
		} {
			w := s.plug(x)
			w.greet(matching[kind], 1)
			w.expect(command("PING", "\x00\x14"))
			w.ping()
		}
	})
}

func TestRFC37Deadline(t *testing.T) {
	showClock(t, "WT-118 greeting and READY together have 10 s", func(s *stage) {
		for _, octets := range []string{"", greeting(3, 1)[:5], greeting(3, 1), greeting(3, 1) + "\x04\x10\x05READY"} {
			x := s.pull()
			m := x.Monitor()
			w := s.plug(x)
			began := time.Now()
			w.drain()
			w.write(octets)
			e := s.event(m, socket.EventHandshakeFailed)
			s.says(e.Err, "handshake not done within 10s")
			equal(s, "given up after", e.Time.Sub(began), 10*time.Second)
		}

		// An octet now and then gains no time.
		x := s.pull()
		m := x.Monitor()
		w := s.plug(x)
		began := time.Now()
		w.drain()
		for _, octet := range []byte(greeting(3, 1)) {
			if _, err := w.Write([]byte{octet}); err != nil {
				break
			}
			<-time.After(time.Second)
		}
		e := s.event(m, socket.EventHandshakeFailed)
		equal(s, "given up after", e.Time.Sub(began), 10*time.Second)
	})

	showWire(t, "WT-120 failed handshakes never reach the application", func(s *stage) {
		router := s.router()
		m := router.Monitor()
		endpoint := s.bind(router)
		for _, octets := range []string{
			"GET / HTTP/1.1\r\n\r\n", "\x01\x00\x08\x00sneaky\x00",
			greeting(3, 1) + message("sneaky"), greeting(3, 1) + command("ERROR", "\x00"),
			greeting(3, 1) + ready(property("Socket-Type", "PUB")) + message("sneaky"),
		} {
			w := s.dial(endpoint)
			w.write(octets)
			refused(s, m, w)
		}
		dealer := s.dealer(socket.WithIdentity([]byte("good")))
		s.connect(dealer, endpoint)
		s.send(dealer, "m")
		s.want(router, "good", "m")
		equal(s, "messages", router.Stats().In.Messages, 1)
	})
}
