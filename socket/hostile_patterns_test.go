package socket

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// exchange has one send and other receive it.
func exchange(t testing.TB, from Sender, to Receiver, frames ...string) {
	t.Helper()
	m := make([][]byte, len(frames))
	for i, f := range frames {
		m[i] = []byte(f)
	}
	if err := from.Send(bounded(t), m...); err != nil {
		t.Fatal(err)
	}
	got, err := to.Recv(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(texts(got), frames) {
		t.Fatalf("received %q, want %q", texts(got), frames)
	}
}

// TestHostileMute: connections that say nothing lose their place to newcomers,
// the oldest first, and those that keep one lose it at the deadline.
func TestHostileMute(t *testing.T) {
	const places, crowd = 8, 100
	victim := closing(t, must(NewPull(WithMaxHandshakes(places))))
	events := watch(t, victim)
	endpoint := must(victim.Bind("tcp://127.0.0.1:0"))
	mute := make([]*raw, crowd)
	for i := range mute {
		mute[i] = dialRaw(t, endpoint)
		if i%2 == 1 {
			mute[i].send(greeting(3, 1, "NULL")[:i%64])
		}
		events.await("accepted", about(EventAccepted, mute[i].address()))
	}
	for _, r := range mute[:crowd-places] {
		r.ended()
		e := events.await("evicted", about(EventHandshakeFailed, r.address()))
		if !errors.Is(e.Err, ErrProtocol) || !strings.Contains(e.Err.Error(), "the oldest goes") {
			t.Fatalf("reason %v", e.Err)
		}
	}
	if st := victim.Stats(); st.Pending > places || st.Refused != crowd-places {
		t.Errorf("%d in the handshake, %d refused, want at most %d, and %d", st.Pending, st.Refused, places, crowd-places)
	}
	newcomer := closing(t, must(NewPush()))
	if err := newcomer.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	exchange(t, newcomer, victim, "newcomer")
}

// TestHostileMuteDeadline: the deadline of a handshake is one for all of it.
func TestHostileMuteDeadline(t *testing.T) {
	for name, octets := range map[string][]byte{
		"mute": nil, "half a greeting": greeting(3, 1, "NULL")[:40], "greeting": greeting(3, 1, "NULL"),
		"half of READY": append(greeting(3, 1, "NULL"), ready("Socket-Type", "PUSH")[:9]...),
	} {
		t.Run(name, func(t *testing.T) {
			victim := closing(t, must(NewPull(WithHandshakeTimeout(50*time.Millisecond))))
			events := watch(t, victim)
			r := dialRaw(t, must(victim.Bind("tcp://127.0.0.1:0")))
			r.send(octets)
			r.ended()
			e := events.await("too slow", about(EventHandshakeFailed, r.address()))
			if !strings.Contains(e.Err.Error(), "handshake not done within 50ms") {
				t.Errorf("reason %v", e.Err)
			}
		})
	}
}

// TestHostileIdentity: a ROUTER gives an identity to one peer at a time, and
// only such as a peer may have.
func TestHostileIdentity(t *testing.T) {
	victim := closing(t, must(NewRouter()))
	events := watch(t, victim)
	friend := closing(t, must(NewDealer(WithIdentity([]byte("friend")))))
	endpoint := linked(t, "tcp", victim, friend)
	served := func(t *testing.T) {
		t.Helper()
		if err := victim.SendTo(bounded(t), "friend", []byte("to you")); err != nil {
			t.Fatal(err)
		}
		m, err := friend.Recv(bounded(t))
		if err != nil || !slices.Equal(texts(m), []string{"to you"}) {
			t.Fatalf("the friend received %v, %v", m, err)
		}
		if st := friend.Stats(); st.Lost != 0 {
			t.Fatalf("the friend lost %d connections", st.Lost)
		}
	}
	for _, tt := range []struct{ name, id, says string }{
		{"too long", strings.Repeat("i", 256), "256 octets"},
		{"zero first", "\x00\x00\x00\x00\x01", "first octet"},
		{"taken", "friend", `"friend" of`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := dialRaw(t, endpoint)
			r.send(greeting(3, 1, "NULL"), ready("Socket-Type", "DEALER", "Identity", tt.id), message("from a thief"))
			r.ended()
			e := events.await("refused", about(EventHandshakeFailed, r.address()))
			if !errors.Is(e.Err, ErrProtocol) || !strings.Contains(e.Err.Error(), tt.says) {
				t.Errorf("reason %v", e.Err)
			}
			served(t)
			if m, err := victim.TryRecv(); !errors.Is(err, ErrWouldBlock) {
				t.Errorf("received %v, %v", m, err)
			}
		})
	}
	t.Run("anonymous", func(t *testing.T) {
		// What ROUTER makes up for those without one is out of reach of the others.
		r := dialRaw(t, endpoint)
		r.meet("DEALER", "Identity", "")
		r.send(message("hello"))
		m, err := victim.Recv(bounded(t))
		if err != nil || len(m) != 2 || len(m[0]) != 5 || m[0][0] != 0 {
			t.Fatalf("received %v, %v", m, err)
		}
		served(t)
	})
}

// TestHostileSubscriptions: a peer that subscribes beyond its limits is cut off;
// others keep theirs.
func TestHostileSubscriptions(t *testing.T) {
	flood := func(form func(string) []byte, n int) (b []byte) {
		for i := range n {
			b = append(b, form(fmt.Sprintf("%08d", i))...)
		}
		return b
	}
	byCommand := func(topic string) []byte { return command("SUBSCRIBE", topic) }
	byMessage := func(topic string) []byte { return message("\x01" + topic) }
	for _, a := range []attack{
		{name: "commands", octets: flood(byCommand, 101), is: ErrTooLarge, says: "100 topics"},
		{name: "messages", octets: flood(byMessage, 101), is: ErrTooLarge, says: "100 topics"},
		{name: "octets", octets: byCommand(strings.Repeat("t", 1<<10+1)), is: ErrTooLarge, says: "1024 octets"},
		{name: "long topic", octets: byCommand(strings.Repeat("t", maxTopic+1)), is: ErrTooLarge, says: "65537"},
		{name: "long topic in a message", octets: byMessage(strings.Repeat("t", maxTopic+1)), is: ErrTooLarge, says: "65537"},
		{name: "topic of 1 MiB", octets: byCommand(strings.Repeat("t", 1<<20)), is: ErrTooLarge, says: "1048586"},
	} {
		t.Run(a.name, func(t *testing.T) {
			victim := closing(t, must(NewXPub(WithMaxSubscriptions(100, 1<<10))))
			events := watch(t, victim)
			friend := closing(t, must(NewSub()))
			if err := friend.Subscribe("0"); err != nil {
				t.Fatal(err)
			}
			endpoint := linked(t, "tcp", victim, friend)
			if err := victim.WaitSubscribers(bounded(t), "0", 1); err != nil {
				t.Fatal(err)
			}
			r := dialRaw(t, endpoint)
			r.meet("SUB")
			r.send(a.octets)
			r.ended()
			a.refused(t, events.await("cut off", about(EventDisconnected, r.address())))
			exchange(t, victim, friend, "00000000")
			if out := victim.Stats().Out; out.Messages != 1 {
				t.Errorf("%d messages went out, want 1: the subscriptions of the attacker are still there", out.Messages)
			}
		})
	}
	t.Run("cancel of what was never there", func(t *testing.T) {
		victim := closing(t, must(NewPub(WithMaxSubscriptions(1, 8))))
		friend := closing(t, must(NewSub()))
		if err := friend.Subscribe("topic"); err != nil {
			t.Fatal(err)
		}
		r := dialRaw(t, linked(t, "tcp", victim, friend))
		r.meet("SUB")
		for range 1000 { // its count must not go below zero, nor touch the friend's
			r.send(command("CANCEL", "topic"), message("\x00topic"))
		}
		r.send(byCommand("one"), message("nothing a PUB wants"), command("CANCEL", "one"), byCommand("two"))
		for topic, n := range map[string]int{"topic": 1, "two": 1} {
			if err := victim.WaitSubscribers(bounded(t), topic, n); err != nil {
				t.Fatal(err)
			}
		}
		exchange(t, victim, friend, "topic")
		if in := victim.Stats().In; in.Dropped[DropMalformed] != 1 || in.Messages != 1 {
			t.Errorf("in: %+v", in)
		}
	})
}

// TestHostileEnvelope: what has no envelope never reaches a REP or REQ, and
// does not disturb the requests of others.
func TestHostileEnvelope(t *testing.T) {
	broken := [][]byte{message("no delimiter"), message("a", "b", "c")}
	rep := closing(t, must(NewRep()))
	req := closing(t, must(NewReq()))
	r := dialRaw(t, linked(t, "tcp", rep, req))
	r.meet("DEALER", "Identity", "")
	if err := req.Send(bounded(t), []byte("question")); err != nil {
		t.Fatal(err)
	}
	m, err := rep.Recv(bounded(t))
	if err != nil || !slices.Equal(texts(m), []string{"question"}) {
		t.Fatalf("received %v, %v", m, err)
	}
	r.send(broken...)
	r.send(message("", "last"))
	if err := rep.Send(bounded(t), []byte("answer")); err != nil {
		t.Fatal(err)
	}
	if m, err = rep.Recv(bounded(t)); err != nil || !slices.Equal(texts(m), []string{"last"}) {
		t.Fatalf("received %v, %v", m, err)
	}
	if m, err = req.Recv(bounded(t)); err != nil || !slices.Equal(texts(m), []string{"answer"}) {
		t.Fatalf("received %v, %v", m, err)
	}
	if n := rep.Stats().In.Dropped[DropMalformed]; n != uint64(len(broken)) {
		t.Errorf("%d messages dropped as malformed, want %d", n, len(broken))
	}
}

// TestHostileRequester: a peer that asks and is gone before the answer costs
// the REP nothing but the answer.
func TestHostileRequester(t *testing.T) {
	rep := closing(t, must(NewRep()))
	events := watch(t, rep)
	req := closing(t, must(NewReq()))
	endpoint := linked(t, "tcp", rep, req)
	const rounds = 20
	for range rounds {
		r := dialRaw(t, endpoint)
		r.meet("REQ", "Identity", "")
		r.send(message("", "question"))
		if _, err := rep.Recv(bounded(t)); err != nil {
			t.Fatal(err)
		}
		r.reset()
		events.await("gone", about(EventDisconnected, r.address()))
		if err := rep.Send(bounded(t), []byte("answer")); err != nil {
			t.Fatalf("an answer to nobody: %v", err)
		}
	}
	if n := rep.Stats().Out.Dropped[DropPeerGone]; n != rounds {
		t.Errorf("%d answers dropped for want of a peer, want %d", n, rounds)
	}
	balanced(t, "REP", rep.Stats())
	done := make(chan error, 1)
	go func() {
		_, err := rep.Recv(t.Context())
		done <- errors.Join(err, rep.Send(t.Context(), []byte("answer")))
	}()
	if _, err := req.Request(bounded(t), []byte("question")); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestHostileSlowReader: who does not read loses messages above the high-water
// mark, counted; nobody waits for it.
func TestHostileSlowReader(t *testing.T) {
	body := string(make([]byte, 32<<10))
	t.Run("PUB", func(t *testing.T) {
		pub := closing(t, must(NewPub(WithSendHWM(10), WithLinger(0))))
		events := watch(t, pub)
		friend := closing(t, must(NewSub()))
		if err := friend.Subscribe(""); err != nil {
			t.Fatal(err)
		}
		r := dialRaw(t, linked(t, "tcp", pub, friend))
		r.meet("SUB")
		r.send(command("SUBSCRIBE", ""))
		if err := pub.WaitSubscribers(bounded(t), "", 2); err != nil {
			t.Fatal(err)
		}
		for pub.Stats().Out.Dropped[DropFull] < 100 {
			exchange(t, pub, friend, body)
		}
		e := events.await("dropping", about(EventDropping, r.address()))
		if e.Reason != DropFull {
			t.Errorf("reason %v", e.Reason)
		}
		balanced(t, "PUB", pub.Stats())
	})
	t.Run("ROUTER", func(t *testing.T) {
		router := closing(t, must(NewRouter(WithSendHWM(10), WithLinger(0))))
		friend := closing(t, must(NewDealer(WithIdentity([]byte("friend")))))
		r := dialRaw(t, linked(t, "tcp", router, friend))
		r.meet("DEALER", "Identity", "slow")
		if err := router.WaitPeers(bounded(t), 2); err != nil {
			t.Fatal(err)
		}
		for router.Stats().Out.Dropped[DropFull] < 100 {
			for _, id := range []PeerID{"slow", "friend"} {
				if err := router.SendTo(bounded(t), id, []byte(body)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := friend.Recv(bounded(t)); err != nil {
				t.Fatal(err)
			}
		}
		balanced(t, "ROUTER", router.Stats())
	})
	t.Run("PUSH", func(t *testing.T) {
		push := closing(t, must(NewPush(WithSendHWM(10), WithLinger(0))))
		friend := closing(t, must(NewPull()))
		r := dialRaw(t, linked(t, "tcp", push, friend))
		r.meet("PULL")
		if err := push.WaitPeers(bounded(t), 2); err != nil {
			t.Fatal(err)
		}
		// Once the slow one is full, everything goes to the friend.
		for inRow := 0; inRow < 50; inRow++ {
			if err := push.Send(bounded(t), []byte(body)); err != nil {
				t.Fatal(err)
			}
			short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			if _, err := friend.Recv(short); err != nil {
				inRow = 0
			}
			cancel()
		}
		if n := push.Stats().Out.Dropped.Total(); n != 0 {
			t.Errorf("%d messages dropped", n)
		}
		if n := push.Stats().Peers; n != 2 {
			t.Errorf("%d peers, want 2", n)
		}
	})
}
