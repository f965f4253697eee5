package socket_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
	"github.com/brokerless/brokerless/socket/plain"
)

// A diary is a log that says all there is to say.
type diary struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (d *diary) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.Write(b)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.String()
}

func (d *diary) option() socket.Option {
	return socket.WithLogger(slog.New(slog.NewTextHandler(d, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// TestLogKeepsSecrets: neither the log nor the events of either side have the
// password or a key of a peer that is refused.
func TestLogKeepsSecrets(t *testing.T) {
	const password = "swordfish and chips"
	deny := socket.WithAuthenticator(denyAll)
	server, client, other := keys(t), keys(t), keys(t)
	secrets := []string{password}
	for _, k := range []curve.KeyPair{server, client, other} {
		for _, b := range []string{k.Public.String(), k.Secret.Reveal()} {
			key, err := curve.ParseKey(b)
			if err != nil {
				t.Fatal(err)
			}
			secrets = append(secrets, b, hex.EncodeToString(key[:]), string(key[:]), fmt.Sprintf("%d", key[:]))
		}
	}
	for _, tt := range []struct {
		name           string
		server, client socket.Option
		told           bool // the client knows that it is refused
	}{
		{"PLAIN", socket.WithSecurity(plain.Server()), socket.WithSecurity(plain.Client("ann", password)), true},
		{"CURVE", socket.WithSecurity(curve.Server(server)), socket.WithSecurity(curve.Client(server.Public, client)), true},
		{"CURVE, wrong server", socket.WithSecurity(curve.Server(server)), socket.WithSecurity(curve.Client(other.Public, client)), false},
		{"PLAIN to CURVE", socket.WithSecurity(curve.Server(server)), socket.WithSecurity(plain.Client("ann", password)), true},
	} {
		showWire(t, tt.name, func(s *stage) {
			log := new(diary)
			pull, push := s.pull(log.option(), deny, tt.server), s.push(log.option(), tt.client)
			at, from := pull.Monitor(), push.Monitor()
			endpoint := s.bind(pull)
			if err := push.Connect(endpoint); err != nil {
				s.Fatal(err)
			}
			said := s.event(at, socket.EventHandshakeFailed).String() + s.event(from, socket.EventHandshakeFailed).String()
			s.until("lines of both", func() bool {
				all := log.String()
				return strings.Contains(all, "socket=PULL") && strings.Contains(all, "socket=PUSH")
			})
			said += log.String()
			for _, secret := range secrets {
				if strings.Contains(said, secret) {
					s.Errorf("%q is in\n%s", secret, said)
				}
			}
			if tt.told != !strings.Contains(said, "hangs up without a word") {
				s.Errorf("the client was told: %t, want %t:\n%s", !tt.told, tt.told, said)
			}
		})
	}
}

func keys(t *testing.T) curve.KeyPair {
	t.Helper()
	pair, err := curve.NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// denyAll refuses everybody, and is careful not to say whom.
var denyAll = socket.AuthenticatorFunc(func(context.Context, socket.Credentials) (socket.Admission, error) {
	return socket.Admission{}, &socket.AuthError{Status: socket.AuthDenied, Text: "not in the list"}
})
