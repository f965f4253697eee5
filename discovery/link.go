package discovery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"time"
)

// A link is one instance that a follower keeps its socket connected to. It is
// in one of three states: postponed, while it is for the other side to connect;
// connected, while the socket knows of it and calls dial; dropped. Its fields
// are guarded by the follower's lock.
type link struct {
	f        *Follower
	id       ID
	name     string
	instance *Instance // as it is announced now

	timer     *time.Timer // of a postponed link
	connected bool        // the socket was told
	dropped   bool
	flushing  bool  // dropped with the follower: the socket may still send what is queued
	up        bool  // it was handed a connection and has not asked for another
	reached   bool  // it was, at any time
	gone      bool  // the instance is announced no more
	failures  int   // dials without success since it was last up
	err       error // of the last of them

	last   string    // the endpoint last dialed with success
	since  time.Time // when
	demote string    // one that led to no lasting connection: the last to try
}

// Why a dial does not go on.
var (
	errGone   = errors.New("announced no more")
	errLinked = errors.New("linked already")
)

// An UnfitError says that of the endpoints of an instance none may be dialed.
type UnfitError struct{ Endpoints []string }

// Error implements error.
func (e *UnfitError) Error() string {
	if len(e.Endpoints) == 0 {
		return "brokerless: it announces no endpoint"
	}
	return fmt.Sprintf("brokerless: none of %v may be dialed: loopback (but for WithLoopback), "+
		"link-local without a zone, or ipc of another host", e.Endpoints)
}

// A connection that ends sooner was none: its endpoint leads to somebody else.
const leastLife = time.Second

// connect tells the socket of the instance. The caller holds the lock.
func (l *link) connect() error {
	err := l.f.socket.ConnectFunc(l.name, l.dial)
	if err == nil {
		l.connected = true
	}
	return err
}

// postpone waits for the other side to connect, and looks again then. The
// caller holds the lock.
func (l *link) postpone() {
	l.timer = time.AfterFunc(deferTime+rand.N(deferTime/4), func() {
		met := l.f.cfg.met(l.id) // not under the lock: it may take others
		l.f.mu.Lock()
		defer l.f.mu.Unlock()
		switch {
		case l.dropped:
		case met:
			l.postpone()
		default:
			_ = l.connect() // a socket that is closed is noticed by run
		}
	})
}

// renew notes that the instance is announced as in. The caller holds the lock.
func (l *link) renew(in *Instance) {
	moved := l.gone || !slices.Equal(in.Endpoints, l.instance.Endpoints)
	l.instance, l.gone = in, false
	if moved {
		l.demote = ""
	}
	if moved && l.connected {
		_ = l.f.socket.Redial(l.name) // does nothing to a connection that lives
	}
}

// release notes that the instance is announced no more. The caller holds the
// lock.
func (l *link) release() {
	l.gone = true
	if !l.up {
		l.drop()
	}
}

// drop ends the link. The caller holds the lock.
func (l *link) drop() {
	if l.dropped {
		return
	}
	l.dropped = true
	delete(l.f.links, l.id)
	if l.timer != nil {
		l.timer.Stop()
	}
	if l.connected {
		_ = l.f.socket.Disconnect(l.name)
	}
}

// dial makes the connection that the socket asks for: the one before it, if
// there was one, is no more.
func (l *link) dial(ctx context.Context) (net.Conn, error) {
	endpoints, crowd, err := l.begin()
	if err != nil {
		return nil, err
	}
	if err := l.turn(ctx, crowd); err != nil {
		return nil, err
	}
	old := time.AfterFunc(dialIsOld, func() { <-l.f.dials })
	conn, endpoint, err := race(ctx, endpoints, l.f.cfg.reach)
	if old.Stop() {
		<-l.f.dials
	}
	l.f.mu.Lock()
	defer l.f.mu.Unlock()
	if err != nil {
		l.failures++
		l.err = err
		return nil, err
	}
	if l.dropped && !l.flushing {
		conn.Close()
		return nil, errGone
	}
	l.up, l.reached, l.failures, l.err = true, true, 0, nil
	l.last, l.since = endpoint, time.Now()
	return conn, nil
}

// begin returns what to dial, and for how long to wait first so that a crowd of
// newcomers is not dialed at one stroke; or why not to dial.
func (l *link) begin() (endpoints []string, crowd time.Duration, err error) {
	met := l.f.cfg.met(l.id) // not under the lock: it may take others
	l.f.mu.Lock()
	defer l.f.mu.Unlock()
	if l.up && time.Since(l.since) < leastLife {
		l.demote = l.last
	}
	l.up = false
	switch {
	case l.dropped && (met || !l.flushing):
		return nil, 0, errGone
	case l.dropped:
	case l.gone:
		l.drop()
		_ = l.f.fill()
		return nil, 0, errGone
	case met:
		if l.f.cfg.defers(l.id) { // the other side made it after all: leave it to it
			l.connected = false
			_ = l.f.socket.Disconnect(l.name)
			l.postpone()
		}
		return nil, 0, errLinked
	}
	endpoints = candidates(l.instance, l.f.cfg.loopback, l.f.host, subnets())
	if len(endpoints) == 0 {
		l.failures++
		l.err = &UnfitError{slices.Clone(l.instance.Endpoints)}
		return nil, 0, l.err
	}
	if i := slices.Index(endpoints, l.demote); i >= 0 {
		endpoints = append(slices.Delete(endpoints, i, i+1), l.demote)
	}
	if !l.reached && l.failures == 0 && !l.dropped {
		crowd = rand.N(min(longestCrowd, crowdTime*time.Duration(len(l.f.links))))
	}
	return endpoints, crowd, nil
}

// turn waits until the dial may begin.
func (l *link) turn(ctx context.Context, crowd time.Duration) error {
	timer := time.NewTimer(crowd)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case l.f.dials <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
