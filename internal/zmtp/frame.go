package zmtp

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The flag bits of a frame's first octet. Bits 3 to 7 are reserved and zero.
const (
	FlagMore    byte = 1 // another frame of the same message follows
	FlagLong    byte = 2 // the size takes 8 octets, not 1
	FlagCommand byte = 4 // a command, not part of a message; never with FlagMore
)

const (
	shortHeader = 2   // flags and 1 size octet
	longHeader  = 9   // flags and 8 size octets
	maxShort    = 255 // the largest body of a short frame
)

// Header is the first 2 or 9 octets of a frame, decoded.
type Header struct {
	Flags byte  // as on the wire, FlagLong included
	Len   int   // octets of the header itself: 2 or 9
	Size  int64 // octets of the body that follows
}

// More reports whether another frame of the same message follows.
func (h Header) More() bool { return h.Flags&FlagMore != 0 }

// Command reports whether the body is a command.
func (h Header) Command() bool { return h.Flags&FlagCommand != 0 }

// ParseShortHeader decodes the header of a short message frame, which nearly all
// of the traffic is, and reports false for every other input, to be given to
// [ParseHeader]. It exists because it is small enough for the compiler to
// inline, which ParseHeader is not.
func ParseShortHeader(b []byte) (h Header, ok bool) {
	if len(b) < shortHeader || b[0] > FlagMore {
		return Header{}, false
	}
	return Header{Flags: b[0], Len: shortHeader, Size: int64(b[1])}, true
}

// ParseHeader decodes the frame header that b begins with; what follows it in b
// does not matter. It returns [io.ErrUnexpectedEOF] when b ends inside the
// header, and a [*ProtocolError] of kind [BadFrame] at the first octet that no
// legal header can have: a reserved flag, MORE on a command (WT-22), or a size
// with its top bit set. LONG with a size that needs no 8 octets is legal
// (WT-24). A header that parses still only announces: compare Size with a limit
// before use, and allocate as octets arrive (WT-29). It allocates only for a
// ProtocolError.
func ParseHeader(b []byte) (Header, error) {
	if len(b) == 0 {
		return Header{}, io.ErrUnexpectedEOF
	}
	flags := b[0]
	if flags&^(FlagMore|FlagLong|FlagCommand) != 0 {
		return Header{}, &ProtocolError{BadFrame, fmt.Sprintf("flags 0x%02x", flags), "bits 3 to 7 zero"}
	}
	if flags&FlagCommand != 0 && flags&FlagMore != 0 {
		return Header{}, &ProtocolError{BadFrame, fmt.Sprintf("flags 0x%02x", flags), "no MORE on a command"}
	}
	if flags&FlagLong == 0 {
		if len(b) < shortHeader {
			return Header{}, io.ErrUnexpectedEOF
		}
		return Header{Flags: flags, Len: shortHeader, Size: int64(b[1])}, nil
	}
	if len(b) > 1 && b[1]&0x80 != 0 {
		return Header{}, &ProtocolError{BadFrame, fmt.Sprintf("first size octet 0x%02x", b[1]), "a size below 2^63"}
	}
	if len(b) < longHeader {
		return Header{}, io.ErrUnexpectedEOF
	}
	return Header{Flags: flags, Len: longHeader, Size: int64(binary.BigEndian.Uint64(b[1:]))}, nil
}

// AppendHeader appends the header of a frame whose body has size octets, size
// not negative. It sets or clears FlagLong as the size needs: the short form up
// to 255 octets (WT-23), so that LONG never comes with a size of 0, which
// JeroMQ refuses (WT-24).
func AppendHeader(dst []byte, flags byte, size int) []byte {
	if size <= maxShort {
		return append(dst, flags&^FlagLong, byte(size))
	}
	return appendLongHeader(dst, flags, size)
}

func appendLongHeader(dst []byte, flags byte, size int) []byte {
	return binary.BigEndian.AppendUint64(append(dst, flags|FlagLong), uint64(size))
}

// AppendFrame appends a frame: header and body. Flags are as for
// [AppendHeader].
func AppendFrame(dst []byte, flags byte, body []byte) []byte {
	return append(AppendHeader(dst, flags, len(body)), body...)
}
