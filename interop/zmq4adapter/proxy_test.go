package zmq4adapter_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/zmq4adapter"
)

// streamer is a proxy between a PULL and a PUSH, and who is behind them.
type streamer struct {
	*zmq4adapter.Proxy
	front, back zmq4adapter.Socket // the proxy's
	in, out     zmq4adapter.Socket
	capture     zmq4adapter.Socket // what is captured comes out here
	ended       chan error
}

func newStreamer(t *testing.T, ctx context.Context) *streamer { //nolint:revive // t goes first in tests
	t.Helper()
	s := &streamer{
		front: newSocket(t, zmq4adapter.Pull), back: newSocket(t, zmq4adapter.Push, zmq4adapter.WithTimeout(time.Millisecond)),
		in: newSocket(t, zmq4adapter.Push), out: newSocket(t, zmq4adapter.Pull),
		capture: newSocket(t, zmq4adapter.Pair), ended: make(chan error, 1),
	}
	copies := newSocket(t, zmq4adapter.Pair)
	link(t, "tcp", s.front, s.in)
	must(t, s.back.Listen("inproc://"+t.Name()+"/back")) // nobody is there yet
	must(t, copies.Listen("inproc://"+t.Name()+"/copies"))
	must(t, s.capture.Dial("inproc://"+t.Name()+"/copies"))
	s.Proxy = zmq4adapter.NewProxy(ctx, s.front, s.back, copies)
	go func() { s.ended <- s.Run() }()
	return s
}

func (s *streamer) connect(t *testing.T) {
	t.Helper()
	must(t, s.out.Dial("inproc://"+t.Name()+"/back"))
}

// TestProxyForwards forwards more than there is a peer for at first, longer
// than the time-out of the socket.
func TestProxyForwards(t *testing.T) {
	p := newStreamer(t, t.Context())
	for i := range 20 {
		send(t, p.in, "part", fmt.Sprint(i))
	}
	p.connect(t)
	for i := range 20 {
		expect(t, p.out, "part", fmt.Sprint(i))
		expect(t, p.capture, "part", fmt.Sprint(i))
	}
	p.Stats()
	if forward, backward := p.Forwarded(); forward != 20 || backward != 0 {
		t.Errorf("forwarded %d and %d, want 20 and 0", forward, backward)
	}
	p.Kill()
	must(t, <-p.ended)
}

// TestProxyPauses finds that nothing flows in a pause, and all of it after.
func TestProxyPauses(t *testing.T) {
	p := newStreamer(t, t.Context())
	p.connect(t)
	send(t, p.in, "before")
	expect(t, p.out, "before")
	p.Pause()
	p.Pause()
	send(t, p.in, "during")
	// The message has come to the front when the front can be asked for it. A
	// proxy that did not pause would have taken it.
	expect(t, p.front, "during")
	send(t, p.in, "also during")
	p.Resume()
	p.Resume()
	expect(t, p.out, "also during")
	p.Pause()
	p.Kill()
	must(t, <-p.ended)
	p.Resume()
	p.Kill()
}

// TestProxyEnds ends proxies in all ways, while they wait for a message or for
// somebody to take one.
func TestProxyEnds(t *testing.T) {
	for _, blocked := range []bool{false, true} {
		for name, end := range map[string]func(*streamer, context.CancelFunc) error{
			"context": func(_ *streamer, cancel context.CancelFunc) error { cancel(); return context.Canceled },
			"closed": func(p *streamer, _ context.CancelFunc) error {
				p.back.Close()
				p.front.Close()
				return context.Canceled
			},
		} {
			t.Run(fmt.Sprintf("%s/blocked=%v", name, blocked), func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				p := newStreamer(t, ctx)
				if blocked {
					send(t, p.in, "nobody takes it")
				}
				want := end(p, cancel)
				if err := <-p.ended; !errors.Is(err, want) {
					t.Errorf("Run: %v, want %v", err, want)
				}
			})
		}
	}
}

// TestProxyBothWays has an XSUB and an XPUB forward messages one way and
// subscriptions the other.
func TestProxyBothWays(t *testing.T) {
	pub, front := newSocket(t, zmq4adapter.Pub), newSocket(t, zmq4adapter.XSub)
	back, sub := newSocket(t, zmq4adapter.XPub), newSocket(t, zmq4adapter.Sub)
	link(t, "inproc", pub, front)
	must(t, sub.Dial(listen(t, back, address(t, "tcp"))))
	p := zmq4adapter.NewProxy(t.Context(), front, back, nil)
	must(t, sub.SetOption(zmq4adapter.OptionSubscribe, "a"))
	eventually(t, "the subscription", func() bool { return len(topicsOf(pub)) == 1 })
	send(t, pub, "b", "no")
	send(t, pub, "a", "yes")
	expect(t, sub, "a", "yes")
	p.Kill()
	must(t, p.Run())
	if forward, backward := p.Forwarded(); forward != 1 || backward != 1 {
		t.Errorf("forwarded %d and %d, want 1 and 1", forward, backward)
	}
}
