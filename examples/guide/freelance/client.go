package main

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/brokerless/brokerless/socket"
)

const (
	ping = "PING"
	pong = "PONG"
)

// A client asks whichever of several servers answers. It prefers those that it
// was told of first, and passes over those that were silent for some time.
type client struct {
	router   *socket.Router
	interval time.Duration // of pings
	expiry   time.Duration // of silence, after which a server is asked last
	patience time.Duration // with one server, before the next is asked as well

	requests chan *request
	stop     context.CancelFunc
	running  sync.WaitGroup

	// Of the goroutine that runs it.
	servers []*peer
	pending *request
	number  uint64 // of the last request
}

// A peer is a server as the client sees it.
type peer struct {
	id    socket.PeerID // its endpoint, which servers have for their identity
	heard time.Time
}

type request struct {
	body  []byte
	reply chan reply // of capacity 1
	left  []*peer    // to be asked yet
	next  time.Time  // when the next of them is asked
	ctx   context.Context
}

type reply struct {
	body []byte
	from socket.PeerID
}

func newClient(interval, patience time.Duration, endpoints ...string) (*client, error) {
	router, err := socket.NewRouter(
		socket.WithRedial(10*time.Millisecond, interval),
		socket.WithLinger(0),
	)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &client{
		router: router, interval: interval, expiry: 3 * interval, patience: patience,
		requests: make(chan *request), stop: cancel,
	}
	for _, endpoint := range endpoints {
		if err := router.Connect(endpoint); err != nil {
			cancel()
			router.Close()
			return nil, err
		}
		c.servers = append(c.servers, &peer{id: socket.PeerID(endpoint)})
	}
	c.running.Go(func() { c.run(ctx) })
	return c, nil
}

func (c *client) close() {
	c.stop()
	c.running.Wait()
	c.router.Close()
}

// ask waits for the first reply of any server until ctx is done. It is safe for
// concurrent use; requests take turns.
func (c *client) ask(ctx context.Context, body []byte) (reply, error) {
	r := &request{body: body, reply: make(chan reply, 1), ctx: ctx}
	select {
	case c.requests <- r:
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
	select {
	case got := <-r.reply:
		return got, nil
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
}

func (c *client) run(ctx context.Context) {
	messages := incoming(ctx, c.router)
	clock := time.NewTicker(c.interval)
	defer clock.Stop()
	for {
		requests, next := c.requests, (<-chan time.Time)(nil)
		var given <-chan struct{}
		if r := c.pending; r != nil { // one at a time
			requests, given = nil, r.ctx.Done()
			next = time.After(time.Until(r.next))
		}
		select {
		case m := <-messages:
			c.hear(m)
		case r := <-requests:
			c.begin(ctx, r)
		case <-next:
			c.askNext(ctx)
		case <-given:
			c.pending = nil
		case <-clock.C:
			for _, s := range c.servers {
				_ = c.router.SendTo(ctx, s.id, []byte(ping)) // one that has gone does not answer
			}
		case <-ctx.Done():
			return
		}
	}
}

// begin starts on a request: those heard of lately come first.
func (c *client) begin(ctx context.Context, r *request) {
	var silent []*peer
	for _, s := range c.servers {
		if time.Since(s.heard) < c.expiry {
			r.left = append(r.left, s)
		} else {
			silent = append(silent, s)
		}
	}
	r.left = append(r.left, silent...)
	c.number++
	c.pending = r
	c.askNext(ctx)
}

// askNext asks one more server, or all of them over again after the last.
func (c *client) askNext(ctx context.Context) {
	r := c.pending
	r.next = time.Now().Add(c.patience)
	for len(r.left) > 0 {
		s := r.left[0]
		r.left = r.left[1:]
		number := binary.BigEndian.AppendUint64(nil, c.number)
		if err := c.router.SendTo(ctx, s.id, number, r.body); !errors.Is(err, socket.ErrNoRoute) {
			return // asked; who is not connected is passed over at once
		}
	}
	r.left = append(r.left, c.servers...)
}

// hear takes a message of a server: which one, and a word or the number of the
// request and its reply. A second reply, or one to an earlier request, is late.
func (c *client) hear(m socket.Message) {
	from := socket.PeerID(m[0])
	for _, s := range c.servers {
		if s.id == from {
			s.heard = time.Now()
		}
	}
	r := c.pending
	if r == nil || len(m) != 3 || len(m[1]) != 8 || binary.BigEndian.Uint64(m[1]) != c.number {
		return
	}
	c.pending = nil
	r.reply <- reply{m[2], from}
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
