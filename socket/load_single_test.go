package socket

import (
	"errors"
	"testing"
)

// TestMaxLoadOfClient: a CLIENT counts as a DEALER does; an answer of several
// frames is dropped, and is one.
func TestMaxLoadOfClient(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		ctx := bounded(t)
		client := closing(t, must(NewClient(WithMaxLoad(1), WithLinger(0))))
		server := closing(t, must(NewServer()))
		linked(t, scheme, client, server)
		for range 3 {
			if err := client.Send(ctx, []byte("request")); err != nil {
				t.Fatal(err)
			}
			if err := client.TrySend([]byte("one too many")); !errors.Is(err, ErrWouldBlock) {
				t.Fatalf("TrySend: %v, want ErrWouldBlock", err)
			}
			m, from, err := server.RecvFrom(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := server.SendTo(ctx, from.ID, m...); err != nil {
				t.Fatal(err)
			}
			if _, err := client.Recv(ctx); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestMaxLoadOfClientCountsWhatItDrops(t *testing.T) {
	client := closing(t, must(NewClient(WithMaxLoad(1), WithLinger(0))))
	peer := piped(t, client)
	peer.meet("SERVER")
	ctx := bounded(t)
	if err := client.WaitPeers(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if err := client.Send(ctx, []byte("request")); err != nil {
		t.Fatal(err)
	}
	peer.frame()
	go peer.send([]byte("\x01\x01a\x00\x01b")) // two frames
	sent := make(chan error, 1)
	go func() { sent <- client.Send(ctx, []byte("next")) }()
	if m, err := client.TryRecv(); err == nil {
		t.Fatalf("received %v", m)
	}
	becomes(t, "it is dropped", func() bool {
		_, _ = client.TryRecv()
		return client.Stats().In.Dropped[DropMalformed] == 1
	})
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
}

// TestMaxLoadWithoutGreetings: what a socket says by itself is no work for the
// peer, and has no answer.
func TestMaxLoadWithoutGreetings(t *testing.T) {
	for name, greeting := range map[string]DealerOption{"hello": WithHelloMessage([]byte("hello")), "probe": WithProbe()} {
		t.Run(name, func(t *testing.T) {
			overAll(t, func(t *testing.T, scheme string) {
				ctx := bounded(t)
				dealer := closing(t, must(NewDealer(WithMaxLoad(1), WithLinger(0), greeting)))
				router := closing(t, must(NewRouter()))
				linked(t, scheme, dealer, router)
				if err := dealer.Send(ctx, []byte("request")); err != nil {
					t.Fatal(err)
				}
				if err := dealer.TrySend([]byte("one too many")); !errors.Is(err, ErrWouldBlock) {
					t.Fatalf("TrySend: %v, want ErrWouldBlock", err)
				}
			})
		})
	}
}
