package mdp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// maxWaiting is how many requests a broker keeps that no worker can take yet.
// More are not taken; their clients ask again.
const maxWaiting = 10_000

// A Broker hands requests to workers of the service they are for, in turn. Those
// that nobody can take yet wait.
type Broker struct {
	router   *socket.Router
	endpoint string

	// Of the goroutine that runs it.
	services map[string]*service
	workers  map[string]*worker // by routing id
	waiting  int                // requests, of all services
}

type service struct {
	name     string
	requests []socket.Message // who asks, an empty frame, and the body; the oldest first
	idle     []*worker        // the one that has waited longest first
	workers  int              // idle or busy
}

type worker struct {
	id      string
	service *service
	heard   time.Time
	busy    bool
}

// NewBroker returns a broker that is bound to endpoint.
func NewBroker(endpoint string) (*Broker, error) {
	router, err := socket.NewRouter()
	if err != nil {
		return nil, err
	}
	b := &Broker{router: router, services: make(map[string]*service), workers: make(map[string]*worker)}
	if b.endpoint, err = router.Bind(endpoint); err != nil {
		router.Close()
		return nil, err
	}
	return b, nil
}

// Endpoint returns where clients and workers find the broker.
func (b *Broker) Endpoint() string { return b.endpoint }

// Run works until ctx is done, whose error it returns, and closes the broker.
func (b *Broker) Run(ctx context.Context) error {
	defer b.router.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages := incoming(ctx, b.router)
	clock := time.NewTicker(heartbeatInterval)
	defer clock.Stop()
	for {
		select {
		case m, ok := <-messages:
			if !ok {
				return ended(ctx)
			}
			if err := b.hear(ctx, m); err != nil {
				return err
			}
		case now := <-clock.C:
			if err := b.beat(ctx, now); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// send sends to a client or a worker. One that has gone is no error.
func (b *Broker) send(ctx context.Context, id string, frames ...[]byte) error {
	err := b.router.SendTo(ctx, socket.PeerID(id), frames...)
	if errors.Is(err, socket.ErrNoRoute) {
		return nil
	}
	return err
}

// hear takes a message: the routing id of the sender, an empty frame, and which
// half of the protocol it is of. What is of neither is ignored.
func (b *Broker) hear(ctx context.Context, m socket.Message) error {
	if len(m) < 4 || len(m[1]) > 0 {
		return nil
	}
	id, rest := string(m[0]), m[3:]
	switch string(m[2]) {
	case ofClients:
		return b.ask(ctx, m[0], string(rest[0]), rest[1:])
	case ofWorkers:
		return b.command(ctx, id, string(rest[0]), rest[1:])
	}
	return nil
}

// ask takes a request of a client.
func (b *Broker) ask(ctx context.Context, client []byte, name string, body [][]byte) error {
	if len(body) == 0 {
		return nil
	}
	if strings.HasPrefix(name, "mmi.") {
		return b.send(ctx, string(client), nil, []byte(ofClients), []byte(name), []byte(b.inquire(name, string(body[0]))))
	}
	s := b.service(name)
	if b.waiting < maxWaiting {
		b.waiting++
		s.requests = append(s.requests, append(socket.Message{client, nil}, body...))
	}
	return b.assign(ctx, s)
}

// inquire answers for the broker itself (RFC 8): whether somebody offers a service.
func (b *Broker) inquire(name, about string) (code string) {
	if name != "mmi.service" {
		return "501"
	}
	if s := b.services[about]; s != nil && s.workers > 0 {
		return "200"
	}
	return "404"
}

func (b *Broker) service(name string) *service {
	s := b.services[name]
	if s == nil {
		s = &service{name: name}
		b.services[name] = s
	}
	return s
}

// assign hands requests to idle workers while there are both. A worker that has
// gone without a word is forgotten, and the request is another's.
func (b *Broker) assign(ctx context.Context, s *service) error {
	for len(s.requests) > 0 && len(s.idle) > 0 {
		w, m := s.idle[0], s.requests[0]
		frames := append([][]byte{nil, []byte(ofWorkers), []byte(commandRequest)}, m...)
		err := b.router.SendTo(ctx, socket.PeerID(w.id), frames...)
		if errors.Is(err, socket.ErrNoRoute) {
			b.forget(w)
			continue
		}
		if err != nil {
			return err
		}
		s.idle, s.requests = s.idle[1:], s.requests[1:]
		b.waiting--
		w.busy = true
	}
	if len(s.requests) == 0 && s.workers == 0 {
		delete(b.services, s.name) // a name that a client made up costs nothing
	}
	return nil
}

// command takes what a worker says.
func (b *Broker) command(ctx context.Context, id, command string, frames [][]byte) error {
	w := b.workers[id]
	if w == nil && command != commandReady {
		if command == commandDisconnect {
			return nil
		}
		return b.send(ctx, id, nil, []byte(ofWorkers), []byte(commandDisconnect)) // it shall say what it does
	}
	switch command {
	case commandReady:
		if len(frames) != 1 || strings.HasPrefix(string(frames[0]), "mmi.") {
			return nil
		}
		if w == nil {
			w = &worker{id: id, service: b.service(string(frames[0]))}
			b.workers[id] = w
			w.service.workers++
			w.service.idle = append(w.service.idle, w)
		}
	case commandReply:
		if len(frames) < 3 || len(frames[1]) > 0 || !w.busy {
			return nil
		}
		client, body := string(frames[0]), frames[2:]
		if err := b.send(ctx, client, append([][]byte{nil, []byte(ofClients), []byte(w.service.name)}, body...)...); err != nil {
			return err
		}
		w.busy = false
		w.service.idle = append(w.service.idle, w)
	case commandDisconnect:
		b.forget(w)
		return b.assign(ctx, w.service)
	}
	w.heard = time.Now()
	return b.assign(ctx, w.service)
}

func (b *Broker) forget(w *worker) {
	delete(b.workers, w.id)
	w.service.workers--
	w.service.idle = slices.DeleteFunc(w.service.idle, func(x *worker) bool { return x == w })
}

// beat tells the workers that the broker is alive, and forgets silent ones. What
// such a one was doing is lost; its client asks again.
func (b *Broker) beat(ctx context.Context, now time.Time) error {
	for _, w := range b.workers {
		if now.Sub(w.heard) > expiry {
			b.forget(w)
			continue
		}
		if err := b.send(ctx, w.id, nil, []byte(ofWorkers), []byte(commandHeartbeat)); err != nil {
			return err
		}
	}
	return nil
}
