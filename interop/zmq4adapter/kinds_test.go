package zmq4adapter_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/brokerless/brokerless/interop/zmq4adapter"
	"github.com/brokerless/brokerless/socket"
)

// A pairing is two types of sockets that talk to each other. Left speaks first.
type pairing struct {
	left, right zmq4adapter.SocketType
	back        bool     // right answers
	leftFront   []string // what left's application has in front of each message
	rightFront  []string
}

func pairings() []pairing {
	return []pairing{
		{left: zmq4adapter.Push, right: zmq4adapter.Pull},
		{left: zmq4adapter.Pub, right: zmq4adapter.Sub},
		{left: zmq4adapter.Pub, right: zmq4adapter.XSub},
		{left: zmq4adapter.XPub, right: zmq4adapter.Sub},
		{left: zmq4adapter.XPub, right: zmq4adapter.XSub, back: true},
		{left: zmq4adapter.Req, right: zmq4adapter.Rep, back: true},
		{left: zmq4adapter.Req, right: zmq4adapter.Router, back: true, rightFront: []string{"left", ""}},
		{left: zmq4adapter.Dealer, right: zmq4adapter.Rep, back: true, leftFront: []string{""}},
		{left: zmq4adapter.Dealer, right: zmq4adapter.Router, back: true, rightFront: []string{"left"}},
		{left: zmq4adapter.Dealer, right: zmq4adapter.Dealer, back: true},
		{left: zmq4adapter.Router, right: zmq4adapter.Router, back: true, leftFront: []string{"right"}, rightFront: []string{"left"}},
		{left: zmq4adapter.Pair, right: zmq4adapter.Pair, back: true},
	}
}

// TestPairings sends messages of one frame and of several, empty ones among
// them, between all types, either side listening, over all transports.
func TestPairings(t *testing.T) {
	for _, c := range pairings() {
		for _, leftListens := range []bool{true, false} {
			for _, scheme := range []string{"tcp", "ipc", "inproc"} {
				name := fmt.Sprintf("%s-%s/leftListens=%v/%s", c.left, c.right, leftListens, scheme)
				t.Run(name, func(t *testing.T) { c.run(t, leftListens, scheme) })
			}
		}
	}
}

func (c pairing) run(t *testing.T, leftListens bool, scheme string) {
	left := newSocket(t, c.left, zmq4adapter.WithID([]byte("left")))
	right := newSocket(t, c.right, zmq4adapter.WithID([]byte("right")))
	if leftListens {
		link(t, scheme, left, right)
	} else {
		link(t, scheme, right, left)
	}
	if c.left == zmq4adapter.Router {
		// Who dialed knows the other; who listened may not yet.
		dialer, listener, from, to := right, left, "right", "left"
		if !leftListens {
			dialer, listener, from, to = left, right, "left", "right"
		}
		send(t, dialer, to, "hello")
		expect(t, listener, from, "hello")
	}
	c.subscribe(t, left, right)
	for _, m := range [][]string{{"one"}, {"a", "", "c"}, {"", ""}} {
		send(t, left, slices.Concat(c.leftFront, m)...)
		expect(t, right, slices.Concat(c.rightFront, m)...)
		if c.back {
			send(t, right, slices.Concat(c.rightFront, m)...)
			expect(t, left, slices.Concat(c.leftFront, m)...)
		}
	}
	if left.Type() != c.left || right.Type() != c.right {
		t.Errorf("types %s and %s, want %s and %s", left.Type(), right.Type(), c.left, c.right)
	}
}

// subscribe subscribes right to everything, if it is one to subscribe, and
// waits until left knows.
func (c pairing) subscribe(t *testing.T, left, right zmq4adapter.Socket) {
	switch c.right {
	case zmq4adapter.Sub:
		must(t, right.SetOption(zmq4adapter.OptionSubscribe, ""))
	case zmq4adapter.XSub:
		send(t, right, "\x01")
	default:
		return
	}
	eventually(t, "the subscription", func() bool { return slices.Equal(topicsOf(left), []string{""}) })
	if c.left == zmq4adapter.XPub {
		expect(t, left, "\x01") // Topics has not taken it away
	}
}

// TestUnsupported has the types that only send receive, and the other way
// round.
func TestUnsupported(t *testing.T) {
	for _, kind := range []zmq4adapter.SocketType{zmq4adapter.Pub, zmq4adapter.Push} {
		if _, err := newSocket(t, kind).Recv(); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s receives: %v", kind, err)
		}
	}
	for _, kind := range []zmq4adapter.SocketType{zmq4adapter.Sub, zmq4adapter.Pull} {
		if err := newSocket(t, kind).Send(zmq4adapter.NewMsgString("x")); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s sends: %v", kind, err)
		}
	}
}

// TestInTurn has a PUSH and a DEALER share out what they send: the original
// gives all of it to everybody.
func TestInTurn(t *testing.T) {
	for from, to := range map[zmq4adapter.SocketType]zmq4adapter.SocketType{
		zmq4adapter.Push: zmq4adapter.Pull, zmq4adapter.Dealer: zmq4adapter.Dealer,
	} {
		t.Run(string(from), func(t *testing.T) {
			out := newSocket(t, from)
			var in []zmq4adapter.Socket
			for range 3 {
				s := newSocket(t, to)
				must(t, out.Dial(listen(t, s, address(t, "tcp"))))
				in = append(in, s)
			}
			for i := range 6 {
				send(t, out, fmt.Sprint(i))
			}
			for i, s := range in {
				expect(t, s, fmt.Sprint(i))
				expect(t, s, fmt.Sprint(i+3))
			}
		})
	}
}

// TestTurns has REQ and REP called out of turn.
func TestTurns(t *testing.T) {
	req, rep := newSocket(t, zmq4adapter.Req), newSocket(t, zmq4adapter.Rep)
	link(t, "inproc", rep, req)
	if err := rep.Send(zmq4adapter.NewMsgString("reply")); !errors.Is(err, socket.ErrState) {
		t.Errorf("a reply without a request: %v", err)
	}
	send(t, req, "request")
	if err := req.Send(zmq4adapter.NewMsgString("request")); !errors.Is(err, socket.ErrState) {
		t.Errorf("a second request: %v", err)
	}
	expect(t, rep, "request")
	if _, err := rep.Recv(); !errors.Is(err, socket.ErrState) {
		t.Errorf("a second receive: %v", err)
	}
}

// TestNobody has a ROUTER send to an identity that nobody has.
func TestNobody(t *testing.T) {
	router := newSocket(t, zmq4adapter.Router)
	send(t, router, "nobody", "lost")
	dealer := newSocket(t, zmq4adapter.Dealer, zmq4adapter.WithID([]byte("somebody")))
	link(t, "tcp", router, dealer)
	send(t, dealer, "here")
	expect(t, router, "somebody", "here")
	send(t, router, "somebody", "found")
	expect(t, dealer, "found")
}

// TestBeside lets adapters talk to sockets of package socket, in process too.
func TestBeside(t *testing.T) {
	for _, scheme := range []string{"tcp", "inproc"} {
		t.Run(scheme, func(t *testing.T) {
			pull, err := socket.NewPull()
			must(t, err)
			defer pull.Close()
			endpoint, err := pull.Bind(address(t, scheme))
			must(t, err)
			push := newSocket(t, zmq4adapter.Push)
			must(t, push.Dial(endpoint))
			send(t, push, "over", scheme)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			m, err := pull.Recv(ctx)
			must(t, err)
			if m.String() != fmt.Sprintf(`["over" %q]`, scheme) {
				t.Errorf("got %v", m)
			}
		})
	}
}
