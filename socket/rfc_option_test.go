package socket_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

func TestRFCOptions(t *testing.T) {
	t.Run("OP-02 a value that makes no sense is refused when the socket is made", func(t *testing.T) {
		for name, opt := range map[string]socket.Option{
			"message size":       socket.WithMaxMessageSize(-1),
			"frames":             socket.WithMaxFrames(-1),
			"handshake":          socket.WithHandshakeTimeout(0),
			"handshakes at once": socket.WithMaxHandshakes(0),
			"interval":           socket.WithHeartbeat(-1, time.Second),
			"timeout":            socket.WithHeartbeat(time.Second, 0),
			"redial of nothing":  socket.WithRedial(0, time.Second),
			"redial backwards":   socket.WithRedial(2*time.Second, time.Second),
			"denied of nothing":  socket.WithRedialDenied(0, time.Second),
			"denied backwards":   socket.WithRedialDenied(2*time.Second, time.Second),
			"connections":        socket.WithMaxConnections(-1),
			"of an address":      socket.WithMaxConnectionsPerAddress(-1),
			"stall":              socket.WithMaxStall(-1),
			"transport":          socket.WithTransport(nil),
		} {
			_, err := socket.NewDealer(opt)
			var op *socket.OpError
			if !errors.Is(err, socket.ErrOption) || !errors.As(err, &op) || op.Socket != "DEALER" {
				t.Errorf("%s: %v, want ErrOption of a DEALER", name, err)
			}
		}
		for _, opt := range []socket.SendOption{socket.WithSendHWM(-1), socket.WithSendHWMBytes(-1)} {
			if _, err := socket.NewPush(opt); !errors.Is(err, socket.ErrOption) {
				t.Errorf("got %v, want ErrOption", err)
			}
		}
		for _, opt := range []socket.RecvOption{socket.WithRecvHWM(-1), socket.WithRecvHWMBytes(-1), socket.WithMaxBuffered(-1)} {
			if _, err := socket.NewPull(opt); !errors.Is(err, socket.ErrOption) {
				t.Errorf("got %v, want ErrOption", err)
			}
		}
		if _, err := socket.NewPub(socket.WithMaxSubscriptions(-1, 0)); !errors.Is(err, socket.ErrOption) {
			t.Errorf("got %v, want ErrOption", err)
		}
	})

	showClock(t, "OP-05 the TTL in our PING is in tenths of a second, rounded up", func(s *stage) {
		for ttl, octets := range map[time.Duration]string{
			0:                        "\x00\x00",
			101 * time.Millisecond:   "\x00\x02",
			1500 * time.Millisecond:  "\x00\x0f",
			65500 * time.Millisecond: "\x02\x8f",
		} {
			w := s.plug(s.push(socket.WithHeartbeat(100*time.Millisecond, time.Hour), socket.WithHeartbeatTTL(ttl)))
			w.greet("PULL", 1)
			w.expect(command("PING", octets))
		}
		for _, opts := range [][]socket.PushOption{
			{socket.WithHeartbeatTTL(-1)},
			{socket.WithHeartbeatTTL(5 * time.Second)},
			{socket.WithHeartbeatTTL(65500*time.Millisecond + 1)},
			{socket.WithHeartbeatTTL(time.Second), socket.WithHeartbeat(0, 0)},
		} {
			if _, err := socket.NewPush(opts...); !errors.Is(err, socket.ErrOption) {
				s.Errorf("got %v, want ErrOption", err)
			}
		}
	})

	show(t, "OP-06 a connection that is lost is made again, for ever", func(s *stage) {
		push := s.push(quick())
		m := push.Monitor()
		endpoint := s.nowhere()
		s.connect(push, endpoint)
		for range 4 {
			pull := s.pull()
			s.bindAt(pull, endpoint)
			s.peers(push, 1)
			drop(pull)
			s.event(m, socket.EventDisconnected)
		}
		if n := push.Stats().Redials; n < 3 {
			s.Fatalf("%d redials", n)
		}
	})

	showWire(t, "OP-07 the pause before the next attempt grows to the longest", func(s *stage) {
		const shortest, longest = time.Millisecond, 20 * time.Millisecond
		push := s.push(socket.WithRedial(shortest, longest))
		m := push.Monitor()
		s.connect(push, s.nowhere())
		grown := false
		for range 20 {
			delay := s.event(m, socket.EventConnectFailed).Delay
			if delay <= 0 || delay > longest {
				s.Fatalf("pause of %v", delay)
			}
			grown = grown || delay > 4*shortest
		}
		equal(s, "the pause has grown", grown, true)
	})

	show(t, "OP-09 closing sends what is queued for the linger time, and tells what it had to abandon", func(s *stage) {
		push, pull := s.push(socket.WithLinger(-1)), s.pull()
		s.star(pull, push)
		for range 500 {
			s.send(push, "m")
		}
		closed := make(chan error, 1)
		go func() { closed <- push.Close() }()
		for range 500 {
			s.want(pull, "m")
		}
		if err := <-closed; err != nil {
			s.Fatal(err)
		}

		hasty := s.push(socket.WithLinger(0))
		s.connect(hasty, s.nowhere())
		for range 7 {
			s.send(hasty, "m")
		}
		var unsent *socket.UnsentError
		if err := hasty.Close(); !errors.As(err, &unsent) || unsent.Messages != 7 {
			s.Fatalf("closing returned %v, want 7 unsent messages", err)
		}
	})

	t.Run("OP-14 an identity is 1 to 255 octets, the first not zero", func(t *testing.T) {
		for name, id := range map[string][]byte{"zero": {0, 1}, "long": bytes.Repeat([]byte("i"), 256)} {
			if _, err := socket.NewDealer(socket.WithIdentity(id)); !errors.Is(err, socket.ErrOption) {
				t.Errorf("%s: %v, want ErrOption", name, err)
			}
		}
		s := &stage{T: t, ctx: t.Context()}
		s.dealer(socket.WithIdentity([]byte{1}))
		s.router(socket.WithIdentity(bytes.Repeat([]byte{0xff}, 255)))
	})
}
