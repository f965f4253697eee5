package faultnet

import (
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// A pair is what the two ends of a connection share.
type pair struct {
	mu      sync.Mutex
	changed sync.Cond // with mu: anything that an end may wait for
	reset   bool      // both directions have failed
	streams [2]stream // what end 0 writes, and what end 1 writes
	struck  func()    // told when an Ending has come
}

// A stream is one direction: octets under way, oldest first. The pair's lock
// guards it.
type stream struct {
	fault    Fault
	rnd      *rand.Rand
	chunks   []chunk
	size     int   // octets of all chunks
	written  int64 // octets taken from the writer, since the beginning
	last     time.Time
	ended    bool // its end follows the chunks: the writer has closed, or was made to
	refused  bool // the reader has closed, or is as good as gone: nothing can be written
	silenced bool // what is written vanishes, and stays in size: nobody acknowledges it
	expired  bool // the writer has given up waiting for that
	expiry   *time.Timer
	stalled  bool // nothing more is taken
	reads    deadline
	writes   deadline
}

// A chunk is octets that arrive at the same time.
type chunk struct {
	octets []byte
	at     time.Time
}

// A deadline is a moment after which a call gives up, with the timer that wakes
// it then.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) over() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

// set changes the deadline and wakes who waits under the old one. The caller
// holds the pair's lock.
func (d *deadline) set(p *pair, at time.Time) {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.at = at
	if left := time.Until(at); !at.IsZero() && left > 0 {
		d.timer = time.AfterFunc(left, p.wake)
	}
	p.changed.Broadcast()
}

func (p *pair) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed.Broadcast()
}

// read waits for octets of s and takes what has arrived. The own stream is what
// the reader writes.
func (p *pair) read(s, own *stream, closed *bool, b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case *closed:
			return 0, net.ErrClosed
		case s.reads.over():
			return 0, os.ErrDeadlineExceeded
		case p.reset:
			return 0, syscall.ECONNRESET
		case own.expired:
			return 0, syscall.ETIMEDOUT
		case len(s.chunks) > 0:
			first := &s.chunks[0]
			wait := time.Until(first.at)
			if wait <= 0 {
				return s.take(p, b), nil
			}
			timer := time.AfterFunc(wait, p.wake)
			p.changed.Wait()
			timer.Stop()
			continue
		case s.ended:
			return 0, io.EOF
		case len(b) == 0:
			return 0, nil
		}
		p.changed.Wait()
	}
}

// take moves octets that have arrived to b.
func (s *stream) take(p *pair, b []byte) int {
	if s.fault.Slice > 0 && len(b) > s.fault.Slice {
		b = b[:s.fault.Slice]
	}
	total := 0
	for len(b) > 0 && len(s.chunks) > 0 && !time.Now().Before(s.chunks[0].at) {
		first := &s.chunks[0]
		n := copy(b, first.octets)
		first.octets, b = first.octets[n:], b[n:]
		total += n
		if len(first.octets) == 0 {
			s.chunks = s.chunks[1:]
		}
	}
	s.size -= total
	p.changed.Broadcast()
	return total
}

// write puts the octets of b under way, waiting while there is no room.
func (p *pair) write(s *stream, closed *bool, b []byte) (total int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case *closed:
			return total, net.ErrClosed
		case s.writes.over():
			return total, os.ErrDeadlineExceeded
		case p.reset:
			return total, syscall.ECONNRESET
		case s.expired:
			return total, syscall.ETIMEDOUT
		case s.refused || s.ended:
			return total, syscall.EPIPE
		case len(b) == 0:
			return total, nil
		}
		n := min(len(b), s.fault.buffer()-s.size)
		if s.fault.Ending != Never && !s.silenced {
			left := s.fault.After - s.written
			if left <= 0 && !s.stalled {
				p.strike(s)
				continue
			}
			n = int(min(int64(n), left))
		}
		if n <= 0 {
			p.changed.Wait()
			continue
		}
		s.put(b[:n])
		b, total = b[n:], total+n
		p.changed.Broadcast()
	}
}

func (s *stream) put(b []byte) {
	s.written += int64(len(b))
	s.size += len(b)
	if s.silenced {
		return
	}
	s.last = s.fault.arrival(time.Now(), s.last, len(b), s.rnd)
	s.chunks = append(s.chunks, chunk{append([]byte(nil), b...), s.last})
}

// strike makes the ending of s come. The caller holds the lock.
func (p *pair) strike(s *stream) {
	switch s.fault.Ending {
	case Reset:
		p.fail()
	case HangUp:
		for i := range p.streams {
			p.streams[i].ended, p.streams[i].refused = true, true
		}
	case Mute:
		p.mute(s)
	case Stall:
		s.stalled = true
	}
	if p.struck != nil {
		p.struck()
	}
	p.changed.Broadcast()
}

// retransmission is how long a system goes on sending what nobody acknowledges.
const retransmission = 15 * time.Minute

// mute makes s lead nowhere. The caller holds the lock.
func (p *pair) mute(s *stream) {
	if s.silenced {
		return
	}
	s.silenced = true
	s.expiry = time.AfterFunc(retransmission, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		s.expired = true
		p.changed.Broadcast()
	})
	p.changed.Broadcast()
}

// fail resets the connection. The caller holds the lock.
func (p *pair) fail() {
	p.reset = true
	for i := range p.streams {
		p.streams[i].chunks, p.streams[i].size = nil, 0
	}
	p.changed.Broadcast()
}
