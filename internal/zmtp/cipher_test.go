package zmtp

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"golang.org/x/crypto/nacl/box"
)

// The last nonces of the handshake, as both sides have counted them.
const testSent, testReceived = 2, 1

func testCipherKey() *[32]byte { return (*[32]byte)(repeat(7, 32)) }

// cipherPair returns the two ends of one connection.
func cipherPair() (client, server *Cipher) {
	return newCipher(testCipherKey(), nonceMessageClient, nonceMessageServer, testSent, testReceived),
		newCipher(testCipherKey(), nonceMessageServer, nonceMessageClient, testReceived, testSent)
}

// messageOf makes a MESSAGE of the client as NaCl makes it: the body of a frame.
func messageOf(nonce uint64, plain []byte) []byte {
	counter := binary.BigEndian.AppendUint64(nil, nonce)
	b := append([]byte(messageName), counter...)
	return box.SealAfterPrecomputation(b, plain, curveNonce(nonceMessageClient, counter), testCipherKey())
}

var cipherSizes = []int{
	0, 1, 15, 16, 30, 31, 32, 33, 63, 64, 65, 94, 95, 96, 221, 222, 223, 224, 255, 256, 257, 287, 288, 1023, 1024,
	65535, 65536, 65537, 256 << 10,
}

// What goes through is what came in, whatever it is, and it is what NaCl makes.
func TestCipherCarriesFrames(t *testing.T) {
	client, server := cipherPair()
	nonce := uint64(testSent)
	for _, size := range cipherSizes {
		body := make([]byte, size)
		for i := range body {
			body[i] = byte(i * i >> 3)
		}
		for flags, inner := range map[byte]byte{0: 0, FlagMore: 1, FlagCommand: 2} {
			nonce++
			frame := client.Seal([]byte("before"), flags|FlagLong, body)
			want := AppendFrame([]byte("before"), 0, messageOf(nonce, append([]byte{inner}, body...)))
			if !bytes.Equal(frame, want) {
				t.Fatalf("%d octets, flags %d: sealed\n%x, NaCl has\n%x", size, flags, frame, want)
			}
			message := messageBody(t, frame[6:])
			got, err := server.Open([]byte("before"), message)
			if want := AppendFrame([]byte("before"), flags, body); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d octets, flags %d: opened %x, %v", size, flags, got, err)
			}
			server.recv.last--
			got, err = server.Unseal(message)
			if want := AppendFrame(nil, flags, body); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d octets, flags %d: unsealed %x, %v", size, flags, got, err)
			}
		}
	}
}

// messageBody returns the body of the one frame that b is, which is no command.
func messageBody(t testing.TB, b []byte) []byte {
	t.Helper()
	h, err := ParseHeader(b)
	if err != nil || h.Command() || h.More() || int64(len(b)) != int64(h.Len)+h.Size {
		t.Fatalf("%x is not one whole message frame: %+v, %v", b, h, err)
	}
	return b[h.Len:]
}

// Both directions have the same key, and count alike; yet nothing of one is
// taken for something of the other.
func TestCipherDirections(t *testing.T) {
	client, server := cipherPair()
	there, back := client.Seal(nil, 0, []byte("there")), server.Seal(nil, 0, []byte("back"))
	if got, err := server.Open(nil, messageBody(t, there)); err != nil || string(got) != "\x00\x05there" {
		t.Errorf("there: %q, %v", got, err)
	}
	if got, err := client.Open(nil, messageBody(t, back)); err != nil || string(got) != "\x00\x04back" {
		t.Errorf("back: %q, %v", got, err)
	}
	if got, err := client.Open(nil, messageBody(t, client.Seal(nil, 0, []byte("x")))); kindOf(err) != BadCrypto {
		t.Errorf("reflected: %q, %v", got, err)
	}
}

// The body may be anywhere, even where the frame goes.
func TestCipherSealsInPlace(t *testing.T) {
	for _, size := range []int{5, 100, 1000} {
		for offset := range 60 {
			client, _ := cipherPair()
			buf := make([]byte, 2000)
			body := buf[offset : offset+size]
			copy(body, repeat('b', size))
			got := client.Seal(buf[:0], 0, body)
			if want := AppendFrame(nil, 0, messageOf(testSent+1, append([]byte{0}, repeat('b', size)...))); !bytes.Equal(got, want) {
				t.Fatalf("%d octets at %d: sealed %x, want %x", size, offset, got, want)
			}
		}
	}
}

func TestCipherRefuses(t *testing.T) {
	otherKey := newCipher((*[32]byte)(repeat(8, 32)), nonceMessageClient, nonceMessageServer, testSent, testReceived)
	good := messageOf(5, []byte("\x00body"))
	for _, tt := range []struct {
		name    string
		message []byte
		want    Kind
	}{
		{"empty", nil, UnexpectedCommand},
		{"a message in the clear", repeat('m', 100), UnexpectedCommand},
		{"another command", append([]byte("\x07message"), good[8:]...), UnexpectedCommand},
		{"without room for flags", messageOf(5, nil), UnexpectedCommand},
		{"WT-76 nonce of INITIATE", messageOf(testSent, []byte("\x00body")), BadNonce},
		{"WT-76 nonce 0", messageOf(0, []byte("\x00body")), BadNonce},
		{"other connection", messageBody(t, otherKey.Seal(nil, 0, []byte("body"))), BadCrypto},
		{"an octet more", append(slices.Clone(good), 0), BadCrypto},
		{"flags MORE and COMMAND", messageOf(5, []byte("\x03body")), BadFrame},
		{"WT-78 the COMMAND of frames", messageOf(5, []byte("\x04body")), BadFrame},
		{"reserved flag", messageOf(5, []byte("\x80body")), BadFrame},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, server := cipherPair()
			got, err := server.Open([]byte("before"), tt.message)
			if kindOf(err) != tt.want || string(got) != "before" {
				t.Errorf("%q, error %v, want %v", got, err, tt.want)
			}
		})
	}
}

// Each octet counts, and each is needed.
func TestCipherTampered(t *testing.T) {
	good := messageOf(5, []byte("\x01a body of more than one block of the cipher, which has 64 octets"))
	for i := range good {
		for _, bit := range []byte{1, 0x80} {
			bad := slices.Clone(good)
			bad[i] ^= bit
			_, server := cipherPair()
			if got, err := server.Open(nil, bad); err == nil || len(got) > 0 {
				t.Errorf("octet %d with bit 0x%02x changed: %q, %v", i, bit, got, err)
			}
			if got, err := server.Open(nil, messageOf(3, []byte("\x00x"))); err != nil || string(got) != "\x00\x01x" {
				t.Errorf("octet %d: the counter moved: %q, %v", i, got, err)
			}
		}
	}
	for n := range good {
		_, server := cipherPair()
		if got, err := server.Open(nil, good[:n]); err == nil || len(got) > 0 {
			t.Errorf("%d of %d octets: %q, %v", n, len(good), got, err)
		}
	}
}

// WT-76: gaps are legal; what is as old as the last one, or older, is not.
func TestCipherOrder(t *testing.T) {
	_, server := cipherPair()
	open := func(nonce uint64, want Kind) {
		t.Helper()
		if _, err := server.Open(nil, messageOf(nonce, []byte{0})); kindOf(err) != want {
			t.Errorf("nonce %d: error %v, want kind %d", nonce, err, want)
		}
	}
	open(3, 0)
	open(3, BadNonce)
	open(10, 0)
	open(9, BadNonce)
	open(4, BadNonce)
	open(11, 0)
	open(math.MaxUint64, 0)
	open(math.MaxUint64, BadNonce)
	open(0, BadNonce)
}

// A nonce is never used twice, not even at the end of all.
func TestCipherExhausted(t *testing.T) {
	c := newCipher(testCipherKey(), nonceMessageClient, nonceMessageServer, math.MaxUint64-1, 0)
	c.Seal(nil, 0, nil)
	defer func() {
		if recover() == nil {
			t.Error("sealed with a nonce that was used before")
		}
	}()
	c.Seal(nil, 0, nil)
}

func TestCipherAllocates(t *testing.T) {
	client, server := cipherPair()
	for _, size := range []int{0, 16, 1 << 10, 64 << 10} {
		body := make([]byte, size)
		sealed, opened := make([]byte, 0, size+100), make([]byte, 0, size+100)
		if n := testing.AllocsPerRun(100, func() {
			sealed = client.Seal(sealed[:0], 0, body)
			h, _ := ParseHeader(sealed)
			var err error
			if opened, err = server.Open(opened[:0], sealed[h.Len:]); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%d octets: %v allocations to seal and open", size, n)
		}
	}
}

// A list of frames goes through, with what an attacker does to one of them in
// between; the attacker never gets anything through, nor changes anything.
func FuzzCipher(f *testing.F) {
	f.Add([]byte("a message"), byte(0), 0, byte(1))
	f.Add([]byte{}, FlagCommand, 20, byte(0x80))
	f.Add(repeat('m', 300), FlagMore, 310, byte(4))
	f.Add([]byte("\x09SUBSCRIBEtopic"), FlagCommand, 40, byte(2))
	f.Fuzz(func(t *testing.T, body []byte, flags byte, at int, change byte) {
		flags &= FlagMore | FlagCommand
		if flags == FlagMore|FlagCommand {
			flags = FlagMore
		}
		client, server := cipherPair()
		var last []byte
		for range 3 {
			message := messageBody(t, client.Seal(nil, flags, body))
			evil := slices.Clone(message)
			if change != 0 {
				evil[uint(at)%uint(len(evil))] ^= change
			} else {
				evil = evil[:uint(at)%uint(len(evil))]
			}
			for _, b := range [][]byte{evil, last} {
				if got, err := server.Open(nil, b); kindOf(err) == 0 || len(got) > 0 {
					t.Fatalf("%x instead of %x: opened %x, %v", b, message, got, err)
				}
			}
			got, err := server.Open(nil, message)
			if err != nil || !bytes.Equal(got, AppendFrame(nil, flags, body)) {
				t.Fatalf("opened %x, %v", got, err)
			}
			last = message
		}
	})
}

// Whatever opens is what NaCl opens.
func FuzzCipherOpen(f *testing.F) {
	f.Add(messageOf(5, []byte("\x00body"))[8:], false)
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x05\x00body"), true)
	f.Add(append(binary.BigEndian.AppendUint64(nil, 9), repeat('m', 100)...), true)
	f.Fuzz(func(t *testing.T, b []byte, seal bool) {
		message := append([]byte(messageName), b...)
		if seal && len(b) >= 8 {
			message = messageOf(binary.BigEndian.Uint64(b), b[8:])
		}
		_, server := cipherPair()
		got, err := server.Open(nil, message)
		if len(message) < CipherOverhead {
			if kindOf(err) != UnexpectedCommand {
				t.Fatalf("%x: %x, %v", message, got, err)
			}
			return
		}
		counter := message[8:16]
		plain, ok := box.OpenAfterPrecomputation(nil, message[16:], curveNonce(nonceMessageClient, counter), testCipherKey())
		ok = ok && binary.BigEndian.Uint64(counter) > testSent && plain[0] <= innerCommand
		if ok != (err == nil) {
			t.Fatalf("%x: %v, NaCl opens it: %v", message, err, ok)
		}
		if flags := map[byte]byte{innerMore: FlagMore, innerCommand: FlagCommand}; ok &&
			!bytes.Equal(got, AppendFrame(nil, flags[plain[0]], plain[1:])) {
			t.Fatalf("%x: %x, NaCl has %x", message, got, plain)
		}
	})
}
