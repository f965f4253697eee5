package call

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// version is that of the header. The first ten octets, up to the id, are the
// same in every version.
const version = 1

const (
	idLength     = 10 // octets of a header up to the end of the id
	headerLength = 18 // octets of a header without metadata
)

// kind says what a message with a header is.
type kind uint8

const (
	kindCall    kind = iota + 1 // client: execute a method
	kindCancel                  // client: the call is given up
	kindCredit                  // client: so many items more of a stream may come
	kindAnswer                  // server: the call has been executed, this is the last of it
	kindRefusal                 // server: the call has not been executed, and never will be
	kindItem                    // server: one item of a stream
	kindLeaving                 // server: send me no more calls, I am about to close
	kindLeft                    // client: what I sent before this is all
	kindHello                   // client: may I send calls?
	kindWelcome                 // server: yes
)

// notice returns the frame of a message that is about no call.
func notice(k kind) []byte {
	h := header{kind: k}
	frame, _ := h.append(make([]byte, 0, headerLength), nil) // only metadata can fail
	return frame
}

// header is the last frame of a message between this package's ends.
//
//	octet 0      version
//	octet 1      kind
//	octets 2-9   id of the call, big endian
//	octets 10-13 milliseconds until the deadline, 0 if there is none (call)
//	octets 14-17 items that may be sent (call of a stream, credit)
//	octets 18-   metadata (call, answer)
type header struct {
	kind     kind
	id       uint64
	left     uint32
	credit   uint32
	metadata []byte // encoded
}

var errHeader = errors.New("bad header")

// versionError is a header of a version that is not spoken here.
type versionError byte

func (e versionError) Error() string {
	return fmt.Sprintf("header of version %d, want %d", byte(e), version)
}

// append appends the header's octets, with metadata in place of h.metadata.
func (h *header) append(dst []byte, m Metadata) ([]byte, error) {
	dst = append(dst, version, byte(h.kind))
	dst = binary.BigEndian.AppendUint64(dst, h.id)
	dst = binary.BigEndian.AppendUint32(dst, h.left)
	dst = binary.BigEndian.AppendUint32(dst, h.credit)
	return appendMetadata(dst, m)
}

// parse reads a header. Its metadata is checked for its length alone. After a
// versionError the id is set.
func (h *header) parse(b []byte) error {
	if len(b) < idLength {
		return fmt.Errorf("%w: %d octets, want at least %d", errHeader, len(b), idLength)
	}
	h.kind = kind(b[1])
	h.id = binary.BigEndian.Uint64(b[2:])
	if b[0] != version {
		return versionError(b[0])
	}
	if len(b) < headerLength {
		return fmt.Errorf("%w: %d octets, want at least %d", errHeader, len(b), headerLength)
	}
	if n := len(b) - headerLength; n > maxMetadata {
		return fmt.Errorf("%w: %d octets of metadata, the limit is %d", errHeader, n, maxMetadata)
	}
	h.left = binary.BigEndian.Uint32(b[10:])
	h.credit = binary.BigEndian.Uint32(b[14:])
	h.metadata = b[headerLength:]
	return nil
}

// milliseconds returns how a time that is left travels: rounded up, for the
// caller's own clock is the one that ends the call; 0 if it is longer than fits.
func milliseconds(d time.Duration) uint32 {
	ms := (d + time.Millisecond - 1) / time.Millisecond
	if ms > math.MaxUint32 {
		return 0
	}
	return uint32(max(ms, 1))
}
