package zmtp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// The property names that ZMTP itself defines and every peer looks at. libzmq
// and JeroMQ compare them to the letter (WT-39).
const (
	SocketTypeProperty = "Socket-Type"
	IdentityProperty   = "Identity"
)

// MaxProperties is how many properties [ParseMetadata] accepts. It bounds the
// memory that a few octets a property can claim, and the search for repeats.
const MaxProperties = 64

const (
	maxPropertyName = 255
	valueSize       = 4 // octets of a value's length
)

// Property is one named value that a peer says about itself in the handshake.
type Property struct {
	Name  string // 1 to 255 octets of A-Z a-z 0-9 - _ . +, case-insensitive (WT-38)
	Value []byte // up to 2^31-1 octets of any value
}

// Metadata is a list of properties in the order in which they are sent.
type Metadata []Property

// Lookup returns the value of the property called name in any case, and whether
// there is one. The value is m's own.
func (m Metadata) Lookup(name string) ([]byte, bool) {
	for _, p := range m {
		if strings.EqualFold(p.Name, name) {
			return p.Value, true
		}
	}
	return nil, false
}

// Append appends the properties as they go into READY and INITIATE: name length
// (1 octet), name, value length (4), value. m must pass [Metadata.Validate].
func (m Metadata) Append(dst []byte) []byte {
	for _, p := range m {
		dst = append(dst, byte(len(p.Name)))
		dst = append(dst, p.Name...)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(p.Value)))
		dst = append(dst, p.Value...)
	}
	return dst
}

// size returns how many octets Append appends.
func (m Metadata) size() int {
	n := 0
	for _, p := range m {
		n += 1 + len(p.Name) + valueSize + len(p.Value)
	}
	return n
}

// Validate reports, as a [*ProtocolError] of kind [BadMetadata] or [TooLarge],
// what in m a peer would refuse: an illegal name (WT-38), a name that comes
// twice, a value over 2^31-1 octets, more than [MaxProperties].
func (m Metadata) Validate() error {
	if len(m) > MaxProperties {
		return tooManyProperties()
	}
	for i, p := range m {
		if err := checkProperty(m[:i], p.Name, uint64(len(p.Value))); err != nil {
			return err
		}
	}
	return nil
}

func tooManyProperties() error {
	return &ProtocolError{TooLarge, fmt.Sprintf("%d properties or more", MaxProperties+1), fmt.Sprintf("at most %d", MaxProperties)}
}

// checkProperty checks a property against the grammar and those before it.
func checkProperty(before Metadata, name string, size uint64) error {
	if len(name) == 0 || len(name) > maxPropertyName {
		return &ProtocolError{BadMetadata, fmt.Sprintf("property name of %d octets", len(name)), "1 to 255"}
	}
	for i := range len(name) {
		if !propertyChar(name[i]) {
			return &ProtocolError{BadMetadata, fmt.Sprintf("property name %q", name), "A-Z a-z 0-9 - _ . +"}
		}
	}
	if _, ok := before.Lookup(name); ok {
		return &ProtocolError{BadMetadata, fmt.Sprintf("property %q twice", name), "each property once"}
	}
	if size > math.MaxInt32 {
		return &ProtocolError{BadMetadata, fmt.Sprintf("property %q of %d octets", name, size), "at most 2^31-1"}
	}
	return nil
}

func propertyChar(c byte) bool {
	return 'a' <= c && c <= 'z' || mechanismChar(c)
}

// ParseMetadata decodes b, which must hold whole properties and nothing else
// (WT-40). Names keep the case they came in; values are copied, so the result
// shares no memory with b. Empty names (WT-41), illegal names, repeats in any
// case (WT-42) and lengths over what is left of b are a [*ProtocolError] of kind
// [BadMetadata]; more than [MaxProperties] one of kind [TooLarge].
func ParseMetadata(b []byte) (Metadata, error) {
	var md Metadata
	rest := bytes.Clone(b)
	for len(rest) > 0 {
		if len(md) == MaxProperties {
			return nil, tooManyProperties()
		}
		n := int(rest[0])
		rest = rest[1:]
		if n+valueSize > len(rest) {
			return nil, &ProtocolError{
				BadMetadata, fmt.Sprintf("%d octets after name length %d", len(rest), n),
				"a name and a value length",
			}
		}
		name := propertyName(rest[:n])
		size := uint64(binary.BigEndian.Uint32(rest[n:]))
		rest = rest[n+valueSize:]
		if err := checkProperty(md, name, size); err != nil {
			return nil, err
		}
		if size > uint64(len(rest)) {
			return nil, &ProtocolError{
				BadMetadata, fmt.Sprintf("property %q of %d octets", name, size),
				fmt.Sprintf("at most the %d that are left", len(rest)),
			}
		}
		md = append(md, Property{Name: name, Value: rest[:size:size]})
		rest = rest[size:]
	}
	return md, nil
}

// propertyName returns b as a string, without an allocation for the names that
// every handshake carries.
func propertyName(b []byte) string {
	switch string(b) {
	case SocketTypeProperty:
		return SocketTypeProperty
	case IdentityProperty:
		return IdentityProperty
	}
	return string(b)
}
