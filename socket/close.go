package socket

import (
	"context"
	"errors"
)

// Close ends the socket: it stops receiving at once, goes on sending what is
// queued for at most the linger time, and returns when every goroutine of the
// socket has ended. The linger time is also how long it waits for a slow peer to
// take what the operating system still holds for it. If it had to abandon
// messages the error is an *[UnsentError]. Methods that wait return ErrClosed.
// Closing again, or at the same time, waits for the end too and returns nil.
func (s *socket) Close() error {
	ctx := context.Background()
	s.mu.Lock()
	linger := s.cfg.linger
	s.mu.Unlock()
	if linger >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, linger)
		defer cancel()
	}
	return s.shut(ctx, "close")
}

// Shutdown is Close with ctx in place of the linger time: it goes on sending
// until ctx is done.
func (s *socket) Shutdown(ctx context.Context) error { return s.shut(ctx, "shutdown") }

func (s *socket) shut(ctx context.Context, op string) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		<-s.done
		return nil
	}
	s.closed = true
	defer close(s.done)
	for x := range s.sessions {
		x.mute.Store(true)
		x.resume()
	}
	listeners := s.listeners
	s.peersChanged()
	s.mu.Unlock()

	s.stopReceiving()
	s.send.Lock()
	s.send.closed = true
	s.send.waiters.wakeAll()
	s.send.watchers.wakeAll()
	pipes := make([]*pipe, 0, len(s.send.pipes))
	for p := range s.send.pipes {
		pipes = append(pipes, p)
	}
	s.send.Unlock()
	const untilDone = -1 // ctx is what ends it
	for l := range listeners {
		l.close(untilDone)
	}
	for _, p := range pipes {
		p.drain(untilDone)
	}

	ended := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	s.cancel()
	<-ended
	s.recv.Lock()
	s.recv.wipe(DropClosed) // an XPUB is told what the end of its peers has cancelled
	s.recv.Unlock()
	s.monitors.close()
	s.journal.close()

	s.send.Lock()
	defer s.send.Unlock()
	s.send.kept = nil
	if s.send.unsent > 0 {
		return s.fail(op, "", &UnsentError{Messages: s.send.unsent})
	}
	return nil
}

// stopReceiving ends the receiving side: what has not been received is dropped.
func (s *socket) stopReceiving() {
	r := &s.recv
	r.Lock()
	defer r.Unlock()
	r.closed = true
	r.waiters.wakeAll()
	r.unfollow()
	if r.attends != nil {
		r.attends.interrupt()
	}
	r.wipe(DropClosed)
}

// isClosed reports whether err says that the socket is closed.
func isClosed(err error) bool { return errors.Is(err, ErrClosed) }
