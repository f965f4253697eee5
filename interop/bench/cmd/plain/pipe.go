package main

import (
	"bytes"
	"fmt"
)

// length is how many messages the channels of a pipe hold: the high-water mark
// of the others.
const length = 1000

// large is the size from which on the memory of messages is used again. For
// smaller ones allocating is cheaper.
const large = 4096

// pipe joins two ends in process. A message is a copy, as in a library, and
// belongs to who received it.
type pipe struct {
	there chan []byte // to who bound
	back  chan []byte
	free  chan []byte // memory of large messages, to be used again
}

// pipeEnd is an end of a pipe.
type pipeEnd struct {
	pipes map[string]*pipe // by endpoint; of the process
	*pipe
	last []byte // received
}

// Bind implements child.Binder.
func (e *pipeEnd) Bind(endpoint string) (string, error) {
	if _, ok := e.pipes[endpoint]; ok {
		return "", fmt.Errorf("%q is bound already", endpoint)
	}
	e.pipe = &pipe{make(chan []byte, length), make(chan []byte, length), make(chan []byte, length)}
	e.pipes[endpoint] = e.pipe
	return endpoint, nil
}

// Connect implements child.Connector.
func (e *pipeEnd) Connect(endpoint string) error {
	p, ok := e.pipes[endpoint]
	if !ok {
		return fmt.Errorf("nobody bound %q", endpoint)
	}
	e.pipe = p
	return nil
}

// Send implements child.Sender.
func (e *pipeEnd) Send(frames [][]byte) error { //nolint:unparam // as the interface has it
	f := frames[0]
	if len(f) < large {
		e.there <- bytes.Clone(f)
		return nil
	}
	var m []byte
	select {
	case m = <-e.free:
	default:
	}
	e.there <- append(m[:0], f...)
	return nil
}

// Recv implements child.Receiver, for who connected.
func (e *pipeEnd) Recv() ([]byte, int, error) { return e.recv(e.back) }

// Echo implements child.Echoer, for who bound.
func (e *pipeEnd) Echo() error { //nolint:unparam // as the interface has it
	e.back <- <-e.there
	return nil
}

// recv receives from one of the channels.
func (e *pipeEnd) recv(from <-chan []byte) ([]byte, int, error) {
	if len(e.last) >= large {
		select {
		case e.free <- e.last:
		default:
		}
	}
	e.last = <-from
	return e.last, len(e.last), nil
}

// pullEnd is the end of a pipe that is bound and received from.
type pullEnd struct{ pipeEnd }

// Recv implements child.Receiver.
func (e *pullEnd) Recv() ([]byte, int, error) { return e.recv(e.there) }
