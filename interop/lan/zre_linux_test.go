package lan

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// How soon silence is noticed in these tests.
const (
	zreEvasive = 500 * time.Millisecond
	zreExpired = 5 * time.Second
)

// A zyre is a node of zyre.js.
type zyre struct {
	*foreign
	id discovery.ID
}

// A zyreCommand is what its script understands.
type zyreCommand struct {
	Do    string // join, leave, whisper, shout, stop
	ID    string `json:",omitempty"`
	Group string `json:",omitempty"`
	Text  string `json:",omitempty"`
}

// zyre starts a node of zyre.js on the host.
func (h *host) zyre(t testing.TB, name string) *zyre {
	t.Helper()
	const folder = "testdata/zre"
	if _, err := exec.LookPath("node"); err != nil {
		missing(t, "no Node.js to run zyre.js: apt-get install nodejs npm")
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "zyre.js")); err != nil {
		missing(t, "no zyre.js: npm ci --prefix interop/lan/%s --ignore-scripts", folder)
	}
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	f := h.foreign(t, parseJSON, h.command("node", filepath.Join(folder, "peer.js"), "eth0", name, ms(zreEvasive), ms(zreExpired)))
	ready := f.await(t, Query{Kinds: []string{"ready"}})
	t.Logf("peer: %s", ready.Text)
	id, err := discovery.ParseID(ready.ID)
	must(t, err)
	return &zyre{foreign: f, id: id}
}

// ring starts a guest on the host that is a ZRE node.
func (h *host) ring(t testing.TB, r Ring) (*process, discovery.ID) {
	t.Helper()
	if r.Evasive == 0 {
		r.Evasive, r.Expired = zreEvasive, zreExpired
	}
	p := h.start(t)
	var id discovery.ID
	p.call(t, "JoinRing", r, &id)
	return p, id
}

// saw waits until a guest was told something about a peer.
func (p *process) saw(t testing.TB, kind string, id discovery.ID, text string, from int) Record {
	t.Helper()
	return p.await(t, Query{Kinds: []string{kind}, ID: id.String(), Text: text, From: from})
}

func (z *zyre) saw(t testing.TB, kind string, id discovery.ID, text string, from int) Record {
	t.Helper()
	return z.await(t, Query{Kinds: []string{kind}, ID: id.String(), Text: text, From: from})
}

// TestZRETalk has a node of zyre.js and ours meet, and do all that ZRE is for,
// in both directions.
func TestZRETalk(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	js := l.host(t, "node").zyre(t, "theirs")
	p, id := l.host(t, "a").ring(t, Ring{Name: "ours"})
	p.saw(t, "entered", js.id, `theirs {"X-FROM":"zyre.js"}`, 0)
	js.saw(t, "entered", id, `ours {"X-FROM":"brokerless"}`, 0)

	p.call(t, "RingGroup", "CHAT", nil)
	js.saw(t, "joined", id, "CHAT", 0)
	js.tell(t, zyreCommand{Do: "shout", Group: "CHAT", Text: "one for all"})
	p.saw(t, "shouted", js.id, "CHAT: one for all", 0)

	js.tell(t, zyreCommand{Do: "join", Group: "CHAT"})
	p.saw(t, "joined", js.id, "CHAT", 0)
	var sent int
	p.call(t, "RingSay", Talk{Group: "CHAT", Text: []string{"all for one"}}, &sent)
	js.saw(t, "shouted", id, "CHAT: all for one", 0)
	if sent != 1 {
		t.Errorf("shouted to %d", sent)
	}

	p.call(t, "RingSay", Talk{ID: js.id, Text: []string{"psst"}}, &sent)
	js.saw(t, "whispered", id, "psst", 0)
	js.tell(t, zyreCommand{Do: "whisper", ID: id.String(), Text: "hm?"})
	p.saw(t, "whispered", js.id, "hm?", 0)

	js.tell(t, zyreCommand{Do: "leave", Group: "CHAT"})
	p.saw(t, "left", js.id, "CHAT", 0)
	p.call(t, "RingLeave", "CHAT", nil)
	js.saw(t, "left", id, "CHAT", 0)

	// Who comes later is told of groups by HELLO.
	p.call(t, "RingGroup", "LATE", nil)
	js.saw(t, "joined", id, "LATE", 0)
	late := l.host(t, "late").zyre(t, "late")
	late.saw(t, "joined", id, "LATE", 0)
	p.saw(t, "entered", late.id, "late", 0)

	late.tell(t, zyreCommand{Do: "stop"})
	p.saw(t, "exited", late.id, "goodbye", 0)
	p.call(t, "Close", nil, nil)
	if r := js.saw(t, "exited", id, "", 0); len(js.journal.all(Query{Kinds: []string{"expired"}, ID: id.String()})) > 0 {
		t.Errorf("expired instead of leaving: %v", r)
	}
}

// TestZREKilled kills a node of each kind. The others notice by silence, and
// know them again when they are started anew: zyre.js on the port it had under a
// new id, ours on a new port under the id it had.
func TestZREKilled(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	far := l.host(t, "node")
	js := far.zyre(t, "theirs")
	own := l.host(t, "a")
	p, id := own.ring(t, Ring{Name: "ours"})
	watch, _ := l.host(t, "watch").ring(t, Ring{Name: "watch"})
	witness := l.host(t, "witness").zyre(t, "witness")
	watch.saw(t, "entered", js.id, "", 0)
	watch.saw(t, "entered", id, "", 0)
	watch.saw(t, "entered", witness.id, "", 0)
	witness.saw(t, "entered", id, "", 0)

	js.kill(t)
	watch.saw(t, "exited", js.id, "silent", 0)
	p.kill(t)
	witness.saw(t, "expired", id, "", 0)
	gone := watch.saw(t, "exited", id, "silent", 0)

	again := far.zyre(t, "theirs")
	watch.saw(t, "entered", again.id, "theirs", gone.Index)
	p, _ = own.ring(t, Ring{Name: "ours", ID: id})
	watch.saw(t, "entered", id, "ours", gone.Index)
	p.saw(t, "entered", again.id, "theirs", 0)

	// And at once, before anybody has noticed.
	back := watch.now(t)
	p.kill(t)
	p, _ = own.ring(t, Ring{Name: "ours", ID: id})
	watch.saw(t, "exited", id, "restarted", back)
	watch.saw(t, "entered", id, "", back)
	again.kill(t)
	last := far.zyre(t, "theirs")
	watch.saw(t, "exited", again.id, "replaced", back)
	watch.saw(t, "entered", last.id, "", back)
	var sent int
	watch.call(t, "RingSay", Talk{ID: last.id, Text: []string{"welcome"}}, &sent)
	watch.call(t, "RingSay", Talk{ID: id, Text: []string{"wel", "come"}}, &sent)
	p.await(t, Query{Kinds: []string{"whispered"}, Text: "welcome"})
	last.await(t, Query{Kinds: []string{"whispered"}, Text: "welcome"})

	if bad := watch.happened(t, Query{Kinds: []string{"exited"}, ID: witness.id.String()}); len(bad) > 0 {
		t.Errorf("lost one that was there: %v", bad)
	}
}

// TestZRECutOff cuts the cable of a host until its peers are gone, and plugs it
// in again. All are there again, and can talk.
func TestZRECutOff(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	ha := l.host(t, "a")
	a, ida := ha.ring(t, Ring{Name: "a"})
	b, idb := l.host(t, "b").ring(t, Ring{Name: "b"})
	js := l.host(t, "node").zyre(t, "theirs")
	a.saw(t, "entered", js.id, "", 0)
	a.saw(t, "entered", idb, "", 0)
	b.saw(t, "entered", ida, "", 0)
	js.saw(t, "entered", ida, "", 0)
	from, fromB := a.now(t), b.now(t)
	ha.eth0().cut(t)
	a.saw(t, "exited", js.id, "silent", from)
	a.saw(t, "exited", idb, "silent", from)
	b.saw(t, "exited", ida, "silent", fromB)
	js.saw(t, "expired", ida, "", 0)
	ha.eth0().restore(t)
	a.saw(t, "entered", js.id, "", from)
	a.saw(t, "entered", idb, "", from)
	b.saw(t, "entered", ida, "", fromB)
	js.tell(t, zyreCommand{Do: "whisper", ID: ida.String(), Text: "back?"})
	a.saw(t, "whispered", js.id, "back?", from)
	var sent int
	a.call(t, "RingSay", Talk{ID: js.id, Text: []string{"back"}}, &sent)
	js.saw(t, "whispered", ida, "back", 0)
}

// TestZREOneHost has several nodes on one host, which share the port of the
// beacons.
func TestZREOneHost(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	h := l.host(t, "a")
	a, ida := h.ring(t, Ring{Name: "a"})
	b, idb := h.ring(t, Ring{Name: "b"})
	js := h.zyre(t, "theirs")
	for _, p := range []*process{a, b} {
		p.saw(t, "entered", js.id, "", 0)
	}
	a.saw(t, "entered", idb, "", 0)
	b.saw(t, "entered", ida, "", 0)
	js.saw(t, "entered", ida, "", 0)
	js.saw(t, "entered", idb, "", 0)
}

// TestZRETwoLinks has two hosts that are both on two segments. They enter once,
// though they hear each other by both.
func TestZRETwoLinks(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	second := l.segment(t)
	ha, hb := l.host(t, "a"), l.host(t, "b")
	ha.plug(t, second)
	hb.plug(t, second)
	a, ida := ha.ring(t, Ring{Name: "a"})
	b, idb := hb.ring(t, Ring{Name: "b"})
	a.saw(t, "entered", idb, "", 0)
	b.saw(t, "entered", ida, "", 0)
	var sent int
	for i := range 20 {
		a.call(t, "RingSay", Talk{ID: idb, Text: []string{"x"}}, &sent)
		b.await(t, Query{Kinds: []string{"whispered"}, From: 1 + i})
	}
	if bad := append(a.happened(t, Query{Kinds: []string{"exited"}}), b.happened(t, Query{Kinds: []string{"exited"}})...); len(bad) > 0 {
		t.Errorf("exited: %v", bad)
	}
}

// TestZRELoopback has nodes of one host that is not plugged in, by name of the
// interface.
func TestZRELoopback(t *testing.T) {
	t.Parallel()
	h := newLAN(t).bare(t, "a")
	a, ida := h.ring(t, Ring{Name: "a", Interfaces: []string{"lo"}})
	b, idb := h.ring(t, Ring{Name: "b", Interfaces: []string{"lo"}})
	a.saw(t, "entered", idb, "", 0)
	b.saw(t, "entered", ida, "", 0)
}

// TestZREMany has fifty nodes that begin at once: none of them is ever gone.
func TestZREMany(t *testing.T) {
	if testing.Short() {
		t.Skip("takes its time")
	}
	l := newLAN(t)
	var exited uint64
	l.host(t, "a").start(t).call(t, "RingMany", 50, &exited)
	if exited > 0 {
		t.Errorf("%d exited", exited)
	}
}

// TestZRENoInterface joins on a host that is not plugged in: the error says so,
// and what to do.
func TestZRENoInterface(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	p := l.bare(t, "a").start(t)
	err := p.try("JoinRing", Ring{Evasive: zreEvasive, Expired: zreExpired}, new(discovery.ID))
	if err == nil {
		t.Fatal("joined without an interface")
	}
	for _, want := range []string{"lo: loopback", "WithBeaconTo"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}
