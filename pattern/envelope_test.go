package pattern

import (
	"bytes"
	"slices"
	"testing"
)

// frames makes a message of strings.
func frames(of ...string) [][]byte {
	message := make([][]byte, len(of))
	for i, s := range of {
		message[i] = []byte(s)
	}
	return message
}

func equalFrames(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }

func TestSplitEnvelope(t *testing.T) {
	tests := []struct {
		rule           string
		frames         [][]byte
		envelope, body [][]byte
		ok             bool
	}{
		{"RR-22 from a REQ", frames("", "a"), frames(""), frames("a"), true},
		{"RR-23 from two routers away", frames("X", "Y", "", "a", "b"), frames("X", "Y", ""), frames("a", "b"), true},
		{"RR-22 at the first empty frame", frames("X", "", "a", "", "b"), frames("X", ""), frames("a", "", "b"), true},
		{"RR-22 the body may be an empty frame", frames("", ""), frames(""), frames(""), true},
		{"TR-18 nil frames are empty frames", [][]byte{nil, nil}, frames(""), frames(""), true},
		{"RR-24 no delimiter", frames("X", "a"), nil, nil, false},
		{"RR-24 no body", frames("X", ""), nil, nil, false},
		{"RR-24 delimiter only", frames(""), nil, nil, false},
		{"RR-24 nothing", nil, nil, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			envelope, body, ok := SplitEnvelope(tt.frames)
			if !equalFrames(envelope, tt.envelope) || !equalFrames(body, tt.body) || ok != tt.ok {
				t.Errorf("got %q, %q, %v, want %q, %q, %v", envelope, body, ok, tt.envelope, tt.body, tt.ok)
			}
		})
	}
}

func TestSplitEnvelopeAppend(t *testing.T) {
	request := frames("X", "", "a")
	envelope, body, _ := SplitEnvelope(request)
	reply := append(envelope, []byte("r")) //nolint:gocritic // that the envelope stays what it is, is what is shown
	if !equalFrames(reply, frames("X", "", "r")) {
		t.Errorf("got reply %q", reply)
	}
	if !equalFrames(body, frames("a")) || !equalFrames(request, frames("X", "", "a")) {
		t.Errorf("the reply was written over the request: %q", request)
	}
}

func FuzzSplitEnvelope(f *testing.F) {
	f.Add([]byte("X|Y||a"))
	f.Add([]byte("||"))
	f.Add([]byte("a"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, data []byte) {
		message := bytes.Split(data, []byte("|"))
		envelope, body, ok := SplitEnvelope(message)
		first := slices.IndexFunc(message, func(frame []byte) bool { return len(frame) == 0 })
		if want := first >= 0 && first < len(message)-1; ok != want {
			t.Fatalf("%q: got %v, want %v", message, ok, want)
		}
		if !ok {
			return
		}
		if len(envelope) != first+1 || !equalFrames(slices.Concat(envelope, body), message) {
			t.Fatalf("%q: divided into %q and %q", message, envelope, body)
		}
	})
}
