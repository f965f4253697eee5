package zmtp

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// addLegacyGoldens seeds f with what libzmq and older peers said to each other.
func addLegacyGoldens(f *testing.F, strip int) {
	f.Helper()
	for _, s := range legacySessions() {
		for _, end := range []string{"", "_peer"} {
			b := golden(f, "session_legacy_"+s.name+end)
			f.Add(b[min(strip, len(b)):])
		}
	}
}

// A header of 1.0 asks for more, is refused, or is whole, and the latter two do
// not change with what follows. What parses is what AppendFrameV1 makes of it,
// but for the long form of a small length.
func FuzzFrameV1(f *testing.F) {
	addLegacyGoldens(f, 0)
	addLegacyGoldens(f, 12)
	f.Add([]byte{0})
	f.Add([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeaderV1(b)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			if len(b) >= longHeaderV1 {
				t.Fatalf("%x: a header needs no more than 10 octets", b)
			}
			return
		}
		again, errAgain := ParseHeaderV1(append(bytes.Clone(b), 0xFF))
		if again != h || (err == nil) != (errAgain == nil) {
			t.Fatalf("%x: %+v, %v, with another octet %+v, %v", b, h, err, again, errAgain)
		}
		if err != nil {
			if kindOf(err) != BadFrame {
				t.Fatalf("%x: %v", b, err)
			}
			return
		}
		if h.Size < 0 || h.Len != 2 && h.Len != 10 || h.Flags > FlagMore {
			t.Fatalf("%x: %+v", b, h)
		}
		if h.Size > int64(len(b)-h.Len) || h.Len == 10 && h.Size <= maxShortV1 {
			return
		}
		frame := b[:h.Len+int(h.Size)]
		if made := AppendFrameV1(nil, h.Flags, frame[h.Len:]); !bytes.Equal(made, frame) || FrameSizeV1(int(h.Size)) != len(frame) {
			t.Fatalf("%x parsed and appended is %x", frame, made)
		}
	})
}

// A handshake that lets in older peers ends the same way in whatever pieces
// octets come, with the same octets sent and left over; what it sends before it
// knows the version fits every version.
func FuzzLegacyHandshake(f *testing.F) {
	addLegacyGoldens(f, 0)
	addGoldens(f)
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Add(append(nullGreeting(), readyOf("ROUTER")...))
	f.Fuzz(func(t *testing.T, b []byte) {
		config := Config{SocketType: "DEALER", Identity: []byte("ours"), SendIdentity: true, Legacy: true}
		whole := NewHandshake(config)
		out, rest, err := feed(whole, b, len(b)+1)
		single := NewHandshake(config)
		out1, rest1, err1 := feed(single, b, 1)
		if !bytes.Equal(out, out1) || (err == nil) != (err1 == nil) || err != nil && err.Error() != err1.Error() || whole.Done() != single.Done() {
			t.Fatalf("%x: %x, %v; in single octets %x, %v", b, out, err, out1, err1)
		}
		if err == nil && !bytes.Equal(rest, rest1) {
			t.Fatalf("%x: left %x; in single octets %x", b, rest, rest1)
		}
		if len(out) < 10 || !bytes.Equal(out[:10], []byte("\xff\x00\x00\x00\x00\x00\x00\x00\x05\x7f")) {
			t.Fatalf("%x: wrote %x", b, out)
		}
		p := whole.Peer()
		if p.Major == 0 && len(out) > 11 && len(b) > 10 && (b[10] < 3 || b[0] != 0xff || b[9]&1 == 0) {
			t.Fatalf("%x: wrote %x to a peer of no version yet", b, out)
		}
		if whole.Done() && p.Major < 3 && (len(p.Properties) > 0 || len(p.Identity) > MaxIdentity || p.Mechanism != NullName) {
			t.Fatalf("%x: peer %+v", b, p)
		}
	})
}
