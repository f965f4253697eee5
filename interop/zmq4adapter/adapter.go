package zmq4adapter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/go-zeromq/zmq4"

	"github.com/brokerless/brokerless/socket"
)

// errUnsupported says that a socket type does not do something.
var errUnsupported = errors.ErrUnsupported

// engine is what all sockets of package socket do.
type engine interface {
	Bind(endpoint string) (resolved string, err error)
	Connect(endpoint string) error
	Disconnect(endpoint string) error
	Monitor() *socket.Monitor
	Stats() socket.Stats
	Close() error
}

// sender is what those that send do.
type sender interface {
	socket.Sender
	TrySend(frames ...[]byte) error
}

// receiver is what those that receive do.
type receiver interface {
	socket.Receiver
	TryRecv() (socket.Message, error)
}

// adapter is a socket of package socket behind the interface of the original.
// The socket is made when it is first used, for what SetOption says can only be
// said to a new one.
type adapter struct {
	kind   zmq4.SocketType
	ctx    context.Context // done when the socket is closed, or its user's is
	cancel context.CancelFunc
	wg     sync.WaitGroup // goroutines of the adapter itself
	topics *topics

	mu     sync.Mutex
	unhook func() bool // forgets to close when the user's context is done
	cfg    *config     // what is in it changes only while there is no engine
	eng    engine
	err    error // why there is none
	addr   net.Addr
	dials  map[string]*dialing
	props  map[string]any
}

var _ zmq4.Socket = (*adapter)(nil)

func newAdapter(ctx context.Context, kind zmq4.SocketType, opts []Option) *adapter {
	if ctx == nil {
		ctx = context.Background()
	}
	a := &adapter{
		kind: kind, cfg: newConfig(opts), topics: newTopics(),
		dials: make(map[string]*dialing), props: make(map[string]any),
	}
	a.ctx, a.cancel = context.WithCancel(ctx)
	a.mu.Lock() // a context that is done already calls Close at once
	defer a.mu.Unlock()
	a.unhook = context.AfterFunc(ctx, func() { _ = a.Close() }) // nobody is there to be told
	return a
}

// engine returns the socket that does the work, and makes it if need be.
func (a *adapter) engine() (engine, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.ctx.Err(); err != nil {
		return nil, err
	}
	if a.eng == nil && a.err == nil {
		eng, err := newEngine(a.kind, a.cfg)
		if err != nil {
			a.err = a.fail("new", "", cause(err))
			return nil, a.err
		}
		a.start(eng)
		a.eng = eng
	}
	return a.eng, a.err
}

// start gives a new socket what it needs beside its options.
func (a *adapter) start(eng engine) {
	if a.cfg.log != nil {
		m := eng.Monitor()
		a.wg.Go(func() { a.report(m) })
	}
	if x, ok := eng.(*socket.XPub); ok && a.kind == zmq4.Pub {
		a.wg.Go(func() { a.topics.watch(a.ctx, x) })
	}
}

// report writes to the log what goes wrong.
func (a *adapter) report(m *socket.Monitor) {
	for e := range m.Events(a.ctx) {
		switch e.Kind {
		case socket.EventAcceptFailed, socket.EventHandshakeFailed, socket.EventDropping:
			a.cfg.log.Printf("%s %v", a.kind, e)
		}
	}
}

// Close ends the socket: Send, Recv and Dial return at once, and what was sent
// is still given to the peers, for at most 5 s. Its error tells how much could
// not be, as a *socket.UnsentError. Closing again returns nil.
func (a *adapter) Close() error {
	a.cancel()
	a.mu.Lock()
	eng := a.eng
	a.unhook()
	a.mu.Unlock()
	var err error
	if eng != nil {
		err = eng.Close()
	}
	a.wg.Wait()
	return err
}

// Send queues a message, and waits while it has to, for at most the time of
// WithTimeout; after that the error is context.DeadlineExceeded.
func (a *adapter) Send(msg zmq4.Msg) error {
	s, err := a.sender()
	if err != nil {
		return err
	}
	err = s.TrySend(msg.Frames...)
	if !errors.Is(err, socket.ErrWouldBlock) {
		return a.plain(err)
	}
	if a.cfg.timeout <= 0 {
		return context.DeadlineExceeded
	}
	ctx, cancel := context.WithTimeout(a.ctx, a.cfg.timeout)
	defer cancel()
	return a.plain(s.Send(ctx, msg.Frames...))
}

// SendMulti is Send: all messages are sent whole.
func (a *adapter) SendMulti(msg zmq4.Msg) error { return a.Send(msg) }

// give is Send that waits until ctx is done.
func (a *adapter) give(ctx context.Context, msg zmq4.Msg) error {
	s, err := a.sender()
	if err != nil {
		return err
	}
	return a.plain(s.Send(ctx, msg.Frames...))
}

func (a *adapter) sender() (sender, error) {
	eng, err := a.engine()
	if err != nil {
		return nil, err
	}
	if s, ok := eng.(sender); ok {
		return s, nil
	}
	return nil, a.fail("send", "", fmt.Errorf("%w: a %s socket only receives", errUnsupported, a.kind))
}

// Recv returns the next message, and waits for it as long as the socket lives.
func (a *adapter) Recv() (zmq4.Msg, error) { return a.recv(a.ctx) }

func (a *adapter) recv(ctx context.Context) (zmq4.Msg, error) {
	eng, err := a.engine()
	if err != nil {
		return zmq4.Msg{}, err
	}
	r, ok := eng.(receiver)
	if !ok || a.kind == zmq4.Pub {
		return zmq4.Msg{}, a.fail("recv", "", fmt.Errorf("%w: a %s socket only sends", errUnsupported, a.kind))
	}
	var m socket.Message
	if a.kind == zmq4.XPub {
		m, err = a.topics.recv(ctx, r)
	} else {
		m, err = r.Recv(ctx)
	}
	if err != nil {
		return zmq4.Msg{}, a.plain(err)
	}
	return zmq4.NewMsgFrom(m...), nil
}

// plain returns err as the original does, for those who compare errors with ==:
// the error of a closed socket is context.Canceled, or what ended its context.
func (a *adapter) plain(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, socket.ErrClosed) && a.ctx.Err() != nil {
		return a.ctx.Err()
	}
	for _, plain := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, plain) {
			return plain
		}
	}
	return err
}

// Type returns the type of the socket.
func (a *adapter) Type() zmq4.SocketType { return a.kind }

// fail wraps the error of a method like those of package socket.
func (a *adapter) fail(op, endpoint string, err error) error {
	return &socket.OpError{Op: op, Socket: string(a.kind), Endpoint: endpoint, Err: err}
}

// cause returns the reason in an error of package socket, to be wrapped anew.
func cause(err error) error {
	var op *socket.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
