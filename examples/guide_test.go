package examples_test

import (
	"strings"
	"testing"
)

func TestLazyPirate(t *testing.T) {
	out := succeed(t, "lazypirate")
	wantLines(t, out,
		`1: done, at attempt \d`,
		`the server crashes`,
		`3: done, at attempt [23]`,
		`the server is busy`,
		`6: done, at attempt \d`,
		`7: no answer within 300ms`,
		`7: given up`,
	)
}

func TestParanoidPirate(t *testing.T) {
	out := succeed(t, "paranoidpirate")
	wantLines(t, out,
		`queue: Dave is ready`,
		`queue: stopped, and started again`,
		`request 40 answered by \w+`,
		`40 requests were answered`,
	)
	if strings.Contains(out, "answered by Dave") {
		t.Error("Dave answered, who does nothing")
	}
	if n := strings.Count(out, "answered by Carl"); n > 2 {
		t.Errorf("Carl answered %d requests, and crashes at the third", n)
	}
}

func TestMajordomo(t *testing.T) {
	wantLines(t, succeed(t, "majordomo"),
		`4 clients had 1000 replies each`,
		`is there "upper"\? 200`,
		`is there "lower"\? 404`,
		`nobody answers for "lower"`,
		`STILL HERE`,
	)
}

// The client comes first, and its request waits for the worker.
func TestMajordomoByHand(t *testing.T) {
	endpoint := start(t, "majordomo", "-role", "broker").expect(t, `broker at (.*)`)[1]
	client := start(t, "majordomo", "-role", "client", "-connect", endpoint, "-text", "land ahoy", "-timeout", "30s")
	start(t, "majordomo", "-role", "worker", "-connect", endpoint)
	client.expect(t, `LAND AHOY`)
}

func TestTitanic(t *testing.T) {
	wantLines(t, succeed(t, "titanic"),
		`the request is on disk`,
		`nobody has answered it`,
		`the reply is LAND IN SIGHT!`,
		`closed; asked again it says 400`,
	)
}

func TestFreelance(t *testing.T) {
	wantLines(t, succeed(t, "freelance"),
		`A has stopped`,
		`B answered 10 requests`,
		`B hangs`,
		`C answered 10 requests`,
		`A is back`,
		`A answered 10 requests`,
	)
}

func TestClone(t *testing.T) {
	wantLines(t, succeed(t, "clone"),
		`one that comes late has map\[/blue/1:3 /red/1:1 /red/2:2\]`,
		`one of a part has map\[/red/1:1 /red/2:2\]`,
		`a moment later has map\[/red/1:1\]`,
		`the first client has map\[/green/1:1\]`,
	)
}

func TestLastValue(t *testing.T) {
	wantLines(t, succeed(t, "lastvalue"),
		`who was there from the start has seen 503 updates`,
		`who comes late has topic 042 at 3`,
		`who comes late has topic 007 at 0`,
		`and then gets what comes: topic 042 at news`,
	)
}

func TestEspresso(t *testing.T) {
	out := succeed(t, "espresso")
	wantLines(t, out,
		`subscriber: got 5 messages`,
		`listener: somebody wants A`,
		`listener: A at \d+`,
		`listener: nobody wants B any more`,
	)
	if strings.Contains(out, "listener: C") {
		t.Error("the listener saw what nobody subscribed to")
	}
}
