package interop

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/go-zeromq/zmq4"

	"github.com/brokerless/brokerless/interop/zmq4adapter"
	"github.com/brokerless/brokerless/socket"
)

// adapted is a socket of ours behind the interface of go-zeromq/zmq4. What the
// tests know of a zmq4Socket does not go for it.
type adapted struct {
	zmq4Socket
	late *chan received // of a Recv that was given up, and took what came after it
}

type received struct {
	m   zmq4.Msg
	err error
}

// Recv implements socket.Receiver. What comes after ctx is done is for the next
// call.
func (a adapted) Recv(ctx context.Context) (socket.Message, error) {
	c := *a.late
	if c == nil {
		c = make(chan received, 1)
		go func() {
			m, err := a.Socket.Recv()
			c <- received{m, err}
		}()
	}
	*a.late = c
	select {
	case r := <-c:
		*a.late = nil
		return r.m.Frames, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func newAdapted(t *testing.T, kind, name string) adapted {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	opts := []zmq4adapter.Option{zmq4adapter.WithSocketOptions(quick()), zmq4adapter.WithTimeout(patience)}
	if name != "" {
		opts = append(opts, zmq4adapter.WithID(zmq4adapter.SocketIdentity(name)))
	}
	kinds := map[string]func(context.Context, ...zmq4adapter.Option) zmq4.Socket{
		"PUSH": zmq4adapter.NewPush, "PULL": zmq4adapter.NewPull, "PUB": zmq4adapter.NewPub, "SUB": zmq4adapter.NewSub,
		"XPUB": zmq4adapter.NewXPub, "XSUB": zmq4adapter.NewXSub, "REQ": zmq4adapter.NewReq, "REP": zmq4adapter.NewRep,
		"DEALER": zmq4adapter.NewDealer, "ROUTER": zmq4adapter.NewRouter, "PAIR": zmq4adapter.NewPair,
	}
	s := own(t, adapted{zmq4Socket{kinds[kind](ctx, opts...)}, new(chan received)}, nil)
	t.Cleanup(cancel)
	return s
}

// TestAdapter sends messages of all sizes between the adapter and what it stands
// in for: the adapter on either side, either side listening, over tcp and ipc.
func TestAdapter(t *testing.T) {
	for _, c := range pairings() {
		for _, weAreLeft := range []bool{true, false} {
			if !weAreLeft && c.left == c.right {
				continue
			}
			for _, weListen := range []bool{true, false} {
				for _, scheme := range []string{"tcp", "ipc"} {
					name := fmt.Sprintf("%s-%s/left=%s/listens=%s/%s", c.left, c.right, party(weAreLeft), party(weListen), scheme)
					t.Run(name, func(t *testing.T) { c.runAdapter(t, weAreLeft, weListen, scheme) })
				}
			}
		}
	}
}

func (c pairing) runAdapter(t *testing.T, weAreLeft, weListen bool, scheme string) {
	var left, right any
	var we adapted
	var they zmq4Socket
	if weAreLeft {
		we, they = newAdapted(t, c.left, leftName), newZMQ4(t, c.right, rightName)
		left, right = we, they
	} else {
		we, they = newAdapted(t, c.right, rightName), newZMQ4(t, c.left, leftName)
		left, right = they, we
	}
	endpoint := "tcp://127.0.0.1:0"
	if scheme == "ipc" {
		endpoint = "ipc://" + filepath.Join(t.TempDir(), "s")
	}
	if weListen {
		must(t, they.Connect(bind(t, we, endpoint)))
	} else {
		must(t, we.Dial(bind(t, they, endpoint)))
	}
	if c.left == "ROUTER" && weListen { // who dialed knows who is there; we may not yet
		send(t, they, text(leftName, "hello")...)
		expect(t, we, text(rightName, "hello")...)
	}
	switch c.right {
	case "SUB":
		if weAreLeft {
			must(t, they.SetOption(zmq4.OptionSubscribe, ""))
		} else {
			must(t, we.SetOption(zmq4adapter.OptionSubscribe, ""))
		}
	case "XSUB":
		send(t, right, []byte{1})
	}
	if c.right == "SUB" || c.right == "XSUB" {
		if weAreLeft {
			eventually(t, "the subscription", func() bool { return len(we.Socket.(zmq4.Topics).Topics()) == 1 })
		} else {
			settle(t, left, right)
		}
	}
	if weAreLeft && c.left == "XPUB" {
		expect(t, left, []byte{1})
	}
	for _, parts := range []int{1, 3} {
		for _, size := range bodySizes {
			if they.Type() == zmq4.Rep && size == 0 {
				continue // it takes the last empty frame for the delimiter (G-4)
			}
			ok := t.Run(fmt.Sprintf("frames=%d/octets=%d", parts, size), func(t *testing.T) {
				m := make(socket.Message, parts)
				for i := range m {
					m[i] = body(size, i)
				}
				c.exchange(t, left, right, m)
			})
			if !ok {
				return
			}
		}
	}
}

// TestAdapterSpreads has a PUSH of go-zeromq/zmq4, and then one of the adapter,
// send to two PULL sockets of the other kind: the one that gives all to both is
// not ours.
func TestAdapterSpreads(t *testing.T) {
	theirs, ours := newZMQ4(t, "PUSH", ""), newAdapted(t, "PUSH", "")
	for _, c := range []struct {
		push     end
		pulls    [2]end
		everyone bool
	}{
		{theirs, [2]end{newAdapted(t, "PULL", ""), newAdapted(t, "PULL", "")}, true},
		{ours, [2]end{newZMQ4(t, "PULL", ""), newZMQ4(t, "PULL", "")}, false},
	} {
		for _, pull := range c.pulls {
			must(t, c.push.Connect(bind(t, pull, "tcp://127.0.0.1:0")))
		}
		send(t, c.push, text("one")...)
		send(t, c.push, text("two")...)
		expect(t, c.pulls[0], text("one")...)
		if c.everyone {
			expect(t, c.pulls[0], text("two")...)
			expect(t, c.pulls[1], text("one")...)
		}
		expect(t, c.pulls[1], text("two")...)
	}
}

// TestAdapterTopics lets a SUB of go-zeromq/zmq4 subscribe and cancel at a PUB of
// the adapter, which tells its topics as the original would.
func TestAdapterTopics(t *testing.T) {
	pub, sub := newAdapted(t, "PUB", ""), newZMQ4(t, "SUB", "")
	must(t, sub.SetOption(zmq4.OptionSubscribe, "before"))
	must(t, sub.Connect(bind(t, pub, "tcp://127.0.0.1:0")))
	topics := func() string { return fmt.Sprint(pub.Socket.(zmq4.Topics).Topics()) }
	must(t, sub.SetOption(zmq4.OptionSubscribe, "after"))
	eventually(t, "both topics", func() bool { return topics() == "[after before]" })
	must(t, sub.SetOption(zmq4.OptionUnsubscribe, "before"))
	eventually(t, "the cancellation", func() bool { return topics() == "[after]" })
	must(t, sub.Close())
	eventually(t, "the loss of the peer", func() bool { return topics() == "[]" })
}

// TestAdapterProxy forwards between sockets of go-zeromq/zmq4 with our proxy,
// and between ours with its.
func TestAdapterProxy(t *testing.T) {
	for name, ours := range map[string]bool{"our proxy": true, "their proxy": false} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var in, front, back, out zmq4Socket
			if ours {
				in, out = newAdapted(t, "PUSH", "").zmq4Socket, newAdapted(t, "PULL", "").zmq4Socket
				front, back = newZMQ4(t, "PULL", ""), newZMQ4(t, "PUSH", "")
			} else {
				in, out = newZMQ4(t, "PUSH", ""), newZMQ4(t, "PULL", "")
				front, back = newAdapted(t, "PULL", "").zmq4Socket, newAdapted(t, "PUSH", "").zmq4Socket
			}
			must(t, in.Connect(bind(t, front, "tcp://127.0.0.1:0")))
			must(t, out.Connect(bind(t, back, "tcp://127.0.0.1:0")))
			done := make(chan struct{})
			if ours {
				p := zmq4adapter.NewProxy(ctx, front.Socket, back.Socket, nil)
				go func() { p.Run(); close(done) }()
				defer p.Kill()
			} else {
				p := zmq4.NewProxy(ctx, front.Socket, back.Socket, nil)
				go func() { p.Run(); close(done) }()
			}
			send(t, in, text("a", "b")...)
			expect(t, out, text("a", "b")...)
			cancel()
			send(t, in, text("the next lets go of the proxy")...)
			<-done
		})
	}
}
