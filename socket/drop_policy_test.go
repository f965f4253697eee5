package socket_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// flood publishes large messages with a number in their second frame, from first
// on, until so is true, while fast gets every one. It returns the next number.
func (s *stage) flood(x publisher, fast socket.Receiver, first int, so func() bool) (next int) {
	s.Helper()
	body := strings.Repeat("x", 64<<10)
	for next = first; !so(); next++ {
		if err := x.TrySend([]byte("all"), fmt.Append(nil, next), []byte(body)); err != nil {
			s.Fatal(err)
		}
		s.want(fast, "all", fmt.Sprint(next), body)
	}
	return next
}

func TestDropPolicy(t *testing.T) {
	showInproc(t, "drop newest is the default", func(s *stage) {
		for _, opts := range [][]socket.PubOption{{}, {socket.WithDropPolicy(socket.PolicyDropNewest)}} {
			pub, full := s.pub(append(opts, socket.WithSendHWM(1))...), s.sub(socket.WithRecvHWM(1))
			s.subscribe(full, "")
			s.star(pub, full)
			s.subscribers(pub, "", 1)
			for i := range 10 {
				s.send(pub, fmt.Sprint(i))
			}
			equal(s, "dropped", pub.Stats().Out.Dropped, socket.Drops{socket.DropFull: 8})
			s.want(full, "0")
			s.want(full, "1")
			s.empty(full)
		}
	})

	showInproc(t, "drop oldest keeps the newest, to the message", func(s *stage) {
		xpub := s.xpub(socket.WithDropPolicy(socket.PolicyDropOldest), socket.WithSendHWM(1))
		full, fast := s.sub(socket.WithRecvHWM(2)), s.sub()
		m := xpub.Monitor()
		s.subscribe(full, "")
		s.subscribe(fast, "")
		s.star(xpub, full, fast)
		s.subscribers(xpub, "", 2)
		for i := range 10 {
			s.send(xpub, fmt.Sprint(i))
			s.want(fast, fmt.Sprint(i))
		}
		e := s.event(m, socket.EventDropping)
		equal(s, "reason", e.Reason, socket.DropEvicted)
		equal(s, "dropped", xpub.Stats().Out.Dropped, socket.Drops{socket.DropEvicted: 7})
		s.want(full, "7")
		// It has taken all that there was; that is its own.
		for i := range 10 {
			s.send(xpub, fmt.Sprint(10+i))
			s.want(fast, fmt.Sprint(10+i))
		}
		for _, i := range []int{8, 9, 17, 18, 19} {
			s.want(full, fmt.Sprint(i))
		}
		s.empty(full)
		equal(s, "dropped", xpub.Stats().Out.Dropped, socket.Drops{socket.DropEvicted: 14})
	})

	showInproc(t, "drop oldest goes by octets too, and takes one message of any size", func(s *stage) {
		pub := s.pub(socket.WithDropPolicy(socket.PolicyDropOldest), socket.WithSendHWMBytes(50), socket.WithSendHWM(0))
		full := s.sub(socket.WithRecvHWMBytes(50), socket.WithRecvHWM(0))
		s.subscribe(full, "")
		s.star(pub, full)
		s.subscribers(pub, "", 1)
		for i := range 20 {
			s.send(pub, fmt.Sprintf("%08d", i), "of 20 oct")
		}
		equal(s, "octets", pub.Stats().Out.Bytes, 84)
		large := strings.Repeat("x", 100_000)
		s.send(pub, large)
		equal(s, "dropped", pub.Stats().Out.Dropped, socket.Drops{socket.DropEvicted: 20})
		s.want(full, large)
		s.empty(full)
	})

	show(t, "drop oldest delivers whole messages in order, up to the last", func(s *stage) {
		pub := s.pub(socket.WithDropPolicy(socket.PolicyDropOldest), socket.WithSendHWM(2))
		slow, fast := s.sub(socket.WithRecvHWM(2)), s.sub()
		s.subscribe(slow, "")
		s.subscribe(fast, "")
		s.star(pub, slow, fast)
		s.subscribers(pub, "", 2)
		sent := s.flood(pub, fast, 0, func() bool { return pub.Stats().Out.Dropped[socket.DropEvicted] >= 20 })
		dropped := pub.Stats().Out.Dropped
		last, got := -1, 0
		for last < sent-1 {
			m := s.recv(slow)
			var number int
			if _, err := fmt.Sscan(m[1], &number); err != nil || len(m) != 3 || number <= last || len(m[2]) != 64<<10 {
				s.Fatalf("message %.100q after %d", m, last)
			}
			last = number
			got++
		}
		equal(s, "received and dropped", got+int(dropped[socket.DropEvicted]), sent)
		equal(s, "dropped in all", dropped.Total(), dropped[socket.DropEvicted])
	})

	showInproc(t, "block is WithNoDrop", func(s *stage) {
		pub, slow := s.pub(socket.WithDropPolicy(socket.PolicyBlock), socket.WithSendHWM(1)), s.sub(socket.WithRecvHWM(1))
		s.subscribe(slow, "")
		s.star(pub, slow)
		s.subscribers(pub, "", 1)
		s.send(pub, "0")
		s.send(pub, "1")
		s.blocked(pub, "2")
		s.want(slow, "0")
		s.want(slow, "1")
		s.send(pub, "2")
		s.want(slow, "2")
		equal(s, "dropped", pub.Stats().Out.Dropped, socket.Drops{})
	})

	show(t, "disconnect slow ends the connection of the slow peer, and says why", func(s *stage) {
		xpub := s.xpub(socket.WithDropPolicy(socket.PolicyDisconnectSlow), socket.WithSendHWM(3))
		slow, fast := s.sub(socket.WithRecvHWM(2), never()), s.sub()
		m := xpub.Monitor()
		s.subscribe(slow, "all", "slow")
		s.subscribe(fast, "all")
		s.star(xpub, slow, fast)
		s.subscribers(xpub, "all", 2)
		s.subscribers(xpub, "slow", 1)
		sent := s.flood(xpub, fast, 0, func() bool { return xpub.Stats().Out.Dropped[socket.DropFull] > 0 })
		equal(s, "somebody gets what only the slow one wanted", xpub.HasSubscribers("slow"), false)
		equal(s, "reason of the drop", s.event(m, socket.EventDropping).Reason, socket.DropFull)
		if e := s.event(m, socket.EventDisconnected); !errors.Is(e.Err, socket.ErrSlow) || e.Peer.SocketType != "SUB" {
			s.Fatalf("%v", e)
		}
		s.until("the peer has left", func() bool { return xpub.Stats().Peers == 1 })
		s.flood(xpub, fast, sent, func() bool { return xpub.Stats().Out.Messages >= uint64(2*sent+20) })
		out := xpub.Stats().Out
		equal(s, "did not fit", out.Dropped[socket.DropFull], 1)
		equal(s, "of other reasons", out.Dropped.Total()-1, out.Dropped[socket.DropSlow])
		equal(s, "lost", xpub.Stats().Lost, 1)
		if out.Dropped[socket.DropSlow] == 0 {
			s.Fatal("nothing waited for the slow peer")
		}
	})

	show(t, "a peer that was disconnected for being slow may come again", func(s *stage) {
		pub := s.pub(socket.WithDropPolicy(socket.PolicyDisconnectSlow), socket.WithSendHWM(2), quick())
		slow, fast := s.sub(socket.WithRecvHWM(2)), s.sub()
		m := pub.Monitor()
		s.subscribe(slow, "")
		s.subscribe(fast, "")
		s.star(pub, fast)
		s.connect(pub, s.bind(slow)) // the publisher's pipe outlasts the connection
		s.subscribers(pub, "", 2)
		for round := range uint64(2) {
			s.flood(pub, fast, 0, func() bool { return pub.Stats().Out.Dropped[socket.DropFull] > round })
			for e := s.event(m, socket.EventDisconnected); !errors.Is(e.Err, socket.ErrSlow); e = s.event(m, socket.EventDisconnected) {
			}
			s.subscribers(pub, "", 2)
			s.send(pub, "again")
			for s.recv(slow)[0] != "again" {
			}
			s.want(fast, "again")
		}
	})

	t.Run("a policy that there is not is refused", func(t *testing.T) {
		_, err := socket.NewPub(socket.WithDropPolicy(99))
		if !errors.Is(err, socket.ErrOption) || !strings.Contains(err.Error(), "99") {
			t.Error(err)
		}
		for p, want := range map[socket.DropPolicy]string{
			socket.PolicyDropOldest: "drop oldest", socket.PolicyDisconnectSlow: "disconnect slow", 99: "policy 99",
		} {
			if p.String() != want {
				t.Errorf("%q, want %q", p, want)
			}
		}
	})
}
