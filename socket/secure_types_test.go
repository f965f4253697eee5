package socket_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// secretBodies are of the sizes at which something changes on the way: of
// headers, of buffers, of chunks.
func secretBodies() (bodies []string) {
	for _, n := range []int{0, 1, 222, 223, 255, 256, 8192, 16 << 10, 64 << 10, 1 << 20} {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i * 7 >> (i & 3))
		}
		bodies = append(bodies, string(b))
	}
	return bodies
}

// passes sends messages of all sizes, alone and in many frames, one after the
// other and in one go.
func (s *stage) passes(from socket.Sender, to socket.Receiver) {
	s.Helper()
	bodies := secretBodies()
	for _, b := range bodies {
		s.send(from, b)
		s.want(to, b)
	}
	for range 2 {
		s.send(from, bodies...)
		for _, b := range bodies {
			s.send(from, b, "and more")
		}
		s.want(to, bodies...)
		for _, b := range bodies {
			s.want(to, b, "and more")
		}
	}
}

// TestEncryptedTypes: every type of socket works under CURVE as it does in the
// clear, over every transport that leaves the process.
func TestEncryptedTypes(t *testing.T) {
	secret := socket.Encrypted()
	showWire(t, "PUSH to PULL", func(s *stage) {
		push, pull := s.push(secret), s.pull(secret)
		s.star(pull, push)
		s.passes(push, pull)
	})
	showWire(t, "PUSH that is bound", func(s *stage) {
		push, pull := s.push(secret), s.pull(secret)
		s.star(push, pull)
		s.passes(push, pull)
	})
	showWire(t, "RADIO and DISH", func(s *stage) {
		radio, dish := s.radio(secret), s.dish(secret)
		s.join(dish, "early", "left")
		s.leave(dish, "left")
		s.star(radio, dish)
		s.join(dish, "late")
		for _, g := range []string{"early", "late"} {
			s.members(radio, g, 1)
		}
		for _, b := range secretBodies() {
			s.send(radio, "left", b)
			s.send(radio, "early", b)
			s.send(radio, "late", b)
			s.want(dish, "early", b)
			s.want(dish, "late", b)
		}
	})
	showWire(t, "DEALER and ROUTER", func(s *stage) {
		dealer, router := s.dealer(secret, socket.WithIdentity([]byte("d"))), s.router(secret)
		s.star(router, dealer)
		for _, b := range secretBodies() {
			s.send(dealer, b, "x")
			s.want(router, "d", b, "x")
			s.send(router, "d", b, "y")
			s.want(dealer, b, "y")
		}
	})
	showWire(t, "REQ and REP", func(s *stage) {
		req, rep := s.req(secret), s.rep(secret)
		s.star(rep, req)
		for _, b := range secretBodies() {
			s.send(req, b, "x")
			s.want(rep, b, "x")
			s.send(rep, b)
			s.want(req, b)
		}
	})
	showWire(t, "PAIR", func(s *stage) {
		one, other := s.pair(secret), s.pair(secret)
		s.star(one, other)
		s.passes(one, other)
		s.passes(other, one)
	})
	showWire(t, "CLIENT and SERVER", func(s *stage) {
		client, server := s.client(secret), s.server(secret)
		s.star(server, client)
		for _, b := range secretBodies() {
			s.send(client, b)
			s.tell(server, s.from(server, b), b)
			s.want(client, b)
		}
	})
	showWire(t, "PEER", func(s *stage) {
		one, other := s.peer(secret), s.peer(secret)
		who := s.meetPeer(one, other)
		for _, b := range secretBodies() {
			s.tell(one, who, b)
			s.tell(other, s.from(other, b), b)
			equal(s, "id", s.from(one, b), who)
		}
	})
	showWire(t, "SCATTER, GATHER and CHANNEL", func(s *stage) {
		scatter, gather, one, other := s.scatter(secret), s.gather(secret), s.channel(secret), s.channel(secret)
		s.star(scatter, gather)
		s.star(one, other)
		for _, b := range secretBodies() {
			s.send(scatter, b)
			s.want(gather, b)
			s.send(one, b)
			s.want(other, b)
			s.send(other, b)
			s.want(one, b)
		}
	})
	showWire(t, "PUB to many SUB", func(s *stage) {
		pub := s.pub(secret)
		endpoint := s.bind(pub)
		subs := make([]*socket.Sub, 5)
		for i := range subs {
			subs[i] = s.sub(secret)
			if err := subs[i].Subscribe("all", fmt.Sprint("only ", i)); err != nil {
				s.Fatal(err)
			}
			s.connect(subs[i], endpoint)
		}
		if err := pub.WaitSubscribers(s.ctx, "all", len(subs)); err != nil {
			s.Fatal(err)
		}
		for _, b := range secretBodies() {
			s.send(pub, "all", b)
			s.send(pub, "nobody", b)
			for i, sub := range subs {
				s.send(pub, fmt.Sprint("only ", i), b)
				s.want(sub, "all", b)
				s.want(sub, fmt.Sprint("only ", i), b)
			}
		}
		if err := errors.Join(subs[0].Unsubscribe("all"), subs[0].Subscribe("behind that")); err != nil {
			s.Fatal(err)
		}
		if err := pub.WaitSubscribers(s.ctx, "behind that", 1); err != nil {
			s.Fatal(err)
		}
		s.send(pub, "all", "the end")
		s.want(subs[1], "all", "the end")
		s.empty(subs[0])
	})
	showWire(t, "XPUB and XSUB", func(s *stage) {
		xpub, xsub := s.xpub(secret), s.xsub(secret)
		s.star(xpub, xsub)
		s.send(xsub, "\x01topic")
		s.want(xpub, "\x01topic")
		for _, b := range secretBodies() {
			s.send(xpub, "topic", b)
			s.want(xsub, "topic", b)
		}
		s.send(xsub, "upstream", "message")
		s.want(xpub, "upstream", "message")
		s.send(xsub, "\x00topic")
		s.want(xpub, "\x00topic")
	})
}

// TestEncryptedOptions: what the queues and the heartbeat do does not depend on
// what the wire carries.
func TestEncryptedOptions(t *testing.T) {
	secret := socket.Encrypted()
	showWire(t, "conflate", func(s *stage) {
		push := s.push(secret, socket.WithConflate())
		endpoint := s.nowhere()
		s.connect(push, endpoint)
		for i := range 100 {
			s.send(push, fmt.Sprint(i))
		}
		pull := s.pull(secret)
		s.bindAt(pull, endpoint)
		s.want(pull, "99")
		s.empty(pull)
	})
	showWire(t, "high-water mark", func(s *stage) {
		push, pull := s.push(secret, socket.WithSendHWM(10)), s.pull(secret, socket.WithRecvHWM(10))
		s.star(pull, push)
		body := strings.Repeat("x", 32<<10)
		taken := s.fill(push, 10_000, body)
		if taken == 10_000 {
			s.Fatal("it never was full")
		}
		for range taken {
			s.want(pull, body)
		}
		s.send(push, "the end")
		s.want(pull, "the end")
	})
	showWire(t, "heartbeat", func(s *stage) {
		beat := socket.WithHeartbeat(5*time.Millisecond, 10*time.Second)
		push, pull := s.push(secret, beat), s.pull(secret, beat)
		s.star(pull, push)
		first := pull.Stats().Each[0].LastHeard
		s.until("it was heard by its heartbeat alone", func() bool {
			return pull.Stats().Each[0].LastHeard.Sub(first) > 20*time.Millisecond
		})
		s.send(push, "message")
		s.want(pull, "message")
		equal(s, "connections lost", pull.Stats().Lost+push.Stats().Lost, 0)
	})
	showWire(t, "linger", func(s *stage) {
		push, pull := s.push(secret), s.pull(secret)
		s.star(pull, push)
		bodies := secretBodies()
		for _, b := range bodies {
			s.send(push, b)
		}
		if err := push.Close(); err != nil {
			s.Fatal(err)
		}
		for _, b := range bodies {
			s.want(pull, b)
		}
	})
	showWire(t, "another peer takes over what one left", func(s *stage) {
		push := s.push(secret, quick())
		endpoint := s.nowhere()
		s.connect(push, endpoint)
		for i := range 3 {
			pull := s.pull(secret)
			s.bindAt(pull, endpoint)
			s.peers(push, 1)
			s.send(push, fmt.Sprint(i))
			s.want(pull, fmt.Sprint(i))
			drop(pull)
			s.until("it is gone", func() bool { return push.Stats().Peers == 0 })
		}
	})
	showWire(t, "who speaks in the clear is refused", func(s *stage) {
		pull, push := s.pull(secret), s.push(never())
		events := pull.Monitor()
		endpoint := s.bind(pull)
		s.connect(push, endpoint)
		s.matches(s.event(events, socket.EventHandshakeFailed).Err, socket.ErrProtocol)
		friend := s.push(secret)
		s.connect(friend, endpoint)
		s.send(friend, "good")
		if got := s.recv(pull); !slices.Equal(got, []string{"good"}) {
			s.Fatalf("received %q", got)
		}
	})
}
