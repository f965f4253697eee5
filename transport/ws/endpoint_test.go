package ws

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/transport"
)

func TestEndpoints(t *testing.T) {
	t.Run("EP-50 host and port as for tcp, and a path", func(t *testing.T) {
		for _, tt := range []struct {
			address      string
			dial, listen bool
		}{
			{"127.0.0.1:80", true, true},
			{"127.0.0.1:80/", true, true},
			{"host.example:80/a/b", true, true}, // or an interface
			{"*:0/a", false, true},
			{"lo:*", false, true},
			{"[::1]:80/%20", true, true},
			{"127.0.0.1:80/a?b=c", true, false},
			{"127.0.0.1:0;127.0.0.1:80/a", true, false},
			{"127.0.0.1", false, false}, // the port is mandatory
			{"127.0.0.1/a", false, false},
			{"", false, false},
			{"/a", false, false},
			{"127.0.0.1:80/a b\x00", false, false},
			{"127.0.0.1:80/%zz", false, false},
			{"127.0.0.1:80/a#b", false, false},
		} {
			for _, check := range []struct {
				name string
				err  error
				good bool
			}{
				{"CheckDial", New().CheckDial(tt.address), tt.dial},
				{"CheckListen", New().CheckListen(tt.address), tt.listen},
			} {
				e := new(transport.EndpointError)
				if bad := errors.As(check.err, &e); bad == check.good || bad && (e.Endpoint != "ws://"+tt.address || e.Reason == "") {
					t.Errorf("%s(%q) = %v, want it good: %v", check.name, tt.address, check.err, check.good)
				}
			}
		}
		if _, err := New().Dial(t.Context(), "127.0.0.1:1#"); err == nil {
			t.Error("Dial of a bad address")
		}
		if _, err := New().Listen(t.Context(), "127.0.0.1:0/#"); err == nil {
			t.Error("Listen on a bad address")
		}
		for below, want := range map[string]string{
			"host:1":                    "host:1",
			"127.0.0.1:0;[fe80::1%e]:1": "[fe80::1]:1",
		} {
			if got := hostOf(below); got != want {
				t.Errorf("Host of %q: %q, want %q", below, got, want)
			}
		}
	})

	t.Run("EP-51 the resolved endpoint has port and path", func(t *testing.T) {
		pull := closing(t, must(socket.NewPull(over())))
		for given, path := range map[string]string{"ws://127.0.0.1:*": "/", "ws://127.0.0.1:0/x/y": "/x/y"} {
			endpoint := must(pull.Bind(given))
			address, found := strings.CutSuffix(strings.TrimPrefix(endpoint, "ws://"), path)
			if _, port, err := net.SplitHostPort(address); err != nil || !found || port == "0" {
				t.Errorf("%s resolved to %s", given, endpoint)
			}
			served(t, pull, endpoint)
			if _, err := pull.Bind(endpoint); !errors.Is(err, syscall.EADDRINUSE) {
				t.Errorf("bound twice: %v", err)
			}
			if err := pull.Unbind(endpoint); err != nil {
				t.Error(err)
			}
			if _, err := pull.Bind(endpoint); err != nil {
				t.Errorf("bound again: %v", err)
			}
		}
	})
}

// What a transport promises holds, but for what is in the octets.
func TestConnections(t *testing.T) {
	tr := New()
	l := closing(t, must(tr.Listen(t.Context(), "127.0.0.1:0")))
	address := l.Addr().String()
	pair := func() (near, far net.Conn) {
		near = closing(t, must(tr.Dial(t.Context(), address)))
		return near, closing(t, must(l.Accept()))
	}

	near, far := pair()
	if near.RemoteAddr().String()+"/" != address || near.LocalAddr().String() != far.RemoteAddr().String() {
		t.Errorf("addresses %v, %v, %v", near.LocalAddr(), near.RemoteAddr(), far.RemoteAddr())
	}
	for _, past := range []time.Time{time.Unix(1, 0), time.Now().Add(time.Millisecond)} {
		if err := near.SetDeadline(past); err != nil {
			t.Fatal(err)
		}
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v", err)
		}
	}
	if _, err := near.Write([]byte("no greeting")); err == nil {
		t.Error("octets that are no greeting were taken")
	}

	near, _ = pair()
	read, written := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := near.Read(make([]byte, 1))
		read <- err
	}()
	go func() {
		_, err := near.Write(append(greeting("NULL"), "\x00\x00"...)) // waits for the upgrade
		written <- err
	}()
	if err := near.Close(); err != nil {
		t.Error(err)
	}
	for _, c := range []chan error{read, written} {
		if err := <-c; !errors.Is(err, net.ErrClosed) {
			t.Errorf("on a closed end: %v", err)
		}
	}
	if err := near.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tr.Dial(ctx, address); !errors.Is(err, context.Canceled) {
		t.Errorf("Dial: %v", err)
	}
	if _, err := tr.Listen(ctx, "127.0.0.1:0"); !errors.Is(err, context.Canceled) {
		t.Errorf("Listen: %v", err)
	}
	l.Close()
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: %v", err)
	}
	if _, err := tr.Dial(t.Context(), address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Dial: %v", err)
	}
}
