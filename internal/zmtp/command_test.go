package zmtp

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// body returns the body of frame, which must be one whole command frame.
func body(t testing.TB, frame []byte) []byte {
	t.Helper()
	h, err := ParseHeader(frame)
	if err != nil || !h.Command() || int64(h.Len)+h.Size != int64(len(frame)) {
		t.Fatalf("%x is no whole command frame: %+v, %v", frame, h, err)
	}
	return frame[h.Len:]
}

func TestParseCommand(t *testing.T) {
	for file, want := range map[string]struct{ name, payload string }{
		"subscribe_31_0":   {CommandSubscribe, ""}, // WT-97
		"subscribe_31_300": {CommandSubscribe, strings.Repeat("A", 300)},
		"cancel_31_1":      {CommandCancel, "A"},
		"ping":             {CommandPing, "\x00\x1e"},
		"pong_lol":         {CommandPong, "LOL"},
		"error":            {CommandError, "\x03400"},
		"join_1":           {CommandJoin, "A"},
		"join_255":         {CommandJoin, strings.Repeat("A", 255)},
		"leave_0":          {CommandLeave, ""},
		"leave_251":        {CommandLeave, strings.Repeat("A", 251)},
	} {
		name, payload, err := ParseCommand(body(t, golden(t, file)))
		if err != nil || name != want.name || string(payload) != want.payload {
			t.Errorf("%s: got %q, %q, %v, want %q, %q", file, name, payload, err, want.name, want.payload)
		}
	}
	// WT-31: what is not known is not refused here.
	if name, payload, err := ParseCommand([]byte("\x03FOObar")); err != nil || name != "FOO" || string(payload) != "bar" {
		t.Errorf("unknown command: got %q, %q, %v", name, payload, err)
	}
	for _, in := range []string{"", "\x00", "\x00READY", "\x05", "\x05READ", "\xffREADY"} {
		if _, _, err := ParseCommand([]byte(in)); kindOf(err) != BadCommand {
			t.Errorf("%q: error %v, want kind %v", in, err, BadCommand)
		}
	}
}

func TestParseCommandDoesNotAllocate(t *testing.T) {
	for _, name := range []string{CommandReady, CommandError, CommandSubscribe, CommandCancel, CommandPing, CommandPong, CommandJoin, CommandLeave} {
		b := append([]byte{byte(len(name))}, name...)
		if n := testing.AllocsPerRun(100, func() {
			if _, _, err := ParseCommand(b); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}

func TestParseError(t *testing.T) {
	for in, want := range map[string]string{
		"\x00":                            "",
		"\x03400":                         "400",
		"\x03400 and more":                "400",
		"\xff" + strings.Repeat("r", 255): strings.Repeat("r", 255),
	} {
		if got, err := ParseError([]byte(in)); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "\x01", "\x04400", "invalid"} { // WT-59, and WT-66 without a length
		if _, err := ParseError([]byte(in)); kindOf(err) != BadCommand {
			t.Errorf("%q: error %v, want kind %v", in, err, BadCommand)
		}
	}
}

func TestAppendErrorCutsReason(t *testing.T) {
	for _, size := range []int{0, 254, 255, 256, 1000} {
		name, payload, err := ParseCommand(body(t, AppendError(nil, strings.Repeat("r", size))))
		if err != nil || name != CommandError {
			t.Fatalf("%d octets: got %q, %v", size, name, err)
		}
		reason, err := ParseError(payload)
		if err != nil || len(reason) != min(size, 255) {
			t.Errorf("%d octets: got %d, %v", size, len(reason), err)
		}
	}
}

func TestPing(t *testing.T) {
	context58 := []byte("0123456789012345678901234567890123456789012345678901234567")
	tests := []struct {
		name    string
		ttl     time.Duration
		context []byte
		want    time.Duration
	}{
		{"WT-109 no TTL", 0, []byte("LOL"), 0},
		{"negative", -time.Second, nil, 0},
		{"rounded up", time.Nanosecond, nil, 100 * time.Millisecond},
		{"exact", 300 * time.Millisecond, nil, 300 * time.Millisecond},
		{"WT-110 over 655 ds", 65600 * time.Millisecond, nil, 65600 * time.Millisecond},
		{"WT-108 largest", 6553500 * time.Millisecond, nil, 6553500 * time.Millisecond},
		{"WT-108 over it", time.Duration(1<<63 - 1), nil, 6553500 * time.Millisecond},
		{"WT-111 context of 16", 0, context58[:16], 0},
		{"WT-111 context over 16", 0, context58, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name, payload, err := ParseCommand(body(t, AppendPing(nil, tt.ttl, tt.context)))
			if err != nil || name != CommandPing {
				t.Fatalf("got %q, %v", name, err)
			}
			ttl, context, err := ParsePing(payload)
			if err != nil || ttl != tt.want || !bytes.Equal(context, tt.context[:min(len(tt.context), 16)]) {
				t.Errorf("got %v, %q, %v, want %v, %q", ttl, context, err, tt.want, tt.context)
			}
		})
	}
}

// WT-33: a PING without a whole TTL is broken. WT-111: a longer context is cut,
// and what is cut cannot be reached by appending.
func TestParsePing(t *testing.T) {
	for _, in := range [][]byte{nil, {1}} {
		if _, _, err := ParsePing(in); kindOf(err) != BadCommand {
			t.Errorf("%x: error %v, want kind %v", in, err, BadCommand)
		}
	}
	_, context, err := ParsePing(make([]byte, 60))
	if err != nil || len(context) != MaxContext || cap(context) != MaxContext {
		t.Errorf("context of 58 octets: length %d, capacity %d, %v", len(context), cap(context), err)
	}
}

// WT-36, WT-37: frame and topic are right at every size around the borders.
func TestSubscriptionSizes(t *testing.T) {
	for size := range 300 {
		topic := repeat('A', size)
		for name, appender := range map[string]func(dst, topic []byte) []byte{
			CommandSubscribe: AppendSubscribe, CommandCancel: AppendCancel,
		} {
			got, payload, err := ParseCommand(body(t, appender(nil, topic)))
			if err != nil || got != name || !bytes.Equal(payload, topic) {
				t.Errorf("%s of %d octets: got %q and %d octets, %v", name, size, got, len(payload), err)
			}
		}
		for first, appender := range map[byte]func(dst, topic []byte) []byte{
			1: AppendSubscribeMessage, 0: AppendCancelMessage,
		} {
			b := appender(nil, topic)
			h, err := ParseHeader(b)
			if err != nil || h.Command() || h.More() || h.Size != int64(1+size) || b[h.Len] != first || !bytes.Equal(b[h.Len+1:], topic) {
				t.Errorf("message %d of %d octets: %x is %+v, %v", first, size, b, h, err)
			}
		}
	}
}
