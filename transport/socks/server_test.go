package socks

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A server is a small SOCKS5 proxy. It knows names that nobody else knows.
type server struct {
	l              net.Listener
	user, password string            // wanted, if there is a user
	names          map[string]string // to IP addresses
	silent         bool              // it says nothing

	came  chan struct{} // a connection, if it is silent
	mu    sync.Mutex
	asked []string // the addresses
	conns []net.Conn
	wg    sync.WaitGroup
}

// start starts it until the end of the test.
func (s *server) start(t *testing.T) *server {
	t.Helper()
	s.came = make(chan struct{}, 10)
	var err error
	if s.l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.wg.Go(func() {
		for {
			c, err := s.l.Accept()
			if err != nil {
				return
			}
			s.keep(c)
			s.wg.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		s.l.Close()
		s.cut()
		s.wg.Wait()
	})
	return s
}

func (s *server) address() string { return s.l.Addr().String() }

func (s *server) keep(c net.Conn) {
	s.mu.Lock()
	s.conns = append(s.conns, c)
	s.mu.Unlock()
}

// cut ends all connections.
func (s *server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

// targets returns what it was asked for, with a space behind each.
func (s *server) targets() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.asked, " ") + " "
}

func (s *server) serve(c net.Conn) {
	defer c.Close()
	if s.silent {
		s.came <- struct{}{}
		io.Copy(io.Discard, c)
		return
	}
	read := func(n int) []byte {
		b := make([]byte, n) // zeros, if nothing comes
		io.ReadFull(c, b)
		return b
	}
	b := read(2)
	if b[0] != 5 {
		return
	}
	methods := read(int(b[1]))
	if s.user == "" {
		c.Write([]byte{5, 0})
	} else {
		if !strings.Contains(string(methods), "\x02") {
			c.Write([]byte{5, 0xff})
			return
		}
		c.Write([]byte{5, 2})
		user := string(read(int(read(2)[1])))
		password := string(read(int(read(1)[0])))
		if user != s.user || password != s.password {
			c.Write([]byte{1, 1})
			return
		}
		c.Write([]byte{1, 0})
	}
	h := read(4)
	var host string
	switch h[3] {
	case 1:
		host = net.IP(read(4)).String()
	case 3:
		host = string(read(int(read(1)[0])))
	case 4:
		host = net.IP(read(16)).String()
	}
	port := strconv.Itoa(int(binary.BigEndian.Uint16(read(2))))
	s.mu.Lock()
	s.asked = append(s.asked, host)
	s.mu.Unlock()
	if ip, ok := s.names[host]; ok {
		host = ip
	}
	if host == "0.0.0.0" {
		c.Write([]byte{5, 2, 0, 1, 0, 0, 0, 0, 0, 0}) // not allowed
		return
	}
	far, err := new(net.Dialer).DialContext(context.Background(), "tcp", net.JoinHostPort(host, port))
	if err != nil {
		c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0}) // refused
		return
	}
	defer far.Close()
	s.keep(far)
	c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{c, far}, {far, c}} {
		both.Go(func() {
			io.Copy(way[0], way[1])
			way[0].(*net.TCPConn).CloseWrite()
		})
	}
	both.Wait()
}
