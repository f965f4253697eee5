package discovery

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
)

// Host returns a token for this host: the same in every process that could
// reach this one by ipc, another one elsewhere and after a restart of the
// system. It tells nothing else about the host.
func Host() string {
	h := sha256.New()
	name, _ := os.Hostname()
	h.Write([]byte(name))
	h.Write([]byte{0})
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	h.Write(boot)
	network, _ := os.Readlink("/proc/self/ns/net") // containers and network namespaces are hosts of their own
	h.Write([]byte(network))
	return hex.EncodeToString(h.Sum(nil)[:8])
}
