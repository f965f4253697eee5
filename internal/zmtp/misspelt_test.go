package zmtp

import (
	"errors"
	"testing"
)

// An ERROR as libzmq 4.3.4 sends it, after the password was wrong: captured from
// a server whose authenticator said 400.
func TestMisspeltError(t *testing.T) {
	refused := frameOf("\x5eRROR\x03400")
	for _, tt := range []struct {
		name   string
		mech   Mechanism
		frame  []byte
		reason string // that is understood
	}{
		{"plain", PlainClient("ann", "sesame"), refused, "400"},
		{"null", Null(), refused, ""},
		{"cut off", PlainClient("ann", "sesame"), frameOf("\x5eRROR\x0340"), ""},
		{"another", PlainClient("ann", "sesame"), frameOf("\x5eRROS\x03400"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := NewHandshake(Config{Mechanism: tt.mech, SocketType: "PUSH"})
			greeting := AppendGreeting(nil, Greeting{Mechanism: tt.mech.Name()})
			_, err := h.Receive(append(greeting, tt.frame...))
			if refusal := new(PeerError); errors.As(err, &refusal) != (tt.reason != "") || refusal.Reason != tt.reason {
				t.Errorf("%v", err)
			}
		})
	}
}

// frameOf returns a short command frame.
func frameOf(body string) []byte {
	return append(AppendHeader(nil, FlagCommand, len(body)), body...)
}
