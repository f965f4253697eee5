package examples_test

import "testing"

const sights = `PUSH    -> PULL    one worker got [["one"] ["three"]] the other [["two"] ["four"]]
PUB     -> SUB     the subscriber of sport/ got ["sport/chess" "draw"]
XPUB   <-> XSUB    the publisher saw the subscription "\x01sport/" and sent ["sport/chess" "mate"]
REQ    <-> REP     hello was answered with ["HELLO"]
DEALER <-> ROUTER  dora asked twice and was answered out of order: ["second"] ["first"]
DEALER <-> REP     ["two, please"] was answered with ["" "here you are"]
PAIR   <-> PAIR    two pings crossed a ["pong"]
`

func TestTour(t *testing.T) {
	if out := succeed(t, "tour"); out != sights {
		t.Errorf("got\n%s\nwant\n%s", out, sights)
	}
}
