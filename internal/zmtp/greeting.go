package zmtp

import (
	"fmt"
	"io"
	"strings"
)

// GreetingSize is the length of every ZMTP 3 greeting, in octets.
const GreetingSize = 64

// Where things are in a greeting, and what marks it (RFC 37).
const (
	signatureEnd    = 9  // octet 9 ends the signature
	majorOffset     = 10 // major version, then minor
	mechanismOffset = 12
	mechanismSize   = 20
	asServerOffset  = mechanismOffset + mechanismSize

	signatureFirst = 0xFF
	signatureLast  = 0x7F

	versionMajor = 3
	versionMinor = 1
)

// Greeting is what a greeting says.
type Greeting struct {
	Major, Minor byte   // the version announced; AppendGreeting does not look at it
	Mechanism    string // 1 to 20 octets of A-Z 0-9 - _ . +
	AsServer     bool   // a claim only: libzmq never sets it (WT-08)
}

// AppendGreeting appends the 64 octets that announce ZMTP 3.1, g.Mechanism and
// g.AsServer. A mechanism name over 20 octets is cut. The padding in the
// signature is that of libzmq without an identity, which a ZMTP 1.0 peer reads
// as an anonymous one (WT-05).
func AppendGreeting(dst []byte, g Greeting) []byte {
	var b [GreetingSize]byte
	b[0], b[signatureEnd-1], b[signatureEnd] = signatureFirst, 1, signatureLast
	b[majorOffset], b[majorOffset+1] = versionMajor, versionMinor
	copy(b[mechanismOffset:asServerOffset], g.Mechanism)
	if g.AsServer {
		b[asServerOffset] = 1
	}
	return append(dst, b[:]...)
}

// ParseGreeting decodes the greeting that b begins with. It may be called with
// any prefix: it returns [io.ErrUnexpectedEOF] while b may still become a
// greeting, and fails at the first octet that rules it out, so that a peer that
// speaks HTTP, TLS or SSH is refused on its first octet.
//
// A [*VersionError] is a peer before ZMTP 3.0, told by the signature and the
// major version (section 1.3 of the conformance list). A [*ProtocolError] of
// kind [BadGreeting] is anything else. Padding and filler are not looked at
// (WT-12), and of the signature's last octet only bit 0, as in libzmq. Every
// version from 3.0 up is accepted (WT-11).
func ParseGreeting(b []byte) (Greeting, error) {
	if err := parseVersion(b); err != nil {
		return Greeting{}, err
	}
	name, err := parseMechanism(b)
	if err != nil {
		return Greeting{}, err
	}
	if len(b) < GreetingSize {
		return Greeting{}, io.ErrUnexpectedEOF
	}
	return Greeting{
		Major:     b[majorOffset],
		Minor:     b[majorOffset+1],
		Mechanism: name,
		AsServer:  b[asServerOffset] == 1,
	}, nil
}

// parseVersion checks the signature and the major version as far as b goes. Its
// result is the decision table of section 1.3: support for older peers would
// begin where it returns a VersionError.
func parseVersion(b []byte) error {
	if len(b) > 0 && b[0] != signatureFirst {
		// A ZMTP 1.0 peer without identity begins with a frame of length 1.
		// One with an identity cannot be told from any other protocol.
		if b[0] == 1 {
			return &VersionError{Major: 1, Minor: 0, Offset: 0, Octet: b[0]}
		}
		return &ProtocolError{BadGreeting, fmt.Sprintf("first octet 0x%02x", b[0]), "0xff"}
	}
	if len(b) > signatureEnd && b[signatureEnd]&1 == 0 {
		return &VersionError{Major: 1, Minor: 0, Offset: signatureEnd, Octet: b[signatureEnd]}
	}
	if len(b) > majorOffset {
		switch major := b[majorOffset]; major {
		case 0:
			return &VersionError{Major: 1, Minor: 0, Offset: majorOffset, Octet: major}
		case 1, 2: // WT-13: the RFC gives both to ZMTP 2.0
			return &VersionError{Major: 2, Minor: 0, Offset: majorOffset, Octet: major}
		}
	}
	return nil
}

// parseMechanism checks the 20 mechanism octets as far as b goes and returns
// the name once all are there: at least one character, then NULs to the end.
func parseMechanism(b []byte) (string, error) {
	if len(b) <= mechanismOffset {
		return "", nil
	}
	field := b[mechanismOffset:min(len(b), asServerOffset)]
	length := len(field)
	for i, c := range field {
		switch {
		case c == 0 && i > 0:
			length = min(length, i)
		case i > length || !mechanismChar(c):
			return "", &ProtocolError{
				BadGreeting, fmt.Sprintf("octet 0x%02x in mechanism %q", c, field[:i+1]),
				"1 to 20 of A-Z 0-9 - _ . + and then NUL",
			}
		}
	}
	return string(field[:length]), nil
}

// validMechanism reports whether name can stand in a greeting.
func validMechanism(name string) bool {
	for i := range len(name) {
		if !mechanismChar(name[i]) {
			return false
		}
	}
	return 0 < len(name) && len(name) <= mechanismSize
}

func mechanismChar(c byte) bool {
	return 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.+", c) >= 0
}
