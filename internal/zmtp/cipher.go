package zmtp

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"golang.org/x/crypto/nacl/box"
)

// CipherOverhead is how much longer the body of a MESSAGE is than the body of
// the frame it carries.
const CipherOverhead = messageHead + 8 + box.Overhead + 1

const (
	messageName = "\x07MESSAGE"
	messageHead = len(messageName)

	// The flags in the box (WT-78). COMMAND is not the bit it is in a frame.
	innerMore    = 1 << 0
	innerCommand = 1 << 1
)

// A Cipher encrypts the traffic of one connection, and decrypts the peer's
// (RFC 25): each frame, message or command, travels in a MESSAGE. The two
// directions are independent: Seal and Open may be used beside each other, each
// by one goroutine at a time.
type Cipher struct {
	key  [32]byte // precomputed from the two sides' transient keys
	send cipherEnd
	recv cipherEnd
}

// A cipherEnd is one direction: the nonce used last, and memory for the box.
type cipherEnd struct {
	nonce [24]byte // prefix of 16 octets, counter of 8
	last  uint64
	plain []byte
}

// newCipher returns the cipher of a connection. The prefixes are those of the
// nonces of each direction, the counters the last ones that the handshake used.
func newCipher(key *[32]byte, sends, receives string, sent, received uint64) *Cipher {
	c := &Cipher{key: *key}
	copy(c.send.nonce[:], sends)
	copy(c.recv.nonce[:], receives)
	c.send.last, c.recv.last = sent, received
	return c
}

// Seal appends the frame that carries, encrypted, a frame with these flags and
// this body, of which it keeps nothing. The outer frame is no command (WT-79).
func (c *Cipher) Seal(dst []byte, flags byte, body []byte) []byte {
	e := &c.send
	if e.last == math.MaxUint64 {
		panic("zmtp: the nonces of a connection are used up") // not in a thousand years
	}
	e.last++
	binary.BigEndian.PutUint64(e.nonce[16:], e.last)
	inner := byte(0)
	if flags&FlagMore != 0 {
		inner |= innerMore
	}
	if flags&FlagCommand != 0 {
		inner |= innerCommand
	}
	e.plain = append(append(e.plain[:0], inner), body...)
	size := len(body) + CipherOverhead
	dst = slices.Grow(dst, longHeader+size)
	dst = AppendHeader(dst, 0, size)
	dst = append(dst, messageName...)
	dst = append(dst, e.nonce[16:]...)
	dst = box.SealAfterPrecomputation(dst, e.plain, &e.nonce, &c.key)
	e.trim()
	return dst
}

// Open decrypts the body of a frame of the peer, which has to be a MESSAGE, and
// appends to dst the frame that it carries, header and body. An error is a
// [*ProtocolError]; then the connection is of no more use, and what the frame
// said is not to be believed.
func (c *Cipher) Open(dst, message []byte) ([]byte, error) {
	if len(message) < CipherOverhead || string(message[:messageHead]) != messageName {
		return dst, &ProtocolError{
			UnexpectedCommand, fmt.Sprintf("a frame of %d octets that is no MESSAGE", len(message)),
			"encrypted traffic",
		}
	}
	e := &c.recv
	nonce := binary.BigEndian.Uint64(message[messageHead:])
	if nonce <= e.last {
		return dst, &ProtocolError{BadNonce, fmt.Sprintf("nonce %d", nonce), fmt.Sprintf("one above %d", e.last)}
	}
	binary.BigEndian.PutUint64(e.nonce[16:], nonce)
	plain, ok := box.OpenAfterPrecomputation(e.plain[:0], message[messageHead+8:], &e.nonce, &c.key)
	if !ok {
		return dst, &ProtocolError{BadCrypto, "a MESSAGE that does not open", "one made with this connection's keys"}
	}
	e.plain, e.last = plain, nonce
	flags := byte(0)
	if plain[0]&innerMore != 0 {
		flags |= FlagMore
	}
	if plain[0]&innerCommand != 0 {
		flags |= FlagCommand
	}
	if flags == FlagMore|FlagCommand {
		return dst, &ProtocolError{BadFrame, "a command with MORE", "one or the other"}
	}
	dst = AppendHeader(dst, flags, len(plain)-1)
	dst = append(dst, plain[1:]...)
	e.trim()
	return dst, nil
}

// trim lets go of memory that only a large body needed.
func (e *cipherEnd) trim() {
	if cap(e.plain) > 64<<10 {
		e.plain = nil
	}
}
