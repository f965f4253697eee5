package socket_test

import (
	"fmt"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

var (
	saysHello = socket.WithHelloMessage([]byte("hello"))
	saysBye   = socket.WithDisconnectMessage([]byte("bye"))
	hiccups   = socket.WithHiccupMessage([]byte("hiccup"))
)

func TestRFC41Hello(t *testing.T) {
	show(t, "CS-05 a hello is the first message that each new peer gets, whoever connects", func(s *stage) {
		for _, bound := range []bool{true, false} {
			server, client := s.server(saysHello, socket.WithSendHWM(1)), s.client(saysHello)
			hub, other := anySocket(server), anySocket(client)
			if !bound {
				hub, other = other, hub
			}
			s.star(hub, other)
			who := s.from(server, "hello")
			s.tell(server, who, "m")
			s.want(client, "hello")
			s.want(client, "m")
			router, dealer := s.router(saysHello), s.dealer(saysHello, id("d"))
			s.star(router, dealer)
			s.want(router, "d", "hello")
			s.want(dealer, "hello")
			one, two := s.peer(saysHello), s.peer(saysHello)
			s.star(one, two)
			s.from(one, "hello")
			s.from(two, "hello")
		}
	})

	show(t, "CS-05 a hello goes in front of what has been queued, above the mark, and once for each connection", func(s *stage) {
		client := s.client(saysHello, quick(), socket.WithSendHWM(2))
		m := client.Monitor()
		endpoint := s.nowhere()
		s.connect(client, endpoint)
		for round := range 3 {
			equal(s, "queued", s.fill(client, 10, fmt.Sprint(round)), 2)
			server := s.server()
			s.bindAt(server, endpoint)
			s.from(server, "hello")
			s.from(server, fmt.Sprint(round))
			s.from(server, fmt.Sprint(round))
			s.empty(server)
			drop(server)
			s.event(m, socket.EventDisconnected)
		}
	})

	show(t, "CS-05 the end of an accepted peer is received behind its last message, when it has no route any more", func(s *stage) {
		server := s.server(saysBye)
		m := server.Monitor()
		clients := []*socket.Client{s.client(), s.client(), s.client()}
		s.star(server, clients[0], clients[1], clients[2])
		for i, c := range clients {
			s.send(c, fmt.Sprint(i))
			id := s.from(server, fmt.Sprint(i))
			s.send(c, "last")
			if err := c.Close(); err != nil {
				s.Fatal(err)
			}
			s.event(m, socket.EventDisconnected)
			equal(s, "queued", server.Stats().In.Queued, 2)
			equal(s, "id", s.from(server, "last"), id)
			equal(s, "id", s.from(server, "bye"), id)
			s.matches(server.SendTo(s.ctx, id, nil), socket.ErrNoRoute)
			s.empty(server)
		}
		in := server.Stats().In
		equal(s, "messages", in.Messages, 9)
		equal(s, "delivered", in.Delivered, 9)
	})

	show(t, "CS-05 the end of a peer is received on ROUTER and PEER too, and after Unbind", func(s *stage) {
		router, dealer := s.router(saysBye), s.dealer(id("d"), never())
		endpoint := s.star(router, dealer)
		if err := router.Unbind(endpoint); err != nil {
			s.Fatal(err)
		}
		s.want(router, "d", "bye")
		one, other := s.peer(saysBye), s.peer(saysBye)
		s.star(one, other)
		drop(other) // which connected, and hears nothing of itself
		s.from(one, "bye")
	})

	show(t, "CS-05 no end is received of a peer whose name another has taken over", func(s *stage) {
		router := s.router(saysBye, socket.WithHandover())
		m := router.Monitor()
		endpoint := s.bind(router)
		first, second := s.dealer(id("x"), never()), s.dealer(id("x"), never())
		s.connect(first, endpoint)
		s.peers(router, 1)
		s.connect(second, endpoint)
		s.event(m, socket.EventDisconnected)
		s.empty(router)
		s.send(second, "m")
		s.want(router, "x", "m")
		drop(second)
		s.want(router, "x", "bye")
	})

	show(t, "CS-05 the end of a peer is not lost in a full queue", func(s *stage) {
		server := s.server(saysBye, socket.WithRecvHWM(1))
		m := server.Monitor()
		client := s.client(socket.WithSendHWM(1))
		s.star(server, client)
		s.send(client, "m")
		s.arrived(server, 1)
		drop(client)
		s.event(m, socket.EventDisconnected)
		id := s.from(server, "m")
		equal(s, "id", s.from(server, "bye"), id)
	})

	show(t, "CS-05 a lost connection that is made again is received as a hiccup, of each socket that may have one", func(s *stage) {
		server, router, other := s.server(), s.router(), s.peer()
		client, dealer, peer := s.client(hiccups, quick()), s.dealer(hiccups, quick()), s.peer(hiccups, quick())
		for _, x := range []struct{ bound, dialing anySocket }{{server, client}, {router, dealer}, {other, peer}} {
			s.star(x.bound, x.dialing)
			s.empty(x.dialing.(tryReceiver))
			drop(x.bound)
			s.want(x.dialing.(tryReceiver), "hiccup")
			s.empty(x.dialing.(tryReceiver))
		}
	})

	show(t, "CS-05 what a socket ends itself is no hiccup", func(s *stage) {
		server, client := s.server(), s.client(hiccups)
		m := client.Monitor()
		endpoint := s.star(server, client)
		if err := client.Disconnect(endpoint); err != nil {
			s.Fatal(err)
		}
		s.event(m, socket.EventDisconnected)
		s.empty(client)
	})

	show(t, "CS-05 an empty message is none", func(s *stage) {
		server := s.server(socket.WithHelloMessage(nil), socket.WithDisconnectMessage([]byte{}))
		m := server.Monitor()
		client := s.client()
		s.star(server, client)
		s.send(client, "m")
		id := s.from(server, "m")
		s.tell(server, id, "first")
		s.want(client, "first")
		drop(client)
		s.event(m, socket.EventDisconnected)
		s.empty(server)
	})
}
