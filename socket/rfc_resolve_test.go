package socket_test

import (
	"context"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/transport/tcp"
)

// nameServer has the addresses of all names.
type nameServer struct {
	addresses atomic.Pointer[[]netip.Addr]
	asked     atomic.Int64
}

func (n *nameServer) set(addresses ...string) {
	var all []netip.Addr
	for _, a := range addresses {
		all = append(all, netip.MustParseAddr(a))
	}
	n.addresses.Store(&all)
}

func (n *nameServer) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	n.asked.Add(1)
	return *n.addresses.Load(), nil
}

func TestRFCEndpointResolve(t *testing.T) {
	showOver(t, only("tcp"), "EP-07 a name is looked up at each attempt, and all its addresses are tried", func(s *stage) {
		var dns nameServer
		dns.set("127.0.0.2", "127.0.0.3") // where nobody is
		pull := s.pull()
		_, port, _ := strings.Cut(strings.TrimPrefix(s.bind(pull), "tcp://"), ":")
		push := s.push(quick(), socket.WithTransport(tcp.New(tcp.WithResolver(&dns))))
		m := push.Monitor()
		s.connect(push, "tcp://peer.example:"+port)
		for failed := 0; failed < 3; {
			e, err := m.Next(s.ctx)
			if err != nil {
				s.Fatal(err)
			}
			if e.Kind == socket.EventConnectFailed {
				failed++
			}
		}
		if n := dns.asked.Load(); n < 3 {
			s.Fatalf("looked up %d times in 3 attempts", n)
		}
		dns.set("127.0.0.2", "127.0.0.3", "127.0.0.1") // it has moved, and the first addresses are old ones
		s.send(push, "m")
		s.want(pull, "m")
	})
}
