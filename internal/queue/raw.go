package queue

import "github.com/brokerless/brokerless/internal/zmtp"

// Raw is one whole message as it stands in a batch. It is valid until the
// batch moves on; copy what must stay.
type Raw struct {
	buf    []byte // the message's frames
	large  []part // its large bodies; positions count from base
	base   int
	frames int
	size   int // octets on the wire
}

// Frames returns the number of frames.
func (m *Raw) Frames() int { return m.frames }

// Size returns the octets the message takes on the wire.
func (m *Raw) Size() int { return m.size }

// Frame returns the body of frame i. The memory stays the batch's.
func (m *Raw) Frame(i int) []byte {
	w := walker{m: m}
	for ; i > 0; i-- {
		w.next()
	}
	return w.next().body
}

// AppendFrames appends the bodies of all frames to dst. The memory stays the
// batch's.
func (m *Raw) AppendFrames(dst [][]byte) [][]byte {
	w := walker{m: m}
	for range m.frames {
		dst = append(dst, w.next().body)
	}
	return dst
}

// cut reads the whole message at position pos of buf, with large the
// bodies at pos and behind it.
func (m *Raw) cut(buf []byte, pos int, large []part) {
	if buf[pos] == 0 { // one short frame, as most messages are
		n := 2 + int(buf[pos+1])
		m.buf, m.large, m.frames, m.size = buf[pos:pos+n:pos+n], nil, 1, n
		return
	}
	from, used, size, frames := pos, 0, 0, 0
	for {
		flags, head, n := frameAt(buf[pos:])
		pos += head
		frames++
		size += head + n
		if used < len(large) && large[used].at == pos {
			used++
		} else {
			pos += n
		}
		if flags&zmtp.FlagMore == 0 {
			break
		}
	}
	*m = Raw{buf: buf[from:pos], large: large[:used], base: from, frames: frames, size: size}
}

// A walker steps through the frames of one message.
type walker struct {
	m    *Raw
	pos  int
	used int
}

// next returns the next frame's body as a part: at is not used.
func (w *walker) next() part {
	_, head, n := frameAt(w.m.buf[w.pos:])
	w.pos += head
	if w.used < len(w.m.large) && w.m.large[w.used].at == w.m.base+w.pos {
		w.used++
		return w.m.large[w.used-1]
	}
	w.pos += n
	return part{body: w.m.buf[w.pos-n : w.pos : w.pos], shared: true}
}
