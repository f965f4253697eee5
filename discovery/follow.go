package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
)

// A Connector is what Follow keeps connected: any socket of package socket.
type Connector interface {
	// ConnectFunc keeps a connection up over what dial returns, which it calls
	// again whenever the connection is lost.
	ConnectFunc(name string, dial func(ctx context.Context) (net.Conn, error)) error
	// Redial tries at once what ConnectFunc connected and is down.
	Redial(name string) error
	// Disconnect ends what ConnectFunc began.
	Disconnect(name string) error
}

// A Follower keeps a socket connected to the instances of a service. Its
// methods are safe for concurrent use.
type Follower struct {
	socket  Connector
	cfg     *follow
	service string
	host    string
	watcher *Watcher
	cancel  context.CancelCauseFunc
	dials   chan struct{} // holds one for each dial that has just begun
	done    chan struct{}

	mu    sync.Mutex
	known map[ID]*Instance // those wanted
	links map[ID]*link     // those the socket is told of, or will be
	shut  map[ID]bool      // excluded until they change
	full  bool             // there are more than there is place for
	err   error
}

// Follow keeps the socket connected to all instances of a service that the
// backend knows, now and as they come and go, until ctx is done, the Follower
// is closed, or the socket turns out to be closed. It returns at once. When the
// backend ends, what is connected stays so, and is redialed where it was last
// known to be: that is told as a Warning.
//
// Each instance is one connection of the socket, whichever of its endpoints
// lead to it: the candidates are dialed in parallel, with a short head start
// for the better one (ipc on the same host, then the same subnet), and again
// whenever the connection is lost. In the socket's events an instance is named
// as [ConnectName] has it. When its endpoints change they count from the next
// dial on, which is then made at once. An instance that is announced no more is
// disconnected when it has no connection, or loses it; a connection that lives
// is never cut for it.
//
// The connections are secured as the socket is (socket.WithSecurity). What an
// instance announces proves nothing: who it has to be is for the socket to know,
// for each connection by its name if instances have keys of their own (curve.Peers).
//
// Like any Connect, each instance has a queue from the moment it is known. A
// PUSH or DEALER that should not queue work for one that has just died, and
// leave it to the others, wants socket.WithImmediate.
func Follow(ctx context.Context, b Backend, service string, socket Connector, opts ...FollowOption) (*Follower, error) {
	cfg, err := newFollow(opts)
	if err != nil {
		return nil, err
	}
	if service == "" {
		return nil, fmt.Errorf("%w: no service to follow", ErrInstance)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	w, err := b.Watch(ctx, service)
	if err != nil {
		cancel(err)
		return nil, err
	}
	f := &Follower{
		socket:  socket,
		cfg:     cfg,
		service: service,
		host:    Host(),
		watcher: w,
		cancel:  cancel,
		dials:   make(chan struct{}, maxDials),
		done:    make(chan struct{}),
		known:   make(map[ID]*Instance),
		links:   make(map[ID]*link),
		shut:    make(map[ID]bool),
	}
	go f.run(ctx)
	return f, nil
}

// ConnectName returns the name by which a socket that follows knows the
// connection to an instance, in its events: "orders/" and the id.
func ConnectName(service string, id ID) string { return service + "/" + id.String() }

// run does what the watcher tells until it ends.
func (f *Follower) run(ctx context.Context) {
	defer close(f.done)
	for {
		e, err := f.watcher.Next(ctx)
		if err == nil {
			err = f.apply(e)
		} else if ctx.Err() == nil {
			f.cfg.events(Event{Kind: Warning, Err: fmt.Errorf("brokerless: discovery ended: %w", err)})
			<-ctx.Done()
		}
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			f.end(err)
			return
		}
	}
}

// apply does what an event asks for. Its error is the end of the follower.
func (f *Follower) apply(e Event) error {
	id := e.Instance.ID
	if e.Kind == Warning || e.Kind == Synced {
		f.cfg.events(e)
		return nil
	}
	var why error // it is not wanted
	if e.Kind != Removed {
		why = f.cfg.unwanted(&e.Instance)
	}
	wanted := e.Kind != Removed && why == nil
	f.mu.Lock()
	_, known := f.known[id]
	full := f.full
	delete(f.shut, id)
	var err error
	switch {
	case wanted:
		in := e.Instance.Clone()
		f.known[id] = &in
		err = f.follow(&in)
	case known:
		delete(f.known, id)
		if l := f.links[id]; l != nil {
			l.release()
		}
		err = f.fill()
	}
	full = f.full && !full
	f.mu.Unlock()
	if e.Kind == Removed && !known && id != f.cfg.self {
		why = e.Err
	}
	if why != nil && !errors.Is(why, errSelf) {
		f.cfg.others(e.Instance.Clone(), why)
	}
	switch {
	case wanted && !known:
		e.Kind = Added // it may have been there, but not for us
	case !wanted && known && e.Kind != Removed:
		e.Kind, e.Err = Removed, ErrLeft
	case !wanted && !known:
		return err
	}
	f.cfg.events(e)
	if full {
		f.cfg.events(Event{Kind: Warning, Instance: e.Instance, Err: fmt.Errorf("%w: connected to %d", ErrFull, f.cfg.maxPeers)})
	}
	return err
}

// follow makes a link to the instance, or tells the one there is that the
// instance has changed. The caller holds mu.
func (f *Follower) follow(in *Instance) error {
	if l := f.links[in.ID]; l != nil {
		l.renew(in)
		return nil
	}
	if len(f.links) >= f.cfg.maxPeers && !f.makePlace() {
		f.full = true
		return nil // it is known, and taken when there is place
	}
	l := &link{f: f, id: in.ID, name: ConnectName(f.service, in.ID), instance: in}
	f.links[in.ID] = l
	if f.cfg.defers(in.ID) {
		l.postpone()
		return nil
	}
	return l.connect()
}

// makePlace gives up a link that was tried and never reached, if there is one.
func (f *Follower) makePlace() bool {
	for _, l := range f.links {
		if l.failures > 0 && !l.reached {
			l.drop()
			return true
		}
	}
	return false
}

// fill follows a known instance for which there was no place. The caller
// holds mu.
func (f *Follower) fill() error {
	if len(f.links) >= f.cfg.maxPeers {
		return nil
	}
	f.full = false
	for id, in := range f.known {
		if f.links[id] == nil && !f.shut[id] {
			return f.follow(in)
		}
	}
	return nil
}

// Exclude disconnects an instance, and leaves it alone until it is announced
// anew or changes: it turned out to be none of ours.
func (f *Follower) Exclude(id ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known[id] == nil {
		return
	}
	f.shut[id] = true
	if l := f.links[id]; l != nil {
		l.drop()
	}
	_ = f.fill() // a socket that is closed is noticed by run
}

// A Followed is an instance that is followed, and how that goes.
type Followed struct {
	Instance Instance
	Up       bool  // the socket was given a connection to it, and has not asked for another
	Failures int   // dials without success since it was last up
	Err      error // of the last of them: why it is not reached
}

// Instances returns those that are followed at present, ordered by ID.
func (f *Follower) Instances() []Followed {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Followed, 0, len(f.known))
	for id, in := range f.known {
		one := Followed{Instance: in.Clone()}
		if l := f.links[id]; l != nil {
			one.Up, one.Failures, one.Err = l.up, l.failures, l.err
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Followed) int { return a.Instance.ID.Compare(b.Instance.ID) })
	return all
}

// Close stops following, and disconnects what was followed: what is queued is
// still sent for at most the socket's linger time, also to an instance that is
// yet to be reached. It waits for the function given to WithEvents, which so
// must not call it. Again: nil.
func (f *Follower) Close() error {
	f.cancel(ErrClosed)
	<-f.done
	return nil
}

// Wait waits until the follower has ended, and returns why: the error of the
// context it was made with, ErrClosed if it was closed, or the error of the
// socket.
func (f *Follower) Wait() error {
	<-f.done
	return f.err
}

// end disconnects everything.
func (f *Follower) end(why error) {
	f.cancel(why)
	_ = f.watcher.Close() // always nil
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = why
	clear(f.known) // there is nobody to fill a place with any more
	for _, l := range f.links {
		l.flushing = true
		l.drop()
	}
}
