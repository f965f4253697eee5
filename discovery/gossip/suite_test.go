package gossip

import (
	"testing"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/discoverytest"
)

func TestSuite(t *testing.T) {
	discoverytest.Run(t, func(t *testing.T) discoverytest.Cluster {
		seed := start(t)
		return discoverytest.Cluster{
			Backend: func(t testing.TB) discovery.Backend {
				t.Helper()
				return start(t, WithSeeds(seed.Addr()))
			},
		}
	})
}
