package socket

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// forwarding runs a proxy and returns what ends it by its context and waits.
func forwarding(t *testing.T, front, back ProxySocket, opts ...ProxyOption) (end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Proxy(ctx, front, back, opts...) }()
	end = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = end() })
	return end
}

// becomes waits until something is so that no event tells of.
func becomes(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	ctx := bounded(t)
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("it never is so that %s", what)
		}
	}
}

// TestProxyGivesBack: what a proxy has received and cannot send when it ends is
// received again, whole, first, and from its peer.
func TestProxyGivesBack(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		front, in := closing(t, must(NewPull())), closing(t, must(NewPush()))
		back := closing(t, must(NewPush(WithSendHWMBytes(100), WithLinger(0))))
		linked(t, scheme, front, in)
		if err := back.Connect("inproc://nobody at " + t.Name()); err != nil {
			t.Fatal(err)
		}
		ctx := bounded(t)
		if err := back.Send(ctx, make([]byte, 95)); err != nil { // there is room for a message, but for none of those to come
			t.Fatal(err)
		}
		end := forwarding(t, front, back)
		for i := range 3 {
			if err := in.Send(ctx, []byte("m"), []byte(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		becomes(t, "the proxy has one in its hand", func() bool {
			st := front.Stats().In
			return st.Delivered == 1 && st.Queued == 2
		})
		if err := end(); !errors.Is(err, context.Canceled) {
			t.Fatalf("Proxy: %v", err)
		}
		balanced(t, "front", front.Stats())
		if st := front.Stats().In; st.Queued != 3 || st.Delivered != 0 {
			t.Fatalf("%d messages queued, %d delivered, want 3 and none", st.Queued, st.Delivered)
		}
		var into Message
		if err := front.RecvInto(ctx, &into); err != nil || into.String() != `["m" "0"]` {
			t.Fatalf("received %v, %v", into, err)
		}
		front.giveBack(into, Peer{UserID: "user"})
		m, from, err := front.RecvFrom(ctx)
		if err != nil || m.String() != `["m" "0"]` || from.UserID != "user" {
			t.Fatalf("received %v from %q, %v", m, from.UserID, err)
		}
		for i := 1; i < 3; i++ {
			if m, from, err = front.RecvFrom(ctx); err != nil || m.String() != fmt.Sprintf(`["m" "%d"]`, i) || from.SocketType != "PUSH" {
				t.Fatalf("received %v from %v, %v", m, from, err)
			}
		}
		front.giveBack(m, from)
		in.Shutdown(ctx)
		front.Close()
		if d := front.Stats().In.Dropped; d[DropClosed] != 1 {
			t.Errorf("dropped %v, want one because the socket is closed", d)
		}
		front.giveBack(m, from) // too late
		if d := front.Stats().In.Dropped; d[DropClosed] != 2 {
			t.Errorf("dropped %v, want two because the socket is closed", d)
		}
	})
}

// TestGivenBackWakes: who waits for a message gets the one that is given back.
func TestGivenBackWakes(t *testing.T) {
	pull, push := closing(t, must(NewPull())), closing(t, must(NewPush()))
	linked(t, "tcp", pull, push)
	ctx := bounded(t)
	if err := push.Send(ctx, []byte("m")); err != nil {
		t.Fatal(err)
	}
	m := must(pull.Recv(ctx))
	got := make(chan Message)
	for range 2 {
		go func() {
			m, _ := pull.Recv(ctx)
			got <- m
		}()
	}
	pull.giveBack(m, Peer{})
	pull.giveBack(m, Peer{})
	for range 2 {
		if m := <-got; m.String() != `["m"]` {
			t.Errorf("received %v", m)
		}
	}
}

// TestProxyChurn: clients come, ask and go without waiting, workers go and
// others come, and no request of a client that stays is lost or mixed up.
func TestProxyChurn(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		front, back := closing(t, must(NewRouter())), closing(t, must(NewDealer(WithImmediate())))
		clients, workers := must(front.Bind(anywhere(t, scheme))), must(back.Bind(anywhere(t, scheme)))
		end := forwarding(t, front, back)
		ctx := bounded(t)
		stays := closing(t, must(NewRep()))
		if err := stays.Connect(workers); err != nil {
			t.Fatal(err)
		}
		go stays.Serve(ctx, func(_ context.Context, m Message) (Message, error) { return m, nil })
		var wg sync.WaitGroup
		var over atomic.Bool
		for range 2 {
			wg.Go(func() { // clients that leave while their request is on its way
				for !over.Load() {
					d := must(NewDealer(WithLinger(0)))
					if d.Connect(clients) == nil && d.WaitPeers(ctx, 1) == nil {
						_ = d.TrySend(nil, []byte("nobody waits"))
					}
					d.Close()
				}
			})
		}
		err := backAndForth(ctx, clients)
		over.Store(true)
		wg.Wait()
		if err != nil {
			t.Fatal(err)
		}
		if err := end(); !errors.Is(err, context.Canceled) {
			t.Fatalf("Proxy: %v", err)
		}
		balanced(t, "front", front.Stats())
		balanced(t, "back", back.Stats())
	})
}

// backAndForth is a client with many requests.
func backAndForth(ctx context.Context, endpoint string) error {
	req, err := NewReq()
	if err != nil {
		return err
	}
	defer req.Close()
	if err := req.Connect(endpoint); err != nil {
		return err
	}
	for i := range 200 {
		body := fmt.Sprint(i)
		m, err := req.Request(ctx, []byte(body))
		if err == nil && (len(m) != 1 || string(m[0]) != body) {
			err = fmt.Errorf("received %v for %s", m, body)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// TestProxyRefused: what an end does not send is counted, and the next message
// goes on.
func TestProxyRefused(t *testing.T) {
	front, in := closing(t, must(NewDealer())), closing(t, must(NewDealer()))
	back, out := closing(t, must(NewRouter(WithMaxMessageSize(100)))), closing(t, must(NewDealer(WithIdentity([]byte("out")))))
	linked(t, "tcp", front, in)
	linked(t, "tcp", back, out)
	var c ProxyControl
	end := forwarding(t, front, back, WithSteering(&c))
	ctx := bounded(t)
	for _, m := range [][]string{{"nobody", "m"}, {"out", strings.Repeat("x", 101)}, {"out", "good"}} {
		if err := in.Send(ctx, []byte(m[0]), []byte(m[1])); err != nil {
			t.Fatal(err)
		}
	}
	if m := must(out.Recv(ctx)); m.String() != `["good"]` {
		t.Errorf("received %v", m)
	}
	becomes(t, "all is counted", func() bool { return c.Statistics().Back.Sent == 1 })
	if st := c.Statistics(); st.Refused != 2 || st.Front.Received != 3 || st.Front.ReceivedBytes != 7+104+7 {
		t.Errorf("statistics %+v", st)
	}
	if err := end(); !errors.Is(err, context.Canceled) {
		t.Errorf("Proxy: %v", err)
	}
}

// TestProxyOptions: what makes no sense is told at once.
func TestProxyOptions(t *testing.T) {
	pull, push, rep, req := closing(t, must(NewPull())), closing(t, must(NewPush())), closing(t, must(NewRep())), closing(t, must(NewReq()))
	done, cancel := context.WithCancel(t.Context())
	cancel()
	var used ProxyControl
	if err := Proxy(t.Context(), pull, push, WithSteering(&used), terminated(&used)); err != nil {
		t.Errorf("terminated before it began: %v", err)
	}
	for name, tt := range map[string]struct {
		ctx         context.Context
		front, back ProxySocket
		opt         ProxyOption
		want        error
	}{
		"no end":           {t.Context(), nil, push, nil, ErrOption},
		"nothing to take":  {t.Context(), push, push, nil, ErrOption},
		"nowhere to go":    {t.Context(), pull, pull, nil, ErrOption},
		"REP":              {t.Context(), rep, push, nil, ErrOption},
		"REQ":              {t.Context(), pull, req, nil, ErrOption},
		"mute capture":     {t.Context(), pull, push, WithCapture(pull), ErrOption},
		"deaf control":     {t.Context(), pull, push, WithControl(push), ErrOption},
		"steering twice":   {t.Context(), pull, push, WithSteering(&used), ErrOption},
		"context is done":  {done, pull, push, nil, context.Canceled},
		"the other way on": {done, push, pull, nil, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			var opts []ProxyOption
			if tt.opt != nil {
				opts = append(opts, tt.opt)
			}
			if err := Proxy(tt.ctx, tt.front, tt.back, opts...); !errors.Is(err, tt.want) {
				t.Errorf("Proxy: %v, want %v", err, tt.want)
			}
		})
	}
}

// terminated terminates a proxy before it begins.
func terminated(c *ProxyControl) ProxyOption {
	return proxyOption(func(*proxy) { c.Terminate() })
}
