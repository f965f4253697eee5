package socket

import "testing"

// TestSlowSubscriberInverted: with WithInvertMatching, too, a peer that is given up
// because it is slow gets nothing more.
func TestSlowSubscriberInverted(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		p := closing(t, must(NewPub(WithInvertMatching(), WithDropPolicy(PolicyDisconnectSlow))))
		sub := closing(t, must(NewSub(WithInvertMatching())))
		linked(t, scheme, p, sub)
		p.socket.send.Lock()
		for q := range p.socket.send.pipes {
			q.giveUp()
		}
		p.match([]byte("topic"))
		n := len(p.matches)
		p.unlockSend()
		if n != 0 {
			t.Errorf("the next message goes to %d peers", n)
		}
	})
}

// TestSubscribeForParting: with WithManual the application cannot subscribe a peer
// that is to leave, and only gets what is queued for it, to anything more.
func TestSubscribeForParting(t *testing.T) {
	x := closing(t, must(NewXPub(WithManual(), WithSendHWM(0), WithSendHWMBytes(0), WithLinger(0))))
	endpoint := must(x.Bind("tcp://127.0.0.1:0"))
	r := dialRaw(t, endpoint)
	r.meet("SUB")
	r.send(command("SUBSCRIBE", "A"), command("SUBSCRIBE", "B"))
	ctx := bounded(t)
	next := func(want string) {
		t.Helper()
		if m, err := x.Recv(ctx); err != nil || string(m[0]) != want {
			t.Fatalf("%q, %v; want %q", m, err, want)
		}
	}
	next("\x01A")
	if err := x.Subscribe("A"); err != nil {
		t.Fatal(err)
	}
	for range 32 { // more than systems hold: the peer does not read
		if err := x.Send(ctx, []byte("A"), make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	becomes(t, "the second subscription has come", func() bool { return x.Stats().In.Queued == 1 })
	x.SetLinger(patience)
	if err := x.Unbind(endpoint); err != nil {
		t.Fatal(err)
	}
	next("\x01B")
	if err := x.Subscribe("B"); err != nil {
		t.Fatal(err)
	}
	if x.Stats().Peers != 1 {
		t.Fatal("the peer has left, so this shows nothing")
	}
	if x.HasSubscribers("B") {
		t.Error("the peer that is to leave has subscribed to more")
	}
	r.reset()
}
