package socket_test

import (
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// TestEveryTypeChangesItsMarks: whatever has marks lets them change.
func TestEveryTypeChangesItsMarks(t *testing.T) {
	type sends interface {
		SetSendHWM(messages int) error
		SetSendHWMBytes(octets int) error
	}
	type receives interface {
		SetRecvHWM(messages int) error
		SetRecvHWMBytes(octets int) error
	}
	s := &stage{T: t, ctx: t.Context(), scheme: "inproc"}
	for name, x := range map[string]sends{
		"PUSH": s.push(), "PUB": s.pub(), "XPUB": s.xpub(), "XSUB": s.xsub(), "REQ": s.req(), "REP": s.rep(), "DEALER": s.dealer(),
		"ROUTER": s.router(), "PAIR": s.pair(), "CLIENT": s.client(), "SERVER": s.server(), "SCATTER": s.scatter(),
		"PEER": s.peer(), "CHANNEL": s.channel(), "RADIO": s.radio(), "STREAM": s.stream(), "DGRAM": s.datagram(),
	} {
		for _, n := range []int{1, 0, -1} {
			for _, err := range []error{x.SetSendHWM(n), x.SetSendHWMBytes(n)} {
				if n < 0 {
					s.matches(err, socket.ErrOption)
				} else if err != nil {
					t.Errorf("%s: %d: %v", name, n, err)
				}
			}
		}
	}
	for name, x := range map[string]receives{
		"PULL": s.pull(), "SUB": s.sub(), "XPUB": s.xpub(), "XSUB": s.xsub(), "REQ": s.req(), "REP": s.rep(), "DEALER": s.dealer(),
		"ROUTER": s.router(), "PAIR": s.pair(), "CLIENT": s.client(), "SERVER": s.server(), "GATHER": s.gather(),
		"PEER": s.peer(), "CHANNEL": s.channel(), "DISH": s.dish(), "STREAM": s.stream(), "DGRAM": s.datagram(),
	} {
		for _, n := range []int{1, 0, -1} {
			for _, err := range []error{x.SetRecvHWM(n), x.SetRecvHWMBytes(n)} {
				if n < 0 {
					s.matches(err, socket.ErrOption)
				} else if err != nil {
					t.Errorf("%s: %d: %v", name, n, err)
				}
			}
		}
	}
}

// TestLiveMarksOfDatagrams: an endpoint of datagrams has marks, too, though it has
// no peers.
func TestLiveMarksOfDatagrams(t *testing.T) {
	showUDP(t, "raised while it works", func(s *stage) {
		dish, plain := s.dish(), s.packets()
		s.must(dish.Join("g"))
		endpoint := s.bound(dish, anyPort)
		s.must(dish.SetRecvHWM(2))
		s.throw(plain, endpoint, "\x01g1", "\x01g2", "\x01g3")
		s.until("one is dropped", func() bool { return dish.Stats().In.Dropped[socket.DropFull] == 1 })
		s.must(dish.SetRecvHWM(3))
		s.throw(plain, endpoint, "\x01g4", "\x01g5")
		s.until("another one is", func() bool { return dish.Stats().In.Dropped[socket.DropFull] == 2 })
		for _, body := range []string{"1", "2", "4"} {
			s.want(dish, "g", body)
		}
	})
}
