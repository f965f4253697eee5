package examples_test

import (
	"regexp"
	"testing"
)

func TestRPC(t *testing.T) {
	out := succeed(t, "rpc", "-requests", "6", "-every", "1ms")
	wantLines(t, out,
		`server \d+ is listening on tcp://127\.0\.0\.1:\d+`,
		`request 3   3 squared is 9, says server \d+`,
		`the server was killed`,
		`request 4   got no answer within 300ms`,
		`request 4   4 squared is 16, says server \d+`,
		`6 requests were answered, by 2 servers`,
	)
	if n := len(regexp.MustCompile(`squared is`).FindAllString(out, -1)); n != 6 {
		t.Errorf("%d answers, want 6", n)
	}
}

// The client never learns that its server was another program for a while.
func TestRPCByHand(t *testing.T) {
	first := start(t, "rpc", "-role", "server")
	endpoint := first.expect(t, `listening on (.*)`)[1]
	client := start(t, "rpc", "-role", "client", "-connect", endpoint,
		"-requests", "1000000", "-every", "50ms", "-timeout", "100ms")
	before := client.expect(t, `says server (\d+)`)[1]

	first.stop()
	first.end()
	client.expect(t, `got no answer`)

	start(t, "rpc", "-role", "server", "-bind", endpoint).expect(t, `listening on`)
	if after := client.expect(t, `says server (\d+)`)[1]; after == before {
		t.Errorf("server %s answers before and after it was killed", after)
	}
}
