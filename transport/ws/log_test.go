package ws

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
)

// A port that is open to everybody is warned of, as one of TCP is.
func TestOpenPort(t *testing.T) {
	for _, tt := range []struct {
		endpoint string
		opt      socket.Option
		warned   bool
	}{
		{"ws://*:0/a", socket.WithOptions(), true},
		{"ws://127.0.0.1:0", socket.WithOptions(), false},
		{"ws://*:0", socket.WithAuthenticator(auth.Anyone()), false},
	} {
		var log bytes.Buffer
		pull := must(socket.NewPull(over(), tt.opt, socket.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))))
		must(pull.Bind(tt.endpoint))
		pull.Close()
		if got := strings.Contains(log.String(), "bound without security"); got != tt.warned {
			t.Errorf("%s: warned %v, want %v: %s", tt.endpoint, got, tt.warned, log.String())
		}
	}
}
