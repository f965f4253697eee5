package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// A server owns the table. It takes what clients set, numbers it, and publishes
// it; who comes late asks for all there is.
type server struct {
	snapshot *socket.Router
	updates  *socket.Pub
	changes  *socket.Pull
	places   places
	stop     func()

	// Of the goroutine that runs it.
	table  map[string]entry
	number uint64 // of the last update
}

// places are where a server is found: at three endpoints.
type places struct{ snapshot, updates, changes string }

type entry struct {
	update
	ends time.Time // zero: never
}

const heartbeats = 50 * time.Millisecond

// startServer starts a server at the endpoints, with an empty table.
func startServer(ctx context.Context, at places) (*server, error) {
	s := &server{table: make(map[string]entry)}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	s.stop = func() {
		cancel()
		running.Wait()
		s.close()
	}
	if err := s.bind(at); err != nil {
		s.stop()
		return nil, err
	}
	running.Go(func() { s.run(ctx) })
	return s, nil
}

func (s *server) bind(at places) (err error) {
	if s.snapshot, err = socket.NewRouter(socket.WithMandatory()); err != nil {
		return err
	}
	if s.updates, err = socket.NewPub(); err != nil {
		return err
	}
	if s.changes, err = socket.NewPull(); err != nil {
		return err
	}
	if s.places.snapshot, err = s.snapshot.Bind(at.snapshot); err != nil {
		return err
	}
	if s.places.updates, err = s.updates.Bind(at.updates); err != nil {
		return err
	}
	s.places.changes, err = s.changes.Bind(at.changes)
	return err
}

func (s *server) close() {
	if s.snapshot != nil {
		s.snapshot.Close()
	}
	if s.updates != nil {
		s.updates.Close()
	}
	if s.changes != nil {
		s.changes.Close()
	}
}

func (s *server) run(ctx context.Context) {
	questions, changes := incoming(ctx, s.snapshot), incoming(ctx, s.changes)
	clock := time.NewTicker(heartbeats)
	defer clock.Stop()
	for {
		var err error
		select {
		case m := <-questions:
			err = s.answer(ctx, m)
		case m := <-changes:
			if u, bad := parse(m); bad == nil { // from anybody: what is no update is ignored
				err = s.publish(ctx, u)
			}
		case now := <-clock.C:
			err = s.beat(ctx, now)
		case <-ctx.Done():
			return
		}
		if err != nil {
			return // ctx is done: nothing else can go wrong here
		}
	}
}

// answer sends the part of the table that a client asks for, and then the number
// of the last update that is in it.
func (s *server) answer(ctx context.Context, m socket.Message) error {
	if len(m) != 3 || string(m[1]) != icanhaz {
		return nil
	}
	client, subtree := socket.PeerID(m[0]), string(m[2])
	send := func(u update) error { return s.snapshot.SendTo(ctx, client, u.frames()...) }
	for key, e := range s.table {
		if strings.HasPrefix(key, subtree) {
			if err := send(e.update); err != nil {
				return unlessGone(err)
			}
		}
	}
	return unlessGone(send(update{key: kthxbai, number: s.number, value: []byte(subtree)}))
}

func unlessGone(err error) error {
	if errors.Is(err, socket.ErrNoRoute) {
		return nil
	}
	return err
}

// publish enters an update, and tells everybody.
func (s *server) publish(ctx context.Context, u update) error {
	s.number++
	u.number = s.number
	e := entry{update: u}
	if u.ttl > 0 {
		e.ends = time.Now().Add(u.ttl)
	}
	if len(u.value) > 0 {
		s.table[u.key] = e
	} else {
		delete(s.table, u.key)
	}
	return s.updates.Send(ctx, u.frames()...)
}

// beat ends values whose time is over, and says that the server is alive.
func (s *server) beat(ctx context.Context, now time.Time) error {
	for key, e := range s.table {
		if !e.ends.IsZero() && now.After(e.ends) {
			if err := s.publish(ctx, update{key: key}); err != nil {
				return err
			}
		}
	}
	return s.updates.Send(ctx, update{key: hugz, number: s.number}.frames()...)
}

// incoming returns a channel on which the messages of s come, until ctx is done
// or s is closed.
func incoming(ctx context.Context, s socket.Receiver) <-chan socket.Message {
	c := make(chan socket.Message)
	go func() {
		for {
			m, err := s.Recv(ctx)
			if err != nil {
				return
			}
			select {
			case c <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	return c
}
