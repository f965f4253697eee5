package mesh

import (
	"context"
	"errors"
	"time"

	"github.com/brokerless/brokerless/socket"
)

const (
	closeTime = 5 * time.Second
	// ackTime is how long leaving waits for a peer to answer what it answers at
	// once, unless it is stuck.
	ackTime = 2 * time.Second
)

// Close leaves the mesh, for which it takes at most 5 s; see Leave.
func (n *Node) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	return n.Leave(ctx)
}

// Leave ends the membership so that nobody is hurt: it tells all peers to choose
// this node no more and waits until they have heard it, declines what comes
// nevertheless, so that it goes to other instances, finishes the requests that
// are being executed, says goodbye, withdraws the announcement and closes. So an
// instance of a service can be replaced without a call that fails.
//
// When ctx is done it stops waiting, cancels the contexts of the handlers that
// still run, and returns an *AbandonedError if anything was lost. It always waits
// for every goroutine of the node, and so for handlers: they have to heed their
// context, and must not call Leave or Close, which would wait for themselves. To
// leave again, or at the same time, waits for the end, whatever ctx says, and
// returns nil.
func (n *Node) Leave(ctx context.Context) error {
	n.mu.Lock()
	if n.leaving {
		n.mu.Unlock()
		<-n.done
		return nil
	}
	n.leaving = true
	n.somethingChanged()
	n.drainAll()
	n.mu.Unlock()

	n.acknowledged(ctx, func(l *link) bool { return l.drained })
	idle := n.until(ctx, n.idle) == nil
	n.mu.Lock()
	n.parting = true
	requests := len(n.jobs)
	for _, l := range n.links {
		if l.live() {
			n.control(l, header{kind: kindGoodbye})
		}
	}
	n.mu.Unlock()
	if idle {
		n.acknowledged(ctx, func(l *link) bool { return l.parted })
	}
	n.mu.Lock()
	n.closed = true
	unsent := 0
	for _, l := range n.links {
		unsent += len(l.backlog)
	}
	n.mu.Unlock()

	err := n.shut(ctx, true)
	var u *socket.UnsentError
	if errors.As(err, &u) {
		unsent, err = unsent+u.Messages, nil
	}
	if requests > 0 || unsent > 0 {
		return &AbandonedError{Requests: requests, Messages: unsent, Err: err}
	}
	return err
}

// drainAll tells all peers to choose this node no more. The caller holds mu.
func (n *Node) drainAll() {
	for _, l := range n.links {
		if l.live() {
			n.control(l, header{kind: kindDrain})
		}
	}
}

// acknowledged waits until all peers have answered, or are gone, for a moment
// at most.
func (n *Node) acknowledged(ctx context.Context, has func(*link) bool) {
	ctx, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	_ = n.until(ctx, func() bool {
		for _, l := range n.links {
			if l.live() && !has(l) {
				return false
			}
		}
		return true
	})
}

// idle reports whether nothing is left to do for others. The caller holds mu.
func (n *Node) idle() bool {
	if len(n.jobs) > 0 {
		return false
	}
	for _, s := range n.services {
		if s.pool.load() > 0 {
			return false // our own calls
		}
	}
	for _, l := range n.links {
		if len(l.backlog) > 0 && l.live() {
			return false
		}
	}
	return true
}

// shut ends everything that Join began.
func (n *Node) shut(ctx context.Context, flush bool) error {
	defer close(n.done)
	var errs []error
	if n.announced != nil {
		errs = append(errs, n.announced.Close())
	}
	if n.follower != nil {
		n.follower.Close() //nolint:errcheck // always nil
	}
	if n.cancel != nil {
		n.cancel()
	}
	if !flush {
		var done context.CancelFunc
		ctx, done = context.WithCancel(ctx)
		done()
	}
	errs = append(errs, n.router.Shutdown(ctx))
	n.mu.Lock()
	now := time.Now()
	for _, l := range n.links {
		if l.ended.IsZero() {
			l.ended = now
		}
		n.forsake(l)
	}
	n.audience.close()
	n.somethingChanged()
	n.mu.Unlock()
	n.inbox.wake()
	n.wg.Wait()
	if n.owned && n.backend != nil {
		errs = append(errs, n.backend.Close())
	}
	return errors.Join(errs...)
}
