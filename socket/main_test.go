package socket

import (
	"log/slog"
	"testing"

	"github.com/brokerless/brokerless/internal/leakcheck"
)

// TestMain also silences the log: what the tests are about is refused all the
// time. A test of the log has one of its own.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	leakcheck.Main(m)
}
