package mesh

import (
	"context"
	"errors"
	"testing"
	"time"
)

func answer(t testing.TB, n *Node, text string) {
	t.Helper()
	err := n.HandleAsk("g", func(context.Context, Ask) ([][]byte, error) { return [][]byte{[]byte(text)}, nil })
	if err != nil {
		t.Fatal(err)
	}
}

func TestAskAllOfTwenty(t *testing.T) {
	if testing.Short() {
		t.Skip("20 nodes")
	}
	var h hub
	ns := h.full(t, 21)
	for _, n := range ns[1:] {
		answer(t, n, n.ID().String())
	}
	eventually(t, ns[0], "20 members", inGroup(ns[0], "g", 20))
	a, err := ns[0].Ask(within(t), "g", All(), []byte("?"))
	if err != nil || len(a.Replies) != 20 || len(a.Missing) != 0 {
		t.Fatalf("%d replies, missing %v, %v", len(a.Replies), a.Missing, err)
	}
	for _, r := range a.Replies {
		if string(r.Frames[0]) != r.Peer.String() {
			t.Errorf("%v replied %q", r.Peer, r.Frames[0])
		}
	}
}

// TestAskWhileOneLeaves: who is about to leave counts no more, whether that was
// known when it was asked or not.
func TestAskWhileOneLeaves(t *testing.T) {
	var h hub
	ns := h.full(t, 3)
	answer(t, ns[1], "stays")
	began, release := make(chan struct{}), make(chan struct{})
	if err := ns[2].HandleAsk("g", func(context.Context, Ask) ([][]byte, error) {
		close(began)
		<-release
		return [][]byte{[]byte("leaves")}, nil
	}); err != nil {
		t.Fatal(err)
	}
	eventually(t, ns[0], "2 members", inGroup(ns[0], "g", 2))
	first := make(chan error, 1)
	go func() {
		a, err := ns[0].Ask(within(t), "g", All(), []byte("?"))
		if err == nil && len(a.Replies) != 2 {
			err = errors.New("what was asked before is answered")
		}
		first <- err
	}()
	<-began
	left := make(chan error, 1)
	go func() { left <- ns[2].Leave(within(t)) }()
	eventually(t, ns[0], "draining", func() bool { p, _ := ns[0].Peer(ns[2].ID()); return p.Draining })
	ask := func(what string) {
		t.Helper()
		a, err := ns[0].Ask(within(t), "g", All(), []byte("?"))
		if err != nil || len(a.Replies) != 1 || string(a.Replies[0].Frames[0]) != "stays" || len(a.Missing) != 0 {
			t.Errorf("%s: %+v, %v", what, a, err)
		}
	}
	ask("known")
	ns[0].mu.Lock()
	ns[0].roster.members[ns[2].ID()].draining = false
	ns[0].mu.Unlock()
	ask("not known")
	close(release)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if err := <-left; err != nil {
		t.Error(err)
	}
}

func TestAskNamesWhoFailed(t *testing.T) {
	var h hub
	ns := h.full(t, 6)
	answer(t, ns[1], "one")
	answer(t, ns[2], "two")
	failing := func(context.Context, Ask) ([][]byte, error) { return nil, &CallError{Code: CodeUser, Text: "broken"} }
	if err := ns[3].HandleAsk("g", failing); err != nil {
		t.Fatal(err)
	}
	if err := ns[4].JoinGroup("g"); err != nil { // and answers nothing
		t.Fatal(err)
	}
	canceled := make(chan struct{}, 1)
	slow := func(ctx context.Context, _ Ask) ([][]byte, error) {
		<-ctx.Done()
		select {
		case canceled <- struct{}{}:
		default:
		}
		return nil, ctx.Err()
	}
	if err := ns[5].HandleAsk("g", slow); err != nil {
		t.Fatal(err)
	}
	if err := ns[5].HandleAsk("g", slow); !errors.Is(err, ErrTaken) {
		t.Errorf("a second handler: %v", err)
	}
	eventually(t, ns[0], "5 members", inGroup(ns[0], "g", 5))

	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	a, err := ns[0].Ask(ctx, "g", All())
	if !errors.Is(err, ErrTooFew) || !errors.Is(err, context.DeadlineExceeded) || len(a.Replies) != 2 || len(a.Missing) != 3 {
		t.Errorf("all: %+v, %v", a, err)
	}
	codes := map[string]Code{}
	for _, f := range a.Missing {
		var e *CallError
		if !errors.As(f.Err, &e) || e.Peer != f.Peer {
			t.Errorf("failure %+v", f)
			continue
		}
		codes[f.Peer.String()] = e.Code
	}
	for i, want := range []Code{3: CodeUser, 4: CodeNoService, 5: CodeExpired} {
		if got := codes[ns[i].ID().String()]; got != want {
			t.Errorf("node %d failed with %d, want %d", i, got, want)
		}
	}
	<-canceled

	for _, tt := range []struct {
		name      string
		want      Want
		few, late bool
	}{
		{"first", First(), false, false},
		{"at least 2", AtLeast(2), false, false},
		{"quorum", Quorum(), true, true}, // with the slow one it could be
		{"at least 4", AtLeast(4), true, false},
		{"at least 9", AtLeast(9), true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			a, err := ns[0].Ask(ctx, "g", tt.want)
			if late := errors.Is(err, context.DeadlineExceeded); late != tt.late {
				t.Errorf("until the deadline: %v, want %v", late, tt.late)
			}
			if tt.few != errors.Is(err, ErrTooFew) || !tt.few && err != nil {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
	if _, err := ns[0].Ask(ctx, "empty", First()); !errors.Is(err, ErrNoMembers) {
		t.Errorf("nobody: %v", err)
	}
}

func TestWant(t *testing.T) {
	tests := []struct {
		name        string
		w           Want
		asked, want int
	}{
		{"first", First(), 7, 1},
		{"at least", AtLeast(3), 7, 3},
		{"all", All(), 7, 7},
		{"quorum of 1", Quorum(), 1, 1},
		{"quorum of 2", Quorum(), 2, 2},
		{"quorum of 3", Quorum(), 3, 2},
		{"quorum of 4", Quorum(), 4, 3},
	}
	for _, tt := range tests {
		if got := tt.w.of(tt.asked); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}
