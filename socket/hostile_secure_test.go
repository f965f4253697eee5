package socket

import (
	"bytes"
	"runtime"
	"slices"
	"testing"

	"github.com/brokerless/brokerless/internal/zmtp"
)

// TestHostileEncrypted: whoever gets hold of an encrypted connection, or has
// keys and breaks the rules, ends it and nothing more. A good peer is served
// then as before.
func TestHostileEncrypted(t *testing.T) {
	hello := func(c *zmtp.Cipher) []byte { return c.Seal(nil, 0, []byte("hello")) }
	flipped := func(at int) func(c *zmtp.Cipher) []byte {
		return func(c *zmtp.Cipher) []byte {
			b := hello(c)
			b[(at+len(b))%len(b)] ^= 4
			return b
		}
	}
	as := func(flags byte, body []byte) func(*zmtp.Cipher) []byte {
		return func(c *zmtp.Cipher) []byte { return c.Seal(nil, flags, body) }
	}
	plain := func(octets []byte) func(*zmtp.Cipher) []byte {
		return func(*zmtp.Cipher) []byte { return octets }
	}
	for _, a := range []struct {
		attack
		octets func(c *zmtp.Cipher) []byte
	}{
		{attack{name: "plain frame", is: ErrProtocol, says: "expected encrypted traffic"}, plain(message("hello"))},
		{attack{name: "plain frame, large", is: ErrProtocol, says: "expected encrypted traffic"}, plain(frame(0, filled(1, 5000)))},
		{attack{name: "plain PING", is: ErrProtocol, says: "expected encrypted traffic"}, plain(command("PING", "\x00\x00"))},
		{attack{name: "plain ERROR", is: ErrProtocol, says: "expected encrypted traffic"}, plain(command("ERROR", "\x04away"))},
		{attack{name: "INITIATE", is: ErrProtocol, says: "expected encrypted traffic"}, plain(command("INITIATE", string(filled(1, 200))))},
		{attack{name: "tampered name", is: ErrProtocol, says: "expected encrypted traffic"}, flipped(3)},
		{attack{name: "tampered nonce", is: ErrProtocol, says: "cryptographic error"}, flipped(11)},
		{attack{name: "tampered tag", is: ErrProtocol, says: "cryptographic error"}, flipped(20)},
		{attack{name: "tampered body", is: ErrProtocol, says: "cryptographic error"}, flipped(-1)},
		{attack{name: "outer MORE", is: ErrProtocol, says: "flags 0x01"}, func(c *zmtp.Cipher) []byte {
			b := hello(c)
			b[0] |= more
			return b
		}},
		{attack{name: "outer reserved flag", is: ErrProtocol, says: "flags 0x10"}, func(c *zmtp.Cipher) []byte {
			b := hello(c)
			b[0] |= 16
			return b
		}},
		{attack{name: "truncated box", is: ErrProtocol, says: "cryptographic error"}, func(c *zmtp.Cipher) []byte {
			b := hello(c)
			return frame(0, b[2:len(b)-1])
		}},
		{attack{name: "truncated to nothing", is: ErrProtocol, says: "expected encrypted traffic"}, func(c *zmtp.Cipher) []byte {
			return frame(0, hello(c)[2:30])
		}},
		{attack{name: "cut off", finish: true, says: "peer closed"}, func(c *zmtp.Cipher) []byte {
			b := hello(c)
			return b[:len(b)-1]
		}},
		{attack{name: "two as one", is: ErrProtocol, says: "cryptographic error"}, func(c *zmtp.Cipher) []byte {
			return frame(0, append(hello(c)[2:], hello(c)[2:]...))
		}},
		{attack{name: "swapped", is: ErrProtocol, says: "replayed nonce"}, func(c *zmtp.Cipher) []byte {
			first := c.Seal(nil, more, nil)
			return append(c.Seal(nil, more, nil), first...)
		}},
		{attack{name: "of another connection", is: ErrProtocol, says: "cryptographic error"}, func(*zmtp.Cipher) []byte {
			other, _ := cipherPair(t)
			return hello(other)
		}},
		{attack{name: "oversized", is: ErrTooLarge, says: "the limit is"}, plain(longHeader(0, 1<<30))},
		{attack{name: "size 2^63-1", is: ErrTooLarge, says: "the limit is"}, plain(longHeader(0, 1<<63-1))},
		{attack{name: "size 2^63", is: ErrProtocol, says: "frame"}, plain(longHeader(0, 1<<63))},
		{attack{name: "command of 100 KiB inside", is: ErrTooLarge, says: "command of 102400 octets"}, as(control, make([]byte, 100<<10))},
		{attack{name: "empty command inside", is: ErrProtocol, says: "command"}, as(control, nil)},
		{attack{name: "second READY inside", is: ErrProtocol, says: "READY after the handshake"}, as(control, ready("Socket-Type", "PUSH")[2:])},
		{attack{name: "ERROR inside", is: ErrProtocol, says: `"away"`}, as(control, command("ERROR", "\x04away")[2:])},
		{attack{name: "MORE without end inside", is: ErrTooLarge, says: "4096 frames"}, func(c *zmtp.Cipher) (b []byte) {
			for range 4097 {
				b = c.Seal(b, more, nil)
			}
			return b
		}},
	} {
		t.Run(a.name, func(t *testing.T) {
			s := newSecretScene(t)
			r := dialRaw(t, s.endpoint)
			tunnel := r.meetSecretly("PUSH")
			r.Conn = tunnel.Conn
			a.attack.octets = a.octets(tunnel.cipher)
			a.strike(t, s, r, EventDisconnected)
		})
	}
}

// newSecretScene returns a scene in which all speak CURVE.
func newSecretScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, victim: closing(t, must(NewPull(Encrypted()))), as: Encrypted()}
	s.friend = closing(t, must(NewPush(s.as)))
	s.events = watch(t, s.victim)
	s.endpoint = linked(t, "tcp", s.victim, s.friend)
	return s
}

// TestHostileRepeatedMessage: what was received once is not received again.
func TestHostileRepeatedMessage(t *testing.T) {
	s := newSecretScene(t)
	r := dialRaw(t, s.endpoint)
	tunnel := r.meetSecretly("PUSH")
	r.Conn = tunnel.Conn
	sealed := tunnel.cipher.Seal(nil, 0, []byte("once"))
	r.send(sealed)
	if got := s.recv(); !slices.Equal(got, []string{"once"}) {
		t.Fatalf("received %q", got)
	}
	attack{octets: sealed, is: ErrProtocol, says: "replayed nonce"}.strike(t, s, r, EventDisconnected)
}

// TestHostileEncryptedReset: an encrypted connection that is reset within a
// message leaves nothing of it.
func TestHostileEncryptedReset(t *testing.T) {
	s := newSecretScene(t)
	for _, at := range []int{1, 50, 20 << 10, 40 << 10} {
		r := dialRaw(t, s.endpoint)
		tunnel := r.meetSecretly("PUSH")
		r.Conn = tunnel.Conn
		whole := tunnel.cipher.Seal(nil, more, []byte("head"))
		whole = tunnel.cipher.Seal(whole, 0, filled(1, 40<<10))
		r.send(whole[:at])
		r.reset()
		s.events.await("disconnected", about(EventDisconnected, r.address()))
	}
	s.served()
}

// TestHostileEncryptedSizesCostNothing: the length of an encrypted frame is not
// trusted with an allocation either.
func TestHostileEncryptedSizesCostNothing(t *testing.T) {
	const peers = 40
	s := newSecretScene(t)
	rs := make([]*raw, peers)
	for i := range rs {
		rs[i] = dialRaw(t, s.endpoint)
		rs[i].Conn = rs[i].meetSecretly("PUSH").Conn
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, r := range rs {
		r.send(longHeader(0, 64<<20), bytes.Repeat([]byte("a little"), 10))
		r.finish()
		r.ended()
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > peers*1<<20 {
		t.Errorf("%d peers that announced 64 MiB made us allocate %d MiB", peers, n>>20)
	}
	s.served()
}
