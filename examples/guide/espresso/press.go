package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/brokerless/brokerless/socket"
)

// A press is a proxy for publishers and subscribers, and what squeezes out of it
// on the way.
type press struct {
	front       *socket.XSub // publishers connect here
	back        *socket.XPub // subscribers connect here
	in, out     *socket.Pair // what passes goes in here and comes out there
	publishers  string
	subscribers string
}

func newPress() (*press, error) {
	front, errFront := socket.NewXSub()
	back, errBack := socket.NewXPub()
	in, errIn := socket.NewPair(socket.WithLinger(0))
	out, errOut := socket.NewPair()
	if err := errors.Join(errFront, errBack, errIn, errOut); err != nil {
		return nil, err // of an option: nothing was opened yet
	}
	p := &press{front: front, back: back, in: in, out: out}
	if err := p.open(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *press) open() (err error) {
	if p.publishers, err = p.front.Bind("tcp://127.0.0.1:0"); err != nil {
		return err
	}
	if p.subscribers, err = p.back.Bind("tcp://127.0.0.1:0"); err != nil {
		return err
	}
	if _, err = p.out.Bind("inproc://espresso"); err != nil {
		return err
	}
	return p.in.Connect("inproc://espresso")
}

func (p *press) close() {
	for _, s := range []io.Closer{p.front, p.back, p.in, p.out} {
		_ = s.Close() // what is left unsent has nobody to go to
	}
}

// run passes messages and subscriptions on until ctx is done.
func (p *press) run(ctx context.Context) {
	defer p.close()
	if err := socket.Proxy(ctx, p.front, p.back, socket.WithCapture(p.in)); ctx.Err() == nil {
		fmt.Println("proxy:", err)
	}
}

// listen tells what passes, until ctx is done. Subscriptions are messages of one
// frame that begins with 1, or with 0 when they end.
func (p *press) listen(ctx context.Context, heard chan<- string) {
	defer close(heard)
	for m, err := range p.out.Messages(ctx) {
		if err != nil {
			return
		}
		line := fmt.Sprintf("%s at %s", m[0], m[len(m)-1])
		if f := m[0]; len(m) == 1 && len(f) > 0 && f[0] == 1 {
			line = fmt.Sprintf("somebody wants %s", f[1:])
		} else if len(m) == 1 && len(f) > 0 && f[0] == 0 {
			line = fmt.Sprintf("nobody wants %s any more", f[1:])
		}
		select {
		case heard <- line:
		case <-ctx.Done():
			return
		}
	}
}
