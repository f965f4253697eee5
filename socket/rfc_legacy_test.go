package socket_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/plain"
)

// frameV1 returns one frame of ZMTP 1.0, written by hand (RFC 13).
func frameV1(more byte, body string) string {
	head := string([]byte{byte(len(body) + 1), more})
	if len(body)+1 >= 255 {
		head = "\xff" + string(binary.BigEndian.AppendUint64(nil, uint64(len(body)+1))) + string(rune(more))
	}
	return head + body
}

func messageV1(frames ...string) string {
	var b strings.Builder
	for i, f := range frames {
		more := byte(1)
		if i == len(frames)-1 {
			more = 0
		}
		b.WriteString(frameV1(more, f))
	}
	return b.String()
}

// An oldPeer says how a peer from before ZMTP 3.0 comes in and what its messages
// look like.
type oldPeer struct {
	name     string // Peer.Version
	announce bool   // it has a signature
	revision byte
	encode   func(frames ...string) string
}

var oldPeers = []oldPeer{
	{"1.0", false, 0, messageV1}, // all there was before libzmq 3
	{"1.0", true, 0, messageV1},
	{"2.0", true, 1, message}, // libzmq 3, JeroMQ 0.3
	{"2.0", true, 2, message},
}

func (p oldPeer) String() string {
	return fmt.Sprintf("peer of %s, announced %v, revision %d", p.name, p.announce, p.revision)
}

// meet does the handshake of an old peer of a type, which the octet stands for,
// and checks ours.
func (p oldPeer) meet(w *wire, theirs byte, identity string, ours byte, own string) {
	w.s.Helper()
	w.expect("\xff\x00\x00\x00\x00\x00\x00\x00", string([]byte{byte(1 + len(own))}), "\x7f")
	if !p.announce {
		w.write(p.encode(identity))
		w.expect(own)
		return
	}
	w.write(signature)
	w.expect("\x03")
	w.write(string([]byte{p.revision}))
	w.write(string([]byte{theirs}), p.encode(identity))
	w.expect(string([]byte{ours}), p.encode(own))
}

func TestRFC15Legacy(t *testing.T) {
	legacy := socket.WithLegacyZMTP()

	showWire(t, "WT-06 with older peers let in the greeting goes out in steps", func(s *stage) {
		x := s.pull(legacy)
		w := s.dial(s.bind(x))
		ours := greeting(3, 1)
		w.expect(ours[:10])
		w.write(ours[:10])
		w.expect(ours[10:11])
		w.write(ours[10:11])
		w.expect(ours[11:])
		w.write(ours[11:], ready(property("Socket-Type", "PUSH")))
		w.ready()
		s.peers(x, 1)
		// Two that both wait for the other's octets do not wait for ever.
		y := s.push(legacy)
		s.connect(y, s.bind(x))
		s.peers(x, 2)
	})

	showWire(t, "WT-13 with older peers let in, revisions 1 and 2 are ZMTP 2.0", func(s *stage) {
		x := s.pull(legacy)
		endpoint := s.bind(x)
		for i, revision := range []byte{1, 2} {
			w := s.dial(endpoint)
			oldPeer{"2.0", true, revision, message}.meet(w, 8, "", 7, "")
			s.peers(x, i+1)
			w.write(message("a", "b"))
			m, p, err := x.RecvFrom(s.ctx)
			if err != nil || len(m) != 2 {
				s.Fatal(m, err)
			}
			equal(s, "version", p.Version, "2.0")
			equal(s, "socket type", p.SocketType, "PUSH")
		}
	})

	showWire(t, "WT-14 the greeting to revisions 0 and 1 ends with our socket type", func(s *stage) {
		x := s.pull(legacy)
		endpoint := s.bind(x)
		for i, revision := range []string{"\x00", "\x01"} {
			w := s.dial(endpoint)
			w.write(signature, revision, "\x08")
			w.expect(signature, "\x03\x07")
			if i == 0 {
				w.expect("\x01\x00")
				w.write("\x01\x00")
			} else {
				w.expect("\x00\x00")
				w.write("\x00\x00")
			}
			s.peers(x, i+1)
		}
	})

	showWire(t, "WT-15 the octet of the socket type is checked", func(s *stage) {
		x := s.pull(legacy)
		m := x.Monitor()
		endpoint := s.bind(x)
		for octet := range 13 {
			if octet == 8 {
				continue // PUSH
			}
			w := s.dial(endpoint)
			w.write(signature, "\x01", string([]byte{byte(octet)}), "\x00\x00")
			refused(s, m, w)
		}
		w := s.dial(endpoint)
		oldPeers[2].meet(w, 8, "", 7, "")
		w.write(message("good"))
		s.want(x, "good")
		equal(s, "refused", x.Stats().Refused, 12)
	})

	showWire(t, "WT-16 the first frame each way is the identity", func(s *stage) {
		for _, p := range oldPeers {
			x := s.router(legacy, socket.WithIdentity([]byte("ours")))
			w := s.dial(s.bind(x))
			p.meet(w, 5, "theirs", 6, "ours")
			w.write(p.encode("hello", ""))
			s.want(x, "theirs", "hello", "")
			s.send(x, "theirs", "", "world")
			w.expect(p.encode("", "world"))
			anonymous := s.dial(s.bind(x))
			p.meet(anonymous, 5, "", 6, "ours")
			anonymous.write(p.encode("who"))
			got := s.recv(x)
			equal(s, "octets of the id that was given", len(got[0]), 5)
			equal(s, "its first", got[0][0], 0)
			taken := s.dial(s.bind(x))
			m := x.Monitor()
			p.meet(taken, 5, "theirs", 6, "ours")
			s.says(refused(s, m, taken), "taken")
		}
	})

	showWire(t, "WT-17 no old peer beside a mechanism, an authenticator or a domain", func(s *stage) {
		for name, o := range map[string]socket.Option{
			"PLAIN": socket.WithSecurity(plain.Client("ann", "tea")),
			"authenticator": socket.WithAuthenticator(socket.AuthenticatorFunc(
				func(context.Context, socket.Credentials) (a socket.Admission, err error) { return a, nil })),
			"domain": socket.WithAuthDomain("home"),
		} {
			_, err := socket.NewPull(legacy, o)
			if !errors.Is(err, socket.ErrOption) || !strings.Contains(err.Error(), "WithLegacyZMTP") {
				s.Errorf("%s: error %v, want ErrOption", name, err)
			}
		}
	})

	showWire(t, "WT-18 what an old peer injects gets past no mechanism", func(s *stage) {
		x := s.pull(socket.WithSecurity(plain.Server()), authenticator(
			func(context.Context, socket.Credentials) (a socket.Admission, err error) { return a, nil }))
		m := x.Monitor()
		endpoint := s.bind(x)
		for _, octets := range []string{"\x01\x00\x08\x00sneaky\x00", signature + "\x00\x08\x01\x00\x08\x00sneaky\x00", signature + "\x01\x08\x00\x00\x00\x07sneaky\x00"} {
			w := s.dial(endpoint)
			w.write(octets)
			refused(s, m, w)
		}
		equal(s, "messages", x.Stats().In.Messages, 0)
		good := s.push(socket.WithSecurity(plain.Client("ann", "tea")))
		s.connect(good, endpoint)
		s.send(good, "good")
		s.want(x, "good")
	})

	showWire(t, "WT-19 an unversioned subscriber gets everything", func(s *stage) {
		x := s.xpub(legacy)
		endpoint := s.bind(x)
		all := s.dial(endpoint)
		oldPeers[0].meet(all, 0, "", 0, "")
		s.want(x, "\x01")
		told := s.dial(endpoint)
		oldPeers[1].meet(told, 2, "", 9, "")
		told.write(messageV1("\x01b"))
		s.want(x, "\x01b")
		s.send(x, "a", "1")
		s.send(x, "b", "2")
		told.write(messageV1("\x00b"))
		s.want(x, "\x00b")
		s.send(x, "b", "3")
		told.write(messageV1("\x01b"))
		s.want(x, "\x01b")
		s.send(x, "b", "4")
		all.expect(messageV1("a", "1"), messageV1("b", "2"), messageV1("b", "3"), messageV1("b", "4"))
		told.expect(messageV1("b", "2"), messageV1("b", "4"))
		all.write(messageV1("\x01c")) // those of libzmq 3 tell, too
		s.want(x, "\x01c")

		pub := s.pub(legacy)
		w := s.dial(s.bind(pub))
		oldPeers[0].meet(w, 0, "", 0, "")
		if err := pub.WaitSubscribers(s.ctx, "anything", 1); err != nil {
			s.Fatal(err)
		}
		s.send(pub, "anything")
		w.expect(messageV1("anything"))
	})

	showWire(t, "WT-02 older publishers are told of subscriptions by messages", func(s *stage) {
		for _, p := range oldPeers {
			x := s.sub(legacy)
			if err := x.Subscribe("A"); err != nil {
				s.Fatal(err)
			}
			w := s.dial(s.bind(x))
			p.meet(w, 1, "", 2, "")
			w.expect(p.encode("\x01A"))
			if err := x.Subscribe("B"); err != nil {
				s.Fatal(err)
			}
			w.expect(p.encode("\x01B"))
			if err := x.Unsubscribe("A"); err != nil {
				s.Fatal(err)
			}
			w.expect(p.encode("\x00A"))
			w.write(p.encode("Abc", "not wanted, from one that does not filter"), p.encode("Bcd", "yes"))
			s.want(x, "Bcd", "yes")
		}
	})

	showWire(t, "WT-20 a frame of 1.0 has a length that counts its flags", func(s *stage) {
		sizes := []int{0, 1, 252, 253, 254, 255, 256, 20_000, 200_000}
		for _, p := range oldPeers {
			x := s.pair(legacy)
			w := s.dial(s.bind(x))
			p.meet(w, 0, "", 0, "")
			for _, n := range sizes {
				body := strings.Repeat("m", n)
				encode := p.encode
				if p.name == "2.0" {
					encode = longMessage
				}
				w.write(encode("", body, "end"))
				s.want(x, "", body, "end")
				s.send(x, body, "", "end")
				w.expect(encode(body, "", "end"))
			}
		}
	})
}

// longMessage is message with frames of any size.
func longMessage(frames ...string) string {
	var b strings.Builder
	for i, f := range frames {
		flags := byte(1)
		if i == len(frames)-1 {
			flags = 0
		}
		if len(f) <= 255 {
			b.WriteString(string([]byte{flags, byte(len(f))}) + f)
			continue
		}
		b.WriteString(string([]byte{flags | 2}) + string(binary.BigEndian.AppendUint64(nil, uint64(len(f)))) + f)
	}
	return b.String()
}
