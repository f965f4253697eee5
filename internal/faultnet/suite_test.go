package faultnet

import (
	"testing"

	"github.com/brokerless/brokerless/transport/transporttest"
)

// TestTransport: without faults it is a transport like any other, and with the
// harmless ones it is a slow one.
func TestTransport(t *testing.T) {
	options := transporttest.Options{Address: func(t *testing.T) string { return t.Name() }}
	transporttest.Run(t, New(1, nil), options)
}
