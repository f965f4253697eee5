package socket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// stopping is a redial that keeps nobody waiting until it stops.
func stopping(when socket.RedialStop) socket.Option {
	return socket.WithOptions(quick(), socket.WithRedialStop(when))
}

func TestRFCRedialStop(t *testing.T) {
	show(t, "OP-06 StopAlways makes one connection, and another Connect another", func(s *stage) {
		dealer := s.dealer(stopping(socket.StopAlways))
		m := dealer.Monitor()
		for range 3 {
			router, endpoint := s.router(), s.nowhere()
			s.bindAt(router, endpoint)
			s.connect(dealer, endpoint)
			s.peers(router, 1)
			s.peers(dealer, 1)
			drop(router)
			e := s.event(m, socket.EventRedialStopped)
			equal(s, "endpoint", e.Endpoint, endpoint)
			if e.Err == nil {
				s.Fatal("no reason")
			}
			s.matches(dealer.Disconnect(endpoint), socket.ErrEndpoint)
			router = s.router()
			s.bindAt(router, endpoint)
			s.connect(dealer, endpoint)
			s.peers(router, 1)
			drop(router)
			s.event(m, socket.EventRedialStopped)
		}
		equal(s, "redials", dealer.Stats().Redials, 0)
	})

	showWire(t, "OP-08 StopWhenRefused ends it where nobody listens, and drops what is queued", func(s *stage) {
		for _, when := range []socket.RedialStop{socket.StopWhenRefused, socket.StopAlways} {
			push := s.push(stopping(when), socket.WithProperty("X-a", "b"))
			m := push.Monitor()
			endpoint := s.nowhere()
			s.connect(push, endpoint)
			s.event(m, socket.EventConnectFailed)
			s.event(m, socket.EventRedialStopped)
			s.blocked(push, "nobody is there")
			pull := s.pull()
			s.bindAt(pull, endpoint)
			s.connect(push, endpoint)
			s.send(push, "m")
			s.want(pull, "m")
			drop(pull)
			s.event(m, socket.EventRedialStopped) // for a redial is refused, or there is none
		}
		push := s.push(stopping(socket.StopWhenHandshakeFails | socket.StopAfterDisconnect))
		m := push.Monitor()
		s.connect(push, s.nowhere())
		for range 3 {
			if e := s.event(m, socket.EventConnectFailed); e.Delay == 0 {
				s.Fatalf("not tried again: %v", e)
			}
		}
	})

	show(t, "OP-08 StopAfterDisconnect leaves what is queued unsent where nobody is", func(s *stage) {
		push := s.push(stopping(socket.StopAfterDisconnect), socket.WithLinger(-1))
		endpoint := s.nowhere()
		s.connect(push, endpoint)
		s.send(push, "m")
		s.must(push.Disconnect(endpoint))
		s.until("it is given up", func() bool { return push.Stats().Out.Dropped.Total() == 1 })

		pull := s.pull()
		s.bindAt(pull, endpoint)
		s.connect(push, endpoint)
		s.peers(push, 1)
		s.send(push, "over the connection that is there")
		s.must(push.Disconnect(endpoint))
		s.want(pull, "over the connection that is there")
	})

	t.Run("OP-08 what is no reason is refused", func(t *testing.T) {
		if _, err := socket.NewPush(socket.WithRedialStop(0x80)); !errors.Is(err, socket.ErrOption) {
			t.Errorf("got %v, want ErrOption", err)
		}
	})

	showOver(t, []string{"tcp"}, "WT-119 StopWhenHandshakeFails ends it after whatever ends a handshake", func(s *stage) {
		for name, peer := range map[string]func(net.Conn){
			"the end of the connection": func(c net.Conn) { c.Close() },
			"the time is over":          func(net.Conn) {},
			"something else than ZMTP":  func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") },
		} {
			for _, goOn := range []bool{false, true} {
				when := socket.StopWhenHandshakeFails
				if goOn {
					when = socket.StopWhenRefused | socket.StopAfterDisconnect
				}
				push := s.push(stopping(when), socket.WithHandshakeTimeout(50*time.Millisecond))
				m := push.Monitor()
				s.must(push.ConnectFunc("peer", func(context.Context) (net.Conn, error) {
					near, far := net.Pipe()
					s.Cleanup(func() { far.Close() })
					go func() {
						buf := make([]byte, 10)
						_, _ = io.ReadFull(far, buf)
						peer(far)
						_, _ = io.Copy(io.Discard, far)
					}()
					return near, nil
				}))
				s.event(m, socket.EventHandshakeFailed)
				if goOn {
					s.event(m, socket.EventRedial)
					s.event(m, socket.EventHandshakeFailed)
					continue
				}
				if e := s.event(m, socket.EventRedialStopped); e.Err == nil {
					s.Fatalf("%s: no reason", name)
				}
				equal(s, "redials", push.Stats().Redials, 0)
			}
		}
	})
}
