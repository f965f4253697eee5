package socket_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func (s *stage) client(opts ...socket.ClientOption) *socket.Client {
	return open(s, socket.NewClient, opts)
}

func (s *stage) server(opts ...socket.ServerOption) *socket.Server {
	return open(s, socket.NewServer, opts)
}

func (s *stage) scatter(opts ...socket.ScatterOption) *socket.Scatter {
	return open(s, socket.NewScatter, opts)
}

func (s *stage) gather(opts ...socket.GatherOption) *socket.Gather {
	return open(s, socket.NewGather, opts)
}

func (s *stage) peer(opts ...socket.PeerOption) *socket.PeerSocket {
	return open(s, socket.NewPeerSocket, opts)
}

func (s *stage) channel(opts ...socket.ChannelOption) *socket.Channel {
	return open(s, socket.NewChannel, opts)
}

// numbered is what SERVER and PEER have.
type numbered interface {
	anySocket
	tryReceiver
	RecvFrom(ctx context.Context) (socket.Message, socket.Peer, error)
	TryRecvFrom() (socket.Message, socket.Peer, error)
	RecvFromInto(ctx context.Context, m *socket.Message) (socket.Peer, error)
	SendTo(ctx context.Context, id socket.PeerID, frames ...[]byte) error
	TrySendTo(id socket.PeerID, frames ...[]byte) error
}

// to makes a Sender of one route.
type to struct {
	numbered
	id socket.PeerID
}

func (x to) Send(ctx context.Context, frames ...[]byte) error { return x.SendTo(ctx, x.id, frames...) }

func (x to) TrySend(frames ...[]byte) error { return x.TrySendTo(x.id, frames...) }

// from receives a message and returns whose it is.
func (s *stage) from(x numbered, body string) socket.PeerID {
	s.Helper()
	m, p, err := x.RecvFrom(s.ctx)
	if err != nil {
		s.Fatal(err)
	}
	if len(m) != 1 || string(m[0]) != body {
		s.Fatalf("received %v, want %q", m, body)
	}
	return p.ID
}

// tell sends a message to one peer.
func (s *stage) tell(x numbered, id socket.PeerID, body string) {
	s.Helper()
	if err := x.SendTo(s.ctx, id, []byte(body)); err != nil {
		s.Fatal(err)
	}
}

// A way is a direction in which messages of one frame go.
type way struct {
	name string
	kind string // of a peer that sends to the receiver
	open func(s *stage) (trySender, tryReceiver)
}

// ways are all of them, each with its two ends connected.
var ways = []way{
	{"CLIENT to SERVER", "CLIENT", func(s *stage) (trySender, tryReceiver) {
		client, server := s.client(), s.server()
		s.star(server, client)
		return client, server
	}},
	{"SERVER to CLIENT", "SERVER", func(s *stage) (trySender, tryReceiver) {
		client, server := s.client(), s.server()
		s.star(server, client)
		s.send(client, "here")
		return to{server, s.from(server, "here")}, client
	}},
	{"SCATTER to GATHER", "SCATTER", func(s *stage) (trySender, tryReceiver) {
		scatter, gather := s.scatter(), s.gather()
		s.star(gather, scatter)
		return scatter, gather
	}},
	{"PEER to PEER", "PEER", func(s *stage) (trySender, tryReceiver) {
		one, other := s.peer(), s.peer()
		id, err := one.ConnectPeer(s.bind(other))
		if err != nil {
			s.Fatal(err)
		}
		s.peers(other, 1)
		return to{one, id}, other
	}},
	{"CHANNEL to CHANNEL", "CHANNEL", func(s *stage) (trySender, tryReceiver) {
		one, other := s.channel(), s.channel()
		s.star(other, one)
		return one, other
	}},
}

// showWays runs a rule for each direction.
func showWays(t *testing.T, name string, schemes []string, rule func(s *stage, w way)) {
	showOver(t, schemes, name, func(s *stage) {
		for _, w := range ways {
			s.Run(w.name, func(t *testing.T) { rule(&stage{T: t, ctx: s.ctx, scheme: s.scheme}, w) })
		}
	})
}

func TestRFCSingleFrame(t *testing.T) {
	showWays(t, "TS-01 one call is one message of one frame, from many goroutines at once", everywhere, func(s *stage, w way) {
		from, to := w.open(s)
		const senders, receivers, each = 8, 4, 50
		sent, received := make(chan error), make(chan string)
		for i := range senders {
			go func() {
				for n := range each {
					if err := from.Send(s.ctx, fmt.Appendf(nil, "%d.%d", i, n)); err != nil {
						sent <- err
						return
					}
				}
				sent <- nil
			}()
		}
		for range receivers {
			go func() {
				for range senders * each / receivers {
					m, err := to.Recv(s.ctx)
					if err != nil || len(m) != 1 {
						received <- fmt.Sprint(m, err)
						return
					}
					received <- string(m[0])
				}
			}()
		}
		all := make(map[string]bool)
		for range senders * each {
			all[<-received] = true
		}
		for range senders {
			if err := <-sent; err != nil {
				s.Error(err)
			}
		}
		for i := range senders {
			for n := range each {
				if !all[fmt.Sprintf("%d.%d", i, n)] {
					s.Fatalf("message %d of sender %d is missing; there are %d", n, i, len(all))
				}
			}
		}
		s.empty(to)
	})

	showWays(t, "TS-02 sending anything but one frame is an error, and sends nothing", everywhere, func(s *stage, w way) {
		from, to := w.open(s)
		for _, m := range [][][]byte{{}, {nil, nil}, {[]byte("a"), []byte("b")}, make([][]byte, 100)} {
			s.matches(from.Send(s.ctx, m...), socket.ErrMessage)
			s.matches(from.TrySend(m...), socket.ErrMessage)
		}
		s.says(from.TrySend(nil, nil), "2 frames")
		s.send(from, "")
		s.want(to, "")
		s.empty(to)
	})

	showWays(t, "TS-03 a received message of several frames is dropped and counted, and the peer stays", onWire, func(s *stage, w way) {
		_, x := w.open(s)
		if w.kind == "CHANNEL" { // which has its one peer
			x = s.channel()
		}
		victim := x.(anySocket)
		peer := s.wireTo(victim, w.kind, 1)
		before := victim.Stats()
		for range 3 {
			peer.write(message("a", "b"), message("one"), message("", ""), message("a", "b", "c"), message("two"))
			s.want(x, "one")
			s.want(x, "two")
		}
		s.empty(x)
		st := victim.Stats()
		equal(s, "dropped", st.In.Dropped[socket.DropMalformed], 9)
		equal(s, "delivered", st.In.Delivered-before.In.Delivered, 6)
		equal(s, "messages", st.In.Messages-before.In.Messages, 15)
		equal(s, "peers", st.Peers, before.Peers)
		peer.write(message("still there"))
		s.want(x, "still there")
	})

	showWays(t, "TS-05 frames of RFC 50 within the one frame are the application's", everywhere, func(s *stage, w way) {
		from, to := w.open(s)
		packed := "\xff\x00\x00\x00\x02ab\xff\x00\x00\x00\x00"
		for _, body := range []string{packed, "\xff", "\xff\xff\xff\xff\xff", strings.Repeat(packed, 10_000)} {
			s.send(from, body)
			s.want(to, body)
		}
	})
}
