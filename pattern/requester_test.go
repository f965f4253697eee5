package pattern

import (
	"errors"
	"math"
	"testing"
)

// lockstep is what REQ and REP have in common.
type lockstep interface {
	CanSend() error
	CanRecv() error
	Peer() (string, bool)
}

// wantTurn checks what s may do now, that what it may not do fails with ErrState, and whom it has to do with.
func wantTurn(t *testing.T, s lockstep, send, recv bool, peer string) {
	t.Helper()
	for _, turn := range []struct {
		name string
		err  error
		may  bool
	}{{"send", s.CanSend(), send}, {"receive", s.CanRecv(), recv}} {
		if (turn.err == nil) != turn.may || turn.err != nil && !errors.Is(turn.err, ErrState) {
			t.Errorf("%s: got %v, want allowed %v", turn.name, turn.err, turn.may)
		}
	}
	if got, ok := s.Peer(); got != peer || ok != (peer != "") {
		t.Errorf("got peer %q, %v, want %q", got, ok, peer)
	}
}

func TestRequesterLockstep(t *testing.T) { // RR-02
	var r Requester[string]
	wantTurn(t, &r, true, false, "")
	for _, peer := range []string{"a", "b"} {
		r.Sent(peer)
		wantTurn(t, &r, false, true, peer)
		if body, ok := r.Accept(peer, frames("", "x", "")); !ok || !equalFrames(body, frames("x", "")) {
			t.Errorf("got %q, %v", body, ok)
		}
		wantTurn(t, &r, true, false, "")
		if _, ok := r.Accept(peer, frames("", "x")); ok {
			t.Error("a second reply was accepted")
		}
	}
}

func TestRequesterAccept(t *testing.T) {
	tests := []struct {
		rule      string
		correlate bool
		peer      string
		frames    [][]byte
		body      [][]byte
	}{
		{"RR-03 delimiter stripped", false, "a", frames("", "x"), frames("x")},
		{"RR-03 only the first", false, "a", frames("", "", ""), frames("", "")},
		{"RR-06 another peer", false, "b", frames("", "x"), nil},
		{"RR-08 no delimiter", false, "a", frames("x", "y"), nil},
		{"RR-08 delimiter later", false, "a", frames("x", "", "y"), nil},
		{"RR-09 one frame", false, "a", frames("x"), nil},
		{"RR-09 delimiter only", false, "a", frames(""), nil},
		{"RR-09 nothing", false, "a", nil, nil},
		{"RR-11 an id that nobody asked for", false, "a", frames("\x00\x00\x00\x07", "", "x"), nil},
		{"RR-11 its id", true, "a", frames("\x00\x00\x00\x07", "", "x"), frames("x")},
		{"RR-11 another id", true, "a", frames("\x00\x00\x00\x08", "", "x"), nil},
		{"RR-11 short id", true, "a", frames("\x00\x00\x07", "", "x"), nil},
		{"RR-11 long id", true, "a", frames("\x00\x00\x00\x07\x00", "", "x"), nil},
		{"RR-11 no id", true, "a", frames("", "x"), nil},
		{"RR-11 id only", true, "a", frames("\x00\x00\x00\x07"), nil},
		{"RR-11 nothing", true, "a", nil, nil},
		{"RR-08 id, no delimiter", true, "a", frames("\x00\x00\x00\x07", "x", "y"), nil},
		{"RR-09 id, no body", true, "a", frames("\x00\x00\x00\x07", ""), nil},
		{"RR-06 its id from another peer", true, "b", frames("\x00\x00\x00\x07", "", "x"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			r := Requester[string]{Correlate: tt.correlate, NextID: 7}
			r.Sent("a")
			body, ok := r.Accept(tt.peer, tt.frames)
			if !equalFrames(body, tt.body) || ok != (tt.body != nil) {
				t.Errorf("got %q, %v, want %q", body, ok, tt.body)
			}
			if ok {
				wantTurn(t, &r, true, false, "")
			} else {
				wantTurn(t, &r, false, true, "a")
			}
		})
	}
}

func TestRequesterEnvelope(t *testing.T) {
	tests := []struct {
		rule string
		r    Requester[string]
		want [][][]byte // of requests in a row
	}{
		{"RR-03 delimiter", Requester[string]{NextID: 9}, [][][]byte{frames(""), frames("")}},
		{
			"RR-11 ids count up",
			Requester[string]{Correlate: true, NextID: 0x01020304},
			[][][]byte{frames("\x01\x02\x03\x04", ""), frames("\x01\x02\x03\x05", "")},
		},
		{
			"RR-11 ids go round",
			Requester[string]{Correlate: true, NextID: math.MaxUint32},
			[][][]byte{frames("\xff\xff\xff\xff", ""), frames("\x00\x00\x00\x00", "")},
		},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			for _, want := range tt.want {
				for range 2 { // a send that failed does not use up an id
					if got := tt.r.Envelope(); !equalFrames(got, want) {
						t.Errorf("got %q, want %q", got, want)
					}
				}
				reply := append(frames(), tt.r.Envelope()...)
				tt.r.Sent("a")
				if _, ok := tt.r.Accept("a", append(reply, []byte("x"))); !ok {
					t.Errorf("a reply with the envelope %q was not accepted", want)
				}
			}
		})
	}
}

func TestRequesterRelaxed(t *testing.T) { // RR-12
	r := Requester[string]{Relaxed: true, Correlate: true, NextID: 1}
	first := append(frames(), []byte("\x00\x00\x00\x01"), nil, []byte("late"))
	second := append(frames(), []byte("\x00\x00\x00\x02"), nil, []byte("x"))

	wantTurn(t, &r, true, false, "")
	r.Sent("a")
	wantTurn(t, &r, true, true, "a")
	r.Sent("b")
	wantTurn(t, &r, true, true, "b")
	if _, ok := r.Accept("a", first); ok {
		t.Error("the reply to an earlier request was accepted")
	}
	if body, ok := r.Accept("b", second); !ok || !equalFrames(body, frames("x")) {
		t.Errorf("got %q, %v", body, ok)
	}

	r.Sent("a")
	r.Sent("a")
	if _, ok := r.Accept("a", frames("\x00\x00\x00\x03", "", "late")); ok {
		t.Error("the reply to an earlier request to the same peer was accepted")
	}
	if _, ok := r.Accept("a", frames("\x00\x00\x00\x04", "", "x")); !ok {
		t.Error("the reply was not accepted")
	}
}

func TestRequesterAbandon(t *testing.T) {
	r := Requester[string]{Correlate: true}
	r.Abandon()
	wantTurn(t, &r, true, false, "")
	r.Sent("a")
	r.Abandon()
	wantTurn(t, &r, true, false, "")
	late := frames("\x00\x00\x00\x00", "", "late")
	if _, ok := r.Accept("a", late); ok {
		t.Error("the reply to an abandoned request was accepted")
	}
	r.Sent("a")
	if _, ok := r.Accept("a", late); ok {
		t.Error("the reply to an abandoned request was taken for that to the next one")
	}
	wantTurn(t, &r, false, true, "a")
}
