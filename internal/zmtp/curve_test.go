package zmtp

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/crypto/nacl/box"
)

// testPair returns the key pair of 32 times c.
func testPair(t testing.TB, c byte) curvePair {
	t.Helper()
	p, err := newCurvePair(bytes.NewReader(repeat(c, CurveKeySize)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// endless is randomness that is none: the octets 1, 2, 3 ... from a start.
type endless byte

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		*e++
		b[i] = byte(*e)
	}
	return len(b), nil
}

func from(c byte) io.Reader {
	e := endless(c)
	return &e
}

// curveTalk is a client and a server, started, that know each other's keys.
type curveTalk struct {
	client *curveClient
	server *curveServer
}

func newCurveTalk(t testing.TB) curveTalk {
	t.Helper()
	return newCurveTalkWith(t, from(0), from(100))
}

func newCurveTalkWith(t testing.TB, randomC, randomS io.Reader) curveTalk {
	t.Helper()
	s := testPair(t, 's')
	c, err := newCurveClient(s.public, testPair(t, 'c'), randomC)
	if err != nil {
		t.Fatal(err)
	}
	talk := curveTalk{c, newCurveServer(s, randomS)}
	talk.client.Start(Metadata{{SocketTypeProperty, []byte("PUSH")}})
	talk.server.Start(Metadata{{SocketTypeProperty, []byte("PULL")}})
	return talk
}

// output returns the one command that m has to send.
func output(t testing.TB, m Mechanism) (name string, payload []byte) {
	t.Helper()
	frame, err := m.Output(nil)
	if err != nil {
		t.Fatal(err)
	}
	name, payload, err = ParseCommand(body(t, frame))
	if err != nil {
		t.Fatal(err)
	}
	return name, bytes.Clone(payload)
}

// deliver gives the one command that from has to send to to.
func deliver(t testing.TB, from, to Mechanism) {
	t.Helper()
	name, payload := output(t, from)
	if err := to.Receive(name, payload); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// upTo takes the talk to where the command called name is next.
func (k curveTalk) upTo(t testing.TB, name string) curveTalk {
	t.Helper()
	if name == commandHello {
		return k
	}
	deliver(t, k.client, k.server)
	if name == commandWelcome {
		return k
	}
	deliver(t, k.server, k.client)
	if name == commandInitiate {
		return k
	}
	deliver(t, k.client, k.server)
	k.server.Answer(Verdict{Status: StatusOK})
	return k
}

// connect has two handshakes talk until they are done or one has failed. The
// server's authenticator answers with v.
func connect(t *testing.T, client, server *Handshake, v Verdict) (errC, errS error) {
	t.Helper()
	for range 3 {
		c, s := pump(t, client, server)
		errC, errS = errors.Join(errC, c), errors.Join(errS, s)
		if _, ok := server.Asked(); !ok {
			break
		}
		server.Answer(v)
		_, err := server.Receive(nil)
		errS = errors.Join(errS, err)
	}
	return errC, errS
}

func curveHandshakes(t testing.TB, c, s Config) (client, server *Handshake) {
	t.Helper()
	keysC, keysS := testPair(t, 'c'), testPair(t, 's')
	m, err := CurveClient(keysS.public, &keysC.public, &keysC.secret)
	if err != nil {
		t.Fatal(err)
	}
	c.Mechanism, s.Mechanism = m, CurveServer(&keysS.public, &keysS.secret)
	return NewHandshake(c), NewHandshake(s)
}

// WT-122: both learn who the other is, and what is sealed by one is opened by
// the other. WT-85: metadata may be long.
func TestCurve(t *testing.T) {
	identity := repeat('i', MaxIdentity)
	client, server := curveHandshakes(t,
		Config{SocketType: "DEALER", Identity: identity, SendIdentity: true},
		Config{SocketType: "ROUTER", Properties: Metadata{{"X-much", repeat('x', 10_000)}}})
	if errC, errS := pump(t, client, server); errC != nil || errS != nil || client.Done() || server.Done() {
		t.Fatalf("client %v, server %v", errC, errS)
	}
	asked, ok := server.Asked()
	id, _ := asked.Properties.Lookup(IdentityProperty)
	if c := testPair(t, 'c').public; !ok || len(asked.Credentials) != 1 || !bytes.Equal(asked.Credentials[0], c[:]) || !bytes.Equal(id, identity) {
		t.Fatalf("asked %+v, %v", asked, ok)
	}
	errC, errS := connect(t, client, server, Verdict{Status: StatusOK, UserID: "ann", Metadata: Metadata{{"X-team", []byte("blue")}}})
	if errC != nil || errS != nil || !client.Done() || !server.Done() {
		t.Fatalf("client %v, server %v", errC, errS)
	}
	c, s := client.Peer(), server.Peer()
	team, _ := s.Properties.Lookup("X-Team")
	if much, _ := c.Properties.Lookup("x-much"); len(much) != 10_000 || c.SocketType != "ROUTER" || c.Mechanism != "CURVE" {
		t.Errorf("the client sees %+v", c)
	}
	if s.SocketType != "DEALER" || s.UserID != "ann" || string(team) != "blue" || !bytes.Equal(s.Identity, identity) {
		t.Errorf("the server sees %+v", s)
	}
	for _, way := range []struct{ from, to *Handshake }{{client, server}, {server, client}} {
		if first := way.from.Cipher(); first != way.from.Cipher() {
			t.Fatal("two ciphers of one connection")
		}
		for _, text := range []string{"one", "two"} {
			got, err := way.to.Cipher().Open(nil, messageBody(t, way.from.Cipher().Seal(nil, 0, []byte(text))))
			if err != nil || string(got) != "\x00\x03"+text {
				t.Errorf("opened %q, %v", got, err)
			}
		}
	}
}

// WT-75: what the counters start with.
func TestCurveNonces(t *testing.T) {
	k := newCurveTalk(t).upTo(t, CommandReady)
	deliver(t, k.server, k.client)
	for name, got := range map[string][4]uint64{
		"client": {k.client.Cipher().send.last, k.client.Cipher().recv.last, 2, 1},
		"server": {k.server.Cipher().send.last, k.server.Cipher().recv.last, 1, 2},
	} {
		if got[0] != got[2] || got[1] != got[3] {
			t.Errorf("%s has sent %d and received %d, want %d and %d", name, got[0], got[1], got[2], got[3])
		}
	}
}

// WT-86: nothing that is to be fresh is there twice, and no key travels that is
// secret. What one connection sends is of no use on another.
func TestCurveFresh(t *testing.T) {
	c, s := testPair(t, 'c'), testPair(t, 's')
	seen := map[string]bool{}
	var written []byte
	for range 3 {
		cm, err := newCurveClient(s.public, c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		sm := newCurveServer(s, rand.Reader)
		client, server := NewHandshake(Config{Mechanism: cm}), NewHandshake(Config{Mechanism: sm})
		for range 3 {
			toS, toC := client.Output(), server.Output()
			written = append(append(written, toS...), toC...)
			_, errS := server.Receive(toS)
			_, errC := client.Receive(toC)
			if errS != nil || errC != nil {
				t.Fatal(errC, errS)
			}
		}
		for name, b := range map[string][]byte{
			"c'": cm.transient.secret[:], "s'": sm.transient.secret[:], "cookie": sm.cookie[:],
			"vouch nonce": cm.vouchNonce[:], "WELCOME nonce": sm.welcomeNonce[:],
		} {
			if seen[string(b)] || bytes.Equal(b, make([]byte, len(b))) {
				t.Errorf("%s %x is not fresh", name, b)
			}
			seen[string(b)] = true
		}
		for name, b := range map[string][]byte{"c": c.secret[:], "s": s.secret[:], "c'": cm.transient.secret[:], "s'": sm.transient.secret[:], "C": c.public[:]} {
			if bytes.Contains(written, b) {
				t.Errorf("%s is on the wire", name)
			}
		}
	}
}

// The key of the boxes is NaCl's, and points of low order have none.
func TestCurveShared(t *testing.T) {
	a, b := testPair(t, 'a'), testPair(t, 'b')
	var want [32]byte
	box.Precompute(&want, &a.public, &b.secret)
	if got, err := curveShared(&a.public, &b.secret); err != nil || *got != want {
		t.Errorf("got %x, %v, want %x", got, err, want)
	}
	for _, low := range lowOrder() {
		if got, err := curveShared(&low, &b.secret); kindOf(err) != BadCrypto {
			t.Errorf("%x: %x, %v", low, got, err)
		}
		if m, err := CurveClient(low, &a.public, &a.secret); err == nil || m != nil {
			t.Errorf("a client of the server %x: %v, %v", low, m, err)
		}
	}
}

// lowOrder returns the points of low order: with 0 and 1 the two of order 8, and
// these three and 0 as other numbers modulo 2^255-19.
func lowOrder() (points [][32]byte) {
	p := [32]byte(repeat(0xFF, 32))
	p[0], p[31] = 0xED, 0x7F
	zero, one, below, above := [32]byte{}, [32]byte{1}, p, p
	below[0]--
	above[0]++
	return append(points, zero, one, p, below, above,
		[32]byte{
			0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
			0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
		},
		[32]byte{
			0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
			0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
		})
}

// Without random octets there is no handshake, rather than one that is not safe.
func TestCurveWithoutRandomness(t *testing.T) {
	c, s := testPair(t, 'c'), testPair(t, 's')
	for n := range 2 * CurveKeySize {
		if m, err := newCurveClient(s.public, c, bytes.NewReader(make([]byte, n))); n < 48 && (err == nil || m != nil) {
			t.Errorf("client with %d random octets: %v, %v", n, m, err)
		}
	}
	for n := range CurveKeySize + curveRandom + cookieSize {
		k := newCurveTalk(t)
		k.server.random = bytes.NewReader(make([]byte, n))
		name, payload := output(t, k.client)
		if err := k.server.Receive(name, payload); err == nil {
			t.Errorf("server with %d random octets takes HELLO", n)
		}
	}
}

// WT-83: a refusal in the words of RFC 27, and in the clear.
func TestMechanismsRefusals(t *testing.T) {
	for name, pair := range map[string]func() (client, server *Handshake){
		"CURVE": func() (client, server *Handshake) { return curveHandshakes(t, Config{}, Config{}) },
		"PLAIN": func() (client, server *Handshake) {
			return NewHandshake(Config{Mechanism: PlainClient("ann", "tea")}), NewHandshake(Config{Mechanism: PlainServer()})
		},
	} {
		for status, want := range map[int]string{StatusTemporary: "", StatusDenied: "400", StatusInternal: "500"} {
			t.Run(fmt.Sprint(name, status), func(t *testing.T) {
				client, server := pair()
				errC, errS := connect(t, client, server, Verdict{Status: status, Text: "unknown", UserID: "ann"})
				if e := new(AuthError); !errors.As(errS, &e) || e.Status != status || e.Text != "unknown" || server.Done() || server.Cipher() != nil {
					t.Errorf("server: %v, done %v", errS, server.Done())
				}
				if e := new(PeerError); errors.As(errC, &e) != (want != "") || e.Reason != want || client.Done() || client.Cipher() != nil {
					t.Errorf("client: %v, done %v", errC, client.Done())
				}
			})
		}
	}
}

// A peer that is not admitted: the server says why, the client just goes.
func TestMechanismsAdmission(t *testing.T) {
	no := func(Peer) error { return errDenied }
	for name, pair := range map[string]func(c, s Config) (client, server *Handshake){
		"CURVE": func(c, s Config) (client, server *Handshake) { return curveHandshakes(t, c, s) },
		"PLAIN": func(c, s Config) (client, server *Handshake) {
			c.Mechanism, s.Mechanism = PlainClient("ann", "tea"), PlainServer()
			return NewHandshake(c), NewHandshake(s)
		},
	} {
		client, server := pair(Config{}, Config{Admit: no})
		errC, errS := connect(t, client, server, Verdict{Status: StatusOK})
		if e := new(PeerError); !errors.As(errC, &e) || e.Reason != "denied" || !errors.Is(errS, errDenied) || server.Done() || client.Done() {
			t.Errorf("%s, by the server: client %v, server %v", name, errC, errS)
		}
		client, server = pair(Config{Admit: no}, Config{})
		errC, errS = connect(t, client, server, Verdict{Status: StatusOK})
		if !errors.Is(errC, errDenied) || errS != nil || client.Done() || len(client.Output()) > 0 {
			t.Errorf("%s, by the client: client %v, server %v", name, errC, errS)
		}
	}
}

// WT-67: two servers, or two clients, come to an end, and never to traffic. They
// find out by the greeting or, of one that does not set the bit in it, by HELLO
// or never.
func TestMechanismsWithTheSameRole(t *testing.T) {
	keys := testPair(t, 'k')
	roles := map[string]func() Mechanism{
		"PLAIN client": func() Mechanism { return PlainClient("ann", "tea and secrets") },
		"PLAIN server": PlainServer,
		"CURVE server": func() Mechanism { return CurveServer(&keys.public, &keys.secret) },
		"CURVE client": func() Mechanism {
			m, err := CurveClient(keys.public, &keys.public, &keys.secret)
			if err != nil {
				t.Fatal(err)
			}
			return m
		},
	}
	for name, role := range roles {
		t.Run(name, func(t *testing.T) {
			a, b := NewHandshake(Config{Mechanism: role()}), NewHandshake(Config{Mechanism: role()})
			errA, errB := pump(t, a, b)
			want := UnexpectedCommand
			if strings.HasSuffix(name, "server") {
				want = BadGreeting
			}
			if kindOf(errA) != want || kindOf(errB) != want || a.Done() || b.Done() {
				t.Errorf("%v and %v, want %v", errA, errB, want)
			}
			if _, ok := a.Asked(); ok {
				t.Error("an authenticator is asked")
			}
			// A server like libzmq's, that waits for a HELLO and does not say so.
			h := NewHandshake(Config{Mechanism: role()})
			greeting := AppendGreeting(nil, Greeting{Mechanism: h.Mechanism()})
			if n, err := h.Receive(greeting); n != GreetingSize || err != nil || h.Done() {
				t.Errorf("consumed %d, %v", n, err)
			}
		})
	}
}
