package socket_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func (s *stage) join(d *socket.Dish, groups ...string) {
	s.Helper()
	if err := d.Join(groups...); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) leave(d *socket.Dish, groups ...string) {
	s.Helper()
	if err := d.Leave(groups...); err != nil {
		s.Fatal(err)
	}
}

// members waits until n peers have joined a group.
func (s *stage) members(r *socket.Radio, group string, n int) {
	s.Helper()
	if err := r.WaitMembers(s.ctx, group, n); err != nil {
		s.Fatal(err)
	}
}

// left waits until nobody is in a group, to whose members a message goes for
// each attempt.
func (s *stage) left(r *socket.Radio, group string) {
	s.Helper()
	s.until("nobody is in the group", func() bool {
		before := r.Stats().Out.Messages
		s.send(r, group, "is anybody there?")
		return r.Stats().Out.Messages == before
	})
}

func TestRFC48(t *testing.T) {
	show(t, "RD-01 a group is matched as a whole, and has 0 to 255 octets without NUL", func(s *stage) {
		longest := strings.Repeat("g", 255)
		radio, dish := s.radio(), s.dish()
		s.join(dish, "", "a", longest, "\x01\xff")
		s.star(radio, dish)
		for _, g := range []string{"", "a", longest, "\x01\xff"} {
			s.members(radio, g, 1)
		}
		for _, g := range []string{"ab", "A", longest[:254], "\x01", "", "a", longest, "\x01\xff"} {
			s.send(radio, g, "in "+g)
		}
		for _, g := range []string{"", "a", longest, "\x01\xff"} {
			s.want(dish, g, "in "+g)
		}
		s.empty(dish)
		for _, g := range []string{longest + "g", "a\x00", "\x00"} {
			s.matches(dish.Join(g), socket.ErrGroup)
			s.matches(dish.Leave(g), socket.ErrGroup)
			s.matches(radio.SendGroup(s.ctx, g, nil), socket.ErrGroup)
			s.matches(radio.Send(s.ctx, []byte(g), nil), socket.ErrGroup)
			s.matches(radio.WaitMembers(s.ctx, g, 1), socket.ErrGroup)
		}
	})

	showWire(t, "RD-02 DISH sends JOIN and LEAVE; a message is the group and the body", func(s *stage) {
		dish := s.dish()
		s.join(dish, "A")
		w := s.wireTo(dish, "RADIO", 1)
		w.expect(command("JOIN", "A"))
		s.join(dish, "B")
		s.leave(dish, "A")
		w.expect(command("JOIN", "B"), command("LEAVE", "A"))
		w.write(message("B", "body"))
		s.want(dish, "B", "body")

		radio := s.radio()
		w = s.wireTo(radio, "DISH", 0)
		w.write(command("JOIN", "A"), command("JOIN", "B"), command("LEAVE", "B"))
		s.members(radio, "A", 1)
		w.ping()
		s.send(radio, "B", "for nobody")
		s.send(radio, "A", "body")
		w.expect("\x01\x01A\x00\x04body")
		for _, m := range [][]string{{"A"}, {"A", "one", "two"}} {
			s.matches(radio.Send(s.ctx, octets(m)...), socket.ErrMessage)
		}
	})

	show(t, "RD-03 RADIO drops for the full peer alone", func(s *stage) {
		radio := s.radio(socket.WithSendHWM(2), socket.WithSendHWMBytes(0))
		slow, fast := s.dish(socket.WithRecvHWM(2)), s.dish()
		m := radio.Monitor()
		s.join(slow, "all")
		s.join(fast, "all")
		s.star(radio, slow, fast)
		s.members(radio, "all", 2)
		body := strings.Repeat("x", 64<<10)
		sent := uint64(0)
		for ; radio.Stats().Out.Dropped[socket.DropFull] == 0; sent++ {
			s.send(radio, "all", fmt.Sprint(sent)+body)
			s.want(fast, "all", fmt.Sprint(sent)+body)
		}
		e := s.event(m, socket.EventDropping)
		equal(s, "reason", e.Reason, socket.DropFull)
		equal(s, "messages", radio.Stats().Out.Messages, 2*sent)
		for i := range slow.Stats().In.Queued {
			s.want(slow, "all", fmt.Sprint(i)+body)
		}
	})

	showWire(t, "RD-03 what dishes send is dropped", func(s *stage) {
		radio, dish := s.radio(), s.dish()
		if _, ok := any(radio).(socket.Receiver); ok {
			s.Fatal("RADIO has Recv")
		}
		if _, ok := any(dish).(socket.Sender); ok {
			s.Fatal("DISH has Send")
		}
		w := s.wireTo(radio, "DISH", 1)
		w.write(message("A", "body"), message("\x01A"), message("\x01"), message(""), command("SUBSCRIBE", "A"))
		w.ping()
		equal(s, "dropped", radio.Stats().In.Dropped[socket.DropMalformed], 4)
		s.left(radio, "A")
		w.write(command("JOIN", "A"))
		s.members(radio, "A", 1)
		s.send(radio, "A", "body")
		w.expect(message("A", "body"))
	})

	show(t, "RD-04 joining twice and leaving what is not joined are errors", func(s *stage) {
		radio, dish := s.radio(), s.dish()
		s.matches(dish.Leave("A"), socket.ErrGroup)
		s.join(dish, "A")
		s.matches(dish.Join("A"), socket.ErrGroup)
		s.matches(dish.Join("B", "C", "B"), socket.ErrGroup)
		s.matches(dish.Join("B", "A"), socket.ErrGroup) // and B is not joined
		s.matches(dish.Leave("A", "B"), socket.ErrGroup)
		s.matches(dish.Leave("A", "A"), socket.ErrGroup)
		s.star(radio, dish)
		s.members(radio, "A", 1)
		s.send(radio, "B", "1")
		s.send(radio, "A", "2")
		s.want(dish, "A", "2")
		s.leave(dish, "A")
		s.matches(dish.Leave("A"), socket.ErrGroup)
		s.join(dish, "A", "C")
		s.members(radio, "C", 1)
		s.send(radio, "A", "3")
		s.want(dish, "A", "3")
	})

	show(t, "RD-05 groups are told again on a new connection, before it counts as connected", func(s *stage) {
		dish := s.dish(quick())
		s.join(dish, "A", "B", "C")
		endpoint := s.nowhere()
		s.connect(dish, endpoint)
		for i := range 3 {
			radio := s.radio()
			s.bindAt(radio, endpoint)
			s.members(radio, "A", 1)
			s.members(radio, "C", 1)
			if i > 0 {
				s.left(radio, "B")
			} else {
				s.leave(dish, "B") // while it is connected; the next radio never hears of it
			}
			s.send(radio, "A", fmt.Sprint(i))
			s.want(dish, "A", fmt.Sprint(i))
			drop(radio)
		}
	})

	show(t, "RD-08 a message tells its group", func(s *stage) {
		radio, dish := s.radio(), s.dish()
		s.join(dish, "A", "B")
		s.star(radio, dish)
		s.members(radio, "A", 1)
		s.members(radio, "B", 1)
		for _, g := range []string{"A", "B"} {
			if err := radio.SendGroup(s.ctx, g, []byte("in "+g)); err != nil {
				s.Fatal(err)
			}
			group, body, err := dish.RecvGroup(s.ctx)
			if err != nil || group != g || string(body) != "in "+g {
				s.Fatalf("received %q, %q, %v", group, body, err)
			}
		}
	})
}

func TestRFC48Local(t *testing.T) {
	show(t, "RD-01 what is on its way when a group is left is not received", func(s *stage) {
		radio, dish := s.radio(), s.dish()
		s.join(dish, "A", "B")
		s.star(radio, dish)
		s.members(radio, "A", 1)
		s.members(radio, "B", 1)
		s.send(radio, "A", "1")
		s.send(radio, "B", "2")
		s.arrived(dish, 2)
		s.leave(dish, "A")
		s.want(dish, "B", "2")
		equal(s, "filtered", dish.Stats().In.Dropped[socket.DropFiltered], 1)
	})

	showWire(t, "RD-02 DISH drops what is not a group and a body", func(s *stage) {
		dish := s.dish()
		s.join(dish, "A")
		w := s.wireTo(dish, "RADIO", 1)
		w.write(message("A"), message("A", "one", "two"), message("B", "of another group"), message("A", "good"))
		w.expect(command("JOIN", "A"))
		s.want(dish, "A", "good")
		in := dish.Stats().In
		equal(s, "malformed", in.Dropped[socket.DropMalformed], 2)
		equal(s, "filtered", in.Dropped[socket.DropFiltered], 1)
	})

	show(t, "RD-05 a dish of many radios receives of all, a radio of many dishes sends to each", func(s *stage) {
		radios, dishes := []*socket.Radio{s.radio(), s.radio(), s.radio()}, []*socket.Dish{s.dish(), s.dish(), s.dish()}
		for i, d := range dishes {
			s.join(d, "all", fmt.Sprint(i))
		}
		for _, r := range radios {
			s.star(r, dishes[0], dishes[1], dishes[2])
			s.members(r, "all", 3)
			for i := range dishes {
				s.members(r, fmt.Sprint(i), 1)
			}
		}
		for i, r := range radios {
			s.send(r, "all", fmt.Sprint(i))
			for j := range dishes {
				s.send(r, fmt.Sprint(j), fmt.Sprint(i))
			}
		}
		for j, d := range dishes {
			var got []string
			for range 6 {
				got = append(got, strings.Join(s.recv(d), " "))
			}
			slices.Sort(got)
			want := []string{"all 0", "all 1", "all 2", fmt.Sprint(j, " ", 0), fmt.Sprint(j, " ", 1), fmt.Sprint(j, " ", 2)}
			slices.Sort(want)
			if !slices.Equal(got, want) {
				s.Fatalf("dish %d received %q, want %q", j, got, want)
			}
			s.empty(d)
		}
	})

	show(t, "RD-04 a closed socket joins nothing and waits for nobody", func(s *stage) {
		radio, dish := s.radio(), s.dish()
		waited := make(chan error)
		go func() { waited <- radio.WaitMembers(s.ctx, "A", 1) }()
		drop(radio)
		drop(dish)
		s.matches(<-waited, socket.ErrClosed)
		s.matches(dish.Join("A"), socket.ErrClosed)
		s.matches(radio.SendGroup(s.ctx, "A", nil), socket.ErrClosed)
		if _, _, err := dish.RecvGroup(s.ctx); !errors.Is(err, socket.ErrClosed) {
			s.Fatalf("RecvGroup: %v", err)
		}
	})
}
