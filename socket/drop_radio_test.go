package socket_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// TestRadioDropPolicy: a RADIO has the policies of a publisher.
func TestRadioDropPolicy(t *testing.T) {
	// full is a RADIO with one member of "A" that has room for two messages.
	full := func(s *stage, p socket.DropPolicy) (*socket.Radio, *socket.Dish) {
		s.Helper()
		radio, dish := s.radio(socket.WithDropPolicy(p), socket.WithSendHWM(1)), s.dish(socket.WithRecvHWM(1), never())
		s.join(dish, "A")
		s.star(radio, dish)
		s.members(radio, "A", 1)
		return radio, dish
	}

	showInproc(t, "drop newest", func(s *stage) {
		radio, dish := full(s, socket.PolicyDropNewest)
		for i := range 10 {
			s.send(radio, "A", fmt.Sprint(i))
		}
		equal(s, "dropped", radio.Stats().Out.Dropped, socket.Drops{socket.DropFull: 8})
		s.want(dish, "A", "0")
		s.want(dish, "A", "1")
		s.empty(dish)
	})

	showInproc(t, "drop oldest", func(s *stage) {
		radio, dish := full(s, socket.PolicyDropOldest)
		for i := range 10 {
			s.send(radio, "A", fmt.Sprint(i))
		}
		equal(s, "dropped", radio.Stats().Out.Dropped, socket.Drops{socket.DropEvicted: 8})
		s.want(dish, "A", "8")
		s.want(dish, "A", "9")
		s.empty(dish)
	})

	showInproc(t, "block", func(s *stage) {
		radio, dish := full(s, socket.PolicyBlock)
		s.send(radio, "A", "0")
		s.send(radio, "A", "1")
		s.send(radio, "B", "nobody waits for it")
		s.blocked(radio, "A", "2")
		done, cancel := context.WithCancel(s.ctx)
		cancel()
		s.matches(radio.SendGroup(done, "A", []byte("2")), context.Canceled)
		for i := range 4 { // each of them is what lets a Send go on
			if i > 1 {
				s.join(dish, "A")
				s.members(radio, "A", 1)
			}
			if i > 0 {
				s.fill(radio, 10, "A", "x")
			}
			sent := make(chan error, 1)
			go func() { sent <- radio.SendGroup(s.ctx, "A", []byte("waited")) }()
			switch i {
			case 0:
				s.want(dish, "A", "0")
				s.want(dish, "A", "1")
			case 1:
				s.leave(dish, "A")
				s.matches(<-sent, nil)
				continue
			case 2:
				s.leave(dish, "A") // and again, with what is left of the last round unreceived
			case 3:
				drop(dish)
			}
			s.matches(<-sent, nil)
			if i == 0 {
				s.want(dish, "A", "waited")
			}
		}
		equal(s, "dropped because it was full", radio.Stats().Out.Dropped[socket.DropFull], 0)
		closing := s.radio(socket.WithDropPolicy(socket.PolicyBlock), socket.WithSendHWM(1), socket.WithLinger(0))
		other := s.dish(socket.WithRecvHWM(1))
		s.join(other, "A")
		s.star(closing, other)
		s.members(closing, "A", 1)
		s.fill(closing, 10, "A", "x")
		sent := make(chan error, 1)
		go func() { sent <- closing.SendGroup(s.ctx, "A", []byte("waited")) }()
		drop(closing)
		s.matches(<-sent, socket.ErrClosed)
	})

	showInproc(t, "disconnect slow", func(s *stage) {
		radio, dish := full(s, socket.PolicyDisconnectSlow)
		m := radio.Monitor()
		for i := range 3 {
			s.send(radio, "A", fmt.Sprint(i))
		}
		if e := s.event(m, socket.EventDisconnected); !errors.Is(e.Err, socket.ErrSlow) {
			s.Fatalf("%v", e)
		}
		s.peers(dish, 0)
		equal(s, "did not fit", radio.Stats().Out.Dropped[socket.DropFull], 1)
		s.send(radio, "A", "nobody hears it")
		equal(s, "messages", radio.Stats().Out.Messages, 3)
	})
}

// TestHasMembers: a RADIO tells whether a message would go to anybody.
func TestHasMembers(t *testing.T) {
	show(t, "members", func(s *stage) {
		radio, dish := s.radio(), s.dish()
		equal(s, "without peers", radio.HasMembers("A"), false)
		s.join(dish, "A")
		s.star(radio, dish)
		s.members(radio, "A", 1)
		equal(s, "of A", radio.HasMembers("A"), true)
		equal(s, "of a prefix", radio.HasMembers(""), false)
		equal(s, "of more", radio.HasMembers("AB"), false)
		equal(s, "of what is no group", radio.HasMembers("\x00"), false)
		s.leave(dish, "A")
		s.until("it has left", func() bool { return !radio.HasMembers("A") })
		radio.Close()
		equal(s, "closed", radio.HasMembers("A"), false)
	})
	showUDP(t, "over udp nobody knows", func(s *stage) {
		radio := s.radio()
		s.connect(radio, "udp://127.0.0.1:5555")
		equal(s, "of A", radio.HasMembers("A"), true)
	})
}
