package tcp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := New().Listen(t.Context(), address)
	if err != nil {
		t.Fatalf("Listen(%q): %v", address, err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// connect dials address, where l listens, and returns both ends.
func connect(t *testing.T, l net.Listener, address string) (dialed, accepted *net.TCPConn) {
	t.Helper()
	conn, err := New().Dial(t.Context(), address)
	if err != nil {
		t.Fatalf("Dial(%q): %v", address, err)
	}
	t.Cleanup(func() { conn.Close() })
	other, err := l.Accept()
	if err != nil {
		t.Fatalf("Accept: %v", err)
	}
	t.Cleanup(func() { other.Close() })
	return conn.(*net.TCPConn), other.(*net.TCPConn)
}

func requireIPv6(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	l.Close()
}

// loopback returns the name of the loopback interface.
func loopback(t *testing.T) string {
	t.Helper()
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name
		}
	}
	t.Skip("no loopback interface")
	return ""
}

func port(t *testing.T, l net.Listener) string {
	t.Helper()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestEP01AnyPort(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "127.0.0.1:*", "*:0", "*:*"} {
		l := listen(t, address)
		if p := port(t, l); p == "0" || strings.HasSuffix(l.Addr().String(), "*") {
			t.Errorf("Listen(%q) resolved to %q, want the real port", address, l.Addr())
		}
		connect(t, l, l.Addr().String())
	}
}

func TestEP02InterfaceName(t *testing.T) {
	lo := loopback(t)
	l := listen(t, lo+":*")
	if host, _, _ := net.SplitHostPort(l.Addr().String()); !netip.MustParseAddr(host).IsLoopback() {
		t.Errorf("Listen on %q resolved to %q", lo, l.Addr())
	}
	connect(t, l, l.Addr().String())
	// Names are not resolved on bind, however well known.
	_, err := New().Listen(t.Context(), "localhost:0")
	if !errors.Is(err, syscall.ENODEV) {
		t.Errorf("Listen on localhost: %v, want ENODEV", err)
	}
}

// EP-03, EP-07: a name is resolved by Dial, and each of its addresses tried.
func TestEP03HostName(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	connect(t, l, "localhost:"+port(t, l))
}

func TestEP04Source(t *testing.T) {
	lo := loopback(t)
	l := listen(t, "127.0.0.1:0")
	for _, source := range []string{"127.0.0.1:0", "127.0.0.1:*", "*:0", lo + ":0", lo + ":*"} {
		dialed, accepted := connect(t, l, source+";"+l.Addr().String())
		if got, want := accepted.RemoteAddr().String(), dialed.LocalAddr().String(); got != want {
			t.Errorf("source %q: the listener sees %q, want %q", source, got, want)
		}
	}
	t.Run("port", func(t *testing.T) {
		free := listen(t, "127.0.0.1:0")
		source := free.Addr().String()
		free.Close()
		// The second listener shows that the port can be left from again, though the first connection is not over.
		for _, l := range []net.Listener{l, listen(t, "127.0.0.1:0")} {
			_, accepted := connect(t, l, source+";"+l.Addr().String())
			if got := accepted.RemoteAddr().String(); got != source {
				t.Errorf("the listener sees %q, want %q", got, source)
			}
			if runtime.GOOS == "windows" {
				break
			}
		}
	})
	t.Run("other address of the host", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("only Linux has all of 127/8 on its loopback interface")
		}
		_, accepted := connect(t, l, "127.9.8.7:*;"+l.Addr().String())
		if got := accepted.RemoteAddr().(*net.TCPAddr).IP.String(); got != "127.9.8.7" {
			t.Errorf("the listener sees %q, want 127.9.8.7", got)
		}
	})
	t.Run("interface of the right family", func(t *testing.T) {
		requireIPv6(t)
		l := listen(t, "[::1]:0")
		_, accepted := connect(t, l, lo+":0;"+l.Addr().String())
		if got := accepted.RemoteAddr().(*net.TCPAddr).IP.String(); got != "::1" {
			t.Errorf("the listener sees %q, want ::1", got)
		}
	})
	t.Run("name", func(t *testing.T) {
		address := "nosuchinterface:0;" + l.Addr().String()
		if err := New().CheckDial(address); err != nil { // for only the system knows its interfaces
			t.Errorf("CheckDial(%q): %v", address, err)
		}
		_, err := New().Dial(t.Context(), address)
		if !errors.Is(err, syscall.ENODEV) || !strings.Contains(err.Error(), "nosuchinterface") {
			t.Errorf("Dial(%q): %v, want ENODEV and the name", address, err)
		}
	})
}

func TestEP05IPv6(t *testing.T) {
	requireIPv6(t)
	l := listen(t, "[::1]:*")
	connect(t, l, l.Addr().String())
	connect(t, l, "::1:"+port(t, l))
	t.Run("zone", func(t *testing.T) {
		ip, zone := linkLocal(t)
		for _, z := range []string{zone.Name, strconv.Itoa(zone.Index)} {
			l := listen(t, "["+ip.WithZone(z).String()+"]:0")
			connect(t, l, l.Addr().String())
		}
	})
}

// linkLocal returns a link-local address of this machine and its interface.
func linkLocal(t *testing.T) (netip.Addr, net.Interface) {
	t.Helper()
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, addr := range addrs {
			prefix, ok := addr.(*net.IPNet)
			if !ok {
				continue
			}
			if ip, _ := netip.AddrFromSlice(prefix.IP); ip.Is6() && ip.IsLinkLocalUnicast() {
				return ip, i
			}
		}
	}
	t.Skip("no link-local address here")
	return netip.Addr{}, net.Interface{}
}

func TestEP06Wildcards(t *testing.T) {
	t.Run("both families", func(t *testing.T) {
		requireIPv6(t)
		for _, address := range []string{"*:*", "[::]:0"} {
			l := listen(t, address)
			if !strings.HasPrefix(l.Addr().String(), "[::]:") {
				t.Errorf("Listen(%q) resolved to %q, want [::] and the port", address, l.Addr())
			}
			connect(t, l, "127.0.0.1:"+port(t, l))
			connect(t, l, "[::1]:"+port(t, l))
			connect(t, l, "[::ffff:127.0.0.1]:"+port(t, l))
		}
	})
	t.Run("IPv4 alone", func(t *testing.T) {
		l := listen(t, "0.0.0.0:*")
		if !strings.HasPrefix(l.Addr().String(), "0.0.0.0:") {
			t.Errorf("resolved to %q, want 0.0.0.0 and the port", l.Addr())
		}
		connect(t, l, l.Addr().String())
		requireIPv6(t)
		if conn, err := New().Dial(t.Context(), "[::1]:"+port(t, l)); err == nil {
			conn.Close()
			t.Error("0.0.0.0 took an IPv6 connection")
		}
	})
}

func TestEP10Errors(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	closed := listen(t, "127.0.0.1:0")
	closed.Close()
	tests := []struct {
		name, address string
		call          func(context.Context, string) error
		want          error
	}{
		{"used port", l.Addr().String(), tryListen, syscall.EADDRINUSE},
		{"unknown interface", "nosuchinterface:0", tryListen, syscall.ENODEV},
		{"foreign IP", "198.51.100.1:0", tryListen, syscall.EADDRNOTAVAIL},
		{"nobody there", closed.Addr().String(), tryDial, syscall.ECONNREFUSED},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.call(t.Context(), tt.address)
			if !errors.Is(err, tt.want) {
				t.Errorf("%q: %v, want %v", tt.address, err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), tt.address) {
				t.Errorf("the error does not name %q: %v", tt.address, err)
			}
		})
	}
}

func tryListen(ctx context.Context, address string) error {
	l, err := New().Listen(ctx, address)
	if err == nil {
		l.Close()
	}
	return err
}

func tryDial(ctx context.Context, address string) error {
	conn, err := New().Dial(ctx, address)
	if err == nil {
		conn.Close()
	}
	return err
}
