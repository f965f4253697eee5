package ws

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
	"github.com/brokerless/brokerless/socket/plain"
)

// listenRaw returns an endpoint, and who comes there.
func listenRaw(t *testing.T) (endpoint string, peer func() *raw) {
	t.Helper()
	l := closing(t, must(net.Listen("tcp", "127.0.0.1:0")))
	return "ws://" + l.Addr().String(), func() *raw {
		t.Helper()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return newRaw(t, c, false)
	}
}

// pulling returns a PULL that is bound.
func pulling(t *testing.T, opts ...socket.PullOption) (*socket.Pull, string) {
	t.Helper()
	pull := closing(t, must(socket.NewPull(append([]socket.PullOption{over()}, opts...)...)))
	return pull, bind(t, pull)
}

// pushing returns a PUSH that has connected to a raw peer.
func pushing(t *testing.T, opts ...socket.PushOption) (*socket.Push, *raw) {
	t.Helper()
	endpoint, peer := listenRaw(t)
	push := closing(t, must(socket.NewPush(append([]socket.PushOption{over(), quick(), socket.WithLinger(0)}, opts...)...)))
	if err := push.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	return push, peer()
}

func TestRFC45(t *testing.T) {
	t.Run("WS-01 a server answers with a subprotocol that it supports, or refuses", func(t *testing.T) {
		pair := must(curve.NewKeyPair())
		anyone := socket.WithAuthenticator(socket.AuthenticatorFunc(nil))
		for _, tt := range []struct {
			name           string
			offers, answer string
			opts           []socket.PullOption
		}{
			{"NULL", "ZWS2.0/NULL,ZWS2.0", "ZWS2.0/NULL", nil},
			{"the better one", "ZWS2.0, ZWS2.0/NULL", "ZWS2.0/NULL", nil},
			{"no mechanism", "chat, ZWS2.0", "ZWS2.0", nil},
			{"another one", "ZWS2.0/CURVE", "", nil},
			{"none", "", "", nil},
			{"PLAIN", "ZWS2.0/NULL, ZWS2.0/PLAIN", "ZWS2.0/PLAIN", []socket.PullOption{socket.WithSecurity(plain.Server()), anyone}},
			{"PLAIN, and it has to be", "ZWS2.0/NULL, ZWS2.0", "", []socket.PullOption{socket.WithSecurity(plain.Server()), anyone}},
			{"CURVE", "ZWS2.0/CURVE", "ZWS2.0/CURVE", []socket.PullOption{socket.WithSecurity(curve.Server(pair)), anyone}},
		} {
			pull, endpoint := pulling(t, tt.opts...)
			m := pull.Monitor()
			resp := dialRaw(t, endpoint).upgrade("/", tt.offers)
			if got := resp.Header.Get("Sec-WebSocket-Protocol"); got != tt.answer {
				t.Errorf("%s: answers %q, want %q", tt.name, got, tt.answer)
			}
			if tt.answer != "" {
				if resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Sec-WebSocket-Accept") != accept(key) {
					t.Errorf("%s: %v", tt.name, resp)
				}
				continue
			}
			if b := body(t, resp); resp.StatusCode != http.StatusBadRequest || !strings.Contains(b, "ZWS2.0") {
				t.Errorf("%s: %s %q, want 400 and what is wanted", tt.name, resp.Status, b)
			}
			if e := await(t, m, socket.EventHandshakeFailed); !errors.Is(e.Err, socket.ErrProtocol) {
				t.Errorf("%s: %v, want ErrProtocol", tt.name, e.Err)
			}
		}
	})

	t.Run("WS-02 a client of NULL offers two", func(t *testing.T) {
		for mechanism, tt := range map[string]struct {
			opts []socket.PushOption
			want string
		}{
			"NULL":  {nil, "ZWS2.0/NULL,ZWS2.0"},
			"PLAIN": {[]socket.PushOption{socket.WithSecurity(plain.Client("u", "p"))}, "ZWS2.0/PLAIN"},
		} {
			push, peer := pushing(t, tt.opts...)
			m := push.Monitor()
			if got := peer.serve("").Header.Get("Sec-WebSocket-Protocol"); got != tt.want {
				t.Errorf("%s: offers %q, want %q", mechanism, got, tt.want)
			}
			if e := await(t, m, socket.EventHandshakeFailed); !errors.Is(e.Err, socket.ErrProtocol) || !strings.Contains(e.Err.Error(), "no subprotocol") {
				t.Errorf("%s: a server that chose none: %v", mechanism, e.Err)
			}
		}
	})

	t.Run("WS-03 a frame is a binary message of flags and payload, and there is no greeting", func(t *testing.T) {
		push, peer := pushing(t)
		peer.serve("ZWS2.0/NULL")
		peer.expect(ready("PUSH"))
		peer.message(ready("PULL"))
		send(t, push, "a", "", "c")
		peer.expect("\x01a")
		peer.expect("\x01")
		peer.expect("\x00c")

		pull, endpoint := pulling(t)
		other := dialRaw(t, endpoint)
		other.upgrade("/", "ZWS2.0/NULL")
		other.message(ready("PUSH"))
		other.expect(ready("PULL"))
		other.message("\x01x")
		other.message("\x00")
		want(t, pull, "x", "")
	})

	t.Run("WS-04 without a mechanism both begin with their identity", func(t *testing.T) {
		router := closing(t, must(socket.NewRouter(over(), socket.WithIdentity([]byte("hub")))))
		for _, id := range []string{"me", ""} {
			peer := dialRaw(t, bind(t, router))
			peer.upgrade("/", "ZWS2.0")
			peer.message("\x00" + id)
			peer.expect("\x00hub")
			peer.message("\x01part")
			peer.message("\x00hello")
			m, from, err := router.RecvFrom(bounded(t))
			if err != nil || len(m) != 3 || string(m[2]) != "hello" || from.SocketType != "" || from.Mechanism != "NULL" {
				t.Fatalf("%v from %+v, %v", m, from, err)
			}
			if id != "" && string(from.ID) != id {
				t.Errorf("identity %q, want %q", from.ID, id)
			}
			send(t, router, string(from.ID), "and back")
			peer.expect("\x00and back")
		}
		bad := dialRaw(t, bind(t, router))
		bad.upgrade("/", "ZWS2.0")
		bad.message("\x01in two parts")
		bad.gone()
	})

	t.Run("WS-05 subscriptions are messages", func(t *testing.T) {
		endpoint, listen := listenRaw(t)
		sub := closing(t, must(socket.NewSub(over(), quick())))
		if err := errors.Join(sub.Subscribe("topic"), sub.Connect(endpoint)); err != nil {
			t.Fatal(err)
		}
		peer := listen()
		peer.serve("ZWS2.0/NULL")
		peer.expect(ready("SUB"))
		peer.message(ready("PUB"))
		peer.expect("\x00\x01topic")
		if err := sub.Unsubscribe("topic"); err != nil {
			t.Fatal(err)
		}
		peer.expect("\x00\x00topic")

		pub := closing(t, must(socket.NewPub(over())))
		other := dialRaw(t, bind(t, pub))
		other.upgrade("/", "ZWS2.0/NULL")
		other.message(ready("SUB"))
		other.message("\x00\x01t")
		if err := pub.WaitSubscribers(bounded(t), "t", 1); err != nil {
			t.Fatal(err)
		}
		other.message("\x00\x00t")
		if err := pub.WaitSubscribers(bounded(t), "t", 0); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("WS-06 messages go out in one frame, and come in several too", func(t *testing.T) {
		pull, endpoint := pulling(t)
		peer := dialRaw(t, endpoint)
		peer.upgrade("/", "ZWS2.0/NULL")
		peer.message(ready("PUSH"))
		peer.expect(ready("PULL"))
		peer.write(peer.frame(0x02, "\x00hel") + peer.frame(0x89, "now") + peer.frame(0x00, "l") + peer.frame(0x80, "o"))
		want(t, pull, "hello")
		if first, payload := peer.next(); first != 0x8A || payload != "now" {
			t.Errorf("frame %#x %q, want PONG", first, payload)
		}
		push, other := pushing(t)
		other.serve("ZWS2.0/NULL")
		other.expect(ready("PUSH"))
		other.message(ready("PULL"))
		big := strings.Repeat("x", 1<<20)
		send(t, push, big)
		other.expect("\x00" + big)
	})

	t.Run("WS-07 the Connection header may have more than one word", func(t *testing.T) {
		_, endpoint := pulling(t)
		for _, connection := range []string{"upgrade", "Upgrade", "keep-alive, Upgrade", "UPGRADE,keep-alive"} {
			resp := dialRaw(t, endpoint).ask("/", "Connection: "+connection, "Upgrade: WebSocket",
				"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: "+key, "Sec-WebSocket-Protocol: ZWS2.0")
			if resp.StatusCode != http.StatusSwitchingProtocols {
				t.Errorf("%q: %s", connection, resp.Status)
			}
		}
	})

	t.Run("WS-08 a listener serves its path, whatever the Host", func(t *testing.T) {
		pull := closing(t, must(socket.NewPull(over())))
		endpoint := must(pull.Bind("ws://127.0.0.1:0/a/b%20c"))
		if !strings.HasSuffix(endpoint, "/a/b%20c") {
			t.Errorf("resolved %q, without its path", endpoint)
		}
		for _, path := range []string{"/", "/a", "/a/b%20c/"} {
			if resp := dialRaw(t, endpoint).upgrade(path, "ZWS2.0"); resp.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %s, want 404", path, resp.Status)
			}
		}
		for _, path := range []string{"/a/b%20c", "/a/b%20c?token=1"} {
			if resp := dialRaw(t, endpoint).upgrade(path, "ZWS2.0"); resp.StatusCode != http.StatusSwitchingProtocols {
				t.Errorf("%s: %s", path, resp.Status)
			}
		}
		served(t, pull, endpoint)
		served(t, pull, endpoint+"?q")
		served(t, pull, must(pull.Bind("ws://127.0.0.1:0/é")))

		at, listen := listenRaw(t)
		push := closing(t, must(socket.NewPush(over(WithHeader(http.Header{"X-Token": {"secret"}})), quick())))
		if err := push.Connect(at + "/path?q=1"); err != nil {
			t.Fatal(err)
		}
		r := listen().serve("ZWS2.0/NULL")
		if r.RequestURI != "/path?q=1" || r.Host != strings.TrimPrefix(at, "ws://") || r.Header.Get("X-Token") != "secret" {
			t.Errorf("a request for %q at %q, %v", r.RequestURI, r.Host, r.Header)
		}
	})

	t.Run("WS-09 lengths of 7, 16 and 64 bits", func(t *testing.T) {
		push, peer := pushing(t)
		peer.serve("ZWS2.0/NULL")
		peer.expect(ready("PUSH"))
		peer.message(ready("PULL"))
		pull, endpoint := pulling(t)
		other := dialRaw(t, endpoint)
		other.upgrade("/", "ZWS2.0/NULL")
		other.message(ready("PUSH"))
		other.expect(ready("PULL"))
		for _, n := range []int{0, 124, 125, 126, 254, 255, 256, 65534, 65535, 65536} {
			b := strings.Repeat("\xA5", n)
			send(t, push, b)
			peer.expect("\x00" + b)
			other.message("\x00" + b)
			want(t, pull, b)
		}
	})

	t.Run("WS-10 heartbeats are PINGs of WebSocket", func(t *testing.T) {
		push, peer := pushing(t, socket.WithHeartbeat(5*time.Millisecond, patience))
		peer.serve("ZWS2.0/NULL")
		peer.expect(ready("PUSH"))
		peer.message(ready("PULL"))
		for range 3 {
			if first, payload := peer.next(); first != 0x89 {
				t.Fatalf("frame %#x %q, want PING", first, payload)
			}
			peer.write(peer.frame(0x8A, ""))
		}
		if st := push.Stats(); st.Peers != 1 {
			t.Errorf("%d peers", st.Peers)
		}
	})

	t.Run("WS-10 a peer that does not answer is given up", func(t *testing.T) {
		push, peer := pushing(t, socket.WithHeartbeat(5*time.Millisecond, 50*time.Millisecond))
		m := push.Monitor()
		peer.serve("ZWS2.0/NULL")
		peer.expect(ready("PUSH"))
		peer.message(ready("PULL"))
		if e := await(t, m, socket.EventDisconnected); !errors.Is(e.Err, errSilent) {
			t.Errorf("%v, want that it was silent", e.Err)
		}
	})

	t.Run("WS-10 PINGs are answered", func(t *testing.T) {
		pull, endpoint := pulling(t)
		peer := dialRaw(t, endpoint)
		peer.upgrade("/", "ZWS2.0/NULL")
		peer.message(ready("PUSH"))
		peer.expect(ready("PULL"))
		for i := range 3 {
			payload := fmt.Sprint("ping ", i)
			peer.write(peer.frame(0x89, payload))
			if first, p := peer.next(); first != 0x8A || p != payload {
				t.Fatalf("frame %#x %q, want PONG", first, p)
			}
		}
		peer.message("\x00still there")
		want(t, pull, "still there")
	})
}
