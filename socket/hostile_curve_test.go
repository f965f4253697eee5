package socket

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/internal/faultnet"
)

// A meddler stands between a client and a server, and may change what passes.
type meddler struct {
	t       *testing.T
	network *faultnet.Network
	l       net.Listener
	wg      sync.WaitGroup

	mu    sync.Mutex
	met   int       // connections so far
	heard [2][]byte // of the first: what the client said, and the server
}

// An alteration returns what is to be passed on in place of octets of the first
// connection: of the client (0) or the server (1), the first of them at a place.
type alteration func(way, place int, octets []byte) []byte

func none(_, _ int, octets []byte) []byte { return octets }

func newMeddler(t *testing.T, network *faultnet.Network, alter alteration) *meddler {
	t.Helper()
	m := &meddler{t: t, network: network, l: must(network.Listen(t.Context(), "meddler"))}
	m.wg.Go(func() {
		for {
			c, err := m.l.Accept()
			if err != nil {
				return
			}
			m.mu.Lock()
			first := m.met == 0
			m.met++
			m.mu.Unlock()
			s, err := network.Dial(t.Context(), "server")
			if err != nil {
				c.Close()
				continue
			}
			pass := func(way int, from, to net.Conn) {
				defer to.Close()
				buf := make([]byte, 4096)
				for place := 0; ; {
					n, err := from.Read(buf)
					out := buf[:n]
					if first {
						m.mu.Lock()
						m.heard[way] = append(m.heard[way], out...)
						m.mu.Unlock()
						out = alter(way, place, out)
						place += n
					}
					if _, werr := to.Write(out); err != nil || werr != nil {
						from.Close()
						return
					}
				}
			}
			m.wg.Go(func() { pass(0, c, s) })
			m.wg.Go(func() { pass(1, s, c) })
		}
	})
	return m
}

// close ends the meddling; the sockets are closed already.
func (m *meddler) close() {
	m.l.Close()
	m.wg.Wait()
}

// said returns what was said on the first connection.
func (m *meddler) said(way int) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.heard[way])
}

// words are what is sent through a meddler.
var words = []string{"one", "two", "three"}

// meddled sends the words from a PUSH to a PULL that both speak CURVE, and
// returns those that arrived and how many connections it took.
func meddled(t *testing.T, network *faultnet.Network, alter alteration) (got []string, m *meddler) {
	t.Helper()
	o := WithOptions(settings(network), Encrypted(), WithHeartbeat(0, 0))
	pull, push := must(NewPull(o)), must(NewPush(o))
	must(pull.Bind("fault://server"))
	m = newMeddler(t, network, alter)
	if err := push.Connect("fault://meddler"); err != nil {
		t.Fatal(err)
	}
	for _, w := range words {
		if err := push.Send(t.Context(), []byte(w)); err != nil {
			t.Fatal(err)
		}
	}
	pass(10 * time.Second) // longer than a handshake may take
	for {
		r, err := pull.TryRecv()
		if err != nil {
			break
		}
		got = append(got, texts(r)...)
	}
	friend := must(NewPush(o))
	if err := friend.Connect("fault://server"); err != nil {
		t.Fatal(err)
	}
	withinSecond(t, "a friend", func(ctx context.Context) error { return passed(ctx, friend, pull, "word") })
	balanced(t, "PULL", pull.Stats())
	balanced(t, "PUSH", push.Stats())
	for _, n := range []node{friend, push, pull} {
		n.Close()
	}
	m.close()
	return got, m
}

// TestHostileMeddler: whoever changes an octet of encrypted traffic, anywhere,
// ends the connection, and no application ever receives what its peer did not
// send: what arrives are the words, some missing, none changed or out of order.
func TestHostileMeddler(t *testing.T) {
	step := 5
	if testing.Short() || raceEnabled {
		step = 23
	}
	const hello = 64 + 2 + 200 // before its end are octets that mean nothing, and are nobody's secret
	var octets [2]int
	synctest.Test(t, func(t *testing.T) {
		got, m := meddled(t, faultnet.New(1, nil), none)
		if strings.Join(got, " ") != strings.Join(words, " ") || m.met != 1 {
			t.Fatalf("through a meddler that does nothing came %q, on %d connections", got, m.met)
		}
		octets = [2]int{len(m.said(0)), len(m.said(1))}
	})
	for way, n := range octets {
		for at := 0; at < n; at += step {
			synctest.Test(t, func(t *testing.T) {
				got, m := meddled(t, faultnet.New(1, nil), func(w, place int, octets []byte) []byte {
					if i := at - place; w == way && i >= 0 && i < len(octets) {
						octets[i] ^= 1 << (at % 8)
					}
					return octets
				})
				rest := words
				for _, g := range got {
					for len(rest) > 0 && rest[0] != g {
						rest = rest[1:]
					}
					if len(rest) == 0 {
						t.Fatalf("way %d, octet %d of %d: %q came", way, at, n, got)
					}
					rest = rest[1:]
				}
				ended := m.met > 1
				if strict := way == 0 && at >= hello || way == 1 && at >= 64; strict && !ended {
					t.Errorf("way %d, octet %d of %d: the connection went on", way, at, n)
				}
				if !ended && len(got) != len(words) {
					t.Errorf("way %d, octet %d of %d: %q came", way, at, n, got)
				}
			})
		}
	}
}

// TestHostileRepetition: a message that is said twice on the same connection is
// received once, and ends it.
func TestHostileRepetition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, m := meddled(t, faultnet.New(1, nil), none)
		end := len(m.said(0))
		last := len(command("MESSAGE", strings.Repeat("n", 8+16+1)+words[len(words)-1]))
		got, m := meddled(t, faultnet.New(1, nil), func(way, place int, octets []byte) []byte {
			if way == 0 && place+len(octets) == end && len(octets) >= last {
				octets = append(bytes.Clone(octets), octets[len(octets)-last:]...)
			}
			return octets
		})
		if !slices.Equal(got, words) || m.met != 2 {
			t.Errorf("%q came, on %d connections", got, m.met)
		}
	})
}

// TestHostileReplay: what a client has said, said again by another, opens
// nothing, and is not received a second time.
func TestHostileReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := faultnet.New(1, nil)
		_, m := meddled(t, network, none)
		pull := closing(t, must(NewPull(settings(network), Encrypted())))
		events := watch(t, pull)
		must(pull.Bind("fault://again"))
		said := m.said(0)
		for _, n := range []int{len(said), len(said) - 1, 600} {
			c := must(network.Dial(t.Context(), "again"))
			r := newRaw(t, c)
			r.send(said[:n])
			r.ended()
			e := events.await("refused", about(EventHandshakeFailed, r.address()))
			if !errors.Is(e.Err, ErrProtocol) {
				t.Errorf("reason %v", e.Err)
			}
			c.Close()
		}
		if got, err := pull.TryRecv(); !errors.Is(err, ErrWouldBlock) {
			t.Errorf("received %v, %v", got, err)
		}
	})
}

// TestHostileCurve: every type of socket that speaks CURVE survives who does not,
// or not in good order, and serves who does within a second.
func TestHostileCurve(t *testing.T) {
	curve := greeting(3, 1, "CURVE")
	after := func(octets ...byte) []byte { return append(bytes.Clone(curve), octets...) }
	key := strings.Repeat("k", 32)
	hello := "\x01\x00" + strings.Repeat("\x00", 72) + key + "12345678" + strings.Repeat("b", 80)
	for _, a := range []assault{
		{attack: attack{name: "NULL", octets: append(greeting(3, 1, "NULL"), ready("Socket-Type", "PUSH")...), is: ErrProtocol}},
		{attack: attack{name: "PLAIN", octets: greeting(3, 1, "PLAIN"), is: ErrProtocol}},
		{attack: attack{name: "mute", octets: curve, says: "handshake not done within"}},
		{attack: attack{name: "READY first", octets: after(ready("Socket-Type", "PUSH")...), is: ErrProtocol}},
		{attack: attack{name: "message first", octets: after(message("early")...), is: ErrProtocol}},
		{attack: attack{name: "MESSAGE first", octets: after(command("MESSAGE", strings.Repeat("m", 40))...), is: ErrProtocol}},
		{attack: attack{name: "INITIATE first", octets: after(command("INITIATE", strings.Repeat("i", 300))...), is: ErrProtocol}},
		{attack: attack{name: "HELLO that does not open", octets: after(command("HELLO", hello)...), is: ErrProtocol}},
		{attack: attack{name: "HELLO of a key of no order", octets: after(command("HELLO", strings.ReplaceAll(hello, key, strings.Repeat("\x00", 32)))...), is: ErrProtocol}},
		{attack: attack{name: "short HELLO", octets: after(command("HELLO", hello[1:])...), is: ErrProtocol}},
		{attack: attack{name: "long HELLO", octets: after(command("HELLO", hello+"x")...), is: ErrProtocol}},
		{attack: attack{name: "HELLO of another version", octets: after(command("HELLO", "\x02"+hello[1:])...), is: ErrProtocol}},
		{attack: attack{name: "HELLO of 2^40", octets: after(longHeader(control, 1<<40)...), is: ErrTooLarge}},
		{attack: attack{name: "leaves in HELLO", octets: after(command("HELLO", hello)[:100]...), finish: true}},
		{attack: attack{name: "reset in HELLO", octets: after(command("HELLO", hello)[:100]...)}, reset: true},
	} {
		for _, k := range slices.Concat(kindsOfSocket, singleKinds) {
			t.Run(k.name+"/"+a.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { k.assaulted(t, a, Encrypted()) })
			})
		}
	}
}
