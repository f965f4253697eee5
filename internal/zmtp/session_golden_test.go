package zmtp

import (
	"bytes"
	"slices"
	"testing"
)

// A session is what testdata/capture_secure.py has recorded: all that libzmq
// sent, and all that it was sent, made after the RFCs in another language. The
// keys and what else is random there is the same here.
type session struct {
	name       string
	mechanism  func(testing.TB) Mechanism
	socketType string
	peerType   string
	received   []byte // frames in the traffic from libzmq, decrypted
	sent       []byte // to it
}

func sessions() []session {
	message := AppendFrame(AppendFrame(nil, FlagMore, nil), 0, repeat('m', 300))
	return []session{
		{
			"session_plain_server", func(testing.TB) Mechanism { return PlainClient("ann", "tea") },
			"DEALER", "DEALER", message, nil,
		},
		{
			"session_plain_client", func(testing.TB) Mechanism { return PlainServer() },
			"DEALER", "DEALER", message, nil,
		},
		{
			"session_curve_server", func(t testing.TB) Mechanism {
				t.Helper()
				m, err := newCurveClient(testPair(t, 's').public, testPair(t, 'c'), from(0))
				if err != nil {
					t.Fatal(err)
				}
				return m
			},
			"DEALER", "DEALER", message, AppendFrame(nil, 0, []byte("hello")),
		},
		{
			"session_curve_client", func(t testing.TB) Mechanism {
				t.Helper()
				return newCurveServer(testPair(t, 's'), from(100))
			},
			"PUB", "SUB", AppendSubscribe(nil, []byte("topic")), AppendFrame(nil, 0, []byte("topic")),
		},
	}
}

// handshake returns our end of the session.
func (s session) handshake(t testing.TB) *Handshake {
	t.Helper()
	return NewHandshake(Config{SocketType: s.socketType, SendIdentity: s.socketType == "DEALER", Mechanism: s.mechanism(t)})
}

// admitting is feed, with an authenticator that admits everybody.
func admitting(h *Handshake, b []byte, size int) (out, rest []byte, asked []Request, err error) {
	for {
		var more []byte
		more, b, err = feed(h, b, size)
		out = append(out, more...)
		r, ok := h.Asked()
		if !ok {
			return out, b, asked, err
		}
		asked = append(asked, r)
		h.Answer(Verdict{Status: StatusOK})
		if _, err = h.Receive(nil); err != nil || h.Done() {
			return append(out, h.Output()...), b, asked, err
		}
	}
}

// We take libzmq's side of a session, in pieces of any size, and give, octet for
// octet, what its peer gave; but for the as-server bit, which libzmq does not set.
func TestSessionsWithLibzmq(t *testing.T) {
	for _, s := range sessions() {
		t.Run(s.name, func(t *testing.T) {
			theirs, ours := golden(t, s.name), golden(t, s.name+"_peer")
			for _, size := range pieces {
				h := s.handshake(t)
				out, rest, asked, err := admitting(h, theirs, size)
				if err != nil || !h.Done() {
					t.Fatalf("pieces of %d: %v, done %v", size, err, h.Done())
				}
				if p := h.Peer(); p.SocketType != s.peerType {
					t.Errorf("pieces of %d: peer %+v", size, p)
				}
				if h.mech.AsServer() != (len(asked) == 1) {
					t.Errorf("pieces of %d: asked about %q", size, asked)
				}
				received, sent := rest, s.sent
				if c := h.Cipher(); c != nil {
					received = openAll(t, c, rest)
					sent = c.Seal(nil, 0, s.sent[shortHeader:])
				}
				if !bytes.Equal(received, s.received) {
					t.Errorf("pieces of %d: traffic %x, want %x", size, received, s.received)
				}
				if made := slices.Concat(out[GreetingSize:], sent); !bytes.Equal(made, ours[GreetingSize:]) {
					t.Errorf("pieces of %d: sent\n%x, its peer sent\n%x", size, made, ours[GreetingSize:])
				}
			}
		})
	}
}

// openAll returns the frames in a sequence of frames with MESSAGEs.
func openAll(t testing.TB, c *Cipher, b []byte) (frames []byte) {
	t.Helper()
	for len(b) > 0 {
		h, err := ParseHeader(b)
		if err != nil {
			t.Fatal(err)
		}
		if h.Command() || h.More() {
			t.Errorf("WT-79: flags 0x%02x of a MESSAGE", h.Flags)
		}
		end := h.Len + int(h.Size)
		if frames, err = c.Open(frames, b[h.Len:end]); err != nil {
			t.Fatal(err)
		}
		b = b[end:]
	}
	return frames
}

// The credentials and the metadata that libzmq has sent are what is asked about.
func TestSessionsAsk(t *testing.T) {
	public := testPair(t, 'c').public
	for name, want := range map[string][][]byte{
		"session_plain_client": {[]byte("ann"), []byte("tea")},
		"session_curve_client": {public[:]},
	} {
		for _, s := range sessions() {
			if s.name != name {
				continue
			}
			_, _, asked, err := admitting(s.handshake(t), golden(t, name), 1000)
			if err != nil || len(asked) != 1 || !slices.EqualFunc(asked[0].Credentials, want, bytes.Equal) {
				t.Errorf("%s: %v, asked about %q, want %q", name, err, asked, want)
			}
		}
	}
}

// No session is done before its last handshake octet, wherever it is cut; one
// octet changed anywhere in the encrypted part of it ends it.
func TestSessionsCutAndChanged(t *testing.T) {
	for _, s := range sessions() {
		t.Run(s.name, func(t *testing.T) {
			b := golden(t, s.name)
			_, rest, _, _ := admitting(s.handshake(t), b, len(b))
			b = b[:len(b)-len(rest)]
			h := s.handshake(t)
			for n := range b {
				if h.Done() {
					t.Fatalf("done with %d of %d octets", n, len(b))
				}
				if _, _, _, err := admitting(h, b[n:n+1], 1); err != nil {
					t.Fatalf("octet %d of %d: %v", n, len(b), err)
				}
			}
			if !h.Done() {
				t.Error("not done with all of them")
			}
			if s.name[:13] != "session_curve" {
				return
			}
			for i := GreetingSize; i < len(b); i++ {
				bad := bytes.Clone(b)
				bad[i] ^= 0x40
				again := s.handshake(t)
				if out, _, _, err := admitting(again, bad, len(b)); again.Done() {
					t.Errorf("octet %d changed: done, wrote %x, %v", i, out, err)
				}
			}
		})
	}
}
