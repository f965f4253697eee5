package socket

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// A tired filter drops everything, and is told of when it has dropped some.
type tired struct {
	single
	left int
	told func()
}

func (f *tired) accept(*inlet, *queue.Raw) (prefix []byte, skip int, drop DropReason, ok bool) {
	if f.left--; f.left == 0 {
		f.told()
	}
	return nil, 0, DropMalformed, false
}

// TestDroppingEnds: however many messages there are to drop, Recv gives up when
// its context is done.
func TestDroppingEnds(t *testing.T) {
	const all, some = 20 * dropsAtOnce, dropsAtOnce / 2
	scatter, gather := closing(t, must(NewScatter(WithSendHWM(0)))), closing(t, must(NewGather(WithRecvHWM(0))))
	linked(t, "inproc", gather, scatter)
	for range all {
		if err := scatter.Send(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(bounded(t))
	defer cancel()
	gather.recv.Lock()
	gather.recv.filter = &tired{left: some, told: cancel}
	gather.recv.Unlock()
	if _, err := gather.Recv(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want one that says that it was canceled", err)
	}
	if n := gather.Stats().In.Dropped[DropMalformed]; n != dropsAtOnce {
		t.Errorf("%d messages were dropped, want %d", n, dropsAtOnce)
	}
	balanced(t, "GATHER", gather.Stats())
}

// TestLimitsOfSingle: messages of one frame are held against the limit before
// anything is queued.
func TestLimitsOfSingle(t *testing.T) {
	limit := WithMaxMessageSize(10)
	client, server := closing(t, must(NewClient(limit))), closing(t, must(NewServer(limit)))
	linked(t, "inproc", server, client)
	gather, scatter := closing(t, must(NewGather())), closing(t, must(NewScatter(limit)))
	linked(t, "inproc", gather, scatter)
	one, other := closing(t, must(NewChannel(limit))), closing(t, must(NewChannel()))
	linked(t, "inproc", one, other)
	peer := closing(t, must(NewPeerSocket(limit, WithLinger(0))))
	id := must(peer.ConnectPeer(anywhere(t, "inproc")))
	ctx := bounded(t)
	for _, tt := range []struct {
		name string
		s    node
		send func(body []byte) error
	}{
		{"CLIENT", client, func(b []byte) error { return client.Send(ctx, b) }},
		{"SERVER", server, func(b []byte) error { return server.SendTo(ctx, server.Stats().Each[0].Peer.ID, b) }},
		{"SCATTER", scatter, func(b []byte) error { return scatter.Send(ctx, b) }},
		{"CHANNEL", one, func(b []byte) error { return one.Send(ctx, b) }},
		{"PEER", peer, func(b []byte) error { return peer.SendTo(ctx, id, b) }},
	} {
		var op *OpError
		if err := tt.send(make([]byte, 11)); !errors.Is(err, ErrTooLarge) || !errors.As(err, &op) || op.Op != "send" || op.Socket != tt.name {
			t.Errorf("%s, one octet over the limit: %v", tt.name, err)
		}
		if n := tt.s.Stats().Out.Messages; n != 0 {
			t.Errorf("%s: %d messages were accepted", tt.name, n)
		}
		if err := tt.send(make([]byte, 10)); err != nil {
			t.Errorf("%s, at the limit: %v", tt.name, err)
		}
	}
}

// TestHostileMultipart: who sends nothing but messages of several frames holds up
// nobody.
func TestHostileMultipart(t *testing.T) {
	server, friend := closing(t, must(NewServer(WithRecvHWM(10)))), closing(t, must(NewClient()))
	r := dialRaw(t, linked(t, "tcp", server, friend))
	r.meet("CLIENT")
	const floods, words = 5000, 50
	flooded := make(chan struct{})
	go func() {
		defer close(flooded)
		for range floods / 10 {
			r.send(bytes.Repeat(message("a", "b"), 10))
		}
	}()
	for range words {
		if err := served(bounded(t), friend, friend, server); err != nil {
			t.Fatal(err)
		}
	}
	got := make(chan error, 1)
	go func() { got <- served(bounded(t), friend, friend, server) }()
	<-flooded
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	if st := server.Stats(); st.In.Delivered != words+1 || st.Peers != 2 {
		t.Errorf("%d peers, in: %+v", st.Peers, st.In)
	}
}
