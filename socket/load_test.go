package socket

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// TestLeastLoadedReplies: a DEALER gives its requests to those who owe the
// fewest replies: a worker that stands still gets one, and others get the rest.
func TestLeastLoadedReplies(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		d := closing(t, must(NewDealer(WithLeastLoaded(), WithLinger(0))))
		endpoint := must(d.Bind(anywhere(t, scheme)))
		ctx := bounded(t)
		stuck, busy := crew(t, endpoint, d, func() *Dealer { return must(NewDealer()) })
		got := make(map[int]int)
		for i := range 100 {
			if err := d.Send(ctx, fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
			if i < 3 {
				continue // from then on each of the four has one
			}
			w := firstOf(t, busy)
			got[w]++
			if err := busy[w].Send(ctx, []byte("reply")); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Recv(ctx); err != nil {
				t.Fatal(err)
			}
		}
		var all Message
		if err := stuck.RecvInto(ctx, &all); err != nil {
			t.Fatal(err)
		}
		if m, err := stuck.TryRecv(); !errors.Is(err, ErrWouldBlock) {
			t.Errorf("who stands still has got two messages, the second is %v, %v", m, err)
		}
	})
}

// crew is a worker that stands still and three that do not.
func crew[S node](t *testing.T, endpoint string, hub node, create func() S) (stuck S, busy []S) {
	t.Helper()
	for i := range 4 {
		w := closing(t, create())
		if err := w.Connect(endpoint); err != nil {
			t.Fatal(err)
		}
		if err := hub.WaitPeers(bounded(t), i+1); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			stuck = w
		} else {
			busy = append(busy, w)
		}
	}
	return stuck, busy
}

// firstOf receives from one of those who have a message.
func firstOf[S interface{ TryRecv() (Message, error) }](t *testing.T, from []S) (who int) {
	t.Helper()
	who = -1
	becomes(t, "one has a message", func() bool {
		for i, s := range from {
			if _, err := s.TryRecv(); err == nil {
				who = i
				return true
			}
		}
		return false
	})
	return who
}

// TestMaxLoad: no peer gets more than it may have, the rest waits for those that
// do something; and a reply makes room.
func TestMaxLoad(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		d := closing(t, must(NewDealer(WithMaxLoad(2), WithLinger(0))))
		endpoint := must(d.Bind(anywhere(t, scheme)))
		ctx := bounded(t)
		stuck, busy := crew(t, endpoint, d, func() *Dealer { return must(NewDealer()) })
		for range 8 {
			if err := d.TrySend([]byte("request")); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.TrySend([]byte("one too many")); !errors.Is(err, ErrWouldBlock) {
			t.Fatalf("TrySend: %v, want ErrWouldBlock", err)
		}
		sent := make(chan error, 1)
		go func() { sent <- d.Send(ctx, []byte("request")) }()
		for range 100 {
			w := firstOf(t, busy)
			if err := busy[w].Send(ctx, []byte("reply")); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Recv(ctx); err != nil {
				t.Fatal(err)
			}
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
			go func() { sent <- d.Send(ctx, []byte("request")) }()
		}
		for range 2 {
			if _, err := stuck.Recv(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if m, err := stuck.TryRecv(); !errors.Is(err, ErrWouldBlock) {
			t.Errorf("who stands still has got three messages, the last is %v, %v", m, err)
		}
		stuck.Close() // what it had is not waited for any more
		firstOf(t, busy)
		d.Close()
		<-sent
	})
}

// TestLeastLoadedPush: a PUSH finds out by itself who has not read what it was
// sent. With the smallest high-water mark a worker that stands still has few
// messages, and the others get the rest, in whatever order they take them.
func TestLeastLoadedPush(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) { leastLoadedPush(t, scheme, Clear()) })
	t.Run("tcp, CURVE", func(t *testing.T) { leastLoadedPush(t, "tcp", Encrypted()) })
}

func leastLoadedPush(t *testing.T, scheme string, security Option) {
	p := closing(t, must(NewPush(WithMaxLoad(1), WithLinger(0), security)))
	endpoint := must(p.Bind(anywhere(t, scheme)))
	ctx := bounded(t)
	stuck, busy := crew(t, endpoint, p, func() *Pull { return must(NewPull(WithRecvHWM(1), security)) })
	const many = 300
	var received atomic.Int64
	var working sync.WaitGroup
	for _, w := range busy {
		working.Go(func() {
			for _, err := range w.Messages(ctx) {
				if err != nil {
					break
				}
				received.Add(1)
			}
		})
	}
	for i := range many {
		if err := p.Send(ctx, binary.BigEndian.AppendUint32(nil, uint32(i))); err != nil {
			t.Fatal(err)
		}
	}
	// The others: one that it could be working on, one that waits, one that came
	// with a PING which its reader has answered, and one that has not been read.
	becomes(t, "those who work have got all but four", func() bool { return received.Load() >= many-4 })
	for _, w := range busy {
		w.Close()
	}
	working.Wait()
	becomes(t, "who stands still has read what it got", func() bool { return stuck.Stats().In.Queued > 0 })
	if n := stuck.Stats().In.Queued; n > 4 {
		t.Errorf("who stands still has %d messages, want 1 to 4", n)
	}
}

// TestLeastLoadedConnected: an endpoint where nobody is gets messages only while
// nobody is anywhere.
func TestLeastLoadedConnected(t *testing.T) {
	p := closing(t, must(NewPush(WithMaxLoad(1), WithLinger(0))))
	if err := p.Connect("inproc://nobody at " + t.Name()); err != nil {
		t.Fatal(err)
	}
	if err := p.TrySend([]byte("queued")); err != nil {
		t.Fatal(err)
	}
	if err := p.TrySend([]byte("above the load")); !errors.Is(err, ErrWouldBlock) {
		t.Fatalf("TrySend: %v, want ErrWouldBlock", err)
	}
	q := closing(t, must(NewPush(WithMaxLoad(2), WithLinger(0))))
	if err := q.Connect("inproc://nobody at " + t.Name()); err != nil {
		t.Fatal(err)
	}
	pull := closing(t, must(NewPull()))
	linked(t, "inproc", pull, q)
	for range 2 {
		if err := q.TrySend([]byte("for the one who is there")); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.TrySend([]byte("waits for it")); !errors.Is(err, ErrWouldBlock) {
		t.Fatalf("TrySend: %v, want ErrWouldBlock", err)
	}
	sent := make(chan error, 1)
	go func() { sent <- q.Send(bounded(t), []byte("goes to nobody, when it has left")) }()
	pull.Close()
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if _, err := NewPush(WithMaxLoad(-1)); !errors.Is(err, ErrOption) {
		t.Errorf("WithMaxLoad(-1): %v", err)
	}
}
