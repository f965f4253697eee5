package main

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// A client has a copy of a part of the server's table, the keys with some prefix,
// and sets values in it.
type client struct {
	subtree  string
	updates  *socket.Sub
	snapshot *socket.Dealer
	changes  *socket.Push
	stop     func()

	mu      sync.Mutex
	table   map[string]string
	changed chan struct{} // closed and replaced when table changes

	// Of the goroutine that runs it.
	state  state
	number uint64            // of the last update in table
	asked  int               // snapshots that have not come to their end
	fresh  map[string]string // the last of them, as far as it has come
	later  []update          // that came while it did
}

// state is how far a client is with its copy.
type state int

const (
	unsubscribed state = iota // not known to get updates yet
	asking                    // for a snapshot
	synced
)

// newClient returns a client of the server at these places, be it there or not.
func newClient(ctx context.Context, at places, subtree string) (*client, error) {
	c := &client{subtree: subtree, table: make(map[string]string), changed: make(chan struct{})}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	c.stop = func() {
		cancel()
		running.Wait()
		c.close()
	}
	if err := c.connect(at); err != nil {
		c.stop()
		return nil, err
	}
	subscription, source := losses(ctx, c.updates), losses(ctx, c.snapshot)
	running.Go(func() { c.run(ctx, subscription, source) })
	return c, nil
}

func (c *client) connect(at places) (err error) {
	quick := socket.WithRedial(10*time.Millisecond, time.Second)
	if c.updates, err = socket.NewSub(quick); err != nil {
		return err
	}
	if c.snapshot, err = socket.NewDealer(quick, socket.WithLinger(0), socket.WithImmediate()); err != nil {
		return err
	}
	if c.changes, err = socket.NewPush(quick); err != nil {
		return err
	}
	// The server has learnt of both once it is heard on the second.
	if err = c.updates.Subscribe(c.subtree, hugz); err != nil {
		return err
	}
	if err = c.updates.Connect(at.updates); err != nil {
		return err
	}
	if err = c.snapshot.Connect(at.snapshot); err != nil {
		return err
	}
	return c.changes.Connect(at.changes)
}

func (c *client) close() {
	if c.updates != nil {
		c.updates.Close()
	}
	if c.snapshot != nil {
		c.snapshot.Close()
	}
	if c.changes != nil {
		c.changes.Close()
	}
}

// set sets a key to a value, which then lives for ttl, or for ever if that is 0.
// An empty value ends the key. The copies have it once the server has published
// it.
func (c *client) set(ctx context.Context, key, value string, ttl time.Duration) error {
	return c.changes.Send(ctx, update{key: key, ttl: ttl, value: []byte(value)}.frames()...)
}

// wait waits until the copy is as good says, and returns it.
func (c *client) wait(ctx context.Context, good func(map[string]string) bool) (map[string]string, error) {
	for {
		c.mu.Lock()
		table, changed := maps.Clone(c.table), c.changed
		c.mu.Unlock()
		if good(table) {
			return table, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("the copy is %v: %w", table, ctx.Err())
		}
	}
}

// change changes the copy, and tells those who wait.
func (c *client) change(how func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	how()
	close(c.changed)
	c.changed = make(chan struct{})
}

// losses returns a channel that tells each time a connection of s is lost, until
// ctx is done.
func losses(ctx context.Context, s interface{ Monitor() *socket.Monitor }) <-chan struct{} {
	c := make(chan struct{})
	events := s.Monitor()
	go func() {
		defer events.Close()
		for e := range events.Events(ctx) {
			if e.Kind == socket.EventDisconnected {
				select {
				case c <- struct{}{}:
				case <-ctx.Done():
				}
			}
		}
	}()
	return c
}

func (c *client) run(ctx context.Context, subscription, source <-chan struct{}) {
	updates, snapshot := incoming(ctx, c.updates), incoming(ctx, c.snapshot)
	for {
		select {
		case <-subscription: // what is published now is missed
			c.state, c.later = unsubscribed, nil
		case <-source:
			if c.asked > 0 { // the rest of the snapshot does not come
				c.state, c.asked, c.later = unsubscribed, 0, nil
			}
		case m := <-updates:
			if u, err := parse(m); err == nil {
				c.hear(u)
			}
		case m := <-snapshot:
			if u, err := parse(m); err == nil {
				c.collect(u)
			}
		case <-ctx.Done():
			return
		}
	}
}

// hear takes what the server publishes.
func (c *client) hear(u update) {
	switch {
	case u.key == hugz && c.state == unsubscribed:
		if c.snapshot.TrySend([]byte(icanhaz), []byte(c.subtree)) == nil { // else at the next one
			c.state, c.fresh = asking, make(map[string]string)
			c.asked++
		}
	case u.key == hugz:
	case c.state == synced && u.number > c.number:
		c.number = u.number
		c.change(func() { apply(c.table, u) })
	case c.state == asking:
		c.later = append(c.later, u)
	}
}

// collect takes a part of a snapshot, or its end. What was published since it was
// made is in later, and so may be what it has already.
func (c *client) collect(u update) {
	if u.key != kthxbai {
		if c.asked == 1 && c.state == asking {
			apply(c.fresh, u)
		}
		return
	}
	if c.asked > 0 {
		c.asked--
	}
	if c.asked > 0 || c.state != asking { // one that was asked for before a loss
		return
	}
	for _, l := range c.later {
		if l.number > u.number {
			apply(c.fresh, l)
			u.number = l.number
		}
	}
	c.state, c.number = synced, u.number
	c.change(func() { c.table = c.fresh })
	c.fresh, c.later = nil, nil
}

func apply(table map[string]string, u update) {
	if len(u.value) > 0 {
		table[u.key] = string(u.value)
	} else {
		delete(table, u.key)
	}
}
