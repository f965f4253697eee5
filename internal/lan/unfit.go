package lan

import (
	"net"
	"slices"
	"strings"
)

// unfit returns why an interface is not used, or "" if it is.
func unfit(ifi *net.Interface, named bool, o Options) string {
	switch {
	case len(o.Names) > 0 && !named:
		return "not one of those chosen"
	case ifi.Flags&net.FlagUp == 0:
		return "down"
	case named:
		return ""
	case ifi.Flags&net.FlagRunning == 0:
		return "no carrier"
	case ifi.Flags&net.FlagLoopback != 0:
		return "loopback"
	case ifi.Flags&net.FlagPointToPoint != 0:
		return "point-to-point"
	case virtual(ifi.Name):
		return "virtual: made for containers, virtual machines or tunnels"
	}
	return ""
}

// virtual reports whether the name is one that container engines, hypervisors
// and tunnels give to what they make. Their addresses are the same on many
// hosts and lead nowhere from another one.
func virtual(name string) bool {
	if slices.ContainsFunc(virtualPrefixes[:], func(p string) bool { return strings.HasPrefix(name, p) }) {
		return true
	}
	id, ok := strings.CutPrefix(name, "br-") // a network of a container engine: br- and a hexadecimal id
	return ok && len(id) >= 8 && strings.Trim(id, "0123456789abcdef") == ""
}

var virtualPrefixes = [...]string{
	"docker", "veth", "cni", "flannel", "cali", "kube", "podman", "lxc", "lxd", // containers
	"virbr", "vmnet", "vboxnet", // virtual machines
	"tun", "tap", "wg", "tailscale", "zt", "utun", // tunnels
	"ifb", "awdl", "llw", // no links to hosts of a network at all
}
