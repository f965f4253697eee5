package call

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

const (
	maxMetadata = 8 << 10 // octets, encoded
	maxEntries  = 128
)

// Metadata is what travels beside a request or an answer: a token, a trace id,
// a version. Keys have 1 to 255 octets, values up to 64 KiB, and all together
// at most 128 entries and 8 KiB. Nothing is done to them: case matters.
type Metadata map[string]string

// Set sets the value of a key, and makes the map if there is none.
func (m *Metadata) Set(key, value string) {
	if *m == nil {
		*m = make(Metadata)
	}
	(*m)[key] = value
}

// appendMetadata appends the entries, in the order of their keys: the length of the
// key in one octet, the key, the length of the value in two, the value.
func appendMetadata(dst []byte, m Metadata) ([]byte, error) {
	if len(m) == 0 {
		return dst, nil
	}
	if len(m) > maxEntries {
		return dst, Errorf(InvalidArgument, "metadata of %d entries, the limit is %d", len(m), maxEntries)
	}
	start := len(dst)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		v := m[k]
		if k == "" || len(k) > 255 {
			return dst[:start], Errorf(InvalidArgument, "metadata key %.64q of %d octets, want 1 to 255", k, len(k))
		}
		if len(dst)-start+3+len(k)+len(v) > maxMetadata {
			return dst[:start], Errorf(InvalidArgument, "metadata of more than %d octets", maxMetadata)
		}
		dst = append(dst, byte(len(k)))
		dst = append(dst, k...)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(v)))
		dst = append(dst, v...)
	}
	return dst, nil
}

// parseMetadata reads what appendMetadata wrote. A key that comes twice is an error.
func parseMetadata(b []byte) (Metadata, error) {
	if len(b) == 0 {
		return nil, nil
	}
	m := make(Metadata)
	for len(b) > 0 {
		n := int(b[0])
		if n == 0 || len(b) < 1+n+2 {
			return nil, fmt.Errorf("%w: metadata is cut off in a key", errHeader)
		}
		k := string(b[1 : 1+n])
		size := int(binary.BigEndian.Uint16(b[1+n:]))
		if b = b[1+n+2:]; len(b) < size {
			return nil, fmt.Errorf("%w: metadata is cut off in the value of %q", errHeader, k)
		}
		if _, twice := m[k]; twice {
			return nil, fmt.Errorf("%w: metadata has %q twice", errHeader, k)
		}
		if len(m) == maxEntries {
			return nil, fmt.Errorf("%w: metadata of more than %d entries", errHeader, maxEntries)
		}
		m[k] = string(b[:size])
		b = b[size:]
	}
	return m, nil
}
