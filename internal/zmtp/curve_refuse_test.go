package zmtp

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/nacl/box"
)

// seal makes the rest of a command: a counter, and a box with a nonce of it.
func seal(t testing.TB, prefix string, nonce uint64, plain []byte, public, secret *[32]byte) []byte {
	t.Helper()
	counter := binary.BigEndian.AppendUint64(nil, nonce)
	return box.Seal(counter, plain, curveNonce(prefix, counter), public, secret)
}

// An initiate is what goes into an INITIATE, each part for a test to replace.
type initiate struct {
	cookie    []byte
	nonce     uint64
	public    [32]byte // C
	vouchWith curvePair
	vouchFor  [32]byte // S
	transient [32]byte // C' in the vouch
	metadata  []byte
}

// newInitiate returns what is in the INITIATE that is next.
func (k curveTalk) newInitiate() initiate {
	return initiate{
		k.server.cookie[:], initiateNonce, k.client.own.public, k.client.own, k.server.own.public,
		k.client.transient.public, k.client.local.Append(nil),
	}
}

// payload makes the INITIATE.
func (i initiate) payload(t testing.TB, k curveTalk) []byte {
	t.Helper()
	tail := repeat('v', curveRandom)
	plain := append(i.public[:], tail...)
	vouched := append(i.transient[:], i.vouchFor[:]...)
	plain = box.Seal(plain, vouched, curveNonce(nonceVouch, tail), &k.server.transient.public, &i.vouchWith.secret)
	plain = append(plain, i.metadata...)
	sealed := seal(t, nonceInitiate, i.nonce, plain, &k.server.transient.public, &k.client.transient.secret)
	return slices.Concat(i.cookie, sealed)
}

func TestCurveServerRefusesHello(t *testing.T) {
	_, good := output(t, newCurveTalk(t).client)
	with := func(at int, b ...byte) []byte {
		return append(append(bytes.Clone(good[:at]), b...), good[at+len(b):]...)
	}
	other := testPair(t, 'o')
	server := testPair(t, 's')
	type hello struct {
		name    string
		payload []byte
		want    Kind
	}
	tests := []hello{
		{"version 0.0", with(0, 0, 0), BadCommand},
		{"version 1.1", with(0, 1, 1), BadCommand},
		{"version 2.0", with(0, 2, 0), BadCommand},
		{"first of the padding", with(2, 1), BadCommand},
		{"last of the padding", with(73, 0x80), BadCommand},
		{"another transient key", with(74, other.public[:]...), BadCrypto},
		{"another nonce", with(106, 0, 0, 0, 0, 0, 0, 0, 2), BadCrypto},
		{"WT-70 padding of 70", append(bytes.Clone(good[:72]), good[74:]...), BadCommand},
		{"a box with something in it", slices.Concat(
			good[:74], other.public[:], seal(t, nonceHello, 1, append(make([]byte, 63), 1), &server.public, &other.secret),
		), BadCrypto},
		{"for another server", slices.Concat(
			good[:74], other.public[:], seal(t, nonceHello, 1, make([]byte, 64), &other.public, &other.secret),
		), BadCrypto},
		{"a box of 65 zeros", slices.Concat(
			good[:74], other.public[:], seal(t, nonceHello, 1, make([]byte, 65), &server.public, &other.secret),
		), BadCommand},
		{"a box for INITIATE", slices.Concat(
			good[:74], other.public[:], seal(t, nonceInitiate, 1, make([]byte, 64), &server.public, &other.secret),
		), BadCrypto},
	}
	for _, low := range lowOrder() {
		// What the box opens with then is known to everybody.
		tests = append(tests, hello{"a key of low order", slices.Concat(
			good[:74], low[:], sealWithZero(nonceHello, 1, make([]byte, 64)),
		), BadCrypto})
	}
	for _, tt := range tests {
		k := newCurveTalk(t)
		if err := k.server.Receive(commandHello, tt.payload); kindOf(err) != tt.want {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
	}
	eachOctet(t, commandHello, good, 200-6, newCurveTalk(t).servers)
	k := newCurveTalk(t)
	if err := k.server.Receive(commandHello, seal0(t, &k)); err != nil {
		t.Errorf("WT-76 nonce 0: %v", err)
	}
}

// seal0 makes a HELLO with the nonce 0, as libzmq's tests do.
func seal0(t testing.TB, k *curveTalk) []byte {
	t.Helper()
	return slices.Concat([]byte{1, 0}, make([]byte, 72), k.client.transient.public[:],
		seal(t, nonceHello, 0, make([]byte, 64), &k.server.own.public, &k.client.transient.secret))
}

// sealWithZero makes a counter and a box with the key that comes of a public key
// of low order, whatever the secret one.
func sealWithZero(prefix string, nonce uint64, plain []byte) []byte {
	var key, zero [32]byte
	box.Precompute(&key, &zero, &[32]byte{1})
	counter := binary.BigEndian.AppendUint64(nil, nonce)
	return box.SealAfterPrecomputation(counter, plain, curveNonce(prefix, counter), &key)
}

// clients and servers return one more client or server in the same state.
func (k curveTalk) clients() Mechanism { c := *k.client; return &c }
func (k curveTalk) servers() Mechanism { s := *k.server; return &s }

// eachOctet checks that a payload is refused with any octet of it changed, cut
// off anywhere, or with one more; below the least size, for its size.
func eachOctet(t *testing.T, name string, good []byte, least int, receiver func() Mechanism) {
	t.Helper()
	if err := receiver().Receive(name, good); err != nil {
		t.Fatalf("%s as it is: %v", name, err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if err := receiver().Receive(name, bad); err == nil {
			t.Errorf("%s with octet %d changed is taken", name, i)
		}
		if err := receiver().Receive(name, good[:i]); err == nil || i < least && kindOf(err) != BadCommand {
			t.Errorf("%d of %d octets of %s: %v", i, len(good), name, err)
		}
	}
	if err := receiver().Receive(name, append(bytes.Clone(good), 0)); err == nil {
		t.Errorf("%s with an octet more is taken", name)
	}
}

func TestCurveServerRefusesInitiate(t *testing.T) {
	other := testPair(t, 'o')
	for _, tt := range []struct {
		name string
		edit func(i *initiate)
		want Kind
	}{
		{"as it is", func(*initiate) {}, 0},
		{"a gap in the nonces", func(i *initiate) { i.nonce = 1 << 40 }, 0},
		{"without metadata", func(i *initiate) { i.metadata = nil }, 0},
		{"HELLO's nonce", func(i *initiate) { i.nonce = helloNonce }, BadNonce},
		{"nonce 0", func(i *initiate) { i.nonce = 0 }, BadNonce},
		{"WT-73 another cookie", func(i *initiate) { i.cookie = repeat(0, cookieSize) }, BadCrypto},
		{"WT-73 a vouch for another C'", func(i *initiate) { i.transient = other.public }, BadCrypto},
		{"WT-74 a vouch for another S", func(i *initiate) { i.vouchFor = other.public }, BadCrypto},
		{"a vouch for C' and C'", func(i *initiate) { i.vouchFor = i.transient }, BadCrypto},
		{"a vouch for S and C'", func(i *initiate) { i.transient, i.vouchFor = i.vouchFor, i.transient }, BadCrypto},
		{"WT-81 another C", func(i *initiate) { i.public = other.public }, BadCrypto},
		{"WT-81 a vouch by another", func(i *initiate) { i.vouchWith = other }, BadCrypto},
		{"no C", func(i *initiate) { i.public = [32]byte{} }, BadCrypto},
		{"metadata cut off", func(i *initiate) { i.metadata = []byte{1, 'a', 0, 0, 0, 2, 'x'} }, BadMetadata},
		{"metadata twice", func(i *initiate) { i.metadata = append(i.metadata, i.metadata...) }, BadMetadata},
	} {
		k := newCurveTalk(t).upTo(t, commandInitiate)
		i := k.newInitiate()
		tt.edit(&i)
		err := k.server.Receive(commandInitiate, i.payload(t, k))
		if kindOf(err) != tt.want || (err == nil) != (k.server.State() == Waiting) {
			t.Errorf("%s: state %v, error %v, want %v", tt.name, k.server.State(), err, tt.want)
		}
	}
	for _, size := range []int{0, 1, 32, 127} {
		k := newCurveTalk(t).upTo(t, commandInitiate)
		sealed := seal(t, nonceInitiate, 2, make([]byte, size), &k.server.transient.public, &k.client.transient.secret)
		if err := k.server.Receive(commandInitiate, append(k.server.cookie[:], sealed...)); kindOf(err) != BadCommand {
			t.Errorf("WT-72 a good box of %d octets: %v", size, err)
		}
	}
	_, good := output(t, newCurveTalk(t).upTo(t, commandInitiate).client)
	eachOctet(t, commandInitiate, good, 257-9, newCurveTalk(t).upTo(t, commandInitiate).servers)
}

// A client that shows a key of low order as its own needs no secret for the
// vouch. It must not be anybody.
func TestCurveServerRefusesLowOrderClient(t *testing.T) {
	for _, low := range lowOrder() {
		k := newCurveTalk(t).upTo(t, commandInitiate)
		var key, zero [32]byte
		box.Precompute(&key, &zero, &[32]byte{1})
		tail := repeat('v', curveRandom)
		vouched := append(bytes.Clone(k.client.transient.public[:]), k.server.own.public[:]...)
		plain := append(low[:], tail...)
		plain = box.SealAfterPrecomputation(plain, vouched, curveNonce(nonceVouch, tail), &key)
		sealed := seal(t, nonceInitiate, 2, plain, &k.server.transient.public, &k.client.transient.secret)
		if err := k.server.Receive(commandInitiate, append(k.server.cookie[:], sealed...)); kindOf(err) != BadCrypto || k.server.State() == Waiting {
			t.Errorf("%x: state %v, error %v", low, k.server.State(), err)
		}
	}
}

// What one connection has sent is nothing to another one, between the same two.
func TestCurveServerRefusesReplay(t *testing.T) {
	k := newCurveTalk(t).upTo(t, commandInitiate)
	_, payload := output(t, k.client)
	again := newCurveTalk(t)
	again.server.random = from(50) // as is always so, but in tests
	again.upTo(t, commandInitiate)
	if err := again.server.Receive(commandInitiate, payload); kindOf(err) != BadCrypto {
		t.Errorf("INITIATE of another connection: %v", err)
	}
	copy(payload, again.server.cookie[:])
	if err := again.server.Receive(commandInitiate, payload); kindOf(err) != BadCrypto {
		t.Errorf("with the right cookie: %v", err)
	}
}

func TestCurveClientRefuses(t *testing.T) {
	other := testPair(t, 'o')
	cookie := repeat('k', cookieSize)
	welcome := func(k curveTalk, public [32]byte, s curvePair) []byte {
		tail := repeat('w', curveRandom)
		plain := append(public[:], cookie...)
		return box.Seal(tail, plain, curveNonce(nonceWelcome, tail), &k.client.transient.public, &s.secret)
	}
	k := newCurveTalk(t).upTo(t, commandWelcome)
	if err := k.client.Receive(commandWelcome, welcome(k, other.public, k.server.own)); err != nil {
		t.Errorf("WELCOME as it is: %v", err)
	}
	k = newCurveTalk(t).upTo(t, commandWelcome)
	if err := k.client.Receive(commandWelcome, welcome(k, other.public, other)); kindOf(err) != BadCrypto {
		t.Errorf("WELCOME of another server: %v", err)
	}
	for _, low := range lowOrder() {
		k := newCurveTalk(t).upTo(t, commandWelcome)
		if err := k.client.Receive(commandWelcome, welcome(k, low, k.server.own)); kindOf(err) != BadCrypto {
			t.Errorf("S' %x: %v", low, err)
		}
	}
	for _, size := range []int{0, cookieSize - 1, cookieSize + 1} {
		cookie = repeat('k', size)
		k := newCurveTalk(t).upTo(t, commandWelcome)
		if err := k.client.Receive(commandWelcome, welcome(k, other.public, k.server.own)); kindOf(err) != BadCommand {
			t.Errorf("a cookie of %d octets: %v", size, err)
		}
	}
	_, good := output(t, newCurveTalk(t).upTo(t, commandWelcome).server)
	eachOctet(t, commandWelcome, good, 168-8, newCurveTalk(t).upTo(t, commandWelcome).clients)

	k = newCurveTalk(t).upTo(t, CommandReady)
	bad := seal(t, nonceReady, 1, []byte{1}, &k.client.transient.public, &k.server.transient.secret)
	if err := k.client.Receive(CommandReady, bad); kindOf(err) != BadMetadata {
		t.Errorf("READY with broken metadata: %v", err)
	}
	_, good = output(t, newCurveTalk(t).upTo(t, CommandReady).server)
	eachOctet(t, CommandReady, good, 30-6, newCurveTalk(t).upTo(t, CommandReady).clients)
}

// WT-72, WT-122: out of turn is out of turn, whatever is in it.
func TestCurveOutOfTurn(t *testing.T) {
	names := []string{commandHello, commandWelcome, commandInitiate, CommandReady, "MESSAGE", CommandPing, "hello", "HELLO\x00", "ready"}
	payloads := map[string][]byte{}
	for _, next := range names[:4] {
		k := newCurveTalk(t).upTo(t, next)
		from := map[bool]Mechanism{true: k.client, false: k.server}[next == commandHello || next == commandInitiate]
		_, payloads[next] = output(t, from)
	}
	check := func(m Mechanism, next string) {
		t.Helper()
		for _, name := range names {
			if name == next {
				continue
			}
			if err := m.Receive(name, payloads[name]); kindOf(err) != UnexpectedCommand {
				t.Errorf("%q where %q is next: %v", name, next, err)
			}
		}
	}
	check(newCurveTalk(t).server, commandHello)
	check(newCurveTalk(t).upTo(t, commandWelcome).client, commandWelcome)
	check(newCurveTalk(t).upTo(t, commandInitiate).server, commandInitiate)
	check(newCurveTalk(t).upTo(t, CommandReady).client, CommandReady)
	check(newCurveTalk(t).upTo(t, CommandReady).server, "")
	k := newCurveTalk(t).upTo(t, CommandReady)
	deliver(t, k.server, k.client)
	check(k.client, "")
	k = newCurveTalk(t).upTo(t, commandInitiate)
	deliver(t, k.client, k.server)
	check(k.server, "") // the authenticator is asked
}

// RELIABILITY 3: a server says nothing to who is not known yet, whatever is
// wrong; and no key is in what it says here.
func TestCurveServerIsSilent(t *testing.T) {
	greeting := AppendGreeting(nil, Greeting{Mechanism: "CURVE"})
	_, hello := output(t, newCurveTalk(t).client)
	helloFrame := append(appendCommand(nil, commandHello, len(hello)), hello...)
	bad := bytes.Clone(helloFrame)
	bad[len(bad)-1] ^= 1
	for name, in := range map[string][]byte{
		"a message":         {0, 1, 'x'},
		"a reserved flag":   {0x80},
		"another command":   AppendPing(nil, 0, nil),
		"too long":          {6, 0, 0, 0, 0, 0, 1, 0, 0},
		"a HELLO of PLAIN":  appendCommand(nil, commandHello, 0),
		"a tampered HELLO":  bad,
		"HELLO twice":       append(bytes.Clone(helloFrame), helloFrame...),
		"INITIATE too soon": appendCommand(nil, commandInitiate, 0),
	} {
		keys := testPair(t, 's')
		h := NewHandshake(Config{Mechanism: newCurveServer(keys, from(100))})
		out, _, err := feed(h, slices.Concat(greeting, in), 1000)
		out = out[GreetingSize:]
		if name == "HELLO twice" {
			out = out[2+168:] // WELCOME
		}
		if err == nil || len(out) > 0 {
			t.Errorf("%s: says %q, error %v", name, out, err)
		}
		if strings.Contains(err.Error(), string(keys.secret[:4])) {
			t.Errorf("%s: a key is in the error %q", name, err)
		}
	}
}
