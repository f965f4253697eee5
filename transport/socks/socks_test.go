package socks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/transport"
)

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// pulling returns a PULL and the port it is bound to.
func pulling(t *testing.T) (pull *socket.Pull, port string) {
	t.Helper()
	pull, err := socket.NewPull()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pull.Close() })
	endpoint, err := pull.Bind("tcp://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ = strings.Cut(strings.TrimPrefix(endpoint, "tcp://"), ":")
	return pull, port
}

// pushing returns a PUSH that dials by way of a proxy.
func pushing(t *testing.T, tr *Transport) *socket.Push {
	t.Helper()
	push, err := socket.NewPush(socket.WithTransport(tr), socket.WithRedial(time.Millisecond, 10*time.Millisecond), socket.WithLinger(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { push.Close() })
	return push
}

func want(t *testing.T, pull *socket.Pull, text string) {
	t.Helper()
	if m, err := pull.Recv(bounded(t)); err != nil || string(m[0]) != text {
		t.Fatalf("received %v, %v; want %q", m, err, text)
	}
}

// Messages go through the proxy, names are its affair, and a connection that it
// cuts is made again.
func TestThroughProxy(t *testing.T) {
	for name, p := range map[string]*server{
		"open":          {names: map[string]string{"hidden.example": "127.0.0.1"}},
		"with password": {names: map[string]string{"hidden.example": "127.0.0.1"}, user: "ann", password: "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			p.start(t)
			pull, port := pulling(t)
			push := pushing(t, New(p.address(), WithAuth("ann", "secret")))
			if err := errors.Join(push.Connect("tcp://hidden.example:"+port), push.Send(bounded(t), []byte("one"))); err != nil {
				t.Fatal(err)
			}
			want(t, pull, "one")
			lost := push.Monitor()
			p.cut()
			for {
				e, err := lost.Next(bounded(t))
				if err != nil {
					t.Fatal(err)
				}
				if e.Kind == socket.EventReady {
					break
				}
			}
			if err := push.Send(bounded(t), []byte("two")); err != nil {
				t.Fatal(err)
			}
			want(t, pull, "two")
			if got := p.targets(); got != strings.Repeat("hidden.example ", 2) {
				t.Errorf("the proxy was asked for %q", got)
			}
		})
	}
}

// A connection is TCP's own, so that its end in good order loses nothing.
func TestConnection(t *testing.T) {
	p := (&server{}).start(t)
	l, err := New(p.address()).Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := New(p.address()).Dial(bounded(t), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, ok := c.(*net.TCPConn); !ok {
		t.Errorf("a %T", c)
	}
	if got := c.RemoteAddr().String(); got != p.address() {
		t.Errorf("remote address %s, want the proxy's", got)
	}
}

func TestRefusals(t *testing.T) {
	locked := (&server{user: "ann", password: "secret"}).start(t)
	open := (&server{}).start(t)
	gone := (&server{}).start(t)
	gone.l.Close()
	_, port := pulling(t)
	for _, tt := range []struct {
		name    string
		tr      *Transport
		address string
		denied  bool
		says    string
	}{
		{"no password", New(locked.address()), "127.0.0.1:" + port, true, "authentication"},
		{"wrong password", New(locked.address(), WithAuth("ann", "guess")), "127.0.0.1:" + port, true, "authentication failed"},
		{"not allowed", New(open.address()), "0.0.0.0:" + port, true, "not allowed"},
		{"nobody there", New(open.address()), "127.0.0.1:1", false, "refused"},
		{"no proxy", New(gone.address()), "127.0.0.1:" + port, false, "refused"},
	} {
		_, err := tt.tr.Dial(bounded(t), tt.address)
		if err == nil || errors.Is(err, transport.ErrDenied) != tt.denied || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), tt.address) {
			t.Errorf("%s: %v, want %q, denied: %v", tt.name, err, tt.says, tt.denied)
		}
		if s := fmt.Sprintf("%v %+v %v", tt.tr, tt.tr, err); strings.Contains(s, "guess") || strings.Contains(s, "secret") {
			t.Errorf("%s: a password in %s", tt.name, s)
		}
	}
	push := pushing(t, New(locked.address()))
	m := push.Monitor()
	if err := push.Connect("tcp://127.0.0.1:" + port); err != nil {
		t.Fatal(err)
	}
	for {
		e, err := m.Next(bounded(t))
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == socket.EventConnectFailed {
			if !errors.Is(e.Err, socket.ErrAuth) {
				t.Errorf("%v, want ErrAuth", e.Err)
			}
			break
		}
	}
}

// A proxy that says nothing is given up with the context.
func TestSilentProxy(t *testing.T) {
	p := (&server{silent: true}).start(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := New(p.address()).Dial(ctx, "127.0.0.1:1")
		ended <- err
	}()
	<-p.came
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	late, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if _, err := New(p.address()).Dial(late, "127.0.0.1:1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want context.DeadlineExceeded", err)
	}
}

func TestAddresses(t *testing.T) {
	tr := New("proxy.example:1080")
	for address, good := range map[string]bool{
		"host.example:1": true, "127.0.0.1:1": true, "[::1]:1": true,
		"": false, "host": false, "*:1": false, "127.0.0.1:0;host:1": false,
	} {
		e := new(transport.EndpointError)
		if bad := errors.As(tr.CheckDial(address), &e); bad == good || bad && e.Endpoint != "tcp://"+address {
			t.Errorf("%q: %v", address, tr.CheckDial(address))
		}
	}
	if err := New("nowhere").CheckDial("host:1"); err == nil {
		t.Error("a proxy without port")
	}
	for n, good := range map[int]bool{255: true, 256: false} {
		long := strings.Repeat("x", n)
		for _, o := range []Option{WithAuth(long, ""), WithAuth("u", long)} {
			if err := New("proxy.example:1080", o).CheckDial("host:1"); (err == nil) != good || err != nil && strings.Contains(err.Error(), "xx") {
				t.Errorf("%d octets: %v", n, err)
			}
		}
	}
	if New("p:1", WithAuth("", "x")).auth() != nil {
		t.Error("an empty user name is one")
	}
	if tr.CheckListen("*:0") != nil || tr.CheckListen("host") == nil || tr.Scheme() != "tcp" {
		t.Error("listening is not that of TCP")
	}
}
