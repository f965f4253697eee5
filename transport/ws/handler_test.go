package ws

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// mounted returns a server with a socket at /zmq, and the endpoint of that.
func mounted(t *testing.T, pull *socket.Pull, opts ...Option) (l *Listener, endpoint string) {
	t.Helper()
	l = NewListener("zmq", opts...)
	if err := pull.BindListener(l); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/zmq", l)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("a page")) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return l, "ws" + strings.TrimPrefix(server.URL, "http") + "/zmq"
}

func TestHandler(t *testing.T) {
	everyGuise(t, func(t *testing.T, server, client socket.Option) {
		pull := closing(t, must(socket.NewPull(server)))
		_, endpoint := mounted(t, pull)
		push := closing(t, must(socket.NewPush(client)))
		if err := errors.Join(push.Connect(endpoint), push.Send(bounded(t), []byte("m"))); err != nil {
			t.Fatal(err)
		}
		m, peer, err := pull.RecvFrom(bounded(t))
		if err != nil || string(m[0]) != "m" || !strings.HasPrefix(peer.RemoteAddr, "127.0.0.1:") || peer.Endpoint != "ws://zmq" {
			t.Fatalf("%v from %+v, %v", m, peer, err)
		}
	})
}

func TestHandlerUnbound(t *testing.T) {
	pull := closing(t, must(socket.NewPull()))
	_, endpoint := mounted(t, pull)
	served(t, pull, endpoint)
	if resp := dialRaw(t, endpoint).ask("/other"); body(t, resp) != "a page" {
		t.Error("the other pages are gone")
	}
	if resp := dialRaw(t, endpoint).upgrade("/zmq", "chat"); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("another protocol: %s", resp.Status)
	}
	// A request that stays open behind a socket that was closed.
	peer := dialRaw(t, endpoint)
	peer.upgrade("/zmq", "ZWS2.0/NULL")
	if err := pull.Close(); err != nil {
		t.Error(err)
	}
	peer.gone()
	if resp := dialRaw(t, endpoint).upgrade("/zmq", "ZWS2.0/NULL"); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("after Close: %s, want 503", resp.Status)
	}
}

// Pages of other hosts are refused unless they are named.
func TestOrigins(t *testing.T) {
	open := closing(t, must(socket.NewPull(over(WithOrigins("*.example.com", "https://b.test")))))
	shut := closing(t, must(socket.NewPull(over())))
	for _, tt := range []struct {
		endpoint, origin string
		want             int
	}{
		{bind(t, shut), "http://h", http.StatusSwitchingProtocols}, // its own: raw peers call the host so
		{bind(t, shut), "http://elsewhere.test", http.StatusForbidden},
		{bind(t, open), "http://a.example.com", http.StatusSwitchingProtocols},
		{bind(t, open), "https://b.test", http.StatusSwitchingProtocols},
		{bind(t, open), "http://b.test", http.StatusForbidden},
		{bind(t, open), "http://elsewhere.test", http.StatusForbidden},
	} {
		if resp := dialRaw(t, tt.endpoint).upgrade("/", "ZWS2.0", "Origin: "+tt.origin); resp.StatusCode != tt.want {
			t.Errorf("%s: %s, want %d", tt.origin, resp.Status, tt.want)
		}
	}
}
