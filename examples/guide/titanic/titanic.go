package main

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"github.com/brokerless/brokerless/examples/guide/mdp"
	"github.com/brokerless/brokerless/socket"
)

// What the services answer (RFC 9).
const (
	codeOK      = "200"
	codePending = "300"
	codeUnknown = "400"
	codeError   = "500"
)

// A titanic takes requests that need not be answered at once, keeps them on disk,
// and asks the services they are for until each has its reply. Clients come for
// that when they like.
type titanic struct {
	store   store
	broker  string
	added   chan struct{} // of capacity 1: there is a new request
	retry   time.Duration // between rounds over what is pending
	patient time.Duration // for one attempt at a request
}

func newTitanic(folder, broker string) *titanic {
	return &titanic{
		store: store{folder}, broker: broker, added: make(chan struct{}, 1),
		retry: 100 * time.Millisecond, patient: 2 * time.Second,
	}
}

// run offers the three services and works until ctx is done, or one of its parts
// fails.
func (t *titanic) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var parts sync.WaitGroup
	for service, handle := range map[string]mdp.Handler{
		"titanic.request": t.request,
		"titanic.reply":   t.reply,
		"titanic.close":   t.close,
	} {
		parts.Go(func() {
			w, err := mdp.NewWorker(t.broker, service, handle)
			if err == nil {
				err = w.Run(ctx)
			}
			cancel(err)
		})
	}
	parts.Go(func() { cancel(t.dispatch(ctx)) })
	parts.Wait()
	return context.Cause(ctx)
}

func code(c string, more ...[]byte) (socket.Message, error) {
	return append(socket.Message{[]byte(c)}, more...), nil
}

// request takes the name of a service and the body of a request for it, and
// answers with an id once both are on the disk.
func (t *titanic) request(_ context.Context, m socket.Message) (socket.Message, error) {
	if len(m) < 2 {
		return code(codeError)
	}
	id, err := t.store.add(m)
	if err != nil {
		return code(codeError)
	}
	select {
	case t.added <- struct{}{}:
	default:
	}
	return code(codeOK, []byte(id))
}

// reply takes an id, and answers with the reply if there is one.
func (t *titanic) reply(_ context.Context, m socket.Message) (socket.Message, error) {
	id := string(m[0])
	reply, err := t.store.reply(id)
	if err == nil {
		return code(codeOK, reply...)
	}
	if _, err := t.store.request(id); err == nil {
		return code(codePending)
	}
	return code(codeUnknown)
}

// close takes an id, and forgets it. It does no harm to close twice.
func (t *titanic) close(_ context.Context, m socket.Message) (socket.Message, error) {
	if t.store.forget(string(m[0])) != nil {
		return code(codeError)
	}
	return code(codeOK)
}

// dispatch asks for what is pending, again and again.
func (t *titanic) dispatch(ctx context.Context) error {
	c, err := mdp.NewClient(t.broker)
	if err != nil {
		return err
	}
	defer c.Close()
	clock := time.NewTicker(t.retry)
	defer clock.Stop()
	for {
		ids, err := t.store.pending()
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := t.attempt(ctx, c, id); err != nil {
				return err
			}
		}
		select {
		case <-t.added:
		case <-clock.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// attempt asks the service for one reply, if it is offered at all. Whatever goes
// wrong between here and there, the request stays where it is for another time.
func (t *titanic) attempt(ctx context.Context, c *mdp.Client, id string) error {
	m, err := t.store.request(id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // closed in the meantime
	}
	if err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, t.patient)
	defer cancel()
	there, err := c.Request(short, "mmi.service", m[0])
	if err == nil && string(there[0]) == codeOK {
		var reply socket.Message
		if reply, err = c.Request(short, string(m[0]), m[1:]...); err == nil {
			return t.store.answer(id, reply)
		}
	}
	if ctx.Err() != nil || errors.Is(err, socket.ErrClosed) {
		return err
	}
	return nil
}
