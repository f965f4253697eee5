package interop

import (
	"testing"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// TestVerbose compares which subscriptions an XPUB shows its application when
// two subscribers want the same: ours with libzmq's as subscribers, and the
// other way round (PS-21 to PS-23).
func TestVerbose(t *testing.T) { eachPeer(t, rowVerbose, everyPeer, verbose) }

func verbose(t *testing.T, p *process) {
	cases := []struct {
		name string
		ours []socket.XPubOption
		them []peer.Option
		want []string
	}{
		{
			"first and last", nil, nil,
			[]string{"\x01a", "\x01end 1", "\x01end 2", "\x01end 3", "\x00a"},
		},
		{
			"verbose",
			[]socket.XPubOption{socket.WithVerbose()},
			[]peer.Option{peer.Int("XPUB_VERBOSE", 1)},
			[]string{"\x01a", "\x01end 1", "\x01a", "\x01end 2", "\x01end 3", "\x00a"},
		},
		{
			"verboser",
			[]socket.XPubOption{socket.WithVerboser()},
			[]peer.Option{peer.Int("XPUB_VERBOSER", 1)},
			[]string{"\x01a", "\x01end 1", "\x01a", "\x01end 2", "\x00a", "\x01end 3", "\x00a"},
		},
	}
	for _, c := range cases {
		t.Run("xpub=ours/"+c.name, func(t *testing.T) {
			s, err := socket.NewXPub(append([]socket.XPubOption{quick(), p.we()}, c.ours...)...)
			xpub := own(t, s, err)
			one, two := theirs(t, p, "SUB"), theirs(t, p, "SUB")
			endpoint := link(t, "tcp", xpub, one)
			must(t, two.Connect(endpoint))
			p.awaitHandshake(t, one)
			p.awaitHandshake(t, two)
			watchTopics(t, xpub, theirSubscriber{one}, theirSubscriber{two}, c.want)
		})
		t.Run("xpub=theirs/"+c.name, func(t *testing.T) {
			xpub := theirs(t, p, "XPUB", c.them...)
			one, two := newOurs(t, "SUB", "", p.we()), newOurs(t, "SUB", "", p.we())
			endpoint := link(t, "tcp", xpub, one)
			must(t, two.Connect(endpoint))
			watchTopics(t, xpub, one.(subscriber), two.(subscriber), c.want)
		})
	}
}

// watchTopics lets two subscribers subscribe to a, each followed by a topic of
// its own that shows it has been heard, then cancel, and compares what the XPUB
// got to see.
func watchTopics(t *testing.T, xpub any, one, two subscriber, want []string) {
	t.Helper()
	var got []string
	until := func(mark string) {
		t.Helper()
		for len(got) == 0 || got[len(got)-1] != mark {
			got = append(got, string(recv(t, xpub)[0]))
		}
	}
	must(t, one.Subscribe("a", "end 1"))
	until("\x01end 1")
	must(t, two.Subscribe("a", "end 2"))
	until("\x01end 2")
	must(t, one.Unsubscribe("a"))
	must(t, one.Subscribe("end 3"))
	until("\x01end 3")
	must(t, two.Unsubscribe("a"))
	until("\x00a")
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

// TestWelcome greets subscribers that want to be greeted (PS-30).
func TestWelcome(t *testing.T) { eachPeer(t, rowWelcome, bothLibzmqs, welcome) }

func welcome(t *testing.T, p *process) {
	t.Run("xpub=ours", func(t *testing.T) {
		s, err := socket.NewXPub(quick(), socket.WithWelcome([]byte("hello")))
		xpub := own(t, s, err)
		sub, other := theirs(t, p, "SUB"), theirs(t, p, "SUB")
		must(t, other.Set(peer.Bytes("SUBSCRIBE", "z")))
		must(t, sub.Set(peer.Bytes("SUBSCRIBE", "hello")))
		endpoint := link(t, "tcp", xpub, sub)
		expect(t, xpub, text("\x01hello")...)
		expect(t, sub, text("hello")...)
		must(t, other.Connect(endpoint))
		expect(t, xpub, text("\x01z")...)
		send(t, xpub, text("z")...)
		expect(t, other, text("z")...)
	})
	t.Run("xpub=theirs", func(t *testing.T) {
		xpub := theirs(t, p, "XPUB", peer.Bytes("XPUB_WELCOME_MSG", "hello"))
		sub, other := newOurs(t, "SUB", ""), newOurs(t, "SUB", "")
		must(t, other.(subscriber).Subscribe("z"))
		must(t, sub.(subscriber).Subscribe("hello"))
		endpoint := link(t, "tcp", xpub, sub)
		expect(t, xpub, text("\x01hello")...)
		expect(t, sub, text("hello")...)
		must(t, other.Connect(endpoint))
		expect(t, xpub, text("\x01z")...)
		send(t, xpub, text("z")...)
		expect(t, other, text("z")...)
	})
}

// TestSubscriberGone ends subscribers without a word: the XPUB's application
// sees their topics cancelled (PS-24, TR-16).
func TestSubscriberGone(t *testing.T) { eachPeer(t, rowGone, everyPeer, subscriberGone) }

func subscriberGone(t *testing.T, p *process) {
	t.Run("xpub=ours", func(t *testing.T) {
		xpub := newOurs(t, "XPUB", "", p.we())
		q := p.restart(t)
		sub := theirs(t, q, "SUB", peer.Bytes("SUBSCRIBE", "a"))
		link(t, "tcp", xpub, sub)
		expect(t, xpub, text("\x01a")...)
		q.Kill()
		expect(t, xpub, text("\x00a")...)
	})
	t.Run("xpub=theirs", func(t *testing.T) {
		xpub := theirs(t, p, "XPUB")
		sub := newOurs(t, "SUB", "", p.we())
		must(t, sub.(subscriber).Subscribe("a"))
		link(t, "tcp", xpub, sub)
		expect(t, xpub, text("\x01a")...)
		must(t, sub.Close())
		expect(t, xpub, text("\x00a")...)
	})
}
