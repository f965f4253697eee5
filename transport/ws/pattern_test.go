package ws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
	"github.com/brokerless/brokerless/socket/curve"
	"github.com/brokerless/brokerless/socket/plain"
)

// A guise is how two sockets secure what they say.
type guise struct {
	name           string
	server, client socket.Option
}

func guises(t *testing.T) []guise {
	t.Helper()
	s, c := must(curve.NewKeyPair()), must(curve.NewKeyPair())
	none := socket.WithOptions()
	anyone := socket.WithAuthenticator(auth.Anyone())
	return []guise{
		{"NULL", none, none},
		{"NULL asked", anyone, none},
		{"PLAIN", socket.WithOptions(socket.WithSecurity(plain.Server()), anyone), socket.WithSecurity(plain.Client("u", "p"))},
		{"CURVE", socket.WithOptions(socket.WithSecurity(curve.Server(s)), anyone), socket.WithSecurity(curve.Client(s.Public, c))},
	}
}

// everyGuise runs a test with each mechanism.
func everyGuise(t *testing.T, test func(t *testing.T, server, client socket.Option)) {
	t.Helper()
	for _, g := range guises(t) {
		t.Run(g.name, func(t *testing.T) {
			test(t, socket.WithOptions(over(), g.server), socket.WithOptions(over(), quick(), g.client))
		})
	}
}

func TestPushPull(t *testing.T) {
	everyGuise(t, func(t *testing.T, server, client socket.Option) {
		pull := closing(t, must(socket.NewPull(server)))
		push := closing(t, must(socket.NewPush(client)))
		join(t, pull, push)
		const n = 5000
		sent := make(chan error, 1)
		go func() {
			for i := range n {
				if err := push.Send(context.Background(), fmt.Append(nil, i), []byte("tail")); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		for i := range n {
			want(t, pull, fmt.Sprint(i), "tail")
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
	})
}

// Lengths of 7, 16 and 64 bits on both layers, and memory that is not changed by
// masking (WS-09).
func TestLengths(t *testing.T) {
	everyGuise(t, func(t *testing.T, server, client socket.Option) {
		rep := closing(t, must(socket.NewRep(server)))
		req := closing(t, must(socket.NewReq(client)))
		join(t, rep, req)
		ctx, stop := context.WithCancel(bounded(t))
		served := make(chan error, 1)
		go func() {
			served <- rep.Serve(ctx, func(_ context.Context, m socket.Message) (socket.Message, error) { return m, nil })
		}()
		for _, size := range []int{0, 1, 123, 124, 125, 126, 127, 254, 255, 256, 65534, 65535, 65536, 1 << 20} {
			b := bytes.Repeat([]byte("0123456789abcde"), size/15+1)[:size]
			before := bytes.Clone(b)
			m, err := req.Request(ctx, b, []byte{}, b)
			if err != nil || len(m) != 3 || !bytes.Equal(m[0], before) || !bytes.Equal(m[2], before) || len(m[1]) != 0 {
				t.Fatalf("%d octets: %d frames, %v", size, len(m), err)
			}
			if !bytes.Equal(b, before) {
				t.Fatalf("%d octets: the memory of the caller is changed", size)
			}
		}
		stop()
		<-served
	})
}

func TestPubSub(t *testing.T) {
	everyGuise(t, func(t *testing.T, server, client socket.Option) {
		pub := closing(t, must(socket.NewPub(server)))
		var subs []*socket.Sub
		var nodes []anySocket
		for range 3 {
			sub := closing(t, must(socket.NewSub(client)))
			if err := sub.Subscribe("a", "drop"); err != nil {
				t.Fatal(err)
			}
			subs, nodes = append(subs, sub), append(nodes, sub)
		}
		join(t, pub, nodes...)
		ctx := bounded(t)
		if err := errors.Join(pub.WaitSubscribers(ctx, "a", 3), pub.WaitSubscribers(ctx, "drop", 3)); err != nil {
			t.Fatal(err)
		}
		big := string(bytes.Repeat([]byte("a"), 100_000)) // shared by all, and masked for none
		send(t, pub, "b")
		send(t, pub, "a", "1")
		send(t, pub, big)
		for _, sub := range subs {
			want(t, sub, "a", "1")
			want(t, sub, big)
			if err := sub.Unsubscribe("drop"); err != nil {
				t.Fatal(err)
			}
		}
		if err := pub.WaitSubscribers(ctx, "drop", 0); err != nil {
			t.Fatal(err)
		}
	})
}

func TestDealerRouter(t *testing.T) {
	everyGuise(t, func(t *testing.T, server, client socket.Option) {
		router := closing(t, must(socket.NewRouter(server)))
		var dealers []anySocket
		for i := range 3 {
			dealers = append(dealers, closing(t, must(socket.NewDealer(client, socket.WithIdentity(fmt.Append(nil, "dealer-", i))))))
		}
		join(t, router, dealers...)
		for i, d := range dealers {
			id := fmt.Sprint("dealer-", i)
			send(t, router, id, "", "hello", id)
			want(t, d.(*socket.Dealer), "", "hello", id)
			send(t, d.(*socket.Dealer), "back", "")
			want(t, router, id, "back", "")
		}
	})
}

// A pair whose receiver takes nothing fills up and holds up the sender; then
// everything arrives, in order.
func TestHighWaterMark(t *testing.T) {
	everyGuise(t, func(t *testing.T, server, client socket.Option) {
		out, in := socket.WithSendHWM(10), socket.WithRecvHWM(10)
		one := closing(t, must(socket.NewPair(server, out, in)))
		other := closing(t, must(socket.NewPair(client, out, in)))
		join(t, one, other)
		body := make([]byte, 1<<16)
		n := 0
		for ctx := bounded(t); ; n++ {
			brief, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
			err := one.Send(brief, fmt.Append(nil, n), body)
			cancel()
			if err != nil {
				if ctx.Err() != nil {
					t.Fatalf("after %d messages: still not held up", n)
				}
				break
			}
		}
		send(t, other, "the other way")
		want(t, one, "the other way")
		for i := range n {
			m, err := other.Recv(bounded(t))
			if err != nil || string(m[0]) != fmt.Sprint(i) || len(m[1]) != len(body) {
				t.Fatalf("message %d: %v, %v", i, m, err)
			}
		}
		send(t, one, "goes on")
		want(t, other, "goes on")
	})
}

// All that was sent arrives though the sender closes at once, and nothing twice.
func TestPartingPeer(t *testing.T) {
	everyGuise(t, func(t *testing.T, server, client socket.Option) {
		pull := closing(t, must(socket.NewPull(server)))
		push := must(socket.NewPush(client, socket.WithLinger(patience)))
		join(t, pull, push)
		const n = 2000
		done := make(chan error, 1)
		go func() {
			var err error
			for i := 0; i < n && err == nil; i++ {
				err = push.Send(context.Background(), fmt.Append(nil, i), make([]byte, 1000))
			}
			done <- errors.Join(err, push.Close())
		}()
		for i := range n {
			m, err := pull.Recv(bounded(t))
			if err != nil || string(m[0]) != fmt.Sprint(i) {
				t.Fatalf("message %d: %v, %v", i, m, err)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := pull.TryRecv(); !errors.Is(err, socket.ErrWouldBlock) {
			t.Errorf("and one more: %v", err)
		}
	})
}
