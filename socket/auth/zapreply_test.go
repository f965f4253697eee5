package auth

import (
	"errors"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/socket"
)

func frames(all ...string) [][]byte {
	m := make([][]byte, len(all))
	for i, f := range all {
		m[i] = []byte(f)
	}
	return m
}

// malformedReplies are replies to the request "1", each wrong in one point
// (ZA-02). All but those without an id of their own are told who waits for it.
var malformedReplies = []struct {
	name   string
	frames [][]byte
	want   error
	says   string
	id     string
}{
	{"nothing", frames(), errZAPFrames, "0 frames, want 7", ""},
	{"delimiter only", frames(""), errZAPFrames, "1 frames", ""},
	{"no metadata", frames("", "1.0", "1", "200", "OK", "ann"), errZAPFrames, "6 frames", "1"},
	{"one frame more", frames("", "1.0", "1", "200", "OK", "ann", "", ""), errZAPFrames, "8 frames", "1"},
	{"no delimiter", frames("x", "1.0", "1", "200", "OK", "ann", ""), errZAPFrames, "first frame of 1 octets", ""},
	{"version", frames("", "1.1", "1", "200", "OK", "ann", ""), errZAPVersion, `"1.1", want "1.0"`, "1"},
	{"no version", frames("", "", "1", "200", "OK", "ann", ""), errZAPVersion, `""`, "1"},
	{"no id", frames("", "1.0", "", "200", "OK", "ann", ""), errZAPRequestID, "none", ""},
	{"other id", frames("", "1.0", "01", "200", "OK", "ann", ""), nil, "", "01"},
	{"status", frames("", "1.0", "1", "201", "OK", "ann", ""), errZAPStatus, `"201"`, "1"},
	{"status 100", frames("", "1.0", "1", "100", "OK", "ann", ""), errZAPStatus, `"100"`, "1"},
	{"status 600", frames("", "1.0", "1", "600", "OK", "ann", ""), errZAPStatus, `"600"`, "1"},
	{"no status", frames("", "1.0", "1", "", "OK", "ann", ""), errZAPStatus, `""`, "1"},
	{"status with blank", frames("", "1.0", "1", "200 ", "OK", "ann", ""), errZAPStatus, `"200 "`, "1"},
	{"long status", frames("", "1.0", "1", strings.Repeat("2", 5000), "OK", "ann", ""), errZAPStatus, `"22222222222222222222"`, "1"},
	{"half a property", frames("", "1.0", "1", "200", "OK", "ann", "\x01X\x00\x00\x00\x02y"), errZAPMetadata, "property", "1"},
	{"property twice", frames("", "1.0", "1", "200", "OK", "ann", "\x01X\x00\x00\x00\x00\x01x\x00\x00\x00\x00"), errZAPMetadata, "twice", "1"},
	{"garbage with 400", frames("", "1.0", "1", "400", "No", "", "\xff"), errZAPMetadata, "name length", "1"},
}

func TestParseZAPReplyRefuses(t *testing.T) {
	for _, c := range malformedReplies {
		r, err := parseZAPReply(c.frames)
		if !errors.Is(err, c.want) || r.id != c.id || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: id %q, %v, want id %q, %v that says %q", c.name, r.id, err, c.id, c.want, c.says)
		}
	}
}

func TestParseZAPReply(t *testing.T) {
	r, err := parseZAPReply(frames("", "1.0", "x1", "200", "welcome", "ann", "\x06X-Team\x00\x00\x00\x04blue"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := r.verdict()
	if err != nil || r.id != "x1" || a.UserID != "ann" || len(a.Metadata) != 1 || a.Metadata["X-Team"] != "blue" {
		t.Errorf("%+v: %+v, %v", r, a, err)
	}
	for status, want := range map[string]int{"300": socket.AuthTemporary, "400": socket.AuthDenied, "500": socket.AuthInternal} {
		r, err := parseZAPReply(frames("", "1.0", "1", status, "why", "ann", "\x01X\x00\x00\x00\x00"))
		if err != nil {
			t.Fatal(err)
		}
		a, err := r.verdict()
		var e *socket.AuthError
		if !errors.As(err, &e) || e.Status != want || e.Text != "why" || a.UserID != "" || a.Metadata != nil {
			t.Errorf("%s: %+v, %v", status, a, err)
		}
	}
}

func TestNewZAPReply(t *testing.T) {
	for _, c := range []struct {
		admission socket.Admission
		err       error
		status    int
		text      string
	}{
		{socket.Admission{UserID: "ann"}, nil, 200, "OK"},
		{socket.Admission{UserID: "ann", Metadata: map[string]string{"a b": ""}}, nil, 500, "metadata of the authenticator"},
		{socket.Admission{UserID: "ann", Metadata: map[string]string{"X": "", "x": ""}}, nil, 500, "twice"},
		{socket.Admission{UserID: "ann"}, &socket.AuthError{Status: 300, Text: "later"}, 300, "later"},
		{socket.Admission{UserID: "ann"}, &socket.AuthError{Status: 400, Text: "no"}, 400, "no"},
		{socket.Admission{UserID: "ann"}, &socket.AuthError{Status: 200, Text: "odd"}, 500, "odd"},
		{socket.Admission{UserID: "ann"}, errors.New("broken"), 500, "broken"},
	} {
		r := newZAPReply("7", c.admission, c.err)
		if r.id != "7" || r.status != c.status || !strings.Contains(r.text, c.text) || (r.user != "") != (c.status == zmtp.StatusOK) {
			t.Errorf("%+v, %v: %+v", c.admission, c.err, r)
		}
		if _, err := parseZAPReply(append([][]byte{nil}, r.frames()...)); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
}
