package socket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestLimitsOfMessages: a message at a limit is served; the first octet that
// shows that one is over it ends the connection, with the limit in the reason;
// and 0 lifts the limit.
func TestLimitsOfMessages(t *testing.T) {
	frames := func(sizes ...int) (b []byte) {
		for i, n := range sizes {
			flags := more
			if i == len(sizes)-1 {
				flags = 0
			}
			b = append(b, frame(flags, bytes.Repeat([]byte{'a' + byte(i)}, n))...)
		}
		return b
	}
	size := func(n int64) Option { return WithMaxMessageSize(n) }
	for _, tt := range []struct {
		name     string
		limit    Option
		lifted   Option
		at, over []byte
		says     string
	}{
		{"octets of a small frame", size(100), size(0), frames(100), frames(101), "the limit is 100"},
		{"octets of a frame in the long form", size(1000), size(0), frames(1000), frames(1001), "the limit is 1000"},
		{"octets of a large frame", size(100 << 10), size(0), frames(100 << 10), frames(100<<10 + 1), "the limit is 102400"},
		{"octets of all frames", size(1000), size(0), frames(400, 0, 600), frames(400, 0, 601), "the limit is 1000"},
		{"octets of all large frames", size(100 << 10), size(0), frames(60<<10, 40<<10), frames(60<<10, 40<<10, 1), "the limit is 102400"},
		{"octets beside empty frames", size(10), size(0), frames(0, 10, 0), frames(0, 10, 1), "the limit is 10"},
		{"one frame", WithMaxFrames(1), WithMaxFrames(0), frames(5), frames(5, 5), "more than 1 frames"},
		{"frames", WithMaxFrames(5), WithMaxFrames(0), frames(0, 0, 0, 0, 0), frames(0, 0, 0, 0, 0, 0), "more than 5 frames"},
		{"frames by default", WithOptions(), WithMaxFrames(0), frames(make([]int, 4096)...), frames(make([]int, 4097)...), "more than 4096 frames"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t, tt.limit)
			r := dialRaw(t, s.endpoint)
			r.meet("PUSH")
			for range 2 { // what one message uses up, the next one has again
				r.send(tt.at)
				if got := s.recv(); !bytes.Equal(message(got...), tt.at) {
					t.Fatalf("received %d frames of %d octets", len(got), len(message(got...)))
				}
			}
			attack{octets: tt.over, is: ErrTooLarge, says: tt.says}.strike(t, s, r, EventDisconnected)
		})
		t.Run(tt.name+" lifted", func(t *testing.T) {
			s := newScene(t, tt.lifted)
			r := dialRaw(t, s.endpoint)
			r.meet("PUSH")
			r.send(tt.over)
			if got := s.recv(); !bytes.Equal(message(got...), tt.over) {
				t.Fatalf("received %d frames of %d octets", len(got), len(message(got...)))
			}
			s.served()
		})
	}
}

// TestLimitsOfCommands: the handshake command has 16 KiB, commands in traffic
// as much as a topic of 64 KiB takes.
func TestLimitsOfCommands(t *testing.T) {
	const handshakeCommand = 16 << 10
	filled := func(size int) []byte {
		const value = len("\x05READY") + len("\x0bSocket-Type\x00\x00\x00\x04PUSH") + len("\x03X-A\x00\x00\x00\x00")
		return ready("Socket-Type", "PUSH", "X-A", strings.Repeat("a", size-value))
	}
	t.Run("handshake", func(t *testing.T) {
		s := newScene(t)
		r := dialRaw(t, s.endpoint)
		r.send(greeting(3, 1, "NULL"), filled(handshakeCommand), message("here"))
		if got := s.recv(); !slices.Equal(got, []string{"here"}) {
			t.Fatalf("received %q", got)
		}
		over := dialRaw(t, s.endpoint)
		over.send(greeting(3, 1, "NULL"))
		attack{octets: filled(handshakeCommand + 1), is: ErrTooLarge, says: "at most 16384"}.strike(t, s, over, EventHandshakeFailed)
	})
	t.Run("traffic", func(t *testing.T) {
		s := newScene(t)
		r := dialRaw(t, s.endpoint)
		r.meet("PUSH")
		r.send(command("UNKNOWN", strings.Repeat("a", maxCommand-8)), message("here"))
		if got := s.recv(); !slices.Equal(got, []string{"here"}) {
			t.Fatalf("received %q", got)
		}
		attack{octets: command("UNKNOWN", strings.Repeat("a", maxCommand-7)), is: ErrTooLarge, says: "the limit is 65552"}.strike(t, s, r, EventDisconnected)
	})
}

// TestLimitsOfSubscriptions: a subscriber may have so many topics, of so many
// octets, and no topic over 64 KiB. Subscribing again, or after a cancellation,
// is not one more.
func TestLimitsOfSubscriptions(t *testing.T) {
	sub := func(topics ...string) (b []byte) {
		for _, topic := range topics {
			b = append(b, command("SUBSCRIBE", topic)...)
		}
		return b
	}
	long := strings.Repeat("t", maxTopic)
	for _, tt := range []struct {
		name     string
		limit    PublisherOption
		lifted   PublisherOption // nil: cannot be
		at, over []byte
		last     string // of the topics in at
		says     string
	}{
		{
			"topics", WithMaxSubscriptions(3, 0), WithMaxSubscriptions(0, 0),
			sub("a", "b", "c"), sub("d"), "c", "3 topics",
		},
		{
			"the same topics again", WithMaxSubscriptions(2, 2), WithMaxSubscriptions(0, 0),
			sub("a", "b", "a", "b", "b"), sub("c"), "b", "2 topics",
		},
		{
			"after a cancellation", WithMaxSubscriptions(2, 2), WithMaxSubscriptions(0, 0),
			slices.Concat(sub("a", "b"), command("CANCEL", "a"), sub("c")), sub("d"), "c", "2 topics",
		},
		{
			"octets", WithMaxSubscriptions(0, 10), WithMaxSubscriptions(0, 0),
			sub("12345", "6789", "0"), sub("1"), "0", "10 octets",
		},
		{
			"octets after a cancellation", WithMaxSubscriptions(0, 10), WithMaxSubscriptions(0, 0),
			slices.Concat(sub("12345", "6789"), command("CANCEL", "12345"), sub("abcdef")), sub("1"), "abcdef", "10 octets",
		},
		{"topic", WithMaxSubscriptions(0, 0), nil, sub(long), sub(long + "t"), long, "the limit is 65536"},
	} {
		for _, lifted := range []bool{false, true} {
			limit := tt.limit
			if lifted {
				if limit = tt.lifted; limit == nil {
					continue
				}
			}
			t.Run(fmt.Sprintf("%s, lifted %t", tt.name, lifted), func(t *testing.T) {
				pub := closing(t, must(NewPub(limit)))
				events := watch(t, pub)
				r := dialRaw(t, must(pub.Bind("tcp://127.0.0.1:0")))
				r.meet("SUB")
				r.send(tt.at)
				if err := pub.WaitSubscribers(bounded(t), tt.last, 1); err != nil {
					t.Fatal(err)
				}
				r.send(tt.over, sub("end"))
				if lifted {
					if err := pub.WaitSubscribers(bounded(t), "end", 1); err != nil {
						t.Fatal(err)
					}
					return
				}
				r.ended()
				attack{is: ErrTooLarge, says: tt.says}.refused(t, events.await("cut off", about(EventDisconnected, r.address())))
			})
		}
	}
}

// TestLimitOfGroups: a dish may have joined so many groups. Joining again, or
// after leaving, is not one more.
func TestLimitOfGroups(t *testing.T) {
	at := slices.Concat(command("JOIN", "a"), command("JOIN", "b"), command("JOIN", "b"), command("LEAVE", "a"),
		command("LEAVE", "a"), command("JOIN", ""))
	for limit, lifted := range map[int]bool{2: false, 0: true} {
		t.Run(fmt.Sprintf("lifted %t", lifted), func(t *testing.T) {
			radio := closing(t, must(NewRadio(WithMaxGroups(limit))))
			events := watch(t, radio)
			r := dialRaw(t, must(radio.Bind("tcp://127.0.0.1:0")))
			r.meet("DISH")
			r.send(at)
			if err := radio.WaitMembers(bounded(t), "", 1); err != nil {
				t.Fatal(err)
			}
			r.send(command("JOIN", "d"), command("JOIN", "end"))
			if lifted {
				if err := radio.WaitMembers(bounded(t), "end", 1); err != nil {
					t.Fatal(err)
				}
				return
			}
			r.ended()
			attack{is: ErrTooLarge, says: "the limit is 2"}.refused(t, events.await("cut off", about(EventDisconnected, r.address())))
		})
	}
	if _, err := NewRadio(WithMaxGroups(-1)); !errors.Is(err, ErrOption) {
		t.Errorf("a limit of -1: %v", err)
	}
}

// TestLimitOfHandshakes: as many handshakes as allowed go on at once; one more
// ends the oldest; where more are allowed it does not.
func TestLimitOfHandshakes(t *testing.T) {
	for allowed, evicted := range map[int]int{3: 1, 4: 0} {
		t.Run(fmt.Sprint(allowed), func(t *testing.T) {
			pull := closing(t, must(NewPull(WithMaxHandshakes(allowed))))
			events := watch(t, pull)
			endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
			var waiting []*raw
			for range 4 {
				r := dialRaw(t, endpoint)
				events.await("accepted", about(EventAccepted, r.address()))
				waiting = append(waiting, r)
			}
			for _, r := range waiting[:evicted] {
				r.ended()
				attack{is: ErrProtocol, says: "the oldest goes"}.refused(t, events.await("evicted", about(EventHandshakeFailed, r.address())))
			}
			for _, r := range waiting[evicted:] { // the others are all served
				r.meet("PUSH")
			}
			if err := pull.WaitPeers(bounded(t), 4-evicted); err != nil {
				t.Fatal(err)
			}
			if n := pull.Stats().Refused; n != uint64(evicted) {
				t.Errorf("%d refused, want %d", n, evicted)
			}
		})
	}
}

// TestLimitOfMonitor: a watcher may be so many events behind; beyond that it
// loses the oldest, and is told how many.
func TestLimitOfMonitor(t *testing.T) {
	for _, over := range []int{0, 1, 100, 3 * monitorCapacity} {
		t.Run(fmt.Sprint(over), func(t *testing.T) {
			hub := new(monitors)
			m, other := hub.add(), hub.add()
			for i := range monitorCapacity + over {
				hub.emit(Event{Kind: EventListening, Endpoint: fmt.Sprint(i)})
				if i%2 == 0 {
					continue
				}
				for range 2 { // one that keeps up loses nothing
					if _, err := other.Next(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			hub.close()
			if n := m.Lost(); n != uint64(over) {
				t.Errorf("%d events lost, want %d", n, over)
			}
			if n := other.Lost(); n != 0 {
				t.Errorf("the watcher that keeps up lost %d events", n)
			}
			next := over
			for e := range m.Events(bounded(t)) {
				if e.Endpoint != fmt.Sprint(next) {
					t.Fatalf("event %s, want %d", e.Endpoint, next)
				}
				next++
			}
			if next != monitorCapacity+over {
				t.Errorf("the last event was %d, want %d", next-1, monitorCapacity+over-1)
			}
		})
	}
}

// TestLimitsOfSend: Send holds its own messages against the limits before it
// queues anything.
func TestLimitsOfSend(t *testing.T) {
	common := WithOptions(WithMaxMessageSize(10), WithMaxFrames(3), WithLinger(0))
	router := closing(t, must(NewRouter(common)))
	linked(t, "inproc", router, closing(t, must(NewDealer(WithIdentity([]byte("me"))))))
	rep, req := closing(t, must(NewRep(common))), closing(t, must(NewReq()))
	linked(t, "inproc", rep, req)
	exchange(t, req, rep, "question")
	for name, s := range map[string]interface {
		node
		Sender
	}{
		"PUSH": closing(t, must(NewPush(common))), "PUB": closing(t, must(NewPub(common))),
		"XPUB": closing(t, must(NewXPub(common))), "XSUB": closing(t, must(NewXSub(common))),
		"REQ": closing(t, must(NewReq(common))), "DEALER": closing(t, must(NewDealer(common))),
		"PAIR": closing(t, must(NewPair(common))), "ROUTER": router, "REP": rep,
	} {
		t.Run(name, func(t *testing.T) {
			send := func(frames ...[]byte) error {
				if name == "ROUTER" { // the identity is not part of the message
					frames = append([][]byte{[]byte("me")}, frames...)
				}
				return s.Send(bounded(t), frames...)
			}
			if name == "PUSH" || name == "DEALER" || name == "REQ" || name == "PAIR" {
				if err := s.Connect(anywhere(t, "inproc")); err != nil {
					t.Fatal(err)
				}
			}
			before := s.Stats().Out.Messages
			for _, frames := range [][][]byte{
				{make([]byte, 11)}, {make([]byte, 5), make([]byte, 6)}, {nil, nil, nil, nil}, {make([]byte, 300)},
			} {
				var op *OpError
				if err := send(frames...); !errors.Is(err, ErrTooLarge) || !errors.As(err, &op) || op.Op != "send" || op.Socket != name {
					t.Errorf("%v of sizes %d: %v", name, Message(frames).Size(), err)
				}
			}
			if after := s.Stats().Out.Messages; after != before {
				t.Errorf("%d messages were accepted", after-before)
			}
			if err := send([]byte("01234"), nil, []byte("56789")); err != nil {
				t.Errorf("at the limit: %v", err)
			}
		})
	}
	t.Run("SUB", func(t *testing.T) {
		sub := closing(t, must(NewSub()))
		at := strings.Repeat("t", maxTopic)
		for _, call := range []func(...string) error{sub.Subscribe, sub.Unsubscribe} {
			if err := call("good", at+"t"); !errors.Is(err, ErrTooLarge) {
				t.Errorf("topic of 64 KiB and one octet: %v", err)
			}
			if err := call(at); err != nil {
				t.Errorf("topic of 64 KiB: %v", err)
			}
		}
		xsub := closing(t, must(NewXSub()))
		if err := xsub.Send(context.Background(), []byte("\x01"+at+"t")); !errors.Is(err, ErrTooLarge) {
			t.Errorf("topic of 64 KiB and one octet: %v", err)
		}
	})
}
