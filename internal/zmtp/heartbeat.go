package zmtp

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// MaxContext is the longest context of a PING or PONG, in octets.
const MaxContext = 16

const (
	ttlUnit = 100 * time.Millisecond
	ttlSize = 2
	maxTTL  = math.MaxUint16 * ttlUnit
)

// AppendPing appends a PING frame with context, cut to [MaxContext] octets. ttl
// is how long the peer may hear nothing before it takes this side for dead; 0
// says nothing about that (WT-109). It is rounded up to tenths of a second and
// held between 0 and 6553.5 s. libzmq keeps only the low 16 bits of it in
// milliseconds, so over 65.5 s it drops the connection early (WT-110): leave
// longer ones out.
func AppendPing(dst []byte, ttl time.Duration, context []byte) []byte {
	context = cutContext(context)
	ttl = min(max(ttl, 0), maxTTL)
	dst = appendCommand(dst, CommandPing, ttlSize+len(context))
	dst = binary.BigEndian.AppendUint16(dst, uint16((ttl+ttlUnit-1)/ttlUnit))
	return append(dst, context...)
}

// AppendPong appends a PONG frame with the context of the PING it answers, cut
// to [MaxContext] octets (WT-111).
func AppendPong(dst, context []byte) []byte {
	context = cutContext(context)
	return append(appendCommand(dst, CommandPong, len(context)), context...)
}

// ParsePing decodes the payload of a PING. The context is part of payload, cut
// to [MaxContext] octets, and goes back in the PONG. A payload without a whole
// TTL is a [*ProtocolError] of kind [BadCommand] (WT-33).
func ParsePing(payload []byte) (ttl time.Duration, context []byte, err error) {
	if len(payload) < ttlSize {
		return 0, nil, &ProtocolError{BadCommand, fmt.Sprintf("PING payload of %d octets", len(payload)), "at least 2"}
	}
	ttl = time.Duration(binary.BigEndian.Uint16(payload)) * ttlUnit
	return ttl, cutContext(payload[ttlSize:]), nil
}

func cutContext(b []byte) []byte {
	n := min(len(b), MaxContext)
	return b[:n:n]
}
