package socket

import (
	"io"
	"time"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
)

// write writes what is queued for the peer, all of it at once whenever there
// is something, until the connection ends or the draining pipe is empty. It
// sends the heartbeats too, for it is the one that sleeps.
func (x *session) write() {
	s, p := x.pipe.s, x.pipe
	beat := newHeartbeat(x)
	defer beat.stop()
	defer x.lastDispatch()
	var spare, barrier []byte
	var iov [][]byte
	for {
		s.send.Lock()
		var control []byte
		var list *queue.Batch
		barrier = barrier[:0]
		taken, drained := 0, false
		if !x.writing {
			if x.rest != nil { // nothing may come between the parts of a frame
				list, taken = p.out.TakeBehind(x.rest), x.taken
				x.rest = nil
			} else {
				control, list = x.takeControl(spare[:0]), p.out.Take()
			}
			barrier = x.appendBarrier(barrier)
			x.writing = list != nil || len(control) > 0 || len(barrier) > 0
			drained = p.draining && !x.writing
		}
		s.send.Unlock()
		if list == nil && len(control) == 0 && len(barrier) == 0 {
			if drained {
				x.part()
				return
			}
			select {
			case <-x.wake:
				beat.renew()
			case <-beat.due():
				if err := beat.tick(); err != nil {
					x.end(err)
					return
				}
			case <-x.stop:
				return
			}
			continue
		}
		iov = iov[:0]
		if len(control) > 0 {
			iov = append(iov, control)
		}
		for b := list; b != nil; b = b.Next() {
			iov = b.AppendBuffers(iov)
		}
		if len(barrier) > 0 {
			iov = append(iov, barrier)
		}
		began := beat.now()
		n, err := x.writeAll(iov, taken)
		s.send.Lock()
		x.writing = false
		if err == nil {
			p.out.Sent(list)
		} else {
			p.out.Restore(list, max(0, n-len(control)))
			x.leaving = true // what would come next is not what the peer expects
		}
		s.send.Unlock()
		if err != nil {
			x.heed(err)
			return
		}
		beat.wrote(began)
		spare = control
	}
}

// takeControl takes the commands that are to be written now. The caller holds
// the send lock and lends the memory for the next ones.
func (x *session) takeControl(spare []byte) []byte {
	if x.pongDue {
		x.control = zmtp.AppendPong(x.control, x.pong)
		x.pongDue = false
	}
	if len(x.control) == 0 {
		return nil
	}
	control := x.control
	x.control = spare
	return control
}

// An outgoing gives frames on their way to a connection another form than that in
// which they are queued. What it tells is in octets of the queued form, and a
// frame of which the connection took a part is none.
type outgoing interface {
	// write writes frames: slices of whole ones, and of those with a large body the
	// header, at the end of a slice, and the body in one of its own. It returns the
	// octets of frames that the connection has taken, which is all of them unless
	// there is an error.
	write(conn io.Writer, frames [][]byte) (n int, err error)
	// begin writes frames as far as the connection takes them at once. If it does
	// not take all, write has to be called next, with these frames and perhaps more,
	// and goes on from there; what it returns then includes them.
	begin(now *attempt, frames []byte) (n int)
	// free gives its memory back.
	free()
}

// writeAll writes the slices with as few system calls as the connection
// allows, behind the first taken octets, which it has taken already. It returns
// how many it has taken then.
func (x *session) writeAll(iov [][]byte, taken int) (int, error) {
	limit := x.pipe.s.cfg.maxStall
	if x.outgoing != nil {
		if limit > 0 {
			return x.outgoing.write(stalling{x.conn, limit}, iov)
		}
		return x.outgoing.write(x.conn, iov)
	}
	iov[0] = iov[0][taken:]
	if limit > 0 {
		n, err := stalling{x.conn, limit}.writeAll(iov)
		return taken + n, err
	}
	if len(iov) == 1 {
		n, err := x.conn.Write(iov[0])
		return taken + n, err
	}
	x.gather = iov
	n, err := x.gather.WriteTo(x.conn)
	x.gather = nil
	return taken + int(n), err
}

// part says goodbye when everything has been written: it ends our direction
// and gives the peer a moment to end its own. What the system still holds then
// is waited for, too, for at most the linger time: on a connection that is
// closed, the first octets of the peer, such as a PING, make the system reset it
// and forget all that the peer has not got.
func (x *session) part() {
	if half, ok := x.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		t := time.NewTimer(partingTime)
		defer t.Stop()
		for gone := false; !gone; {
			select {
			case <-x.stop:
				gone = true
			case <-t.C:
				octets, known := unacked(x.conn)
				gone = !known || octets == 0
				t.Reset(partingTime / 10)
			}
		}
	}
	x.end(ErrClosed)
}

// What is still taken from a peer that takes nothing more.
const (
	lastWords    = time.Second
	systemBuffer = 8 << 20 // octets; above Linux's default for the largest
)

// heed ends a connection that takes nothing more, as a write told. The peer
// has ended it, and closed in good order perhaps long ago, while we were too
// busy to read: what the system holds of its messages is read first, above the
// high-water mark if need be, as much as a system's buffer has. To close at once
// would lose it, and neither side would know.
func (x *session) heed(err error) {
	if x.barred() { // it may take long, but is not lost
		select {
		case <-x.bar:
		case <-x.stop:
			return
		}
	}
	q := x.inlet.Queue()
	q.Lock()
	q.Exempt()
	q.SetMarks(queue.Marks{Bytes: q.Depth().Bytes + systemBuffer})
	x.parked = false // the application may take too long
	q.Unlock()
	x.resume()
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select {
	case <-x.stop:
	case <-t.C:
	}
	x.end(err)
}
