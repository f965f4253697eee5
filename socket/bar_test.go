package socket

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// kibs returns n messages of 1 KiB on the wire, numbered from from.
func kibs(from, n int) (b []byte) {
	for i := range n {
		body := binary.BigEndian.AppendUint32(nil, uint32(from+i))
		b = append(b, frame(0, append(body, make([]byte, 1<<10-9-len(body))...))...)
	}
	return b
}

// comeAndGo is a peer that sends octets, as soon as they are read, and leaves.
func comeAndGo(t *testing.T, s attachable, as string, octets []byte) (done *atomic.Bool) {
	t.Helper()
	r := piped(t, s)
	r.meet(as)
	done = new(atomic.Bool)
	go func() {
		_, _ = r.Write(octets)
		r.Close()
		done.Store(true)
	}()
	synctest.Wait()
	return done
}

// TestLimitOfWhatIsLeft: a peer that comes, fills its queue, leaves and comes
// again fills no more than the limit: then a newcomer is not read from until the
// application has received of what is there. Nothing is lost; and who was there
// before goes on.
func TestLimitOfWhatIsLeft(t *testing.T) {
	const limit, rounds, each = 1 << 20, 20, 200
	for _, lifted := range []bool{false, true} {
		t.Run(fmt.Sprintf("lifted %t", lifted), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opts := []PullOption{WithMaxBuffered(limit)}
				if lifted {
					opts = []PullOption{WithMaxBuffered(0)}
				}
				pull := closing(t, must(NewPull(opts...)))
				friend := piped(t, pull)
				friend.meet("PUSH")
				friend.drain()
				var gone []*atomic.Bool
				for i := range rounds {
					gone = append(gone, comeAndGo(t, pull, "PUSH", kibs(i*each, each)))
				}
				got := pull.Stats().In
				if lifted {
					if got.Queued != rounds*each {
						t.Fatalf("%d messages came, want all %d", got.Queued, rounds*each)
					}
					return
				}
				if got.Bytes < limit/2 || got.Bytes > limit+each<<10 {
					t.Errorf("%d octets are there, want about %d", got.Bytes, limit)
				}
				if gone[0].Load() != true || gone[rounds-1].Load() != false {
					t.Error("the first peer is not gone, or the last one is")
				}
				sent := make(chan struct{})
				go func() { defer close(sent); friend.send(message("still here")) }()
				synctest.Wait()
				<-sent
				if n := pull.Stats().In.Queued - got.Queued; n != 1 {
					t.Errorf("%d messages of the friend came, want 1", n)
				}
				seen := make(map[string]bool)
				for range rounds*each + 1 {
					m, err := pull.Recv(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					seen[string(m[0][:4])] = true
					synctest.Wait()
				}
				if len(seen) != rounds*each+1 {
					t.Errorf("%d different messages were received, want %d", len(seen), rounds*each+1)
				}
				balanced(t, "PULL", pull.Stats())
				if left := pull.recv.budget.Left(); left != limit {
					t.Errorf("%d octets of the limit are left in the end, want all %d", left, limit)
				}
			})
		})
	}
}

// TestLimitOfWhatIsLeftBySmall: it is memory that counts, not octets on the wire.
func TestLimitOfWhatIsLeftBySmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, rounds = 64 << 10, 100
		pull := closing(t, must(NewPull(WithMaxBuffered(limit))))
		for range rounds {
			comeAndGo(t, pull, "PUSH", message(""))
		}
		if n := pull.Stats().In.Queued; n > limit/(4<<10) {
			t.Errorf("%d peers have left something, want at most %d", n, limit/(4<<10))
		}
		for range rounds {
			if _, err := pull.Recv(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestLimitOfWhatIsLeftIsPatient: a peer that is not read from is not silent, and
// the socket can be closed meanwhile.
func TestLimitOfWhatIsLeftIsPatient(t *testing.T) {
	for _, early := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			pull := closing(t, must(NewPull(WithMaxBuffered(1))))
			comeAndGo(t, pull, "PUSH", message("left"))
			r := piped(t, pull)
			r.meet("PUSH")
			r.drain()
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				_, _ = r.Write(message("later"))
			}()
			pass(10 * expiry)
			if st := pull.Stats(); st.Peers != 1 || st.In.Queued != 1 {
				t.Errorf("%d peers, %d messages", st.Peers, st.In.Queued)
			}
			if early { // before it is read from
				if err := pull.Close(); err != nil {
					t.Error(err)
				}
				<-sent
				return
			}
			for _, want := range []string{"left", "later"} {
				if m, err := pull.Recv(t.Context()); err != nil || string(m[0]) != want {
					t.Fatalf("received %v, %v, want %s", m, err, want)
				}
			}
			<-sent
		})
	}
}

// TestLimitOfWhatWaits: many peers that send more than is received have the limit
// together, beside a share each, and one that is modest is not held up by them.
func TestLimitOfWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, peers, each, share = 1 << 20, 8, 700, 64 << 10
		pull := closing(t, must(NewPull(WithMaxBuffered(limit))))
		for i := range peers {
			comeAndGo(t, pull, "PUSH", kibs(i*each, each))
		}
		if got := pull.Stats().In.Bytes; got < limit || got > limit+peers*share {
			t.Errorf("%d octets wait, want %d to %d", got, limit, limit+peers*share)
		}
		comeAndGo(t, pull, "PUSH", message("modest"))
		before := -1
		next := make(map[int]int) // by peer
		for n := range peers*each + 1 {
			m, err := pull.Recv(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if string(m[0]) == "modest" {
				before = n
				continue
			}
			i := int(binary.BigEndian.Uint32(m[0]))
			if from := i / each; i%each != next[from] {
				t.Fatalf("message %d of peer %d is number %d", next[from], from, i%each)
			}
			next[i/each]++
			synctest.Wait()
		}
		if before > 2*peers || before < 0 {
			t.Errorf("%d messages of others came before the one of the modest peer", before)
		}
		if left := pull.recv.budget.Left(); left != limit {
			t.Errorf("%d octets of the limit are left in the end, want all %d", left, limit)
		}
	})
}

// TestLimitOfWhatWaitsOnWire: over TCP, where the application reads connections
// itself, all arrives too.
func TestLimitOfWhatWaitsOnWire(t *testing.T) {
	const peers, each = 4, 3000
	pull := closing(t, must(NewPull(WithMaxBuffered(100<<10))))
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
	for range peers {
		push := closing(t, must(NewPush(WithLinger(-1))))
		if err := push.Connect(endpoint); err != nil {
			t.Fatal(err)
		}
		go func() {
			body := bytes.Repeat([]byte("x"), 2000)
			for range each {
				if push.Send(t.Context(), body) != nil {
					return
				}
			}
		}()
	}
	ctx := bounded(t)
	for n := range peers * each {
		if _, err := pull.Recv(ctx); err != nil {
			t.Fatalf("after %d messages: %v", n, err)
		}
		if n%1000 == 0 {
			if got := pull.Stats().In.Bytes; got > 100<<10+peers*64<<10 {
				t.Errorf("%d octets wait", got)
			}
		}
	}
}

// TestLimitOfNotices: the subscriptions that an XPUB shows count too, those of
// peers that are gone as well.
func TestLimitOfNotices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, rounds, each = 64 << 10, 30, 20
		pub := closing(t, must(NewXPub(WithMaxBuffered(limit), WithVerboser())))
		for i := range rounds {
			var octets []byte
			for j := range each {
				octets = append(octets, command("SUBSCRIBE", fmt.Sprintf("%d/%d/%s", i, j, strings.Repeat("t", 200)))...)
			}
			comeAndGo(t, pub, "SUB", octets)
		}
		const perNotice = 210 + noticeKept
		if n := pub.Stats().In.Queued; n < limit/perNotice/2 || n > limit/perNotice+2*each {
			t.Errorf("%d notices are there, want about %d", n, limit/perNotice)
		}
		subscribed := 0
		for range 2 * rounds * each {
			m, err := pub.Recv(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			subscribed += 2*int(m[0][0]) - 1
			synctest.Wait()
		}
		if subscribed != 0 {
			t.Errorf("%d subscriptions are left", subscribed)
		}
		if left := pub.recv.budget.Left(); left != limit {
			t.Errorf("%d octets of the limit are left in the end, want all %d", left, limit)
		}
	})
}

// TestLimitOfNoticesOfOne: a single peer has the limit too, whatever its marks,
// and gets all its subscriptions in the end.
func TestLimitOfNoticesOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, topics, size = 10 << 10, 100, 10 << 10
		pub := closing(t, must(NewXPub(WithMaxBuffered(limit), WithRecvHWM(0), WithRecvHWMBytes(0))))
		r := piped(t, pub)
		r.meet("SUB")
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for i := range topics {
				r.send(command("SUBSCRIBE", fmt.Sprint(i, strings.Repeat("t", size))))
			}
		}()
		synctest.Wait()
		if got := pub.Stats().In.Bytes; got < 64<<10 || got > 64<<10+limit+2*size {
			t.Errorf("%d octets of notices wait, want about a share of %d", got, 64<<10)
		}
		for range topics {
			if _, err := pub.Recv(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		<-sent
	})
}
