package mesh

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// wireVersion is the version of what nodes say to each other: the first octet
// of every message.
const wireVersion = 1

// A kind is a kind of message: the second octet.
type kind byte

// The kinds of messages, and the fields that follow the two octets of each.
const (
	kindHello   kind = 1  // body: the state as JSON. The first message of a link, from both sides
	kindState   kind = 2  // body: the state as JSON
	kindRefuse  kind = 3  // code text
	kindDrain   kind = 4  // choose me no more
	kindDrained kind = 5  // all calls I chose you for are before this
	kindGoodbye kind = 6  // nothing more comes
	kindParted  kind = 7  // the goodbye was read, and all before it
	kindWhisper kind = 8  // body: the message
	kindShout   kind = 9  // name; body: the message
	kindAsk     kind = 10 // id ttl name; body: the request
	kindCall    kind = 11 // id ttl name; body: the request
	kindReply   kind = 12 // id load; body: the reply
	kindFail    kind = 13 // id load code text
	kindCancel  kind = 14 // id
	kinds       kind = 15
)

// Limits of the header.
const (
	maxName = 120  // octets of the name of a group or service
	maxText = 1024 // octets of a reason
)

// header is the second frame of a message, after the identity.
type header struct {
	kind kind
	id   uint64        // of a request, chosen by who asks
	ttl  time.Duration // until who asks gives up, in ms on the wire; 0: no limit
	name string        // of a group or service
	load uint64        // how much of others the instance has to do
	code uint64        // a Code, or of REFUSE a Reason
	text string        // for people
}

// field is a set of fields.
type field uint8

const (
	fieldID field = 1 << iota
	fieldTTL
	fieldName
	fieldLoad
	fieldCode
	fieldText
)

// fields has the fields of each kind, which come in the order above.
var fields = [kinds]field{
	kindRefuse: fieldCode | fieldText,
	kindShout:  fieldName,
	kindAsk:    fieldID | fieldTTL | fieldName,
	kindCall:   fieldID | fieldTTL | fieldName,
	kindReply:  fieldID | fieldLoad,
	kindFail:   fieldID | fieldLoad | fieldCode | fieldText,
	kindCancel: fieldID,
}

// errVersion says that a header is of another version.
var errVersion = errors.New("another version of the mesh")

// maxTTL is 34 years in milliseconds: what fits a time.Duration.
const maxTTL = 1 << 40

// parseHeader reads a whole frame. What it returns shares no memory with b.
func parseHeader(b []byte) (header, error) {
	var h header
	if len(b) < 2 {
		return h, fmt.Errorf("header of %d octets: want 2 or more", len(b))
	}
	if b[0] != wireVersion {
		return h, fmt.Errorf("%w: %d, want %d", errVersion, b[0], wireVersion)
	}
	h.kind = kind(b[1])
	if h.kind == 0 || h.kind >= kinds {
		return h, fmt.Errorf("kind %d: want 1 to %d", h.kind, kinds-1)
	}
	r := reader{rest: b[2:]}
	has := fields[h.kind]
	if has&fieldID != 0 {
		h.id = r.number("id")
	}
	if has&fieldTTL != 0 {
		ms := r.number("ttl")
		if ms > maxTTL {
			r.fail("ttl %d: want at most %d ms", ms, uint64(maxTTL))
		}
		h.ttl = time.Duration(min(ms, maxTTL)) * time.Millisecond
	}
	if has&fieldName != 0 {
		h.name = r.text("name", maxName)
		if h.name == "" {
			r.fail("no name")
		}
	}
	if has&fieldLoad != 0 {
		h.load = r.number("load")
	}
	if has&fieldCode != 0 {
		h.code = r.number("code")
	}
	if has&fieldText != 0 {
		h.text = r.text("text", maxText)
	}
	if len(r.rest) > 0 {
		r.fail("%d octets after the end", len(r.rest))
	}
	if r.err != nil {
		return header{}, r.err
	}
	return h, nil
}

// encode returns the frame.
func (h header) encode() []byte {
	b := make([]byte, 2, 32+len(h.name)+len(h.text))
	b[0], b[1] = wireVersion, byte(h.kind)
	has := fields[h.kind]
	if has&fieldID != 0 {
		b = binary.AppendUvarint(b, h.id)
	}
	if has&fieldTTL != 0 {
		b = binary.AppendUvarint(b, ttlOnWire(h.ttl))
	}
	if has&fieldName != 0 {
		b = appendText(b, h.name)
	}
	if has&fieldLoad != 0 {
		b = binary.AppendUvarint(b, h.load)
	}
	if has&fieldCode != 0 {
		b = binary.AppendUvarint(b, h.code)
	}
	if has&fieldText != 0 {
		b = appendText(b, clipText(h.text))
	}
	return b
}

// ttlOnWire rounds up, so that what is left is never said to be no limit.
func ttlOnWire(d time.Duration) uint64 {
	if d <= 0 {
		return 0
	}
	return min(uint64((d-1)/time.Millisecond)+1, maxTTL)
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// clipText makes s UTF-8 of at most maxText octets.
func clipText(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	for s != "" && !utf8.ValidString(s) {
		s = s[:len(s)-1]
		if len(s) < maxText-utf8.UTFMax {
			return "(not text)"
		}
	}
	return s
}

// reader takes fields off a frame. Its first failure stays.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
		r.rest = nil
	}
}

// number reads a number in the shortest form there is for it.
func (r *reader) number(what string) uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || n > 1 && r.rest[n-1] == 0 {
		r.fail("%s: want a number", what)
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) text(what string, most uint64) string {
	n := r.number(what)
	switch {
	case r.err != nil:
		return ""
	case n > most || n > uint64(len(r.rest)):
		r.fail("%s of %d octets: %d are there, and at most %d may be", what, n, len(r.rest), most)
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	if !utf8.ValidString(s) {
		r.fail("%s: want UTF-8", what)
	}
	return s
}

// checkName returns why a group or service cannot have this name.
func checkName(name string) error {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) {
		return fmt.Errorf("%w: %.60q: want 1 to %d octets of UTF-8", ErrName, name, maxName)
	}
	return nil
}
