package socket_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func TestConflateTopics(t *testing.T) {
	showInproc(t, "in a publisher's queue the newest of a topic takes the place of the one before, whole", func(s *stage) {
		xpub := s.xpub(socket.WithConflateTopics(), socket.WithSendHWM(2))
		full, fast := s.sub(socket.WithRecvHWM(1)), s.sub()
		s.subscribe(full, "")
		s.subscribe(fast, "")
		s.star(xpub, full, fast)
		s.subscribers(xpub, "", 2)
		large := strings.Repeat("x", 50_000)
		for _, m := range [][]string{{"A", "1"}, {"B", "1"}, {"A", "2", "", large}, {"C", "1"}, {"B"}, {"A", "3", large, "end"}, {"D", "1"}, {"C", "2"}, {"", "1"}} {
			s.send(xpub, m...)
			s.want(fast, m...)
		}
		equal(s, "dropped", xpub.Stats().Out.Dropped, socket.Drops{socket.DropConflated: 4, socket.DropFull: 2})
		s.want(full, "A", "3", large, "end")
		s.send(xpub, "B", "after what has been taken")
		s.want(fast, "B", "after what has been taken")
		s.want(full, "B", "after what has been taken")
		s.want(full, "C", "2")
		s.empty(full)
	})

	show(t, "a slow subscriber sees the newest of each of 100 topics of a fast publisher", func(s *stage) {
		const topics, rounds = 100, 50
		pub, slow := s.pub(socket.WithNoDrop()), s.sub(socket.WithConflateTopics())
		s.subscribe(slow, "")
		s.star(pub, slow)
		s.subscribers(pub, "", 1)
		large := strings.Repeat("x", 20_000)
		body := func(topic, round int) string { return large[:(topic*topic+round)%len(large)] }
		for round := range rounds {
			for topic := range topics {
				s.send(pub, fmt.Sprint("topic ", topic), strconv.Itoa(round), body(topic, round), "end")
			}
		}
		s.until("all has come", func() bool { return slow.Stats().In.Messages == topics*rounds })
		equal(s, "waiting", slow.Stats().In.Queued, topics)
		for topic := range topics {
			s.want(slow, fmt.Sprint("topic ", topic), strconv.Itoa(rounds-1), body(topic, rounds-1), "end")
		}
		s.empty(slow)
		equal(s, "dropped", slow.Stats().In.Dropped, socket.Drops{socket.DropConflated: topics * (rounds - 1)})
	})

	show(t, "what a publisher replaces is older than what comes, and nothing else is lost", func(s *stage) {
		const topics = 20
		pub, slow := s.pub(socket.WithConflateTopics()), s.sub(socket.WithRecvHWM(2))
		s.subscribe(slow, "")
		s.star(pub, slow)
		s.subscribers(pub, "", 1)
		body := strings.Repeat("x", 10_000)
		sent := 0
		for ; pub.Stats().Out.Dropped[socket.DropConflated] < 200; sent++ {
			s.send(pub, strconv.Itoa(sent%topics), strconv.Itoa(sent), body, "end")
		}
		newest, got := make(map[string]int), 0
		for done := 0; done < topics; got++ {
			m := s.recv(slow)
			number, err := strconv.Atoi(m[1])
			if last, known := newest[m[0]]; err != nil || len(m) != 4 || m[2] != body || known && number <= last {
				s.Fatalf("message %.100q after %d", m, last)
			}
			if newest[m[0]] = number; number >= sent-topics {
				done++
			}
		}
		s.empty(slow)
		equal(s, "dropped", pub.Stats().Out.Dropped, socket.Drops{socket.DropConflated: uint64(sent - got)})
	})

	show(t, "XPUB to XSUB, on both sides", func(s *stage) {
		xpub, xsub := s.xpub(socket.WithConflateTopics()), s.xsub(socket.WithConflateTopics())
		s.star(xpub, xsub)
		s.send(xsub, "\x01A")
		s.want(xpub, "\x01A")
		for i := range 1000 {
			s.send(xpub, "A"+strconv.Itoa(i%3), strconv.Itoa(i))
		}
		for newest := map[string]bool{}; len(newest) < 3; {
			if m := s.recv(xsub); m[1] >= "997" && len(m[1]) == 3 {
				newest[m[0]] = true
			}
		}
		s.empty(xsub)
	})

	showInproc(t, "a policy is for the topics that are not in the queue", func(s *stage) {
		for policy, want := range map[socket.DropPolicy][]string{
			socket.PolicyDropNewest: {"A", "B"}, socket.PolicyDropOldest: {"C", "D"},
		} {
			pub := s.pub(socket.WithConflateTopics(), socket.WithDropPolicy(policy), socket.WithSendHWM(1))
			full := s.sub(socket.WithRecvHWM(1))
			s.subscribe(full, "")
			s.star(pub, full)
			s.subscribers(pub, "", 1)
			for _, topic := range []string{"A", "B", "A", "C", "D"} {
				s.send(pub, topic)
			}
			for _, topic := range want {
				s.want(full, topic)
			}
			s.empty(full)
		}
		pub := s.pub(socket.WithConflateTopics(), socket.WithNoDrop(), socket.WithSendHWM(1))
		full := s.sub(socket.WithRecvHWM(1))
		s.subscribe(full, "")
		s.star(pub, full)
		s.subscribers(pub, "", 1)
		s.send(pub, "A")
		s.send(pub, "B")
		s.blocked(pub, "C")
		s.send(pub, "B", "2")
		s.want(full, "A")
		s.want(full, "B", "2")
	})

	show(t, "of what is replayed the newest of each topic comes", func(s *stage) {
		pub, sub := s.pub(socket.WithConflateTopics(), socket.WithReplay(3)), s.sub(socket.WithConflateTopics())
		for i := range 5 {
			s.send(pub, "A", strconv.Itoa(i))
			s.send(pub, "B", strconv.Itoa(i))
		}
		s.star(pub, sub)
		s.subscribe(sub, "")
		for newest := 0; newest < 2; {
			if s.recv(sub)[1] == "4" {
				newest++
			}
		}
		s.empty(sub)
	})

	t.Run("options that do not go together are refused", func(t *testing.T) {
		_, err := socket.NewPub(socket.WithConflate(), socket.WithConflateTopics())
		_, other := socket.NewSub(socket.WithConflate(), socket.WithConflateTopics())
		if !errors.Is(err, socket.ErrOption) || !errors.Is(other, socket.ErrOption) {
			t.Errorf("%v, %v", err, other)
		}
	})
}
