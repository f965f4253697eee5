package mesh

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/static"
	"github.com/brokerless/brokerless/socket"
)

// kill ends a node's connections as the end of its process would: without a
// word.
func kill(n *Node) {
	done, cancel := context.WithCancel(context.Background())
	cancel()
	_ = n.router.Shutdown(done)
}

func TestFiftyNodesHaveOneLinkEach(t *testing.T) {
	nodes := 50
	if testing.Short() || raced {
		nodes = 12
	}
	var h hub
	begin := time.Now()
	ns := h.full(t, nodes)
	t.Logf("%d nodes, all Up to each other after %v", nodes, time.Since(begin).Round(time.Millisecond))
	links := 0
	for _, n := range ns {
		links += n.Stats().Links
	}
	if links != nodes*(nodes-1) {
		t.Errorf("%d ends of links, want %d", links, nodes*(nodes-1))
	}
	for _, n := range ns {
		for _, e := range n.History() {
			if e.Kind == Changed && e.Peer.State != Joining && e.Peer.State != Up || e.Kind == Warning {
				t.Errorf("flapping: %v", e)
			}
		}
	}
}

func TestKilledNodeIsGone(t *testing.T) {
	var h hub
	ns := h.full(t, 3, WithSuspect(300*time.Millisecond))
	w := ns[0].Presence(t.Context())
	defer w.Close()
	next(t, w, ns[1].ID(), Up)
	began := make(chan struct{}, 1)
	hang := func(ctx context.Context, _ Request) (socket.Message, error) {
		began <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	serve(t, ns[1], hang)
	failed := make(chan error, 1)
	go func() {
		_, err := ns[0].Call(t.Context(), "work")
		failed <- err
	}()
	<-began
	kill(ns[1])
	var e *CallError
	if err := <-failed; !errors.Is(err, ErrPeerLost) || !errors.As(err, &e) || e.Peer != ns[1].ID() {
		t.Errorf("call: %v", err)
	}
	if e := next(t, w, ns[1].ID(), Suspect, Gone); e.Peer.State != Suspect {
		t.Errorf("event %v", e)
	}
	if e := next(t, w, ns[1].ID(), Up, Gone); e.Peer.State != Gone || e.Reason != Lost {
		t.Errorf("event %v", e)
	}
}

func TestIdempotentCallOutlivesItsInstance(t *testing.T) {
	var h hub
	ns := h.full(t, 3)
	began := make(chan int, 2)
	for i, n := range ns[1:] {
		serve(t, n, func(ctx context.Context, _ Request) (socket.Message, error) {
			began <- i + 1
			<-ctx.Done()
			return nil, ctx.Err()
		}, Idempotent())
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := ns[0].Call(ctx, "work")
		done <- err
	}()
	first := <-began
	kill(ns[first])
	if second := <-began; second == first {
		t.Errorf("executed by %d, which is dead", second)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// behind makes two nodes, the second of which is behind a cable and has the
// higher id, so that it is the first that connects.
func behind(t *testing.T, opts ...Option) (a, b *Node, c *cable) {
	t.Helper()
	var h hub
	c = newCable(t)
	a = h.join(t, append(opts, WithID(discovery.ID{1}))...)
	b = h.join(t, append(opts, WithID(discovery.ID{2}), WithBackend(&proxied{h.backend(t), c}))...)
	wait(t, a, 1)
	wait(t, b, 1)
	return a, b, c
}

func TestShortCutIsNoEnd(t *testing.T) {
	a, b, c := behind(t)
	wa, wb := a.Presence(t.Context()), b.Presence(t.Context())
	defer wa.Close()
	defer wb.Close()
	next(t, wa, b.ID(), Up)
	next(t, wb, a.ID(), Up)
	c.cut()
	next(t, wa, b.ID(), Suspect)
	next(t, wb, a.ID(), Suspect)
	c.mend()
	for _, e := range []Event{next(t, wa, b.ID(), Up, Gone), next(t, wb, a.ID(), Up, Gone)} {
		if e.Peer.State != Up {
			t.Errorf("event %v", e)
		}
	}
	if err := b.Whisper(within(t), a.ID(), []byte("again")); err != nil {
		t.Error(err)
	}
	if m, err := a.Recv(within(t)); err != nil || string(m.Frames[0]) != "again" {
		t.Errorf("%v, %v", m, err)
	}
}

func TestSilentPeerIsSuspectAndGone(t *testing.T) {
	a, b, c := behind(t, WithHeartbeat(50*time.Millisecond, 400*time.Millisecond), WithSuspect(400*time.Millisecond))
	w := a.Presence(t.Context())
	defer w.Close()
	next(t, w, b.ID(), Up)
	c.freeze()
	// What is written meanwhile fills the buffers, so that the socket is stuck and
	// cannot tell by itself.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	flooded := make(chan struct{})
	go func() {
		defer close(flooded)
		for a.Whisper(ctx, b.ID(), make([]byte, 1<<20)) == nil {
		}
	}()
	if e := next(t, w, b.ID(), Suspect, Gone); e.Peer.State != Suspect || e.Err == nil {
		t.Errorf("event %v", e)
	}
	if e := next(t, w, b.ID(), Up, Gone); e.Peer.State != Gone || e.Reason != Lost {
		t.Errorf("event %v", e)
	}
	cancel()
	<-flooded
}

func TestRestartWithTheSameID(t *testing.T) {
	var h hub
	a := h.join(t)
	id := discovery.NewID()
	b := h.join(t, WithID(id))
	wait(t, a, 1)
	w := a.Presence(t.Context())
	defer w.Close()
	next(t, w, id, Up)
	kill(b)
	next(t, w, id, Suspect)
	c := h.join(t, WithID(id))
	wait(t, c, 1)
	if e := next(t, w, id, Up, Gone); e.Reason != Replaced {
		t.Errorf("event %v", e)
	}
	next(t, w, id, Up)
	b.Close()
	if err := a.Whisper(within(t), id, []byte("new")); err != nil {
		t.Error(err)
	}
	if m, err := c.Recv(within(t)); err != nil || string(m.Frames[0]) != "new" {
		t.Errorf("%v, %v", m, err)
	}
}

func TestTwoRealmsNeverLink(t *testing.T) {
	var h hub
	a, b := h.join(t, WithRealm("blue")), h.join(t, WithRealm("blue"))
	x, y := h.join(t, WithRealm("red")), h.join(t, WithRealm("red"))
	for _, n := range []*Node{a, b, x, y} {
		wait(t, n, 1)
		if s := n.Stats(); s.Links != 1 || s.Socket.Handshakes != 1 {
			t.Errorf("%d links, %d handshakes", s.Links, s.Socket.Handshakes)
		}
	}
}

// Those who are led to each other by mistake part at once, and stay apart.
func TestWrongCompanyIsRefused(t *testing.T) {
	tests := []struct {
		name, mesh, realm string
		why               Reason
	}{
		{"realm", "test", "red", RefusedRealm},
		{"mesh", "other", "", RefusedMesh},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h hub
			a := h.join(t)
			var elsewhere hub
			x, err := Join(t.Context(), tt.mesh, WithRealm(tt.realm), WithBackend(elsewhere.backend(t)), WithBind("tcp://127.0.0.1:0"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { x.Close() })
			wa, wx := a.Presence(t.Context()), x.Presence(t.Context())
			defer wa.Close()
			defer wx.Close()
			err = h.Put(&discovery.Instance{ID: x.ID(), Service: "test", SocketType: "ROUTER", Endpoints: x.Endpoints()})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range []Event{next(t, wa, x.ID(), Gone), next(t, wx, a.ID(), Gone)} {
				if e.Reason != tt.why {
					t.Errorf("event %v", e)
				}
			}
			for ctx := within(t); a.Stats().Links > 0 && ctx.Err() == nil; {
				_, _ = a.router.TryRecv()
			}
		})
	}
}

// readOnly announces nothing.
type readOnly struct{ *hubBackend }

func (readOnly) Announce(context.Context, discovery.Instance) (discovery.Announcement, error) {
	return nil, discovery.ErrUnsupported
}

// A list that knows only where nodes are, the reader itself among them, and not
// who they are, leads to one link for each two of them.
func TestListOfEndpoints(t *testing.T) {
	const nodes = 5
	var h hub
	ns := make([]*Node, nodes)
	for i := range ns {
		ns[i] = h.join(t, WithBackend(readOnly{h.backend(t)}), WithName(fmt.Sprint("node ", i)))
	}
	for _, n := range ns {
		for _, in := range static.Endpoints("test", "ROUTER", n.Endpoints()...) {
			if err := h.Put(&in); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, n := range ns {
		wait(t, n, nodes-1)
	}
	for _, n := range ns {
		eventually(t, n, "nobody but nodes", func() bool { return len(n.Peers()) == nodes-1 })
	}
}

// A peer that is only on a list, which says nothing when it leaves, is found
// again when it is back.
func TestListedPeerComesBack(t *testing.T) {
	var list, none hub
	b := none.join(t)
	at := b.Endpoints()[0]
	for _, in := range static.Endpoints("test", "ROUTER", at) {
		if err := list.Put(&in); err != nil {
			t.Fatal(err)
		}
	}
	a := list.join(t, WithBackend(readOnly{list.backend(t)}))
	wait(t, a, 1)
	w := a.Presence(t.Context())
	defer w.Close()
	next(t, w, b.ID(), Up)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if e := next(t, w, b.ID(), Gone); e.Reason != Left {
		t.Errorf("event %v", e)
	}
	c := none.join(t, WithBind(at))
	wait(t, c, 1)
	next(t, w, c.ID(), Up)
}
