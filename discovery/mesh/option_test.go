package mesh

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
)

func TestJoinRefuses(t *testing.T) {
	pair := newPair(t)
	tests := []struct {
		name, mesh string
		option     Option
		want       error
	}{
		{"no name", "", WithName("x"), ErrName},
		{"long name", strings.Repeat("x", 121), WithName("x"), ErrName},
		{"heartbeat of 0", "m", WithHeartbeat(0, time.Second), ErrOption},
		{"timeout below the interval", "m", WithHeartbeat(time.Second, time.Second), ErrOption},
		{"negative patience", "m", WithSuspect(-1), ErrOption},
		{"inbox of 0", "m", WithInbox(0), ErrOption},
		{"no peers", "m", WithMaxPeers(0), ErrOption},
		{"metadata that is no text", "m", WithMetadata(map[string]string{"k": "\xff"}), ErrName},
		{"too much metadata", "m", WithMetadata(map[string]string{"k": strings.Repeat("x", maxState)}), ErrTooLarge},
		{"no passphrase", "m", WithRealmKey(""), ErrOption},
		{"no keys of its own", "m", WithNodeKeys(curve.KeyPair{}, pair.Public), ErrOption},
		{"keys that do not belong together", "m", WithNodeKeys(curve.KeyPair{Secret: pair.Secret}, pair.Public), ErrOption},
		{"keys of nobody else", "m", WithNodeKeys(pair), ErrOption},
		{"no authenticator", "m", WithNodeAuthenticator(pair, nil), ErrOption},
		{"two kinds of keys", "m", func(c *config) { WithRealmKey("one")(c); WithNodeKeys(pair, pair.Public)(c) }, ErrOption},
		{"endpoint", "m", WithBind("nonsense"), socket.ErrEndpoint},
		{"realm that no backend carries", "m", WithRealm(strings.Repeat("x", 200)), discovery.ErrInstance},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h hub
			n, err := Join(t.Context(), tt.mesh, WithBackend(h.backend(t)), WithBind("tcp://127.0.0.1:0"), tt.option)
			if !errors.Is(err, tt.want) {
				t.Errorf("%v, %v", n, err)
			}
		})
	}
}

func TestServeRefuses(t *testing.T) {
	var h hub
	n := h.join(t)
	tests := []struct {
		name    string
		service string
		handler Handler
		option  ServeOption
		want    error
	}{
		{"no name", "", echo, Idempotent(), ErrName},
		{"no handler", "s", nil, Idempotent(), ErrOption},
		{"no concurrency", "s", echo, WithConcurrency(0), ErrOption},
		{"negative queue", "s", echo, WithQueue(-1), ErrOption},
		{"version that is no text", "s", echo, WithServiceVersion("\xff"), ErrName},
		{"too much metadata", "s", echo, WithServiceMetadata(map[string]string{"k": strings.Repeat("x", maxState)}), ErrTooLarge},
	}
	for _, tt := range tests {
		if _, err := n.Serve(tt.service, tt.handler, tt.option); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if got := n.Services(); len(got) != 0 {
		t.Errorf("services %+v", got)
	}
	if err := n.HandleAsk("g", nil); !errors.Is(err, ErrOption) {
		t.Errorf("no handler: %v", err)
	}
	if got := n.Groups(); len(got) != 0 {
		t.Errorf("groups %q", got)
	}
}
