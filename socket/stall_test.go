package socket

import (
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestMaxStall: a peer that takes nothing is disconnected in its time, and told
// of; one that takes an octet now and then is not, and by default nobody is.
func TestMaxStall(t *testing.T) {
	const stall = 3 * time.Second
	for _, tt := range []struct {
		name  string
		limit time.Duration
		every time.Duration // an octet is taken
		ends  bool
	}{
		{"takes nothing", stall, 0, true},
		{"takes too little", stall, 2*stall + 1, true},
		{"takes a little", stall, stall - 1, false},
		{"takes nothing, without a limit", 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := new(logbook)
				push := must(NewPush(WithMaxStall(tt.limit), WithHeartbeat(0, 0), WithLinger(0), log.option()))
				defer push.Close()
				events := watch(t, push)
				r := piped(t, push)
				r.meet("PULL")
				if tt.every > 0 {
					go func() {
						for {
							<-time.After(tt.every)
							if _, err := r.Read(make([]byte, 1)); err != nil {
								return
							}
						}
					}()
				}
				pass(time.Hour) // it has nothing to take
				began := time.Now()
				numbered(t, push, 0, 1000)
				pass(time.Hour)
				if st := push.Stats(); (st.Peers == 0) != tt.ends {
					t.Fatalf("%d peers are connected, want it to end: %t", st.Peers, tt.ends)
				}
				if !tt.ends {
					push.Close()
					pass(stall) // until the peer has noticed
					return
				}
				e := events.await("disconnected", kind(EventDisconnected))
				if !errors.Is(e.Err, errStalled) || !strings.Contains(e.Err.Error(), "takes nothing for 3s") {
					t.Errorf("reason %v", e.Err)
				}
				if took := e.Time.Sub(began); took < stall || tt.every == 0 && took > stall+lastWords {
					t.Errorf("it took %v", took)
				}
				log.with(t, "raise WithMaxStall")
				balanced(t, "PUSH", push.Stats())
				pass(tt.every)
			})
		})
	}
}

// TestMaxStallKeepsMessages: what a stalled peer did not take goes out over the
// next connection, whole; and a write that was in time leaves no deadline behind.
func TestMaxStallKeepsMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages = 100
		conns := make(chan net.Conn, 2)
		tr := &script{dial: func() (net.Conn, error) { return <-conns, nil }}
		push := closing(t, must(NewPush(WithMaxStall(time.Second), WithTransport(tr), WithHeartbeat(0, 0))))
		if err := push.Connect("script://peer"); err != nil {
			t.Fatal(err)
		}
		near, stalled := net.Pipe()
		conns <- near
		r := &raw{Conn: stalled, t: t}
		r.meet("PULL")
		numbered(t, push, 0, messages)
		if _, err := r.Read(make([]byte, 3)); err != nil { // half of the first message
			t.Fatal(err)
		}
		pass(time.Minute)
		stalled.Close()
		near, far := net.Pipe()
		conns <- near
		good := &raw{Conn: far, t: t}
		good.meet("PULL")
		for i := range messages {
			if got := good.message(); got[0] != string([]byte{0, 0, 0, byte(i)}) {
				t.Fatalf("received %q, want number %d", got, i)
			}
		}
		pass(time.Minute)
		numbered(t, push, messages, messages+1)
		if got := good.message(); got[0] != string([]byte{0, 0, 0, messages}) {
			t.Fatalf("received %q", got)
		}
		if st := push.Stats(); st.Lost != 1 {
			t.Errorf("%d connections were lost, want 1", st.Lost)
		}
		far.Close()
	})
}

// TestMaxStallOnWire: on a connection of the system a deadline that is past keeps
// nobody from writing at once.
func TestMaxStallOnWire(t *testing.T) {
	rep := closing(t, must(NewRep(WithMaxStall(time.Millisecond))))
	req := closing(t, must(NewReq(WithMaxStall(time.Millisecond))))
	linked(t, "tcp", rep, req)
	for range 20 {
		exchange(t, req, rep, "question")
		exchange(t, rep, req, "answer")
		<-time.After(2 * time.Millisecond)
	}
	if st := req.Stats(); st.Lost != 0 {
		t.Errorf("%d connections were lost", st.Lost)
	}
}
