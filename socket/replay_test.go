package socket_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func TestReplay(t *testing.T) {
	show(t, "a late joiner gets the last value of each topic it wants, whole and in the order of publishing", func(s *stage) {
		pub, early, late := s.pub(socket.WithLastValue()), s.sub(), s.sub()
		s.subscribe(early, "")
		endpoint := s.star(pub, early)
		s.subscribers(pub, "", 1)
		large := strings.Repeat("x", 40_000)
		for i := range 3 {
			s.send(pub, "a/1", fmt.Sprint(i), "", large[:10_000*(i+1)])
			s.send(pub, "b", fmt.Sprint(i))
			s.send(pub, "a/2", fmt.Sprint(i), large)
			for range 3 {
				s.recv(early)
			}
		}
		s.send(pub, "a/1", "last")
		s.want(early, "a/1", "last")
		s.subscribe(late, "a/")
		s.connect(late, endpoint)
		s.subscribers(pub, "a/", 2)
		s.send(pub, "a/3", "live")
		s.want(late, "a/2", "2", large)
		s.want(late, "a/1", "last")
		s.want(late, "a/3", "live")
		s.want(early, "a/3", "live") // and nothing twice
		s.empty(late)
		s.empty(early)
		equal(s, "replayed", pub.Stats().Kept.Replayed, 2)
		equal(s, "topics", pub.Stats().Kept.Topics, 4)
	})

	show(t, "the newest n of each topic are kept, also without a subscriber", func(s *stage) {
		xpub, sub := s.xpub(socket.WithReplay(3)), s.sub()
		for i := range 5 {
			s.send(xpub, "A", fmt.Sprint(i))
			if i < 2 {
				s.send(xpub, "B", fmt.Sprint(i))
			}
		}
		s.star(xpub, sub)
		s.subscribe(sub, "")
		for _, m := range [][]string{{"B", "0"}, {"B", "1"}, {"A", "2"}, {"A", "3"}, {"A", "4"}} {
			s.want(sub, m...)
		}
		s.empty(sub)
	})

	show(t, "a topic is the first frame as a whole, and a prefix matches topics", func(s *stage) {
		pub, sub := s.pub(socket.WithLastValue()), s.sub()
		for _, topic := range []string{"", "A", "AB", "B", "A\x00", "A\xff"} {
			s.send(pub, topic)
		}
		s.subscribe(sub, "A")
		s.star(pub, sub)
		for _, topic := range []string{"A", "AB", "A\x00", "A\xff"} {
			s.want(sub, topic)
		}
		s.subscribe(sub, "none")
		s.subscribers(pub, "none", 1)
		s.empty(sub)
	})

	show(t, "another prefix brings what it matches, the same one nothing", func(s *stage) {
		pub, sub := s.pub(socket.WithLastValue()), s.sub()
		s.send(pub, "AB")
		s.send(pub, "C")
		s.subscribe(sub, "A")
		s.star(pub, sub)
		s.want(sub, "AB")
		s.subscribe(sub, "A", "A", "")
		s.want(sub, "AB")
		s.want(sub, "C")
		s.empty(sub)
		s.unsubscribe(sub, "")
		s.until("the cancellation has come", func() bool { return !pub.HasSubscribers("C") })
		s.subscribe(sub, "")
		s.want(sub, "AB")
		s.want(sub, "C")
		s.empty(sub)
	})

	show(t, "the welcome comes first", func(s *stage) {
		xpub, sub := s.xpub(socket.WithLastValue(), socket.WithWelcome([]byte("W"), []byte("hello"))), s.sub()
		s.send(xpub, "W", "news")
		s.subscribe(sub, "W")
		s.star(xpub, sub)
		s.want(sub, "W", "hello")
		s.want(sub, "W", "news")
		s.empty(sub)
	})

	show(t, "with WithManual it comes when the application confirms", func(s *stage) {
		xpub, sub := s.xpub(socket.WithLastValue(), socket.WithManual()), s.xsub() // which does not filter
		s.send(xpub, "A")
		s.send(xpub, "B")
		s.star(xpub, sub)
		s.send(sub, "\x01A")
		s.want(xpub, "\x01A")
		s.empty(sub)
		for range 2 {
			if err := xpub.Subscribe("B"); err != nil {
				s.Fatal(err)
			}
		}
		s.want(sub, "B")
		s.empty(sub)
	})

	showInproc(t, "of what is above the mark the oldest is dropped, and counted", func(s *stage) {
		pub, sub := s.pub(socket.WithLastValue(), socket.WithSendHWM(2)), s.sub(socket.WithRecvHWM(2))
		m := pub.Monitor()
		for i := range 10 {
			s.send(pub, fmt.Sprint(i))
		}
		s.star(pub, sub)
		s.subscribe(sub, "")
		s.subscribers(pub, "", 1)
		equal(s, "reason", s.event(m, socket.EventDropping).Reason, socket.DropFull)
		equal(s, "dropped", pub.Stats().Out.Dropped, socket.Drops{socket.DropFull: 6})
		s.subscribe(sub, "1")
		s.subscribers(pub, "1", 1)
		s.until("it has come", func() bool { return pub.Stats().Out.Dropped[socket.DropFull] == 7 })
		for i := 6; i < 10; i++ {
			s.want(sub, fmt.Sprint(i))
		}
		s.empty(sub)
		s.send(pub, "live")
		s.want(sub, "live")
	})

	showInproc(t, "an empty queue takes one message of any size", func(s *stage) {
		pub, sub := s.pub(socket.WithLastValue(), socket.WithSendHWMBytes(10)), s.sub(socket.WithRecvHWMBytes(10))
		s.send(pub, "A", strings.Repeat("x", 1000))
		s.send(pub, "B", strings.Repeat("x", 1000))
		s.star(pub, sub)
		s.subscribe(sub, "")
		s.want(sub, "B", strings.Repeat("x", 1000))
		s.empty(sub)
		equal(s, "dropped", pub.Stats().Out.Dropped, socket.Drops{socket.DropFull: 1})
	})

	showInproc(t, "a replay that does not fit disconnects nobody", func(s *stage) {
		pub := s.pub(socket.WithLastValue(), socket.WithSendHWM(1), socket.WithDropPolicy(socket.PolicyDisconnectSlow))
		sub := s.sub(socket.WithRecvHWM(1))
		for i := range 5 {
			s.send(pub, fmt.Sprint(i))
		}
		s.star(pub, sub)
		s.subscribe(sub, "")
		s.want(sub, "3")
		s.want(sub, "4")
		equal(s, "lost", pub.Stats().Lost, 0)
	})

	show(t, "what is kept goes with the socket", func(s *stage) {
		pub := s.pub(socket.WithLastValue())
		s.send(pub, "A")
		equal(s, "topics", pub.Stats().Kept.Topics, 1)
		drop(pub)
		equal(s, "afterwards", pub.Stats().Kept, socket.KeptStats{})
	})

	t.Run("options that make no sense are refused", func(t *testing.T) {
		for _, opts := range [][]socket.PubOption{
			{socket.WithReplay(-1)},
			{socket.WithReplayLimits(-1, 0)},
			{socket.WithReplayLimits(0, -1)},
			{socket.WithLastValue(), socket.WithConflate()},
		} {
			if _, err := socket.NewPub(opts...); !errors.Is(err, socket.ErrOption) {
				t.Errorf("%v", err)
			}
		}
	})
}

// TestReplayIsSeamless: whenever a subscriber comes, it gets what had been
// published last and then all that follows, without a gap and nothing twice.
func TestReplayIsSeamless(t *testing.T) {
	show(t, "a late joiner sees no seam", func(s *stage) {
		const depth = 3
		pub := s.pub(socket.WithReplay(depth), socket.WithNoDrop())
		endpoint := s.bind(pub)
		stop := make(chan struct{})
		var sending sync.WaitGroup
		sending.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					s.send(pub, "topic/"+strconv.Itoa(i%2), strconv.Itoa(i))
				}
			}
		})
		s.until("there is something to replay", func() bool { return pub.Stats().Kept.Messages == 2*depth })
		for range 20 {
			sub := s.sub()
			s.subscribe(sub, "topic/0")
			s.connect(sub, endpoint)
			var got []int
			for range 50 {
				n, err := strconv.Atoi(s.recv(sub)[1])
				if err != nil {
					s.Fatal(err)
				}
				got = append(got, n)
			}
			for i, n := range got[1:] {
				if n != got[i]+2 {
					s.Fatalf("received %d", got)
				}
			}
			drop(sub)
		}
		close(stop)
		sending.Wait()
		equal(s, "dropped but with a peer", pub.Stats().Out.Dropped.Total(), pub.Stats().Out.Dropped[socket.DropPeerGone])
	})
}

// TestReplayAfterWait: who publishes right after WaitSubscribers has returned
// loses nothing, and what was published before comes first.
func TestReplayAfterWait(t *testing.T) {
	show(t, "before and after", func(s *stage) {
		for range 50 {
			pub, sub := s.pub(socket.WithLastValue()), s.sub()
			s.send(pub, "A", "before")
			s.subscribe(sub, "")
			s.connect(sub, s.bind(pub))
			s.subscribers(pub, "A", 1)
			s.send(pub, "A", "after")
			got := []string{s.recv(sub)[1], s.recv(sub)[1]}
			if !slices.Equal(got, []string{"before", "after"}) {
				s.Fatalf("received %q", got)
			}
			drop(sub)
			drop(pub)
		}
	})
}
