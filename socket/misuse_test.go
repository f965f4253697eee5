package socket

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// misuse holds the error of a method that was called as it cannot be.
func misuse(t *testing.T, err error, want OpError, says string) {
	t.Helper()
	var op *OpError
	if !errors.As(err, &op) {
		t.Fatalf("error %v (%T), want an *OpError", err, err)
	}
	if op.Op != want.Op || op.Socket != want.Socket || op.Endpoint != want.Endpoint {
		t.Errorf("error of %q on %q at %q, want of %q on %q at %q", op.Op, op.Socket, op.Endpoint, want.Op, want.Socket, want.Endpoint)
	}
	if !errors.Is(err, want.Err) {
		t.Errorf("error %v does not match %v", err, want.Err)
	}
	if text := err.Error(); !strings.HasPrefix(text, "brokerless: "+want.Socket+" "+want.Op) ||
		!strings.Contains(text, want.Endpoint) || !strings.Contains(text, says) {
		t.Errorf("error %q does not name the socket, the method, the endpoint and %q", text, says)
	}
}

func TestMisuseOfEndpoints(t *testing.T) {
	s := closing(t, must(NewPull()))
	taken := must(s.Bind("tcp://127.0.0.1:0"))
	name := anywhere(t, "inproc")
	must(s.Bind(name))
	path := "ipc://" + filepath.Join(t.TempDir(), "s")
	must(s.Bind(path))
	nowhere := "ipc://" + filepath.Join(t.TempDir(), "missing", "s")
	bind := func(endpoint string) error { _, err := s.Bind(endpoint); return err }
	for _, tt := range []struct {
		op       string
		call     func(string) error
		endpoint string
		is       error
		says     string
	}{
		{"bind", bind, "", ErrEndpoint, ""},
		{"bind", bind, "127.0.0.1:5555", ErrEndpoint, "://"},
		{"bind", bind, "carrier-pigeon://coop", ErrEndpoint, "no transport for the scheme carrier-pigeon"},
		{"bind", bind, "tcp://127.0.0.1", ErrEndpoint, "port"},
		{"bind", bind, "tcp://127.0.0.1:65536", ErrEndpoint, "65536"},
		{"bind", bind, "inproc://", ErrEndpoint, ""},
		{"bind", bind, "ipc://" + strings.Repeat("p", 200), ErrEndpoint, "200"},
		{"bind", bind, taken, syscall.EADDRINUSE, "in use"},
		{"bind", bind, name, syscall.EADDRINUSE, "in use"},
		{"bind", bind, path, syscall.EADDRINUSE, "in use"},
		{"bind", bind, nowhere, fs.ErrNotExist, "no such file"},
		{"connect", s.Connect, "", ErrEndpoint, ""},
		{"connect", s.Connect, "localhost", ErrEndpoint, "://"},
		{"connect", s.Connect, "carrier-pigeon://coop", ErrEndpoint, "no transport for the scheme carrier-pigeon"},
		{"connect", s.Connect, "tcp://:x", ErrEndpoint, ""},
		{"connect", s.Connect, "tcp://127.0.0.1:*", ErrEndpoint, ""},
		{"connect", s.Connect, "inproc://", ErrEndpoint, ""},
		{"unbind", s.Unbind, "tcp://127.0.0.1:1", ErrEndpoint, "not bound"},
		{"unbind", s.Unbind, "nonsense", ErrEndpoint, "not bound"},
		{"disconnect", s.Disconnect, taken, ErrEndpoint, "not connected"},
	} {
		t.Run(tt.op+" "+tt.endpoint[:min(len(tt.endpoint), 40)], func(t *testing.T) {
			misuse(t, tt.call(tt.endpoint), OpError{tt.op, "PULL", tt.endpoint, tt.is}, tt.says)
		})
	}
}

// TestMisuseAfterClose: every method of a closed socket says so, and a second
// Close is no mistake.
func TestMisuseAfterClose(t *testing.T) {
	dealer := must(NewDealer())
	sub := must(NewSub())
	pub := must(NewPub())
	xpub := must(NewXPub(WithManual()))
	req := must(NewReq())
	rep := must(NewRep())
	router := must(NewRouter())
	client, server, peer := must(NewClient()), must(NewServer()), must(NewPeerSocket())
	scatter, gather, channel := must(NewScatter()), must(NewGather()), must(NewChannel())
	for _, s := range []node{dealer, sub, pub, xpub, req, rep, router, client, server, peer, scatter, gather, channel} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("closing again: %v", err)
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Errorf("shutting down again: %v", err)
		}
	}
	ctx := bounded(t)
	one, other := net.Pipe()
	defer other.Close()
	for _, tt := range []struct {
		op, socket, endpoint string
		err                  error
	}{
		{"connect", "DEALER", "tcp://127.0.0.1:1", dealer.Connect("tcp://127.0.0.1:1")},
		{"bind", "DEALER", "tcp://127.0.0.1:0", second(dealer.Bind("tcp://127.0.0.1:0"))},
		{"disconnect", "DEALER", "tcp://127.0.0.1:1", dealer.Disconnect("tcp://127.0.0.1:1")},
		{"unbind", "DEALER", "tcp://127.0.0.1:1", dealer.Unbind("tcp://127.0.0.1:1")},
		{"attach", "DEALER", "pipe://pipe", dealer.AttachConn(one)},
		{"wait for peers", "DEALER", "", dealer.WaitPeers(ctx, 1)},
		{"wait for subscribers", "PUB", "", pub.WaitSubscribers(ctx, "", 1)},
		{"send", "DEALER", "", dealer.Send(ctx, nil)},
		{"send", "DEALER", "", dealer.TrySend(nil)},
		{"recv", "DEALER", "", second(dealer.Recv(ctx))},
		{"recv", "DEALER", "", second(dealer.TryRecv())},
		{"recv", "DEALER", "", dealer.RecvInto(ctx, new(Message))},
		{"send", "PUB", "", pub.Send(ctx, nil)},
		{"send", "ROUTER", "", router.Send(ctx, []byte("id"), nil)},
		{"send", "ROUTER", "", router.SendTo(ctx, "id", nil)},
		{"send", "REP", "", rep.Send(ctx, nil)},
		{"recv", "REP", "", second(rep.Recv(ctx))},
		{"send", "REQ", "", req.Send(ctx, nil)},
		{"request", "REQ", "", second(req.Request(ctx, nil))},
		{"send", "CLIENT", "", client.Send(ctx, nil)},
		{"send", "SCATTER", "", scatter.Send(ctx, nil)},
		{"send", "CHANNEL", "", channel.Send(ctx, nil)},
		{"send", "SERVER", "", server.SendTo(ctx, RoutingID(1), nil)},
		{"send", "SERVER", "", server.TrySendTo(RoutingID(1), nil)},
		{"recv", "GATHER", "", second(gather.Recv(ctx))},
		{"recv", "SERVER", "", second(server.RecvFromInto(ctx, new(Message)))},
		{"connect", "PEER", "inproc://x", second(peer.ConnectPeer("inproc://x"))},
		{"disconnect", "PEER", "", peer.DisconnectPeer(RoutingID(1))},
		{"subscribe", "SUB", "", sub.Subscribe("")},
		{"subscribe", "XPUB", "", xpub.Subscribe("")},
	} {
		misuse(t, tt.err, OpError{tt.op, tt.socket, tt.endpoint, ErrClosed}, "closed")
		if !errors.Is(tt.err, net.ErrClosed) {
			t.Errorf("%v does not match net.ErrClosed", tt.err)
		}
	}
	if _, err := one.Write(nil); err == nil {
		t.Error("a connection attached to a closed socket is still open")
	}
	for _, err := range dealer.Messages(ctx) {
		t.Errorf("the messages of a closed socket end with %v", err)
	}
	if err := rep.Serve(ctx, nil); err != nil {
		t.Errorf("serving on a closed socket ends with %v", err)
	}
	if _, err := dealer.Monitor().Next(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("the monitor of a closed socket says %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestMisuseOfLockstep: a call out of turn fails, and changes nothing.
func TestMisuseOfLockstep(t *testing.T) {
	ctx := bounded(t)
	rep, req := closing(t, must(NewRep())), closing(t, must(NewReq()))
	linked(t, "inproc", rep, req)
	out := func(err error, op, socket string) {
		t.Helper()
		misuse(t, err, OpError{op, socket, "", ErrState}, "")
	}
	out(second(req.Recv(ctx)), "recv", "REQ")
	out(second(req.TryRecv()), "recv", "REQ")
	out(rep.Send(ctx, nil), "send", "REP")
	for range 2 {
		if err := req.Send(ctx, []byte("question")); err != nil {
			t.Fatal(err)
		}
		out(req.Send(ctx, []byte("another")), "send", "REQ")
		out(second(req.Request(ctx, []byte("another"))), "request", "REQ")
		if m, err := rep.Recv(ctx); err != nil || string(m[0]) != "question" {
			t.Fatalf("received %v, %v", m, err)
		}
		out(second(rep.Recv(ctx)), "recv", "REP")
		exchange(t, rep, req, "answer")
		out(rep.Send(ctx, []byte("once more")), "send", "REP")
		out(second(req.Recv(ctx)), "recv", "REQ")
	}
	xpub := closing(t, must(NewXPub()))
	misuse(t, xpub.Subscribe("a"), OpError{"subscribe", "XPUB", "", ErrState}, "WithManual")
	misuse(t, xpub.Unsubscribe("a"), OpError{"unsubscribe", "XPUB", "", ErrState}, "WithManual")
}

// TestMisuseOfMessages: what cannot be sent is refused.
func TestMisuseOfMessages(t *testing.T) {
	ctx := bounded(t)
	push := closing(t, must(NewPush(WithConflate())))
	router := closing(t, must(NewRouter()))
	misuse(t, push.Send(ctx), OpError{"send", "PUSH", "", ErrMessage}, "without frames")
	misuse(t, push.TrySend(), OpError{"send", "PUSH", "", ErrMessage}, "without frames")
	misuse(t, push.Send(ctx, nil, nil), OpError{"send", "PUSH", "", ErrMessage}, "2 frames")
	misuse(t, router.Send(ctx), OpError{"send", "ROUTER", "", ErrMessage}, "without frames")
	server, client := closing(t, must(NewServer())), closing(t, must(NewClient()))
	misuse(t, server.SendTo(ctx, RoutingID(7), nil), OpError{"send", "SERVER", "", ErrNoRoute}, "7")
	misuse(t, server.SendTo(ctx, "nobody", nil), OpError{"send", "SERVER", "", ErrNoRoute}, `"nobody"`)
	misuse(t, client.Send(ctx, nil, nil), OpError{"send", "CLIENT", "", ErrMessage}, "2 frames")
	misuse(t, router.Send(ctx, []byte("nobody"), nil), OpError{"send", "ROUTER", "", ErrNoRoute}, `"nobody"`)
	misuse(t, router.SendTo(ctx, "nobody", nil), OpError{"send", "ROUTER", "", ErrNoRoute}, `"nobody"`)
	if st := router.Stats(); st.Out.Messages != 0 {
		t.Errorf("out: %+v", st.Out)
	}
}

// TestMisuseOfContext: a context that is done fails the call alone: nothing is
// taken and nothing is queued.
func TestMisuseOfContext(t *testing.T) {
	done, cancel := context.WithCancel(t.Context())
	cancel()
	pull, push := closing(t, must(NewPull())), closing(t, must(NewPush()))
	linked(t, "inproc", pull, push)
	if err := push.Send(t.Context(), []byte("kept")); err != nil {
		t.Fatal(err)
	}
	canceled := func(err error, op, socket string) {
		t.Helper()
		misuse(t, err, OpError{op, socket, "", context.Canceled}, "canceled")
	}
	canceled(push.Send(done, []byte("never")), "send", "PUSH")
	canceled(second(pull.Recv(done)), "recv", "PULL")
	canceled(pull.RecvInto(done, new(Message)), "recv", "PULL")
	_, _, err := pull.RecvFrom(done)
	canceled(err, "recv", "PULL")
	canceled(pull.WaitPeers(done, 2), "wait for peers", "PULL")
	canceled(second(closing(t, must(NewReq())).Request(done, nil)), "request", "REQ")
	canceled(closing(t, must(NewPub())).WaitSubscribers(done, "", 0), "wait for subscribers", "PUB")
	for _, err := range pull.Messages(done) {
		canceled(err, "recv", "PULL")
	}
	if m, err := pull.Recv(t.Context()); err != nil || string(m[0]) != "kept" {
		t.Errorf("received %v, %v", m, err)
	}
	if n := push.Stats().Out.Messages; n != 1 {
		t.Errorf("%d messages were accepted, want 1", n)
	}
}

// TestMisuseOfTypes: sockets that do not go together refuse each other, and say
// so on both sides.
func TestMisuseOfTypes(t *testing.T) {
	for _, scheme := range []string{"tcp", "ipc", "inproc"} {
		t.Run(scheme, func(t *testing.T) {
			pull, pub := closing(t, must(NewPull())), closing(t, must(NewPub()))
			events := map[string]*watcher{"PUB": watch(t, pull), "PULL": watch(t, pub)}
			endpoint := must(pull.Bind(anywhere(t, scheme)))
			if err := pub.Connect(endpoint); err != nil {
				t.Fatal(err)
			}
			for other, w := range events {
				e := w.await("refusal", kind(EventHandshakeFailed))
				if !errors.Is(e.Err, ErrProtocol) || e.Endpoint != endpoint {
					t.Errorf("event %v, %v", e, e.Err)
				}
				if e.Peer.SocketType != other && !strings.Contains(e.Err.Error(), other) {
					t.Errorf("event %v of %q does not name the type of the other side", e, e.Peer.SocketType)
				}
			}
			if st := pull.Stats(); st.Peers != 0 || st.Handshakes != 0 {
				t.Errorf("%d peers, %d handshakes", st.Peers, st.Handshakes)
			}
		})
	}
}
