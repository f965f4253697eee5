package socket

import (
	"context"
	"errors"
	"testing"
)

// A foreignEnd is an end of a proxy that is not of this package.
type foreignEnd struct {
	got  chan Message
	give chan Message
	err  error // of Send, if not nil
}

func (f *foreignEnd) Close() error { return nil }

func (f *foreignEnd) Send(ctx context.Context, frames ...[]byte) error {
	if f.err != nil {
		return f.err
	}
	select {
	case f.got <- Message(frames).Clone():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *foreignEnd) Recv(ctx context.Context) (Message, error) {
	select {
	case m := <-f.give:
		return m, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestProxyForeign forwards between a socket and an end of another package. What
// that has given, and nobody takes, is dropped and counted in the end.
func TestProxyForeign(t *testing.T) {
	front := &foreignEnd{got: make(chan Message), give: make(chan Message)}
	back, peer := closing(t, must(NewPair())), closing(t, must(NewPair()))
	linked(t, "tcp", back, peer)
	ctx := bounded(t)
	var c ProxyControl
	end := forwarding(t, front, back, WithSteering(&c))
	front.give <- Message{[]byte("there")}
	if m := must(peer.Recv(ctx)); m.String() != `["there"]` {
		t.Errorf("received %v", m)
	}
	if err := peer.Send(ctx, []byte("and back")); err != nil {
		t.Fatal(err)
	}
	if m := <-front.got; m.String() != `["and back"]` {
		t.Errorf("received %v", m)
	}
	if err := peer.Send(ctx, []byte("nobody takes it")); err != nil {
		t.Fatal(err)
	}
	becomes(t, "it is in the proxy's hand", func() bool { return back.Stats().In.Delivered == 2 })
	if err := end(); !errors.Is(err, context.Canceled) {
		t.Errorf("Proxy: %v", err)
	}
	if m := must(back.Recv(ctx)); m.String() != `["nobody takes it"]` {
		t.Errorf("received %v", m)
	}

	full := closing(t, must(NewPush(WithSendHWMBytes(100), WithLinger(0))))
	if err := full.Connect("inproc://nobody at " + t.Name()); err != nil {
		t.Fatal(err)
	}
	if err := full.Send(ctx, make([]byte, 95)); err != nil { // there is room for a message, but not for the one to come
		t.Fatal(err)
	}
	var d ProxyControl
	end = forwarding(t, front, full, WithSteering(&d))
	front.give <- Message{[]byte("too long")}
	if err := end(); !errors.Is(err, context.Canceled) || d.Statistics().Refused != 1 {
		t.Errorf("Proxy: %v, %+v", err, d.Statistics())
	}
}

// TestProxyFailure: an end that fails ends the proxy, with its error.
func TestProxyFailure(t *testing.T) {
	broken := errors.New("broken")
	front, in := closing(t, must(NewPull())), closing(t, must(NewPush()))
	linked(t, "tcp", front, in)
	if err := in.Send(bounded(t), []byte("m")); err != nil {
		t.Fatal(err)
	}
	if err := Proxy(bounded(t), front, struct {
		ProxySocket
		Sender
	}{front, &foreignEnd{err: broken}}); !errors.Is(err, broken) {
		t.Errorf("Proxy: %v, want %v", err, broken)
	}
	if m := must(front.Recv(bounded(t))); m.String() != `["m"]` {
		t.Errorf("received %v", m)
	}
}

// TestProxyWrapped: a type that embeds a socket is asked by its own methods.
func TestProxyWrapped(t *testing.T) {
	back, out := closing(t, must(NewPush())), closing(t, must(NewPull()))
	front, in := closing(t, must(NewPull())), closing(t, must(NewPush()))
	linked(t, "tcp", front, in)
	linked(t, "tcp", back, out)
	forwarding(t, front, marked{back})
	if err := in.Send(bounded(t), []byte("m")); err != nil {
		t.Fatal(err)
	}
	if m := must(out.Recv(bounded(t))); m.String() != `["mark" "m"]` {
		t.Errorf("received %v", m)
	}
}

// marked is a PUSH with a Send of its own.
type marked struct{ *Push }

func (m marked) Send(ctx context.Context, frames ...[]byte) error {
	return m.Push.Send(ctx, append([][]byte{[]byte("mark")}, frames...)...)
}
