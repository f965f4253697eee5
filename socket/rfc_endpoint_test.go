package socket_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// bad fails the rule unless x refuses the endpoint as one that cannot be.
func (s *stage) bad(err error, endpoint string) {
	s.Helper()
	s.matches(err, socket.ErrEndpoint)
	var op *socket.OpError
	if !errors.As(err, &op) || op.Endpoint != endpoint {
		s.Fatalf("error %#v, want an OpError with the endpoint %q", err, endpoint)
	}
}

// loopback6 skips the rule where there is no IPv6.
func (s *stage) loopback6() {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		s.Skipf("IPv6 is needed: %v", err)
	}
	l.Close()
}

func only(scheme string) []string { return []string{scheme} }

func TestRFCEndpointTCP(t *testing.T) {
	showOver(t, only("tcp"), "EP-01 port 0 and * are any free port, which Bind returns", func(s *stage) {
		for _, endpoint := range []string{"tcp://127.0.0.1:0", "tcp://127.0.0.1:*", "tcp://*:*", "tcp://*:0"} {
			pull, push := s.pull(), s.push()
			resolved, err := pull.Bind(endpoint)
			if err != nil {
				s.Fatal(err)
			}
			if strings.HasSuffix(resolved, ":0") || strings.HasSuffix(resolved, "*") {
				s.Fatalf("Bind returned %s", resolved)
			}
			s.connect(push, resolved)
			s.send(push, "m")
			s.want(pull, "m")
		}
	})

	showOver(t, only("tcp"), "EP-02 to bind, a host is an address or an interface, not a name", func(s *stage) {
		pull := s.pull()
		_, err := pull.Bind("tcp://localhost:0")
		s.matches(err, syscall.ENODEV)
	})

	showOver(t, only("tcp"), "EP-03 to connect, a host is an address or a name, and the port a number", func(s *stage) {
		pull, push := s.pull(), s.push(never())
		resolved := s.bind(pull)
		for _, bad := range []string{"tcp://*:1", "tcp://127.0.0.1:*", "tcp://127.0.0.1", "tcp://127.0.0.1:http", "tcp://a b:1", "tcp://:1"} {
			s.bad(push.Connect(bad), bad)
		}
		s.connect(push, strings.Replace(resolved, "127.0.0.1", "localhost", 1))
		s.send(push, "m")
		s.want(pull, "m")
	})

	showOver(t, only("tcp"), "EP-04 a source may stand before the target", func(s *stage) {
		pull, push := s.pull(), s.push(never())
		resolved := s.bind(pull)
		s.connect(push, "tcp://127.0.0.1:0;"+strings.TrimPrefix(resolved, "tcp://"))
		s.send(push, "m")
		s.want(pull, "m")
		_, err := pull.Bind("tcp://127.0.0.1:0;127.0.0.1:0")
		s.matches(err, socket.ErrEndpoint)
	})

	showOver(t, only("tcp"), "EP-05 IPv6 stands in brackets", func(s *stage) {
		s.loopback6()
		pull, push := s.pull(), s.push(never())
		s.bad(push.Connect("tcp://[::1:5555"), "tcp://[::1:5555")
		resolved, err := pull.Bind("tcp://[::1]:0")
		if err != nil {
			s.Fatal(err)
		}
		s.connect(push, resolved)
		s.send(push, "m")
		s.want(pull, "m")
	})

	showOver(t, only("tcp"), "EP-06 * is every address of both families", func(s *stage) {
		s.loopback6()
		pull := s.pull()
		resolved, err := pull.Bind("tcp://*:*")
		if err != nil {
			s.Fatal(err)
		}
		port := resolved[strings.LastIndexByte(resolved, ':'):]
		for _, host := range []string{"127.0.0.1", "[::1]"} {
			push := s.push(never())
			s.connect(push, "tcp://"+host+port)
			s.send(push, host)
			s.want(pull, host)
		}
	})

	showOver(t, only("tcp"), "EP-08 a port is a number to the last octet", func(s *stage) {
		pull := s.pull()
		for _, bad := range []string{"tcp://127.0.0.1:567bad", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:-1", "tcp://127.0.0.1:"} {
			_, err := pull.Bind(bad)
			s.bad(err, bad)
			s.bad(pull.Connect(bad), bad)
		}
	})

	showOver(t, only("tcp"), "EP-10 a port in use, an unknown interface, another machine's address", func(s *stage) {
		pull, other := s.pull(), s.pull()
		resolved := s.bind(pull)
		_, err := other.Bind(resolved)
		s.matches(err, syscall.EADDRINUSE)
		_, err = other.Bind("tcp://nosuchif0:0")
		s.matches(err, syscall.ENODEV)
		_, err = other.Bind("tcp://192.0.2.1:0") // kept for documentation
		s.matches(err, syscall.EADDRNOTAVAIL)
	})

	show(t, "EP-11 Unbind and Disconnect take the endpoint as it was given or resolved", func(s *stage) {
		pull := s.pull()
		given := s.fresh()
		resolved, err := pull.Bind(given)
		if err != nil {
			s.Fatal(err)
		}
		s.bad(pull.Unbind(resolved+"x"), resolved+"x")
		if err := pull.Unbind(resolved); err != nil {
			s.Fatal(err)
		}
		s.bad(pull.Unbind(resolved), resolved)
		if _, err := pull.Bind(given); err != nil {
			s.Fatal(err)
		}
		if err := pull.Unbind(given); err != nil {
			s.Fatal(err)
		}
		nowhere := s.nowhere()
		s.bad(pull.Disconnect(nowhere), nowhere)
		s.connect(pull, nowhere)
		if err := pull.Disconnect(nowhere); err != nil {
			s.Fatal(err)
		}
		s.bad(pull.Disconnect(nowhere), nowhere)
	})
}

func TestRFCEndpointIPC(t *testing.T) {
	showOver(t, only("ipc"), "EP-20 a path has at most 107 octets", func(s *stage) {
		pull := s.pull(never())
		long := "ipc:///" + strings.Repeat("p", 200)
		_, err := pull.Bind(long)
		s.bad(err, long)
		s.bad(pull.Connect(long), long)
	})

	showOver(t, only("ipc"), "EP-21 * is a fresh socket, which is removed at the end", func(s *stage) {
		a, b := s.pull(), s.pull()
		first, second := s.bind(a), s.bind(b)
		if first == second {
			s.Fatalf("both are %s", first)
		}
		_, path := split(first)
		if info, err := os.Stat(path); err != nil || info.Mode().Type() != fs.ModeSocket {
			s.Fatalf("%v, %v", info, err)
		}
		drop(a)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			s.Fatalf("after closing: %v", err)
		}
	})

	showOver(t, only("ipc"), "EP-22 @ begins an abstract name", func(s *stage) {
		pull, push := s.pull(), s.push(never())
		s.bad(push.Connect("ipc://@"), "ipc://@")
		name := fmt.Sprintf("ipc://@brokerless-%d-%d", os.Getpid(), names.Add(1))
		resolved, err := pull.Bind(name)
		if err != nil {
			s.Skipf("abstract names are needed: %v", err)
		}
		equal(s, "resolved", resolved, name)
		s.connect(push, name)
		s.send(push, "m")
		s.want(pull, "m")
	})

	showOver(t, only("ipc"), "EP-23 a path somebody listens on is not taken from them", func(s *stage) {
		pull, other := s.pull(), s.pull()
		path := s.nowhere()
		s.bindAt(pull, path)
		_, err := other.Bind(path)
		s.matches(err, syscall.EADDRINUSE)
		drop(pull)
		s.bindAt(other, path)
	})
}

func TestRFCEndpointInproc(t *testing.T) {
	showInproc(t, "EP-30 a name is 1 to 256 octets, compared exactly", func(s *stage) {
		pull, push, other := s.pull(), s.push(), s.push()
		name := s.fresh() + " /Ä\x00"
		s.bindAt(pull, name)
		s.connect(other, name+"x")
		s.connect(push, name)
		s.send(push, "m")
		s.want(pull, "m")
		for _, bad := range []string{"inproc://", "inproc://" + strings.Repeat("n", 257)} {
			_, err := pull.Bind(bad)
			s.bad(err, bad)
			s.bad(push.Connect(bad), bad)
		}
	})

	showInproc(t, "EP-31 a name is bound once, and free again after Unbind and Close", func(s *stage) {
		a, b := s.pull(), s.pull()
		name := s.bind(a)
		_, err := b.Bind(name)
		s.matches(err, syscall.EADDRINUSE)
		if err := a.Unbind(name); err != nil {
			s.Fatal(err)
		}
		s.bindAt(b, name)
		drop(b)
		s.bindAt(a, name)
	})

	showInproc(t, "EP-32 many may connect before the bind, and queue", func(s *stage) {
		name := s.nowhere()
		for range 30 {
			push := s.push()
			s.connect(push, name)
			s.send(push, "m")
		}
		pull := s.pull()
		s.bindAt(pull, name)
		for range 30 {
			s.want(pull, "m")
		}
	})

	showInproc(t, "EP-33 in process a lost connection is made again, as anywhere", func(s *stage) {
		push := s.push(quick())
		m := push.Monitor()
		name := s.nowhere()
		s.connect(push, name)
		for range 3 {
			pull := s.pull()
			s.bindAt(pull, name)
			s.send(push, "m")
			s.want(pull, "m")
			drop(pull)
			s.event(m, socket.EventDisconnected)
		}
	})

	showInproc(t, "EP-34 identities are exchanged", func(s *stage) {
		router, named, unnamed := s.router(), s.dealer(id("named")), s.dealer()
		s.star(router, named, unnamed)
		s.send(named, "m")
		s.want(router, "named", "m")
		s.send(unnamed, "m")
		equal(s, "octets of a generated identity", len(s.recv(router)[0]), 5)
	})
}
