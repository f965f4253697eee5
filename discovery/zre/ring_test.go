package zre

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// A bench has a ring in virtual time.
type bench struct {
	t   *testing.T
	r   *ring
	now time.Time
	up  map[discovery.ID]bool // the links that are up
}

var (
	ada   = discovery.ID{1}
	bob   = discovery.ID{2}
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("192.0.2.2")
)

func newBench(t *testing.T) *bench {
	b := &bench{t: t, now: time.Unix(1_000_000, 0), up: make(map[discovery.ID]bool)}
	b.r = &ring{
		self: discovery.ID{0xFF}, name: "self", evasive: defaultEvasive, expired: defaultExpired, limits: defaultLimits,
		endpoint: func(netip.Addr) string { return "tcp://192.0.2.99:49152" },
		linked:   func(id discovery.ID) bool { return b.up[id] },
		peers:    make(map[discovery.ID]*peer), groups: make(map[string]struct{}),
	}
	return b
}

// pass lets time go by.
func (b *bench) pass(d time.Duration) {
	b.now = b.now.Add(d)
	b.r.tick(b.now)
}

func (b *bench) beacon(from netip.Addr, id discovery.ID, port uint16) {
	b.r.beacon(b.now, from, beacon{id: id, port: port})
}

// say has a message come by the connection that was made so long after the start.
func (b *bench) say(id discovery.ID, from netip.Addr, line int, m message, content ...[]byte) {
	o := origin{id: id, addr: from, line: time.Unix(1_000_000+int64(line), 0)}
	b.r.receive(b.now, o, m.encode(), socket.Message(content))
}

func (b *bench) hello(id discovery.ID, from netip.Addr, line, port int, groups ...string) {
	b.say(id, from, line, message{kind: kindHello, sequence: 1, endpoint: fmt.Sprintf("tcp://%v:%d", from, port), name: "peer", groups: groups})
}

// did checks what the ring has decided since, each in a few words.
func (b *bench) did(what string, want ...string) {
	b.t.Helper()
	var got []string
	for _, a := range b.r.acts {
		who := fmt.Sprint(a.id[0])
		switch a.do {
		case connect:
			got = append(got, who+" connect "+a.at.String())
		case disconnect:
			got = append(got, who+" disconnect")
		case send:
			got = append(got, who+" "+a.message.kind.String())
		case tell:
			words := []string{who, a.event.Kind.String()}
			if a.event.Group != "" {
				words = append(words, a.event.Group)
			}
			if a.event.Reason != 0 {
				words = append(words, a.event.Reason.String())
			}
			got = append(got, strings.Join(words, " "))
		}
	}
	b.r.acts = nil
	if !slices.Equal(got, want) {
		b.t.Errorf("%s:\n%q, want\n%q", what, got, want)
	}
}

// ready has a peer that has entered, by the connection of second 1.
func (b *bench) ready(id discovery.ID, from netip.Addr) {
	b.t.Helper()
	b.beacon(from, id, 50000)
	b.hello(id, from, 1, 50000)
	b.up[id] = true
	b.r.acts = nil
	if p := b.r.peers[id]; p == nil || !p.ready {
		b.t.Fatalf("%v has not entered", id)
	}
}

func TestRingMeets(t *testing.T) {
	b := newBench(t)
	b.beacon(here, ada, 50000)
	b.did("a beacon", "1 connect 192.0.2.1:50000", "1 HELLO")
	b.beacon(here, ada, 50000)
	b.did("again")
	b.hello(ada, here, 1, 50000, "A", "B", "A")
	b.did("HELLO", "1 entered", "1 joined A", "1 joined B")
	b.hello(bob, there, 1, 50001)
	b.did("HELLO of somebody who was not found", "2 connect 192.0.2.2:50001", "2 HELLO", "2 entered")
	b.beacon(here, b.r.self, 50000)
	b.hello(b.r.self, here, 2, 50000)
	b.did("of itself")
	b.beacon(here, ada, 0)
	b.did("goodbye", "1 disconnect", "1 exited goodbye")
	b.beacon(here, ada, 0)
	b.did("goodbye of somebody unknown")
}

// TestRingSilence is about ZR-08: PING after 5 s of silence and every 5 s, the end
// after 30 s.
func TestRingSilence(t *testing.T) {
	b := newBench(t)
	b.ready(ada, here)
	b.pass(defaultEvasive - 1)
	b.did("before")
	b.pass(1)
	b.did("silent for 5 s", "1 PING")
	b.pass(time.Second)
	b.did("silent for 6 s")
	b.say(ada, here, 1, message{kind: kindPingOK, sequence: 2})
	b.pass(defaultEvasive)
	b.did("silent for 5 s again", "1 PING")
	b.beacon(here, ada, 50000)
	b.pass(defaultEvasive - 1)
	b.did("a beacon is a sign of life")
	for range 5 {
		b.pass(defaultEvasive)
		b.did("longer", "1 PING")
	}
	b.pass(1)
	b.did("30 s", "1 disconnect", "1 exited silent")
}

func TestRingExcuse(t *testing.T) {
	b := newBench(t)
	b.ready(ada, here)
	b.now = b.now.Add(time.Hour) // nobody listened
	b.r.excuse(b.now)
	b.pass(defaultEvasive - 1)
	b.did("nobody was silent")
}

// TestRingTriesAnew has a peer whose beacons come, but whose HELLO does not.
func TestRingTriesAnew(t *testing.T) {
	b := newBench(t)
	b.beacon(here, ada, 50000)
	b.r.acts = nil
	for range defaultExpired / time.Second {
		b.beacon(here, ada, 50000)
		b.pass(time.Second)
	}
	b.did("no HELLO for 30 s", "1 disconnect")
	b.beacon(here, ada, 50000)
	b.did("a new attempt", "1 connect 192.0.2.1:50000", "1 HELLO")
}

// TestRingSequence is about ZR-04: every gap, and every repetition, ends the peer.
func TestRingSequence(t *testing.T) {
	for _, next := range []uint16{1, 3, 0xFFFF, 0} {
		b := newBench(t)
		b.ready(ada, here)
		b.say(ada, here, 1, message{kind: kindWhisper, sequence: next})
		b.did(fmt.Sprintf("%d in place of 2", next), "1 disconnect", "1 exited out of sequence")
		b.say(ada, here, 1, message{kind: kindWhisper, sequence: next + 1})
		b.did("after that nothing until HELLO")
		if b.r.stats.Early != 1 {
			t.Errorf("%d early", b.r.stats.Early)
		}
		b.beacon(here, ada, 50000)
		b.did("its next beacon", "1 connect 192.0.2.1:50000", "1 HELLO")
	}
	b := newBench(t)
	b.ready(ada, here)
	for n := 2; n < 70_000; n++ { // wraps
		b.say(ada, here, 1, message{kind: kindPingOK, sequence: uint16(n)})
	}
	b.did("70,000 messages in sequence")
}

// TestRingUnknownKind has a message of a kind of later versions: its place in
// the sequence counts.
func TestRingUnknownKind(t *testing.T) {
	b := newBench(t)
	b.ready(ada, here)
	b.say(ada, here, 1, message{kind: 10, sequence: 2})
	b.say(ada, here, 1, message{kind: kindPing, sequence: 3})
	b.did("a kind that is not known, and PING", "1 PING-OK")
}

func TestRingComesBack(t *testing.T) {
	b := newBench(t)
	b.ready(ada, here)
	b.beacon(here, ada, 50001)
	b.did("another port while the link is up is a hint of a stranger")
	b.beacon(there, ada, 50000)
	b.did("another address of the same host")
	b.up[ada] = false
	b.beacon(here, ada, 50001)
	b.did("another port when the link is down", "1 disconnect", "1 exited restarted", "1 connect 192.0.2.1:50001", "1 HELLO")

	b = newBench(t)
	b.ready(ada, here)
	b.up[ada] = false
	b.beacon(there, ada, 50000)
	b.did("another address while the link is down for a moment")
	b.now = b.now.Add(defaultEvasive)
	b.beacon(there, ada, 50000)
	b.did("another address and not the old one for a while",
		"1 disconnect", "1 exited restarted", "1 connect 192.0.2.2:50000", "1 HELLO")

	b = newBench(t)
	b.ready(ada, here)
	b.hello(ada, here, 2, 50001)
	b.did("HELLO by a new connection", "1 disconnect", "1 exited restarted", "1 connect 192.0.2.1:50001", "1 HELLO", "1 entered")
	b.say(ada, here, 1, message{kind: kindWhisper, sequence: 2})
	b.hello(ada, here, 1, 50000)
	b.did("what the old connection had left")
	b.say(ada, here, 2, message{kind: kindPing, sequence: 2})
	b.did("the new one goes on", "1 PING-OK")
	b.hello(ada, here, 2, 50001)
	b.did("HELLO twice by one connection", "1 disconnect", "1 exited out of sequence")
}

// TestRingAnswers has a peer that dropped us say HELLO, and once more when it has
// got ours: that is no reason to say it again by another connection.
func TestRingAnswers(t *testing.T) {
	b := newBench(t)
	b.ready(ada, here)
	b.now = b.now.Add(time.Minute)
	b.hello(ada, here, 2, 50000, "A")
	b.did("HELLO anew", "1 disconnect", "1 exited restarted", "1 connect 192.0.2.1:50000", "1 HELLO", "1 entered", "1 joined A")
	b.hello(ada, here, 3, 50000, "B")
	b.did("HELLO that answers", "1 exited restarted", "1 entered", "1 joined B")
	b.say(ada, here, 3, message{kind: kindPing, sequence: 2})
	b.did("and it goes on", "1 PING-OK")
	b.now = b.now.Add(replyTime)
	b.hello(ada, here, 4, 50000)
	b.did("HELLO later", "1 disconnect", "1 exited restarted", "1 connect 192.0.2.1:50000", "1 HELLO", "1 entered")
	b.up[ada] = false
	b.hello(ada, here, 5, 50000)
	b.did("HELLO when our connection is down", "1 disconnect", "1 exited restarted", "1 connect 192.0.2.1:50000", "1 HELLO", "1 entered")
}

// TestRingTwoAddresses has a peer that is heard by two links before it is
// connected to.
func TestRingTwoAddresses(t *testing.T) {
	b := newBench(t)
	b.beacon(here, ada, 50000)
	b.beacon(there, ada, 50000)
	b.did("both beacons", "1 connect 192.0.2.1:50000", "1 HELLO")
	b.hello(ada, there, 1, 50000)
	b.did("HELLO by the other link", "1 entered")
}

// TestRingReplaced has a node killed and another one started on its port.
func TestRingReplaced(t *testing.T) {
	b := newBench(t)
	b.ready(ada, here)
	b.beacon(here, bob, 50000)
	b.did("a beacon of another node at the same place is a hint")
	b.hello(bob, here, 2, 50000)
	b.did("HELLO from there", "2 connect 192.0.2.1:50000", "2 HELLO", "1 disconnect", "1 exited replaced", "2 entered")
}

// TestRingHelloCorrects has a beacon of a stranger name a wrong place.
func TestRingHelloCorrects(t *testing.T) {
	b := newBench(t)
	b.beacon(there, ada, 6666)
	b.did("a beacon", "1 connect 192.0.2.2:6666", "1 HELLO")
	b.up[ada] = true
	b.hello(ada, here, 1, 50000)
	b.did("HELLO", "1 connect 192.0.2.1:50000", "1 HELLO", "1 entered")
	b.say(bob, there, 1, message{kind: kindHello, sequence: 1, endpoint: "tcp://198.51.100.1:50001"})
	b.did("HELLO with the address of somebody else", "2 connect 192.0.2.2:50001", "2 HELLO", "2 entered")
	b.beacon(there, ada, 0)
	b.did("a goodbye from elsewhere")
	if b.r.stats.BeaconsRefuted != 1 {
		t.Errorf("%d refuted", b.r.stats.BeaconsRefuted)
	}
}

func TestRingBadHello(t *testing.T) {
	good := message{kind: kindHello, sequence: 1, endpoint: "tcp://192.0.2.1:50000"}
	for name, spoil := range map[string]func(m *message){
		"sequence":          func(m *message) { m.sequence = 2 },
		"endpoint":          func(m *message) { m.endpoint = "" },
		"scheme":            func(m *message) { m.endpoint = "ipc://192.0.2.1:50000" },
		"port 0":            func(m *message) { m.endpoint = "tcp://192.0.2.1:0" },
		"port beyond 65535": func(m *message) { m.endpoint = "tcp://192.0.2.1:65536" },
		"no port":           func(m *message) { m.endpoint = "tcp://192.0.2.1" },
	} {
		m := good
		spoil(&m)
		b := newBench(t)
		b.say(ada, here, 1, m)
		b.did(name + ", of somebody unknown")
		if b.r.stats.Bad != 1 {
			t.Errorf("%s: %d bad", name, b.r.stats.Bad)
		}
		b.ready(ada, here)
		b.say(ada, here, 2, m)
		b.did(name, "1 disconnect", "1 exited malformed")
	}
	b := newBench(t)
	b.ready(ada, here)
	o := origin{id: ada, addr: here, line: time.Unix(1_000_001, 0)}
	b.r.receive(b.now, o, octets(t, "aaa1 04 02 0002 04 41"), nil)
	b.did("half a JOIN", "1 disconnect", "1 exited malformed")
}

// TestRingStatus is about ZR-10: a status that is not the next is counted, and
// believed.
func TestRingStatus(t *testing.T) {
	b := newBench(t)
	b.ready(ada, here)
	sequence := uint16(1)
	group := func(k kind, status byte) {
		sequence++
		b.say(ada, here, 1, message{kind: k, sequence: sequence, group: "A", status: status})
	}
	group(kindJoin, 1)
	group(kindJoin, 2)
	group(kindLeave, 3)
	group(kindLeave, 4)
	b.did("each once", "1 joined A", "1 left A")
	if b.r.stats.StatusMismatch != 0 {
		t.Errorf("%d mismatches", b.r.stats.StatusMismatch)
	}
	group(kindJoin, 255)
	group(kindLeave, 0)
	if b.r.stats.StatusMismatch != 1 {
		t.Errorf("%d mismatches, want that of 255 after 4", b.r.stats.StatusMismatch)
	}
	b.r.acts = nil
	for n := range 300 {
		b.r.join("B")
		b.r.leave("B")
		if a := b.r.acts[len(b.r.acts)-1].message; a.kind != kindLeave || a.status != byte(2*n+2) {
			t.Fatalf("%v with status %d after %d changes", a.kind, a.status, 2*n+2)
		}
	}
	if b.r.leave("B") || !b.r.join("B") || b.r.join("B") {
		t.Error("what changes nothing counts")
	}
}
