package zmq4adapter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// inprocessGrace is how long Dial waits, beyond the pauses of its attempts, for
// somebody to listen in process, where there are no attempts to be counted.
const inprocessGrace = time.Second

// dialing is the first Dial of an endpoint.
type dialing struct {
	done chan struct{} // closed when it is over
	err  error         // what it returned
}

// Dial connects the socket to an endpoint, and waits until the peer is there. It
// gives up after the attempts of WithDialerMaxRetries, and at once when the peer
// is one that the socket cannot talk to; then nothing is left of it. After it
// has succeeded, the connection is made again whenever it is lost, and dialing
// the endpoint again makes no second connection. The error matches
// socket.ErrEndpoint, socket.ErrProtocol, or is that of the last attempt.
func (a *adapter) Dial(endpoint string) error {
	eng, err := a.engine()
	if err != nil {
		return err
	}
	target := fill(endpoint, "127.0.0.1", "")
	d, first := a.claim(target)
	if first {
		err = a.dial(eng, target)
		if err != nil {
			a.mu.Lock()
			delete(a.dials, target)
			a.mu.Unlock()
		}
		d.err = err
		close(d.done)
	} else {
		err = a.redial(eng, d, target)
	}
	if err != nil {
		return a.plain(a.fail("dial", endpoint, cause(err)))
	}
	return nil
}

// claim enters a Dial, and reports whether it is the first of its endpoint.
func (a *adapter) claim(target string) (d *dialing, first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if d = a.dials[target]; d != nil {
		return d, false
	}
	d = &dialing{done: make(chan struct{})}
	a.dials[target] = d
	return d, true
}

// dial connects to an endpoint, or leaves nothing behind.
func (a *adapter) dial(eng engine, target string) error {
	m := eng.Monitor()
	defer m.Close()
	if err := eng.Connect(target); err != nil {
		return err
	}
	err := a.await(m, target)
	if err != nil {
		_ = eng.Disconnect(target) // unless the socket is closed, it is there
	}
	return err
}

// redial waits until an endpoint that was dialed before is connected.
func (a *adapter) redial(eng engine, d *dialing, target string) error {
	select {
	case <-d.done:
	case <-a.ctx.Done():
		return a.ctx.Err()
	}
	if d.err != nil {
		return d.err
	}
	m := eng.Monitor()
	defer m.Close()
	there := func(p socket.PeerStats) bool { return p.Peer.Endpoint == target }
	if slices.ContainsFunc(eng.Stats().Each, there) {
		return nil
	}
	return a.await(m, target)
}

// await waits until target is connected, or there is no hope.
func (a *adapter) await(m *socket.Monitor, target string) error {
	ctx := a.ctx
	retries := a.cfg.maxRetries
	if strings.HasPrefix(target, "inproc://") && retries >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, inprocessGrace+time.Duration(retries)*a.cfg.retry)
		defer cancel()
	}
	for failed := 0; ; {
		e, err := m.Next(ctx)
		switch {
		case a.ctx.Err() != nil:
			return a.ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			return errNobody
		case err != nil:
			return err
		case e.Endpoint != target:
			continue
		}
		switch e.Kind {
		case socket.EventReady:
			return nil
		case socket.EventHandshakeFailed:
			if hopeless(e.Err) {
				return e.Err
			}
		case socket.EventConnectFailed, socket.EventRedial:
			if failed++; retries >= 0 && failed > retries {
				return fmt.Errorf("gave up after %d attempts: %w", failed, e.Err)
			}
		}
	}
}

// errNobody is the error of Dial in process.
var errNobody = errors.New("nobody listens there")

// hopeless reports whether a handshake that failed would fail again.
func hopeless(err error) bool {
	return errors.Is(err, socket.ErrProtocol) || errors.Is(err, socket.ErrAuth) || errors.Is(err, socket.ErrTooLarge)
}
