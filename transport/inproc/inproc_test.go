package inproc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/brokerless/brokerless/transport"
)

func listen(t *testing.T, tr *Transport, name string) net.Listener {
	t.Helper()
	l, err := tr.Listen(t.Context(), name)
	if err != nil {
		t.Fatalf("Listen(%.40q): %v", name, err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// forgotten checks that tr holds nothing any more.
func forgotten(t *testing.T, tr *Transport) {
	t.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if len(tr.names) != 0 {
		t.Errorf("%d names are still known", len(tr.names))
	}
}

func TestEP30Names(t *testing.T) {
	tr := New()
	t.Run("any octets, compared exactly", func(t *testing.T) {
		names := []string{"a", "A", "a ", "*", "@a", "a\x00", "a\x00b", "\xff\xfe", "\u00e9", "e\u0301", "a/b", "://", strings.Repeat("n", maxName)}
		for _, name := range names {
			l := listen(t, tr, name)
			if got := l.Addr().String(); got != name {
				t.Errorf("Addr() = %q, want %q", got, name)
			}
		}
	})
	t.Run("length", func(t *testing.T) {
		for _, n := range []int{0, maxName + 1, 1 << 20} {
			name := strings.Repeat("n", n)
			var bad *transport.EndpointError
			if err := tr.CheckListen(name); !errors.As(err, &bad) {
				t.Errorf("CheckListen of %d octets: %v, want an *EndpointError", n, err)
			}
		}
	})
	t.Run("one space each", func(t *testing.T) {
		listen(t, tr, "same")
		listen(t, New(), "same")
	})
	forgotten(t, tr)
}

func TestEP31NameTaken(t *testing.T) {
	tr := New()
	l := listen(t, tr, "name")
	_, err := tr.Listen(t.Context(), "name")
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("second Listen: %v, want EADDRINUSE", err)
	}
	if want := "listen inproc name: address already in use"; err.Error() != want {
		t.Errorf("second Listen: %v, want %s", err, want)
	}
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second Close: %v, want net.ErrClosed", err)
	}
	again := listen(t, tr, "name")
	l.Close() // of the old one: the new one must not feel it
	if _, err := tr.Listen(t.Context(), "name"); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("Listen beside the new one: %v, want EADDRINUSE", err)
	}
	again.Close()
	forgotten(t, tr)
}

func TestManyNames(t *testing.T) {
	tr := New()
	for range 2 {
		var all []net.Listener
		for i := range 1000 {
			all = append(all, listen(t, tr, fmt.Sprint(i)))
		}
		for _, l := range all {
			l.Close()
		}
		forgotten(t, tr)
	}
}

func TestCloseWakesEveryAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, New(), "name")
		const accepts = 5
		ended := make(chan error, accepts)
		for range accepts {
			go func() {
				_, err := l.Accept()
				ended <- err
			}()
		}
		synctest.Wait()
		l.Close()
		for range accepts {
			if err := <-ended; !errors.Is(err, net.ErrClosed) {
				t.Errorf("Accept: %v, want net.ErrClosed", err)
			}
		}
	})
}

// EP-33: once the binder's end is closed, the connection ends; nothing reconnects.
func TestEP33BinderGone(t *testing.T) {
	near, far := newPair("name")
	far.Close()
	select {
	case <-near.Done():
	default:
		t.Error("the dialling end is not done")
	}
}

// Dials, binds, accepts and cancellations at random never lose a connection nor leave a name behind.
func TestChurn(t *testing.T) {
	tr := New()
	var done sync.WaitGroup
	accepted, dialed := 0, make(chan bool, 400)
	for range 4 {
		done.Go(func() {
			for i := range 100 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%3 == 0 {
					go cancel()
				}
				conn, err := tr.Dial(ctx, "name")
				dialed <- err == nil
				if err == nil {
					conn.Close()
				}
				cancel()
			}
		})
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			l, err := tr.Listen(context.Background(), "name")
			if err != nil {
				t.Error(err)
				return
			}
			release := context.AfterFunc(ctx, func() { l.Close() })
			for range 7 {
				if _, err := l.Accept(); err != nil {
					return
				}
				accepted++
			}
			release()
			l.Close()
		}
	}()
	done.Wait()
	stop()
	<-served
	close(dialed)
	want := 0
	for ok := range dialed {
		if ok {
			want++
		}
	}
	if accepted != want {
		t.Errorf("%d connections accepted, %d dialled", accepted, want)
	}
	forgotten(t, tr)
}

// FuzzName: a name is any octets, of 1 to so many; what it is not is refused by all three alike, what it is can be
// bound once, found, and bound again, and nothing is kept of it.
func FuzzName(f *testing.F) {
	for _, name := range []string{"", "a", "*", "@a", "a\x00b", "\xff\xfe", "../a", "://", strings.Repeat("n", maxName), strings.Repeat("n", maxName+1)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		tr := New()
		defer forgotten(t, tr)
		l, err := tr.Listen(t.Context(), name)
		legal := len(name) >= 1 && len(name) <= maxName
		if (err == nil) != legal || (tr.CheckListen(name) == nil) != legal || (tr.CheckDial(name) == nil) != legal {
			t.Fatalf("name of %d octets: Listen %v, CheckListen %v, CheckDial %v", len(name), err, tr.CheckListen(name), tr.CheckDial(name))
		}
		var bad *transport.EndpointError
		if !legal {
			if _, derr := tr.Dial(t.Context(), name); !errors.As(err, &bad) || !errors.As(derr, &bad) {
				t.Fatalf("Listen %v, Dial %v, want *EndpointErrors", err, derr)
			}
			return
		}
		if l.Addr().String() != name {
			t.Errorf("Addr() = %q, want %q", l.Addr(), name)
		}
		if _, err := tr.Listen(t.Context(), name); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("bound twice: %v", err)
		}
		l.Close()
		if l, err = tr.Listen(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		l.Close()
	})
}
