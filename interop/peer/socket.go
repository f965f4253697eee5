package peer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// Socket is a socket in the peer's process. Its linger time is 0. All
// methods are safe for concurrent use, as those of Peer are.
type Socket struct {
	p    *Peer
	name string
}

// Option is a libzmq socket option, by its name without ZMQ_.
type Option struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// Int is an option whose value is a number.
func Int(name string, value int) Option { return Option{name, value} }

// Bytes is an option whose value is octets.
func Bytes(name, value string) Option { return Option{name, numbers(value)} }

// numbers returns octets as JSON can carry them.
func numbers(octets string) []int {
	n := make([]int, len(octets))
	for i := range octets {
		n[i] = int(octets[i])
	}
	return n
}

// Socket makes a socket of a kind, such as "PUSH", with its options set.
func (p *Peer) Socket(kind string, opts ...Option) (*Socket, error) {
	p.mu.Lock()
	p.sockets++
	s := &Socket{p, fmt.Sprintf("%s-%d", kind, p.sockets)}
	p.mu.Unlock()
	if opts == nil {
		opts = []Option{}
	}
	if err := s.do("socket", map[string]any{"kind": kind, "options": opts}, nil); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Socket) do(op string, args map[string]any, result any) error {
	if args == nil {
		args = make(map[string]any)
	}
	args["name"] = s.name
	_, err := s.p.call(op, args, nil, 0, result)
	return err
}

// Set sets an option of a socket that is in use, such as SUBSCRIBE.
func (s *Socket) Set(o Option) error {
	return s.do("setsockopt", map[string]any{"option": o.Name, "to": o.Value}, nil)
}

// Bind binds the socket and returns the endpoint with what was left open
// filled in: libzmq writes an open port as "*".
func (s *Socket) Bind(endpoint string) (resolved string, err error) {
	var r struct {
		Endpoint string `json:"endpoint"`
	}
	err = s.do("bind", map[string]any{"endpoint": endpoint}, &r)
	return r.Endpoint, err
}

// Connect connects the socket; libzmq does it in the background.
func (s *Socket) Connect(endpoint string) error {
	return s.do("connect", map[string]any{"endpoint": endpoint}, nil)
}

// Close closes the socket. What it has not sent is lost.
func (s *Socket) Close() error { return s.do("close", nil, nil) }

// Send implements socket.Sender. It waits as the implementation does, until ctx's
// deadline, which it must have, and then fails with
// context.DeadlineExceeded. It does not notice that ctx is cancelled.
func (s *Socket) Send(ctx context.Context, frames ...[]byte) error {
	_, err := s.wait(ctx, "wait", map[string]any{"sending": true}, frames, nil)
	return err
}

// Recv implements socket.Receiver. It waits as Send does.
func (s *Socket) Recv(ctx context.Context) (socket.Message, error) {
	frames, err := s.wait(ctx, "wait", map[string]any{"sending": false}, nil, nil)
	return frames, err
}

// Event is something that a socket's monitor tells.
type Event struct {
	Name   string `json:"event"`  // without ZMQ_EVENT_: "DISCONNECTED"
	Detail string `json:"detail"` // of HANDSHAKE_FAILED_AUTH the status, of _PROTOCOL the name of the ZMQ_PROTOCOL_ERROR
}

// String returns the event with its detail.
func (e Event) String() string {
	if e.Detail == "" {
		return e.Name
	}
	return e.Name + " " + e.Detail
}

// Event returns the socket's next event that no one has seen yet. The socket
// itself has taken note by then: after HANDSHAKE_SUCCEEDED it has the peer. It
// waits as Send does.
func (s *Socket) Event(ctx context.Context) (e Event, err error) {
	_, err = s.wait(ctx, "event", map[string]any{}, nil, &e)
	return e, err
}

func (s *Socket) wait(ctx context.Context, op string, args map[string]any, frames [][]byte, result any) ([][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil, errors.New("peer: the context has no deadline, and the process must be told one")
	}
	left := max(0, time.Until(deadline))
	args["name"], args["milliseconds"] = s.name, left.Milliseconds()
	frames, err := s.p.call(op, args, frames, left, result)
	if errors.Is(err, errLate) {
		err = context.DeadlineExceeded
	}
	return frames, err
}

// Proxy gives both sockets to zmq_proxy, which forwards between them until the
// process ends. They cannot be used otherwise any more.
func (s *Socket) Proxy(back *Socket) error {
	_, err := s.p.call("proxy", map[string]any{"front": s.name, "back": back.name}, nil, 0, nil)
	return err
}

// Stream makes the socket send messages of parts frames without end, each
// frame with its message's number, its own, and then size zero octets:
// "%08d %04d " and the zeros. The socket cannot be used otherwise any more.
func (s *Socket) Stream(parts, size int) error {
	return s.do("stream", map[string]any{"parts": parts, "size": size}, nil)
}
