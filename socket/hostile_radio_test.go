package socket

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestHostileGroups: a dish that joins more than it may, or what is no group, is
// cut off; others keep theirs.
func TestHostileGroups(t *testing.T) {
	var flood []byte
	for i := range 101 {
		flood = append(flood, command("JOIN", fmt.Sprintf("%08d", i))...)
	}
	for _, a := range []attack{
		{name: "many", octets: flood, is: ErrTooLarge, says: "the limit is 100"},
		{name: "long", octets: command("JOIN", strings.Repeat("g", 256)), is: ErrProtocol, says: "256 octets"},
		{name: "NUL", octets: command("JOIN", "a\x00b"), is: ErrProtocol, says: "NUL"},
		{name: "long LEAVE", octets: command("LEAVE", strings.Repeat("g", 256)), is: ErrProtocol, says: "256 octets"},
		{name: "NUL in LEAVE", octets: command("LEAVE", "\x00"), is: ErrProtocol, says: "NUL"},
		{name: "of 1 MiB", octets: command("JOIN", strings.Repeat("g", 1<<20)), is: ErrTooLarge, says: "the limit is"},
		{name: "cut off", octets: command("JOIN", "group")[:6], finish: true, says: "closed"},
	} {
		t.Run(a.name, func(t *testing.T) {
			victim, friend := closing(t, must(NewRadio(WithMaxGroups(100)))), closing(t, must(NewDish()))
			events := watch(t, victim)
			if err := friend.Join("00000000"); err != nil {
				t.Fatal(err)
			}
			endpoint := linked(t, "tcp", victim, friend)
			if err := victim.WaitMembers(bounded(t), "00000000", 1); err != nil {
				t.Fatal(err)
			}
			r := dialRaw(t, endpoint)
			r.meet("DISH")
			r.send(a.octets)
			if a.finish {
				r.finish()
			}
			r.ended()
			a.refused(t, events.await("cut off", about(EventDisconnected, r.address())))
			if err := victim.SendGroup(bounded(t), "00000000", []byte("served")); err != nil {
				t.Fatal(err)
			}
			if m, err := friend.Recv(bounded(t)); err != nil || !slices.Equal(texts(m), []string{"00000000", "served"}) {
				t.Errorf("received %v, %v", m, err)
			}
			if out := victim.Stats().Out; out.Messages != 1 {
				t.Errorf("%d messages went out, want 1: the groups of the attacker are still there", out.Messages)
			}
			balanced(t, "victim", victim.Stats())
		})
	}
}

// TestHostileMembership: joining and leaving again and again, and what others'
// groups are left by, changes nothing for others, and a radio keeps no more of it.
func TestHostileMembership(t *testing.T) {
	victim, friend := closing(t, must(NewRadio(WithMaxGroups(1)))), closing(t, must(NewDish()))
	if err := friend.Join("friends"); err != nil {
		t.Fatal(err)
	}
	r := dialRaw(t, linked(t, "tcp", victim, friend))
	r.meet("DISH")
	var storm []byte
	for i := range 1000 {
		group := fmt.Sprint(i)
		storm = append(storm, command("LEAVE", "friends")...)
		storm = append(storm, command("JOIN", group)...)
		storm = append(storm, command("JOIN", group)...)
		storm = append(storm, command("LEAVE", group)...)
		storm = append(storm, message("x")...)
	}
	r.send(storm, command("JOIN", "last"))
	for _, group := range []string{"friends", "last"} {
		if err := victim.WaitMembers(bounded(t), group, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := victim.SendGroup(bounded(t), "friends", []byte("served")); err != nil {
		t.Fatal(err)
	}
	if m, err := friend.Recv(bounded(t)); err != nil || !slices.Equal(texts(m), []string{"friends", "served"}) {
		t.Errorf("received %v, %v", m, err)
	}
	if in := victim.Stats().In; in.Dropped[DropMalformed] != 1000 || in.Messages != 1000 {
		t.Errorf("in: %+v", in)
	}
	victim.send.Lock()
	defer victim.send.Unlock()
	if n := victim.groups.Topics(); n != 2 {
		t.Errorf("%d groups are kept, want 2", n)
	}
}

// TestHostileDatagrams: who throws whatever at a port, or more than is received,
// does not hurt those who come by a connection, nor the next datagram.
func TestHostileDatagrams(t *testing.T) {
	victim, friend := closing(t, must(NewDish(WithRecvHWM(10)))), closing(t, must(NewRadio()))
	if err := victim.Join("A"); err != nil {
		t.Fatal(err)
	}
	linked(t, "tcp", friend, victim)
	if err := friend.WaitMembers(bounded(t), "A", 1); err != nil {
		t.Fatal(err)
	}
	attacker := must(net.Dial("udp", strings.TrimPrefix(must(victim.Bind("udp://127.0.0.1:0")), "udp://")))
	defer attacker.Close()
	random := rand.New(rand.NewPCG(1, 2))
	sent := uint64(0)
	throw := func(b []byte) {
		must(attacker.Write(b))
		if sent++; sent%50 == 0 { // as many as the system has room for
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for ctx := bounded(t); victim.Stats().In.Messages < sent; {
				select {
				case <-tick.C:
				case <-ctx.Done():
					t.Fatalf("%d datagrams of %d have come", victim.Stats().In.Messages, sent)
				}
			}
		}
	}
	for range 1000 {
		b := make([]byte, random.IntN(600))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		throw(b)
	}
	for range 100 {
		throw([]byte("\x01Aflood"))
	}
	in := victim.Stats().In
	if in.Dropped[DropFull] < 90 || in.Dropped[DropMalformed] == 0 || in.Queued != 10 {
		t.Errorf("in: %+v", in)
	}
	if err := friend.SendGroup(bounded(t), "A", []byte("served")); err != nil {
		t.Fatal(err)
	}
	for served := false; !served; {
		m, err := victim.Recv(bounded(t))
		if err != nil {
			t.Fatal(err)
		}
		served = string(m[1]) == "served"
	}
	for in := victim.Stats().In; in.Queued > 0; in = victim.Stats().In {
		if _, err := victim.Recv(bounded(t)); err != nil {
			t.Fatal(err)
		}
	}
	must(attacker.Write([]byte("\x01Athe next")))
	if m, err := victim.Recv(bounded(t)); err != nil || string(m[1]) != "the next" {
		t.Errorf("received %v, %v", m, err)
	}
	balanced(t, "victim", victim.Stats())
}

// TestRadioAllocations: a message costs none.
func TestRadioAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	overAll(t, func(t *testing.T, scheme string) {
		const burst = 500
		ctx := t.Context()
		group, body := strings.Repeat("g", 40), make([]byte, 100)
		radio, dish := closing(t, must(NewRadio())), closing(t, must(NewDish()))
		if err := dish.Join(group); err != nil {
			t.Fatal(err)
		}
		linked(t, scheme, radio, dish)
		if err := radio.WaitMembers(bounded(t), group, 1); err != nil {
			t.Fatal(err)
		}
		var into Message
		round := func() {
			for range burst {
				if err := radio.SendGroup(ctx, group, body); err != nil {
					t.Fatal(err)
				}
			}
			for range burst {
				if err := dish.RecvInto(ctx, &into); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 4 {
			round()
		}
		if n := testing.AllocsPerRun(20, round) / burst; n > 0.005 {
			t.Errorf("%.4f allocations a message, want 0", n)
		}
	})
}

// TestPacketAllocations: nor does a datagram cost any.
func TestPacketAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	ctx := t.Context()
	body := make([]byte, 100)
	var into Message
	// One at a time: what the system has no room for, it would drop.
	each := func(t *testing.T, receive func(context.Context, *Message) error, send func() error) {
		t.Helper()
		round := func() {
			if err := send(); err != nil {
				t.Fatal(err)
			}
			if err := receive(ctx, &into); err != nil {
				t.Fatal(err)
			}
		}
		for range 100 {
			round()
		}
		if n := testing.AllocsPerRun(1000, round); n > 0 {
			t.Errorf("%v allocations a message, want 0", n)
		}
	}
	t.Run("RADIO to DISH", func(t *testing.T) {
		radio, dish := closing(t, must(NewRadio())), closing(t, must(NewDish()))
		if err := dish.Join("group"); err != nil {
			t.Fatal(err)
		}
		if err := radio.Connect(must(dish.Bind("udp://127.0.0.1:0"))); err != nil {
			t.Fatal(err)
		}
		each(t, dish.RecvInto, func() error { return radio.SendGroup(ctx, "group", body) })
	})
	t.Run("DGRAM to DGRAM", func(t *testing.T) {
		one, other := closing(t, must(NewDatagram())), closing(t, must(NewDatagram()))
		must(one.Bind("udp://127.0.0.1:0"))
		to := netip.MustParseAddrPort(strings.TrimPrefix(must(other.Bind("udp://127.0.0.1:0")), "udp://"))
		each(t, other.RecvInto, func() error { return one.SendTo(ctx, to, body) })
	})
}
