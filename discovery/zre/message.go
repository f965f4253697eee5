package zre

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// A kind is the id of a message (ZR-05).
type kind uint8

const (
	kindHello   kind = 1
	kindWhisper kind = 2
	kindShout   kind = 3
	kindJoin    kind = 4
	kindLeave   kind = 5
	kindPing    kind = 6
	kindPingOK  kind = 7
)

var kindNames = [...]string{
	kindHello: "HELLO", kindWhisper: "WHISPER", kindShout: "SHOUT", kindJoin: "JOIN",
	kindLeave: "LEAVE", kindPing: "PING", kindPingOK: "PING-OK",
}

// String returns the name of RFC 36.
func (k kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("message %d", uint8(k))
}

// What each message begins with (ZR-04).
const (
	signature1  = 0xAA
	signature2  = 0xA1
	wireVersion = 2
	headSize    = 6 // signature, id, version, sequence
)

// A message is the first frame of what nodes send each other. The content of a
// WHISPER or SHOUT is in the frames behind it (ZR-09).
type message struct {
	kind     kind
	sequence uint16

	endpoint string            // HELLO
	groups   []string          // HELLO
	status   byte              // HELLO, JOIN, LEAVE
	name     string            // HELLO
	headers  map[string]string // HELLO
	group    string            // SHOUT, JOIN, LEAVE
}

// maxString is how many octets a string of the short kind has at most: names,
// groups, keys of headers, endpoints.
const maxString = 255

// encode returns the frame. The strings fit, as whoever made the message has
// checked.
func (m *message) encode() []byte {
	dst := []byte{signature1, signature2, byte(m.kind), wireVersion}
	dst = binary.BigEndian.AppendUint16(dst, m.sequence)
	switch m.kind {
	case kindHello:
		dst = appendString(dst, m.endpoint)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(m.groups)))
		for _, g := range m.groups {
			dst = appendLong(dst, g)
		}
		dst = append(dst, m.status)
		dst = appendString(dst, m.name)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(m.headers)))
		for _, key := range slices.Sorted(maps.Keys(m.headers)) {
			dst = appendLong(appendString(dst, key), m.headers[key])
		}
	case kindShout:
		dst = appendString(dst, m.group)
	case kindJoin, kindLeave:
		dst = append(appendString(dst, m.group), m.status)
	case kindWhisper, kindPing, kindPingOK:
	}
	return dst
}

func appendString(dst []byte, s string) []byte { return append(append(dst, byte(len(s))), s...) }

func appendLong(dst []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(s))), s...)
}
