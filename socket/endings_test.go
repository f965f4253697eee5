package socket

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestUnbind: an endpoint that is unbound takes no more connections and ends
// those it took, after what is queued for them; others stay.
func TestUnbind(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		push := closing(t, must(NewPush()))
		events := watch(t, push)
		leaving, staying := closing(t, must(NewPull(quickRedial))), closing(t, must(NewPull(quickRedial)))
		endpoint := linked(t, scheme, push, leaving)
		numbered(t, push, 0, 500)
		if err := push.Unbind(endpoint); err != nil {
			t.Fatal(err)
		}
		inOrder(t, leaving, 0, 500)
		events.await("unbound", func(e Event) bool { return e.Kind == EventUnbound && e.Endpoint == endpoint })
		events.await("disconnected", func(e Event) bool { return e.Kind == EventDisconnected && e.Endpoint == endpoint })
		if err := push.Unbind(endpoint); !errors.Is(err, ErrEndpoint) {
			t.Errorf("unbinding again: %v", err)
		}
		if network, address, ok := dialable(endpoint); ok {
			if c, err := net.Dial(network, address); err == nil {
				c.Close()
				t.Errorf("somebody still listens on %s", endpoint)
			}
		}
		if err := staying.Connect(must(push.Bind(anywhere(t, scheme)))); err != nil {
			t.Fatal(err)
		}
		exchange(t, push, staying, "still here")
	})
}

// TestUnbindByName: an endpoint is unbound by the name it was given, too.
func TestUnbindByName(t *testing.T) {
	pull := closing(t, must(NewPull()))
	for range 3 {
		must(pull.Bind("tcp://127.0.0.1:0"))
		if err := pull.Unbind("tcp://127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	if err := pull.Unbind("tcp://127.0.0.1:0"); !errors.Is(err, ErrEndpoint) {
		t.Errorf("unbinding once too often: %v", err)
	}
}

// TestDisconnect: an endpoint that is disconnected is not dialed again, and
// what was queued for it still gets there. What comes then is for the others.
func TestDisconnect(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		push := closing(t, must(NewPush(quickRedial)))
		events := watch(t, push)
		leaving, staying := closing(t, must(NewPull())), closing(t, must(NewPull()))
		endpoint := linked(t, scheme, leaving, push)
		numbered(t, push, 0, 500)
		if err := push.Disconnect(endpoint); err != nil {
			t.Fatal(err)
		}
		linked(t, scheme, staying, push)
		exchange(t, push, staying, "for the other")
		inOrder(t, leaving, 0, 500)
		events.await("disconnected", func(e Event) bool { return e.Kind == EventDisconnected && e.Endpoint == endpoint })
		if err := push.Disconnect(endpoint); !errors.Is(err, ErrEndpoint) {
			t.Errorf("disconnecting again: %v", err)
		}
		if st := push.Stats(); st.Redials != 0 || st.Peers != 1 {
			t.Errorf("%d redials, %d peers, want 0 and 1", st.Redials, st.Peers)
		}
	})
}

// attachedTo joins two sockets by a connection that exists already.
func attachedTo(t *testing.T, one, other attachable) {
	t.Helper()
	near, far := net.Pipe()
	if err := errors.Join(one.AttachConn(near), other.AttachConn(far)); err != nil {
		t.Fatal(err)
	}
	for _, s := range []node{one, other} {
		if err := s.WaitPeers(bounded(t), 1); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAttachConn: any connection will do, even one that holds nothing. It is
// the socket's from then on, and is not made again when it ends.
func TestAttachConn(t *testing.T) {
	t.Run("REQ REP", func(t *testing.T) {
		req, rep := closing(t, must(NewReq())), closing(t, must(NewRep()))
		attachedTo(t, req, rep)
		for range 100 {
			exchange(t, req, rep, "question", "", strings.Repeat("q", 20<<10))
			exchange(t, rep, req, "answer", strings.Repeat("a", 300))
		}
	})
	t.Run("PUB SUB", func(t *testing.T) {
		pub, sub := closing(t, must(NewPub())), closing(t, must(NewSub()))
		if err := sub.Subscribe("a"); err != nil {
			t.Fatal(err)
		}
		attachedTo(t, pub, sub)
		if err := pub.WaitSubscribers(bounded(t), "a", 1); err != nil {
			t.Fatal(err)
		}
		exchange(t, pub, sub, "abc", "body")
	})
	t.Run("flush and end", func(t *testing.T) {
		push, pull := must(NewPush()), closing(t, must(NewPull()))
		events := watch(t, pull)
		attachedTo(t, push, pull)
		numbered(t, push, 0, 500)
		unsent(t, push.Close(), 0)
		inOrder(t, pull, 0, 500)
		events.await("disconnected", kind(EventDisconnected))
		if st := pull.Stats(); st.Peers != 0 || st.Redials != 0 {
			t.Errorf("%d peers, %d redials", st.Peers, st.Redials)
		}
	})
	t.Run("dead", func(t *testing.T) {
		pull := closing(t, must(NewPull()))
		events := watch(t, pull)
		near, far := net.Pipe()
		far.Close()
		if err := pull.AttachConn(near); err != nil {
			t.Fatal(err)
		}
		events.await("refused", kind(EventHandshakeFailed))
	})
}

// A tagged listener tells that it has been closed.
type tagged struct {
	net.Listener
	closed chan struct{}
}

func (l *tagged) Close() error {
	close(l.closed)
	return l.Listener.Close()
}

// TestBindListener: a listener that somebody else made is the socket's from then
// on, to unbind by its address, or to close with the socket.
func TestBindListener(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		for _, unbind := range []bool{true, false} {
			name := network + " closed"
			if unbind {
				name = network + " unbound"
			}
			t.Run(name, func(t *testing.T) {
				address := "127.0.0.1:0"
				if network == "unix" {
					address = t.TempDir() + "/s"
				}
				l := &tagged{must(net.Listen(network, address)), make(chan struct{})}
				address = l.Addr().String()
				pull, push := must(NewPull()), closing(t, must(NewPush(quickRedial)))
				events := watch(t, pull)
				if err := pull.BindListener(l); err != nil {
					t.Fatal(err)
				}
				scheme := map[string]string{"tcp": "tcp", "unix": "ipc"}[network]
				if err := push.Connect(scheme + "://" + address); err != nil {
					t.Fatal(err)
				}
				exchange(t, push, pull, "hello")
				endpoint := network + "://" + address
				if e := events.await("listening", kind(EventListening)); e.Endpoint != endpoint {
					t.Errorf("endpoint %q, want %q", e.Endpoint, endpoint)
				}
				if unbind {
					if err := pull.Unbind(endpoint); err != nil {
						t.Fatal(err)
					}
					<-l.closed
				}
				unsent(t, pull.Close(), 0)
				<-l.closed
			})
		}
	}
	t.Run("on a closed socket", func(t *testing.T) {
		pull := must(NewPull())
		unsent(t, pull.Close(), 0)
		l := &tagged{must(net.Listen("tcp", "127.0.0.1:0")), make(chan struct{})}
		misuse(t, pull.BindListener(l), OpError{"bind", "PULL", "tcp://" + l.Addr().String(), ErrClosed}, "closed")
		<-l.closed
	})
}

// TestStatsOfALife: what happened to the connections of a socket is counted.
func TestStatsOfALife(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		pull := closing(t, must(NewPull()))
		events := watch(t, pull)
		endpoint := must(pull.Bind(anywhere(t, scheme)))
		const lives = 5
		for i := range lives {
			push := must(NewPush())
			if err := push.Connect(endpoint); err != nil {
				t.Fatal(err)
			}
			exchange(t, push, pull, "hello")
			if st := pull.Stats(); st.Peers != 1 || st.Pending != 0 || len(st.Each) != 1 || st.Each[0].Peer.SocketType != "PUSH" ||
				time.Since(st.Each[0].Peer.Since) > time.Hour {
				t.Errorf("%+v", st)
			}
			unsent(t, push.Close(), 0)
			gone := 0
			events.await("all gone", func(e Event) bool {
				if e.Kind == EventDisconnected {
					gone++
				}
				return gone == i+1
			})
		}
		if st := pull.Stats(); st.Handshakes != lives || st.Lost != lives || st.Refused != 0 || st.Peers != 0 {
			t.Errorf("%+v", st)
		}
		var kinds []EventKind
		for _, e := range events.seen {
			if e.Kind == EventReady || e.Kind == EventDisconnected {
				kinds = append(kinds, e.Kind)
			}
		}
		if want := slices.Repeat([]EventKind{EventReady, EventDisconnected}, lives); !slices.Equal(kinds, want) {
			t.Errorf("events %v, want %v", kinds, want)
		}
	})
}

// TestCutConnection: a connection that breaks at any octet loses what it took
// whole and nothing else. The next one begins with the message that it took
// only in part.
func TestCutConnection(t *testing.T) {
	bodies := []string{"one", strings.Repeat("t", 300), "", strings.Repeat("l", 20<<10), "five"}
	var wire []byte
	var ends []int // of each message
	for _, body := range bodies {
		wire = append(wire, message("head", body)...)
		ends = append(ends, len(wire))
	}
	for _, end := range append([]int{0}, ends[:len(ends)-1]...) {
		for _, cut := range []int{end, end + 1, end + 2, end + 5, end + 6, end + 7} {
			synctest.Test(t, func(t *testing.T) {
				peers := make(chan *raw, 2)
				tr := &script{dial: func() (net.Conn, error) {
					near, far := net.Pipe()
					peers <- &raw{Conn: far, t: t}
					return near, nil
				}}
				push := closing(t, must(NewPush(WithTransport(tr))))
				if err := push.Connect("script://peer"); err != nil {
					t.Fatal(err)
				}
				for _, body := range bodies {
					if err := push.Send(t.Context(), []byte("head"), []byte(body)); err != nil {
						t.Fatal(err)
					}
				}
				first := <-peers
				first.meet("PULL")
				taken := make([]byte, cut)
				if _, err := io.ReadFull(first, taken); err != nil || !bytes.Equal(taken, wire[:cut]) {
					t.Fatalf("the first connection took %q, %v", taken, err)
				}
				first.Close()
				again := <-peers
				defer again.Close()
				again.meet("PULL")
				for i, body := range bodies {
					if ends[i] > cut {
						if got := again.message(); !slices.Equal(got, []string{"head", body}) {
							t.Fatalf("cut at %d: received a body of %d octets, want that of message %d", cut, len(got[1]), i)
						}
					}
				}
				synctest.Wait()
				balanced(t, "PUSH", push.Stats())
				if out := push.Stats().Out; out.Delivered != uint64(len(bodies)) || out.Dropped.Total() != 0 {
					t.Errorf("cut at %d: %+v", cut, out)
				}
			})
		}
	}
}

// TestRequestGivenUpWhileConnecting: the answer to a request that was given up
// while its connection was being made is not taken for that to the next one.
func TestRequestGivenUpWhileConnecting(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		rounds := 500
		if scheme == "inproc" { // where there is next to no time between the two
			rounds = 5000
		}
		rep := closing(t, must(NewRep(WithLinger(0))))
		endpoint := must(rep.Bind(anywhere(t, scheme)))
		go func() {
			err := rep.Serve(t.Context(), func(_ context.Context, question Message) (Message, error) { return question, nil })
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}()
		for i := range rounds {
			req := must(NewReq(quickRedial, WithLinger(0)))
			if err := req.Connect(endpoint); err != nil {
				t.Fatal(err)
			}
			first, giveUp := context.WithCancel(t.Context())
			go func() {
				for range i % 40 { // a little later each time
					runtime.Gosched()
				}
				giveUp()
			}()
			if _, err := req.Request(first, []byte("first")); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			ctx, cancel := limited(t)
			m, err := req.Request(ctx, []byte("second"))
			cancel()
			if err != nil || string(m[0]) != "second" {
				t.Fatalf("round %d: answer %v, %v", i, m, err)
			}
			req.Close()
		}
	})
}
