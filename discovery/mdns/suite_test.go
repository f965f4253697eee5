package mdns

import (
	"net"
	"testing"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/discoverytest"
	"github.com/brokerless/brokerless/internal/lan"
)

// The suite runs on an ether of its own, as on a link that is shared with
// whatever else is tested on this host it would meet instances of others. The
// link is taken for loopback, since the suite announces such addresses.
func TestBackend(t *testing.T) {
	discoverytest.Run(t, func(*testing.T) discoverytest.Cluster {
		var e ether
		return discoverytest.Cluster{
			Backend: func(t testing.TB) discovery.Backend {
				t.Helper()
				b, n := e.station(t)
				l := link(n.addr)
				l.Flags |= net.FlagLoopback
				n.change <- []lan.Link{l}
				return b
			},
			Steps: 100,
		}
	})
}
