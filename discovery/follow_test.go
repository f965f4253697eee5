package discovery_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

const patience = 20 * time.Second

func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A board is a backend whose instances the test puts there.
type board struct{ discovery.Catalog }

func (b *board) Announce(context.Context, discovery.Instance) (discovery.Announcement, error) {
	return nil, discovery.ErrUnsupported
}

func (b *board) Watch(ctx context.Context, service string) (*discovery.Watcher, error) {
	return b.Catalog.Watch(ctx, service, nil), nil
}

func (b *board) Close() error {
	b.Catalog.Close(nil)
	return nil
}

func (b *board) put(t testing.TB, in discovery.Instance) {
	t.Helper()
	if err := b.Put(&in); err != nil {
		t.Fatal(err)
	}
}

// A switchboard is a socket of which the test sees what it is told, and for
// which the test calls dial.
type switchboard struct {
	mu    sync.Mutex
	dials map[string]func(context.Context) (net.Conn, error)
	log   []string
	err   error
	told  chan struct{} // of capacity 1: there is more in log
}

func newSwitchboard() *switchboard {
	return &switchboard{dials: make(map[string]func(context.Context) (net.Conn, error)), told: make(chan struct{}, 1)}
}

func (s *switchboard) note(what, name string) {
	s.log = append(s.log, what+" "+name)
	select {
	case s.told <- struct{}{}:
	default:
	}
}

func (s *switchboard) ConnectFunc(name string, dial func(context.Context) (net.Conn, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.dials[name] = dial
	s.note("connect", name)
	return nil
}

func (s *switchboard) Redial(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note("redial", name)
	return nil
}

func (s *switchboard) Disconnect(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.dials, name)
	s.note("disconnect", name)
	return nil
}

// heard returns what the socket was told since it was last asked, in order, and
// waits until there are n.
func (s *switchboard) heard(t testing.TB, n int) []string {
	t.Helper()
	deadline := time.After(patience)
	for {
		s.mu.Lock()
		if len(s.log) >= n {
			log := s.log
			s.log = nil
			s.mu.Unlock()
			return log
		}
		s.mu.Unlock()
		select {
		case <-s.told:
		case <-deadline:
			t.Fatalf("heard %q, want %d", s.log, n)
		}
	}
}

func (s *switchboard) dial(t testing.TB, name string) (net.Conn, error) {
	t.Helper()
	s.mu.Lock()
	dial := s.dials[name]
	s.mu.Unlock()
	if dial == nil {
		t.Fatalf("%s is not connected", name)
	}
	return dial(t.Context())
}

func id(n byte) discovery.ID { return discovery.ID{15: n} }

func name(n byte) string { return discovery.ConnectName("work", id(n)) }

func worker(n byte, endpoints ...string) discovery.Instance {
	return discovery.Instance{ID: id(n), Service: "work", SocketType: "PULL", Endpoints: endpoints}
}

// TestFollow: messages reach an instance that is announced, wherever it moves
// to, and one link serves all of its endpoints.
func TestFollow(t *testing.T) {
	b := &board{}
	push := must(socket.NewPush(socket.WithRedial(time.Hour, time.Hour)))
	defer push.Close()
	events := make(chan discovery.Event, 100)
	f := must(discovery.Follow(t.Context(), b, "work", push, discovery.WithLoopback(),
		discovery.WithEvents(func(e discovery.Event) { events <- e })))
	defer f.Close()
	if e := <-events; e.Kind != discovery.Synced {
		t.Fatal(e)
	}
	dead := must(net.Listen("tcp", "127.0.0.1:0"))
	dead.Close()
	for i := range 3 {
		pull := must(socket.NewPull())
		first, second := must(pull.Bind("tcp://127.0.0.1:0")), must(pull.Bind("tcp://127.0.0.1:0"))
		in := worker(1, "tcp://"+dead.Addr().String(), first, second)
		b.put(t, in)
		if e := <-events; e.Kind != []discovery.Kind{discovery.Added, discovery.Updated, discovery.Updated}[i] || !e.Instance.Equal(&in) {
			t.Fatal(e)
		}
		text := fmt.Sprint("message ", i)
		if err := push.Send(bounded(t), []byte(text)); err != nil {
			t.Fatal(err)
		}
		m, err := pull.Recv(bounded(t))
		if err != nil || string(m[0]) != text {
			t.Fatalf("%q, %v", m, err)
		}
		if st := pull.Stats(); st.Handshakes != 1 {
			t.Errorf("%d links, want 1", st.Handshakes)
		}
		gone := push.Monitor()
		if err := pull.Close(); err != nil {
			t.Error(err)
		}
		for e := range gone.Events(bounded(t)) {
			if e.Kind == socket.EventConnectFailed || e.Kind == socket.EventRedial {
				break
			}
		}
		gone.Close()
	}
	if all := f.Instances(); len(all) != 1 || all[0].Instance.ID != id(1) {
		t.Error(all)
	}
}

// TestFollowKeepsWhatLives: an announcement that ran out cuts no link; when the
// link is lost it is not made again.
func TestFollowKeepsWhatLives(t *testing.T) {
	b, s := &board{}, newSwitchboard()
	there, here := net.Pipe()
	defer there.Close()
	f := must(discovery.Follow(t.Context(), b, "work", s, discovery.WithDial(func(context.Context, string) (net.Conn, error) {
		return here, nil
	})))
	defer f.Close()
	b.put(t, worker(1, "tcp://10.0.0.1:1"))
	b.put(t, worker(2, "tcp://10.0.0.2:1"))
	s.heard(t, 2)
	if c, err := s.dial(t, name(1)); err != nil || c != here {
		t.Fatal(c, err)
	}
	b.Remove(id(1), discovery.ErrExpired)
	b.Remove(id(2), discovery.ErrExpired)
	if got, want := s.heard(t, 1), []string{"disconnect " + name(2)}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q: only what has no link goes", got, want)
	}
	if c, err := s.dial(t, name(1)); err == nil {
		t.Fatalf("dialed %v though it is announced no more", c)
	}
	if got, want := s.heard(t, 1), []string{"disconnect " + name(1)}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	b.put(t, worker(1, "tcp://10.0.0.1:1"))
	if got, want := s.heard(t, 1), []string{"connect " + name(1)}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
}

// TestFollowTellsWhy: of an instance that is not reached it is known why.
func TestFollowTellsWhy(t *testing.T) {
	b, s := &board{}, newSwitchboard()
	f := must(discovery.Follow(t.Context(), b, "work", s, discovery.WithDial(func(_ context.Context, e string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no route to " + e)}
	})))
	defer f.Close()
	b.put(t, worker(1, "tcp://10.0.0.1:1", "tcp://10.0.0.2:1"))
	b.put(t, worker(2, "tcp://127.0.0.1:1"))
	b.put(t, worker(3))
	s.heard(t, 3)
	for n, want := range map[byte]string{
		1: "tcp://10.0.0.1:1: no route to tcp://10.0.0.1:1; tcp://10.0.0.2:1: no route to tcp://10.0.0.2:1",
		2: "brokerless: none of [tcp://127.0.0.1:1] may be dialed: loopback (but for WithLoopback), link-local without a zone, or ipc of another host",
		3: "brokerless: it announces no endpoint",
	} {
		if _, err := s.dial(t, name(n)); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
		if in := f.Instances()[n-1]; in.Instance.ID != id(n) || in.Up || in.Failures != 1 || in.Err == nil || in.Err.Error() != want {
			t.Errorf("%+v", in)
		}
	}
}

// TestFollowFilters: what is not wanted is left alone, and let go when it comes
// to be so.
func TestFollowFilters(t *testing.T) {
	b, s := &board{}, newSwitchboard()
	events := make(chan discovery.Event, 100)
	others := make(chan string, 100)
	f := must(discovery.Follow(t.Context(), b, "work", s,
		discovery.WithOthers(func(in discovery.Instance, why error) {
			others <- fmt.Sprintf("%d %v", in.ID[15], why)
			if !errors.Is(why, discovery.ErrUnwanted) && !errors.Is(why, discovery.ErrLeft) {
				t.Error(why)
			}
		}),
		discovery.WithSelf(id(9)), discovery.WithRealm("red"), discovery.WithSocketType("PULL", "DEALER"),
		discovery.WithFilter(func(in *discovery.Instance) bool { return in.Metadata["zone"] != "far" }),
		discovery.WithEvents(func(e discovery.Event) { events <- e })))
	defer f.Close()
	<-events // Synced
	red := func(n byte, change func(*discovery.Instance)) discovery.Instance {
		in := worker(n, "tcp://10.0.0.1:1")
		in.Realm = "red"
		if change != nil {
			change(&in)
		}
		return in
	}
	b.put(t, red(9, nil))
	b.put(t, red(2, func(in *discovery.Instance) { in.Realm = "blue" }))
	b.put(t, red(3, func(in *discovery.Instance) { in.SocketType = "SUB" }))
	far := red(4, func(in *discovery.Instance) { in.Metadata = map[string]string{"zone": "far"} })
	b.put(t, far)
	b.put(t, red(5, func(in *discovery.Instance) { in.Service = "play" }))
	b.put(t, red(6, nil))
	expect := func(k discovery.Kind, n byte, told string) {
		t.Helper()
		if e := <-events; e.Kind != k || e.Instance.ID != id(n) {
			t.Fatalf("%v, want %v of %v", e, k, id(n))
		}
		if got := s.heard(t, 1); !slices.Equal(got, []string{told + " " + name(n)}) {
			t.Fatalf("%q, want %s", got, told)
		}
	}
	expect(discovery.Added, 6, "connect")
	b.put(t, red(4, nil))
	expect(discovery.Added, 4, "connect")
	b.put(t, far)
	expect(discovery.Removed, 4, "disconnect")
	f.Exclude(id(6))
	if got := s.heard(t, 1); !slices.Equal(got, []string{"disconnect " + name(6)}) {
		t.Fatalf("%q", got)
	}
	b.put(t, red(6, func(in *discovery.Instance) { in.Name = "changed" }))
	expect(discovery.Updated, 6, "connect")
	b.Remove(id(9), discovery.ErrLeft)
	b.Remove(id(2), discovery.ErrLeft)
	for _, want := range []string{
		`2 brokerless: not followed: it is of the realm "blue", this is "red"`,
		`3 brokerless: not followed: its socket is a "SUB", wanted is one of [PULL DEALER]`,
		`4 brokerless: not followed: the filter leaves it out`,
		`4 brokerless: not followed: the filter leaves it out`, // again
		`2 brokerless: said goodbye`,
	} {
		if got := <-others; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if len(others) > 0 {
		t.Errorf("and %s", <-others)
	}
}

// TestFollowTieBreak: of two that follow each other the lower one connects, and
// the higher one only when that comes to nothing.
func TestFollowTieBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, s := &board{}, newSwitchboard()
		var mu sync.Mutex
		linked := map[discovery.ID]bool{id(1): true}
		there, here := net.Pipe()
		defer there.Close()
		defer here.Close()
		f := must(discovery.Follow(t.Context(), b, "work", s, discovery.WithSelf(id(5)),
			discovery.WithDial(func(context.Context, string) (net.Conn, error) { return here, nil }),
			discovery.WithTieBreak(func(id discovery.ID) bool {
				mu.Lock()
				defer mu.Unlock()
				return linked[id]
			})))
		defer f.Close()
		begun := time.Now()
		for _, n := range []byte{1, 2, 7} {
			b.put(t, worker(n, "tcp://10.0.0.1:1"))
		}
		if got := s.heard(t, 1); !slices.Equal(got, []string{"connect " + name(7)}) {
			t.Fatalf("at once %q", got)
		}
		if d := time.Since(begun); d != 0 {
			t.Errorf("the lower id took %v", d)
		}
		if got := s.heard(t, 1); !slices.Equal(got, []string{"connect " + name(2)}) {
			t.Fatalf("then %q", got)
		}
		if d := time.Since(begun); d < 3*time.Second || d > 4*time.Second {
			t.Errorf("the higher id waited %v", d)
		}
		mu.Lock()
		linked[id(2)] = true // the other side made it after all
		mu.Unlock()
		if _, err := s.dial(t, name(2)); err == nil {
			t.Error("a second link")
		}
		if got := s.heard(t, 1); !slices.Equal(got, []string{"disconnect " + name(2)}) {
			t.Fatalf("%q", got)
		}
		mu.Lock()
		clear(linked)
		mu.Unlock()
		got := s.heard(t, 2)
		slices.Sort(got)
		if !slices.Equal(got, []string{"connect " + name(1), "connect " + name(2)}) {
			t.Fatalf("when there are no links: %q", got)
		}
	})
}

// TestFollowBound: there are no more links than allowed; what was never reached
// makes place, and what there was no place for is taken when there is.
func TestFollowBound(t *testing.T) {
	b, s := &board{}, newSwitchboard()
	there, here := net.Pipe()
	defer there.Close()
	events := make(chan discovery.Event, 100)
	f := must(discovery.Follow(t.Context(), b, "work", s, discovery.WithMaxPeers(2),
		discovery.WithEvents(func(e discovery.Event) { events <- e }),
		discovery.WithDial(func(_ context.Context, e string) (net.Conn, error) {
			if e == "tcp://10.0.0.1:1" {
				return here, nil
			}
			return nil, errors.New("nobody there")
		})))
	defer f.Close()
	<-events
	add := func(n byte) {
		t.Helper()
		b.put(t, worker(n, fmt.Sprintf("tcp://10.0.0.%d:1", n)))
		if e := <-events; e.Kind != discovery.Added || e.Instance.ID != id(n) {
			t.Fatal(e)
		}
	}
	add(1)
	add(2)
	s.heard(t, 2)
	add(3)
	if e := <-events; e.Kind != discovery.Warning || !errors.Is(e.Err, discovery.ErrFull) {
		t.Fatal(e)
	}
	if _, err := s.dial(t, name(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.dial(t, name(2)); err == nil {
		t.Fatal("reached nobody")
	}
	add(4)
	if got, want := s.heard(t, 2), []string{"disconnect " + name(2), "connect " + name(4)}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	b.Remove(id(4), discovery.ErrLeft)
	got := s.heard(t, 2)
	if got[0] != "disconnect "+name(4) || (got[1] != "connect "+name(2) && got[1] != "connect "+name(3)) {
		t.Fatalf("%q", got)
	}
}

// TestFollowEnds: whatever ends a follower ends all of it, and Wait says what.
func TestFollowEnds(t *testing.T) {
	why := errors.New("closed socket")
	for what, end := range map[string]func(*board, *switchboard, *discovery.Follower, context.CancelFunc){
		"close":   func(_ *board, _ *switchboard, f *discovery.Follower, _ context.CancelFunc) { f.Close() },
		"context": func(_ *board, _ *switchboard, _ *discovery.Follower, cancel context.CancelFunc) { cancel() },
		"socket": func(b *board, s *switchboard, _ *discovery.Follower, _ context.CancelFunc) {
			s.mu.Lock()
			s.err = why
			s.mu.Unlock()
			in := worker(2, "tcp://10.0.0.1:1")
			_ = b.Put(&in)
		},
	} {
		t.Run(what, func(t *testing.T) {
			b, s := &board{}, newSwitchboard()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			f := must(discovery.Follow(ctx, b, "work", s))
			b.put(t, worker(1, "tcp://10.0.0.1:1"))
			s.heard(t, 1)
			end(b, s, f, cancel)
			want := map[string]error{
				"close": discovery.ErrClosed, "context": context.Canceled, "socket": why,
			}[what]
			if err := f.Wait(); !errors.Is(err, want) {
				t.Errorf("ended with %v, want %v", err, want)
			}
			if got := s.heard(t, 1); !slices.Contains(got, "disconnect "+name(1)) {
				t.Errorf("%q", got)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFollowEndsWithMessagesQueued: what was sent before Close is sent, though
// the instance was yet to be reached.
func TestFollowEndsWithMessagesQueued(t *testing.T) {
	pull := must(socket.NewPull())
	defer pull.Close()
	b := &board{}
	b.put(t, worker(1, must(pull.Bind("tcp://127.0.0.1:0"))))
	push := must(socket.NewPush(socket.WithLinger(patience)))
	dialed, closed := make(chan struct{}), make(chan struct{})
	f := must(discovery.Follow(t.Context(), b, "work", push, discovery.WithLoopback(),
		discovery.WithDial(func(ctx context.Context, endpoint string) (net.Conn, error) {
			close(dialed)
			<-closed
			var d net.Dialer
			return d.DialContext(ctx, "tcp", strings.TrimPrefix(endpoint, "tcp://"))
		})))
	<-dialed
	if err := push.Send(bounded(t), []byte("one tea")); err != nil {
		t.Fatal(err)
	}
	f.Close()
	close(closed)
	if m, err := pull.Recv(bounded(t)); err != nil || string(m[0]) != "one tea" {
		t.Errorf("%q, %v", m, err)
	}
	if err := push.Close(); err != nil {
		t.Error(err)
	}
}

// TestFollowEndsBeforeItsFirstDial: the socket may still dial, to send what is
// queued, but not whom it was to leave alone.
func TestFollowEndsBeforeItsFirstDial(t *testing.T) {
	b, s := &board{}, newSwitchboard()
	there, here := net.Pipe()
	defer there.Close()
	f := must(discovery.Follow(t.Context(), b, "work", s,
		discovery.WithDial(func(context.Context, string) (net.Conn, error) { return here, nil })))
	b.put(t, worker(1, "tcp://10.0.0.1:1"))
	b.put(t, worker(2, "tcp://10.0.0.2:1"))
	s.heard(t, 2)
	wanted, excluded := s.dials[name(1)], s.dials[name(2)]
	f.Exclude(id(2))
	f.Close()
	if conn, err := excluded(t.Context()); err == nil {
		t.Errorf("dialed whom to leave alone: %v", conn)
	}
	if conn, err := wanted(t.Context()); err != nil || conn != here {
		t.Errorf("%v, %v", conn, err)
	}
}

// TestExcludeAfterClose: nobody is taken for the one who is excluded.
func TestExcludeAfterClose(t *testing.T) {
	b, s := &board{}, newSwitchboard()
	f := must(discovery.Follow(t.Context(), b, "work", s))
	b.put(t, worker(1, "tcp://10.0.0.1:1"))
	b.put(t, worker(2, "tcp://10.0.0.2:1"))
	s.heard(t, 2)
	f.Close()
	s.heard(t, 2)
	f.Exclude(id(1))
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.log) > 0 {
		t.Errorf("%q", s.log)
	}
}

// TestFollowOutlivesItsBackend: the end of discovery is told, and cuts nothing.
func TestFollowOutlivesItsBackend(t *testing.T) {
	b, s := &board{}, newSwitchboard()
	there, here := net.Pipe()
	defer there.Close()
	events := make(chan discovery.Event, 10)
	f := must(discovery.Follow(t.Context(), b, "work", s, discovery.WithEvents(func(e discovery.Event) { events <- e }),
		discovery.WithDial(func(context.Context, string) (net.Conn, error) { return here, nil })))
	b.put(t, worker(1, "tcp://10.0.0.1:1"))
	s.heard(t, 1)
	<-events // Synced
	<-events // Added
	b.Close()
	if e := <-events; e.Kind != discovery.Warning || !errors.Is(e.Err, discovery.ErrClosed) {
		t.Fatal(e)
	}
	for range 2 { // and when the connection is lost it is made again
		if c, err := s.dial(t, name(1)); err != nil || c != here {
			t.Fatal(c, err)
		}
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := f.Wait(); !errors.Is(err, discovery.ErrClosed) {
		t.Error(err)
	}
	if got, want := s.heard(t, 1), []string{"disconnect " + name(1)}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
}

// TestFollowOptions: what makes no sense is refused.
func TestFollowOptions(t *testing.T) {
	for what, o := range map[string]discovery.FollowOption{
		"no peers":  discovery.WithMaxPeers(0),
		"no self":   discovery.WithTieBreak(func(discovery.ID) bool { return false }),
		"no events": discovery.WithEvents(nil),
		"no dial":   discovery.WithDial(nil),
	} {
		if _, err := discovery.Follow(t.Context(), &board{}, "work", newSwitchboard(), o); !errors.Is(err, discovery.ErrOption) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := discovery.Follow(t.Context(), &board{}, "", newSwitchboard()); !errors.Is(err, discovery.ErrInstance) {
		t.Error(err)
	}
}
