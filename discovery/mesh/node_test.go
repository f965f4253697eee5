package mesh

import (
	"errors"
	"testing"

	"github.com/brokerless/brokerless/discovery"
)

func TestNodesMeet(t *testing.T) {
	var h hub
	a := h.join(t, WithName("a"), WithMetadata(map[string]string{"rack": "7"}))
	b := h.join(t, WithName("b"))
	wait(t, a, 1)
	wait(t, b, 1)
	p, ok := b.Peer(a.ID())
	if !ok || p.State != Up || p.Name != "a" || p.Metadata["rack"] != "7" {
		t.Errorf("b sees %+v", p)
	}
	if got := a.Stats().Links; got != 1 {
		t.Errorf("%d links, want 1", got)
	}
	if err := a.SetMetadata(map[string]string{"rack": "8"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, b, "metadata", func() bool { p, _ := b.Peer(a.ID()); return p.Metadata["rack"] == "8" })
}

func TestWhisper(t *testing.T) {
	var h hub
	ns := h.full(t, 3)
	ctx := within(t)
	if err := ns[0].Whisper(ctx, ns[1].ID(), []byte("hello"), nil, []byte("there")); err != nil {
		t.Fatal(err)
	}
	m, err := ns[1].Recv(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if m.From != ns[0].ID() || m.Group != "" || m.Frames.String() != `["hello" "" "there"]` {
		t.Errorf("received %+v", m)
	}
	if err := ns[0].Whisper(ctx, discovery.NewID(), []byte("x")); !errors.Is(err, ErrUnknownPeer) {
		t.Errorf("whisper to nobody: %v", err)
	}
	if err := ns[1].Close(); err != nil {
		t.Fatal(err)
	}
	if err := ns[1].Whisper(ctx, ns[0].ID(), []byte("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("whisper of one who left: %v", err)
	}
	if _, err := ns[1].Recv(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("receive after leaving: %v", err)
	}
}
