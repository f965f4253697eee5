package examples_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// needMulticast skips a test that would have to send to the network where a
// packet to a multicast group cannot stay on the loopback interface.
func needMulticast(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skipf("%s has no multicast over the loopback interface: this test needs Linux", runtime.GOOS)
	}
}

// interrupt presses Ctrl-C, and wants the part to end well.
func (p *part) interrupt(t *testing.T) {
	t.Helper()
	if err := p.signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if stderr, code := p.end(); code != 0 || stderr != "" {
		t.Errorf("ended with code %d\n%s", code, stderr)
	}
}

// ours is a service that only this test looks for.
func ours(name string) string { return fmt.Sprintf("%s-%d", name, os.Getpid()) }

func TestDiscover(t *testing.T) {
	needMulticast(t)
	service := ours("orders")
	here := []string{"-interface", "lo", "-loopback", "-service", service}
	kitchen := start(t, "discover", append(here, "-announce", service, "-name", "kitchen")...)
	port := kitchen.expect(t, `^here is .* "kitchen" at tcp://0\.0\.0\.0:(\d+)$`)[1]

	guest := start(t, "discover", here...)
	guest.expect(t, `^added +`+service+` +"kitchen" +REP +tcp://127\.0\.0\.1:`+port+` \(this host\)$`)
	guest.expect(t, `^greeted +`+service+` +"kitchen" +answers from 127\.0\.0\.1:`+port+` in `)

	cellar := start(t, "discover", append(here, "-announce", service, "-name", "the \x1b[7m cellar")...)
	for _, p := range []*part{kitchen, guest} { // each is found by all, and what it is called does no harm
		p.expect(t, `^greeted .*"the \\x1b\[7m cellar" +answers`)
	}
	cellar.expect(t, `^greeted .*"kitchen" +answers`)

	kitchen.interrupt(t)
	kitchen.expect(t, `^goodbye from "kitchen"$`)
	for _, p := range []*part{cellar, guest} {
		p.expect(t, `^removed .*"kitchen" .*: said goodbye$`)
	}
}

func TestDiscoverWhoIsNotThere(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list.json")
	entry := `[{"service": "orders", "name": "%s", "type": "REP", "metadata": {"example": "discover"}, "endpoints": ["%s"]}]`
	write := func(name, endpoint string) {
		t.Helper()
		if err := os.WriteFile(list+".new", fmt.Appendf(nil, entry, name, endpoint), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(list+".new", list); err != nil {
			t.Fatal(err)
		}
	}
	write("nobody", "tcp://127.0.0.1:9") // discard, which nobody runs
	guest := start(t, "discover", "-file", list, "-loopback")
	guest.expect(t, `^added +orders +"nobody" `)
	guest.expect(t, `^synced +here are 1 of orders; `)
	guest.expect(t, `^silent +orders +"nobody" +tcp://127\.0\.0\.1:9: .*refused`)

	cook := start(t, "discover", "-gossip", "127.0.0.1:0", "-announce", "orders", "-bind", "tcp://127.0.0.1:0")
	write("somebody", cook.expect(t, `^here is orders .* at (.*)$`)[1])
	guest.expect(t, `^greeted +orders +"somebody" `)

	_, stderr, code := run(t, "discover", "-file", list, "-announce", "orders")
	if code != 1 || !strings.Contains(stderr, "not supported by this backend") {
		t.Errorf("announcing in a file ended with code %d\n%s", code, stderr)
	}
}

// Those who gossip are found, and with a list beside it those of the list.
func TestDiscoverByGossip(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list.json")
	err := os.WriteFile(list, []byte(`[{"service": "stock", "endpoints": ["tcp://stock.example:5555"]}]`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	kitchen := start(t, "discover", "-gossip", "127.0.0.1:0", "-loopback", "-announce", "orders", "-name", "kitchen")
	seed := kitchen.expect(t, `^gossiping at (.*)$`)[1]
	cellar := start(t, "discover", "-gossip", "127.0.0.1:0", "-seeds", seed, "-file", list, "-loopback",
		"-announce", "orders", "-name", "cellar")
	const both = `^(added +stock +"" +tcp://stock\.example:5555|greeted +orders +"kitchen" ).*$` // in either order
	if one, other := cellar.expect(t, both)[1], cellar.expect(t, both)[1]; one == other {
		t.Errorf("%q came twice", one)
	}
	kitchen.expect(t, `^greeted +orders +"cellar" `)
	cellar.interrupt(t)
	kitchen.expect(t, `^removed +orders +"cellar" .*: said goodbye$`)
}
