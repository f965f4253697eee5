package queue

import "github.com/brokerless/brokerless/internal/zmtp"

// Raw is one whole message as it stands in a batch. It is valid until the
// batch moves on; copy what must stay.
//
// It says where the message is rather than pointing to it, because a pointer
// that is written for each message costs as much as all the rest while the
// garbage collector runs.
type Raw struct {
	b           *Batch
	pos, end    int // its frames, in b.buf
	used, large int // its large bodies, in b.large
	frames      int
	size        int // octets on the wire
}

// Frames returns the number of frames.
func (m *Raw) Frames() int { return m.frames }

// Size returns the octets the message takes on the wire.
func (m *Raw) Size() int { return m.size }

// Frame returns the body of frame i. The memory stays the batch's.
func (m *Raw) Frame(i int) []byte {
	w := m.walk()
	for ; i > 0; i-- {
		w.next()
	}
	return w.next().body
}

// AppendFrames appends the bodies of all frames to dst. The memory stays the
// batch's.
func (m *Raw) AppendFrames(dst [][]byte) [][]byte {
	w := m.walk()
	for range m.frames {
		dst = append(dst, w.next().body)
	}
	return dst
}

// cut reads the whole message at position pos of b, with the large bodies
// from b.large[used] on.
func (m *Raw) cut(b *Batch, pos, used int) {
	if m.b != b {
		m.b = b
	}
	m.pos, m.used = pos, used
	if b.buf[pos] == 0 { // one short frame, as most messages are
		n := 2 + int(b.buf[pos+1])
		m.end, m.large, m.frames, m.size = pos+n, used, 1, n
		return
	}
	m.frames, m.size = 0, 0
	for more := true; more; {
		flags, head, n := frameAt(b.buf[pos:])
		pos += head
		m.frames++
		m.size += head + n
		if used < len(b.large) && b.large[used].at == pos {
			used++
		} else {
			pos += n
		}
		more = flags&zmtp.FlagMore != 0
	}
	m.end, m.large = pos, used
}

// octets returns how much of the batch's buffer the message takes.
func (m *Raw) octets() int { return m.end - m.pos }

// A walker steps through the frames of one message.
type walker struct {
	m    *Raw
	pos  int // in the batch's buffer
	used int // of its large bodies
}

func (m *Raw) walk() walker { return walker{m, m.pos, m.used} }

// next returns the next frame's body as a part: at is not used.
func (w *walker) next() part {
	b := w.m.b
	_, head, n := frameAt(b.buf[w.pos:])
	w.pos += head
	if w.used < w.m.large && b.large[w.used].at == w.pos {
		w.used++
		return b.large[w.used-1]
	}
	w.pos += n
	return part{body: b.buf[w.pos-n : w.pos : w.pos], shared: true}
}
