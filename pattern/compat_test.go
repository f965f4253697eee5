package pattern

import (
	"slices"
	"strings"
	"testing"
)

func TestCompatible(t *testing.T) { // section 1.10, WT-88
	peers := map[string]string{
		REQ: "REP ROUTER", REP: "REQ DEALER", DEALER: "REP DEALER ROUTER", ROUTER: "REQ DEALER ROUTER",
		PUB: "SUB XSUB", XPUB: "SUB XSUB", SUB: "PUB XPUB", XSUB: "PUB XPUB",
		PUSH: "PULL", PULL: "PUSH", PAIR: "PAIR",
		CLIENT: "SERVER", SERVER: "CLIENT", RADIO: "DISH", DISH: "RADIO", SCATTER: "GATHER", GATHER: "SCATTER",
		PEER: "PEER", CHANNEL: "CHANNEL",
		"STREAM": "", "req": "", "REQ\x00": "", "RE": "", "": "",
	}
	for a, of := range peers {
		for b := range peers {
			want := slices.Contains(strings.Fields(of), b)
			if got := Compatible(a, b); got != want {
				t.Errorf("%q with %q: got %v, want %v", a, b, got, want)
			}
			if Compatible(a, b) != Compatible(b, a) {
				t.Errorf("%q with %q is not symmetric", a, b)
			}
		}
	}
}
