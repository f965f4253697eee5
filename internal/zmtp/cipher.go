package zmtp

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"golang.org/x/crypto/poly1305" //nolint:staticcheck // deprecated for whoever has a choice: it is what CURVE is made of
	"golang.org/x/crypto/salsa20/salsa"
)

// CipherOverhead is how much longer the body of a MESSAGE is than the body of
// the frame it carries.
const CipherOverhead = messageHead + poly1305.TagSize + 1

const (
	messageName = "\x07MESSAGE"
	messageHead = len(messageName) + 8 // and the counter of the nonce

	// What salsa20 gives before the part that encrypts: the key of the tag.
	tagKeySize = 32

	// The flags in the box (WT-78). COMMAND is not the bit it is in a frame.
	innerMore    = 1 << 0
	innerCommand = 1 << 1
)

// A Cipher encrypts the traffic of one connection, and decrypts the peer's
// (RFC 25): each frame, message or command, travels in a MESSAGE. The two
// directions are independent: Seal and Open may be used beside each other, each
// by one goroutine at a time. Neither holds memory for what it is given.
//
// What travels are boxes of NaCl, but they are not made with its package: the
// nonces of one direction begin with the same 16 octets, so that a step of the
// key derivation is needed once a connection in place of once a message, and
// a box can be made where it is to stand.
type Cipher struct {
	send cipherEnd
	recv cipherEnd
}

// A cipherEnd is one direction.
type cipherEnd struct {
	key  [32]byte // of salsa20, with the beginning of the nonces in it
	last uint64   // the counter used last
}

// newCipher returns the cipher of a connection with this key of its boxes. The
// prefixes are those of the nonces of each direction, 16 octets, the counters
// the last ones that the handshake used.
func newCipher(key *[32]byte, sends, receives string, sent, received uint64) *Cipher {
	c := new(Cipher)
	salsa.HSalsa20(&c.send.key, (*[16]byte)([]byte(sends)), key, &salsa.Sigma)
	salsa.HSalsa20(&c.recv.key, (*[16]byte)([]byte(receives)), key, &salsa.Sigma)
	c.send.last, c.recv.last = sent, received
	return c
}

// Seal appends the frame that carries, encrypted, a frame with these flags and
// this body, of which it keeps nothing. The body may stand in the memory behind
// dst. The outer frame is no command (WT-79).
func (c *Cipher) Seal(dst []byte, flags byte, body []byte) []byte {
	e := &c.send
	if e.last == math.MaxUint64 {
		panic("zmtp: the nonces of a connection are used up") // not in a thousand years
	}
	e.last++
	size := CipherOverhead + len(body)
	header := shortHeader
	if size > maxShort {
		header = longHeader
	}
	begin := len(dst)
	dst = slices.Grow(dst, header+size)[:begin+header+size]
	message := dst[begin+header:]
	copy(message[CipherOverhead:], body) // first, for it may stand where the frame goes
	message[CipherOverhead-1] = innerFlags(flags)
	AppendHeader(dst[:begin], 0, size)

	// The key of the tag stands where the head and the tag will.
	clear(message[:tagKeySize])
	var counter [16]byte // the rest of the nonce, and how many blocks of 64 octets
	binary.BigEndian.PutUint64(counter[:], e.last)
	salsa.XORKeyStream(message, message, &counter, &e.key)
	tagKey := [tagKeySize]byte(message)
	var tag [poly1305.TagSize]byte
	poly1305.Sum(&tag, message[tagKeySize:], &tagKey)
	copy(message, messageName)
	copy(message[len(messageName):], counter[:8])
	copy(message[messageHead:], tag[:])
	return dst
}

// Open decrypts the body of a frame of the peer, which has to be a MESSAGE, and
// appends to dst the frame that it carries, header and body. The memory behind
// dst must not be that of message. An error is a [*ProtocolError]; then dst is
// as it was, and the connection of no more use.
func (c *Cipher) Open(dst, message []byte) ([]byte, error) {
	if len(message) < CipherOverhead || string(message[:len(messageName)]) != messageName {
		return dst, &ProtocolError{
			UnexpectedCommand, fmt.Sprintf("a frame of %d octets that is no MESSAGE", len(message)),
			"encrypted traffic",
		}
	}
	e := &c.recv
	nonce := binary.BigEndian.Uint64(message[len(messageName):])
	if nonce <= e.last {
		return dst, &ProtocolError{BadNonce, fmt.Sprintf("nonce %d", nonce), fmt.Sprintf("one above %d", e.last)}
	}
	tag := (*[poly1305.TagSize]byte)(message[messageHead:])
	sealed := message[messageHead+poly1305.TagSize:]

	// The first block gives the key of the tag, and the beginning of the rest.
	var first [64]byte
	begun := copy(first[tagKeySize:], sealed)
	var counter [16]byte
	binary.BigEndian.PutUint64(counter[:], nonce)
	salsa.XORKeyStream(first[:], first[:], &counter, &e.key)
	if !poly1305.Verify(tag, sealed, (*[tagKeySize]byte)(first[:])) {
		return dst, &ProtocolError{BadCrypto, "a MESSAGE that does not open", "one made with this connection's keys"}
	}
	e.last = nonce
	flags, err := outerFlags(first[tagKeySize])
	if err != nil {
		return dst, err
	}
	size := len(sealed) - 1
	dst = AppendHeader(slices.Grow(dst, longHeader+size), flags, size)
	dst = append(dst, first[tagKeySize+1:tagKeySize+begun]...)
	rest := sealed[begun:]
	dst = dst[:len(dst)+len(rest)]
	counter[8] = 1
	salsa.XORKeyStream(dst[len(dst)-len(rest):], rest, &counter, &e.key)
	return dst, nil
}

func innerFlags(flags byte) (inner byte) {
	if flags&FlagMore != 0 {
		inner |= innerMore
	}
	if flags&FlagCommand != 0 {
		inner |= innerCommand
	}
	return inner
}

// outerFlags refuses the bits that RFC 26 reserves: who sets bit 2, which is
// COMMAND in a frame, means a command, and it must not be taken for a message.
func outerFlags(inner byte) (flags byte, err error) {
	switch inner {
	case 0:
		return 0, nil
	case innerMore:
		return FlagMore, nil
	case innerCommand:
		return FlagCommand, nil
	}
	return 0, &ProtocolError{BadFrame, fmt.Sprintf("flags 0x%02x in a MESSAGE", inner), "MORE, COMMAND or neither"}
}
