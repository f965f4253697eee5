package socket

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The tests of this file and its sisters run on the clock of synctest, which
// stands still while anything is to be done: times are exact.

// attachable is a socket that takes connections made elsewhere.
type attachable interface {
	node
	AttachConn(c net.Conn) error
}

// piped connects a raw peer to s by net.Pipe, without a deadline.
func piped(t *testing.T, s attachable) *raw {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { far.Close() })
	if err := s.AttachConn(near); err != nil {
		t.Fatal(err)
	}
	return &raw{Conn: far, t: t}
}

// A heard is a frame that a raw peer was sent, and when.
type heard struct {
	at   time.Duration
	body string
}

func (h heard) String() string { return fmt.Sprintf("%q at %v", h.body, h.at) }

// A recorder notes what a raw peer is sent, until the connection ends.
type recorder struct {
	began time.Time

	mu   sync.Mutex
	all  []heard
	over time.Duration
}

// frames returns the frames so far.
func (rec *recorder) frames() []heard {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return slices.Clone(rec.all)
}

// ended returns when the connection ended; 0 while it has not.
func (rec *recorder) ended() time.Duration {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.over
}

// record notes all frames that r is sent from now on, and writes what answer
// returns to each.
func (r *raw) record(answer func(body string) []byte) *recorder {
	rec := &recorder{began: time.Now()}
	go func() {
		for {
			_, body, err := r.read()
			now := time.Since(rec.began)
			rec.mu.Lock()
			if err != nil {
				rec.over = now
				rec.mu.Unlock()
				return
			}
			rec.all = append(rec.all, heard{now, string(body)})
			rec.mu.Unlock()
			if answer != nil {
				_, _ = r.Write(answer(string(body)))
			}
		}
	}()
	return rec
}

// pass lets time pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// heartbeat options that no test of it can take for another.
const (
	interval = 5 * time.Second
	expiry   = 15 * time.Second
)

// oneway are sockets that only send or only receive, and one that does both:
// heartbeats go both ways on all of them (WT-116).
func oneway(t *testing.T, o Option) map[string]attachable {
	t.Helper()
	return map[string]attachable{
		"PULL":   closing(t, must(NewPush(o))), // by the type of the raw peer
		"PUSH":   closing(t, must(NewPull(o))),
		"SUB":    closing(t, must(NewPub(o))),
		"PUB":    closing(t, must(NewSub(o))),
		"DEALER": closing(t, must(NewDealer(o))),
	}
}

var peerTypes = []string{"PULL", "PUSH", "SUB", "PUB", "DEALER"}

// eachWay runs a test for a peer of each of those types.
func eachWay(t *testing.T, o Option, test func(t *testing.T, s attachable, r *raw)) {
	t.Helper()
	for _, peer := range peerTypes {
		t.Run(peer, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := oneway(t, o)[peer]
				r := piped(t, s)
				r.meet(peer)
				test(t, s, r)
			})
		})
	}
}

// TestHeartbeatOfSilentPeer: a peer is sent PING at the interval, and given up
// when it has been silent for the timeout (WT-108, WT-113).
func TestHeartbeatOfSilentPeer(t *testing.T) {
	eachWay(t, WithHeartbeat(interval, expiry), func(t *testing.T, s attachable, r *raw) {
		events := watch(t, s)
		rec := r.record(nil)
		pass(expiry - 1)
		if rec.ended() != 0 {
			t.Fatalf("given up after %v", rec.ended())
		}
		pass(time.Second)
		if rec.ended() != expiry {
			t.Errorf("given up after %v, want %v", rec.ended(), expiry)
		}
		e := events.await("disconnected", kind(EventDisconnected))
		if !errors.Is(e.Err, errSilent) || !strings.Contains(e.Err.Error(), "15s") {
			t.Errorf("reason %v", e.Err)
		}
		want := []heard{{interval, "\x04PING\x00\x96"}, {2 * interval, "\x04PING\x00\x96"}} // 150 tenths of a second
		if got := rec.frames(); !slices.Equal(got, want) {
			t.Errorf("it was sent %v, want %v", got, want)
		}
	})
}

// TestHeartbeatOfAnsweringPeer: PONG is a sign of life for as long as it comes.
func TestHeartbeatOfAnsweringPeer(t *testing.T) {
	eachWay(t, WithHeartbeat(interval, expiry), func(t *testing.T, s attachable, r *raw) {
		rec := r.record(func(string) []byte { return command("PONG", "") })
		pass(time.Hour + time.Second)
		if rec.ended() != 0 {
			t.Fatalf("given up after %v", rec.ended())
		}
		if n, want := len(rec.frames()), int(time.Hour/interval); n != want {
			t.Errorf("%d PINGs in an hour, want %d", n, want)
		}
		if n := s.Stats().Peers; n != 1 {
			t.Errorf("%d peers", n)
		}
	})
}

// TestHeartbeatOfTalkingPeer: any octets are a sign of life, also those that
// are no whole frame (WT-113).
func TestHeartbeatOfTalkingPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pull := closing(t, must(NewPull(WithHeartbeat(interval, expiry))))
		r := piped(t, pull)
		r.meet("PUSH")
		rec := r.record(nil)
		for _, octet := range message("a message an octet at a time") {
			pass(expiry - time.Second)
			r.send([]byte{octet})
		}
		if rec.ended() != 0 {
			t.Fatalf("given up after %v", rec.ended())
		}
		if m, err := pull.Recv(t.Context()); err != nil || string(m[0]) != "a message an octet at a time" {
			t.Errorf("received %v, %v", m, err)
		}
		pass(expiry)
		if rec.ended() == 0 {
			t.Error("it fell silent and was not given up")
		}
	})
}

// TestHeartbeatAnswers: a PING is answered at once, with its context, of which
// 16 octets count (WT-111).
func TestHeartbeatAnswers(t *testing.T) {
	eachWay(t, WithHeartbeat(0, 0), func(t *testing.T, _ attachable, r *raw) {
		rec := r.record(nil)
		for _, context := range []string{"", "c", "0123456789abcdef", "0123456789abcdefg", strings.Repeat("x", 200)} {
			r.send(command("PING", "\x00\x00"+context))
			synctest.Wait()
			want := heard{0, "\x04PONG" + context[:min(len(context), 16)]}
			if all := rec.frames(); len(all) == 0 || all[len(all)-1] != want {
				t.Errorf("PING with context %q was answered with %v", context, all)
			}
		}
	})
}

// TestHeartbeatTTL: the TTL of a PING is how long its sender may be silent from
// then on; 0 says nothing (WT-109). Sums are not cut to 16 bits.
func TestHeartbeatTTL(t *testing.T) {
	for _, tt := range []struct {
		name  string
		own   Option
		tenth uint16
		want  time.Duration // 0: never
	}{
		{"alone", WithHeartbeat(0, 0), 20, 2 * time.Second},
		{"of one tenth", WithHeartbeat(0, 0), 1, 100 * time.Millisecond},
		{"of 65.6 s", WithHeartbeat(0, 0), 656, 65600 * time.Millisecond},
		{"of the most there is", WithHeartbeat(0, 0), 65535, 6553500 * time.Millisecond},
		{"of nothing", WithHeartbeat(0, 0), 0, 0},
		{"shorter than ours", WithHeartbeat(interval, expiry), 20, 2 * time.Second},
		{"longer than ours", WithHeartbeat(interval, expiry), 600, expiry},
		{"of nothing, beside ours", WithHeartbeat(interval, expiry), 0, expiry},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pull := closing(t, must(NewPull(tt.own)))
				r := piped(t, pull)
				r.meet("PUSH")
				rec := r.record(nil)
				ping := command("PING", string([]byte{byte(tt.tenth >> 8), byte(tt.tenth)}))
				const pings = 3
				for i := range pings { // each gives it as long again
					if i > 0 {
						pass(time.Duration(tt.tenth) * 50 * time.Millisecond % expiry)
					}
					r.send(ping)
				}
				synctest.Wait()
				last := time.Since(rec.began)
				pass(3 * time.Hour)
				switch {
				case tt.want == 0 && rec.ended() != 0:
					t.Errorf("given up after %v", rec.ended())
				case tt.want != 0 && rec.ended()-last != tt.want:
					t.Errorf("given up %v after its last PING, want %v", rec.ended()-last, tt.want)
				}
			})
		})
	}
}

// TestHeartbeatTTLOfOurs: the TTL that we give is our timeout, but never more
// than what libzmq can count (WT-110).
func TestHeartbeatTTLOfOurs(t *testing.T) {
	for want, timeout := range map[string]time.Duration{
		"\x00\x01": 50 * time.Millisecond, "\x00\x0a": time.Second, "\x02\x8f": 10 * time.Minute,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := closing(t, must(NewPull(WithHeartbeat(timeout/2, timeout))))
			r := piped(t, s)
			r.meet("PUSH")
			rec := r.record(func(string) []byte { return command("PONG", "") })
			pass(timeout)
			pass(timeout)
			if got := rec.frames(); len(got) == 0 || got[0].body != "\x04PING"+want {
				t.Errorf("with a timeout of %v it was sent %v", timeout, got)
			}
		})
	}
}

// TestHeartbeatNotToOldPeers: a peer of ZMTP 3.0 does not know PING, is sent
// none, and may be silent; so may everybody when heartbeats are off.
func TestHeartbeatNotToOldPeers(t *testing.T) {
	for minor, own := range map[byte]Option{0: WithHeartbeat(interval, expiry), 1: WithHeartbeat(0, 0)} {
		synctest.Test(t, func(t *testing.T) {
			pull := closing(t, must(NewPull(own)))
			r := piped(t, pull)
			r.meetAs(3, minor, "Socket-Type", "PUSH")
			rec := r.record(nil)
			pass(24 * time.Hour)
			if rec.ended() != 0 || len(rec.frames()) != 0 {
				t.Errorf("3.%d: it was sent %v and given up after %v", minor, rec.frames(), rec.ended())
			}
		})
	}
}

// TestHeartbeatOfFullPeer: while the application leaves a full queue unreceived
// we do not listen, so nobody can be called silent for it.
func TestHeartbeatOfFullPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pull := closing(t, must(NewPull(WithRecvHWM(1), WithHeartbeat(interval, expiry))))
		r := piped(t, pull)
		r.meet("PUSH")
		rec := r.record(nil)
		r.send(message("one"), message("two"), message("three"))
		pass(time.Hour)
		if rec.ended() != 0 {
			t.Fatalf("given up after %v", rec.ended())
		}
		for _, want := range []string{"one", "two", "three"} {
			if m, err := pull.Recv(t.Context()); err != nil || string(m[0]) != want {
				t.Fatalf("received %v, %v", m, err)
			}
		}
		before := time.Since(rec.began)
		pass(time.Hour)
		if silent := rec.ended() - before; silent <= 0 || silent > expiry {
			t.Errorf("it fell silent and was given up after %v", silent)
		}
	})
}
