package socket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestHandshakeDeadline: a handshake has one absolute time, however its peer
// spends it (RELIABILITY: slowloris).
func TestHandshakeDeadline(t *testing.T) {
	hello := append(greeting(3, 1, "NULL"), ready("Socket-Type", "PUSH")...)
	silent := func(*raw) {}
	for name, attacker := range map[string]func(r *raw){
		"mute":    silent,
		"reading": func(r *raw) { r.drain() },
		"one octet a second": func(r *raw) {
			r.drain()
			go func() {
				for _, octet := range hello {
					if _, err := r.Write([]byte{octet}); err != nil {
						return
					}
					<-time.After(time.Second)
				}
			}()
		},
		"greeting alone": func(r *raw) { r.drain(); r.send(hello[:64]) },
		"all but the end": func(r *raw) {
			r.drain()
			go func() {
				<-time.After(9 * time.Second)
				r.send(hello[:len(hello)-1])
			}()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pull := closing(t, must(NewPull()))
				events := watch(t, pull)
				began := time.Now()
				attacker(piped(t, pull))
				e := events.await("refused", kind(EventHandshakeFailed))
				if took := e.Time.Sub(began); took != defaultHandshakeTime {
					t.Errorf("refused after %v, want %v", took, defaultHandshakeTime)
				}
				if !strings.Contains(e.Err.Error(), "not done within 10s") {
					t.Errorf("reason %v", e.Err)
				}
				if st := pull.Stats(); st.Pending != 0 || st.Refused != 1 {
					t.Errorf("%d in the handshake, %d refused", st.Pending, st.Refused)
				}
				pass(time.Minute) // until the attacker has noticed
			})
		})
	}
}

// TestHandshakeWithinDeadline: a peer that is slow, but not too slow, is served
// for as long as it likes.
func TestHandshakeWithinDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pull := closing(t, must(NewPull(WithHandshakeTimeout(time.Minute), WithHeartbeat(0, 0))))
		r := piped(t, pull)
		r.drain()
		hello := append(greeting(3, 1, "NULL"), ready("Socket-Type", "PUSH")...)
		pass(30 * time.Second)
		r.send(hello[:70])
		pass(30*time.Second - 1)
		r.send(hello[70:])
		pass(time.Hour)
		r.send(message("late"))
		if m, err := pull.Recv(t.Context()); err != nil || string(m[0]) != "late" {
			t.Errorf("received %v, %v", m, err)
		}
	})
}

// drain reads whatever comes, so that the other side can write.
func (r *raw) drain() {
	go func() { _, _ = io.Copy(io.Discard, r) }()
}

// A script is a transport whose Dial does what it is told.
type script struct{ dial func() (net.Conn, error) }

func (*script) Scheme() string { return "script" }

func (s *script) Dial(context.Context, string) (net.Conn, error) { return s.dial() }

func (*script) Listen(context.Context, string) (net.Listener, error) {
	return nil, errors.ErrUnsupported
}

var errNobody = errors.New("nobody there")

// dialed returns when each of n attempts to connect was made, and the pauses
// that were announced after them.
func dialed(t *testing.T, n int, attempt func(i int) (net.Conn, error), opts ...PullOption) (at, pauses []time.Duration) {
	t.Helper()
	began := time.Now()
	tr := &script{dial: func() (net.Conn, error) {
		at = append(at, time.Since(began))
		return attempt(len(at) - 1)
	}}
	pull := closing(t, must(NewPull(append(opts, WithTransport(tr))...)))
	m := pull.Monitor()
	if err := pull.Connect("script://peer"); err != nil {
		t.Fatal(err)
	}
	for len(pauses) < n {
		e, err := m.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == EventConnectFailed || e.Kind == EventRedial {
			pauses = append(pauses, e.Delay)
		}
	}
	pull.Close() // there is no further attempt
	return at[:n], pauses
}

// TestRedialBacksOff: each pause is between half and all of its base, which
// doubles from the shortest to the longest; and the pauses are kept.
func TestRedialBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, pauses := dialed(t, 20, func(int) (net.Conn, error) { return nil, errNobody })
		base := defaultRedialMin
		for i, pause := range pauses {
			if pause < base/2 || pause > base {
				t.Errorf("pause %d is %v, want %v to %v", i, pause, base/2, base)
			}
			if i > 0 && at[i] != at[i-1]+pauses[i-1] {
				t.Errorf("attempt %d after %v, want %v", i, at[i]-at[i-1], pauses[i-1])
			}
			base = min(2*base, defaultRedialMax)
		}
	})
}

// TestRedialResets: the pauses start over after a completed handshake, not
// after a connection that never gets that far.
func TestRedialResets(t *testing.T) {
	const times = 12
	peer := func(t *testing.T, act func(r *raw)) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			act(&raw{Conn: far, t: t})
		}()
		return near, nil
	}
	for _, tt := range []struct {
		name string
		act  func(r *raw)
		want time.Duration // the longest pause at the end
		min  time.Duration
	}{
		{"after a handshake", func(r *raw) { r.meet("PUSH"); <-time.After(time.Second) }, defaultRedialMin, defaultRedialMin / 2},
		{"not after a connection", func(*raw) {}, defaultRedialMax, defaultRedialMax / 2},
		{"not after half a handshake", func(r *raw) { r.drain(); r.send(greeting(3, 1, "NULL")) }, defaultRedialMax, defaultRedialMax / 2},
		{"nor after a refusal, which gets the longest at once", func(r *raw) { r.drain(); r.send([]byte("HTTP/1.1 400 Bad Request")) }, defaultRedialMax, defaultRedialMax},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, pauses := dialed(t, times, func(int) (net.Conn, error) { return peer(t, tt.act) })
				if last := pauses[times-1]; last < tt.min || last > tt.want {
					t.Errorf("the last of the pauses %v is not within %v to %v", pauses, tt.min, tt.want)
				}
				if first := pauses[0]; tt.min == defaultRedialMax && first != tt.min {
					t.Errorf("the first pause after a refusal is %v, want %v", first, tt.min)
				}
			})
		})
	}
}

// TestLingerExpires: Close gives what is queued its linger time, and not more,
// for a peer that does not read as for one that is not there.
func TestLingerExpires(t *testing.T) {
	const messages = 10
	for _, linger := range []time.Duration{0, time.Millisecond, defaultLinger, time.Hour} {
		for _, there := range []bool{true, false} {
			t.Run(fmt.Sprintf("%v, peer there %t", linger, there), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tr := &script{dial: func() (net.Conn, error) { return nil, errNobody }}
					push := must(NewPush(WithLinger(linger), WithTransport(tr), WithHeartbeat(0, 0)))
					if there {
						piped(t, push).meet("PULL")
					} else if err := push.Connect("script://peer"); err != nil {
						t.Fatal(err)
					}
					numbered(t, push, 0, messages)
					began := time.Now()
					unsent(t, push.Close(), messages)
					if took := time.Since(began); took != linger {
						t.Errorf("closed after %v", took)
					}
				})
			})
		}
	}
}

// TestLingerEndsEarly: Close is done when everything is written, whatever time
// is left; with a negative linger it waits for that as long as it takes.
func TestLingerEndsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		push := must(NewPush(WithLinger(-1), WithHeartbeat(0, 0)))
		r := piped(t, push)
		r.meet("PULL")
		numbered(t, push, 0, 10)
		began := time.Now()
		closed := make(chan error)
		go func() { closed <- push.Close() }()
		pass(24 * time.Hour)
		for i := range 10 {
			if got := r.message(); got[0] != string([]byte{0, 0, 0, byte(i)}) {
				t.Fatalf("received %q", got)
			}
		}
		unsent(t, <-closed, 0)
		if took := time.Since(began); took > 24*time.Hour+time.Second {
			t.Errorf("closed after %v", took)
		}
	})
}

// TestLingerOfDisconnect: Disconnect returns at once, and what is queued has the
// linger time; then it is given up.
func TestLingerOfDisconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := &script{dial: func() (net.Conn, error) { return nil, errNobody }}
		push := closing(t, must(NewPush(WithTransport(tr))))
		if err := push.Connect("script://peer"); err != nil {
			t.Fatal(err)
		}
		numbered(t, push, 0, 10)
		began := time.Now()
		if err := push.Disconnect("script://peer"); err != nil || time.Since(began) != 0 {
			t.Fatalf("Disconnect took %v: %v", time.Since(began), err)
		}
		pass(defaultLinger - 1)
		if out := push.Stats().Out; out.Queued != 10 {
			t.Errorf("before the linger time is over: %+v", out)
		}
		pass(time.Second)
		if out := push.Stats().Out; out.Queued != 0 || out.Dropped[DropClosed] != 10 {
			t.Errorf("after the linger time: %+v", out)
		}
	})
}

// A failing listener fails to accept so many times, then blocks until closed.
type failing struct {
	net.Listener
	results chan error // nil: a connection comes
	closed  chan struct{}
	tries   []time.Time
}

func (l *failing) Accept() (net.Conn, error) {
	l.tries = append(l.tries, time.Now())
	select {
	case err := <-l.results:
		if err != nil {
			return nil, err
		}
		near, far := net.Pipe()
		far.Close()
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *failing) Addr() net.Addr { return &net.UnixAddr{Name: "failing", Net: "unix"} }

func (l *failing) Close() error { close(l.closed); return nil }

// TestAcceptBacksOff: errors of accepting, such as no descriptors left, are
// waited out from 5 ms to 1 s, told, and forgotten after a connection.
func TestAcceptBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &failing{results: make(chan error, 100), closed: make(chan struct{})}
		errFull := errors.New("too many open files")
		ms := time.Millisecond
		want := []time.Duration{5 * ms, 10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms, 640 * ms, 1000 * ms, 1000 * ms}
		for range want {
			l.results <- errFull
		}
		l.results <- nil
		l.results <- errFull
		pull := closing(t, must(NewPull()))
		m := pull.Monitor()
		if err := pull.BindListener(l); err != nil {
			t.Fatal(err)
		}
		var pauses []time.Duration
		for len(pauses) < len(want)+1 {
			e, err := m.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == EventAcceptFailed {
				if !errors.Is(e.Err, errFull) || e.Endpoint != "unix://failing" {
					t.Errorf("event %v", e)
				}
				pauses = append(pauses, e.Delay)
			}
		}
		if !slices.Equal(pauses, append(want, 5*ms)) {
			t.Errorf("pauses %v, want %v", pauses, want)
		}
		pass(time.Minute)
		for i, pause := range want {
			if took := l.tries[i+1].Sub(l.tries[i]); took != pause {
				t.Errorf("pause %d took %v, want %v", i, took, pause)
			}
		}
	})
}

// TestCloseEndsWaits: every call that waits returns ErrClosed, or what it has
// in place of that.
func TestCloseEndsWaits(t *testing.T) {
	synctest.Test(t, closeEndsWaits)
}

func closeEndsWaits(t *testing.T) {
	push := must(NewPush(WithSendHWM(1), WithLinger(0)))
	pull, pub, rep := must(NewPull()), must(NewPub()), must(NewRep())
	req := must(NewReq(WithLinger(0)))
	if err := req.Connect(anywhere(t, "inproc")); err != nil {
		t.Fatal(err)
	}
	monitor := pull.Monitor()
	ctx := t.Context()
	calls := map[string]func() error{
		"Send":                          func() error { return push.Send(ctx, nil) },
		"Recv":                          func() error { return second(pull.Recv(ctx)) },
		"RecvInto":                      func() error { return pull.RecvInto(ctx, new(Message)) },
		"WaitPeers":                     func() error { return pull.WaitPeers(ctx, 1) },
		"WaitSubscribers":               func() error { return pub.WaitSubscribers(ctx, "", 1) },
		"Request":                       func() error { return second(req.Request(ctx, nil)) },
		"Request, waiting for its turn": func() error { return second(req.Request(ctx, nil)) },
		"Serve": func() error {
			if err := rep.Serve(ctx, nil); err != nil {
				return err
			}
			return ErrClosed // nil is how Serve says it
		},
		"Messages": func() error {
			for m, err := range pull.Messages(ctx) {
				return errors.Join(errors.New("there was a message"), errors.New(m.String()), err)
			}
			return ErrClosed // no pair is how Messages says it
		},
		"Next": func() error { return second(monitor.Next(ctx)) },
	}
	type end struct {
		name string
		err  error
	}
	ends := make(chan end, len(calls))
	for name, call := range calls {
		go func() { ends <- end{name, call()} }()
	}
	synctest.Wait()
	if n := len(ends); n != 0 {
		t.Fatalf("%d calls do not wait; one is %v", n, <-ends)
	}
	for _, s := range []node{push, pull, pub, rep, req} {
		var u *UnsentError
		if err := s.Close(); err != nil && !errors.As(err, &u) {
			t.Errorf("closing: %v", err)
		}
	}
	for range calls {
		if e := <-ends; !errors.Is(e.err, ErrClosed) {
			t.Errorf("%s ended with %v", e.name, e.err)
		}
	}
}
