package ipc

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/transport/transporttest"
)

// shortDir returns an empty directory whose path is shorter than that of t.TempDir, which leaves no room for a socket
// on systems that allow 103 octets.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ipc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestTransport(t *testing.T) {
	bad := []string{"", "@", "a\x00b", "/" + strings.Repeat("x", maxPath)}
	transporttest.Run(t, New(), transporttest.Options{
		Address:   func(t *testing.T) string { return filepath.Join(shortDir(t), "s") },
		BadDial:   append([]string{wildcard}, bad...),
		BadListen: bad,
	})
}

func TestTransportAbstract(t *testing.T) {
	requireAbstract(t)
	n := 0
	transporttest.Run(t, New(), transporttest.Options{
		Address: func(*testing.T) string {
			n++
			return fmt.Sprintf("@brokerless-%d-%d", os.Getpid(), n)
		},
	})
}
