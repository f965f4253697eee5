package lan

import (
	_ "embed" // for the script
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"testing"

	"github.com/brokerless/brokerless/discovery"
)

// python is the Python that Debian's python3-zeroconf belongs to.
const python = "/usr/bin/python3"

//go:embed testdata/zeroconf_peer.py
var zeroconfScript string

// A pyCommand is what the script understands.
type pyCommand struct {
	Do   string            // browse, announce, forget
	ID   string            `json:",omitempty"`
	Port int               `json:",omitempty"`
	Type string            `json:",omitempty"`
	Text map[string]string `json:",omitempty"`
}

// zeroconf starts python3-zeroconf on the host.
func (h *host) zeroconf(t testing.TB) *foreign {
	t.Helper()
	if out, err := exec.Command(python, "-c", "import zeroconf").CombinedOutput(); err != nil {
		missing(t, "no zeroconf for Python: apt-get install python3-zeroconf (%v: %s)", err, out)
	}
	f := h.foreign(t, parseJSON, h.command(python, "-u", "-c", zeroconfScript, h.eth0().addr().String()))
	t.Logf("peer: python3-zeroconf %s", f.await(t, Query{Kinds: []string{"ready"}}).Text)
	return f
}

// do has the script do something, and waits until it has.
func (f *foreign) do(t testing.TB, c pyCommand) {
	t.Helper()
	f.tell(t, c)
	f.await(t, Query{Kinds: []string{"done"}, ID: c.ID, Text: c.Do})
}

// TestZeroconfFindsUs has python3-zeroconf see what we announce, change and
// withdraw, and find what was announced before it began.
func TestZeroconfFindsUs(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	host := l.host(t, "a")
	py := l.host(t, "python").zeroconf(t)
	a := host.open(t)
	early := a.offer(t, discovery.Instance{Service: "early"})
	py.do(t, pyCommand{Do: "browse"})
	py.await(t, Query{Kinds: []string{"added"}, ID: early.ID.String()})
	in := a.offer(t, discovery.Instance{
		Service: "orders", Realm: "red", Name: "Küche.1 \\ 2", Metadata: map[string]string{"zone": "ä=b"},
	})
	found := py.await(t, Query{Kinds: []string{"added"}, ID: in.ID.String()})
	if want := []string{host.eth0().endpoint(in)[len("tcp://"):]}; !slices.Equal(found.Where, want) {
		t.Errorf("found at %v, want %v", found.Where, want)
	}
	var text map[string]string
	must(t, json.Unmarshal([]byte(found.Text), &text))
	for key, want := range map[string]string{"svc": in.Service, "realm": in.Realm, "name": in.Name, "type": "PULL", "m.zone": "ä=b"} {
		if text[key] != want {
			t.Errorf("TXT %s=%q, want %q", key, text[key], want)
		}
	}

	next := in.Clone()
	next.Name = "renamed"
	a.call(t, "Update", next, nil)
	py.await(t, Query{Kinds: []string{"updated"}, ID: in.ID.String(), Text: "renamed"})

	a.call(t, "Withdraw", in.ID, nil)
	py.await(t, Query{Kinds: []string{"removed"}, ID: in.ID.String()})

	// The other one of the same process is still there for who comes now (D-13).
	late := l.host(t, "late").zeroconf(t)
	late.do(t, pyCommand{Do: "browse"})
	late.await(t, Query{Kinds: []string{"added"}, ID: early.ID.String()})
}

// TestZeroconfSubtype has python3-zeroconf browse for one service alone, by its
// subtype.
func TestZeroconfSubtype(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	py, a := l.host(t, "python").zeroconf(t), l.host(t, "a").open(t)
	a.offer(t, discovery.Instance{Service: "bills"})
	in := a.offer(t, discovery.Instance{Service: "orders"})
	py.do(t, pyCommand{Do: "browse", Type: "_orders._sub._brokerless._tcp.local."})
	found := py.await(t, Query{Kinds: []string{"added"}})
	if found.ID != in.ID.String() {
		t.Errorf("found %v, want %s", found, in.ID)
	}
}

// TestZeroconfFound has python3-zeroconf announce, change and withdraw what we
// follow.
func TestZeroconfFound(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	host := l.host(t, "python")
	py, b := host.zeroconf(t), l.host(t, "b").open(t)
	receiver := host.open(t)
	// It is offered under another name by us, so that there is something to connect to.
	behind := receiver.offer(t, discovery.Instance{Service: "elsewhere"})
	id := discovery.NewID()
	text := map[string]string{"v": "1", "svc": "orders", "type": "PULL", "name": "Küche"}
	announce := pyCommand{Do: "announce", ID: id.String(), Port: port(t, host.eth0().endpoint(behind)), Text: text}
	py.do(t, announce)
	b.follow(t, Whom{Service: "orders"})
	found := b.await(t, Query{Kinds: []string{"added"}, ID: id.String()})
	if want := []string{host.eth0().endpoint(behind)}; found.Text != "Küche" || !slices.Equal(found.Where, want) {
		t.Errorf("found %v, want it at %v", found, want)
	}
	b.linked(t, discovery.Instance{ID: id}, 0)
	b.say(t, "orders", receiver)

	announce.Text = maps.Clone(text)
	announce.Text["name"] = "Keller"
	py.do(t, announce)
	b.await(t, Query{Kinds: []string{"updated"}, ID: id.String(), Text: "Keller"})

	py.do(t, pyCommand{Do: "forget", ID: id.String()})
	b.await(t, Query{Kinds: []string{"removed"}, ID: id.String(), Text: discovery.ErrLeft.Error()})
	b.say(t, "orders", receiver)
}

// port returns the port of an endpoint.
func port(t testing.TB, endpoint string) int {
	t.Helper()
	var a, b, c, d, n int
	_, err := fmt.Sscanf(endpoint, "tcp://%d.%d.%d.%d:%d", &a, &b, &c, &d, &n)
	must(t, err)
	return n
}
