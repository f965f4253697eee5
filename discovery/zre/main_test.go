package zre

import (
	"testing"

	"github.com/brokerless/brokerless/internal/leakcheck"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }
