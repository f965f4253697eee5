package call

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// retireTime is how long a server that was disconnected may go on with the
// calls it has.
const retireTime = 5 * time.Second

// A link is one server of a client. It has a socket of its own, so that the
// calls that a connection takes with it are known.
type link struct {
	c       *Client
	name    string
	dealer  *socket.Dealer
	monitor *socket.Monitor
	wg      sync.WaitGroup

	up       atomic.Bool  // it has said that it may be sent calls
	inflight atomic.Int64 // calls that are in pending
	sending  atomic.Int64 // of these, those that are being sent
	leaving  atomic.Bool  // the server has asked to be sent no more

	drained chan struct{} // the receiver has taken all that an ended connection had brought
	stopped chan struct{} // closed when nothing is received any more

	mu        sync.Mutex
	pending   map[uint64]*attempt // nil once the link is closed
	conn      context.Context     // done when the present connection ends
	cut       context.CancelFunc  // of conn
	listening context.Context     // of the receiver, done when it is to look what is left
	interrupt context.CancelFunc
	left      bool          // the server was told that no more calls come
	idle      chan struct{} // closed when pending is empty, if somebody waits
}

func newLink(c *Client, name string, d *socket.Dealer) *link {
	l := &link{
		c: c, name: name, dealer: d, monitor: d.Monitor(),
		drained: make(chan struct{}),
		stopped: make(chan struct{}),
		pending: make(map[uint64]*attempt),
	}
	l.listening, l.interrupt = context.WithCancel(context.Background())
	l.conn, l.cut = context.WithCancel(context.Background())
	l.cut()
	l.wg.Go(l.receive)
	l.wg.Go(l.watch)
	return l
}

// add makes an attempt one of this link, if it may be sent calls.
func (l *link) add(a *attempt) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.up.Load() {
		return false
	}
	l.sending.Add(1)
	a.link, a.conn = l, l.conn
	l.pending[a.id] = a
	l.inflight.Add(1)
	return true
}

// remove takes an attempt out. It reports whether it was in: if so, nothing was
// or will be delivered to it as its end.
func (l *link) remove(id uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, was := l.pending[id]
	if was {
		l.drop(id)
	}
	return was
}

// drop takes an attempt out that is in. The caller holds mu.
func (l *link) drop(id uint64) {
	delete(l.pending, id)
	l.inflight.Add(-1)
	if len(l.pending) == 0 && l.idle != nil {
		close(l.idle)
		l.idle = nil
	}
}

// send sends a message over the connection conn. It waits while the server does
// not read, until ctx or the connection is done.
func (l *link) send(ctx, conn context.Context, frames ...[]byte) error {
	err := l.dealer.TrySend(frames...)
	if !errors.Is(err, socket.ErrWouldBlock) {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(conn, cancel)
	defer stop()
	return l.dealer.Send(ctx, frames...)
}

// sent is told that an attempt was sent, or could not be.
func (l *link) sent() {
	if l.sending.Add(-1) == 0 && l.leaving.Load() {
		l.leave()
	}
}

// leave tells a server that is about to close that no more calls will come.
func (l *link) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left || !l.leaving.Load() || l.sending.Load() > 0 {
		return
	}
	l.left = true
	_ = l.dealer.TrySend(nil, nil, nil, notice(kindLeft)) // if there is no room, it will not wait for long
}

// shun sends no more calls to a server that is about to close, until it is
// connected anew.
func (l *link) shun() {
	l.mu.Lock()
	l.up.Store(false)
	l.leaving.Store(true)
	l.mu.Unlock()
	l.leave()
}

// cancel tells the server that an attempt over the connection conn is given up.
// When the server does not read, that waits, for it is what ends streams without
// a deadline.
func (l *link) cancel(conn context.Context, id uint64) {
	h := header{kind: kindCancel, id: id}
	frame, err := h.append(nil, nil)
	if err != nil || conn.Err() != nil {
		return
	}
	if !errors.Is(l.dealer.TrySend(nil, nil, nil, frame), socket.ErrWouldBlock) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending != nil {
		l.wg.Go(func() { _ = l.dealer.Send(conn, nil, nil, nil, frame) })
	}
}

// retire waits until the calls in flight are answered, and closes the link.
func (l *link) retire() {
	l.mu.Lock()
	l.up.Store(false)
	idle := make(chan struct{})
	if len(l.pending) == 0 {
		close(idle)
	} else {
		l.idle = idle
	}
	l.mu.Unlock()
	timer := time.NewTimer(retireTime)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	case <-l.c.done:
	}
	_ = l.close() // nobody to tell
}

// close closes the link: what is pending fails.
func (l *link) close() error {
	l.mu.Lock()
	l.up.Store(false)
	l.cut()
	o := outcome{lost: true}
	select {
	case <-l.c.done:
		o = outcome{err: errClosed}
	default:
	}
	for id, a := range l.pending {
		l.drop(id)
		a.end(o)
	}
	l.pending = nil
	l.mu.Unlock()
	err := l.dealer.Close()
	l.wg.Wait()
	return err
}
