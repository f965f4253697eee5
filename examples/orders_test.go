package examples_test

import (
	"strings"
	"testing"
)

func TestOrders(t *testing.T) {
	out := succeed(t, "orders", "-orders", "100", "-workers", "2")
	wantLines(t, out,
		`dead +shop/50: there is no unicorn in the kitchen \(tries: 3\)`,
		`dead +shop/100: there is no unicorn in the kitchen \(tries: 3\)`,
		`dead +what is no order: .*decode main\.Order: malformed: .*`,
		`shop +of 100 orders 98 were handled, for \d+\.\d\d in all, and 2 could not be`,
		`worker 1 +\d+ orders, \d+ of them not at the first try`,
		`worker 2 +\d+ orders, \d+ of them not at the first try`,
		`101 messages were sent: 98 handled, 3 dead`,
	)
}

// The parts are started one by one, the workers first to last, and one try has
// to do: what failed once is dead, and told.
func TestOrdersByHand(t *testing.T) {
	const orders = "20"
	archive := start(t, "orders", "-role", "archive", "-shops", "mine", "-messages", "21")
	receipts := archive.expect(t, `listening for receipts on (.*)`)[1]
	letters := archive.expect(t, `listening for dead letters on (.*)`)[1]
	news := archive.expect(t, `listening for readers of news on (.*)`)[1]
	shop := start(t, "orders", "-role", "shop", "-name", "mine", "-orders", orders, "-workers", "2", "-news", news)
	connect := shop.expect(t, `listening for workers on (.*)`)[1]
	for _, name := range []string{"left", "right"} {
		start(t, "orders", "-role", "worker", "-name", name, "-tries", "1",
			"-connect", connect, "-receipts", receipts, "-dead", letters)
	}
	shop.expect(t, `^mine +of 20 orders 18 were handled, .* and 2 could not be$`)
	archive.expect(t, `^21 messages were sent: 18 handled, 3 dead$`)
	for _, p := range []*part{shop, archive} {
		if stderr, code := p.end(); code != 0 || stderr != "" {
			t.Errorf("ended with code %d\n%s", code, stderr)
		}
	}
}

// One more message is announced than is sent.
func TestOrdersTellsWhatIsMissing(t *testing.T) {
	archive := start(t, "orders", "-role", "archive", "-messages", "3", "-patience", "2s")
	receipts := archive.expect(t, `receipts on (.*)`)[1]
	letters := archive.expect(t, `letters on (.*)`)[1]
	news := archive.expect(t, `news on (.*)`)[1]
	shop := start(t, "orders", "-role", "shop", "-orders", "1", "-workers", "1", "-news", news)
	start(t, "orders", "-role", "worker", "-connect", shop.expect(t, `workers on (.*)`)[1],
		"-receipts", receipts, "-dead", letters)
	archive.expect(t, `^3 messages were sent: 1 handled, 1 dead$`)
	if stderr, code := archive.end(); code != 1 || !strings.Contains(stderr, "1 messages are missing") {
		t.Errorf("the archive ended with code %d, %q", code, stderr)
	}
}

func TestOrdersRefusesBadFlags(t *testing.T) {
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"-role", "boss"}, `-role "boss": want shop, worker or archive`},
		{[]string{"-role", "worker", "-connect", "tcp://127.0.0.1:9"}, "a worker needs -connect, -receipts and -dead"},
		{[]string{"-role", "shop"}, "a shop needs -news"},
		{[]string{"-orders", "0"}, "want at least 1"},
		{[]string{"-role", "archive", "-dead", "tcp//x"}, `missing "://"`},
		{[]string{"now"}, `unexpected argument "now"`},
	}
	for _, tt := range tests {
		_, stderr, code := run(t, "orders", tt.args...)
		if code != 1 || !strings.Contains(stderr, tt.want) {
			t.Errorf("%v: code %d, %q, want %q", tt.args, code, stderr, tt.want)
		}
	}
}
