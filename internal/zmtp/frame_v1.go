package zmtp

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The sizes of a frame's header in ZMTP 1.0 (RFC 13): the length, which counts
// the flags, and then the flags.
const (
	shortHeaderV1 = 2
	longHeaderV1  = 10
	longV1        = 0xFF // in place of a length: 8 octets with it follow
	maxShortV1    = longV1 - 2
)

// ParseHeaderV1 is [ParseHeader] for the frames of ZMTP 1.0 (WT-20): a length,
// one octet or 0xFF and eight, of flags and body together, then the flags. A
// length of 0 and flags other than [FlagMore] are a [*ProtocolError] of kind
// [BadFrame]. Of the flags returned only that one may be set; Len is 2 or 10.
// The long form of a length that needs none is legal.
func ParseHeaderV1(b []byte) (Header, error) {
	if len(b) == 0 {
		return Header{}, io.ErrUnexpectedEOF
	}
	h := Header{Len: shortHeaderV1}
	length := uint64(b[0])
	if length == longV1 {
		if len(b) > 1 && b[1]&0x80 != 0 {
			return Header{}, badLengthV1(fmt.Sprintf("first length octet 0x%02x", b[1]), "a length below 2^63")
		}
		if len(b) < longHeaderV1-1 {
			return Header{}, io.ErrUnexpectedEOF
		}
		h.Len = longHeaderV1
		length = binary.BigEndian.Uint64(b[1:])
	}
	if length == 0 {
		return Header{}, badLengthV1("length 0", "at least 1, for the flags")
	}
	if len(b) < h.Len {
		return Header{}, io.ErrUnexpectedEOF
	}
	h.Flags = b[h.Len-1]
	if h.Flags&^FlagMore != 0 {
		return Header{}, badLengthV1(fmt.Sprintf("flags 0x%02x", h.Flags), "bits 1 to 7 zero in ZMTP 1.0")
	}
	h.Size = int64(length - 1) //nolint:gosec // it is below 2^63
	return h, nil
}

func badLengthV1(seen, expected string) error { return &ProtocolError{BadFrame, seen, expected} }

// AppendFrameV1 appends a frame of ZMTP 1.0. Of the flags only [FlagMore]
// counts, for that version has no other.
func AppendFrameV1(dst []byte, flags byte, body []byte) []byte {
	flags &= FlagMore
	if len(body) <= maxShortV1 {
		dst = append(dst, byte(1+len(body)), flags)
	} else {
		dst = binary.BigEndian.AppendUint64(append(dst, longV1), uint64(1+len(body)))
		dst = append(dst, flags)
	}
	return append(dst, body...)
}

// FrameSizeV1 returns the octets of a frame of ZMTP 1.0 with a body of n.
func FrameSizeV1(n int) int {
	if n <= maxShortV1 {
		return shortHeaderV1 + n
	}
	return longHeaderV1 + n
}
