package examples_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every server is killed, and all at once, and no call fails.
func TestKV(t *testing.T) {
	out := succeed(t, "kv", "-calls", "3000")
	wantLines(t, out,
		`server \d+ is listening on tcp://127\.0\.0\.1:\d+`,
		`server \d+ is killed`,
		`all servers are killed; \d+ calls have been made, the next ones wait`,
		`server \d+ is asked to leave`,
		`server \d+ has answered all`,
	)
	if n := strings.Count(out, "is killed"); n != 3 {
		t.Errorf("%d servers were killed one by one, want 3", n)
	}
	m := regexp.MustCompile(`(?m)^(\d+) calls: (\d+) were tried again, (\d+) lists were resumed, (\d+) failed$`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no summary in\n%s", out)
	}
	calls, again, resumed, failed := number(t, m[1]), number(t, m[2]), number(t, m[3]), number(t, m[4])
	if calls < 3000 || again < 1 || resumed != 1 || failed != 0 {
		t.Errorf("%s: want at least 3000 calls, some tried again, 1 list resumed, none failed", m[0])
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The client is there first, and its only server is killed when it comes, and
// started again.
func TestKVByHand(t *testing.T) {
	folder := t.TempDir()
	serve := func(args ...string) (*part, string) {
		s := start(t, "kv", append([]string{"-role", "server", "-folder", folder, "-takes", "5ms"}, args...)...)
		return s, s.expect(t, `listening on (.*)`)[1]
	}
	server, endpoint := serve() // to know where
	server.stop()
	server.end()

	client := start(t, "kv", "-role", "client", "-connect", endpoint, "-calls", "1000")
	server, _ = serve("-bind", endpoint)
	client.expect(t, `^a server is there$`)
	server.stop()
	server.end()
	serve("-bind", endpoint)
	client.expect(t, `^\d+ calls: \d+ were tried again, \d+ lists were resumed, 0 failed$`)
	if stderr, code := client.end(); code != 0 || stderr != "" {
		t.Errorf("the client ended with code %d\n%s", code, stderr)
	}
}

func TestKVRefusesBadFlags(t *testing.T) {
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"-role", "boss"}, `-role "boss": want server or client`},
		{[]string{"-role", "server"}, "a server needs -folder"},
		{[]string{"-role", "client"}, "a client needs -connect"},
		{[]string{"-calls", "10"}, "-calls wants at least 1000"},
		{[]string{"-role", "client", "-connect", "tcp//x"}, `missing "://"`},
		{[]string{"now"}, `unexpected argument "now"`},
	}
	for _, tt := range tests {
		_, stderr, code := run(t, "kv", tt.args...)
		if code != 1 || !strings.Contains(stderr, tt.want) {
			t.Errorf("%v: code %d, %q, want %q", tt.args, code, stderr, tt.want)
		}
	}
}
