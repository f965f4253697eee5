//go:build unix

package socket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// narrow returns the two ends of a connection of the operating system of which
// the near one holds less than a message of the size up to which the sender's
// goroutine writes.
func narrow(t *testing.T) (near net.Conn, far *raw) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "pair")
		ends[i] = must(net.FileConn(f))
		f.Close() // FileConn made a copy
	}
	if err := ends[0].(*net.UnixConn).SetWriteBuffer(1); err != nil {
		t.Fatal(err)
	}
	return ends[0], newRaw(t, ends[1])
}

// only returns the one session of a socket that has just got a peer.
func only(t *testing.T, s *socket) (x *session) {
	t.Helper()
	if err := s.WaitPeers(bounded(t), 1); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for one := range s.sessions {
		x = one
	}
	return x
}

// answered lets the peer say something, so that the next message is an answer
// and goes out at once, and waits until the writer of x sleeps.
func answered(t *testing.T, r *raw, x *session) {
	t.Helper()
	r.send(command("PING", "\x00\x00"))
	if flags, body := r.frame(); flags != control || string(body) != "\x04PONG" {
		t.Fatalf("%d, %q, want PONG", flags, body)
	}
	asleep(t, x)
}

func asleep(t *testing.T, x *session) {
	t.Helper()
	s := x.pipe.s
	within(t, func() bool {
		s.send.Lock()
		defer s.send.Unlock()
		return !x.writing && x.rest == nil && x.pipe.out.Depth().Messages == 0
	})
}

// A message that the system takes in parts goes on where it stopped: nothing
// comes between, no PONG and no other message, and all come in order.
func TestDispatchInParts(t *testing.T) { bothWays(t, dispatchInParts) }

func dispatchInParts(t *testing.T, w way) {
	push := closing(t, must(NewPush(WithHeartbeat(0, 0), w)))
	newAudit(t).open("PUSH", push)
	near, r := narrow(t)
	if err := push.AttachConn(near); err != nil {
		t.Fatal(err)
	}
	w.meet(r, "PULL")
	x := only(t, push.socket)
	parts := 0
	for i := range 200 {
		behind := i % 4
		answered(t, r, x)
		if err := push.Send(bounded(t), filled(i, 1)); err != nil {
			t.Fatal(err)
		}
		if got := r.message(); got[0] != string(filled(i, 1)) {
			t.Fatalf("round %d: %q", i, got)
		}
		answered(t, r, x)
		size := 8000 - i
		if err := push.Send(bounded(t), filled(i, size)); err != nil {
			t.Fatal(err)
		}
		push.socket.send.Lock()
		if x.rest != nil && (x.taken > 0 || w.secret && x.outgoing.(*sealer).sent > 0) {
			parts++
		}
		push.socket.send.Unlock()
		r.send(command("PING", "\x00\x00behind"))
		for j := range behind {
			if err := push.Send(bounded(t), filled(j, 3000*j), []byte("second")); err != nil {
				t.Fatal(err)
			}
		}
		// Commands have a place between any two messages.
		var frames []string
		for pong := false; !pong || len(frames) < 1+2*behind; {
			switch flags, body := r.frame(); flags {
			case control:
				if pong = string(body) == "\x04PONGbehind"; !pong {
					t.Fatalf("round %d: command %.99q", i, body)
				}
			default:
				frames = append(frames, string(body))
			}
		}
		if frames[0] != string(filled(i, size)) {
			t.Fatalf("round %d: a body of %d octets changed on its way, to %d", i, size, len(frames[0]))
		}
		for j := range behind {
			if frames[1+2*j] != string(filled(j, 3000*j)) || frames[2+2*j] != "second" {
				t.Fatalf("round %d: message %d behind changed on its way", i, j)
			}
		}
	}
	if parts == 0 {
		t.Error("no message was taken in parts")
	}
	asleep(t, x)
	if out := push.Stats().Out; out.Delivered != out.Messages || out.Queued != 0 {
		t.Errorf("%+v", out)
	}
}

// Many goroutines send, answer or not, while the peer asks for signs of life.
// What each has sent comes in its order, and the last PING is answered.
func TestDispatchBesideOthers(t *testing.T) { bothWays(t, dispatchBesideOthers) }

func dispatchBesideOthers(t *testing.T, w way) {
	const senders = 4
	each := 2000
	if testing.Short() || raceEnabled {
		each = 500
	}
	dealer := closing(t, must(NewDealer(WithSendHWM(10), WithHeartbeat(time.Millisecond, time.Minute), w)))
	newAudit(t).open("DEALER", dealer)
	near, r := narrow(t)
	if err := dealer.AttachConn(near); err != nil {
		t.Fatal(err)
	}
	w.meet(r, "DEALER")
	var wg sync.WaitGroup
	defer wg.Wait()
	for i := range senders {
		wg.Go(func() {
			for n := range each {
				if err := dealer.Send(bounded(t), stamp(i, n), filled(n, n*37%6000)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	const pings = 1000
	wg.Go(func() {
		for i := range pings {
			if _, err := r.Write(command("PING", fmt.Sprintf("\x00\x00%04d", i))); err != nil {
				t.Error(err)
				return
			}
		}
	})
	book := newLedger(t, "the peer")
	for pong := ""; book.total < senders*each || pong != fmt.Sprintf("\x04PONG%04d", pings-1); {
		flags, body := r.frame()
		if flags&control != 0 {
			if strings.HasPrefix(string(body), "\x04PONG") {
				pong = string(body)
			}
			continue
		}
		sender, n := unstamp(t, body)
		book.enter(sender, n)
		if flags, body := r.frame(); flags != 0 || !bytes.Equal(body, filled(n, n*37%6000)) {
			t.Fatalf("message %d of %d changed on its way", n, sender)
		}
	}
	for i := range senders {
		if book.count[i] != each {
			t.Errorf("%d messages of sender %d, want %d", book.count[i], i, each)
		}
	}
}

// narrowing returns a transport that dials peers over narrow connections.
func narrowing(t *testing.T) (tr *script, peers <-chan *raw) {
	t.Helper()
	dialed := make(chan *raw, 10)
	return &script{dial: func() (net.Conn, error) {
		near, far := narrow(t)
		far.serves = true
		dialed <- far
		return near, nil
	}}, dialed
}

// What the connection did not take whole goes over the next one, whole, and
// once.
func TestDispatchOnABrokenConnection(t *testing.T) { bothWays(t, dispatchOnABrokenConnection) }

func dispatchOnABrokenConnection(t *testing.T, w way) {
	for _, c := range []struct {
		name string
		size int
		do   func(r *raw, send func())
	}{
		{"broken before", 10, func(r *raw, send func()) { r.Close(); send() }},
		{"broken before, large", 8000, func(r *raw, send func()) { r.Close(); send() }},
		{"broken in the middle", 8000, func(r *raw, send func()) { send(); r.Close() }},
		{"broken after a part was read", 8000, func(r *raw, send func()) {
			send()
			r.readPart(1000)
			r.Close()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr, peers := narrowing(t)
			push := closing(t, must(NewPush(WithTransport(tr), quickRedial, WithHeartbeat(0, 0), w)))
			newAudit(t).open("PUSH", push)
			if err := push.Connect("script://peer"); err != nil {
				t.Fatal(err)
			}
			for i := range 20 {
				r := <-peers
				w.meet(r, "PULL")
				answered(t, r, only(t, push.socket))
				c.do(r, func() {
					for _, size := range []int{c.size, 5} {
						if err := push.Send(bounded(t), filled(i, size)); err != nil {
							t.Fatal(err)
						}
					}
				})
				again := <-peers
				w.meet(again, "PULL")
				for _, size := range []int{c.size, 5} {
					if got := again.message(); len(got) != 1 || got[0] != string(filled(i, size)) {
						t.Fatalf("received %.99q, want %.99q", got, filled(i, size))
					}
				}
				asleep(t, only(t, push.socket))
				if out := push.Stats().Out; out.Delivered != uint64(2*i+2) || out.Dropped.Total() != 0 {
					t.Errorf("%+v", out)
				}
				again.Close()
			}
		})
	}
}

// The ends of a socket, an endpoint and a request do not wait for a message
// that is half written.
func TestDispatchEnds(t *testing.T) {
	open := func(t *testing.T, opts ...PushOption) (*Push, *raw, *session) {
		t.Helper()
		tr, peers := narrowing(t)
		push := closing(t, must(NewPush(append(opts, WithTransport(tr), WithHeartbeat(0, 0))...)))
		if err := push.Connect("script://peer"); err != nil {
			t.Fatal(err)
		}
		r := <-peers
		r.meet("PULL")
		x := only(t, push.socket)
		answered(t, r, x)
		if err := push.Send(bounded(t), filled(1, 8000)); err != nil {
			t.Fatal(err)
		}
		return push, r, x
	}
	t.Run("Close", func(t *testing.T) {
		push, _, _ := open(t, WithLinger(0))
		unsent(t, push.Close(), 1)
		if out := push.Stats().Out; out.Dropped[DropClosed] != 1 || out.Messages != 1 {
			t.Errorf("%+v", out)
		}
	})
	t.Run("Close that waits", func(t *testing.T) {
		push, r, _ := open(t, WithLinger(-1))
		closed := make(chan error, 1)
		go func() { closed <- push.Close() }()
		if got := r.message(); got[0] != string(filled(1, 8000)) {
			t.Errorf("received %.99q", got)
		}
		r.ended()
		r.Close()
		unsent(t, <-closed, 0)
		if out := push.Stats().Out; out.Delivered != 1 {
			t.Errorf("%+v", out)
		}
	})
	t.Run("Disconnect", func(t *testing.T) {
		push, _, _ := open(t, WithLinger(0))
		w := watch(t, push)
		if err := push.Disconnect("script://peer"); err != nil {
			t.Fatal(err)
		}
		w.await("the end", kind(EventDisconnected))
		within(t, func() bool { return push.Stats().Out.Dropped[DropClosed] == 1 })
		balanced(t, "PUSH", push.Stats())
	})
	t.Run("request given up", func(t *testing.T) {
		tr, peers := narrowing(t)
		req := closing(t, must(NewReq(WithTransport(tr), quickRedial, WithHeartbeat(0, 0))))
		if err := req.Connect("script://peer"); err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			r := <-peers
			r.meet("REP")
			answered(t, r, only(t, req.socket))
			ctx, cancel := context.WithCancel(bounded(t))
			ended := make(chan error, 1)
			go func() {
				_, err := req.Request(ctx, filled(2*i, 8000))
				ended <- err
			}()
			_ = must(r.Read(make([]byte, 1)))
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Fatalf("Request = %v", err)
			}
			again := <-peers
			again.meet("REP")
			go func() {
				_, err := req.Request(bounded(t), filled(2*i+1, 8000))
				ended <- err
			}()
			if got := again.message(); len(got) != 2 || got[1] != string(filled(2*i+1, 8000)) {
				t.Fatalf("received %.99q, want the second request", got)
			}
			again.send(message("", "reply"))
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			balanced(t, "REQ", req.Stats())
			again.Close()
		}
	})
}

// A plain connection hides from us what it has inside: it is written to by
// nobody but the writer.
type plain struct{ net.Conn }

func TestNoDispatchAroundAConnection(t *testing.T) {
	piped, far := net.Pipe()
	near, peer := narrow(t)
	for name, c := range map[string]struct {
		near net.Conn
		far  *raw
	}{"net.Pipe": {piped, newRaw(t, far)}, "wrapped": {plain{near}, peer}} {
		t.Run(name, func(t *testing.T) {
			push := closing(t, must(NewPush()))
			if err := push.AttachConn(c.near); err != nil {
				t.Fatal(err)
			}
			c.far.meet("PULL")
			if x := only(t, push.socket); x.writeNow != nil || x.readNow != nil {
				t.Error("the operating system is asked in place of the connection")
			}
			if err := push.Send(bounded(t), []byte("m")); err != nil {
				t.Fatal(err)
			}
			if got := c.far.message(); got[0] != "m" {
				t.Errorf("received %q", got)
			}
		})
	}
}

// A faltering connection takes one octet, then fails, and then works again:
// what comes next would not be what the peer expects.
type faltering struct {
	net.Conn
	fails bool // guarded by the send lock
}

func (f *faltering) Write(b []byte) (int, error) {
	if !f.fails {
		return f.Conn.Write(b)
	}
	n, _ := f.Conn.Write(b[:1])
	return n, syscall.ENOBUFS
}

func TestNoDispatchAfterAFailure(t *testing.T) {
	push := closing(t, must(NewPush()))
	near, r := narrow(t)
	conn := &faltering{Conn: near}
	if err := push.AttachConn(conn); err != nil {
		t.Fatal(err)
	}
	r.meet("PULL")
	x := only(t, push.socket)
	answered(t, r, x)
	push.socket.send.Lock()
	conn.fails = true
	x.writeNow = newWriteAttempt(rawConn(near))
	push.socket.send.Unlock()
	r.send(command("PING", "\x00\x00"))
	if one := make([]byte, 1); must(r.Read(one)) != 1 || one[0] != control {
		t.Fatalf("%q in place of the first octet of PONG", one)
	}
	within(t, func() bool {
		push.socket.send.Lock()
		defer push.socket.send.Unlock()
		return !x.writing
	})
	if err := push.Send(bounded(t), []byte("message")); err != nil {
		t.Fatal(err)
	}
	if rest := r.ended(); len(rest) > 0 {
		t.Errorf("behind the part of a PONG came %q", rest)
	}
}
