package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/brokerless/brokerless/internal/leakcheck"
	"github.com/brokerless/brokerless/interop/peer/zws"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
	"github.com/brokerless/brokerless/socket/curve"
	"github.com/brokerless/brokerless/socket/plain"
	"github.com/brokerless/brokerless/transport/ws"
)

// startZWS starts a process for sockets of libzmq that speak WebSocket.
func startZWS(t *testing.T) *zws.Peer {
	t.Helper()
	leakcheck.Check(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p, err := zws.Start(ctx, "peer/node/node_modules")
	if errors.Is(err, zws.ErrMissing) && !required() {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(p.Close)
	meet(t, "libzmq "+p.Version+" over WebSocket (zeromq.js)")
	return p
}

// ask has the peer do something.
func ask(t *testing.T, p *zws.Peer, r zws.Request) zws.Answer {
	t.Helper()
	a, err := p.Do(r)
	must(t, err)
	return a
}

// A wsGuise is a mechanism with the options of both sides; the server is the one
// that is bound.
type wsGuise struct {
	name                     string
	ourServer, ourClient     socket.Option
	theirServer, theirClient map[string]any
}

func wsGuises(t *testing.T) []wsGuise {
	t.Helper()
	server, err := curve.NewKeyPair()
	must(t, err)
	client, err := curve.NewKeyPair()
	must(t, err)
	anyone := socket.WithAuthenticator(auth.Anyone())
	return []wsGuise{
		{name: "NULL", ourServer: socket.WithOptions(), ourClient: socket.WithOptions()},
		{
			name:        "PLAIN",
			ourServer:   socket.WithOptions(socket.WithSecurity(plain.Server()), anyone),
			ourClient:   socket.WithSecurity(plain.Client("ann", "secret")),
			theirServer: map[string]any{"plainServer": true},
			theirClient: map[string]any{"plainUsername": "ann", "plainPassword": "secret"},
		},
		{
			name:        "CURVE",
			ourServer:   socket.WithOptions(socket.WithSecurity(curve.Server(server)), anyone),
			ourClient:   socket.WithSecurity(curve.Client(server.Public, client)),
			theirServer: map[string]any{"curveServer": true, "curvePublicKey": server.Public.String(), "curveSecretKey": server.Secret.Reveal()},
			theirClient: map[string]any{
				"curveServerKey": server.Public.String(), "curvePublicKey": client.Public.String(), "curveSecretKey": client.Secret.Reveal(),
			},
		},
	}
}

// wsEnds is a socket of ours and one of libzmq that are connected.
type wsEnds struct {
	*testing.T
	ctx    context.Context
	peer   *zws.Peer
	theirs int
}

// overWS runs a test for each mechanism and for each side that may be bound. A
// SUB of libzmq 4.3.5 that is bound to ws:// tells nobody what it subscribes to,
// not even its own kind, so that it only connects.
// Open returns a socket of ours.
func overWS[S wsSocket](t *testing.T, kind string, more map[string]any, open func(...socket.Option) (S, error), test func(e *wsEnds, ours S)) {
	t.Helper()
	p := startZWS(t)
	for _, g := range wsGuises(t) {
		for _, bound := range []string{"ours", "libzmq"} {
			if bound == "libzmq" && kind == "Subscriber" {
				continue
			}
			t.Run(g.name+", bound by "+bound, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				opt, their := g.ourServer, g.theirClient
				if bound == "libzmq" {
					opt, their = g.ourClient, g.theirServer
				}
				ours, err := open(socket.WithTransport(ws.New()), opt, socket.WithHeartbeat(50*time.Millisecond, patience))
				must(t, err)
				defer ours.Close()
				options := map[string]any{}
				for _, m := range []map[string]any{their, more} {
					maps.Copy(options, m)
				}
				e := &wsEnds{T: t, ctx: ctx, peer: p, theirs: ask(t, p, zws.Request{Op: "open", Kind: kind, Options: options}).Socket}
				defer func() { ask(t, p, zws.Request{Op: "close", Socket: e.theirs}) }()
				if bound == "libzmq" {
					must(t, ours.Connect(e.do(zws.Request{Op: "bind", Endpoint: "ws://127.0.0.1:*/path"}).Endpoint))
				} else {
					endpoint, err := ours.Bind("ws://127.0.0.1:0/path")
					must(t, err)
					e.do(zws.Request{Op: "connect", Endpoint: endpoint})
				}
				test(e, ours)
			})
		}
	}
}

type wsSocket interface {
	Bind(endpoint string) (string, error)
	Connect(endpoint string) error
	Close() error
}

func (e *wsEnds) do(r zws.Request) zws.Answer {
	e.Helper()
	r.Socket = e.theirs
	return ask(e.T, e.peer, r)
}

// wsSizes are lengths of 7, 16 and 64 bits, of either layer.
var wsSizes = []int{0, 1, 124, 125, 126, 127, 255, 256, 65534, 65535, 65536, 1 << 20}

func TestWSRequest(t *testing.T) {
	open := func(o ...socket.Option) (*socket.Req, error) { return socket.NewReq(socket.WithOptions(o...)) }
	overWS(t, "Reply", nil, open, func(e *wsEnds, req *socket.Req) {
		served := make(chan error, 1)
		go func() {
			_, err := e.peer.Do(zws.Request{Op: "echo", Socket: e.theirs, Count: len(wsSizes)})
			served <- err
		}()
		for _, size := range wsSizes {
			b := bytes.Repeat([]byte("0123456789abcde"), size/15+1)[:size]
			m, err := req.Request(e.ctx, b, nil, b)
			if err != nil || len(m) != 3 || !bytes.Equal(m[0], b) || len(m[1]) != 0 || !bytes.Equal(m[2], b) {
				e.Fatalf("%d octets: %d frames, %v", size, len(m), err)
			}
		}
		must(e.T, <-served)
	})
}

func TestWSPull(t *testing.T) {
	open := func(o ...socket.Option) (*socket.Pull, error) { return socket.NewPull(socket.WithOptions(o...)) }
	overWS(t, "Push", nil, open, func(e *wsEnds, pull *socket.Pull) {
		const n, size = 2000, 300
		e.do(zws.Request{Op: "flood", Count: n, Size: size})
		for i := range n {
			m, err := pull.Recv(e.ctx)
			if err != nil || len(m) != 2 || string(m[0]) != fmt.Sprint(i) || !bytes.Equal(m[1], bytes.Repeat([]byte{byte(i)}, size)) {
				e.Fatalf("message %d: %v, %v", i, m, err)
			}
		}
	})
}

// libzmq's own heartbeats are answered, and it ours, while messages go.
func TestWSPublishWithHeartbeats(t *testing.T) {
	open := func(o ...socket.Option) (*socket.Pub, error) { return socket.NewPub(socket.WithOptions(o...)) }
	beats := map[string]any{"heartbeatInterval": 50, "heartbeatTimeout": 5000, "heartbeatTimeToLive": 5000}
	overWS(t, "Subscriber", beats, open, func(e *wsEnds, pub *socket.Pub) {
		e.do(zws.Request{Op: "subscribe", Topic: "news"})
		must(e.T, pub.WaitSubscribers(e.ctx, "news", 1))
		for i := range 20 {
			must(e.T, pub.Send(e.ctx, []byte("sport")))
			must(e.T, pub.Send(e.ctx, fmt.Append(nil, "news ", i)))
			if a := e.do(zws.Request{Op: "recv"}); len(a.Frames) != 1 || string(a.Frames[0]) != fmt.Sprint("news ", i) {
				e.Fatalf("received %q", a.Frames)
			}
		}
		if st := pub.Stats(); st.Lost != 0 {
			e.Errorf("%d connections lost", st.Lost)
		}
	})
}

func TestWSSubscribe(t *testing.T) {
	open := func(o ...socket.Option) (*socket.Sub, error) { return socket.NewSub(socket.WithOptions(o...)) }
	overWS(t, "XPublisher", nil, open, func(e *wsEnds, sub *socket.Sub) {
		must(e.T, sub.Subscribe("a"))
		if a := e.do(zws.Request{Op: "recv"}); string(a.Frames[0]) != "\x01a" {
			e.Fatalf("the subscription came as %q", a.Frames)
		}
		e.do(zws.Request{Op: "send", Frames: [][]byte{[]byte("b")}})
		e.do(zws.Request{Op: "send", Frames: [][]byte{[]byte("a"), []byte("1")}})
		if m, err := sub.Recv(e.ctx); err != nil || len(m) != 2 || string(m[1]) != "1" {
			e.Fatalf("%v, %v", m, err)
		}
		must(e.T, sub.Unsubscribe("a"))
		if a := e.do(zws.Request{Op: "recv"}); string(a.Frames[0]) != "\x00a" {
			e.Fatalf("its end came as %q", a.Frames)
		}
	})
}

func TestWSRouter(t *testing.T) {
	open := func(o ...socket.Option) (*socket.Router, error) { return socket.NewRouter(socket.WithOptions(o...)) }
	overWS(t, "Dealer", map[string]any{"routingId": "dealer"}, open, func(e *wsEnds, router *socket.Router) {
		e.do(zws.Request{Op: "send", Frames: [][]byte{[]byte("hello"), {}}})
		m, from, err := router.RecvFrom(e.ctx)
		if err != nil || len(m) != 3 || string(m[0]) != "dealer" || from.SocketType != "DEALER" || from.Version != "3.0" {
			e.Fatalf("%v from %+v, %v", m, from, err)
		}
		must(e.T, router.Send(e.ctx, []byte("dealer"), []byte("back")))
		if a := e.do(zws.Request{Op: "recv"}); string(a.Frames[0]) != "back" {
			e.Fatalf("received %q", a.Frames)
		}
	})
}

// All that we sent arrives though we leave at once.
func TestWSParting(t *testing.T) {
	p := startZWS(t)
	const n = 500
	pull := ask(t, p, zws.Request{Op: "open", Kind: "Pull", Options: map[string]any{"receiveHighWaterMark": 0}}).Socket
	endpoint := ask(t, p, zws.Request{Op: "bind", Socket: pull, Endpoint: "ws://127.0.0.1:*"}).Endpoint
	push, err := socket.NewPush(socket.WithTransport(ws.New()))
	must(t, err)
	must(t, push.Connect(endpoint))
	for i := range n {
		must(t, push.Send(t.Context(), fmt.Append(nil, i), make([]byte, 1000)))
	}
	must(t, push.Close())
	for i := range n {
		if a := ask(t, p, zws.Request{Op: "recv", Socket: pull}); string(a.Frames[0]) != fmt.Sprint(i) {
			t.Fatalf("message %d: %q", i, a.Frames[0])
		}
	}
}
