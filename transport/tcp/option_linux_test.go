package tcp

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
)

func TestSocketOptions(t *testing.T) {
	standard := ends(t, New(WithUserTimeout(0), WithTOS(0), WithPriority(-1), WithDevice(""), WithBusyPoll(-time.Second)))
	const ipv6TrafficClass = 67 // IPV6_TCLASS
	tests := []struct {
		name        string
		opts        []Option
		level, kind int
		want        int
	}{
		{"user timeout", []Option{WithUserTimeout(1500*time.Millisecond + 1)}, syscall.IPPROTO_TCP, tcpUserTimeout, 1501},
		{"the last of a kind", []Option{WithUserTimeout(time.Hour), WithUserTimeout(time.Second)}, syscall.IPPROTO_TCP, tcpUserTimeout, 1000},
		{"type of service", []Option{WithTOS(0xb8)}, syscall.IPPROTO_IP, syscall.IP_TOS, 0xb8},
		{"priority", []Option{WithPriority(5)}, syscall.SOL_SOCKET, syscall.SO_PRIORITY, 5},
		{"priority beside a type of service", []Option{WithPriority(3), WithTOS(0x10)}, syscall.SOL_SOCKET, syscall.SO_PRIORITY, 3},
		{"busy poll", []Option{WithBusyPoll(20 * time.Microsecond)}, syscall.SOL_SOCKET, soBusyPoll, 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := New(tt.opts...)
			if l, err := tr.Listen(t.Context(), "127.0.0.1:0"); errors.Is(err, syscall.EPERM) {
				t.Skipf("needs a capability: %v", err)
			} else if err == nil {
				l.Close()
			}
			for end, conn := range ends(t, tr) {
				if got := option(t, conn, tt.level, tt.kind); got != tt.want {
					t.Errorf("%s end: %d, want %d", end, got, tt.want)
				}
				if got := option(t, standard[end], tt.level, tt.kind); got == tt.want {
					t.Errorf("%s end: %d without being asked for", end, got)
				}
			}
		})
	}

	t.Run("traffic class", func(t *testing.T) {
		requireIPv6(t)
		tr := New(WithTOS(0xb8))
		l, err := tr.Listen(t.Context(), "*:0") // takes both families
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for _, host := range []string{"[::1]", "127.0.0.1"} {
			conn, err := tr.Dial(t.Context(), host+":"+port(t, l))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			accepted, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { accepted.Close() })
			level, kind := syscall.IPPROTO_IPV6, ipv6TrafficClass
			if host == "127.0.0.1" {
				level, kind = syscall.IPPROTO_IP, syscall.IP_TOS
			}
			for end, c := range map[string]net.Conn{"dialled": conn, "accepted": accepted} {
				if got := option(t, c.(*net.TCPConn), level, kind); got != 0xb8 {
					t.Errorf("%s end of %s: %#x, want 0xb8", end, host, got)
				}
			}
		}
	})

	t.Run("device", func(t *testing.T) {
		tr := New(WithDevice(loopback(t)))
		l, err := tr.Listen(t.Context(), "127.0.0.1:0")
		if errors.Is(err, syscall.EPERM) {
			t.Skipf("needs a capability: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		for end, conn := range ends(t, tr) {
			raw, err := conn.SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			if err := raw.Control(func(fd uintptr) {
				if err := setDevice(fd, "none-such"); !errors.Is(err, syscall.ENODEV) && !errors.Is(err, syscall.EPERM) {
					t.Errorf("%s end: a device that is not there: %v", end, err)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := New(WithDevice("none-such")).Dial(t.Context(), "127.0.0.1:1"); !errors.Is(err, syscall.ENODEV) {
			t.Errorf("Dial through a device that is not there: %v", err)
		}
		if _, err := New(WithDevice("none-such")).Listen(t.Context(), "127.0.0.1:0"); !errors.Is(err, syscall.ENODEV) {
			t.Errorf("Listen on a device that is not there: %v", err)
		}
	})
}

// TestBacklogAndConnectTimeout: a listener that does not accept takes one
// connection more than its backlog, and the next one has to wait.
func TestBacklogAndConnectTimeout(t *testing.T) {
	for _, backlog := range []int{1, 3} {
		l, err := New(WithBacklog(backlog)).Listen(t.Context(), "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		for range backlog + 1 {
			conn, err := New().Dial(t.Context(), l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
		}
		conn, err := New(WithConnectTimeout(50*time.Millisecond)).Dial(t.Context(), l.Addr().String())
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Fatalf("backlog %d: Dial gave %v, %v, want a timeout", backlog, conn, err)
		}
		// Those that wait are there all the same.
		for range backlog + 1 {
			accepted, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { accepted.Close() })
		}
	}
}
