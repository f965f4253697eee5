package zmtp

import (
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"golang.org/x/crypto/poly1305" //nolint:staticcheck // the box is the protocol's, and nothing newer may take its place

	"github.com/brokerless/brokerless/internal/salsa20"
)

// CipherOverhead is how much longer the body of a MESSAGE is than the body of
// the frame it carries.
const CipherOverhead = plainAt + 1

// Where things are in a MESSAGE: its name, the end of the nonce, and the box,
// which is a tag and, encrypted, the flags and the body of the frame.
const (
	messageName = "\x07MESSAGE"
	messageHead = len(messageName)
	boxAt       = messageHead + 8
	plainAt     = boxAt + poly1305.TagSize
)

// The flags in the box (WT-78). COMMAND is not the bit it is in a frame.
const (
	innerMore    = 1 << 0
	innerCommand = 1 << 1
)

// Of the keystream of a box, the first keySize octets are the key of its tag.
// The rest is for what is encrypted.
const keySize = 32

// A Cipher encrypts the traffic of one connection, and decrypts the peer's
// (RFC 25): each frame, message or command, travels in a MESSAGE. The two
// directions are independent: Seal may be used beside Open or Unseal, each
// direction by one goroutine at a time.
//
// The boxes are NaCl's, put together from their parts here. The key for a nonce
// is derived from 16 octets of it that are the same for all that a side sends:
// that need not be done for each. And nothing has to be copied for it.
type Cipher struct {
	send, recv cipherEnd
}

// A cipherEnd is one direction: the key for the nonces that begin with its
// prefix, and how the nonce used last ended.
type cipherEnd struct {
	key  [32]byte
	last uint64
}

// newCipher returns the cipher of a connection, whose key is precomputed from
// the two sides' transient keys. The prefixes, of 16 octets, are those of the
// nonces of each direction, the counters the last ones that the handshake used.
func newCipher(key *[32]byte, sends, receives string, sent, received uint64) *Cipher {
	return &Cipher{send: newCipherEnd(key, sends, sent), recv: newCipherEnd(key, receives, received)}
}

func newCipherEnd(key *[32]byte, prefix string, last uint64) cipherEnd {
	return cipherEnd{key: salsa20.Derive(key, (*[16]byte)([]byte(prefix))), last: last}
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
	size := len(body) + CipherOverhead
	header := shortHeader
	if size > maxShort {
		header = longHeader
	}
	begin := len(dst)
	dst = slices.Grow(dst, header+size)[:begin+header+size]
	m := dst[begin+header:]
	copy(m[plainAt+1:], body) // first, for it may stand where the frame goes
	m[plainAt] = innerFlags(flags)
	AppendHeader(dst[:begin], 0, size)

	// What stands before the flags is as long as the key of the tag, and zero, so
	// that the keystream leaves that key there.
	clear(m[:plainAt])
	var nonce [16]byte
	binary.BigEndian.PutUint64(nonce[:], e.last)
	salsa20.XORKeyStream(m, m, &nonce, &e.key)
	key := [keySize]byte(m)
	var tag [poly1305.TagSize]byte
	poly1305.Sum(&tag, m[plainAt:], &key)
	copy(m, messageName)
	copy(m[messageHead:], nonce[:8])
	copy(m[boxAt:], tag[:])
	return dst
}

// Open decrypts the body of a frame of the peer, which has to be a MESSAGE, and
// appends to dst the frame that it carries, header and body. An error is a
// [*ProtocolError]; then dst is as it was, and the connection of no more use.
func (c *Cipher) Open(dst, message []byte) ([]byte, error) {
	begin := len(dst)
	dst = append(dst, message...)
	frame, err := c.Unseal(dst[begin:])
	return append(dst[:begin], frame...), err
}

// Unseal is Open in place: the frame it returns is a part of message.
func (c *Cipher) Unseal(message []byte) (frame []byte, err error) {
	if len(message) < CipherOverhead || string(message[:messageHead]) != messageName {
		return nil, &ProtocolError{
			UnexpectedCommand, fmt.Sprintf("a frame of %d octets that is no MESSAGE", len(message)),
			"encrypted traffic",
		}
	}
	e := &c.recv
	var nonce [16]byte
	copy(nonce[:], message[messageHead:boxAt])
	last := binary.BigEndian.Uint64(nonce[:])
	if last <= e.last {
		return nil, &ProtocolError{BadNonce, fmt.Sprintf("nonce %d", last), fmt.Sprintf("one above %d", e.last)}
	}
	box := message[plainAt:]
	var first [salsa20.MaxAtOnce]byte
	stream := first[:salsa20.AtOnce(min(keySize+len(box), len(first)))]
	salsa20.XORKeyStream(stream, stream, &nonce, &e.key)
	key, tag := [keySize]byte(stream), [poly1305.TagSize]byte(message[boxAt:])
	if !poly1305.Verify(&tag, box, &key) {
		return nil, &ProtocolError{BadCrypto, "a MESSAGE that does not open", "one made with this connection's keys"}
	}
	e.last = last
	n := subtle.XORBytes(box, box, stream[keySize:])
	binary.LittleEndian.PutUint64(nonce[8:], uint64(len(stream)/salsa20.Block))
	salsa20.XORKeyStream(box[n:], box[n:], &nonce, &e.key)

	flags, err := outerFlags(box[0])
	if err != nil {
		return nil, err
	}
	size := len(box) - 1
	at := CipherOverhead - shortHeader
	if size > maxShort {
		at = CipherOverhead - longHeader
	}
	AppendHeader(message[at:at], flags, size)
	return message[at:], nil
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
