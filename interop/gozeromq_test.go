package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"

	"github.com/brokerless/brokerless/socket"
)

// zmq4Socket makes a socket of go-zeromq/zmq4 look like ours.
type zmq4Socket struct{ zmq4.Socket }

// showsZMQ4 is shows for go-zeromq/zmq4.
func showsZMQ4(t *testing.T, row, transport string) {
	t.Helper()
	shows(t, "zmq4", strings.TrimPrefix(zmq4Version(t), "github.com/"), row, transport)
}

// newZMQ4 makes a socket of go-zeromq/zmq4. One with a name announces it.
func newZMQ4(t *testing.T, kind, name string, more ...zmq4.Option) zmq4Socket {
	t.Helper()
	meet(t, zmq4Version(t))
	ctx, cancel := context.WithCancel(t.Context())
	opts := append([]zmq4.Option{
		zmq4.WithTimeout(patience), zmq4.WithLogger(log.New(io.Discard, "", 0)), zmq4.WithAutomaticReconnect(false),
	}, more...)
	if name != "" {
		opts = append(opts, zmq4.WithID(zmq4.SocketIdentity(name)))
	}
	kinds := map[string]func(context.Context, ...zmq4.Option) zmq4.Socket{
		"PUSH": zmq4.NewPush, "PULL": zmq4.NewPull, "PUB": zmq4.NewPub, "SUB": zmq4.NewSub, "XPUB": zmq4.NewXPub, "XSUB": zmq4.NewXSub,
		"REQ": zmq4.NewReq, "REP": zmq4.NewRep, "DEALER": zmq4.NewDealer, "ROUTER": zmq4.NewRouter, "PAIR": zmq4.NewPair,
	}
	s := zmq4Socket{kinds[kind](ctx, opts...)}
	t.Cleanup(func() {
		cancel()
		s.Close()
	})
	return s
}

// Bind implements end.
func (s zmq4Socket) Bind(endpoint string) (resolved string, err error) {
	if err := s.Listen(endpoint); err != nil {
		return "", err
	}
	a := s.Addr()
	if a.Network() == "unix" {
		return endpoint, nil
	}
	return a.Network() + "://" + a.String(), nil
}

// Connect implements end. It returns when the handshake is done.
func (s zmq4Socket) Connect(endpoint string) error { return s.Dial(endpoint) }

// Send implements socket.Sender. A REQ without a peer fails in place of waiting
// for one; this waits.
func (s zmq4Socket) Send(ctx context.Context, frames ...[]byte) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.SendMulti(zmq4.NewMsgFrom(frames...))
		if err == nil || !strings.Contains(err.Error(), "no connections") {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

// Recv implements socket.Receiver. It returns when ctx is done, and then the
// message that comes next is lost.
func (s zmq4Socket) Recv(ctx context.Context) (socket.Message, error) {
	type result struct {
		m   zmq4.Msg
		err error
	}
	done := make(chan result, 1)
	go func() {
		m, err := s.Socket.Recv()
		done <- result{m, err}
	}()
	select {
	case r := <-done:
		return r.m.Frames, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestGoZeroMQ sends messages of all sizes between our sockets and those of
// go-zeromq/zmq4, which speak ZMTP 3.0: ours on either side, either side bound,
// over tcp and ipc.
func TestGoZeroMQ(t *testing.T) {
	for _, c := range pairings() {
		for _, weAreLeft := range []bool{true, false} {
			if !weAreLeft && c.left == c.right {
				continue
			}
			for _, weBind := range []bool{true, false} {
				for _, scheme := range []string{"tcp", "ipc"} {
					name := fmt.Sprintf("%s-%s/left=%s/bound=%s/%s", c.left, c.right, party(weAreLeft), party(weBind), scheme)
					t.Run(name, func(t *testing.T) {
						showsZMQ4(t, c.row(), scheme)
						c.runZMQ4(t, weAreLeft, weBind, scheme)
					})
				}
			}
		}
	}
}

func party(we bool) string {
	if we {
		return "ours"
	}
	return "zmq4"
}

func (c pairing) runZMQ4(t *testing.T, weAreLeft, weBind bool, scheme string) {
	// A PING would reach its application: it must not get any, however often
	// ours would like to send one (WT-114).
	beat := socket.WithHeartbeat(time.Millisecond, 2*time.Millisecond)
	var we ours
	var they zmq4Socket
	var left, right any
	if weAreLeft {
		we, they = newOurs(t, c.left, leftName, beat), newZMQ4(t, c.right, rightName)
		left, right = we, they
	} else {
		we, they = newOurs(t, c.right, rightName, beat), newZMQ4(t, c.left, leftName)
		left, right = they, we
	}
	endpoint := "tcp://127.0.0.1:0"
	if scheme == "ipc" {
		endpoint = "ipc://" + filepath.Join(t.TempDir(), "s")
	}
	if weBind {
		endpoint = bind(t, we, endpoint)
		must(t, they.Connect(endpoint))
	} else {
		endpoint = bind(t, they, endpoint)
		must(t, we.Connect(endpoint))
	}
	waitPeers(t, we, 1)
	c.subscribe(t, left, right)
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

// TestGoZeroMQCancels lets a SUB of go-zeromq/zmq4, which subscribes and cancels
// by messages, come and go at an XPUB of ours (WT-91).
func TestGoZeroMQCancels(t *testing.T) {
	xpub := newOurs(t, "XPUB", "")
	sub := newZMQ4(t, "SUB", "")
	must(t, sub.Connect(bind(t, xpub, "tcp://127.0.0.1:0")))
	must(t, sub.SetOption(zmq4.OptionSubscribe, "a"))
	expect(t, xpub, text("\x01a")...)
	send(t, xpub, text("b none")...)
	send(t, xpub, text("a some")...)
	expect(t, sub, text("a some")...)
	must(t, sub.SetOption(zmq4.OptionUnsubscribe, "a"))
	expect(t, xpub, text("\x00a")...)
}

// TestGoZeroMQGone closes a SUB of go-zeromq/zmq4: an XPUB of ours sees its topic
// cancelled (PS-24).
func TestGoZeroMQGone(t *testing.T) {
	showsZMQ4(t, rowGone, "tcp")
	xpub := newOurs(t, "XPUB", "")
	sub := newZMQ4(t, "SUB", "")
	must(t, sub.Connect(bind(t, xpub, "tcp://127.0.0.1:0")))
	must(t, sub.SetOption(zmq4.OptionSubscribe, "a"))
	expect(t, xpub, text("\x01a")...)
	must(t, sub.Close())
	expect(t, xpub, text("\x00a")...)
}

// TestGoZeroMQIdentity lets a ROUTER answer a DEALER by the identity that it
// announced, either of them ours.
func TestGoZeroMQIdentity(t *testing.T) {
	showsZMQ4(t, rowIdentity, "tcp")
	for name, id := range identities() {
		if id == "" {
			continue // it calls such a peer by whatever it makes up
		}
		t.Run("router=theirs/"+name, func(t *testing.T) {
			we, they := newOurs(t, "DEALER", id), newZMQ4(t, "ROUTER", "")
			must(t, we.Connect(bind(t, they, "tcp://127.0.0.1:0")))
			converse(t, they, we, id)
		})
		t.Run("router=ours/"+name, func(t *testing.T) {
			we, they := newOurs(t, "ROUTER", ""), newZMQ4(t, "DEALER", id)
			must(t, they.Connect(bind(t, we, "tcp://127.0.0.1:0")))
			converse(t, we, they, id)
		})
	}
}

// TestGoZeroMQIdle leaves a connection alone for as long as many of our
// heartbeats would take: it holds, and no PING is taken for a message.
func TestGoZeroMQIdle(t *testing.T) {
	showsZMQ4(t, rowHeartbeat, "tcp")
	we := newOurs(t, "PAIR", "", socket.WithHeartbeat(10*time.Millisecond, 30*time.Millisecond))
	they := newZMQ4(t, "PAIR", "")
	must(t, they.Connect(bind(t, we, "tcp://127.0.0.1:0")))
	waitPeers(t, we, 1)
	m := we.Monitor()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if e, err := m.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("event %v, error %v", e, err)
	}
	send(t, we, text("first")...)
	expect(t, they, text("first")...)
}
