package lan

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
)

const lanFlags = net.FlagUp | net.FlagBroadcast | net.FlagMulticast | net.FlagRunning

// fake is a host whose interfaces a test chooses.
type fake struct {
	mu    sync.Mutex
	ifis  []net.Interface
	addrs map[string][]string
	err   error
}

func (f *fake) system() system {
	return system{
		interfaces: func() ([]net.Interface, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			return slices.Clone(f.ifis), f.err
		},
		addrs: func(ifi *net.Interface) ([]net.Addr, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			texts, ok := f.addrs[ifi.Name]
			if !ok {
				return nil, errors.New("vanished")
			}
			var all []net.Addr
			for _, text := range texts {
				ip, n, err := net.ParseCIDR(text)
				if err != nil {
					panic(err)
				}
				n.IP = ip
				all = append(all, n)
			}
			return all, nil
		},
	}
}

// add gives the host an interface, up and of an ordinary kind.
func (f *fake) add(name string, flags net.Flags, addrs ...string) {
	f.ifis = append(f.ifis, net.Interface{Index: len(f.ifis) + 1, Name: name, Flags: flags})
	if f.addrs == nil {
		f.addrs = make(map[string][]string)
	}
	f.addrs[name] = addrs
}

func names(links []Link) []string {
	var all []string
	for _, l := range links {
		all = append(all, l.Name)
	}
	return all
}

func TestLinks(t *testing.T) {
	var f fake
	f.add("lo", net.FlagUp|net.FlagLoopback|net.FlagRunning, "127.0.0.1/8", "::1/128")
	f.add("eth0", lanFlags, "fe80::1/64", "2001:db8::7/64", "169.254.3.4/16", "192.0.2.7/24")
	f.add("eth1", lanFlags&^net.FlagUp, "192.0.2.8/24")
	f.add("eth2", lanFlags, "fe80::2/64")
	f.add("eth3", lanFlags&^net.FlagRunning, "192.0.2.10/24")
	f.add("ppp0", lanFlags|net.FlagPointToPoint, "192.0.2.9/32")
	f.add("docker0", lanFlags, "172.17.0.1/16")
	f.add("br-0123456789ab", lanFlags, "172.18.0.1/16")
	f.add("br-office", lanFlags, "198.51.100.1/24")
	f.add("gone", lanFlags)
	delete(f.addrs, "gone")

	usable, refused, err := f.system().links(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(usable); !slices.Equal(got, []string{"eth0", "br-office"}) {
		t.Errorf("usable: %v", got)
	}
	want := []netip.Prefix{netip.MustParsePrefix("192.0.2.7/24"), netip.MustParsePrefix("169.254.3.4/16"), netip.MustParsePrefix("2001:db8::7/64")}
	if !slices.Equal(usable[0].Prefixes, want) || !usable[0].HasIPv4() {
		t.Errorf("prefixes %v, want %v", usable[0].Prefixes, want)
	}
	reasons := make(map[string]string)
	for _, r := range refused {
		reasons[r.Name] = r.String()
	}
	for name, reason := range map[string]string{
		"lo": "loopback", "eth1": "down", "eth2": "no address", "eth3": "no carrier", "ppp0": "point-to-point",
		"docker0": "virtual", "br-0123456789ab": "virtual", "gone": "vanished",
	} {
		if !strings.HasPrefix(reasons[name], name+": "+reason) {
			t.Errorf("%s refused as %q, want %q", name, reasons[name], reason)
		}
	}
	if len(refused) != 8 {
		t.Errorf("refused %v", refused)
	}

	t.Run("named", func(t *testing.T) {
		usable, refused, err := f.system().links(Options{Names: []string{"lo", "docker0", "eth1", "eth3", "eth9"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := names(usable); !slices.Equal(got, []string{"lo", "eth3", "docker0"}) {
			t.Errorf("usable: %v", got)
		}
		if !slices.Contains(refused, Refused{"eth1", "down"}) || !slices.Contains(refused, Refused{"eth9", "no such interface"}) {
			t.Errorf("refused: %v", refused)
		}
	})
	t.Run("failing", func(t *testing.T) {
		f.err = errors.New("no netlink")
		if _, _, err := f.system().links(Options{}); !errors.Is(err, f.err) {
			t.Errorf("error %v, want %v", err, f.err)
		}
	})
}

func TestLinksOfThisHost(t *testing.T) {
	usable, refused, err := Links(Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	if len(usable)+len(refused) != len(all) {
		t.Errorf("%d usable and %d refused of %d interfaces", len(usable), len(refused), len(all))
	}
}

func TestVirtual(t *testing.T) {
	for name, want := range map[string]bool{
		"eth0": false, "enp3s0": false, "wlan0": false, "en0": false, "bond0": false, "Ethernet 2": false,
		"br0": false, "br-lan": false, "br-dead": false, "br-deadbeef0123": true,
		"docker0": true, "veth12ab": true, "virbr0": true, "vmnet8": true, "vboxnet0": true, "cni0": true, "flannel.1": true,
		"cali0123": true, "kube-bridge": true, "podman1": true, "lxcbr0": true, "lxdbr0": true, "ifb0": true, "tun0": true,
		"tap1": true, "wg0": true, "tailscale0": true, "ztabcdef": true, "utun3": true, "awdl0": true, "llw0": true,
	} {
		if got := virtual(name); got != want {
			t.Errorf("virtual(%q) is %t", name, got)
		}
	}
}

func TestContains(t *testing.T) {
	l := Link{Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/24"), netip.MustParsePrefix("2001:db8::7/64")}}
	for addr, want := range map[string]bool{
		"192.0.2.200": true, "192.0.3.1": false, "::ffff:192.0.2.9": true,
		"2001:db8::1": true, "2001:db8:1::1": false, "fe80::9%eth7": true, "127.0.0.1": false,
	} {
		if got := l.Contains(netip.MustParseAddr(addr)); got != want {
			t.Errorf("Contains(%s) is %t", addr, got)
		}
	}
	lo := Link{Interface: net.Interface{Flags: net.FlagUp | net.FlagLoopback}}
	if !lo.Contains(netip.MustParseAddr("192.0.2.7")) {
		t.Error("loopback carries what the host sends from its other addresses")
	}
}
