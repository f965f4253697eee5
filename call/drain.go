package call

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// farewellTime is how long a server that leaves waits for its clients to say
// that they send it no more calls.
const farewellTime = time.Second

// An AbandonedError is what Shutdown returns when its context was done before
// all calls in flight had been answered.
type AbandonedError struct {
	Calls int
}

// Error returns the number.
func (e *AbandonedError) Error() string {
	return fmt.Sprintf("call: %d calls abandoned", e.Calls)
}

// Shutdown ends the server in good order: clients are told to go elsewhere,
// calls that still come are refused with Unavailable, so that they are executed
// elsewhere, those in flight are answered, and then the server is closed. When
// ctx is done it stops waiting: the contexts of the handlers that still run are
// cancelled, and the error matches an *[AbandonedError]; [Server.Close] waits
// for them. It may also be that of the socket, a *socket.UnsentError, for
// answers that clients did not take in time.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, p := range s.depart() {
		if s.router.TrySend([]byte(p.ID), nil, nil, nil, notice(kindLeaving)) != nil {
			s.mu.Lock()
			s.left(p)
			s.mu.Unlock()
		}
	}
	select {
	case <-s.drained:
		timer := time.NewTimer(farewellTime)
		defer timer.Stop()
		select {
		case <-s.farewell:
		case <-timer.C:
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
	var err error
	if n := s.cancel(); n > 0 {
		err = &AbandonedError{Calls: n}
	}
	err = errors.Join(err, s.router.Shutdown(ctx))
	s.loops.Wait()
	return err
}

// depart begins to refuse calls. It returns the clients that are to be told.
func (s *Server) depart() []*peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return nil
	}
	s.draining = true
	if s.calls == 0 {
		close(s.drained)
	}
	var tell []*peer
	for _, p := range s.peers {
		if p.headed {
			p.told = true
			tell = append(tell, p)
		}
	}
	if s.unheard = len(tell); s.unheard == 0 {
		close(s.farewell)
	}
	return tell
}

// cancel cancels all calls, and returns how many there are.
func (s *Server) cancel() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.peers {
		for _, in := range p.calls {
			in.end()
		}
	}
	return s.calls
}

// Close ends the server at once: the contexts of its handlers are cancelled,
// and it returns when all of them have. Answers that were given before are
// still sent for at most the linger time of the socket, and an error tells if
// that was not enough. Calls without an answer are lost for their clients.
// Again: nil.
func (s *Server) Close() error {
	s.depart()
	s.cancel()
	err := s.router.Close()
	s.loops.Wait()
	s.workers.Wait()
	return err
}
