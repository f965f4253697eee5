package interop

import (
	"strings"
	"testing"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// identities are what a socket may call itself: any octets but a first one of
// zero, at most 255 (WT-49). The empty one leaves it to the ROUTER.
func identities() map[string]string {
	return map[string]string{
		"generated": "",
		"text":      "worker-7",
		"binary":    "\x01\x00\xff\n\x80",
		"one octet": "\xff",
		"longest":   strings.Repeat("\xfe", 255),
	}
}

// TestIdentity lets a ROUTER answer a DEALER by the identity that it announced,
// or that the ROUTER made up, either of them ours.
func TestIdentity(t *testing.T) { eachPeer(t, rowIdentity, everyPeer, identity) }

func identity(t *testing.T, p *process) {
	for name, id := range identities() {
		if p.name == jeroMQ.name {
			id = id[:min(len(id), 127)] // one more ends its thread for input and output
		}
		t.Run("router=theirs/"+name, func(t *testing.T) {
			we := newOurs(t, "DEALER", id, p.we())
			they := theirs(t, p, "ROUTER")
			link(t, "tcp", they, we)
			converse(t, they, we, id)
		})
		t.Run("router=ours/"+name, func(t *testing.T) {
			we := newOurs(t, "ROUTER", "", p.we())
			var o []peer.Option
			if id != "" {
				o = append(o, peer.Bytes("ROUTING_ID", id))
			}
			they := theirs(t, p, "DEALER", o...)
			link(t, "tcp", we, they)
			converse(t, we, they, id)
		})
	}
}

// converse sends from dealer to router and back, and compares the identity.
func converse(t *testing.T, router, dealer any, id string) {
	t.Helper()
	send(t, dealer, text("hello")...)
	m := recv(t, router)
	if len(m) != 2 || string(m[1]) != "hello" {
		t.Fatalf("router got %v", m)
	}
	switch got := string(m[0]); {
	case id != "" && got != id:
		t.Fatalf("router calls the peer %q, want %q", got, id)
	case id == "" && (len(got) != 5 || got[0] != 0):
		t.Fatalf("router calls the peer %q, want a zero octet and four others (RR-43)", got)
	}
	send(t, router, m[0], []byte("welcome"))
	expect(t, dealer, text("welcome")...)
}

// TestIdentityTaken connects two DEALERs of one name to a ROUTER: libzmq ignores
// the second and we refuse it, and the first is not disturbed (RR-44).
func TestIdentityTaken(t *testing.T) { eachPeer(t, rowTaken, everyPeer, identityTaken) }

func identityTaken(t *testing.T, p *process) {
	t.Run("router=ours", func(t *testing.T) {
		we := newOurs(t, "ROUTER", "", p.we())
		monitor := we.Monitor()
		first := theirs(t, p, "DEALER", peer.Bytes("ROUTING_ID", "same"))
		endpoint := link(t, "tcp", we, first)
		waitPeers(t, we, 1)
		second := theirs(t, p, "DEALER", peer.Bytes("ROUTING_ID", "same"))
		must(t, second.Connect(endpoint))
		awaitEvent(t, monitor, socket.EventHandshakeFailed)
		send(t, second, text("intruder")...)
		converse(t, we, first, "same")
	})
	t.Run("router=theirs", func(t *testing.T) {
		they := theirs(t, p, "ROUTER")
		first := newOurs(t, "DEALER", "same", p.we())
		endpoint := link(t, "tcp", they, first)
		converse(t, they, first, "same")
		second := newOurs(t, "DEALER", "same", p.we())
		must(t, second.Connect(endpoint))
		waitPeers(t, second, 1)
		send(t, second, text("intruder")...)
		converse(t, they, first, "same")
	})
	t.Run("handover to ours", func(t *testing.T) {
		they := theirs(t, p, "ROUTER", peer.Int("ROUTER_HANDOVER", 1))
		first := newOurs(t, "DEALER", "same", p.we(), socket.WithRedial(patience, patience))
		endpoint := link(t, "tcp", they, first)
		converse(t, they, first, "same")
		second := newOurs(t, "DEALER", "same", p.we())
		must(t, second.Connect(endpoint))
		converse(t, they, second, "same")
	})
}

// TestProbe lets the connecting side announce itself to a ROUTER by an empty
// message (RR-37), so that the ROUTER can speak first.
func TestProbe(t *testing.T) { eachPeer(t, rowProbe, bothLibzmqs, probe) }

func probe(t *testing.T, p *process) {
	probing := []peer.Option{peer.Int("PROBE_ROUTER", 1), peer.Bytes("ROUTING_ID", "prober")}
	for _, kind := range []string{"DEALER", "ROUTER"} {
		t.Run("prober=ours/"+kind, func(t *testing.T) {
			var we ours
			id := socket.WithIdentity([]byte("prober"))
			if kind == "DEALER" {
				s, err := socket.NewDealer(quick(), id, socket.WithProbe())
				we = own(t, s, err)
			} else {
				s, err := socket.NewRouter(quick(), id, socket.WithProbe())
				we = own(t, s, err)
			}
			they := theirs(t, p, "ROUTER", peer.Bytes("ROUTING_ID", "probed"))
			link(t, "tcp", they, we)
			expect(t, they, text("prober", "")...)
			send(t, they, text("prober", "welcome")...)
			expect(t, we, fromRouter(kind, "welcome")...)
		})
		t.Run("prober=theirs/"+kind, func(t *testing.T) {
			we := newOurs(t, "ROUTER", "probed")
			they := theirs(t, p, kind, probing...)
			link(t, "tcp", we, they)
			expect(t, we, text("prober", "")...)
			send(t, we, text("prober", "welcome")...)
			expect(t, they, fromRouter(kind, "welcome")...)
		})
	}
}

// fromRouter is what a socket of a kind gets when the ROUTER "probed" sends it
// a word.
func fromRouter(kind, word string) socket.Message {
	if kind == "ROUTER" {
		return text("probed", word)
	}
	return text(word)
}
