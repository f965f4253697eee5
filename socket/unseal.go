package socket

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
)

// An unsealer makes of the encrypted traffic that a connection brings the frames
// that are in it, as a connection in the clear would bring them. A frame cannot
// be given out before all of it is there; the memory for it grows as octets come,
// whatever was announced. It belongs to whoever decodes.
type unsealer struct {
	cipher *zmtp.Cipher
	hear   func()
	limit  int64 // octets of the body of a MESSAGE; 0: none

	in      *chunk // what has been read
	from    int    // what is before that has been opened
	plain   []byte // of in: opened, and not yet given out
	want    int    // octets of the frame that has not come whole, 0 if that is not known
	trusted int    // octets this peer may announce and get at once: it has sent as much before
	busy    bool
	err     error // why nothing more is to be opened, or to be read
}

// newUnsealer returns the unsealer of a session. Early is what has been read.
func newUnsealer(x *session, early []byte) *unsealer {
	u := &unsealer{cipher: x.cipher, hear: x.hear, in: newChunk(len(early)), trusted: usualChunk}
	u.in.buf = append(u.in.buf, early...)
	if l := x.pipe.s.cfg.limits(); l.Message > 0 {
		u.limit = max(l.Message, int64(l.Command)) + int64(zmtp.CipherOverhead)
	}
	return u
}

// read puts frames into b, or a part of one. If it has none it reads the
// connection by way of from, until a frame is whole, or from has nothing. What
// comes after a frame that does not open is not read.
func (u *unsealer) read(from io.Reader, b []byte) (n int, err error) {
	for {
		if n = u.give(b); n > 0 {
			return n, nil
		}
		if u.err != nil {
			return 0, u.err
		}
		got, err := from.Read(u.space())
		if got == 0 {
			return 0, err
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			u.err = err // what came with it goes first
		}
		u.hear()
		u.busy = got >= smallChunk/2
		u.in.buf = u.in.buf[:len(u.in.buf)+got]
	}
}

// give opens frames and gives them out, as far as they fit into b.
func (u *unsealer) give(b []byte) (n int) {
	for n < len(b) {
		if len(u.plain) == 0 && !u.open() {
			break
		}
		given := copy(b[n:], u.plain)
		u.plain = u.plain[given:]
		n += given
	}
	return n
}

// open opens the next frame. It reports false if that has not come whole, or is
// not what it has to be.
func (u *unsealer) open() bool {
	rest := u.in.buf[u.from:]
	u.want = 0
	h, err := zmtp.ParseHeader(rest)
	if err == io.ErrUnexpectedEOF { //nolint:errorlint // it is never wrapped
		return false
	}
	if err == nil {
		err = u.check(h)
	}
	if err == nil {
		u.want = h.Len + int(h.Size)
		if len(rest) < u.want {
			return false
		}
		u.plain, err = u.cipher.Unseal(rest[h.Len:u.want])
	}
	if err != nil {
		u.err, u.from = err, len(u.in.buf) // where nothing is to be opened
		return false
	}
	u.from += u.want
	u.trusted = max(u.trusted, 2*u.want)
	return true
}

// check holds the header of a frame against what encrypted traffic consists of,
// before its body is waited for (WT-79).
func (u *unsealer) check(h zmtp.Header) error {
	switch {
	case h.More() || h.Size < int64(zmtp.CipherOverhead):
		return &zmtp.ProtocolError{
			Kind: zmtp.UnexpectedCommand, Expected: "encrypted traffic",
			Seen: fmt.Sprintf("a frame of %d octets with flags 0x%02x", h.Size, h.Flags),
		}
	case u.limit > 0 && h.Size > u.limit:
		return fmt.Errorf("encrypted frame of %d octets: %w, the limit is %d", h.Size, queue.ErrTooLarge, u.limit)
	case h.Size > math.MaxInt-int64(h.Len):
		return fmt.Errorf("encrypted frame of %d octets: %w to be there in one piece", h.Size, queue.ErrTooLarge)
	}
	return nil
}

// What a connection may keep while nothing is in it. It is given back once little
// is read at a time, as when only heartbeats come.
const maxKeptChunk = 4 * usualChunk

// space returns where the next octets are to be read to. All that was opened has
// been given out.
func (u *unsealer) space() []byte {
	rest := u.in.buf[u.from:]
	size := cap(u.in.buf)
	need := max(u.want, len(rest)+smallChunk/8) // of a frame that is only beginning, the header
	to := size
	switch {
	case u.busy && size < usualChunk, len(rest) == 0 && size > maxKeptChunk:
		to = usualChunk
	case len(rest) == 0 && !u.busy:
		to = smallChunk
	}
	if need > to && (len(rest) >= to || u.trusted > to) {
		to = min(need, max(2*len(rest), u.trusted)) // what has come doubles before the memory does
	}
	if to != size {
		old := u.in
		u.in = newChunk(to)
		u.in.buf, u.from = append(u.in.buf, rest...), 0
		old.free()
	} else if u.from > 0 && u.from+need > size {
		u.in.buf, u.from = u.in.buf[:copy(u.in.buf, rest)], 0
	}
	return u.in.buf[len(u.in.buf):cap(u.in.buf)]
}

// free gives the memory back.
func (u *unsealer) free() {
	u.in.free()
	u.in, u.plain = nil, nil
}
