package pattern

import (
	"bytes"
	"testing"
)

func TestReplierLockstep(t *testing.T) { // RR-20
	var r Replier[string]
	wantTurn(t, &r, false, true, "")
	if got := r.Envelope(); got != nil {
		t.Errorf("got envelope %q before any request", got)
	}
	for _, peer := range []string{"a", "b"} {
		if body, ok := r.Accept(peer, frames("", "x")); !ok || !equalFrames(body, frames("x")) {
			t.Errorf("got %q, %v", body, ok)
		}
		wantTurn(t, &r, true, false, peer)
		r.Sent()
		wantTurn(t, &r, false, true, "")
		if got := r.Envelope(); got != nil {
			t.Errorf("got envelope %q after the reply", got)
		}
	}
	r.Sent()
	wantTurn(t, &r, false, true, "")
}

func TestReplierDiscards(t *testing.T) { // RR-24
	var r Replier[string]
	for _, message := range [][][]byte{nil, frames("a"), frames("a", "b"), frames(""), frames("a", "")} {
		if body, ok := r.Accept("a", message); ok {
			t.Errorf("%q was accepted, as %q", message, body)
		}
		wantTurn(t, &r, false, true, "")
	}
}

func TestReplierEnvelope(t *testing.T) {
	tests := []struct {
		rule    string
		request [][]byte
		want    [][]byte
	}{
		{"RR-23 from a REQ", frames("", "a"), frames("")},
		{"RR-23 comes back intact", frames("X", "Y", "", "a"), frames("X", "Y", "")},
		{"RR-22 only up to the first empty frame", frames("X", "", "a", ""), frames("X", "")},
		{"RR-11 a request id is part of it", frames("\x00\x01\x02\x03", "", "a"), frames("\x00\x01\x02\x03", "")},
		{"RR-23 large", frames(string(make([]byte, 100000)), "", "a"), frames(string(make([]byte, 100000)), "")},
	}
	var r Replier[string]
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			body, ok := r.Accept("a", tt.request)
			if !ok {
				t.Fatal("not accepted")
			}
			for _, frame := range tt.request {
				for i := range frame {
					frame[i] = '!' // the memory is the application's to change
				}
			}
			if got := r.Envelope(); !equalFrames(got, tt.want) {
				t.Errorf("got %.20q, want %.20q", got, tt.want)
			}
			for _, frame := range body {
				if !bytes.Equal(frame, bytes.Repeat([]byte("!"), len(frame))) {
					t.Errorf("the body %q was copied", frame)
				}
			}
			r.Sent()
			if cap(r.octets) > keptOctets || cap(r.frames) > keptFrames {
				t.Errorf("keeps %d octets and %d frames", cap(r.octets), cap(r.frames))
			}
		})
	}
}

func TestReplierReusesMemory(t *testing.T) {
	var r Replier[string]
	request := frames("peer", "", "a")
	if got := testing.AllocsPerRun(100, func() {
		r.Accept("a", request)
		r.Sent()
	}); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}
