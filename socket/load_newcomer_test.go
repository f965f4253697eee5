package socket

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

// TestLeastLoadedNewcomer: a Send that waits because all who are connected have
// as much as they may goes on when a peer that Connect named is connected.
func TestLeastLoadedNewcomer(t *testing.T) {
	for name, opt := range map[string]DealerOption{"named": WithOptions(), "immediate": WithImmediate()} {
		t.Run(name, func(t *testing.T) {
			d := closing(t, must(NewDealer(WithMaxLoad(1), WithLinger(0), opt)))
			busy, late := closing(t, must(NewDealer())), closing(t, must(NewDealer()))
			linked(t, "tcp", d, busy)
			address := strings.TrimPrefix(must(late.Bind("tcp://127.0.0.1:0")), "tcp://")
			ready := make(chan struct{})
			err := d.ConnectFunc("late", func(ctx context.Context) (net.Conn, error) {
				select {
				case <-ready:
				case <-ctx.Done():
					return nil, ctx.Err()
				}
				return new(net.Dialer).DialContext(ctx, "tcp", address)
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx := bounded(t)
			if err := d.Send(ctx, []byte("first")); err != nil {
				t.Fatal(err)
			}
			if err := d.TrySend([]byte("second")); !errors.Is(err, ErrWouldBlock) {
				t.Fatalf("TrySend: %v, want ErrWouldBlock", err)
			}
			sent := make(chan error, 1)
			go func() { sent <- d.Send(ctx, []byte("second")) }()
			becomes(t, "Send waits", func() bool {
				d.socket.send.Lock()
				defer d.socket.send.Unlock()
				return !d.socket.send.waiters.empty()
			})
			close(ready)
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
			if m, err := late.Recv(ctx); err != nil || string(m[0]) != "second" {
				t.Errorf("%q, %v", m, err)
			}
		})
	}
}

// TestLeastLoadedTTL: the PING that asks how far the peer has read tells it the
// same about our silence as others.
func TestLeastLoadedTTL(t *testing.T) {
	for ttl, want := range map[time.Duration]string{0: "\x00\x00", 50 * time.Second: "\x01\xf4"} {
		p := closing(t, must(NewPush(WithLeastLoaded(), WithHeartbeat(40*time.Second, 60*time.Second), WithHeartbeatTTL(ttl), WithLinger(0))))
		r := dialRaw(t, must(p.Bind("tcp://127.0.0.1:0")))
		r.meet("PULL")
		if err := p.Send(bounded(t), []byte("message")); err != nil {
			t.Fatal(err)
		}
		for {
			flags, body := r.frame()
			if flags&control == 0 {
				continue
			}
			if !strings.HasPrefix(string(body), "\x04PING"+want) || len(body) != 5+2+8 {
				t.Errorf("with a time to live of %v: %q", ttl, body)
			}
			break
		}
	}
}
