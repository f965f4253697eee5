package zre

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// TestRFC36Beacon is about beacons and sockets.
func TestRFC36Beacon(t *testing.T) {
	t.Run("ZR-01 the beacon", func(t *testing.T) {
		s := newStranger(t)
		n := node(t, []*stranger{s}, WithInterval(10*time.Millisecond))
		id := n.ID()
		want := slices.Concat([]byte("ZRE\x01"), id[:], []byte{byte(n.InboxPort() >> 8), byte(n.InboxPort())})
		for range 3 {
			if got := s.hears(); !bytes.Equal(got, want) {
				t.Fatalf("beacon %x, want %x", got, want)
			}
		}
		s.beacon(n, want)
		s.beacon(n, want[:21])
		s.beacon(n, append([]byte("ZRE\x03"), want[4:]...))
		s.beacon(n, beacon{id: s.id, port: s.port}.encode())
		s.expect(kindHello, 1)
		if st := n.Stats(); st.BeaconsBad != 2 || st.BeaconsReceived != 1 || st.Pending != 1 || st.Peers != 0 {
			t.Errorf("%+v", st)
		}
		s.dial(n)
		s.say(s.greeting())
		next(t, n, Entered, s.id)
		s.beacon(n, beacon{id: s.id}.encode())
		if e := next(t, n, Exited, s.id); e.Reason != Goodbye {
			t.Errorf("%v", e)
		}
		must(t, n.Close())
		for {
			got := s.hears()
			if bytes.Equal(got, want) {
				continue
			}
			if !bytes.Equal(got, append(slices.Clone(want[:20]), 0, 0)) {
				t.Fatalf("goodbye %x", got)
			}
			return
		}
	})
	t.Run("ZR-02 the inbox", func(t *testing.T) {
		s := newStranger(t)
		n := node(t, []*stranger{s})
		if n.InboxPort() < 0xC000 {
			t.Errorf("inbox at port %x", n.InboxPort())
		}
		s.enter(n)
		s.say(message{kind: kindPing, sequence: 2})
		s.expect(kindPingOK, 2)
		must(t, n.Whisper(within(t), s.id, []byte("psst")))
		s.expect(kindWhisper, 3)
		if m, err := s.dealer.TryRecv(); !errors.Is(err, socket.ErrWouldBlock) {
			t.Errorf("the inbox has sent %v, %v", m, err)
		}
	})
	t.Run("ZR-03 one DEALER for each peer", func(t *testing.T) {
		all := []*stranger{newStranger(t), newStranger(t), newStranger(t)}
		n := node(t, all)
		id := n.ID()
		for _, s := range all {
			s.enter(n)
			must(t, n.Whisper(within(t), s.id, []byte(s.id.String())))
			frames, p, err := s.inbox.RecvFrom(within(t))
			must(t, err)
			if string(p.ID) != "\x01"+string(id[:]) || string(frames[2]) != s.id.String() {
				t.Errorf("%q from %x", frames[2], p.ID)
			}
			if got := s.inbox.Stats(); got.Peers != 1 || got.Handshakes != 1 || p.SocketType != "DEALER" {
				t.Errorf("%d connections of a %s, %d in all", got.Peers, p.SocketType, got.Handshakes)
			}
			must(t, s.inbox.SendTo(within(t), p.ID, whisper2.encode(), []byte("not by this way")))
		}
		for _, s := range all {
			s.alive(n, 2) // and nothing else was told
		}
	})
}

var whisper2 = message{kind: kindWhisper, sequence: 2}

// TestRFC36Message is about what nodes say.
func TestRFC36Message(t *testing.T) {
	t.Run("ZR-04 header and sequence", func(t *testing.T) {
		s, good := newStranger(t), newStranger(t)
		n := node(t, []*stranger{s, good})
		good.enter(n)
		s.dial(n)
		s.say(s.greeting())
		frames, err := s.inbox.Recv(within(t))
		must(t, err)
		if !bytes.HasPrefix(frames[1], []byte{0xAA, 0xA1, 1, 2, 0, 1}) {
			t.Errorf("%x", frames[1])
		}
		next(t, n, Entered, s.id)
		const many = 66_000 // the sequence wraps
		sent := make(chan error, 1)
		ctx := within(t)
		go func() {
			for range many {
				if err := n.Whisper(ctx, s.id); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		for i := range many {
			frames, err := s.inbox.Recv(ctx)
			must(t, err)
			if k, sequence, err := parseHead(frames[1]); k != kindWhisper || sequence != uint16(2+i) || err != nil {
				t.Fatalf("%v %d, want WHISPER %d, %v", k, sequence, uint16(2+i), err)
			}
		}
		must(t, <-sent)
		watch := s.inbox.Monitor()
		defer watch.Close()
		s.say(message{kind: kindWhisper, sequence: 3}) // 2 is missing
		if e := next(t, n, Exited, s.id); e.Reason != OutOfSequence {
			t.Errorf("%v", e)
		}
		s.gone(watch)
		good.alive(n, 2)
	})
	t.Run("ZR-05 ids", func(t *testing.T) {
		s := newStranger(t)
		n := node(t, []*stranger{s}, WithInterval(10*time.Millisecond), WithSilence(200*time.Millisecond, time.Minute))
		s.dial(n)
		s.say(message{kind: 1, sequence: 1, endpoint: fmt.Sprintf("tcp://127.0.0.1:%d", s.port), groups: []string{"A"}})
		s.expect(1, 1)
		next(t, n, Entered, s.id)
		next(t, n, Joined, s.id)
		must(t, n.JoinGroup("A"))
		must(t, n.Whisper(within(t), s.id))
		sent, err := n.Shout(within(t), "A")
		if sent != 1 || err != nil {
			t.Errorf("shouted to %d, %v", sent, err)
		}
		must(t, n.LeaveGroup("A"))
		for _, k := range []kind{4, 2, 3, 5} { // and PING when the stranger was silent for long enough
			m, _ := s.got()
			for m.kind == 6 {
				m, _ = s.got()
			}
			if m.kind != k {
				t.Errorf("%v, want %v", m.kind, k)
			}
		}
		if m, _ := s.got(); m.kind != 6 {
			t.Errorf("%v, want PING", m.kind)
		}
		s.say(message{kind: 7, sequence: 2})
		must(t, n.JoinGroup("B"))
		s.say(message{kind: 2, sequence: 3})
		next(t, n, Whispered, s.id)
		s.say(message{kind: 3, sequence: 4, group: "B"})
		next(t, n, Shouted, s.id)
		s.say(message{kind: 4, sequence: 5, group: "B"})
		next(t, n, Joined, s.id)
		s.say(message{kind: 5, sequence: 6, group: "B"})
		next(t, n, Left, s.id)
		s.say(message{kind: 6, sequence: 7})
		for m, _ := s.got(); m.kind != 7; m, _ = s.got() {
			if m.kind != 6 && m.kind != 4 {
				t.Fatalf("%v, want PING-OK", m.kind)
			}
		}
	})
	t.Run("ZR-06 strings, lists, HELLO", func(t *testing.T) {
		s := newStranger(t)
		n := node(t, []*stranger{s}, WithHeader("X-B", "2"), WithHeader("X-A", ""))
		for _, g := range []string{"two", "one"} {
			must(t, n.JoinGroup(g))
		}
		s.dial(n)
		s.raw(octets(t, "aaa1 01 02 0001"+
			fmt.Sprintf("15 %x", fmt.Sprintf("tcp://127.0.0.1:%05d", s.port))+
			"00000002 00000003 6f6e65 00000000"+
			"02 05 7a79 7265 21"+
			"00000001 03 582d43 00000002 c3a9"))
		frames, err := s.inbox.Recv(within(t))
		must(t, err)
		want := octets(t, "aaa1 01 02 0001"+
			fmt.Sprintf("15 %x", fmt.Sprintf("tcp://127.0.0.1:%d", n.InboxPort()))+
			"00000002 00000003 6f6e65 00000003 74776f"+
			"02 04 6e6f6465"+
			"00000002 03 582d41 00000000 03 582d42 00000001 32")
		if !bytes.Equal(frames[1], want) {
			t.Errorf("HELLO\n%x, want\n%x", frames[1], want)
		}
		e := next(t, n, Entered, s.id)
		if e.Name != "zyre!" || len(e.Headers) != 1 || e.Headers["X-C"] != "é" {
			t.Errorf("%v with %v", e, e.Headers)
		}
		if e := next(t, n, Joined, s.id); e.Group != "one" {
			t.Errorf("%v", e)
		}
		if e := next(t, n, Joined, s.id); e.Group != "" {
			t.Errorf("%v", e)
		}
	})
	t.Run("ZR-07 nothing before HELLO", func(t *testing.T) {
		s := newStranger(t)
		n := node(t, []*stranger{s})
		s.dial(n)
		s.say(message{kind: kindWhisper, sequence: 1}, []byte("before HELLO"))
		s.say(message{kind: kindJoin, sequence: 2, group: "A", status: 1})
		hello := s.greeting()
		s.raw(append([]byte{0xAA, 0xA0}, hello.encode()[2:]...))
		version := hello.encode()
		version[3] = 3
		s.raw(version)
		s.raw(nil)
		s.raw([]byte("GET / HTTP/1.1"), []byte("more"))
		s.say(hello)
		next(t, n, Entered, s.id)
		s.raw([]byte{0xAA, 0xA1, 2, 1, 0, 2}) // version 1: discarded, and not in the sequence
		s.alive(n, 2)
		if st := n.Stats(); st.Early != 2 || st.Bad != 5 {
			t.Errorf("%d early, %d bad", st.Early, st.Bad)
		}
	})
}

// TestRFC36Traffic is about what messages do.
func TestRFC36Traffic(t *testing.T) {
	t.Run("ZR-08 silence, PING, and the end", func(t *testing.T) {
		s := newStranger(t)
		n := node(t, []*stranger{s}, WithInterval(10*time.Millisecond), WithSilence(100*time.Millisecond, time.Second))
		s.enter(n)
		s.expect(kindPing, 2)
		if e := next(t, n, Exited, s.id); e.Reason != Silent {
			t.Errorf("%v", e)
		}
		s = newStranger(t)
		n = node(t, []*stranger{s})
		s.enter(n)
		for i := range 3 {
			s.say(message{kind: kindPing, sequence: uint16(2 + i)})
			s.expect(kindPingOK, uint16(2+i))
		}
	})
	t.Run("ZR-09 content frames", func(t *testing.T) {
		s := newStranger(t)
		n := node(t, []*stranger{s})
		must(t, n.JoinGroup("A"))
		s.enter(n)
		s.say(message{kind: kindJoin, sequence: 2, group: "A", status: 1})
		next(t, n, Joined, s.id)
		sequence := uint16(2)
		for i, content := range [][][]byte{{}, {{}}, {[]byte("one")}, {[]byte("one"), {}, bytes.Repeat([]byte("3"), 100_000)}} {
			sequence++
			must(t, n.Whisper(within(t), s.id, content...))
			_, got := s.expect(kindWhisper, uint16(2+2*i))
			same(t, got, content)
			s.say(message{kind: kindWhisper, sequence: sequence}, content...)
			same(t, next(t, n, Whispered, s.id).Frames, content)
			sequence++
			_, err := n.Shout(within(t), "A", content...)
			must(t, err)
			m, got := s.expect(kindShout, uint16(3+2*i))
			same(t, got, content)
			s.say(message{kind: kindShout, sequence: sequence, group: "A"}, content...)
			e := next(t, n, Shouted, s.id)
			same(t, e.Frames, content)
			if m.group != "A" || e.Group != "A" {
				t.Errorf("groups %q and %q", m.group, e.Group)
			}
		}
	})
	t.Run("ZR-10 group status", func(t *testing.T) {
		s := newStranger(t)
		n := node(t, []*stranger{s})
		must(t, n.JoinGroup("before"))
		s.dial(n)
		s.say(s.greeting())
		if m, _ := s.expect(kindHello, 1); m.status != 1 || !slices.Equal(m.groups, []string{"before"}) {
			t.Errorf("%v with status %d", m.groups, m.status)
		}
		next(t, n, Entered, s.id)
		status := byte(1)
		for range 200 {
			must(t, n.JoinGroup("A"))
			must(t, n.JoinGroup("A")) // nothing new
			must(t, n.LeaveGroup("A"))
			for _, k := range []kind{kindJoin, kindLeave} {
				status++ // mod 256
				if m, _ := s.got(); m.kind != k || m.status != status || m.group != "A" {
					t.Fatalf("%v %q with status %d, want %v with %d", m.kind, m.group, m.status, k, status)
				}
			}
		}
		s.say(message{kind: kindJoin, sequence: 2, group: "A", status: 1})
		next(t, n, Joined, s.id)
		s.say(message{kind: kindLeave, sequence: 3, group: "A", status: 7})
		next(t, n, Left, s.id)
		if got := n.Stats().StatusMismatch; got != 1 {
			t.Errorf("%d mismatches, want that of 7", got)
		}
	})
}

func same(t testing.TB, got socket.Message, want [][]byte) {
	t.Helper()
	if !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("content %v, want %v", got, socket.Message(want))
	}
}
