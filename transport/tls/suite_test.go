package tls

import (
	"testing"

	"github.com/brokerless/brokerless/transport/transporttest"
)

func TestTransport(t *testing.T) {
	ca := newAuthority(t, "ca")
	server, client := ca.server(t), ca.client(t)
	transporttest.Run(t, New(WithServerConfig(server), WithClientConfig(client)), transporttest.Options{
		Address:   func(*testing.T) string { return "127.0.0.1:0" },
		BadDial:   []string{"", "127.0.0.1", "*:1", "127.0.0.1:*", ":1", "a b:1", "h:1;h;h:1"},
		BadListen: []string{"", "127.0.0.1", "127.0.0.1:65536", ":1", "lo:1;lo:2"},
	})
}
