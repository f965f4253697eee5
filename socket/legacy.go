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

// legacy reports whether the peer speaks ZMTP 1.0 or 2.0: there are messages and
// nothing else.
func (x *session) legacy() bool { return x.major == 1 || x.major == 2 }

// framedV1 reports whether the frames on the connection are those of ZMTP 1.0.
func (x *session) framedV1() bool { return x.major == 1 }

// subscribeAll subscribes a peer to everything that has announced no version: it
// is from a time when subscribers filtered by themselves, and may never tell what
// it wants (WT-19).
func (x *session) subscribeAll() {
	if !x.unversioned {
		return
	}
	if err := x.subscription(nil, true); err != nil {
		x.end(err)
	}
}

// errCommandless says that a peer that knows no commands has sent one.
func (x *session) errCommandless() error {
	return &zmtp.ProtocolError{
		Kind: zmtp.BadFrame, Seen: "a command",
		Expected: fmt.Sprintf("messages alone, as in ZMTP %s", x.peer.Version),
	}
}

// An upgrader makes of the frames of ZMTP 1.0 that a connection brings those of
// ZMTP 3. Only headers change, so bodies pass as they come, and what a length
// announces is the decoder's to judge. It belongs to whoever decodes.
type upgrader struct {
	in   *chunk // what has been read
	from int    // what is before that has been given out
	head []byte // of a header, what is still to be given out
	room [9]byte
	left int64 // of the body behind it, the same
	busy bool
	err  error // why nothing more is to be read
}

// newUpgrader returns the upgrader of a connection. Early is what has been read.
func newUpgrader(early []byte) *upgrader {
	u := &upgrader{in: newChunk(len(early))}
	u.in.buf = append(u.in.buf, early...)
	return u
}

// read puts frames into b, or a part of one. If it has none it reads the
// connection by way of from. What comes after a frame that is malformed is not
// read.
func (u *upgrader) read(from io.Reader, b []byte) (n int, err error) {
	for {
		if n = u.give(b); n > 0 {
			return n, nil
		}
		if u.err != nil {
			return 0, u.err
		}
		if u.left >= usualChunk { // needs no copy
			n, err = from.Read(b[:min(int64(len(b)), u.left)])
			u.left -= int64(n)
			return n, err
		}
		got, err := from.Read(u.space())
		if got == 0 {
			return 0, err
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			u.err = err // what came with it goes first
		}
		u.busy = got >= smallChunk/2
		u.in.buf = u.in.buf[:len(u.in.buf)+got]
	}
}

// give gives out what has been read, as far as it fits into b.
func (u *upgrader) give(b []byte) (n int) {
	for n < len(b) {
		switch rest := u.in.buf[u.from:]; {
		case len(u.head) > 0:
			k := copy(b[n:], u.head)
			u.head = u.head[k:]
			n += k
		case u.left > 0 && len(rest) > 0:
			k := copy(b[n:], rest[:min(int64(len(rest)), u.left)])
			u.from += k
			u.left -= int64(k)
			n += k
		case u.left > 0 || !u.next(rest):
			return n
		}
	}
	return n
}

// next goes on to the frame that rest begins with. It reports false if its
// header has not come whole, or is not what it has to be.
func (u *upgrader) next(rest []byte) bool {
	h, err := zmtp.ParseHeaderV1(rest)
	if err == nil && h.Size > math.MaxInt {
		err = fmt.Errorf("frame of %d octets: %w to be there in one piece", h.Size, queue.ErrTooLarge)
	}
	if err != nil {
		if err != io.ErrUnexpectedEOF { //nolint:errorlint // it is never wrapped
			u.err, u.from = err, len(u.in.buf) // where there is nothing to be given out
		}
		return false
	}
	u.from += h.Len
	u.head = zmtp.AppendHeader(u.room[:0], h.Flags, int(h.Size))
	u.left = h.Size
	return true
}

// space returns where the next octets are to be read to. All that can be given
// out has been, so that what is left is at most a part of a header.
func (u *upgrader) space() []byte {
	rest := u.in.buf[u.from:]
	size := smallChunk
	if u.busy {
		size = usualChunk
	}
	if old := u.in; cap(old.buf) != size {
		u.in = newChunk(size)
		u.in.buf = append(u.in.buf, rest...)
		old.free()
	} else {
		old.buf = old.buf[:copy(old.buf, rest)]
	}
	u.from = 0
	return u.in.buf[len(u.in.buf):cap(u.in.buf)]
}

// free gives the memory back.
func (u *upgrader) free() {
	u.in.free()
	u.in = nil
}
