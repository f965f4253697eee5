package mesh

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

const (
	maxLosses = 3 // instances that one idempotent call may lose, lest it ends them all
	busyPause = 5 * time.Millisecond
	maxPause  = 200 * time.Millisecond
)

// Call has an instance of a service execute a request, and returns the reply,
// which is the caller's to keep. The frames must not change until it returns.
//
// It chooses the instance that has the least to do, this node's own among them,
// and waits for one to appear as ctx allows. The instance learns ctx's deadline,
// and when ctx ends before. A request that an instance declines, because it is
// leaving or has no room, goes to another one, for as long as ctx allows. If the
// link to the instance is lost while the request may be executing, it goes to
// another one only if the service is Idempotent.
//
// The error is a *CallError, which matches ErrPeerLost, the error of ctx, or has
// what the handler returned; ErrClosed if the node has left; or that of a message
// that is too large.
func (n *Node) Call(ctx context.Context, service string, frames ...[]byte) (socket.Message, error) {
	if err := checkName(service); err != nil {
		return nil, err
	}
	var avoid map[discovery.ID]bool // those that have declined
	losses := 0
	pause := busyPause
	for {
		o, at, err := n.try(ctx, service, avoid, frames)
		switch {
		case err == errNobody && len(avoid) == 0: //nolint:errorlint // ours, as it is
			if err := n.awaitInstance(ctx, service); err != nil {
				return nil, n.callError(ctx, service, discovery.ID{}, err)
			}
		case err == errNobody: //nolint:errorlint // all have declined: ask them again in a while
			if err := n.pause(ctx, pause); err != nil {
				return nil, n.callError(ctx, service, discovery.ID{}, err)
			}
			pause = min(2*pause, maxPause)
			avoid = nil
		case err != nil:
			return nil, n.callError(ctx, service, o.peer, err)
		case o.code == 0:
			return o.frames, nil
		case o.code.notExecuted():
			if avoid == nil {
				avoid = make(map[discovery.ID]bool)
			}
			avoid[o.peer] = true
		case o.code == CodePeerLost && at.idempotent && losses < maxLosses:
			losses++
		default:
			return nil, &CallError{Service: service, Peer: o.peer, Code: o.code, Text: o.text}
		}
	}
}

// errNobody says that there is no instance to choose.
var errNobody = errors.New("no instance")

// callError returns the error of a call that ended here.
func (n *Node) callError(ctx context.Context, service string, peer discovery.ID, err error) error {
	switch {
	case errors.Is(err, ErrClosed) || errors.Is(err, socket.ErrClosed):
		return ErrClosed
	case ctx.Err() != nil:
		return expired(ctx, service, peer)
	}
	return &CallError{Service: service, Peer: peer, Code: CodeFailed, Err: err}
}

// awaitInstance waits until there is an instance to choose.
func (n *Node) awaitInstance(ctx context.Context, service string) error {
	closed := false
	err := n.until(ctx, func() bool {
		closed = n.closed
		return closed || n.choose(service, nil).found()
	})
	if closed {
		return ErrClosed
	}
	return err
}

// pause waits about d.
func (n *Node) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d/2 + rand.N(d))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-n.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try has one instance execute a request.
func (n *Node) try(ctx context.Context, name string, avoid map[discovery.ID]bool, frames [][]byte) (outcome, choice, error) {
	if err := ctx.Err(); err != nil {
		return outcome{}, choice{}, err
	}
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return outcome{}, choice{}, ErrClosed
	}
	c := n.choose(name, avoid)
	switch {
	case c.service != nil:
		o, err := n.tryOwn(ctx, c.service, frames)
		return o, c, err
	case c.link != nil:
		o, err := n.tryPeer(ctx, name, c, frames)
		return o, c, err
	}
	n.mu.Unlock()
	return outcome{}, c, errNobody
}

// tryPeer has a peer execute a request. It is called with mu held, and returns
// without.
func (n *Node) tryPeer(ctx context.Context, name string, c choice, frames [][]byte) (outcome, error) {
	l := c.link
	done := make(chan outcome, 1)
	id := n.expect(l, c.gauge, done)
	l.sending++ // holds up the answer to its DRAIN, lest it leaves before this call comes
	n.mu.Unlock()

	h := header{kind: kindCall, id: id, name: name}
	if t, ok := ctx.Deadline(); ok {
		h.ttl = max(time.Until(t), time.Millisecond)
	}
	err := n.send(ctx, l, h, frames)

	n.mu.Lock()
	l.sending--
	n.acknowledge(l)
	if err != nil {
		o := outcome{code: CodePeerLost, peer: l.id}
		if errors.Is(err, ErrUnknownPeer) { // it was not sent
			o.code, err = CodeNoService, nil
		}
		n.settle(id, o)
		n.mu.Unlock()
		return o, err
	}
	n.mu.Unlock()
	select {
	case o := <-done:
		return o, n.lostBy(o)
	case <-ctx.Done():
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.pending[id] == nil { // the answer came at the same time
		o := <-done
		return o, n.lostBy(o)
	}
	n.settle(id, outcome{})
	n.control(l, header{kind: kindCancel, id: id})
	return outcome{peer: l.id}, ctx.Err()
}

// lostBy returns ErrClosed if it is the node's own leaving that ended a request.
func (n *Node) lostBy(o outcome) error {
	if o.code == CodePeerLost && n.ctx.Err() != nil {
		return ErrClosed
	}
	return nil
}

// tryOwn has the node's own instance execute a request. It is called with mu
// held, and returns without.
func (n *Node) tryOwn(ctx context.Context, s *Service, frames [][]byte) (outcome, error) {
	r := Request{Service: s.name, From: n.id, Name: n.cfg.human, Frames: socket.Message(frames).Clone()}
	j := &job{
		key:  jobKey{from: n.id},
		run:  func(ctx context.Context) (socket.Message, error) { return s.handler(ctx, r) },
		done: make(chan outcome, 1),
		stop: func() {},
	}
	j.ctx, j.cancel = context.WithCancelCause(ctx)
	stop := context.AfterFunc(n.ctx, func() { j.cancel(ErrClosed) })
	defer stop()
	code := s.pool.offer(j)
	n.mu.Unlock()
	if code != 0 {
		j.cancel(nil)
		return outcome{code: code, peer: n.id}, nil
	}
	select {
	case o := <-j.done:
		o.peer = n.id
		return o, nil
	case <-ctx.Done():
		return outcome{peer: n.id}, ctx.Err()
	}
}
