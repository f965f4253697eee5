package socket_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

func TestRFC41(t *testing.T) {
	show(t, "CS-01 CLIENT sends to its servers in turn and receives from them in turn", func(s *stage) {
		client := s.client()
		servers := []*socket.Server{s.server(), s.server(), s.server()}
		s.star(client, servers[0], servers[1], servers[2])
		for i := range 9 {
			s.send(client, fmt.Sprint(i))
		}
		for i := range 9 {
			server := servers[i%3]
			s.tell(server, s.from(server, fmt.Sprint(i)), fmt.Sprint("answer of ", i%3))
		}
		s.arrived(client, 9)
		answers := make(map[string]int)
		for i := range 9 {
			answers[s.recv(client)[0]]++
			if i%3 == 2 && len(answers) != 3 {
				s.Fatalf("after %d answers they are from %d servers: %v", i+1, len(answers), answers)
			}
		}
		s.empty(client)
	})

	show(t, "CS-01 CLIENT waits while no server has room", func(s *stage) {
		client := s.client(socket.WithSendHWM(1))
		endpoint := s.bind(client)
		s.blocked(client, "no")
		sent := make(chan error, 1)
		go func() { sent <- client.Send(s.ctx, []byte("yes")) }()
		server := s.server()
		s.connect(server, endpoint)
		s.from(server, "yes")
		if err := <-sent; err != nil {
			s.Fatal(err)
		}
	})

	show(t, "CS-02 SERVER gives each connection a number, which is not zero and new each time", func(s *stage) {
		server := s.server()
		m := server.Monitor()
		endpoint := s.bind(server)
		seen := make(map[uint32]bool)
		for range 5 {
			client := s.client()
			s.connect(client, endpoint)
			ready := s.event(m, socket.EventReady).Peer.ID
			s.send(client, "m")
			id := s.from(server, "m")
			n := id.RoutingID()
			if n == 0 || seen[n] || id != ready || id != socket.RoutingID(n) {
				s.Fatalf("number %d, id %q, at first %q; before: %v", n, id, ready, seen)
			}
			seen[n] = true
			s.tell(server, socket.RoutingID(n), "back")
			s.want(client, "back")
			drop(client)
			s.event(m, socket.EventDisconnected)
			s.matches(server.SendTo(s.ctx, id, nil), socket.ErrNoRoute)
		}
	})

	showWire(t, "CS-02 peers cannot choose their number", func(s *stage) {
		server := s.server()
		for _, name := range []string{"\x07", "name"} { // one that begins with zero, as ids do, is refused (WT-49)
			w := s.wireTo(server, "CLIENT", 1, property("Identity", name), property("Routing-Id", name))
			w.write(message("m"))
			id := s.from(server, "m")
			if string(id) == name || id.RoutingID() == 0 {
				s.Fatalf("a peer that calls itself %q has the id %q", name, id)
			}
			s.matches(server.SendTo(s.ctx, socket.PeerID(name), []byte("no")), socket.ErrNoRoute)
			s.tell(server, id, "yes")
			w.expect(message("yes"))
		}
	})

	show(t, "CS-03 a message carries the number of its connection, however it is received", func(s *stage) {
		server := s.server()
		clients := []*socket.Client{s.client(), s.client(), s.client()}
		s.star(server, clients[0], clients[1], clients[2])
		var into socket.Message
		for round := range 3 {
			for i, client := range clients {
				s.send(client, fmt.Sprint(i))
				var m socket.Message
				var p socket.Peer
				var err error
				switch s.arrived(server, 1); round {
				case 0:
					m, p, err = server.RecvFrom(s.ctx)
				case 1:
					m, p, err = server.TryRecvFrom()
				case 2:
					p, err = server.RecvFromInto(s.ctx, &into)
					m = into
				}
				if err != nil || len(m) != 1 || string(m[0]) != fmt.Sprint(i) {
					s.Fatalf("received %v, %v", m, err)
				}
				s.tell(server, p.ID, "to "+string(m[0]))
				s.want(client, fmt.Sprint("to ", i))
			}
		}
		_, _, err := server.TryRecvFrom()
		s.matches(err, socket.ErrWouldBlock)
		if _, sends := any(server).(socket.Sender); sends {
			s.Fatal("SERVER sends without a number")
		}
	})

	show(t, "CS-04 an unknown number is an error, and a message to it goes nowhere", func(s *stage) {
		server, client := s.server(), s.client()
		s.star(server, client)
		s.send(client, "m")
		id := s.from(server, "m")
		for _, other := range []socket.PeerID{"", "name", socket.RoutingID(0), socket.RoutingID(id.RoutingID() + 1)} {
			s.matches(server.SendTo(s.ctx, other, []byte("m")), socket.ErrNoRoute)
			s.matches(server.TrySendTo(other, []byte("m")), socket.ErrNoRoute)
		}
		s.says(server.SendTo(s.ctx, socket.RoutingID(id.RoutingID()+1), nil), fmt.Sprint(id.RoutingID()+1))
		equal(s, "sent", server.Stats().Out.Messages, 0)
	})

	showInproc(t, "CS-04 for a full peer SERVER waits, and nothing is dropped", func(s *stage) {
		server := s.server(socket.WithSendHWM(1))
		full, idle := s.client(socket.WithRecvHWM(1)), s.client(socket.WithRecvHWM(1))
		s.star(server, full, idle)
		s.send(full, "full")
		f := to{server, s.from(server, "full")}
		s.send(idle, "idle")
		i := to{server, s.from(server, "idle")}
		equal(s, "room", s.fill(f, 100, "m"), 2)
		s.blocked(f, "no")
		ctx, cancel := context.WithTimeout(s.ctx, 20*time.Millisecond)
		defer cancel()
		s.matches(f.Send(ctx, []byte("no")), context.DeadlineExceeded)
		sent := make(chan error, 1)
		go func() { sent <- f.Send(s.ctx, []byte("last")) }()
		s.send(i, "1") // which is held up by nobody
		s.want(idle, "1")
		s.want(full, "m")
		s.want(full, "m")
		s.want(full, "last")
		if err := <-sent; err != nil {
			s.Fatal(err)
		}
		equal(s, "dropped", server.Stats().Out.Dropped.Total(), 0)
	})

	show(t, "CS-04 who waits for a peer that goes learns that it is gone", func(s *stage) {
		server := s.server(socket.WithSendHWM(1), socket.WithLinger(0))
		client := s.client(socket.WithRecvHWM(1))
		s.star(server, client)
		s.send(client, "m")
		x := to{server, s.from(server, "m")}
		body := make([]byte, 1<<20)
		s.fill(x, 1000, string(body))
		sent := make(chan error, 1)
		go func() {
			for {
				if err := x.Send(s.ctx, body); err != nil {
					sent <- err
					return
				}
			}
		}()
		drop(client)
		s.matches(<-sent, socket.ErrNoRoute)
		s.until("what was queued is counted", func() bool {
			out := server.Stats().Out
			return out.Queued == 0 && out.Messages == out.Delivered+out.Dropped[socket.DropPeerGone]
		})
	})
}
