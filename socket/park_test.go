package socket

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// parked connects a raw PUSH that sends octets to s, and waits until the
// reader has parked before a full queue.
func parked(t *testing.T, s *Pull, endpoint string, octets []byte) (*raw, *session) {
	t.Helper()
	r := dialRaw(t, endpoint)
	r.meet("PUSH")
	var sent sync.WaitGroup
	sent.Go(func() { _, _ = r.Write(octets) })
	t.Cleanup(func() { r.Close(); sent.Wait() })
	var x *session
	within(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for one := range s.sessions {
			if one.peer.RemoteAddr == r.address() {
				x = one
			}
		}
		return x != nil
	})
	q := x.inlet.Queue()
	within(t, func() bool {
		q.Lock()
		defer q.Unlock()
		return x.parked && q.Full()
	})
	return r, x
}

// refilled returns how often the application has read in the reader's place.
func refilled(x *session) uint {
	q := x.inlet.Queue()
	q.Lock()
	defer q.Unlock()
	return x.refills
}

// numbers returns the messages from to to-1: each is its number, and pad
// octets more.
func numbers(from, to, pad int) (b []byte) {
	for i := from; i < to; i++ {
		b = append(b, frame(0, append(binary.BigEndian.AppendUint32(nil, uint32(i)), make([]byte, pad)...))...)
	}
	return b
}

func number(t testing.TB, m Message) int {
	t.Helper()
	if len(m) != 1 || len(m[0]) < 4 {
		t.Fatalf("a message changed on its way: %.99q", m)
	}
	return int(binary.BigEndian.Uint32(m[0]))
}

// counted receives the messages from to to-1.
func counted(t *testing.T, s *Pull, from, to int) {
	t.Helper()
	ctx := bounded(t)
	for i := from; i < to; i++ {
		m, err := s.Recv(ctx)
		if err != nil {
			t.Fatalf("message %d of %d: %v", i, to, err)
		}
		if n := number(t, m); n != i {
			t.Fatalf("message %d came in place of %d", n, i)
		}
	}
}

// hesitate waits for a moment, once in a while.
func hesitate(rnd *rand.Rand, once int) {
	if rnd.IntN(once) == 0 {
		<-time.After(time.Duration(rnd.IntN(int(2 * watchInterval))))
	}
}

// Whoever reads the connection, and however often that changes: all arrives,
// once and in order. The peer and the application both hesitate now and then,
// and the peer's writes end anywhere in a message.
func TestParkedKeepsOrder(t *testing.T) {
	messages := 100_000
	if raceEnabled || testing.Short() {
		messages = 20_000
	}
	for _, c := range []struct {
		name string
		many int
		opts []PullOption
	}{
		{"mark of 100 messages", 10, []PullOption{WithRecvHWM(100)}},
		{"mark of 1 message", 1, []PullOption{WithRecvHWM(1)}},
		{"mark of octets", 1, []PullOption{WithRecvHWM(0), WithRecvHWMBytes(1000)}},
		{"mark of 1 octet", 1, []PullOption{WithRecvHWM(0), WithRecvHWMBytes(1)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pull := closing(t, must(NewPull(c.opts...)))
			newAudit(t).open("PULL", pull)
			endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
			const ahead = 5000
			n := c.many * messages
			r, x := parked(t, pull, endpoint, numbers(0, ahead, 3))
			counted(t, pull, 0, ahead)
			var sent sync.WaitGroup
			defer sent.Wait()
			sent.Go(func() {
				rnd := rand.New(rand.NewPCG(1, 1))
				for octets := numbers(ahead, n, 3); len(octets) > 0; hesitate(rnd, 50) {
					k := min(len(octets), 1+rnd.IntN(40_000))
					if _, err := r.Write(octets[:k]); err != nil {
						t.Error(err)
						return
					}
					octets = octets[k:]
				}
			})
			rnd := rand.New(rand.NewPCG(2, 2))
			for from := ahead; from < n && !t.Failed(); hesitate(rnd, 30) {
				to := min(n, from+1+rnd.IntN(5000))
				counted(t, pull, from, to)
				from = to
			}
			if refilled(x) == 0 {
				t.Error("the application never read in the reader's place")
			}
		})
	}
}

// However many goroutines receive, waiting or not, each message reaches one.
func TestParkedWithManyReceivers(t *testing.T) {
	const messages, receivers = 20_000, 8
	for name, receive := range map[string]func(context.Context, *Pull) (Message, error){
		"Recv": func(ctx context.Context, s *Pull) (Message, error) { return s.Recv(ctx) },
		"TryRecv": func(ctx context.Context, s *Pull) (Message, error) {
			for {
				if m, err := s.TryRecv(); !errors.Is(err, ErrWouldBlock) || ctx.Err() != nil {
					return m, err
				}
				runtime.Gosched()
			}
		},
		"RecvInto": func(ctx context.Context, s *Pull) (m Message, err error) {
			err = s.RecvInto(ctx, &m)
			return m, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			pull := closing(t, must(NewPull(WithRecvHWM(10))))
			endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
			parked(t, pull, endpoint, numbers(0, messages, 20))
			ctx := bounded(t)
			got := make([][]int, receivers)
			var wg sync.WaitGroup
			for i := range receivers {
				wg.Go(func() {
					for len(got[i]) < messages/receivers {
						m, err := receive(ctx, pull)
						if err != nil {
							t.Error(err)
							return
						}
						got[i] = append(got[i], number(t, m))
					}
				})
			}
			wg.Wait()
			for i := range got {
				if !slices.IsSorted(got[i]) {
					t.Errorf("receiver %d was not served in order", i)
				}
			}
			all := slices.Sorted(slices.Values(slices.Concat(got...)))
			if len(all) != messages || len(slices.Compact(all)) != messages {
				t.Errorf("%d messages received, want each of %d once", len(all), messages)
			}
		})
	}
}

// An application that stops in the middle leaves the connection to the reader
// again, as far as the high-water mark goes: PING is answered, the end noticed.
func TestParkedApplicationStops(t *testing.T) {
	const mark = 100
	for _, taken := range []int{mark/2 + 10, mark + 5, 2 * mark, 3*mark - 1} {
		pull := closing(t, must(NewPull(WithRecvHWM(mark))))
		events := watch(t, pull)
		endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
		total := taken + mark/2 - 5 // more than the mark; when it stops, what is left has room
		r, _ := parked(t, pull, endpoint, append(numbers(0, total, 100), command("PING", "\x00\x00here")...))
		counted(t, pull, 0, taken)
		if flags, body := r.frame(); flags != control || string(body) != "\x04PONGhere" {
			t.Errorf("%d taken: %d, %q, want PONG", taken, flags, body)
		}
		r.finish()
		events.await("the end", about(EventDisconnected, r.address()))
		counted(t, pull, taken, total)
		balanced(t, "PULL", pull.Stats())
	}
}

// What ends a connection is told, whoever finds it, and what came before it is
// received.
func TestParkedEnd(t *testing.T) {
	const messages = 2000 // more than one read
	for _, c := range []struct {
		name string
		last []byte
		end  func(*raw)
		want error
	}{
		{"flags", []byte{0x80, 0}, nil, ErrProtocol},
		{"size", frame(0, make([]byte, 1001)), nil, ErrTooLarge},
		{"large size", longHeader(0, 1<<20), nil, ErrTooLarge},
		{"READY", ready("Socket-Type", "PUSH"), nil, ErrProtocol},
		{"ERROR", command("ERROR", "\x04away"), nil, ErrProtocol},
		{"end", nil, (*raw).finish, nil},
		{"end in a message", frame(0, make([]byte, 100))[:50], (*raw).finish, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			pull := closing(t, must(NewPull(WithRecvHWM(10), WithMaxMessageSize(1000))))
			events := watch(t, pull)
			endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
			r, x := parked(t, pull, endpoint, numbers(0, messages, 50))
			r.send(c.last)
			if c.end != nil {
				c.end(r)
			}
			counted(t, pull, 0, messages)
			e := events.await("the end", about(EventDisconnected, r.address()))
			if c.want != nil && !errors.Is(e.Err, c.want) || c.want == nil && !strings.Contains(e.Err.Error(), "closed") {
				t.Errorf("the end: %v, want %v", e.Err, c.want)
			}
			if m, err := pull.TryRecv(); !errors.Is(err, ErrWouldBlock) {
				t.Errorf("received %v, %v beyond the end", m, err)
			}
			if x.refills == 0 {
				t.Error("the application never read in the reader's place")
			}
			balanced(t, "PULL", pull.Stats())
		})
	}
}

// Close waits neither for the application nor for the peer.
func TestParkedClose(t *testing.T) {
	for _, taken := range []int{0, 3, 8, 500} {
		pull := must(NewPull(WithRecvHWM(10)))
		endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
		parked(t, pull, endpoint, numbers(0, 50_000, 100))
		counted(t, pull, 0, taken)
		received := make(chan error, 1)
		go func() {
			for {
				if _, err := pull.Recv(bounded(t)); err != nil {
					received <- err
					return
				}
			}
		}()
		unsent(t, pull.Close(), 0)
		if err := <-received; !errors.Is(err, ErrClosed) {
			t.Errorf("Recv = %v, want ErrClosed", err)
		}
		st := pull.Stats()
		balanced(t, "PULL", st)
		if st.In.Queued != 0 || st.Peers != 0 {
			t.Errorf("closed, and has %d messages, %d peers", st.In.Queued, st.Peers)
		}
	}
}

// Large bodies and messages of many frames come in between.
func TestParkedLargeMessages(t *testing.T) {
	pull := closing(t, must(NewPull(WithRecvHWM(4))))
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
	var octets []byte
	sizes := []int{0, 100_000, 3, 16 << 10, 16<<10 - 10, 1 << 20, 5, 6, 7, 300_000}
	const rounds = 20
	for range rounds {
		for i, n := range sizes {
			octets = append(octets, numbers(i, i+1, n)...)
		}
		octets = append(octets, message(strings.Repeat("a", 12_000), strings.Repeat("b", 12_000), strings.Repeat("c", 70_000), "d")...)
	}
	parked(t, pull, endpoint, octets)
	for range rounds {
		for i, n := range sizes {
			m, err := pull.Recv(bounded(t))
			if err != nil {
				t.Fatal(err)
			}
			if number(t, m) != i || len(m[0]) != 4+n {
				t.Fatalf("message %d of %d octets, want %d of %d", number(t, m), len(m[0]), i, 4+n)
			}
		}
		if m := must(pull.Recv(bounded(t))); len(m) != 4 || m.Size() != 94_001 {
			t.Fatalf("%d frames of %d octets", len(m), m.Size())
		}
	}
}

// PP-04: peers take turns though the application reads their connections.
func TestParkedPeersTakeTurns(t *testing.T) {
	const peers, each = 3, 3000
	pull := closing(t, must(NewPull(WithRecvHWM(1))))
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
	for i := range peers {
		parked(t, pull, endpoint, numbers(i*each, (i+1)*each, 0))
	}
	var got [peers]int
	for range each {
		n := number(t, must(pull.Recv(bounded(t))))
		if want := n/each*each + got[n/each]; n != want {
			t.Fatalf("message %d came in place of %d", n, want)
		}
		got[n/each]++
	}
	// A reader that takes over costs its peer some turns.
	if slices.Min(got[:]) < each/peers/2 {
		t.Errorf("of %d messages, the peers sent %v", each, got)
	}
}

// A peer that sends no messages but commands, without end, holds up nobody:
// not other peers, not Close.
func TestParkedFlood(t *testing.T) {
	const messages = 50
	pull := closing(t, must(NewPull(WithRecvHWM(10))))
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
	var flood []byte
	for range 300_000 {
		flood = append(flood, command("PING", "\x00\x00")...)
	}
	r, _ := parked(t, pull, endpoint, append(numbers(0, messages, 100), flood...))
	var flooding sync.WaitGroup
	flooding.Go(func() {
		for {
			if _, err := r.Write(flood); err != nil {
				return
			}
		}
	})
	stop := context.AfterFunc(bounded(t), func() { r.Close() }) // or a failure would last for ever
	defer stop()
	friend := closing(t, must(NewPush()))
	if err := friend.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for i := range 10 {
		if err := friend.Send(bounded(t), []byte("friend")); err != nil {
			t.Fatal(err)
		}
		for {
			m, err := pull.Recv(bounded(t))
			if err != nil {
				t.Fatalf("message %d of the friend: %v", i, err)
			}
			if string(m[0]) == "friend" {
				break
			}
			seen++
		}
	}
	unsent(t, pull.Close(), 0)
	if !stop() {
		t.Fatal("only the end of the flood helped")
	}
	r.Close()
	flooding.Wait()
	if seen > messages {
		t.Errorf("%d messages of the flooder, which sent %d", seen, messages)
	}
}

// Of a conflating socket nothing parks: the newest message is always there.
func TestConflatingNeverParks(t *testing.T) {
	const messages = 10_000
	pull := closing(t, must(NewPull(WithConflate(), WithRecvHWM(1))))
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
	r := dialRaw(t, endpoint)
	r.meet("PUSH")
	r.send(numbers(0, messages, 0))
	last := -1
	for last < messages-1 {
		n := number(t, must(pull.Recv(bounded(t))))
		if n <= last {
			t.Fatalf("message %d came after %d", n, last)
		}
		last = n
	}
	balanced(t, "PULL", pull.Stats())
}
