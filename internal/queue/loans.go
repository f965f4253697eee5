package queue

// Loans are the slabs whose memory [Loans.Into] has handed to the application,
// to be used again once it hands that memory back with a later call. One that
// does not come back is forgotten, and stays the application's. The zero value
// is ready to use. It is not safe for concurrent use.
type Loans struct {
	slabs [maxLoans]*slab // the newest last
}

// What is remembered for one that may never come back is kept from the
// garbage collector: at most this many, and of those above maxLoan octets only
// the newest.
const (
	maxLoans = 4
	maxLoan  = 1 << 20
)

// lend remembers s, unless it is too large to be used again.
func (l *Loans) lend(s *slab) {
	if cap(s.buf) > 1<<maxSlabBits {
		return
	}
	copy(l.slabs[:], l.slabs[1:])
	l.slabs[maxLoans-1] = s
	for i, other := range l.slabs[:maxLoans-1] {
		if other != nil && cap(other.buf) > maxLoan {
			l.slabs[i] = nil
		}
	}
}

// takeBack takes memory that the application gives up, if it was lent.
func (l *Loans) takeBack(b []byte) {
	if cap(b) < LargeBody {
		return
	}
	for i, s := range l.slabs {
		if s != nil && &s.buf[:1][0] == &b[:1][0] {
			l.slabs[i] = nil
			s.release()
			return
		}
	}
}

// Into copies m out as frames like [Arena.Message], but into the caller's
// memory: it uses the frames of dst again, and what they point to, and returns
// dst with the right length. A large body takes the place of the memory that
// dst has, which is used for another one if it was lent by l.
func (l *Loans) Into(m *Raw, dst [][]byte, prefix []byte, skip int) [][]byte {
	if m.frames == 1 && skip == 0 && prefix == nil && m.large == m.used && cap(dst) > 0 { // as most messages are
		_, head, size := frameAt(m.b.buf[m.pos:m.end])
		dst = dst[:1]
		if body := m.b.buf[m.pos+head : m.end]; size <= cap(dst[0]) {
			dst[0] = dst[0][:size]
			copy(dst[0], body)
		} else {
			dst[0] = append(dst[0][:0], body...)
		}
		return dst
	}
	n := m.frames - skip
	if prefix != nil {
		n++
	}
	if cap(dst) < n {
		grown := make([][]byte, n)
		copy(grown, dst[:cap(dst)])
		dst = grown
	}
	dst = dst[:n]
	i := 0
	if prefix != nil {
		dst[0] = append(dst[0][:0], prefix...)
		i = 1
	}
	w := m.walk()
	for ; skip > 0; skip-- {
		w.next()
	}
	for ; i < n; i++ {
		p := w.next()
		if p.shared {
			dst[i] = append(dst[i][:0], p.body...)
			continue
		}
		l.takeBack(dst[i])
		dst[i] = p.body
		if p.slab != nil {
			l.lend(p.slab)
		}
	}
	return dst
}
