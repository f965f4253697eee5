package socks

import (
	"log/slog"
	"testing"

	"github.com/brokerless/brokerless/internal/leakcheck"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	leakcheck.Main(m)
}
