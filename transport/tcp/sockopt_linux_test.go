package tcp

import (
	"net"
	"syscall"
	"testing"
	"time"
)

// option reads an integer socket option.
func option(t *testing.T, c syscall.Conn, level, name int) int {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var value int
	var failed error
	if err := raw.Control(func(fd uintptr) { value, failed = syscall.GetsockoptInt(int(fd), level, name) }); err != nil {
		t.Fatal(err)
	}
	if failed != nil {
		t.Fatal(failed)
	}
	return value
}

// ends returns both ends of a connection between two uses of tr.
func ends(t *testing.T, tr *Transport) map[string]*net.TCPConn {
	t.Helper()
	l, err := tr.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialed, err := tr.Dial(t.Context(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialed.Close() })
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { accepted.Close() })
	return map[string]*net.TCPConn{"dialled": dialed.(*net.TCPConn), "accepted": accepted.(*net.TCPConn)}
}

func TestEP09NoDelayAndKeepAlive(t *testing.T) {
	tests := []struct {
		name                  string
		opts                  []Option
		idle, interval, count int
	}{
		{"default", nil, 15, 15, 9},
		{"set", []Option{WithKeepAlive(net.KeepAliveConfig{Idle: time.Minute, Interval: 7 * time.Second, Count: 3})}, 60, 7, 3},
		{"in part", []Option{WithKeepAlive(net.KeepAliveConfig{Idle: time.Minute})}, 60, 15, 9},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for end, conn := range ends(t, New(tt.opts...)) {
				if option(t, conn, syscall.IPPROTO_TCP, syscall.TCP_NODELAY) == 0 {
					t.Errorf("%s end: Nagle's algorithm is on", end)
				}
				if option(t, conn, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE) == 0 {
					t.Errorf("%s end: keep-alive is off", end)
				}
				idle := option(t, conn, syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE)
				interval := option(t, conn, syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL)
				count := option(t, conn, syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT)
				if idle != tt.idle || interval != tt.interval || count != tt.count {
					t.Errorf("%s end: idle %d s, interval %d s, count %d; want %d, %d, %d",
						end, idle, interval, count, tt.idle, tt.interval, tt.count)
				}
			}
		})
	}
}

func TestBuffers(t *testing.T) {
	const octets = 32 << 10
	standard := ends(t, New(WithReceiveBuffer(0), WithSendBuffer(-1)))
	for end, conn := range ends(t, New(WithReceiveBuffer(octets), WithSendBuffer(octets/2))) {
		// Linux doubles what is asked for, to leave room for its own bookkeeping.
		if got := option(t, conn, syscall.SOL_SOCKET, syscall.SO_RCVBUF); got != 2*octets {
			t.Errorf("%s end: SO_RCVBUF %d, want %d", end, got, 2*octets)
		}
		if got := option(t, conn, syscall.SOL_SOCKET, syscall.SO_SNDBUF); got != octets {
			t.Errorf("%s end: SO_SNDBUF %d, want %d", end, got, octets)
		}
		if got := option(t, standard[end], syscall.SOL_SOCKET, syscall.SO_RCVBUF); got == 2*octets {
			t.Errorf("%s end: SO_RCVBUF is %d without being asked for", end, got)
		}
	}
}
