package discoverytest_test

import (
	"testing"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/discoverytest"
)

func TestNetwork(t *testing.T) {
	discoverytest.Run(t, func(*testing.T) discoverytest.Cluster {
		var network discoverytest.Network
		return discoverytest.Cluster{
			Backend: func(testing.TB) discovery.Backend { return network.Backend() },
		}
	})
}
