package socket

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
)

// signature20 begins the greeting of a peer of ZMTP 2.0.
const signature20 = "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01"

// lengthOld returns the header of a long frame of ZMTP 1.0.
func lengthOld(length uint64, flags byte) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{0xff}, length), flags)
}

// TestHostileOldGreeting: who is let in without a version still has to be a peer
// of one.
func TestHostileOldGreeting(t *testing.T) {
	for _, a := range []attack{
		{name: "HTTP", octets: []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), is: ErrProtocol, says: "flags 0x45"},
		{name: "TLS", octets: []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), is: ErrProtocol, says: "flags 0x03"},
		{name: "SSH", octets: []byte("SSH-2.0-OpenSSH_9.9\r\n"), is: ErrProtocol, says: "flags 0x53"},
		{name: "zeros", octets: make([]byte, 64), is: ErrProtocol, says: "length 0"},
		{name: "identity of 256 octets", octets: lengthOld(257, 0), is: ErrProtocol, says: "identity of 256"},
		{name: "identity of 2^62 octets", octets: lengthOld(1<<62+1, 0), is: ErrProtocol, says: "identity of"},
		{name: "length 2^64-1", octets: lengthOld(1<<64-1, 0), is: ErrProtocol, says: "length"},
		{name: "length 0 in the long form", octets: lengthOld(0, 0), is: ErrProtocol, says: "length 0"},
		{name: "identity that begins with zero", octets: []byte("\x03\x00\x00a"), is: ErrProtocol, says: "identity"},
		{name: "identity in two frames", octets: []byte("\x02\x01a\x02\x00b"), is: ErrProtocol, says: "one frame"},
		{name: "PUB of 2.0", octets: []byte(signature20 + "\x01\x00\x00"), is: ErrProtocol, says: `"PUB"`},
		{name: "unknown type of 2.0", octets: []byte(signature20 + "\x0c\x00\x00"), is: ErrProtocol, says: "socket type 0x0c"},
		{name: "command for an identity", octets: []byte(signature20 + "\x08\x04\x05\x04PING"), is: ErrProtocol, says: "one frame"},
		{name: "identity of 2^40 octets, 2.0", octets: append([]byte(signature20+"\x08"), longHeader(0, 1<<40)...), is: ErrProtocol, says: "identity of"},
		{name: "another mechanism", octets: greeting(3, 1, "PLAIN"), is: ErrProtocol, says: `"PLAIN"`},
		{name: "cut off in the signature", octets: []byte(signature20[:7]), finish: true, says: "peer closed"},
		{name: "cut off in the identity", octets: []byte("\x09\x00half"), finish: true, says: "peer closed"},
		{name: "cut off before the type", octets: []byte(signature20), finish: true, says: "peer closed"},
	} {
		t.Run(a.name, func(t *testing.T) {
			s := newScene(t, WithLegacyZMTP())
			a.strike(t, s, dialRaw(t, s.endpoint), EventHandshakeFailed)
		})
	}
}

// TestHostileOldTraffic: the limits hold for the frames of every version, and
// nothing but messages is one.
func TestHostileOldTraffic(t *testing.T) {
	for _, a := range []attack{
		{name: "length 0", octets: []byte{0}, is: ErrProtocol, says: "length 0"},
		{name: "length 0 in the long form", octets: lengthOld(0, 0), is: ErrProtocol, says: "length 0"},
		{name: "length 0 behind a message begun", octets: append(frameOld(more, []byte("half")), 0), is: ErrProtocol, says: "length 0"},
		{name: "length 2^64-1", octets: lengthOld(1<<64-1, 0), is: ErrProtocol, says: "length"},
		{name: "length 2^63-1", octets: lengthOld(1<<63-1, more), is: ErrTooLarge, says: "9223372036854775806"},
		{name: "length 2^30", octets: lengthOld(1<<30, 0), is: ErrTooLarge, says: "1073741823"},
		{name: "one over the limit", octets: lengthOld(64<<20+2, 0), is: ErrTooLarge, says: "67108865"},
		{name: "flag of later versions", octets: []byte("\x05\x02abcd"), is: ErrProtocol, says: "flags 0x02"},
		{name: "flag 128", octets: []byte("\x05\x80abcd"), is: ErrProtocol, says: "flags 0x80"},
		{name: "MORE without end", octets: bytes.Repeat(frameOld(more, nil), 4097), is: ErrTooLarge, says: "4096 frames"},
		{name: "second greeting", octets: []byte(signature20), is: ErrProtocol, says: "flags 0x7f"},
		{name: "cut off in a header", octets: lengthOld(300, 0)[:5], finish: true, says: "peer closed"},
		{name: "cut off in a body", octets: frameOld(0, []byte("hello"))[:4], finish: true, says: "peer closed"},
		{name: "cut off in a large body", octets: frameOld(0, make([]byte, 100<<10))[:90<<10], finish: true, says: "peer closed"},
		{name: "cut off between frames", octets: frameOld(more, []byte("half")), finish: true, says: "peer closed"},
	} {
		t.Run(a.name, func(t *testing.T) {
			s := newScene(t, WithLegacyZMTP())
			r := dialRaw(t, s.endpoint)
			r.meetOld("")
			a.strike(t, s, r, EventDisconnected)
		})
	}
	for _, a := range []attack{
		{name: "PING to 2.0", octets: command("PING", "\x00\x00"), is: ErrProtocol, says: "ZMTP 2.0"},
		{name: "READY to 2.0", octets: ready("Socket-Type", "PUSH"), is: ErrProtocol, says: "ZMTP 2.0"},
		{name: "SUBSCRIBE to 2.0", octets: command("SUBSCRIBE", "a"), is: ErrProtocol, says: "ZMTP 2.0"},
		{name: "size 2^63-1", octets: longHeader(0, 1<<63-1), is: ErrTooLarge, says: "9223372036854775807"},
		{name: "reserved flag 8", octets: frame(8, []byte("x")), is: ErrProtocol, says: "frame"},
	} {
		t.Run(a.name, func(t *testing.T) {
			s := newScene(t, WithLegacyZMTP())
			r := dialRaw(t, s.endpoint)
			r.send([]byte(signature20 + "\x08\x00\x00"))
			a.strike(t, s, r, EventDisconnected)
		})
	}
}

// TestOldMessagesAtTheirLimit: a message at the limit is served, in whatever
// version, and without a limit one that is larger.
func TestOldMessagesAtTheirLimit(t *testing.T) {
	for _, n := range []int{253, 254, 1000, 100 << 10} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			body := string(filled(n, n))
			s := newScene(t, WithLegacyZMTP(), WithMaxMessageSize(int64(n)))
			r := dialRaw(t, s.endpoint)
			r.meetOld("")
			for range 2 {
				r.send(messageOld(body))
				if got := s.recv(); len(got) != 1 || got[0] != body {
					t.Fatalf("received %.50q", got)
				}
			}
			over := attack{octets: messageOld(body + "x"), is: ErrTooLarge, says: fmt.Sprint("the limit is ", n)}
			over.strike(t, s, r, EventDisconnected)
			lifted := newScene(t, WithLegacyZMTP(), WithMaxMessageSize(0))
			r = dialRaw(t, lifted.endpoint)
			r.meetOld("")
			r.send(messageOld(body + "x"))
			if got := lifted.recv(); len(got) != 1 || got[0] != body+"x" {
				t.Fatalf("received %.50q", got)
			}
		})
	}
}
