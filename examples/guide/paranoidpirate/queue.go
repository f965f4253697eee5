package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// What a worker and the queue tell each other apart from requests and replies.
const (
	ready     = "\x01" // I can take a request; also: I am new, or you are
	heartbeat = "\x02" // I am alive
)

// A queue hands each request of a client to the worker that has waited longest,
// and takes the reply back. A worker that was not heard of for some time gets
// nothing any more.
type queue struct {
	front, back *socket.Router
	frontAt     string        // where clients connect
	backAt      string        // where workers do
	interval    time.Duration // of heartbeats
	expiry      time.Duration // of silence, after which a worker is given up
	waiting     []*member     // the one to ask next is the first
	heard       map[string]*member
}

// A member is a worker that the queue knows.
type member struct {
	id   string // its routing id
	name string // as it calls itself
	seen time.Time
}

// newQueue binds a queue for clients and for workers.
func newQueue(front, back string, interval time.Duration) (*queue, error) {
	q := &queue{interval: interval, expiry: 3 * interval, heard: make(map[string]*member)}
	var err error
	if q.front, err = socket.NewRouter(); err != nil {
		return nil, err
	}
	if q.back, err = socket.NewRouter(); err != nil {
		q.front.Close()
		return nil, err
	}
	q.frontAt, err = q.front.Bind(front)
	if err == nil {
		q.backAt, err = q.back.Bind(back)
	}
	if err != nil {
		q.close()
		return nil, err
	}
	return q, nil
}

func (q *queue) close() {
	q.front.Close()
	q.back.Close()
}

// run runs the queue until ctx is done. All its state belongs to this goroutine;
// two others bring what comes in.
func (q *queue) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	requests, replies := incoming(ctx, q.front), incoming(ctx, q.back)
	clock := time.NewTicker(q.interval)
	defer clock.Stop()
	for {
		// Without a worker no request is taken: a nil channel is never ready. Clients
		// then feel it, for their sockets' queues fill up.
		takeable := requests
		if len(q.waiting) == 0 {
			takeable = nil
		}
		select {
		case m := <-takeable:
			if err := q.assign(ctx, m); err != nil {
				return err
			}
		case m := <-replies:
			if err := q.hear(ctx, m); err != nil {
				return err
			}
		case now := <-clock.C:
			if err := q.beat(ctx, now); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// incoming returns a channel on which the messages of s come, until ctx is done
// or s is closed. It holds one that nobody has taken yet.
func incoming(ctx context.Context, s interface {
	Recv(context.Context) (socket.Message, error)
},
) <-chan socket.Message {
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

// assign hands a request to the worker whose turn it is. Its frames are the
// client's routing id, what the client put in front, an empty one, and the body;
// the worker sends all up to the empty one back in front of its reply. A worker
// that has gone in the meantime is passed over.
func (q *queue) assign(ctx context.Context, request socket.Message) error {
	for len(q.waiting) > 0 {
		w := q.waiting[0]
		q.waiting = q.waiting[1:]
		err := q.back.SendTo(ctx, socket.PeerID(w.id), request...)
		if !errors.Is(err, socket.ErrNoRoute) {
			return err
		}
		delete(q.heard, w.id)
	}
	return nil // the client asks again: see package lazypirate
}

// hear takes a message of a worker: its routing id, and a word or a reply.
func (q *queue) hear(ctx context.Context, m socket.Message) error {
	id := string(m[0])
	w := q.heard[id]
	switch {
	case len(m) == 3 && string(m[1]) == ready:
		if w == nil {
			w = &member{id: id, name: string(m[2])}
			q.heard[id] = w
			fmt.Printf("queue: %s is ready\n", w.name)
			q.waiting = append(q.waiting, w)
		}
	case w == nil: // of before we started, or given up: it will say that it is ready
		return nil
	case len(m) == 2 && string(m[1]) == heartbeat:
	case len(m) >= 4:
		if !slices.Contains(q.waiting, w) {
			q.waiting = append(q.waiting, w)
		}
		if err := q.front.Send(ctx, m[1:]...); err != nil && !errors.Is(err, socket.ErrNoRoute) {
			return err // a client that has gone is no failure of ours
		}
	}
	w.seen = time.Now()
	return nil
}

// beat tells all workers that the queue is alive, and gives up those that are
// silent.
func (q *queue) beat(ctx context.Context, now time.Time) error {
	for id, w := range q.heard {
		if now.Sub(w.seen) > q.expiry {
			fmt.Printf("queue: %s is silent and given up\n", w.name)
			delete(q.heard, id)
			q.waiting = slices.DeleteFunc(q.waiting, func(x *member) bool { return x == w })
			continue
		}
		if err := q.back.SendTo(ctx, socket.PeerID(id), []byte(heartbeat)); err != nil && !errors.Is(err, socket.ErrNoRoute) {
			return err
		}
	}
	return nil
}
