package zmtp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// golden returns the octets of testdata/name.hex, which libzmq sent; see
// testdata/capture.py and its neighbours.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	head, digits, _ := strings.Cut(string(text), "\n")
	if !strings.HasPrefix(head, "# libzmq ") {
		t.Fatalf("%s begins with %q, want a line with the libzmq version", name, head)
	}
	b, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b
}

// goldenNames returns the names of all goldens but those of libzmq's defects, of
// whole sessions and of datagrams.
func goldenNames(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.hex"))
	if err != nil || len(files) < 40 {
		t.Fatalf("found %d goldens (%v), want at least 40", len(files), err)
	}
	var names []string
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".hex")
		if !strings.HasPrefix(name, "defect_") && !strings.HasPrefix(name, "session_") && !strings.HasPrefix(name, "datagram_") {
			names = append(names, name)
		}
	}
	return names
}

func isGreeting(name string) bool { return strings.HasPrefix(name, "greeting") }

func repeat(c byte, n int) []byte { return bytes.Repeat([]byte{c}, n) }

// What we send is, octet for octet, what libzmq sends from the same inputs.
func TestAppendersMatchLibzmq(t *testing.T) {
	ready := func(c Config) []byte { return AppendReady(nil, c.metadata()) }
	subscription := func(appender func(dst, topic []byte) []byte, size int) []byte {
		return appender(nil, repeat('A', size))
	}
	multipart := AppendFrame(nil, FlagMore, nil)
	multipart = AppendFrame(multipart, FlagMore, repeat('m', 1))
	multipart = AppendFrame(multipart, FlagMore, repeat('m', 255))
	multipart = AppendFrame(multipart, 0, repeat('m', 256))
	identity := append([]byte{1}, repeat('i', 254)...)

	tests := map[string][]byte{
		"greeting":          AppendGreeting(nil, Greeting{Mechanism: "NULL"}),
		"greeting_plain":    AppendGreeting(nil, Greeting{Mechanism: "PLAIN"}),
		"greeting_curve":    AppendGreeting(nil, Greeting{Mechanism: "CURVE"}),
		"ready_pair":        ready(Config{SocketType: "PAIR"}),
		"ready_pub":         ready(Config{SocketType: "PUB"}),
		"ready_sub":         ready(Config{SocketType: "SUB"}),
		"ready_req":         ready(Config{SocketType: "REQ", SendIdentity: true}),
		"ready_rep":         ready(Config{SocketType: "REP"}),
		"ready_dealer":      ready(Config{SocketType: "DEALER", SendIdentity: true}),
		"ready_router":      ready(Config{SocketType: "ROUTER", SendIdentity: true}),
		"ready_pull":        ready(Config{SocketType: "PULL"}),
		"ready_push":        ready(Config{SocketType: "PUSH"}),
		"ready_xpub":        ready(Config{SocketType: "XPUB"}),
		"ready_xsub":        ready(Config{SocketType: "XSUB"}),
		"ready_identity":    ready(Config{SocketType: "DEALER", Identity: []byte("hello"), SendIdentity: true}),
		"ready_metadata":    ready(Config{SocketType: "ROUTER", Identity: identity, SendIdentity: true, Properties: Metadata{{"X-key", []byte("value")}}}),
		"error":             AppendError(nil, "400"),
		"ping":              AppendPing(nil, 3*time.Second, nil),
		"pong_empty":        AppendPong(nil, nil),
		"pong_lol":          AppendPong(nil, []byte("LOL")),
		"pong_cut":          AppendPong(nil, []byte("0123456789012345678901234567890123456789012345678901234567")),
		"subscribe_31_0":    subscription(AppendSubscribe, 0),
		"subscribe_31_1":    subscription(AppendSubscribe, 1),
		"subscribe_31_245":  subscription(AppendSubscribe, 245),
		"subscribe_31_256":  subscription(AppendSubscribe, 256),
		"subscribe_31_300":  subscription(AppendSubscribe, 300),
		"cancel_31_0":       subscription(AppendCancel, 0),
		"cancel_31_1":       subscription(AppendCancel, 1),
		"cancel_31_245":     subscription(AppendCancel, 245),
		"cancel_31_256":     subscription(AppendCancel, 256),
		"cancel_31_300":     subscription(AppendCancel, 300),
		"subscribe_30_0":    subscription(AppendSubscribeMessage, 0),
		"subscribe_30_1":    subscription(AppendSubscribeMessage, 1),
		"subscribe_30_245":  subscription(AppendSubscribeMessage, 245),
		"subscribe_30_256":  subscription(AppendSubscribeMessage, 256),
		"subscribe_30_300":  subscription(AppendSubscribeMessage, 300),
		"cancel_30_0":       subscription(AppendCancelMessage, 0),
		"cancel_30_1":       subscription(AppendCancelMessage, 1),
		"cancel_30_245":     subscription(AppendCancelMessage, 245),
		"cancel_30_256":     subscription(AppendCancelMessage, 256),
		"cancel_30_300":     subscription(AppendCancelMessage, 300),
		"ready_radio":       ready(Config{SocketType: "RADIO"}),
		"ready_dish":        ready(Config{SocketType: "DISH"}),
		"join_0":            subscription(AppendJoin, 0),
		"join_1":            subscription(AppendJoin, 1),
		"join_250":          subscription(AppendJoin, 250),
		"join_251":          subscription(AppendJoin, 251),
		"join_255":          subscription(AppendJoin, 255),
		"leave_0":           subscription(AppendLeave, 0),
		"leave_1":           subscription(AppendLeave, 1),
		"leave_250":         subscription(AppendLeave, 250),
		"leave_251":         subscription(AppendLeave, 251),
		"leave_255":         subscription(AppendLeave, 255),
		"message_group":     AppendFrame(AppendFrame(nil, FlagMore, repeat('A', 1)), 0, []byte("body")),
		"message_0":         AppendFrame(nil, 0, nil),
		"message_1":         AppendFrame(nil, 0, repeat('m', 1)),
		"message_255":       AppendFrame(nil, 0, repeat('m', 255)),
		"message_256":       AppendFrame(nil, 0, repeat('m', 256)),
		"multipart":         multipart,
		"greeting_identity": append([]byte{0xFF, 0, 0, 0, 0, 0, 0, 0, 6}, AppendGreeting(nil, Greeting{Mechanism: "NULL"})[9:]...),
	}
	for _, name := range goldenNames(t) {
		t.Run(name, func(t *testing.T) {
			got, ok := tests[name]
			if !ok {
				t.Fatal("no input for this golden")
			}
			if want := golden(t, name); !bytes.Equal(got, want) {
				t.Errorf("appended\n%x, libzmq sends\n%x", got, want)
			}
		})
	}
}

// Every golden is whole frames, and no proper prefix of a header is one.
func TestParseHeaderOfGoldens(t *testing.T) {
	for _, name := range goldenNames(t) {
		if isGreeting(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for b := golden(t, name); len(b) > 0; {
				h, err := ParseHeader(b)
				if err != nil {
					t.Fatal(err)
				}
				for n := range h.Len {
					if _, err := ParseHeader(b[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
						t.Errorf("%d of %d header octets: error %v, want io.ErrUnexpectedEOF", n, h.Len, err)
					}
				}
				size := int64(h.Len) + h.Size
				if size > int64(len(b)) {
					t.Fatalf("frame of %d octets, %d are left", size, len(b))
				}
				again := AppendFrame(nil, h.Flags, b[h.Len:size])
				if !bytes.Equal(again, b[:size]) {
					t.Errorf("appended again: %x, want %x", again, b[:size])
				}
				b = b[size:]
			}
		})
	}
}

func TestParseGreetingOfGoldens(t *testing.T) {
	for name, want := range map[string]Greeting{
		"greeting":          {Major: 3, Minor: 1, Mechanism: "NULL"},
		"greeting_identity": {Major: 3, Minor: 1, Mechanism: "NULL"},
		"greeting_plain":    {Major: 3, Minor: 1, Mechanism: "PLAIN"},
		"greeting_curve":    {Major: 3, Minor: 1, Mechanism: "CURVE"},
	} {
		t.Run(name, func(t *testing.T) {
			b := golden(t, name)
			if got, err := ParseGreeting(b); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			for n := range len(b) {
				if _, err := ParseGreeting(b[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%d octets: error %v, want io.ErrUnexpectedEOF", n, err)
				}
			}
		})
	}
}

// WT-36, WT-37: libzmq 4.3.4 leaves LONG out where the name or the first octet
// takes a subscription over 255 octets; the stream is broken, ours is not.
func TestSubscriptionDefects(t *testing.T) {
	for name, ours := range map[string][]byte{
		"defect_subscribe_31_246": AppendSubscribe(nil, repeat('A', 246)),
		"defect_subscribe_31_255": AppendSubscribe(nil, repeat('A', 255)),
		"defect_subscribe_30_255": AppendSubscribeMessage(nil, repeat('A', 255)),
	} {
		t.Run(name, func(t *testing.T) {
			theirs := golden(t, name)
			if ours[0] != theirs[0]|FlagLong || !bytes.Equal(ours[1:], theirs[1:]) {
				t.Errorf("appended\n%x, want that of libzmq with LONG\n%x", ours, theirs)
			}
			h, err := ParseHeader(ours)
			if err != nil || h.Len != 9 || int64(len(ours)) != 9+h.Size {
				t.Errorf("ours parses as %+v, %v, of %d octets", h, err, len(ours))
			}
			// The last size octets of theirs are the beginning of a frame to
			// whoever reads it: a message of 0 octets, and so on.
			if h, err := ParseHeader(theirs); err != nil || h.Size != 0 {
				t.Errorf("theirs parses as %+v, %v, want an empty frame", h, err)
			}
		})
	}
}
