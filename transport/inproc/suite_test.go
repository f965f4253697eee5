package inproc

import (
	"strings"
	"testing"

	"github.com/brokerless/brokerless/transport/transporttest"
)

func TestTransport(t *testing.T) {
	bad := []string{"", strings.Repeat("x", maxName+1), strings.Repeat("x", 1<<20)}
	transporttest.Run(t, New(), transporttest.Options{
		Address:     func(t *testing.T) string { return t.Name() },
		BadDial:     bad,
		BadListen:   bad,
		NoHalfClose: true,
	})
}
