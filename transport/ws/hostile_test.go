package ws

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// What comes before the handshake is done, and is none, ends the connection with
// a reason, and hurts nobody else.
func TestHostileUpgrade(t *testing.T) {
	pull, endpoint := pulling(t)
	m := pull.Monitor()
	for _, tt := range []struct {
		name, octets string
		matches      error
		says         string
	}{
		{"not HTTP", "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x01NULL\r\n\r\n", socket.ErrProtocol, "not HTTP"},
		{"a page", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", socket.ErrProtocol, "ZWS2.0"},
		{"HTTP/1.0", "GET / HTTP/1.0\r\nSec-WebSocket-Protocol: ZWS2.0\r\n\r\n", socket.ErrProtocol, "HTTP/1.1"},
		{"no key", "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ZWS2.0\r\n\r\n", socket.ErrProtocol, "Sec-WebSocket-Key"},
		{"a head without end", "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", maxHead), socket.ErrTooLarge, "head"},
	} {
		peer := dialRaw(t, endpoint)
		peer.Write([]byte(tt.octets)) // may be cut off
		e := await(t, m, socket.EventHandshakeFailed)
		if !errors.Is(e.Err, tt.matches) || !strings.Contains(e.Err.Error(), tt.says) {
			t.Errorf("%s: %v, want %v and %q", tt.name, e.Err, tt.matches, tt.says)
		}
		peer.gone()
	}
	served(t, pull, endpoint)
}

// What comes in place of ZWS ends the connection with a reason.
func TestHostileFrames(t *testing.T) {
	const limit = 1000
	pull, endpoint := pulling(t, socket.WithMaxMessageSize(limit))
	m := pull.Monitor()
	peer := &raw{client: true}
	large := strings.Repeat("x", maxHandshake+1)
	for _, tt := range []struct {
		name    string
		traffic bool // after the handshake
		octets  string
		matches error
	}{
		{"a command above the limit of a handshake", false, peer.frame(0x82, "\x02"+large), socket.ErrTooLarge},
		{"a length that is never there", false, "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00" + large + large, socket.ErrTooLarge},
		{"a message in place of READY", false, peer.frame(0x82, "\x00hi"), socket.ErrProtocol},
		{"an empty message", false, peer.frame(0x82, ""), socket.ErrProtocol},
		{"text", false, peer.frame(0x81, "\x00hi"), socket.ErrProtocol},
		{"not masked", false, "\x82\x02\x00x", socket.ErrProtocol},
		{"an opcode that does not exist", false, peer.frame(0x83, "\x00x"), socket.ErrProtocol},
		{"a continuation of nothing", false, peer.frame(0x80, "\x00x"), socket.ErrProtocol},
		{"a long PING", false, peer.frame(0x89, strings.Repeat("x", 126)), socket.ErrProtocol},
		{"flags that do not exist", true, peer.frame(0x82, "\x04hi"), socket.ErrProtocol},
		{"both flags", true, peer.frame(0x82, "\x03hi"), socket.ErrProtocol},
		{"a message above the limit", true, peer.frame(0x82, "\x00"+strings.Repeat("x", limit+1)), socket.ErrTooLarge},
		{"one far above it", true, peer.frame(0x82, "\x00"+large), socket.ErrTooLarge},
		{"READY again", true, peer.frame(0x82, ready("PUSH")), socket.ErrProtocol},
		{"a Close that says that we broke it", true, peer.frame(0x88, "\x03\xea"), socket.ErrProtocol},
	} {
		peer := dialRaw(t, endpoint)
		peer.upgrade("/", "ZWS2.0/NULL")
		kind := socket.EventHandshakeFailed
		if tt.traffic {
			peer.message(ready("PUSH"))
			kind = socket.EventDisconnected
		}
		peer.expect(ready("PULL"))
		peer.write(tt.octets)
		if e := await(t, m, kind); !errors.Is(e.Err, tt.matches) {
			t.Errorf("%s: %v, want %v", tt.name, e.Err, tt.matches)
		}
		peer.gone()
	}
	served(t, pull, endpoint)
}

// A message of the limit passes, also as the first one behind the handshake.
func TestMessageOfTheLimit(t *testing.T) {
	const limit = 1 << 20
	pull, endpoint := pulling(t, socket.WithMaxMessageSize(limit))
	peer := dialRaw(t, endpoint)
	peer.upgrade("/", "ZWS2.0/NULL")
	whole := strings.Repeat("x", limit)
	peer.write(peer.frame(0x82, ready("PUSH")) + peer.frame(0x82, "\x00"+whole))
	want(t, pull, whole)
}

// Noise in every place of a conversation.
func TestNoise(t *testing.T) {
	pull, endpoint := pulling(t)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 60 {
		peer := dialRaw(t, endpoint)
		if i%3 > 0 {
			peer.upgrade("/", []string{"ZWS2.0", "ZWS2.0/NULL"}[i%2])
		}
		if i%3 > 1 {
			peer.message([]string{"\x00me", ready("PUSH")}[i%2])
		}
		b := make([]byte, 1+random.IntN(300))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		peer.Write(b)
		peer.Close()
	}
	for { // what the noise may have said
		if _, err := pull.TryRecv(); err != nil {
			break
		}
	}
	served(t, pull, endpoint)
}

// Who begins and does not go on loses the place to others.
func TestHalfHandshakes(t *testing.T) {
	const places = 4
	pull, endpoint := pulling(t, socket.WithMaxHandshakes(places))
	m := pull.Monitor()
	const silent = 5 * places
	for i := range silent {
		peer := dialRaw(t, endpoint)
		switch i % 3 {
		case 1:
			peer.write("GET / HTTP/1.1\r\nHo")
		case 2:
			peer.write("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n")
		}
	}
	for range silent - places {
		if e := await(t, m, socket.EventHandshakeFailed); !strings.Contains(e.Err.Error(), "unfinished handshakes") {
			t.Errorf("one of too many: %v", e.Err)
		}
	}
	served(t, pull, endpoint)
}

// A thousand come at once and go again; then all that came for good are there.
func TestCrowd(t *testing.T) {
	pull, endpoint := pulling(t)
	address := strings.TrimSuffix(strings.TrimPrefix(endpoint, "ws://"), "/")
	const attempts, clients = 1000, 100
	for range attempts {
		c := must(net.Dial("tcp", address))
		c.Write([]byte("GET / HTTP/1.1\r\n"))
		c.Close()
	}
	for i := range clients {
		push := closing(t, must(socket.NewPush(over(), quick())))
		if err := errors.Join(push.Connect(endpoint), push.Send(bounded(t), fmt.Append(nil, i))); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]bool)
	for len(seen) < clients {
		m, err := pull.Recv(bounded(t))
		if err != nil {
			t.Fatalf("after %d: %v", len(seen), err)
		}
		seen[string(m[0])] = true
	}
}

// A peer that is killed is noticed, and what comes after it is received.
func TestKilledPeer(t *testing.T) {
	pull, endpoint := pulling(t)
	m := pull.Monitor()
	peer := dialRaw(t, endpoint)
	peer.upgrade("/", "ZWS2.0/NULL")
	peer.message(ready("PUSH"))
	peer.expect(ready("PULL"))
	peer.message("\x00last words")
	peer.write("\x82\xff") // and half a message
	peer.Conn.(*net.TCPConn).CloseWrite()
	await(t, m, socket.EventDisconnected)
	want(t, pull, "last words")
	served(t, pull, endpoint)
}

// What a server answers in place of 101 is in the event, and decides how soon to
// try again.
func TestRefusedByServer(t *testing.T) {
	for status, matches := range map[int]error{
		http.StatusForbidden:          socket.ErrAuth,
		http.StatusNotFound:           socket.ErrProtocol,
		http.StatusFound:              socket.ErrProtocol,
		http.StatusServiceUnavailable: nil,
	} {
		push, peer := pushing(t)
		m := push.Monitor()
		if _, err := http.ReadRequest(peer.r); err != nil {
			t.Fatal(err)
		}
		peer.write(fmt.Sprintf("HTTP/1.1 %d Because\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 8\r\n\r\nlook: no", status))
		e := await(t, m, socket.EventHandshakeFailed)
		if !strings.Contains(e.Err.Error(), "look: no") || matches != nil && !errors.Is(e.Err, matches) {
			t.Errorf("%d: %v, want %v", status, e.Err, matches)
		}
	}
	push, peer := pushing(t)
	m := push.Monitor()
	peer.write("HTTP/1.1 101 " + strings.Repeat("x", 2*maxHead))
	if e := await(t, m, socket.EventHandshakeFailed); !errors.Is(e.Err, socket.ErrTooLarge) {
		t.Errorf("an answer without end: %v", e.Err)
	}
}
